// SPDX-License-Identifier: GPL-2.0-or-later
//! Running other programs, and showing how far they are.

use anyhow::{Context, Result, bail};
use indicatif::{ProgressBar, ProgressStyle};
use std::{
    fs::{self, File},
    io::{BufRead, BufReader, IsTerminal, Seek, Write},
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

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
/// out of `total` steps, where `step` tells which lines of output are one.
/// An error quotes the log's end.
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

    let progress = Progress::new(title, total);
    for line in BufReader::new(reader).split(b'\n') {
        let mut line = line.context("cannot read a program's output")?;
        line.push(b'\n');
        file.write_all(&line)
            .with_context(|| format!("cannot write {}", log.display()))?;
        let text = String::from_utf8_lossy(&line);
        if step(&text) {
            progress.step();
        }
    }
    let status = child.wait().context("cannot wait for a program")?;
    if !status.success() {
        progress.failed();
        bail!(
            "{} failed: {status}; the end of {}:\n{}",
            name(cmd),
            log.display(),
            tail(log, 15)
        );
    }
    progress.done();
    Ok(())
}

/// The last lines of a file.
pub(crate) fn tail(file: &Path, lines: usize) -> String {
    let bytes = fs::read(file).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let all: Vec<&str> = text.lines().collect();
    all[all.len().saturating_sub(lines)..].join("\n")
}

/// A bar on a terminal, a line every half minute elsewhere: who watches a log
/// must see that something moves too.
struct Progress {
    bar: ProgressBar,
    title: String,
    start: Instant,
    told: std::cell::Cell<Instant>,
    terminal: bool,
}

impl Progress {
    fn new(title: &str, total: u64) -> Self {
        let terminal = std::io::stderr().is_terminal();
        let bar = if !terminal {
            eprintln!("{title} …");
            ProgressBar::hidden()
        } else if total > 0 {
            let style =
                ProgressStyle::with_template("{spinner} {msg} [{bar:30}] {percent:>3}% {elapsed}");
            ProgressBar::new(total).with_style(style.expect("the template is valid"))
        } else {
            ProgressBar::new_spinner()
        };
        bar.set_length(total);
        bar.set_message(title.to_owned());
        bar.enable_steady_tick(Duration::from_millis(200));
        let now = Instant::now();
        Self {
            bar,
            title: title.to_owned(),
            start: now,
            told: now.into(),
            terminal,
        }
    }

    fn step(&self) {
        self.bar.inc(1);
        if !self.terminal && self.told.get().elapsed() > Duration::from_secs(30) {
            self.told.set(Instant::now());
            let (at, total) = (self.bar.position(), self.bar.length().unwrap_or(0));
            let seconds = self.start.elapsed().as_secs();
            if total > 0 {
                eprintln!("{} … {at} of about {total}, {seconds} s", self.title);
            } else {
                eprintln!("{} … {seconds} s", self.title);
            }
        }
    }

    fn done(&self) {
        self.bar.finish_and_clear();
        eprintln!("{}: {} s", self.title, self.start.elapsed().as_secs());
    }

    fn failed(&self) {
        self.bar.finish_and_clear();
    }
}
