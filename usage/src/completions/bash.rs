// SPDX-License-Identifier: GPL-2.0-or-later
//! bash: a table of what may stand where, and a function that walks to the cursor.

use std::fmt::Write;

use clap::Command;
use clap_complete::Generator;

use super::{Values, Word, names, options, subcommands};

/// The generator.
pub(super) struct Bash;

impl Generator for Bash {
    fn file_name(&self, name: &str) -> String {
        name.to_owned()
    }

    fn generate(&self, command: &Command, to: &mut dyn std::io::Write) {
        let name = command.get_name();
        let text = WALK
            .replace("PROGRAM", name)
            .replace("TABLE", &table(command));
        super::write(&text, to);
    }
}

/// The cases: `SUBCOMMAND,` is for its arguments, `SUBCOMMAND,-` for its options,
/// `SUBCOMMAND,--option` for that option's value; the program itself has no name there.
fn table(command: &Command) -> String {
    let mut cases = String::new();
    add(&mut cases, "", command);
    for subcommand in subcommands(command) {
        add(&mut cases, subcommand.get_name(), subcommand);
    }
    cases
}

fn add(cases: &mut String, name: &str, command: &Command) {
    let mut case = |keys: &[String], values: &Values| {
        let keys: Vec<_> = keys.iter().map(|key| format!("{name},{key}")).collect();
        // Writing to a string cannot fail.
        let _ = writeln!(
            cases,
            "        {}) {} ;;",
            keys.join("|"),
            assignment(values)
        );
    };
    if let Some(values) = Values::of_argument(command) {
        case(&[String::new()], &values);
    }
    let mut all = Vec::new();
    for option in options(command) {
        let names = names(option);
        if let Some(values) = Values::of(option) {
            case(&names, &values);
        }
        all.extend(names);
    }
    let words = all.iter().map(|it| Word::new(it)).collect();
    case(&["-".to_owned()], &Values::Words(words));
}

fn assignment(values: &Values) -> String {
    let kind = match values {
        Values::Words(words) => {
            let words: Vec<_> = words.iter().map(|it| it.name.as_str()).collect();
            return format!("kind=words words='{}'", words.join(" "));
        }
        Values::Files => "files",
        Values::Folders => "folders",
        Values::Users => "users",
        Values::CommandName => "command",
        Values::Command => "line",
        Values::Nothing => "nothing",
    };
    format!("kind={kind}")
}

const WALK: &str = r#"# bash completion of PROGRAM, made by `PROGRAM completions bash`

# What may stand at a place: `kind`, and of kind `words` which.
_PROGRAM_table()
{
    case $1 in
TABLE        *) kind= ;;
    esac
}

# Completes the command that begins with the word of this number as its own completion would.
_PROGRAM_line()
{
    if declare -F _comp_command_offset >/dev/null; then
        _comp_command_offset "$1"
    elif declare -F _command_offset >/dev/null; then
        _command_offset "$1"
    elif ((COMP_CWORD == $1)); then
        mapfile -t COMPREPLY < <(compgen -c -- "${COMP_WORDS[COMP_CWORD]}")
    fi
}

_PROGRAM()
{
    local cur=${COMP_WORDS[COMP_CWORD]} subcommand= option= kind= words= plain= word i
    COMPREPLY=()
    for ((i = 1; i < COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        if [[ $option ]]; then
            # Of `--option=value` bash makes three words.
            [[ $word == = ]] || option=
        elif [[ ! $plain && $word == -- ]]; then
            plain=1
        elif [[ ! $plain && $word == -?* ]]; then
            _PROGRAM_table "$subcommand,$word"
            [[ ! $kind ]] || option=$word
        elif [[ ! $subcommand ]]; then
            subcommand=$word
        else
            _PROGRAM_table "$subcommand,"
            if [[ $kind == line ]]; then
                _PROGRAM_line "$i"
                return
            fi
        fi
    done
    [[ $option && $cur == = ]] && cur=
    if [[ $option ]]; then
        _PROGRAM_table "$subcommand,$option"
    elif [[ ! $plain && $cur == -* ]]; then
        _PROGRAM_table "$subcommand,-"
    else
        _PROGRAM_table "$subcommand,"
    fi
    # Files are what readline itself completes where nothing is offered.
    [[ $kind == files || $kind == line ]] || compopt +o bashdefault +o default
    case $kind in
        words) mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur") ;;
        folders) compopt -o dirnames ;;
        users) mapfile -t COMPREPLY < <(compgen -u -- "$cur") ;;
        command) mapfile -t COMPREPLY < <(compgen -c -- "$cur") ;;
        line) _PROGRAM_line "$COMP_CWORD" ;;
    esac
}

complete -o bashdefault -o default -F _PROGRAM PROGRAM
"#;
