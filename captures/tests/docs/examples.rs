// SPDX-License-Identifier: GPL-2.0-or-later
//! The examples in a document.
//!
//! An example is a block of code that begins with a prompt, or is marked as `sh`, where each line is
//! a command. What follows a command with a prompt, up to the next prompt, is its output. A comment
//! before a block says how it is run: `<!-- varies -->` where the output depends on the machine,
//! `<!-- in the guest -->` by `xtask/tests/docs.rs`, there with the interfaces of the demo, and
//! `<!-- not run: REASON -->`. Without one, the command prints what is shown, to the letter.

/// How an example is run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Exact,
    Varies,
    InGuest,
    NotRun(String),
}

impl Kind {
    /// Of the line before a block.
    fn of(before: &str) -> Self {
        let comment = before.strip_prefix("<!-- ");
        let comment = comment.and_then(|it| it.strip_suffix(" -->"));
        match comment.map(|it| (it, it.strip_prefix("not run: "))) {
            Some((_, Some(reason))) if !reason.trim().is_empty() => Self::NotRun(reason.to_owned()),
            Some(("varies", _)) => Self::Varies,
            Some(("in the guest", _)) => Self::InGuest,
            _ => Self::Exact,
        }
    }
}

/// A command with the output that the document shows; none where it shows none.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Example {
    /// Of the document.
    pub(crate) line: usize,
    pub(crate) kind: Kind,
    pub(crate) command: String,
    pub(crate) output: String,
}

/// All examples of a document.
pub(crate) fn examples(text: &str) -> Vec<Example> {
    let mut examples = Vec::new();
    let mut lines = text.lines().zip(1..);
    let mut before = "";
    while let Some((line, _)) = lines.next() {
        let Some(language) = line.trim_start().strip_prefix("```") else {
            before = if line.is_empty() { before } else { line };
            continue;
        };
        let kind = Kind::of(before);
        before = "";
        let block: Vec<_> = lines
            .by_ref()
            .take_while(|(it, _)| it.trim_start() != "```")
            .collect();
        let has_prompt =
            language != "sh" && block.first().is_some_and(|(it, _)| prompt(it).is_some());
        if language == "sh" || has_prompt {
            add(&mut examples, &kind, &block, has_prompt);
        } else {
            assert_eq!(
                kind,
                Kind::Exact,
                "no example behind the comment: {block:?}"
            );
        }
    }
    examples
}

/// What stands behind a prompt, and whether it is root's.
fn prompt(line: &str) -> Option<(&str, bool)> {
    let user = line.strip_prefix("$ ").map(|it| (it, false));
    user.or_else(|| line.strip_prefix("# ").map(|it| (it, true)))
}

fn add(examples: &mut Vec<Example>, kind: &Kind, block: &[(&str, usize)], has_prompt: bool) {
    let first = examples.len();
    for &(text, line) in block {
        let command = match prompt(text) {
            Some((command, is_root)) if has_prompt => {
                let is_run_here = matches!(kind, Kind::Exact | Kind::Varies);
                assert!(
                    !(is_root && is_run_here),
                    "line {line} needs root, or a reason"
                );
                Some(command)
            }
            _ => (!has_prompt).then_some(text),
        };
        if let Some(it) = examples[first..].last_mut()
            && it.output.is_empty()
            && it.command.ends_with('\\')
        {
            it.command += "\n";
            it.command += text;
        } else if let Some(command) = command {
            if command.is_empty() || command.trim_start().starts_with('#') {
                continue;
            }
            examples.push(Example {
                line,
                kind: kind.clone(),
                command: command.to_owned(),
                output: String::new(),
            });
        } else if let Some(it) = examples.last_mut() {
            it.output += &format!("{text}\n");
        }
    }
}

/// The lines of an output that varies, as far as they do not: up to the first attribute, without
/// numbers, in the order of the alphabet, for that of two streams is a matter of luck.
pub(crate) fn constant_part(output: &str) -> Vec<String> {
    let part = |line: &str| {
        let words = line.split_whitespace().take_while(|it| !it.contains('='));
        words.map(without_numbers).collect::<Vec<_>>().join(" ")
    };
    let mut lines: Vec<_> = output.lines().map(part).collect();
    lines.sort();
    lines
}

/// A word with each hardware address or number as a zero.
fn without_numbers(word: &str) -> String {
    let bytes: Vec<_> = word.split(':').collect();
    let is_byte = |it: &&str| it.len() == 2 && it.chars().all(|it| it.is_ascii_hexdigit());
    if bytes.len() == 6 && bytes.iter().all(is_byte) {
        return "0".to_owned();
    }
    let mut short = String::new();
    for character in word.chars() {
        match character {
            '0'..='9' if short.ends_with('0') => {}
            '0'..='9' => short.push('0'),
            other => short.push(other),
        }
    }
    short
}

#[test]
fn an_example_is_a_command_with_its_output_and_the_comment_says_how_it_is_run() {
    let text = "```\n$ a \\\n  b\nout\n$ c\n```\n<!-- not run: needs root -->\n```\n# d\n```\n\
                ```\nno command\n```\n<!-- in the guest -->\n\n```console\n# e\n```\n\
                <!-- varies -->\n```sh\n# why\nf    # what\n     # for\n```\n";
    let example = |line, kind, command: &str, output: &str| Example {
        line,
        kind,
        command: command.to_owned(),
        output: output.to_owned(),
    };
    assert_eq!(
        examples(text),
        [
            example(2, Kind::Exact, "a \\\n  b", "out\n"),
            example(5, Kind::Exact, "c", ""),
            example(9, Kind::NotRun("needs root".to_owned()), "d", ""),
            example(17, Kind::InGuest, "e", ""),
            example(22, Kind::Varies, "f    # what", ""),
        ]
    );
}

#[test]
fn of_an_output_that_varies_numbers_order_and_attributes_do_not_count() {
    let one = "1.5 ip[12] > route getlink a=b c\nlink/ether 02:00:00:00:00:0a brd\n";
    let other = "link/ether ff:00:aa:00:00:0b brd\n33.125 ip[7] > route getlink\n";
    assert_eq!(constant_part(one), constant_part(other));
    assert_ne!(
        constant_part(one),
        constant_part("1.5 ip[12] < route getlink\n")
    );
}
