// SPDX-License-Identifier: GPL-2.0-or-later
//! Recordings side by side, and what they come to.

use ynl::model::{self, Family};

use super::collect::{Collection, ETHERNET, Fact, FactSource, FactValue, Facts, Interfaces};
use super::export::words;
use super::model::{
    Ailment, Comparison, Disagreement, Finding, Group, Level, Lone, Measure, Pair, Recording, Row,
    Unit,
};

/// The most disagreements in the list.
const MOST: usize = 100;

/// The most interfaces of one recording alone in the list.
const MOST_LONE: usize = 100;

/// The group of these recordings, with all that follows from them.
pub(crate) fn group(title: Option<String>, all: Vec<Collection>) -> Group {
    let comparison = (all.len() > 1).then(|| {
        let family = model::nl_util();
        let others = all.iter().enumerate().skip(1);
        Comparison {
            rows: rows(&all),
            pairs: others
                .map(|(at, other)| pair(&family, &all[0], at, other))
                .collect(),
        }
    });
    let recordings: Vec<_> = all.into_iter().map(|it| it.recording).collect();
    let mut findings = Vec::new();
    if let Some(comparison) = &comparison {
        disagreements(&recordings, comparison, &mut findings);
        summary(&recordings, comparison, &mut findings);
    }
    for recording in &recordings {
        problems(recording, recordings.len() > 1, &mut findings);
    }
    findings.sort_by_key(|it| it.level);
    Group {
        title,
        findings,
        recordings,
        comparison,
    }
}

type Figure = (Measure, Unit, fn(&Recording) -> Option<f64>);

const FIGURES: [Figure; 13] = [
    (Measure::Messages, Unit::Count, |it| {
        Some(it.figures.messages as f64)
    }),
    (Measure::Bytes, Unit::Bytes, |it| {
        Some(it.figures.bytes as f64)
    }),
    (Measure::Requests, Unit::Count, |it| {
        Some(it.figures.requests as f64)
    }),
    (Measure::Answers, Unit::Count, |it| {
        Some(it.figures.answers as f64)
    }),
    (Measure::Refused, Unit::Count, |it| {
        Some(it.figures.refused as f64)
    }),
    (Measure::Notifications, Unit::Count, |it| {
        Some(it.figures.notifications as f64)
    }),
    (Measure::Datagrams, Unit::Count, |it| {
        Some(it.figures.packets as f64)
    }),
    (Measure::Interfaces, Unit::Count, |it| {
        Some(it.figures.interfaces as f64)
    }),
    (Measure::BytesPerInterface, Unit::Bytes, |it| {
        it.figures.bytes_per_interface
    }),
    (Measure::TimePerInterface, Unit::Time, |it| {
        it.figures.time_per_interface
    }),
    (Measure::FirstAnswer, Unit::Time, |it| {
        it.figures.first_answer.map(|it| it as f64)
    }),
    (Measure::LastAnswer, Unit::Time, |it| {
        it.figures.time.map(|it| it as f64)
    }),
    (Measure::Lost, Unit::Count, |it| {
        it.figures.lost.map(|it| it as f64)
    }),
];

fn rows(all: &[Collection]) -> Vec<Row> {
    let row = |(name, unit, figure): Figure| {
        let values: Vec<_> = all.iter().map(|it| figure(&it.recording)).collect();
        let first = values[0].filter(|it| *it > 0.0);
        let ratio = |value: &Option<f64>| Some((*value)? / first?);
        Row {
            name,
            unit,
            ratios: values.iter().map(ratio).collect(),
            values,
        }
    };
    FIGURES.into_iter().map(row).collect()
}

