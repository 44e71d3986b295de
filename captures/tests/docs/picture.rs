// SPDX-License-Identifier: GPL-2.0-or-later
//! The picture in README.md: what `nlcap show` prints of a sample, on a terminal.
//!
//! `cargo xtask test --bless` draws it anew.

use std::path::Path;
use std::process::Command;
use std::{env, fs};

use super::ROOT;

const PICTURE: &str = "docs/img/show.svg";
const COMMAND: [&str; 2] = ["show", "captures/samples/nl_user-show-99.pcapng"];

/// The terminal's width, in characters.
const WIDTH: usize = 110;
/// The place of a character, in pixels.
const CELL: (f64, f64) = (7.8, 19.0);
const MARGIN: f64 = 16.0;

const BACKGROUND: &str = "#16191d";
const FOREGROUND: &str = "#d8dde3";

/// Characters that are drawn alike: the number of an escape sequence, and they.
type Run = (u8, String);

/// A line of text with escape sequences for colours, as the terminal wraps it.
fn wrapped(line: &str) -> Vec<Vec<Run>> {
    let mut lines = vec![Vec::new()];
    let (mut style, mut column) = (0, 0);
    let mut rest = line.chars();
    while let Some(character) = rest.next() {
        if character == '\u{1b}' {
            let number: String = rest.by_ref().skip(1).take_while(|it| *it != 'm').collect();
            style = number.parse().unwrap();
            continue;
        }
        if column == WIDTH {
            lines.push(Vec::new());
            column = 0;
        }
        column += 1;
        let runs: &mut Vec<Run> = lines.last_mut().unwrap();
        match runs.last_mut() {
            Some((of, text)) if *of == style => text.push(character),
            _ => runs.push((style, character.to_string())),
        }
    }
    lines
}

fn span((style, text): &Run) -> String {
    let look = match style {
        0 => "",
        1 => " font-weight=\"bold\"",
        2 => " fill=\"#8a939d\"",
        31 => " fill=\"#ff7b72\"",
        36 => " fill=\"#56d4dd\"",
        other => panic!("the picture has no colour for {other}"),
    };
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    format!("<tspan{look}>{text}</tspan>")
}

/// Each line of the terminal is one here: what stands between its parts would be drawn.
fn drawn(text: &str) -> String {
    let lines: Vec<_> = text.lines().flat_map(wrapped).collect();
    let width = MARGIN.mul_add(2.0, CELL.0 * WIDTH as f64);
    let height = MARGIN.mul_add(2.0, CELL.1 * lines.len() as f64);
    let mut picture = format!(
        "<!-- SPDX-License-Identifier: GPL-2.0-or-later -->\n\
         <svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" \
         viewBox=\"0 0 {width:.0} {height:.0}\" fill=\"{FOREGROUND}\" font-size=\"13\" \
         font-family=\"DejaVu Sans Mono, Menlo, Consolas, monospace\">\n\
         <rect width=\"100%\" height=\"100%\" rx=\"6\" fill=\"{BACKGROUND}\"/>\n"
    );
    for (number, runs) in lines.iter().enumerate() {
        let baseline = CELL.1.mul_add(number as f64 + 0.75, MARGIN);
        let count: usize = runs.iter().map(|(_, text)| text.chars().count()).sum();
        // Whatever font there is, a character is as wide as the terminal's.
        let length = CELL.0 * count as f64;
        let spans: String = runs.iter().map(span).collect();
        picture += &format!(
            "<text x=\"{MARGIN}\" y=\"{baseline:.1}\" textLength=\"{length:.1}\" \
             xml:space=\"preserve\">{spans}</text>\n"
        );
    }
    picture + "</svg>\n"
}

#[test]
fn the_picture_shows_what_nlcap_prints() {
    let output = Command::new(env!("CARGO_BIN_EXE_nlcap"))
        .args(COMMAND)
        .args(["--color", "always"])
        .current_dir(ROOT)
        .env("TZ", "UTC")
        .env_remove("NLCAP_SPECS")
        .output()
        .unwrap();
    let shown = String::from_utf8(output.stdout).unwrap();
    let picture = drawn(&format!("$ nlcap {}\n{shown}", COMMAND.join(" ")));
    let file = Path::new(ROOT).join(PICTURE);
    if env::var_os("BLESS").is_some() {
        fs::write(&file, &picture).unwrap();
    }
    let old = fs::read_to_string(&file).unwrap_or_default();
    assert!(
        old == picture,
        "{PICTURE} is stale; `cargo xtask test --bless`"
    );
    let readme = fs::read_to_string(Path::new(ROOT).join("README.md")).unwrap();
    assert!(readme.contains(&format!("({PICTURE})")));
}
