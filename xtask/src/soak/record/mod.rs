// SPDX-License-Identifier: GPL-2.0-or-later
//! `nlcap record`: every message of the command and nobody else's, over and over, with
//! others who say the same at the same time.
//!
//! The truth is what tcpdump sees of the same command in a network namespace where nobody
//! else speaks, and what the command itself has written down.

mod capture;
mod stage;
mod workload;

use self::{
    capture::{Frame, Messages, difference, messages},
    stage::{TAP, Truth, run, shell, with_chatter},
    workload::{ALL, STREAM, Workload},
};
use super::namespace::inside;
use crate::wait::wait_for;
use anyhow::{Context, Result, bail, ensure};
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::Instant,
};

/// The namespaces: where the truth is found, and where the recordings are made.
const QUIET: &str = "quiet";
const LOUD: &str = "loud";
/// A namespace that commands enter by themselves.
const INNER: &str = "inner";

/// How often the truth is looked for: a message that is not always there would be found
/// missing by chance.
const TRUTHS: u64 = 2;

/// The taps, by their options: both have to find the same.
const TAPS: [(&str, &[&str]); 2] = [
    ("nlmon", &["-i", TAP]),
    ("syscalls", &["--tap", "syscalls"]),
];

/// A tap's name and options.
type Tap = (&'static str, &'static [&'static str]);

/// Parallel streams, and their runs for each run of the others.
const STREAMS: u64 = 8;
const STREAM_RUNS: u64 = 100;

/// The port ids of the chatter's talkers: above the number of any process, which its first
/// socket has.
const OTHER_PORT: u32 = 1 << 30;

/// Records each workload whose name contains `only`, `count` times.
pub(super) fn run_all(count: u64, only: &str) -> Result<()> {
    let dir = tempfile::tempdir_in("/run").context("cannot create a directory")?;
    let proof = Proof::new(dir.path())?;
    for name in [QUIET, LOUD, INNER] {
        stage::make_namespace(name)?;
    }
    println!(
        "{:<26} {:<8} {:>6} {:>9}  {:<40} {:>8}",
        "workload", "tap", "runs", "messages", "how known", "chatter"
    );
    let (mut runs, mut total, mut failed) = (0, 0, Vec::new());
    let mut note = |name, times, compared: Result<u64>| match compared {
        Ok(messages) => {
            runs += times;
            total += messages;
        }
        // The others are tried all the same.
        Err(error) => {
            println!("{name}: {error:#}");
            failed.push(name);
        }
    };
    let wanted = |name: &str| name.contains(only);
    for workload in ALL.iter().filter(|workload| wanted(workload.name)) {
        note(
            workload.name,
            count * TAPS.len() as u64,
            proof.workload(workload, count),
        );
    }
    if wanted(STREAM.name) {
        for tap in TAPS {
            note(
                STREAM.name,
                count * STREAM_RUNS,
                proof.streams(tap, count * STREAM_RUNS),
            );
        }
    }
    ensure!(failed.is_empty(), "failed: {}", failed.join(", "));
    ensure!(runs > 0, "no command has `{only}` in its name");
    println!("{total} messages in {runs} recordings compared: none missing, none foreign");
    Ok(())
}

struct Proof<'a> {
    dir: &'a Path,
}

/// What recordings of a workload held.
#[derive(Default)]
struct Tally {
    messages: AtomicU64,
    known: std::sync::Mutex<BTreeMap<String, u64>>,
}

impl Tally {
    fn add(&self, frames: &[Frame], messages: &Messages) -> Result<()> {
        let count = messages.values().sum();
        self.messages.fetch_add(count, Ordering::Relaxed);
        let mut known = self.known.lock().map_err(|_| anyhow::anyhow!("a panic"))?;
        for frame in frames {
            let comment = frame
                .comments
                .first()
                .context("a frame without a comment")?;
            let how = comment
                .split(' ')
                .find_map(|word| word.strip_prefix("owner="));
            let how = how.with_context(|| format!("no owner in `{comment}`"))?;
            *known.entry(how.to_owned()).or_default() += 1;
        }
        Ok(())
    }

    fn print(&self, name: &str, tap: Tap, runs: u64, chatter: u64) -> Result<u64> {
        let known = self.known.lock().map_err(|_| anyhow::anyhow!("a panic"))?;
        let known: Vec<_> = known.iter().map(|(how, n)| format!("{n} {how}")).collect();
        let messages = self.messages.load(Ordering::Relaxed);
        println!(
            "{name:<26} {:<8} {runs:>6} {messages:>9}  {:<40} {chatter:>8}",
            tap.0,
            known.join(", ")
        );
        Ok(messages)
    }
}

impl<'a> Proof<'a> {
    fn new(dir: &'a Path) -> Result<Self> {
        let source = dir.join("talker.c");
        fs::write(&source, include_str!("talker.c")).context("cannot write talker.c")?;
        let mut cc = Command::new("cc");
        cc.args(["-O1", "-Wall", "-Werror", "-pthread", "-o"])
            .arg(dir.join("talker"))
            .arg(&source);
        run(cc)?;
        Ok(Self { dir })
    }

    fn env(&self, log: &Path, port: u32) -> Vec<(&'static str, String)> {
        vec![
            ("BIN", self.dir.display().to_string()),
            ("TALKER_LOG", log.display().to_string()),
            ("TALKER_PORT", port.to_string()),
            ("PYTHON", String::from("/usr/bin/python3")),
            ("PYROUTE2", String::from(workload::PYROUTE2)),
        ]
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// Records a workload; how many messages were compared.
    fn workload(&self, it: &Workload, count: u64) -> Result<u64> {
        let (truth, printed) = self.truth(it)?;
        let others = self.env(Path::new("/dev/null"), OTHER_PORT);
        let mut messages = 0;
        for tap in TAPS {
            let tally = Tally::default();
            let ((), chatter) = with_chatter(LOUD, it.chatter, &others, || {
                for number in 1..=count {
                    self.record(it, tap, &truth, printed.as_deref(), &tally, "x")
                        .with_context(|| format!("run {number}, tap {}", tap.0))?;
                }
                Ok(())
            })?;
            ensure!(chatter > 0, "nobody else spoke");
            messages += tally.print(it.name, tap, count, chatter)?;
        }
        Ok(messages)
    }

    /// What the workload says where nobody else speaks, and what it prints where that is
    /// always the same.
    fn truth(&self, it: &Workload) -> Result<(Messages, Option<String>)> {
        let log = self.path("truth.log");
        let namespace = if it.inside { INNER } else { QUIET };
        let mut tcpdump = Truth::start(namespace, self.dir)?;
        let mut known: Option<(Messages, String)> = None;
        for _ in 0..TRUTHS {
            let _ = fs::remove_file(&log);
            let env = self.env(&log, OTHER_PORT + 100);
            let (out, _) = inside(QUIET, || run(shell(it.script, &env)))?;
            if it.has_log {
                finished(&log)?;
            }
            let found = comparable(it, messages(&tcpdump.take()?)?);
            ensure!(
                found.keys().any(|message| message.is_request()),
                "it asks nothing"
            );
            match &known {
                Some((before, _)) => {
                    if let Some(text) = difference(before, &found) {
                        bail!("it does not always say the same: {text}");
                    }
                }
                None => known = Some((found, out)),
            }
        }
        let (truth, out) = known.context("no truth")?;
        Ok((
            truth,
            (it.truth == workload::Truth::Messages).then_some(out),
        ))
    }

    /// Records a run and compares it.
    fn record(
        &self,
        it: &Workload,
        tap: Tap,
        truth: &Messages,
        printed: Option<&str>,
        tally: &Tally,
        name: &str,
    ) -> Result<()> {
        let file = self.path(&format!("{name}.pcapng"));
        let log = self.path(&format!("{name}.log"));
        let _ = fs::remove_file(&log);
        let mut nlcap = Command::new("nlcap");
        nlcap.arg("record").args(tap.1).arg("-w").arg(&file);
        nlcap.args(["--", "sh", "-c", it.script]);
        nlcap.envs(self.env(&log, 4242));
        let (out, err) = inside(LOUD, || run(nlcap))?;
        ensure!(err.contains(" 0 lost"), "messages were lost: {err}");
        ensure!(!err.contains("incomplete"), "it is incomplete: {err}");
        let frames = capture::recording(&file)?;
        let found = messages(&frames)?;
        if let Some(text) = difference(truth, &comparable(it, found.clone())) {
            bail!("{text}\n{err}");
        }
        match printed {
            Some(printed) => ensure!(printed == out, "it prints {out} instead of {printed}"),
            None => {
                let answers: u64 = found
                    .iter()
                    .filter(|(message, _)| message.is_diag())
                    .map(|(_, times)| times)
                    .sum();
                ensure!(
                    answers == out.lines().count() as u64,
                    "{answers} sockets in its answers: {out}"
                );
            }
        }
        if it.has_log {
            let mut lines = frames.iter().map(Frame::line).collect::<Result<Vec<_>>>()?;
            let text = finished(&log)?;
            let mut written: Vec<_> = text.lines().filter(|line| *line != "end").collect();
            lines.sort();
            written.sort_unstable();
            ensure!(
                lines == written,
                "its log says otherwise:\n{written:#?}\n{lines:#?}"
            );
        }
        tally.add(&frames, &found)
    }

    /// Runs of a short command in parallel; how many messages were compared.
    fn streams(&self, tap: Tap, count: u64) -> Result<u64> {
        let (truth, printed) = self.truth(&STREAM)?;
        let tally = Tally::default();
        let done = AtomicU64::new(0);
        let started = Instant::now();
        let others = self.env(Path::new("/dev/null"), OTHER_PORT);
        let ((), chatter) = with_chatter(LOUD, STREAM.chatter, &others, || {
            thread::scope(|scope| {
                let all: Vec<_> = (0..STREAMS)
                    .map(|stream| {
                        let (truth, printed, tally, done) = (&truth, &printed, &tally, &done);
                        scope.spawn(move || -> Result<()> {
                            let name = format!("stream{stream}");
                            while done.fetch_add(1, Ordering::Relaxed) < count {
                                self.record(&STREAM, tap, truth, printed.as_deref(), tally, &name)?;
                            }
                            Ok(())
                        })
                    })
                    .collect();
                for stream in all {
                    match stream.join() {
                        Ok(result) => result?,
                        Err(_) => bail!("a stream panicked"),
                    }
                }
                Ok(())
            })
        })
        .context("parallel streams")?;
        let compared = tally.print(STREAM.name, tap, count, chatter)?;
        println!("{} s for the parallel streams", started.elapsed().as_secs());
        Ok(compared)
    }
}

/// What of a workload's messages is always the same.
fn comparable(it: &Workload, mut all: Messages) -> Messages {
    if it.truth == workload::Truth::Requests {
        all.retain(|message, _| message.is_request());
    }
    all
}

/// The log of a talker, all of it: a daemon may still write.
fn finished(log: &Path) -> Result<String> {
    wait_for("it does not end its log", || {
        let text = fs::read_to_string(log).unwrap_or_default();
        Ok(text.ends_with("end\n").then_some(text))
    })
}
