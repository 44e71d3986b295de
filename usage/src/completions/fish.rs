// SPDX-License-Identifier: GPL-2.0-or-later
//! fish: a line for each option, and functions that say where the cursor is.

use std::fmt::Write;

use clap::{Arg, Command};
use clap_complete::Generator;

use super::{Values, Word, first_line, names, options, subcommands, takes_command};

/// The generator.
pub(super) struct Fish;

impl Generator for Fish {
    fn file_name(&self, name: &str) -> String {
        format!("{name}.fish")
    }

    fn generate(&self, command: &Command, to: &mut dyn std::io::Write) {
        let name = command.get_name();
        let mut text = WALK
            .replace("VALUED", &valued(command))
            .replace("LINES", &lines(command))
            .replace("PROGRAM", &name.replace('-', "_"));
        // Writing to a string cannot fail.
        let _ = writeln!(text, "complete -c {name} -f");
        add(&mut text, name, "", command);
        for subcommand in subcommands(command) {
            let about = quoted(&first_line(subcommand.get_about()));
            let subcommand = subcommand.get_name();
            let at = condition(name, "at", "");
            let _ = writeln!(text, "complete -c {name}{at} -a {subcommand} -d {about}");
        }
        for subcommand in subcommands(command) {
            add(&mut text, name, subcommand.get_name(), subcommand);
        }
        super::write(&text, to);
    }
}

/// Each option that takes a value, behind its subcommand.
fn valued(command: &Command) -> String {
    let mut words = Vec::new();
    for subcommand in subcommands(command) {
        for option in options(subcommand).filter(|it| Values::of(it).is_some()) {
            let of = |name| quoted(&format!("{} {name}", subcommand.get_name()));
            words.extend(names(option).into_iter().map(of));
        }
    }
    words.join(" ")
}

/// The subcommands whose last argument is a command.
fn lines(command: &Command) -> String {
    let all = subcommands(command).filter(|it| takes_command(it));
    all.map(Command::get_name).collect::<Vec<_>>().join(" ")
}

fn condition(program: &str, function: &str, subcommand: &str) -> String {
    let program = program.replace('-', "_");
    format!(" -n \"__{program}_{function} '{subcommand}'\"")
}

fn add(text: &mut String, program: &str, name: &str, command: &Command) {
    let at = condition(program, "at", name);
    for option in options(command) {
        let short = option.get_short().map(|it| format!(" -s {it}"));
        let long = option.get_long().map(|it| format!(" -l {it}"));
        let values = Values::of(option).map(|it| format!(" -r{}", source(&it)));
        let _ = writeln!(
            text,
            "complete -c {program}{at}{}{}{} -d {}",
            short.unwrap_or_default(),
            long.unwrap_or_default(),
            values.unwrap_or_default(),
            quoted(&first_line(Arg::get_help(option)))
        );
    }
    // The subcommands have lines of their own.
    match Values::of_argument(command) {
        _ if name.is_empty() => {}
        None | Some(Values::Nothing) => {}
        Some(Values::Command) => {
            let within = condition(program, "within", name);
            let program_name = program.replace('-', "_");
            let _ = writeln!(
                text,
                "complete -c {program}{within} -a '(__{program_name}_command)'"
            );
        }
        Some(values) => {
            let _ = writeln!(text, "complete -c {program}{at}{}", source(&values));
        }
    }
}

/// The options of `complete` by which values are found.
fn source(values: &Values) -> String {
    match values {
        Values::Words(words) => {
            let word = |it: &Word| match &it.help {
                Some(help) => format!("{}\\t{}", it.name, quoted(help)),
                None => it.name.clone(),
            };
            let words: Vec<_> = words.iter().map(word).collect();
            format!(" -f -a \"{}\"", words.join(" "))
        }
        Values::Files => " -F".to_owned(),
        Values::Folders => " -f -a '(__fish_complete_directories)'".to_owned(),
        Values::Users => " -f -a '(__fish_complete_users)'".to_owned(),
        Values::CommandName | Values::Command => " -f -a '(__fish_complete_command)'".to_owned(),
        Values::Nothing => " -f".to_owned(),
    }
}

/// As one word of fish, in which nothing means anything.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\\', r"\\").replace('\'', r"\'"))
}

const WALK: &str = r#"# fish completion of PROGRAM, made by `PROGRAM completions fish`

# Prints the subcommand before the cursor, and the words of the command that follows, if any.
function __PROGRAM_walk
    set -l words (commandline -opc)
    set -l valued VALUED
    set -l lines LINES
    set -l subcommand ''
    set -l option
    set -l plain
    set -l command
    for word in $words[2..-1]
        if set -q command[1]
            set -a command $word
        else if test -n "$option"
            set option
        else if test -z "$plain"; and test "$word" = --
            set plain 1
        else if test -z "$plain"; and string match -q -- '-?*' $word
            contains -- "$subcommand $word" $valued
            and set option $word
        else if test -z "$subcommand"
            set subcommand $word
        else if contains -- $subcommand $lines
            set command $word
        end
    end
    echo $subcommand
    printf '%s\n' $command
end

# Whether the cursor is at an option or argument of this subcommand, or before any ('').
function __PROGRAM_at
    set -l walk (__PROGRAM_walk | string match -v -r '^$')
    test "$walk" = "$argv[1]"
end

# The same, or in the command that follows it.
function __PROGRAM_within
    set -l walk (__PROGRAM_walk)
    test "$walk[1]" = "$argv[1]"
end

# Completes the command that follows as fish would by itself.
function __PROGRAM_command
    set -l words (__PROGRAM_walk | string match -v -r '^$')[2..-1]
    complete --do-complete (string join ' ' -- (string escape -- $words) (commandline -ct))
end

"#;
