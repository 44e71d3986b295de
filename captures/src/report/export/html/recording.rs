// SPDX-License-Identifier: GPL-2.0-or-later
//! One recording.

use maud::{Markup, html};

use super::{bytes, datum, drawn, figure, number, shown, table, time};
use crate::report::explain;
use crate::report::export::picture::{ladder, strip};
use crate::report::export::words;
use crate::report::model::{Condition, Recording, Share, Times, WasteKind};

/// How many rows of a list are shown; the JSON has all.
const LISTED: usize = 100;

/// The article about a recording that stands at `here` in the JSON.
pub(super) fn article(here: &str, id: &str, recording: &Recording, series: usize) -> Markup {
    html! {
        article class={ "c" (series % 6) "-edge" } aria-labelledby=(id) {
            h3 #(id) { (shown(&words::title(recording))) }
            p.origin {
                @for (at, it) in words::origin(recording).iter().enumerate() {
                    @if at > 0 { " · " }
                    (shown(it))
                }
            }
            (figures(here, recording))
            @if !recording.steps.is_empty() {
                figure.ladder {
                    figcaption { "The exchange" }
                    (drawn(ladder(&format!("{id}-ladder"), recording)))
                }
            }
            (processes(here, recording))
            (conversations(here, recording))
            @for (at, it) in recording.shares.iter().enumerate() {
                (share(&format!("{here}/shares/{at}"), it, at == 0))
            }
            (interfaces(here, recording))
            (failures(here, recording))
            (warnings(here, recording))
            (waste(here, recording))
            (health(here, &recording.health))
            @for (at, it) in recording.left_out.iter().enumerate() {
                p.none {
                    "Left out: " (number(&format!("{here}/left-out/{at}/count"), it.count)) " " (it.list.label())
                    " beyond the limit of " (number(&format!("{here}/left-out/{at}/limit"), it.limit)) "."
                }
            }
        }
    }
}

fn figures(here: &str, recording: &Recording) -> Markup {
    let it = &recording.figures;
    let at = |name: &str| format!("{here}/figures/{name}");
    html! {
        dl.figures {
            div { dt { "messages" } dd { (number(&at("messages"), it.messages)) } }
            div { dt { "bytes" } dd { (bytes(&at("bytes"), it.bytes)) } }
            div { dt { "requests" } dd { (number(&at("requests"), it.requests)) } }
            div { dt { "answers" } dd { (number(&at("answers"), it.answers)) } }
            div { dt { "refused" } dd { (number(&at("refused"), it.refused)) } }
            @if it.notifications > 0 {
                div { dt { "notifications" } dd { (number(&at("notifications"), it.notifications)) } }
            }
            @if it.interfaces > 0 {
                div { dt { "interfaces" } dd { (number(&at("interfaces"), it.interfaces)) } }
            }
            div { dt { "to the last answer" } dd { (time(&at("time"), it.time)) } }
            div { dt { "lost" } dd { (figure(&at("lost"), it.lost, words::number)) } }
        }
    }
}

/// A number that the file may not hold, in a narrow column.
fn dash(pointer: &str, value: Option<u64>) -> Markup {
    let text = value.map_or_else(|| String::from("–"), |it| it.to_string());
    datum(pointer, &value, &text)
}

fn processes(here: &str, recording: &Recording) -> Markup {
    let rows = html! {
        @for (at, it) in recording.processes.iter().take(LISTED).enumerate() {
            @let there = format!("{here}/processes/{at}");
            tr {
                th scope="row" { (shown(&words::processes(it))) }
                td { (dash(&format!("{there}/sockets"), it.sockets)) }
                td { (number(&format!("{there}/messages"), it.messages)) }
                td { (bytes(&format!("{there}/bytes"), it.bytes)) }
                td { (bytes(&format!("{there}/largest-datagram"), it.largest_datagram)) }
            }
        }
    };
    let head = [
        "process",
        "sockets",
        "messages",
        "bytes",
        "largest datagram",
    ];
    html! { @if !recording.processes.is_empty() { (table("Processes", &head, &rows)) } }
}

fn conversations(here: &str, recording: &Recording) -> Markup {
    let times = |there: &str, name: &str, times: Option<Times>| {
        html! {
            @if let Some(it) = times { (time(&format!("{there}/{name}/mean"), Some(it.mean))) }
            @else { "–" }
        }
    };
    let rows = html! {
        @for (at, it) in recording.conversations.iter().take(LISTED).enumerate() {
            @let there = format!("{here}/conversations/{at}");
            tr {
                th scope="row" { (shown(&words::asked(it))) small { (shown(&it.protocol)) " · " (shown(&words::who(&it.who))) } }
                td { (dash(&format!("{there}/socket"), it.socket)) }
                td { (number(&format!("{there}/requests"), it.requests)) }
                td { (number(&format!("{there}/answered"), it.answered)) }
                td { (number(&format!("{there}/parts"), it.parts)) }
                td { (bytes(&format!("{there}/answer-bytes"), it.answer_bytes)) }
                td { (number(&format!("{there}/errors"), it.errors)) }
                td { (times(&there, "first", it.first)) }
                td { (times(&there, "last", it.last)) }
            }
        }
    };
    let head = [
        "conversation",
        "socket",
        "asked",
        "answered",
        "parts",
        "answer",
        "errors",
        "first",
        "last",
    ];
    html! { @if !recording.conversations.is_empty() { (table("Conversations", &head, &rows)) } }
}

