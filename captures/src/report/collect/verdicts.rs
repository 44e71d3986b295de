// SPDX-License-Identifier: GPL-2.0-or-later
//! What the kernel refused, and what it objected to though it went well.

use std::rc::Rc;

use foldhash::HashMap;
use ynl::decode::GENERIC;

use crate::messages::event::{Event, Role};
use crate::messages::names;
use crate::report::explain::{self, Circumstances};
use crate::report::model::{AskedFor, Failure, Warning, Waste, WasteKind, Who};
use crate::values::summary::{Topic, push_request};

/// The most different verdicts.
pub(super) const MOST: usize = 1024;

/// What verdicts of one row have in common.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Key {
    who: usize,
    family: Rc<str>,
    operation: Rc<str>,
    /// 0 for a warning.
    errno: i32,
    probe: bool,
    extack: Option<Box<[u8]>>,
    attribute: Option<String>,
    missing: Option<String>,
    circumstances: Circumstances,
}

/// Verdicts of one row.
struct Judged {
    key: Key,
    count: u64,
    requests: Vec<AskedFor>,
    /// Bytes of requests and answers.
    bytes: u64,
}

impl Judged {
    fn ask_for(&mut self, values: String, count: u64) {
        if values.is_empty() {
            return;
        }
        if let Some(same) = self.requests.iter_mut().find(|it| it.values == values) {
            same.count += count;
        } else if self.requests.len() < AskedFor::MOST {
            self.requests.push(AskedFor { values, count });
        }
    }

    fn failure(self, programs: &[Who]) -> Failure {
        let key = self.key;
        let mut failure = Failure {
            who: programs[key.who].clone(),
            family: key.family.to_string(),
            operation: key.operation.to_string(),
            count: self.count,
            requests: self.requests,
            errno: key.errno,
            name: names::errno(key.errno).into_owned(),
            extack: key.extack.as_deref().map(text),
            attribute: key.attribute,
            missing: key.missing,
            probe: key.probe,
            meaning: String::new(),
        };
        failure.meaning = explain::failure(&failure, key.circumstances);
        failure
    }

    fn warning(self, programs: &[Who]) -> Warning {
        Warning {
            who: programs[self.key.who].clone(),
            family: self.key.family.to_string(),
            operation: self.key.operation.to_string(),
            count: self.count,
            requests: self.requests,
            extack: self.key.extack.as_deref().map(text).unwrap_or_default(),
            attribute: self.key.attribute,
        }
    }
}

/// The verdicts so far.
#[derive(Default)]
pub(super) struct Verdicts {
    all: Vec<Judged>,
    known: HashMap<Key, usize>,
    /// Verdicts that are in no row.
    pub(super) left_out: u64,
}

impl Verdicts {
    /// Takes an error, or a success where the kernel has something to say of it.
    pub(super) fn take(&mut self, event: &Event<'_>, who: usize) {
        let Some(verdict) = &event.verdict else {
            return;
        };
        if verdict.errno == 0 && verdict.text.is_none() {
            return;
        }
        let (attribute, missing) = event.at_fault();
        let key = Key {
            who,
            family: Rc::clone(&event.family),
            operation: Rc::clone(&event.operation),
            errno: verdict.errno,
            probe: event.role == Role::Error && is_probe(event),
            extack: verdict.text.map(Box::from),
            attribute,
            missing,
            circumstances: Circumstances::of(event),
        };
        let at = match self.known.get(&key) {
            Some(at) => *at,
            None if self.all.len() >= MOST => {
                self.left_out += 1;
                return;
            }
            None => {
                self.all.push(Judged {
                    key: key.clone(),
                    count: 0,
                    requests: Vec::new(),
                    bytes: 0,
                });
                self.known.insert(key, self.all.len() - 1);
                self.all.len() - 1
            }
        };
        let asked = event.tie.as_ref().map_or(0, |it| it.request.bytes.len());
        let judged = &mut self.all[at];
        judged.count += 1;
        judged.bytes += u64::from(event.message.length) + asked as u64;
        if let Some(request) = event.refused() {
            let mut values = String::new();
            push_request(&mut values, &request, Topic::of(event, true));
            judged.ask_for(values.trim_start().to_owned(), 1);
        }
    }

    /// Failures, warnings and the probes among the failures, each in the order in which they came
    /// first; those of several processes of a program are one.
    pub(super) fn finish(self, programs: &[Who]) -> (Vec<Failure>, Vec<Warning>, Vec<Waste>) {
        let mut all: Vec<Judged> = Vec::new();
        let mut places: HashMap<(&Who, Key), usize> = HashMap::default();
        for it in self.all {
            let who = &programs[it.key.who];
            let key = Key {
                who: 0,
                ..it.key.clone()
            };
            let Some(at) = places.get(&(who, key.clone())) else {
                places.insert((who, key), all.len());
                all.push(it);
                continue;
            };
            let same = &mut all[*at];
            same.count += it.count;
            same.bytes += it.bytes;
            for asked in it.requests {
                same.ask_for(asked.values, asked.count);
            }
        }
        let probes = all.iter().filter(|it| it.key.probe);
        let waste = probes.map(|it| Waste {
            kind: WasteKind::FailedProbe,
            who: Some(programs[it.key.who].clone()),
            what: Some(format!("{} {}", it.key.family, it.key.operation)),
            count: Some(it.count),
            bytes: Some(it.bytes),
            printed: None,
        });
        let waste = waste.collect();
        let (warnings, failures): (Vec<_>, Vec<_>) =
            all.into_iter().partition(|it| it.key.errno == 0);
        (
            failures
                .into_iter()
                .map(|it| it.failure(programs))
                .collect(),
            warnings
                .into_iter()
                .map(|it| it.warning(programs))
                .collect(),
            waste,
        )
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Whether the request asks for nothing, and only whether the kernel knows it:
/// of a protocol that is not generic, no dump, and nothing but zeros behind the
/// header. iproute2 finds out so whether there is RTM_NEWLINK.
fn is_probe(event: &Event<'_>) -> bool {
    let Some(tie) = &event.tie else {
        return false;
    };
    let asked = tie.request.message(event.packet.endian);
    event.packet.protocol != GENERIC
        && asked.is_some_and(|it| {
            !it.is_dump(event.packet.protocol) && it.payload.iter().all(|byte| *byte == 0)
        })
}
