// SPDX-License-Identifier: GPL-2.0-or-later
//! What one recording holds.

use super::{ATTRIBUTES, BAR, LISTED, Page, SMALLEST, table};
use crate::report::explain;
use crate::report::export::words;
use crate::report::model::{Condition, Kind, Recording, Share, Step};
use crate::terminal::paint::Tint;
use crate::terminal::text::escape;

impl Page {
    pub(super) fn recording(&mut self, recording: &Recording) {
        self.heading(&escape(&words::title(recording)));
        let origin = escape(&words::origin(recording).join(" · "));
        if !origin.is_empty() {
            self.painted(Tint::Dim, 0, &origin);
        }
        self.processes(recording);
        self.conversations(recording);
        self.exchange(recording);
        for share in &recording.shares {
            self.share(share);
        }
        self.failures(recording);
        self.warnings(recording);
        self.waste(recording);
        self.health(&recording.health);
        for left_out in words::left_out(recording) {
            self.line(2, &words::lacking(left_out));
        }
    }

    fn sub(&mut self, text: &str) {
        self.out.push('\n');
        self.line(2, text);
    }

    fn processes(&mut self, recording: &Recording) {
        if recording.processes.is_empty() {
            return;
        }
        self.out.push('\n');
        let mut table = table();
        table.set_header([
            "process",
            "sockets",
            "messages",
            "bytes",
            "largest datagram",
        ]);
        for it in recording.processes.iter().take(LISTED) {
            table.add_row([
                escape(&words::processes(it)),
                it.sockets.map_or_else(|| String::from("-"), words::number),
                words::number(it.messages),
                words::bytes(it.bytes),
                words::bytes(it.largest_datagram),
            ]);
        }
        self.put(table, 2, &[0]);
        self.more(recording.processes.len());
    }

    /// What a list has beyond what is shown of it.
    fn more(&mut self, all: usize) {
        if all > LISTED {
            self.line(2, &format!("… and {} more", all - LISTED));
        }
    }

    fn conversations(&mut self, recording: &Recording) {
        if recording.conversations.is_empty() {
            return;
        }
        self.out.push('\n');
        let mut table = table();
        table.set_header([
            "conversation",
            "socket",
            "asked",
            "answered",
            "parts",
            "bytes",
            "errors",
            "first",
            "last",
        ]);
        let mean = |times: Option<crate::report::model::Times>| match times {
            Some(times) => words::time(times.mean as f64),
            None => String::from("-"),
        };
        for it in recording.conversations.iter().take(LISTED) {
            table.add_row([
                escape(&words::asked(it)),
                it.socket
                    .map_or_else(|| String::from("-"), |it| it.to_string()),
                words::number(it.requests),
                words::number(it.answered),
                words::number(it.parts),
                words::bytes(it.request_bytes + it.answer_bytes),
                words::number(it.errors),
                mean(it.first),
                mean(it.last),
            ]);
        }
        self.put(table, 2, &[0]);
        self.more(recording.conversations.len());
    }

    fn exchange(&mut self, recording: &Recording) {
        if recording.steps.is_empty() {
            return;
        }
        self.out.push('\n');
        let mut table = table();
        table.set_header(["at", "", "", "", "exchange", "bytes", "took"]);
        for step in recording.steps.iter().take(LISTED) {
            table.add_row([
                words::time(step.at as f64),
                escape(&words::who(&step.who)),
                arrow(step).to_owned(),
                String::from("kernel"),
                escape(&words::step(step)),
                words::bytes(step.bytes),
                step.took
                    .map_or_else(String::new, |it| words::time(it as f64)),
            ]);
        }
        self.put(table, 2, &[1, 2, 3, 4]);
        let more = recording.steps.len().saturating_sub(LISTED);
        if more > 0 {
            self.line(2, &format!("… and {more} more steps"));
        }
    }

