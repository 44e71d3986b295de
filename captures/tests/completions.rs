// SPDX-License-Identifier: GPL-2.0-or-later
//! The completions, asked as each shell asks them, and the man pages, read as man(1) reads them.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

const NLCAP: &str = env!("CARGO_BIN_EXE_nlcap");

fn nlcap(arguments: &[&str]) -> String {
    let output = Command::new(NLCAP).args(arguments).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {said}");
    String::from_utf8(output.stdout).unwrap()
}

/// Runs a program that `cargo xtask test` installs.
fn run(command: &mut Command) -> Output {
    let output = command.output();
    output.unwrap_or_else(|error| panic!("{:?}: {error}", command.get_program()))
}

fn lines(output: &Output) -> Vec<String> {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines().map(str::to_owned).collect()
}

#[test]
fn each_shell_reads_its_completions_without_a_fault() {
    let dir = tempfile::tempdir().unwrap();
    for shell in ["bash", "zsh", "fish"] {
        let file = dir.path().join(shell);
        fs::write(&file, nlcap(&["completions", shell])).unwrap();
        let output = run(Command::new(shell).arg("-n").arg(&file));
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success() && said.is_empty(),
            "{shell}: {said}"
        );
    }
}

/// What bash is offered for the last word, and what it is told of files.
fn bash(setup: &str, words: &[&str]) -> (Vec<String>, String) {
    const ASK: &str = r#"
        compopt() { echo "$*" >&2; }
        eval "$SETUP"
        eval "$COMPLETIONS"
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_LINE="$*"
        COMP_POINT=${#COMP_LINE} COMP_TYPE=9 COMP_KEY=9
        _nlcap nlcap "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
        printf '%s\n' "${COMPREPLY[@]}""#;
    let output = run(Command::new("bash")
        .args(["--norc", "-c", ASK, "bash"])
        .args(words)
        .env("SETUP", setup)
        .env("COMPLETIONS", nlcap(&["completions", "bash"])));
    let mut offered = lines(&output);
    offered.retain(|it| !it.is_empty());
    let told = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    (offered, told)
}

const NO_FILES: &str = "+o bashdefault +o default";

#[test]
fn bash_is_offered_what_may_stand_at_the_cursor() {
    for (words, expected) in [
        (&["nlcap", "tr"][..], &["trace"][..]),
        (&["nlcap", "help", "tr"], &["trace"]),
        (&["nlcap", "completions", ""], &["bash", "zsh", "fish"]),
        (&["nlcap", "show", "--er"], &["--errors"]),
        (
            &["nlcap", "show", "--color", ""],
            &["auto", "always", "never"],
        ),
        // bash itself divides a word with an equals sign.
        (&["nlcap", "show", "--color", "=", "al"], &["always"]),
        (
            &["nlcap", "show", "--color", "="],
            &["auto", "always", "never"],
        ),
        (&["nlcap", "show", "--color=never", "--er"], &["--errors"]),
        (&["nlcap", "record", "-u", "roo"], &["root"]),
        (&["nlcap", "trace", "--tap", "sys"], &["syscalls"]),
        (&["nlcap", "show", "--family", ""], &[]),
        (&["nlcap", "record", "-c", "1"], &[]),
    ] {
        let (offered, told) = bash("", words);
        assert_eq!(offered, expected, "{words:?}");
        assert_eq!(told, NO_FILES, "{words:?}");
    }
}

#[test]
fn bash_completes_files_where_files_are_meant() {
    for words in [
        &["nlcap", "show", ""][..],
        &["nlcap", "show", "--errors", "a.pcapng", ""],
        &["nlcap", "show", "--spec", ""],
        &["nlcap", "record", "-w", ""],
        &["nlcap", "show", "--", "-"],
    ] {
        assert_eq!(bash("", words), (Vec::new(), String::new()), "{words:?}");
    }
    let (offered, told) = bash("", &["nlcap", "compare", "--keep", ""]);
    assert!(offered.is_empty());
    assert_eq!(told, format!("{NO_FILES}\n-o dirnames"));
}

#[test]
fn bash_leaves_what_follows_a_command_to_the_commands_own_completion() {
    for words in [
        &["nlcap", "trace", "--", "mkte"][..],
        &["nlcap", "trace", "mkte"],
        &["nlcap", "record", "-f", "route", "-w", "x", "mkte"],
        &["nlcap", "compare", "mkte"],
    ] {
        let (offered, _) = bash("", words);
        assert!(
            offered.contains(&"mktemp".to_owned()),
            "{words:?}: {offered:?}"
        );
    }
    let loaded = "source /usr/share/bash-completion/bash_completion";
    for words in [
        &["nlcap", "trace", "--", "nlcap", "show", "--color", "al"][..],
        &[
            "nlcap", "trace", "-f", "route", "nlcap", "show", "--color", "al",
        ],
    ] {
        assert_eq!(bash(loaded, words).0, ["always"], "{words:?}");
    }
    assert!(
        bash(loaded, &["nlcap", "trace", "nlcap", "show", "--buff"])
            .0
            .is_empty()
    );
}

/// What fish offers for the end of a command line.
fn fish(dir: &Path, line: &str) -> Vec<String> {
    let file = dir.join("completions.fish");
    fs::write(&file, nlcap(&["completions", "fish"])).unwrap();
    let nlcap = Path::new(NLCAP).parent().unwrap();
    let path = format!("{}:/usr/bin:/bin", nlcap.display());
    let output = run(Command::new("fish")
        .args([
            "--no-config",
            "-c",
            "source $argv[1]; complete --do-complete $argv[2]",
        ])
        .arg(&file)
        .arg(line)
        .current_dir(dir)
        .env("PATH", path)
        .env("HOME", dir));
    let all = lines(&output).into_iter();
    all.filter_map(|it| it.split('\t').next().map(str::to_owned))
        .collect()
}

#[test]
fn fish_is_offered_what_may_stand_at_the_cursor() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("capture.pcapng"), "").unwrap();
    fs::create_dir(dir.path().join("captures")).unwrap();
    for (line, expected) in [
        ("nlcap tr", &["trace"][..]),
        ("nlcap completions ", &["bash", "fish", "zsh"]),
        ("nlcap show --er", &["--errors"]),
        ("nlcap show --color ", &["always", "auto", "never"]),
        ("nlcap show --color=al", &["--color=always"]),
        ("nlcap trace --tap sys", &["syscalls"]),
        ("nlcap record -u roo", &["root"]),
        ("nlcap show capture", &["capture.pcapng", "captures/"]),
        ("nlcap show --errors a capture.", &["capture.pcapng"]),
        ("nlcap record -w capture.", &["capture.pcapng"]),
        ("nlcap compare --keep capt", &["captures/"]),
        ("nlcap show --family capt", &[]),
        ("nlcap capt", &[]),
        ("nlcap trace mktem", &["mktemp"]),
        ("nlcap trace -- mktem", &["mktemp"]),
        ("nlcap trace -- nlcap show --color al", &["always"]),
        ("nlcap trace -f route nlcap show --er", &["--errors"]),
        ("nlcap trace nlcap show --buff", &[]),
    ] {
        let mut offered = fish(dir.path(), line);
        offered.sort();
        assert_eq!(offered, expected, "{line:?}");
    }
}

