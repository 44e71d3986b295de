// SPDX-License-Identifier: GPL-2.0-or-later
//! The pairs of the Wireshark plugin, against those of `nlcap show`.

use super::ShownMessage;
use crate::{paths, run};
use anyhow::{Context, Result, ensure};
use std::{
    collections::{BTreeMap, HashSet},
    path::Path,
    process::Command,
};

/// What is said of a frame: the frames of the requests that its messages answer, and how many
/// of these are marked. The plugin shows one entry for all answers to a request.
#[derive(Debug, Default, PartialEq, Eq)]
struct FramePairs {
    requests: Vec<u64>,
    marked: usize,
}

/// Compares all frames of a file; how many pairs there were.
pub(super) fn compare(file: &Path) -> Result<usize> {
    let shown = shown(file)?;
    let mut pairs = 0;
    for (frame, plugin) in plugin(file)? {
        let nlcap = shown.get(&frame);
        pairs += plugin.requests.len();
        ensure!(
            nlcap.unwrap_or(&FramePairs::default()) == &plugin,
            "frame {frame} of {}: nlcap {nlcap:?}, the plugin {plugin:?}",
            file.display()
        );
    }
    Ok(pairs)
}

fn shown(file: &Path) -> Result<BTreeMap<u64, FramePairs>> {
    let nlcap = paths::release_dir()?.join("nlcap");
    let text = run::output(
        Command::new(nlcap)
            .args(["show", "--added", "-j"])
            .arg(file),
    )?;
    let mut all = BTreeMap::<u64, FramePairs>::new();
    let mut seen = HashSet::new();
    for line in text.lines() {
        let message: ShownMessage = serde_json::from_str(line).context("no JSON")?;
        let Some(request) = message.request_frame else {
            continue;
        };
        let exchange = (message.frame, request, message.request_number);
        if message.role == "reply" && !seen.insert(exchange) {
            continue;
        }
        let pairs = all.entry(message.frame).or_default();
        pairs.requests.push(request);
        pairs.marked += usize::from(message.ambiguous);
    }
    Ok(all)
}

fn plugin(file: &Path) -> Result<BTreeMap<u64, FramePairs>> {
    let script = paths::root().join("dissector/nl_util.lua");
    let home = tempfile::tempdir().context("cannot create a directory")?;
    let mut tshark = Command::new("tshark");
    tshark
        .env("HOME", home.path())
        .arg("-X")
        .arg(format!("lua_script:{}", script.display()))
        .args([
            "-n",
            "-T",
            "fields",
            "-e",
            "frame.number",
            "-e",
            "nlmsg.request_in",
        ])
        .args(["-e", "nlmsg.ambiguous", "-r"])
        .arg(file);
    let text = run::output(&mut tshark)?;
    let mut all = BTreeMap::new();
    for line in text.lines() {
        let mut cells = line.split('\t');
        let mut cell = || {
            let cell = cells.next().unwrap_or("").split(',');
            cell.filter(|it| !it.is_empty())
        };
        let frame: u64 = cell()
            .next()
            .unwrap_or("")
            .parse()
            .context("tshark shows no frame")?;
        let requests = cell().map(str::parse).collect::<Result<_, _>>();
        let pairs = FramePairs {
            requests: requests.context("tshark shows no frame of a request")?,
            marked: cell().count(),
        };
        all.insert(frame, pairs);
    }
    Ok(all)
}