/// What two recordings say of the same interfaces.
fn pair(family: &Family, first: &Collection, at: usize, second: &Collection) -> Pair {
    let sides = [&first.interfaces, &second.interfaces];
    let learnt = sides.map(Interfaces::learnt);
    let only = |of: usize| learnt[of].without(&learnt[1 - of]).names();
    let shared = learnt[0].shared(&learnt[1]);
    // What one of them learns of no interface it cannot deny of any. Counters go on between
    // two recordings.
    let facts = shared.facts.iter().copied();
    let facts: Vec<_> = facts.filter(|it| *it != Fact::Counters).collect();
    let mut pair = Pair {
        of: [0, at],
        interfaces: 0,
        only: [lone(sides[0], sides[1]), lone(sides[1], sides[0])],
        facts: shared.names(),
        only_facts: [only(0), only(1)],
        compared: 0,
        disagreements: Vec::new(),
        more: 0,
    };
    let mut disagreements = Vec::new();
    for mine in sides[0].all() {
        let Some(theirs) = sides[1].get(mine.index) else {
            if is_missing(mine, sides[0], sides[1]) {
                disagreements.push(missing(mine, 0));
            }
            continue;
        };
        if sides[0].is_tap(mine) || sides[1].is_tap(theirs) {
            continue;
        }
        pair.interfaces += 1;
        for fact in &facts {
            let values = [mine.get(*fact), theirs.get(*fact)];
            pair.compared += u64::from(values != [None, None]);
            if values[0] != values[1] {
                disagreements.push(Disagreement {
                    interface: mine.name(),
                    fact: fact.name().to_owned(),
                    values: values.map(|it| shown(family, *fact, it)),
                });
            }
        }
    }
    let theirs = sides[1].all().filter(|it| sides[0].get(it.index).is_none());
    let theirs = theirs.filter(|it| is_missing(it, sides[1], sides[0]));
    disagreements.extend(theirs.map(|it| missing(it, 1)));
    pair.more = disagreements.len().saturating_sub(MOST) as u64;
    disagreements.truncate(MOST);
    pair.disagreements = disagreements;
    pair
}

/// Whether the other recording must have the interface, for all were asked for.
fn is_missing(facts: &Facts, mine: &Interfaces, other: &Interfaces) -> bool {
    let is_ethernet = facts.get(Fact::Type) == Some(&FactValue::Number(ETHERNET));
    !mine.is_tap(facts)
        && (other.whole.contains(&FactSource::Rtnetlink)
            || (other.whole.contains(&FactSource::NlUtil) && is_ethernet))
}

fn missing(facts: &Facts, side: usize) -> Disagreement {
    let mut values = [String::from("missing"), String::from("missing")];
    values[side] = String::from("present");
    Disagreement {
        interface: facts.name(),
        fact: String::new(),
        values,
    }
}

/// The interfaces that one has and the other has not, and why.
fn lone(mine: &Interfaces, other: &Interfaces) -> Vec<Lone> {
    let why = |facts: &Facts| {
        let kind = match facts.get(Fact::Type) {
            Some(FactValue::Number(kind)) => *kind,
            _ => 0,
        };
        if mine.is_tap(facts) {
            String::from("the recorder's link")
        } else if is_missing(facts, mine, other) {
            String::from("missing from the other's answers")
        } else if other.whole.contains(&FactSource::NlUtil) && kind != ETHERNET {
            format!("{}, not Ethernet", words::link_type(kind))
        } else {
            String::from("not requested by the other")
        }
    };
    let all = mine.all().filter(|it| other.get(it.index).is_none());
    let lone = |facts: &Facts| Lone {
        name: facts.name(),
        why: why(facts),
    };
    all.take(MOST_LONE).map(lone).collect()
}

/// A value as people read it.
fn shown(family: &Family, fact: Fact, value: Option<&FactValue>) -> String {
    let enumeration = |name: &str| family.enumeration(name).map(|id| &family[id]);
    match (fact, value) {
        (_, None) => String::from("none"),
        (Fact::Flags | Fact::RunningFlags, Some(FactValue::Number(bits))) => {
            let names = enumeration("device-flags");
            let name = |bit: u32| {
                let entry = names.and_then(|it| it.by_value(bit.into()));
                entry.map_or_else(
                    || format!("{:#x}", 1_u64 << bit),
                    |it| it.name.to_uppercase(),
                )
            };
            let all: Vec<_> = (0..32)
                .filter(|bit| bits >> bit & 1 == 1)
                .map(name)
                .collect();
            format!("<{}>", all.join(","))
        }
        (Fact::State, Some(FactValue::Number(state))) => {
            let entry = i64::try_from(*state).ok();
            let entry = entry.and_then(|it| enumeration("oper-state")?.by_value(it));
            entry.map_or_else(|| state.to_string(), |it| it.name.to_uppercase())
        }
        (Fact::Type, Some(FactValue::Number(kind))) => words::link_type(*kind),
        (_, Some(FactValue::Number(number))) => number.to_string(),
        (
            Fact::Address | Fact::Broadcast | Fact::PermanentAddress,
            Some(FactValue::Bytes(bytes)),
        ) => {
            let bytes: Vec<_> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            bytes.join(":")
        }
        (_, Some(FactValue::Bytes(text))) => String::from_utf8_lossy(text).into_owned(),
    }
}