/// What zsh offers for the end of a command line, typed into a terminal.
fn zsh(dir: &Path, line: &str) -> Vec<String> {
    const INSIDE: &str = r#"
        autoload -Uz compinit
        compinit -D -u
        source $DIR/completions
        PROMPT=
        bindkey '^I' complete-word
        compadd() {
            local -a hits
            if [[ ${@[1,(i)(-|--)]} != *-(O|A|D)\ * ]]; then
                builtin compadd -A hits "$@"
                print -rl -- $hits >>$DIR/hits
            fi
            builtin compadd "$@"
        }
        finish() { print -- "" >$DIR/done; exit }
        zle -N finish
        bindkey '^T' finish"#;
    const OUTSIDE: &str = r#"
        zmodload zsh/zpty
        zpty inside 'zsh -f -i'
        zpty -w inside 'source $DIR/inside'
        zpty -w -n inside "$1"$'\t\x14'
        while zpty -r inside line; do :; done
        [[ -e $DIR/done ]]"#;
    for name in ["hits", "done"] {
        let _ = fs::remove_file(dir.join(name));
    }
    fs::write(dir.join("completions"), nlcap(&["completions", "zsh"])).unwrap();
    fs::write(dir.join("inside"), INSIDE).unwrap();
    let output = run(Command::new("zsh")
        .args(["-f", "-c", OUTSIDE, "zsh", line])
        .current_dir(dir)
        .env("DIR", dir)
        .env("HOME", dir)
        .env("TERM", "dumb"));
    lines(&output);
    let hits = fs::read_to_string(dir.join("hits")).unwrap_or_default();
    let hits = hits.lines().filter(|it| !it.is_empty());
    hits.map(str::to_owned).collect()
}

