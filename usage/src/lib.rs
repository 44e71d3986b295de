// SPDX-License-Identifier: GPL-2.0-or-later
//! What the project's programs say of their own command lines: completions for shells, and
//! man pages.
//!
//! # Design decisions
//!
//! Both are made when they are asked for, of the definition that clap parses by: a program that
//! was copied to a machine without its package has them too, and none is ever stale.

mod completions;
mod date;
mod man;

use std::io::{self, Write};
use std::path::PathBuf;

use clap::Command;

pub use self::completions::Shell;
pub use self::man::Page;

/// Print completions for a shell.
///
/// Packages install them. Otherwise, write them to where the shell looks, or source them.
#[derive(Debug, clap::Args)]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_enum, value_name = "SHELL")]
    shell: Shell,
}

impl CompletionsArgs {
    /// Prints the completions of a program with this command line.
    ///
    /// # Errors
    ///
    /// Those of standard output, but for a reader that has gone.
    pub fn run(&self, command: Command) -> io::Result<()> {
        print(completions::of(self.shell, command).as_bytes())
    }
}

/// Print a man page, or write all of them.
///
/// Packages install them.
#[derive(Debug, clap::Args)]
pub struct ManArgs {
    /// Print the page of this subcommand [default: that of the program]
    #[arg(value_name = "SUBCOMMAND")]
    subcommand: Option<String>,

    /// Write the pages of the program and its subcommands into DIR, and print nothing
    #[arg(long, value_name = "DIR", conflicts_with = "subcommand", value_hint = clap::ValueHint::DirPath)]
    all: Option<PathBuf>,
}

impl ManArgs {
    /// Prints or writes the pages of a program with this command line.
    ///
    /// # Errors
    ///
    /// A subcommand that is none, a folder that cannot be made, a file that cannot be written;
    /// they name it.
    pub fn run(&self, command: Command) -> io::Result<()> {
        let program = command.get_name().to_owned();
        let pages = man::pages(command, &date::today())?;
        if let Some(dir) = &self.all {
            let about = |what: &str, path: &PathBuf, error: io::Error| {
                let text = format!("cannot {what} {}: {error}", path.display());
                io::Error::new(error.kind(), text)
            };
            std::fs::create_dir_all(dir).map_err(|error| about("create", dir, error))?;
            for page in &pages {
                let path = dir.join(page.file_name());
                std::fs::write(&path, &page.text).map_err(|error| about("write", &path, error))?;
            }
            return Ok(());
        }
        let name = match &self.subcommand {
            Some(subcommand) => format!("{program}-{subcommand}"),
            None => program.clone(),
        };
        match pages.iter().find(|page| page.name == name) {
            Some(page) => print(&page.text),
            None => Err(io::Error::other(format!(
                "no page of this name: `{program} --help` lists the subcommands"
            ))),
        }
    }
}

fn print(text: &[u8]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(io::Error::new(
            error.kind(),
            format!("cannot write: {error}"),
        )),
        _ => Ok(()),
    }
}