fn share(here: &str, share: &Share, open: bool) -> Markup {
    let part = |bytes: u64| bytes as f64 / share.bytes.max(1) as f64;
    let rows = html! {
        tr {
            th scope="row" { "headers" }
            td { (number(&format!("{here}/messages"), share.messages)) }
            td { (bytes(&format!("{here}/headers"), share.headers)) }
            td { (drawn(strip(part(share.headers)))) (words::percent(part(share.headers))) }
        }
        @for (at, it) in share.attributes.iter().take(LISTED).enumerate() {
            @let there = format!("{here}/attributes/{at}");
            tr {
                th scope="row" class={ "depth" (it.depth.min(6)) } { (shown(&it.name)) }
                td { (number(&format!("{there}/count"), it.count)) }
                td { (bytes(&format!("{there}/bytes"), it.bytes)) }
                td {
                    (drawn(strip(it.share)))
                    (datum(&format!("{there}/share"), &it.share, &words::percent(it.share)))
                }
            }
        }
    };
    let name = format!("Answers to {} {}", share.family, share.operation);
    html! {
        details open[open && share.attributes.len() <= 24] {
            summary { (shown(&name)) ": " (bytes(&format!("{here}/bytes"), share.bytes)) " by attribute" }
            (table("Bytes by attribute", &["attribute", "times", "bytes", "share"], &rows))
        }
    }
}

fn interfaces(here: &str, recording: &Recording) -> Markup {
    let largest = recording.interfaces.iter().map(|it| it.bytes).max();
    let part = |bytes: u64| bytes as f64 / largest.unwrap_or(0).max(1) as f64;
    let rows = html! {
        @for (at, it) in recording.interfaces.iter().take(LISTED).enumerate() {
            @let there = format!("{here}/interfaces/{at}");
            tr {
                th scope="row" { (shown(it.name.as_deref().unwrap_or("no name"))) }
                td { (number(&format!("{there}/index"), it.index.into())) }
                td { (number(&format!("{there}/count"), it.count)) }
                td { (drawn(strip(part(it.bytes)))) (bytes(&format!("{there}/bytes"), it.bytes)) }
            }
        }
    };
    html! {
        @if !recording.interfaces.is_empty() {
            details {
                summary { "Interfaces: the largest " (recording.interfaces.len()) }
                (table("Bytes by interface", &["interface", "index", "times seen", "bytes"], &rows))
            }
        }
    }
}

fn failures(here: &str, recording: &Recording) -> Markup {
    html! {
        @if !recording.failures.is_empty() {
            h4 { "Refused" }
            ul.failures {
                @for (at, it) in recording.failures.iter().take(LISTED).enumerate() {
                    li.probe[it.probe] {
                        strong { (shown(&it.name)) }
                        " " (shown(&format!("{} {}", it.family, it.operation)))
                        " by " (shown(&words::who(&it.who))) ", "
                        (number(&format!("{here}/failures/{at}/count"), it.count)) " ×"
                        @if let Some(text) = &it.extack { ": " q { (shown(text)) } }
                        @if let Some(path) = &it.attribute { " at " code { (shown(path)) } }
                        @if let Some(path) = &it.missing { " missing " code { (shown(path)) } }
                        (shown(&words::asked_for(&it.requests, it.count)))
                        p { (it.meaning) }
                    }
                }
            }
        }
    }
}

fn warnings(here: &str, recording: &Recording) -> Markup {
    html! {
        @if !recording.warnings.is_empty() {
            h4 { "Carried out with a warning" }
            ul.failures {
                @for (at, it) in recording.warnings.iter().take(LISTED).enumerate() {
                    li.probe {
                        (shown(&words::warned(it))) " by " (shown(&words::who(&it.who))) ", "
                        (number(&format!("{here}/warnings/{at}/count"), it.count)) " ×: "
                        q { (shown(&it.extack)) }
                        @if let Some(path) = &it.attribute { " at " code { (shown(path)) } }
                        (shown(&words::asked_for(&it.requests, it.count)))
                    }
                }
            }
        }
    }
}

fn waste(here: &str, recording: &Recording) -> Markup {
    html! {
        @if !recording.waste.is_empty() {
            h4 { "Waste" }
            ul {
                @for (at, it) in recording.waste.iter().enumerate() {
                    @let there = format!("{here}/waste/{at}");
                    li {
                        @match (it.kind, it.bytes, it.printed) {
                            (WasteKind::Unprinted, Some(received), Some(printed)) => {
                                (bytes(&format!("{there}/bytes"), received)) " on the wire for "
                                (bytes(&format!("{there}/printed"), printed)) " printed"
                            },
                            _ => (shown(&words::waste(it))),
                        }
                    }
                }
            }
        }
    }
}

fn health(here: &str, all: &[Condition]) -> Markup {
    html! {
        h4 { "Health" }
        ul.health {
            @for (at, it) in all.iter().enumerate() {
                @let there = format!("{here}/health/{at}");
                @let state = match it.count { None => "unknown", Some(0) => "good", Some(_) => "bad" };
                li class=(state) {
                    span.what { (explain::ailment(it.what)) }
                    " " (figure(&format!("{there}/count"), it.count, words::number))
                    @if !it.who.is_empty() {
                        span.who {
                            @for (number, sufferer) in it.who.iter().take(LISTED).enumerate() {
                                @if number > 0 { ", " }
                                (shown(&words::who(&sufferer.who))) " × "
                                (datum(&format!("{there}/who/{number}/count"), &sufferer.count,
                                    &words::number(sufferer.count)))
                            }
                        }
                    }
                    @if let Some(advice) = &it.advice { p { (advice) } }
                }
            }
        }
    }
}
