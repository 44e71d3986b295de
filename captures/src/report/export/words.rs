// SPDX-License-Identifier: GPL-2.0-or-later
//! Figures and names as people read them, the same in every format. Nothing is
//! escaped here.

use crate::report::model::{
    Conversation, Kind, LeftOut, Recording, Step, Unit, Waste, WasteKind, Who,
};
use crate::terminal::text::cut;

/// The longest title, in bytes; a command line may have megabytes.
const TITLE: usize = 72;

/// What a recording is called.
pub(crate) fn title(recording: &Recording) -> String {
    let whole = recording.command.as_ref().or(recording.file.as_ref());
    let whole = whole.map_or("the recording", String::as_str);
    shortened(whole, TITLE)
}

/// The text, with a mark where it had to be cut.
pub(crate) fn shortened(whole: &str, limit: usize) -> String {
    match cut(whole, limit) {
        kept if kept.len() < whole.len() => format!("{kept}…"),
        kept => kept.to_owned(),
    }
}

/// What is left out, for a format without the list of interfaces by size: that it is cut
/// would tell a reader of a list that is not there.
pub(crate) fn left_out(recording: &Recording) -> impl Iterator<Item = &LeftOut> {
    let all = recording.left_out.iter();
    all.filter(|it| it.what != LeftOut::SIZES)
}

/// What is known of where a recording comes from.
pub(crate) fn origin(recording: &Recording) -> Vec<String> {
    let kernel = match (&recording.kernel, &recording.hardware) {
        (Some(kernel), Some(hardware)) => Some(format!("{kernel} {hardware}")),
        (kernel, hardware) => kernel.clone().or(hardware.clone()),
    };
    [
        recording.file.clone(),
        recording.started.clone(),
        kernel,
        recording.recorder.as_ref().map(|it| format!("by {it}")),
    ]
    .into_iter()
    .flatten()
    .map(|it| shortened(&it, TITLE))
    .collect()
}

/// A process, or as much as there is of it.
pub(crate) fn who(who: &Who) -> String {
    match (who.pid, &who.comm, who.port) {
        (Some(pid), Some(comm), _) => format!("{}[{pid}]", shortened(comm, 64)),
        (Some(pid), None, _) => format!("pid {pid}"),
        (None, _, Some(port)) => format!("port {port}"),
        (None, ..) => String::from("not known"),
    }
}

/// Digits in groups of three.
pub(crate) fn number(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// The number with its noun: `1 message`, `2,000 messages`.
pub(crate) fn count(number: u64, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", self::number(number))
}

/// A length.
pub(crate) fn bytes(bytes: u64) -> String {
    format!("{} B", number(bytes))
}

/// A time of so many nanoseconds, in the unit that fits it.
pub(crate) fn time(nanoseconds: f64) -> String {
    match nanoseconds {
        0.0 => String::from("0 µs"),
        ..1e3 => format!("{nanoseconds:.0} ns"),
        ..1e6 => format!("{:.1} µs", nanoseconds / 1e3),
        ..1e9 => format!("{:.2} ms", nanoseconds / 1e6),
        _ => format!("{:.2} s", nanoseconds / 1e9),
    }
}

/// A figure in its unit.
pub(crate) fn figure(unit: Unit, value: Option<f64>) -> String {
    let Some(value) = value else {
        return String::from("not known");
    };
    match unit {
        Unit::Time => time(value),
        Unit::Count | Unit::Bytes => {
            let text = match value.fract() == 0.0 {
                true => number(value as u64),
                false => format!("{}.{}", number(value as u64), (value.fract() * 10.0) as u64),
            };
            match unit {
                Unit::Bytes => format!("{text} B"),
                _ => text,
            }
        }
    }
}

/// A multiple, to three digits.
pub(crate) fn ratio(ratio: f64) -> String {
    match ratio {
        ..9.995 => format!("{ratio:.2}"),
        ..99.95 => format!("{ratio:.1}"),
        _ => number(ratio.round() as u64),
    }
}

/// A part of a whole, in percent.
pub(crate) fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

/// What a conversation is about.
pub(crate) fn asked(conversation: &Conversation) -> String {
    let dump = if conversation.dump { " dump" } else { "" };
    format!("{} {}{dump}", conversation.family, conversation.operation)
}

/// What an arrow says, without size and time.
pub(crate) fn step(step: &Step) -> String {
    let mut text = format!("{} {}", step.family, step.operation);
    if step.dump {
        text.push_str(" dump");
    }
    if let Some(error) = &step.error {
        text.push(' ');
        text.push_str(error);
    } else if step.messages > 1 {
        text.push_str(&format!(", {}", count(step.messages, "message")));
    } else if step.kind == Kind::Answer && step.ends {
        text.push_str(" done");
    }
    text
}

/// What was wasted.
pub(crate) fn waste(waste: &Waste) -> String {
    let who = waste.who.as_ref().map(who).unwrap_or_default();
    let what = waste.what.as_deref().unwrap_or_default();
    let bytes = waste.bytes.map(bytes).unwrap_or_default();
    let times = match waste.count {
        Some(1) => String::from("once"),
        Some(times) => format!("{} times", number(times)),
        None => String::from("an unknown number of times"),
    };
    match (waste.kind, waste.printed) {
        (WasteKind::AskedTwice, _) => {
            format!("{who} repeated {what} byte for byte, {times}: {bytes}")
        }
        (WasteKind::FailedProbe, _) => {
            format!("{who} probed {what} with an empty request, refused {times}: {bytes}")
        }
        (WasteKind::Unprinted, Some(printed)) => {
            format!("{bytes} on the wire for {} printed", self::bytes(printed))
        }
        (WasteKind::Unprinted, None) => {
            String::from("bytes printed by the command: not known (nlcap compare measures them)")
        }
    }
}

/// ARPHRD_* of linux/if_arp.h, of the links that people have.
pub(crate) fn link_type(number: u64) -> String {
    String::from(match number {
        1 => "Ethernet",
        32 => "InfiniBand",
        280 => "CAN",
        512 => "PPP",
        768 => "IP tunnel",
        769 => "IPv6 tunnel",
        772 => "loopback",
        776 => "SIT tunnel",
        778 => "GRE tunnel",
        801..=803 => "802.11",
        823 => "GRE tunnel over IPv6",
        824 => "nlmon",
        65534 => "no link layer",
        _ => return format!("link type {number}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_stand_in_groups_of_three() {
        let shown = [0, 999, 1000, 1_234_567].map(number);
        assert_eq!(shown, ["0", "999", "1,000", "1,234,567"]);
    }

    #[test]
    fn a_time_has_the_unit_that_fits_it() {
        let shown = [0.0, 999.0, 1_500.0, 2_345_678.0, 61e9].map(time);
        assert_eq!(shown, ["0 µs", "999 ns", "1.5 µs", "2.35 ms", "61.00 s"]);
    }

    #[test]
    fn a_ratio_has_three_digits() {
        let shown = [1.0, 16.65, 129.4, 1234.0].map(ratio);
        assert_eq!(shown, ["1.00", "16.6", "129", "1,234"]);
    }
}
