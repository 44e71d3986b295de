// SPDX-License-Identifier: GPL-2.0-or-later
//! What `--help` says behind the options, as sections.
//!
//! It is written for a terminal: `Heading:` and a block with two blanks before each line, or
//! `Heading: a sentence`, or a paragraph. In a block a line of `word  what it means` is an entry of
//! a list; deeper lines go on with the line before. Examples stay as they are.

use clap_mangen::roff::{Roff, bold, roman};

/// The heading of blocks that are not filled.
const EXAMPLES: &str = "Examples";

/// A part of a section.
#[derive(Debug, PartialEq, Eq)]
enum Part {
    Paragraph(String),
    Entry(String, String),
    /// Lines as they are.
    Lines(Vec<String>),
}

/// The sections of such a text.
pub(super) fn sections(text: &str) -> Roff {
    let mut roff = Roff::new();
    for (heading, parts) in parse(text) {
        if let Some(heading) = heading {
            roff.control("SH", [heading.to_uppercase().as_str()]);
        }
        let mut is_first = true;
        for part in parts {
            match part {
                Part::Paragraph(text) => {
                    if !is_first {
                        roff.control("PP", []);
                    }
                    roff.text([roman(text)]);
                }
                Part::Entry(word, text) => {
                    roff.control("TP", []);
                    roff.text([bold(word)]);
                    roff.text([roman(text)]);
                }
                Part::Lines(lines) => {
                    roff.control("nf", []);
                    for line in lines {
                        roff.text([roman(line)]);
                    }
                    roff.control("fi", []);
                }
            }
            is_first = false;
        }
    }
    roff
}

/// The sections, each with its heading; one without goes on with what was before.
fn parse(text: &str) -> Vec<(Option<String>, Vec<Part>)> {
    let mut sections: Vec<(Option<String>, Vec<Part>)> = Vec::new();
    for block in text.split("\n\n").filter(|it| !it.trim().is_empty()) {
        let block = block.trim_matches('\n');
        let (first, rest) = block.split_once('\n').unwrap_or((block, ""));
        match heading(first) {
            Some((name, "")) if name == EXAMPLES => {
                let lines = rest.lines().map(|line| unindented(line).to_owned());
                sections.push((Some(name.to_owned()), vec![Part::Lines(lines.collect())]));
            }
            Some((name, "")) => sections.push((Some(name.to_owned()), parts(rest))),
            Some((name, sentence)) => {
                let text = joined([sentence].into_iter().chain(rest.lines()));
                sections.push((Some(name.to_owned()), vec![Part::Paragraph(text)]));
            }
            None => match sections.last_mut() {
                Some((_, parts)) => parts.push(Part::Paragraph(joined(block.lines()))),
                None => sections.push((
                    Some("NOTES".to_owned()),
                    vec![Part::Paragraph(joined(block.lines()))],
                )),
            },
        }
    }
    sections
}

/// Of `Exit status: 0; …` both parts: what may be a heading has few words.
fn heading(line: &str) -> Option<(&str, &str)> {
    let (name, sentence) = line.split_once(':')?;
    let is_short = name.split_whitespace().count() <= 3 && !name.contains(['`', '.', '(']);
    let is_heading = is_short && name.starts_with(char::is_uppercase);
    is_heading.then_some((name, sentence.trim()))
}

fn joined<'a>(lines: impl Iterator<Item = &'a str>) -> String {
    lines
        .map(str::trim)
        .collect::<Vec<_>>()
        .join(" ")
        .trim()
        .to_owned()
}

fn unindented(line: &str) -> &str {
    line.strip_prefix("  ").unwrap_or(line)
}

fn parts(block: &str) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    for line in block.lines().map(unindented) {
        let is_deeper = line.starts_with(' ');
        let entry = line.split_once("  ").filter(|_| !is_deeper);
        match (entry, parts.last_mut()) {
            (Some((word, text)), _) => {
                parts.push(Part::Entry(word.to_owned(), text.trim().to_owned()));
            }
            (None, Some(Part::Entry(_, text))) if is_deeper => {
                text.push(' ');
                text.push_str(line.trim());
            }
            (None, Some(Part::Paragraph(text))) => {
                text.push(' ');
                text.push_str(line.trim());
            }
            _ => parts.push(Part::Paragraph(line.trim().to_owned())),
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
Signals:
  One is
  passed on.

And that is all.

Exit status:
  that of CMD, and
  2    wrong usage
  124  the file could not be
       written
  none of these

Privileges: none; see
`nlcap taps`.

Examples:
  nlcap   record -- ip
  nlcap show FILE";

    #[test]
    fn headings_paragraphs_lists_and_examples_are_told_apart() {
        let paragraph = |text: &str| Part::Paragraph(text.to_owned());
        let entry = |word: &str, text: &str| Part::Entry(word.to_owned(), text.to_owned());
        let section = |name: &str, parts| (Some(name.to_owned()), parts);
        let lines = ["nlcap   record -- ip", "nlcap show FILE"].map(str::to_owned);
        assert_eq!(
            parse(TEXT),
            [
                section(
                    "Signals",
                    vec![
                        paragraph("One is passed on."),
                        paragraph("And that is all.")
                    ]
                ),
                section(
                    "Exit status",
                    vec![
                        paragraph("that of CMD, and"),
                        entry("2", "wrong usage"),
                        entry("124", "the file could not be written"),
                        paragraph("none of these"),
                    ]
                ),
                section("Privileges", vec![paragraph("none; see `nlcap taps`.")]),
                section("Examples", vec![Part::Lines(lines.to_vec())]),
            ]
        );
    }

    #[test]
    fn a_sentence_with_a_colon_is_no_heading() {
        assert_eq!(heading("docs/x.md explains each figure: all"), None);
        assert_eq!(heading("`nlcap taps`: more"), None);
        assert_eq!(heading("Exit status: 0"), Some(("Exit status", "0")));
    }
}
