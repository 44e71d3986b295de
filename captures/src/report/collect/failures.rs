// SPDX-License-Identifier: GPL-2.0-or-later
//! What the kernel refused.

use std::rc::Rc;

use foldhash::HashMap;
use ynl::decode::GENERIC;

use crate::messages::event::Event;
use crate::messages::names;
use crate::report::explain;
use crate::report::model::{Failure, Waste, WasteKind, Who};

/// The most different failures.
const MOST: usize = 256;

struct Refusal {
    who: usize,
    failure: Failure,
    /// Bytes of requests and answers.
    bytes: u64,
}

/// What failures have in common.
#[derive(PartialEq, Eq, Hash)]
struct Key {
    who: usize,
    family: Rc<str>,
    operation: Rc<str>,
    errno: i32,
    probe: bool,
    extack: Option<Box<[u8]>>,
    attribute: Option<String>,
    missing: Option<String>,
}

/// The failures so far.
#[derive(Default)]
pub(super) struct Failures {
    all: Vec<Refusal>,
    known: HashMap<Key, usize>,
    /// Errors that are not counted apart.
    pub(super) left_out: u64,
}

impl Failures {
    /// Takes an error.
    pub(super) fn take(&mut self, event: &Event<'_>, who: usize) {
        let Some(verdict) = &event.verdict else {
            return;
        };
        let (attribute, missing) = event.at_fault();
        let key = Key {
            who,
            family: Rc::clone(&event.family),
            operation: Rc::clone(&event.operation),
            errno: verdict.errno,
            probe: is_probe(event),
            extack: verdict.text.map(Box::from),
            attribute,
            missing,
        };
        let at = match self.known.get(&key) {
            Some(at) => *at,
            None if self.all.len() >= MOST => {
                self.left_out += 1;
                return;
            }
            None => self.meet(key),
        };
        let asked = event.tie.as_ref().map_or(0, |it| it.request.bytes.len());
        let refusal = &mut self.all[at];
        refusal.failure.count += 1;
        refusal.bytes += u64::from(event.message.length) + asked as u64;
    }

    fn meet(&mut self, key: Key) -> usize {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let failure = Failure {
            who: Who::default(),
            family: key.family.to_string(),
            operation: key.operation.to_string(),
            count: 0,
            errno: key.errno,
            name: names::errno(key.errno).into_owned(),
            extack: key.extack.as_deref().map(text),
            attribute: key.attribute.clone(),
            missing: key.missing.clone(),
            probe: key.probe,
            meaning: String::new(),
        };
        self.all.push(Refusal {
            who: key.who,
            failure,
            bytes: 0,
        });
        self.known.insert(key, self.all.len() - 1);
        self.all.len() - 1
    }

    /// The list, in the order in which they came first.
    pub(super) fn finish(self, names: &[Who]) -> Vec<Failure> {
        let finish = |refusal: Refusal| Failure {
            who: names[refusal.who].clone(),
            meaning: explain::failure(&refusal.failure),
            ..refusal.failure
        };
        self.all.into_iter().map(finish).collect()
    }

    /// The probes among them.
    pub(super) fn waste(&self, names: &[Who]) -> Vec<Waste> {
        let probes = self.all.iter().filter(|it| it.failure.probe);
        let waste = |it: &Refusal| Waste {
            kind: WasteKind::FailedProbe,
            who: Some(names[it.who].clone()),
            what: Some(format!("{} {}", it.failure.family, it.failure.operation)),
            count: Some(it.failure.count),
            bytes: Some(it.bytes),
            printed: None,
        };
        probes.map(waste).collect()
    }
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
