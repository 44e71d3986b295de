// SPDX-License-Identifier: GPL-2.0-or-later
//! Completions of a program with subcommands, one level of them.
//!
//! # Design decisions
//!
//! zsh's are `clap_complete`'s. Those that it has for bash and fish know options only: neither
//! files nor commands as arguments, nor that what follows a command is the command's. Both are
//! made here, of the same definition, and through the same trait.

mod bash;
mod fish;
mod zsh;

use clap::{Arg, Command, ValueHint};

/// Shells that completions can be had for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Shell {
    /// Of GNU, 4.4 or later
    Bash,
    /// 5.1 or later
    Zsh,
    /// 3.1 or later
    Fish,
}

/// The completions of a command line, as the shell's code.
pub(crate) fn of(shell: Shell, mut command: Command) -> String {
    command.build();
    // What is neither a path nor one of a few words is completed by nothing: that files were
    // offered for a number would be worse.
    let as_other = |arg: Arg| match arg.get_value_hint() {
        ValueHint::Unknown if arg.get_num_args().is_some_and(|it| it.takes_values()) => {
            arg.value_hint(ValueHint::Other)
        }
        _ => arg,
    };
    let mut command = command
        .mut_args(as_other)
        .mut_subcommands(|it| it.mut_args(as_other));
    let name = command.get_name().to_owned();
    let mut text = Vec::new();
    match shell {
        Shell::Bash => clap_complete::generate(bash::Bash, &mut command, name, &mut text),
        Shell::Zsh => clap_complete::generate(zsh::Zsh, &mut command, name, &mut text),
        Shell::Fish => clap_complete::generate(fish::Fish, &mut command, name, &mut text),
    }
    String::from_utf8_lossy(&text).into_owned()
}

/// Writes what a generator has made; the trait has no error to give.
fn write(text: &str, to: &mut dyn std::io::Write) {
    let written = to.write_all(text.as_bytes());
    debug_assert!(written.is_ok(), "memory takes all");
}

/// A value, and what is said of it.
struct Word {
    name: String,
    help: Option<String>,
}

impl Word {
    fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            help: None,
        }
    }
}

/// What completes a value.
enum Values {
    /// One of these.
    Words(Vec<Word>),
    Files,
    Folders,
    Users,
    /// A command in one word.
    CommandName,
    /// A command and all that follows.
    Command,
    Nothing,
}

impl Values {
    /// None where the argument takes no value.
    fn of(arg: &Arg) -> Option<Self> {
        if !arg.get_num_args().is_some_and(|it| it.takes_values()) {
            return None;
        }
        let words = arg.get_possible_values();
        if !words.is_empty() {
            let shown = words.iter().filter(|it| !it.is_hide_set());
            let word = |it: &clap::builder::PossibleValue| Word {
                name: it.get_name().to_owned(),
                help: it.get_help().map(|it| first_line(Some(it))),
            };
            return Some(Self::Words(shown.map(word).collect()));
        }
        Some(match arg.get_value_hint() {
            ValueHint::AnyPath | ValueHint::FilePath => Self::Files,
            ValueHint::DirPath => Self::Folders,
            ValueHint::Username => Self::Users,
            ValueHint::CommandName | ValueHint::CommandString | ValueHint::ExecutablePath => {
                Self::CommandName
            }
            ValueHint::CommandWithArguments => Self::Command,
            _ => Self::Nothing,
        })
    }

    /// Of a command's first argument that is no option; of `help`, the subcommands.
    fn of_argument(command: &Command) -> Option<Self> {
        if command.has_subcommands() {
            let words = subcommands(command).map(|it| Word::new(it.get_name()));
            return Some(Self::Words(words.collect()));
        }
        command.get_positionals().next().and_then(Self::of)
    }
}

/// The subcommands that people are told of.
pub(crate) fn subcommands(command: &Command) -> impl Iterator<Item = &Command> {
    command.get_subcommands().filter(|it| !it.is_hide_set())
}

/// The options that people are told of.
fn options(command: &Command) -> impl Iterator<Item = &Arg> {
    let arguments = command.get_arguments();
    arguments.filter(|it| !it.is_positional() && !it.is_hide_set())
}

/// An option's names, with their dashes.
fn names(option: &Arg) -> Vec<String> {
    let short = option.get_short().map(|it| format!("-{it}"));
    let long = option.get_long().map(|it| format!("--{it}"));
    short.into_iter().chain(long).collect()
}

/// Whether a command of others, with its arguments, ends this one's command line.
fn takes_command(command: &Command) -> bool {
    matches!(Values::of_argument(command), Some(Values::Command))
}

/// The first line of what is said of something.
fn first_line(text: Option<&clap::builder::StyledStr>) -> String {
    let text = text.map(ToString::to_string).unwrap_or_default();
    let paragraph = text.split("\n\n").next().unwrap_or_default();
    paragraph.split_whitespace().collect::<Vec<_>>().join(" ")
}
