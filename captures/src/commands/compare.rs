// SPDX-License-Identifier: GPL-2.0-or-later
//! `nlcap compare`: records commands in turn, several times, and reports.
//!
//! # Design decisions
//!
//! - Each recording is made by a process of its own, this program again as
//!   `nlcap record`: what a recording leaves in a process (a reaper of orphans,
//!   forked guardians) ends with it, and one that fails cannot harm the next.
//! - Rounds are interleaved, and each round begins with another command, so that
//!   what changes on the machine meanwhile falls on all alike.
//! - No shell: a command is split into words as a shell would, and nothing else is
//!   done to it.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

use anyhow::{Context, anyhow, bail};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use super::args::TapName;
use super::args::report::CompareArgs;
use crate::exit::{Exit, WrongUsage};
use crate::messages::specs::Specs;
use crate::report::{self, Measurement};
use crate::terminal::text::{Reason, command_line, escape, escape_os};

/// What only a shell would understand.
const SHELL: [&str; 12] = [
    "|", "||", "&", "&&", ";", "<", ">", ">>", "2>", "2>&1", "<<", "|&",
];

/// Runs `nlcap compare`.
pub(crate) fn run(args: &CompareArgs) -> anyhow::Result<Exit> {
    let commands = args.commands.iter().map(|it| words(it));
    let commands: Vec<_> = commands.collect::<Result<_, _>>()?;
    let output = args.output.output()?;
    let specs = Specs::gather(&args.output.spec)?;
    let mut signals =
        Signals::new([SIGCHLD, SIGINT, SIGTERM, SIGHUP]).context("cannot catch signals")?;
    // Removed at the end, whatever the end is.
    let temporary = tempfile::tempdir().context("cannot create a temporary directory")?;
    let folder = match &args.keep {
        Some(folder) => {
            fs::create_dir_all(folder).map_err(|error| {
                anyhow!("cannot create {}: {}", escape_os(folder), Reason(error))
            })?;
            folder.as_path()
        }
        None => temporary.path(),
    };
    let mut all: Vec<Vec<Measurement>> = commands.iter().map(|_| Vec::new()).collect();
    let rounds = args.rounds;
    for round in 0..rounds as usize {
        for turn in 0..commands.len() {
            let at = (round + turn) % commands.len();
            progress(&format!(
                "round {} of {rounds}: {}",
                round + 1,
                command_line(&commands[at])
            ));
            let file = folder.join(format!("{}-{}.pcapng", at + 1, round + 1));
            let status = match record(
                &mut signals,
                args.tap,
                &commands[at],
                &file,
                temporary.path(),
            )? {
                RoundEnd::Status(status) => status,
                RoundEnd::Signal(signal) => {
                    progress("");
                    return Ok(Exit::from(signal));
                }
            };
            let printed = fs::metadata(temporary.path().join(PRINTED)).map_or(0, |it| it.len());
            let measured = Measurement::new(&specs, &file, status.success(), printed);
            all[at].push(
                measured.map_err(|error| anyhow!("cannot read {}: {error}", escape_os(&file)))?,
            );
        }
    }
    progress("");
    let group = report::measured(&specs, args.output.title.clone(), all)?;
    let report = report::report(vec![group], args.output.about.clone());
    report::write(&report, &output)?;
    Ok(Exit::Success)
}

/// Where the standard output and error of a command go.
const PRINTED: &str = "stdout";
const SAID: &str = "stderr";

/// The words of a command.
fn words(command: &str) -> Result<Vec<OsString>, WrongUsage> {
    let shown = escape(command);
    let words = shell_words::split(command)
        .map_err(|_| WrongUsage(format!("cannot split {shown} into words: unclosed quote")))?;
    if words.is_empty() {
        return Err(WrongUsage(String::from("empty command")));
    }
    if let Some(word) = words.iter().find(|it| SHELL.contains(&it.as_str())) {
        return Err(WrongUsage(format!(
            "{word} in {shown} needs a shell: use sh -c '…'"
        )));
    }
    Ok(words.into_iter().map(OsString::from).collect())
}

/// How a recording ended.
enum RoundEnd {
    Status(ExitStatus),
    /// A signal to us asked for the end.
    Signal(Signal),
}

/// Records a command once.
fn record(
    signals: &mut Signals,
    tap: TapName,
    command: &[OsString],
    file: &Path,
    temporary: &Path,
) -> anyhow::Result<RoundEnd> {
    let create = |name: &str| -> anyhow::Result<File> {
        let path = temporary.join(name);
        File::create(&path)
            .map_err(|error| anyhow!("cannot write {}: {}", escape_os(&path), Reason(error)))
    };
    let mut recorder = Command::new(own_path());
    recorder
        .args(["record", "--anonymous", "--tap", tap.word(), "-w"])
        .arg(file)
        .arg("--")
        .args(command);
    recorder
        .stdin(Stdio::null())
        .stdout(create(PRINTED)?)
        .stderr(create(SAID)?);
    let mut child = recorder.spawn().context("cannot start nlcap record")?;
    let pid = Pid::from_raw(child.id().cast_signed());
    let mut asked = None;
    let status = loop {
        if let Some(status) = child.try_wait().context("cannot wait for nlcap record")? {
            break status;
        }
        for signal in signals.wait() {
            match signal {
                SIGCHLD => {}
                signal => {
                    let signal = Signal::try_from(signal).unwrap_or(Signal::SIGTERM);
                    asked = Some(signal);
                    // Ctrl-C reaches it through the terminal; it is not waited for
                    // yet, so that the number is its own.
                    if signal != Signal::SIGINT || !io::stdin().is_terminal() {
                        let _ = kill(pid, signal);
                    }
                }
            }
        }
    };
    if let Some(signal) = asked {
        return Ok(RoundEnd::Signal(signal));
    }
    let exit = Exit::from(status);
    if exit.is_recorder() {
        let said = fs::read(temporary.join(SAID)).unwrap_or_default();
        let said = String::from_utf8_lossy(&said);
        let last = said.lines().rev().find_map(|it| it.strip_prefix("nlcap: "));
        // A command may end with these by itself: then nlcap has a closing line.
        if exit.code() == Exit::Recorder.code() || !file.exists() {
            bail!(
                "cannot record {}: {}",
                command_line(command),
                escape(last.unwrap_or("no error message"))
            );
        }
    }
    Ok(RoundEnd::Status(status))
}

/// This program, even where its file was replaced meanwhile.
fn own_path() -> PathBuf {
    PathBuf::from("/proc/self/exe")
}

/// Says on a terminal how far it is.
fn progress(text: &str) {
    let mut stderr = io::stderr();
    if stderr.is_terminal() {
        let _ = write!(
            stderr,
            "\r{}\x1b[K",
            escape(crate::terminal::text::cut(text, 78))
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_split_as_a_shell_would() {
        assert_eq!(
            words(r#"ip link show 'a b' "c d" e\ f"#).unwrap(),
            ["ip", "link", "show", "a b", "c d", "e f"]
        );
    }

    #[test]
    fn what_only_a_shell_understands_is_refused() {
        let refused = |command: &str| words(command).unwrap_err().to_string();
        assert_eq!(
            refused("ip link | cat"),
            "| in ip link | cat needs a shell: use sh -c '…'"
        );
        assert!(words("sh -c 'ip link | cat'").is_ok());
        assert_eq!(
            refused("ip 'link"),
            "cannot split ip 'link into words: unclosed quote"
        );
        assert_eq!(refused(" "), "empty command");
    }
}