#[test]
fn zsh_is_offered_what_may_stand_at_the_cursor() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("capture.pcapng"), "").unwrap();
    for (line, expected) in [
        ("nlcap tr", &["trace"][..]),
        ("nlcap completions fi", &["fish"]),
        ("nlcap show --er", &["--errors"]),
        ("nlcap show --color al", &["always"]),
        ("nlcap record -u roo", &["root"]),
        ("nlcap show captu", &["capture.pcapng"]),
        ("nlcap record -w captu", &["capture.pcapng"]),
        ("nlcap show --family captu", &[]),
        ("nlcap trace mktem", &["mktemp"]),
        ("nlcap trace -- mktem", &["mktemp"]),
        ("nlcap trace -- nlcap show --color al", &["always"]),
        ("nlcap trace nlcap show --er", &["--errors"]),
        ("nlcap trace nlcap show --buff", &[]),
    ] {
        assert_eq!(zsh(dir.path(), line), expected, "{line:?}");
    }
}

/// The pages of the program and all of its subcommands.
fn pages(dir: &Path) -> Vec<std::path::PathBuf> {
    nlcap(&["man", "--all", dir.to_str().unwrap()]);
    let entries = fs::read_dir(dir).unwrap();
    let mut pages: Vec<_> = entries.map(|it| it.unwrap().path()).collect();
    pages.sort();
    pages
}

#[test]
fn man_pages_are_there_for_all_subcommands_and_have_no_fault() {
    let dir = tempfile::tempdir().unwrap();
    let pages = pages(dir.path());
    let help = nlcap(&["--help"]);
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let listed = listed.take_while(|line| !line.is_empty());
    let mut expected: Vec<_> = listed
        .filter_map(|line| line.trim_start().split(' ').next())
        .filter(|name| *name != "help")
        .map(|name| format!("nlcap-{name}.1"))
        .collect();
    expected.push("nlcap.1".to_owned());
    expected.sort();
    let names: Vec<_> = (pages.iter())
        .map(|it| it.file_name().unwrap().to_str().unwrap().to_owned())
        .collect();
    assert_eq!(names, expected);

    let lint = run(Command::new("mandoc")
        .args(["-T", "lint", "-W", "warning"])
        .args(&pages));
    let said = String::from_utf8_lossy(&lint.stdout);
    assert!(lint.status.success() && said.is_empty(), "{said}");
    for page in &pages {
        let man = run(Command::new("man")
            .args(["--warnings", "-l"])
            .arg(page)
            .env("MANWIDTH", "80")
            .env("LC_ALL", "C.UTF-8"));
        let said = String::from_utf8_lossy(&man.stderr);
        assert!(man.status.success() && said.is_empty(), "{said}");
    }
}

#[test]
fn a_man_page_says_what_help_says_in_sections() {
    let text = nlcap(&["man", "record"]);
    let mut at = 0;
    for part in [
        ".TH NLCAP-RECORD 1 ",
        ".SH NAME",
        ".SH SYNOPSIS",
        ".SH DESCRIPTION",
        ".SH OPTIONS",
        "\\-\\-snaplen",
        ".SH SIGNALS",
        ".SH \"EXIT STATUS\"",
        ".TP\n\\fB123\\fR\n",
        ".SH PRIVILEGES",
        ".SH EXAMPLES",
        ".nf\nnlcap record \\-\\- ip link show\n",
        ".SH \"SEE ALSO\"",
    ] {
        let found = text[at..].find(part);
        at += found.unwrap_or_else(|| panic!("no {part:?} there: {text}"));
    }
    assert!(nlcap(&["man"]).starts_with(&text[..text.find(".TH").unwrap()]));
    let none = Command::new(NLCAP).args(["man", "nope"]).output().unwrap();
    let said = String::from_utf8(none.stderr).unwrap();
    assert_eq!(none.status.code(), Some(1));
    assert_eq!(
        said,
        "nlcap: no page of this name: `nlcap --help` lists the subcommands\n"
    );
}

#[test]
fn a_page_of_a_given_date_is_the_same_bytes_each_time() {
    let page = |seconds: &str| {
        let mut command = Command::new(NLCAP);
        let output = command
            .arg("man")
            .env("SOURCE_DATE_EPOCH", seconds)
            .output();
        String::from_utf8(output.unwrap().stdout).unwrap()
    };
    let text = page("951782400");
    assert!(text.contains(" 1 2000-02-29 "), "{text}");
    assert_eq!(text, page("951782401"));
}