fn disagreements(recordings: &[Recording], comparison: &Comparison, out: &mut Vec<Finding>) {
    for pair in &comparison.pairs {
        let Some(first) = pair.disagreements.first() else {
            continue;
        };
        let number = pair.disagreements.len() as u64 + pair.more;
        let [a, b] = pair.of.map(|at| words::title(&recordings[at]));
        let what = match first.fact.is_empty() {
            true => format!(
                "{} is {} in {a} and {} in {b}",
                first.interface, first.values[0], first.values[1]
            ),
            false => format!(
                "{} of {} is {} in {a} and {} in {b}",
                first.fact, first.interface, first.values[0], first.values[1]
            ),
        };
        let more = match number {
            1 => String::new(),
            _ => format!(", and {} more", words::number(number - 1)),
        };
        out.push(Finding {
            level: Level::Disagreement,
            text: format!("{}: {what}{more}.", words::count(number, "disagreement")),
        });
    }
}

fn summary(recordings: &[Recording], comparison: &Comparison, out: &mut Vec<Finding>) {
    let ratio = |name: Measure, at: usize| {
        let row = comparison.rows.iter().find(|it| it.name == name)?;
        row.ratios.get(at).copied().flatten()
    };
    for pair in &comparison.pairs {
        let [a, b] = pair.of.map(|at| words::title(&recordings[at]));
        if pair.compared > 0 && pair.disagreements.is_empty() {
            let facts = words::count(pair.compared, "fact");
            let interfaces = words::count(pair.interfaces, "interface");
            out.push(Finding {
                level: Level::Summary,
                text: format!("{a} and {b} agree on all {facts} about {interfaces}."),
            });
        }
        let each = Measure::BytesPerInterface;
        let (what, times) = match ratio(each, pair.of[1]) {
            Some(times) => (each, Some(times)),
            None => (Measure::Bytes, ratio(Measure::Bytes, pair.of[1])),
        };
        let time = ratio(Measure::LastAnswer, pair.of[1]);
        let part = |times: f64, what: &str| match times >= 1.0 {
            true => format!("{} times the {what}", words::ratio(times)),
            false => format!("1/{} of the {what}", words::ratio(1.0 / times)),
        };
        let parts: Vec<_> = [
            times.map(|it| part(it, what.label())),
            time.map(|it| part(it, "time")),
        ]
        .into_iter()
        .flatten()
        .collect();
        if !parts.is_empty() {
            out.push(Finding {
                level: Level::Summary,
                text: format!("{b} takes {} of {a}.", parts.join(" and ")),
            });
        }
    }
}

/// What went wrong in a recording, other than what the kernel refused.
fn problems(recording: &Recording, several: bool, out: &mut Vec<Finding>) {
    for condition in &recording.health {
        let Some(number) = condition.count.filter(|it| *it > 0) else {
            continue;
        };
        // A dump of a watcher is cut off by the end of the recording as a rule.
        if condition.what == Ailment::LongMessage {
            continue;
        }
        let of = match several {
            true => format!("{}: ", words::title(recording)),
            false => String::new(),
        };
        let who: Vec<_> = condition.who.iter().map(|it| words::who(&it.who)).collect();
        let who = match &who[..] {
            [] => String::new(),
            [only] => format!(", {only}"),
            [first, ..] => format!(", {first} and {} more", who.len() - 1),
        };
        let what = super::explain::ailment(condition.what);
        out.push(Finding {
            level: Level::Problem,
            text: format!("{of}{} {what}{who}.", words::number(number)),
        });
    }
    if let Some(rounds) = recording.rounds.as_ref().filter(|it| it.failed > 0) {
        out.push(Finding {
            level: Level::Problem,
            text: format!(
                "{} failed in {} of {}.",
                words::title(recording),
                rounds.failed,
                words::count(rounds.count.into(), "round")
            ),
        });
    }
}
