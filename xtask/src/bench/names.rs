// SPDX-License-Identifier: GPL-2.0-or-later
//! `cargo xtask bench names`: how many values of other projects' test messages `nlcap show` has
//! names for, and tshark beside it.
//!
//! The messages are those that the projects' authors met or thought of: nobody chose them with
//! nlcap in mind. Their sources are fetched into the cache, and nothing of them is kept in the
//! repository.

mod count;
mod dump;
mod expected;
mod fetch;
mod message;
mod projects;
mod rules;
mod strace;
mod text;
mod tshark;

use super::table::table;
use crate::{cargo, paths};
use anyhow::{Context, Result, bail};
use count::Tally;
use message::Message;
use projects::{PROJECTS, Project};
use std::path::Path;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Only this project, by its name in the table; may be repeated
    #[arg(short, long, value_name = "NAME")]
    project: Vec<String>,
    /// Prints what has no name too, most frequent first
    #[arg(short, long)]
    verbose: bool,
    /// Keeps the messages of each project in this folder, as pcap files
    #[arg(long, value_name = "DIR")]
    keep: Option<std::path::PathBuf>,
}

/// What is found out about a project.
struct Outcome {
    messages: Vec<Message>,
    left: usize,
    ours: Tally,
    /// Values that tshark has names for, of each message.
    theirs: Vec<usize>,
}

/// `cargo xtask bench names`.
pub(super) fn task(args: &Args) -> Result<()> {
    for name in &args.project {
        if !PROJECTS.iter().any(|it| it.name == name) {
            let names: Vec<&str> = PROJECTS.iter().map(|it| it.name).collect();
            bail!(
                "no project is called {name}; there are {}",
                names.join(", ")
            );
        }
    }
    let nlcap = cargo::build_nlcap()?;
    let temporary = tempfile::tempdir_in(paths::target_dir()?).context("cannot make a folder")?;
    let dir = args.keep.as_deref().unwrap_or(temporary.path());
    std::fs::create_dir_all(dir).with_context(|| format!("cannot make {}", dir.display()))?;
    let wanted = PROJECTS
        .iter()
        .filter(|it| args.project.is_empty() || args.project.iter().any(|name| name == it.name));
    let mut outcomes = Vec::new();
    for project in wanted {
        let outcome = examine(project, &nlcap, dir);
        if let Err(err) = &outcome {
            eprintln!("{} is left out: {err:#}", project.name);
        }
        outcomes.push((project, outcome));
    }
    println!("{HEAD}");
    println!("{}", summary(&outcomes));
    if args.verbose {
        for (project, outcome) in &outcomes {
            if let Ok(outcome) = outcome {
                print_nameless(project.name, outcome);
            }
        }
    }
    Ok(())
}

/// What the figures mean.
const HEAD: &str = "\
left out: arrays and calls of the tests that are no message, or are the same again
nlcap: values with a name, of all that it finds in the messages
expected: numbers and texts in the tests that are among its values; where it says a name for a
  number, or a test has other numbers as well, they are not: no figure of what is wrong
tshark: values with a field, of the same number, at most a message's values
more: messages of which tshark names more values
";

fn examine(project: &Project, nlcap: &Path, dir: &Path) -> Result<Outcome> {
    let (mut messages, mut left) = project.messages()?;
    left += message::distinct(&mut messages);
    let file = dir.join(format!("{}.pcap", project.name));
    message::write(&file, project.families, &messages)?;
    let skipped = project.families.len();
    Ok(Outcome {
        left,
        ours: count::nlcap(nlcap, &file, skipped, &messages)?,
        theirs: tshark::named(&file, skipped, messages.len())?,
        messages,
    })
}

impl Outcome {
    /// What tshark names, a message's values at most.
    fn theirs(&self) -> usize {
        let both = self.ours.of_each.iter().zip(&self.theirs);
        both.map(|((values, _), theirs)| theirs.min(values)).sum()
    }

    /// The share of what tests expect that is among the values.
    fn as_expected(&self) -> String {
        match self.ours.met + self.ours.missed.len() {
            0 => "-".to_owned(),
            all => percent(self.ours.met, all),
        }
    }

    /// The messages of which tshark names more values than nlcap.
    fn behind(&self) -> impl Iterator<Item = usize> {
        let both = self.ours.of_each.iter().zip(&self.theirs).enumerate();
        both.filter(|(_, ((_, named), theirs))| *theirs > named)
            .map(|(at, _)| at)
    }
}

fn percent(part: usize, whole: usize) -> String {
    // What is not all must not read as if it were.
    let tenths = part * 1000 / whole.max(1);
    format!("{}.{}", tenths / 10, tenths % 10)
}

fn summary(outcomes: &[(&Project, Result<Outcome>)]) -> String {
    let header = [
        "project",
        "version",
        "messages",
        "left out",
        "values",
        "nlcap %",
        "expected %",
        "tshark %",
        "more",
    ];
    let mut table = table(header, 2);
    for (project, outcome) in outcomes {
        let mut row = vec![project.name.to_owned(), project.version.to_owned()];
        match outcome {
            Ok(it) => row.extend([
                it.messages.len().to_string(),
                it.left.to_string(),
                it.ours.values().to_string(),
                percent(it.ours.named(), it.ours.values()),
                it.as_expected(),
                percent(it.theirs(), it.ours.values()),
                it.behind().count().to_string(),
            ]),
            Err(_) => row.push("not to be had".to_owned()),
        }
        table.add_row(row);
    }
    let had = outcomes.iter().filter(|(_, it)| it.is_ok()).count();
    format!("{}\n{had} of {} projects", table.trim_fmt(), outcomes.len())
}

/// What has no name, most frequent first.
fn print_nameless(name: &str, outcome: &Outcome) {
    let mut all: Vec<_> = outcome.ours.nameless.iter().collect();
    all.sort_by_key(|(path, it)| (std::cmp::Reverse(it.count), *path));
    println!("\n{name}: {} paths without a name", all.len());
    for (path, it) in all {
        let bytes = it.bytes.as_deref().map(|it| format!(" = {it}"));
        println!(
            "{:6}  {path}{}  ({})",
            it.count,
            bytes.unwrap_or_default(),
            it.from
        );
    }
    for of_one in outcome.ours.missed.chunk_by(|one, other| one.0 == other.0) {
        let literals: Vec<String> = of_one.iter().map(|it| it.1.to_string()).collect();
        let at = of_one[0].0;
        println!(
            "expected, and not said: {} in message {} ({})",
            literals.join(", "),
            at + 1,
            outcome.messages[at].from
        );
    }
    for at in outcome.behind() {
        let ((values, named), theirs) = (outcome.ours.of_each[at], outcome.theirs[at]);
        println!(
            "tshark names {theirs} and nlcap {named} of {values} values in message {} ({})",
            at + 1,
            outcome.messages[at].from
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_never_rounded_up() {
        assert_eq!(percent(9_999, 10_000), "99.9");
        assert_eq!(percent(10_000, 10_000), "100.0");
        assert_eq!(percent(0, 0), "0.0");
    }

    #[test]
    fn tshark_counts_at_most_a_messages_values() {
        let outcome = Outcome {
            messages: Vec::new(),
            left: 0,
            ours: Tally {
                of_each: vec![(3, 3), (4, 1)],
                ..Tally::default()
            },
            theirs: vec![9, 2],
        };
        assert_eq!(outcome.theirs(), 5);
        assert_eq!(outcome.behind().collect::<Vec<_>>(), [0, 1]);
    }
}