    fn share(&mut self, share: &Share) {
        let messages = words::count(share.messages, "message");
        let (bytes, family) = (words::bytes(share.bytes), escape(&share.family));
        let operation = escape(&share.operation);
        self.sub(&format!(
            "answers to {family} {operation}: {messages}, {bytes}"
        ));
        let mut table = table();
        let part = |bytes: u64| bytes as f64 / share.bytes.max(1) as f64;
        let mut row = |name: String, count: u64, bytes: u64, share: f64| {
            table.add_row([
                name,
                format!("× {}", words::number(count)),
                words::bytes(bytes),
                words::percent(share),
                "█".repeat((share * BAR).round() as usize),
            ]);
        };
        let large = share.attributes.iter().filter(|it| it.share >= SMALLEST);
        let shown: Vec<_> = large.take(ATTRIBUTES).collect();
        row(
            String::from("headers"),
            share.messages,
            share.headers,
            part(share.headers),
        );
        for it in &shown {
            let indent = "  ".repeat(it.depth as usize);
            row(
                format!("{indent}{}", escape(&it.name)),
                it.count,
                it.bytes,
                it.share,
            );
        }
        if share.odd > 0 {
            row(
                String::from("not attributes"),
                1,
                share.odd,
                part(share.odd),
            );
        }
        self.put(table, 4, &[0, 4]);
        let more = share.attributes.len() - shown.len();
        if more > 0 {
            self.line(4, &format!("… and {more} smaller ones"));
        }
    }

    fn failures(&mut self, recording: &Recording) {
        if recording.failures.is_empty() {
            return;
        }
        self.sub("refused");
        for it in recording.failures.iter().take(LISTED) {
            let mut text = format!("{}: {}", words::who(&it.who), words::refused(it));
            if it.count > 1 {
                text.push_str(&format!(", {} times", words::number(it.count)));
            }
            if let Some(said) = &it.extack {
                text.push_str(&format!(": {said}"));
            }
            if let Some(path) = &it.attribute {
                text.push_str(&format!(" at {path}"));
            }
            if let Some(path) = &it.missing {
                text.push_str(&format!(" missing {path}"));
            }
            text.push_str(&words::asked_for(&it.requests, it.count));
            let tint = if it.probe { Tint::Dim } else { Tint::Error };
            self.painted(tint, 4, &escape(&text));
            self.line(6, &it.meaning);
        }
        self.more(recording.failures.len());
    }

    fn warnings(&mut self, recording: &Recording) {
        if recording.warnings.is_empty() {
            return;
        }
        self.sub("carried out with a warning");
        for it in recording.warnings.iter().take(LISTED) {
            let mut text = format!("{}: {}", words::who(&it.who), words::warned(it));
            if it.count > 1 {
                text.push_str(&format!(", {} times", words::number(it.count)));
            }
            text.push_str(&format!(": {}", it.extack));
            if let Some(path) = &it.attribute {
                text.push_str(&format!(" at {path}"));
            }
            text.push_str(&words::asked_for(&it.requests, it.count));
            self.line(4, &escape(&text));
        }
        self.more(recording.warnings.len());
    }

    fn waste(&mut self, recording: &Recording) {
        if recording.waste.is_empty() {
            return;
        }
        self.sub("waste");
        for it in recording.waste.iter().take(LISTED) {
            self.line(4, &escape(&words::waste(it)));
        }
    }

    fn health(&mut self, health: &[Condition]) {
        let names = |all: &mut dyn Iterator<Item = &Condition>| {
            let names: Vec<_> = all.map(|it| explain::ailment(it.what)).collect();
            names.join(", ")
        };
        self.sub("health");
        for it in health.iter().filter(|it| it.count.is_some_and(|it| it > 0)) {
            let number = words::number(it.count.unwrap_or(0));
            let mut text = format!("{number} {}", explain::ailment(it.what));
            for (at, sufferer) in it.who.iter().take(LISTED).enumerate() {
                let before = if at == 0 { ": " } else { ", " };
                let who = escape(&words::who(&sufferer.who));
                text.push_str(&format!(
                    "{before}{who} × {}",
                    words::number(sufferer.count)
                ));
            }
            self.painted(Tint::Error, 4, &text);
            if let Some(advice) = &it.advice {
                self.line(6, advice);
            }
        }
        let none = names(&mut health.iter().filter(|it| it.count == Some(0)));
        if !none.is_empty() {
            self.line(4, &format!("none: {none}"));
        }
        let unknown = names(&mut health.iter().filter(|it| it.count.is_none()));
        if !unknown.is_empty() {
            self.painted(Tint::Dim, 4, &format!("not known: {unknown}"));
        }
    }
}

fn arrow(step: &Step) -> &'static str {
    match step.kind {
        Kind::Request => "───>",
        Kind::Answer => "<───",
        Kind::Error => "<─✗─",
        Kind::Notification => "<- -",
    }
}
