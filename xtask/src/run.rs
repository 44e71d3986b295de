// SPDX-License-Identifier: GPL-2.0-or-later
//! Running other programs.

use crate::{progress::Progress, room};
use anyhow::{Context, Result, bail, ensure};
use std::{
    collections::VecDeque,
    fs::{self, File},
    io::{BufRead, BufReader, Seek, Write},
    path::Path,
    process::{Command, Stdio},
};

/// How many lines of a failed program's output an error quotes.
const QUOTED: usize = 30;

/// A program with its arguments, as one types them: a blank ends each.
pub(crate) fn command(line: &str) -> Command {
    let mut words = line.split_whitespace();
    let mut cmd = Command::new(words.next().unwrap_or_default());
    cmd.args(words);
    cmd
}

/// Runs a shell script (`sh -eu`).
pub(crate) fn sh(script: &str) -> Result<()> {
    let status = Command::new("sh").args(["-euc", script]).status()?;
    ensure!(status.success(), "`{script}` failed: {status}");
    Ok(())
}

/// Runs a program to its end; an error names it and its status.
pub(crate) fn check(cmd: &mut Command) -> Result<()> {
    let status = cmd
        .status()
        .with_context(|| format!("cannot run {}", name(cmd)))?;
    if !status.success() {
        bail!("{} failed: {status}", name(cmd));
    }
    Ok(())
}

/// Runs a program and returns its standard output as text, trimmed at the end.
pub(crate) fn output(cmd: &mut Command) -> Result<String> {
    let out = cmd
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot run {}", name(cmd)))?;
    if !out.status.success() {
        let text = String::from_utf8_lossy(&out.stderr);
        bail!("{} failed: {}: {}", name(cmd), out.status, text.trim());
    }
    Ok(String::from_utf8_lossy(&out.stdout).trim_end().to_owned())
}

/// Runs a program with `input` on its standard input; an error quotes what it said.
pub(crate) fn fed(cmd: &mut Command, input: &[u8]) -> Result<()> {
    let mut file = tempfile::tempfile().context("cannot make a temporary file")?;
    file.write_all(input)
        .and_then(|()| file.rewind())
        .context("cannot write a temporary file")?;
    let out = cmd
        .stdin(file)
        .output()
        .with_context(|| format!("cannot run {}", name(cmd)))?;
    if !out.status.success() {
        let text = [out.stdout, out.stderr].concat();
        let text = String::from_utf8_lossy(&text);
        bail!("{} failed: {}: {}", name(cmd), out.status, text.trim());
    }
    Ok(())
}

fn name(cmd: &Command) -> String {
    let mut text = cmd.get_program().to_string_lossy().into_owned();
    for arg in cmd.get_args().take(4) {
        text.push(' ');
        text.push_str(&arg.to_string_lossy());
    }
    text
}

/// Runs a long program with its output in `log`; shows `title` and progress
/// out of `total` steps, where `step` says which lines of output are one.
/// An error quotes what it said last, or is a [`room::FullDisk`].
pub(crate) fn logged(
    cmd: &mut Command,
    log: &Path,
    title: &str,
    total: u64,
    step: fn(&str) -> bool,
) -> Result<()> {
    let mut file = File::options()
        .create(true)
        .append(true)
        .open(log)
        .with_context(|| format!("cannot write {}", log.display()))?;
    // The program's two streams share one pipe, as on a terminal.
    let (reader, writer) = std::io::pipe().context("cannot make a pipe")?;
    cmd.stdin(Stdio::null())
        .stdout(writer.try_clone().context("cannot share a pipe")?)
        .stderr(writer);
    let mut child = cmd
        .spawn()
        .with_context(|| format!("cannot run {}", name(cmd)))?;
    // Our copies of the pipe's writing end must go, or it never ends.
    cmd.stdout(Stdio::null()).stderr(Stdio::null());

    let mut progress = Progress::new(title, total);
    let mut room = room::Watch::new(log.parent().unwrap_or(log));
    let mut is_out = false;
    let mut last = VecDeque::new();
    for line in BufReader::new(reader).split(b'\n') {
        let mut line = line.context("cannot read a program's output")?;
        line.push(b'\n');
        // A log on a full disk must not end a program that goes on by itself.
        let _ = file.write_all(&line);
        let text = String::from_utf8_lossy(&line);
        room.look();
        is_out |= room::is_out(&text);
        let is_step = step(&text);
        if is_step {
            progress.step();
        }
        // Of a program whose steps are counted, the others say what is wrong.
        if !is_step || total == 0 {
            if last.len() == QUOTED {
                last.pop_front();
            }
            last.push_back(text.trim_end().to_owned());
        }
    }
    let status = child.wait().context("cannot wait for a program")?;
    if status.success() {
        progress.done();
        return Ok(());
    }
    progress.failed();
    if is_out {
        return Err(room.out(title).into());
    }
    bail!(
        "{} failed: {status}; the end of {}:\n{}",
        name(cmd),
        log.display(),
        Vec::from(last).join("\n")
    )
}

/// The last lines of a file.
pub(crate) fn tail(file: &Path, lines: usize) -> String {
    let bytes = fs::read(file).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let all: Vec<&str> = text.lines().collect();
    all[all.len().saturating_sub(lines)..].join("\n")
}
