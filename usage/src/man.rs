// SPDX-License-Identifier: GPL-2.0-or-later
//! Man pages: `clap_mangen`'s sections, and what `--help` says behind the options as sections of
//! its own.

mod prose;

use std::io;

use clap::Command;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

/// The name of the manual, at the page's head.
const MANUAL: &str = "nl-util";

/// All are commands for users.
const SECTION: &str = "1";

/// A man page.
#[derive(Debug)]
pub struct Page {
    /// As in `nlcap-show`.
    pub name: String,
    /// In the man macros of roff.
    pub text: Vec<u8>,
}

impl Page {
    /// As man(1) looks for it.
    pub fn file_name(&self) -> String {
        format!("{}.{SECTION}", self.name)
    }
}

/// The page of the program, and one for each subcommand that people are told of.
pub(crate) fn pages(command: Command, date: &str) -> io::Result<Vec<Page>> {
    let mut program = command.disable_help_subcommand(true);
    program.build();
    let subcommands = super::completions::subcommands(&program);
    let all: Vec<_> = std::iter::once(&program).chain(subcommands).collect();
    all.into_iter()
        .map(|it| page(&program, it.clone(), date))
        .collect()
}

fn page(program: &Command, command: Command, date: &str) -> io::Result<Page> {
    let name = command.get_display_name();
    let name = name.unwrap_or(command.get_name()).to_owned();
    let behind = command.get_after_long_help().or(command.get_after_help());
    let behind = behind.map(ToString::to_string).unwrap_or_default();
    let has_subcommands = super::completions::subcommands(&command).next().is_some();
    let version = program.get_version().unwrap_or_default();
    let man = Man::new(command)
        .title(name.to_uppercase())
        .section(SECTION)
        .date(date)
        .source(format!("{} {version}", program.get_name()))
        .manual(MANUAL);
    let mut made = Vec::new();
    man.render_title(&mut made)?;
    man.render_name_section(&mut made)?;
    man.render_synopsis_section(&mut made)?;
    man.render_description_section(&mut made)?;
    man.render_options_section(&mut made)?;
    if has_subcommands {
        man.render_subcommands_section(&mut made)?;
    }
    prose::sections(&behind).to_writer(&mut made)?;
    if name != program.get_name() {
        see_also(program).to_writer(&mut made)?;
    }
    Ok(Page {
        name,
        text: tidied(&String::from_utf8_lossy(&made)).into_bytes(),
    })
}

fn see_also(program: &Command) -> Roff {
    let mut roff = Roff::new();
    roff.control("SH", ["SEE ALSO"]);
    roff.text([bold(program.get_name()), roman(format!("({SECTION})"))]);
    roff
}

/// Each section comes with the definitions that roff needs, once is enough; and where a paragraph
/// ends there is one request for it, whatever lines and breaks there were.
fn tidied(made: &str) -> String {
    const PARAGRAPH: &str = ".sp";
    const BREAK: &str = ".br";
    let mut lines: Vec<&str> = Vec::new();
    for line in made.lines().map(str::trim_end) {
        let is_definition = line.starts_with(".ie ") || line.starts_with(".el ");
        if is_definition && lines.contains(&line) {
            continue;
        }
        let line = if line.is_empty() { PARAGRAPH } else { line };
        match (lines.last(), line) {
            (Some(&PARAGRAPH), PARAGRAPH | BREAK) => continue,
            (Some(&BREAK), PARAGRAPH) => drop(lines.pop()),
            _ => {}
        }
        lines.push(line);
    }
    lines.join("\n") + "\n"
}
