// SPDX-License-Identifier: GPL-2.0-or-later
//! Figures and names as people read them, the same in every format. Nothing is
//! escaped here.

use crate::report::model::{
    AskedFor, BoundedList, Conversation, Failure, Kind, LeftOut, Process, Recording, Step, Unit,
    Warning, Waste, WasteKind, Who,
};
use crate::terminal::text::cut;
pub(crate) use crate::terminal::text::grouped as number;

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
    all.filter(|it| it.list != BoundedList::InterfaceSizes)
}

/// What a bounded list lacks, in a sentence.
pub(crate) fn lacking(it: &LeftOut) -> String {
    let (count, limit) = (number(it.count), number(it.limit));
    format!(
        "left out: {count} {} beyond the limit of {limit}",
        it.list.label()
    )
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
        (None, Some(comm), None) => shortened(comm, 64),
        (None, None, None) if who.others => String::from("others"),
        (None, None, None) => String::from("not known"),
    }
}

/// The processes of a row: `ip × 3,000` if there are several.
pub(crate) fn processes(process: &Process) -> String {
    let who = who(&process.who);
    match process.processes {
        Some(several) if process.who.pid.is_none() => format!("{who} × {}", number(several)),
        _ => who,
    }
}

/// What was refused: `route delroute ESRCH`.
pub(crate) fn refused(failure: &Failure) -> String {
    format!("{} {} {}", failure.family, failure.operation, failure.name)
}

/// What was carried out with a warning: `route newlink`.
pub(crate) fn warned(warning: &Warning) -> String {
    format!("{} {}", warning.family, warning.operation)
}

/// What requests asked for, of which there were `count`, with a space before it.
pub(crate) fn asked_for(requests: &[AskedFor], count: u64) -> String {
    let shown = |it: &AskedFor| match it.count {
        1 => format!("({})", it.values),
        times => format!("({}) × {}", it.values, number(times)),
    };
    let all: Vec<_> = requests.iter().map(shown).collect();
    let known: u64 = requests.iter().map(|it| it.count).sum();
    let mut text = String::new();
    if !all.is_empty() {
        text = format!(" {}", all.join(", "));
    }
    if requests.len() == AskedFor::MOST && count > known {
        let (more, limit) = (number(count - known), number(AskedFor::MOST as u64));
        text.push_str(&format!(", left out: {more} beyond the limit of {limit}"));
    }
    text
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
