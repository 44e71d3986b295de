// SPDX-License-Identifier: GPL-2.0-or-later
//! What answers say about network interfaces, in terms in which answers of
//! rtnetlink and of nl_util can be compared.

use std::collections::{BTreeMap, BTreeSet};
use std::mem::offset_of;

use foldhash::HashMap;
use ynl::decode::{Attribute, Endian, MESSAGE_HEADER, attributes, genl};
use ynl::model::{AttrSet, Family};

use super::facts::{ETHERNET, Fact, Facts, MADE, Topics};
use crate::messages::event::Event;
use crate::report::model::Interface;

/// Bytes before the attributes of a message about a link.
const LINK_HEADER: usize = size_of::<libc::ifinfomsg>();

/// The most interfaces of which anything is kept.
pub(super) const MOST: usize = 1 << 16;

/// The most interfaces in the report's list of sizes.
pub(super) const MOST_LISTED: usize = 64;

/// Which answers they come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum FactSource {
    Rtnetlink,
    NlUtil,
}

/// Numbers of our family's attributes, as the built-in specification has them.
struct NlUtil {
    netdev: u16,
    ifindex: u16,
    facts: Vec<(u16, Option<Fact>, String)>,
}

impl NlUtil {
    fn new(family: Option<&Family>) -> Self {
        let set = |name: &str| family.and_then(|family| Some(&family[family.set(name)?]));
        let of = |of: &str, name: &str| {
            let set = set(of);
            set.and_then(|it| it.by_name(name))
                .map_or(0, |it| it.number)
        };
        let netdev = set("netdev");
        let all = netdev.map_or(&[][..], |it| &it.attributes[..]);
        Self {
            netdev: of("nl-util", "netdev"),
            ifindex: of("netdev", "ifindex"),
            facts: (all.iter())
                .map(|it| (it.number, Fact::of_nl_util(&it.name), it.name.clone()))
                .collect(),
        }
    }

    fn fact(&self, number: u16) -> Option<Fact> {
        self.facts.iter().find(|it| it.0 == number)?.1
    }
}

/// The interfaces that answers were about.
pub(crate) struct Interfaces {
    ours: NlUtil,
    known: HashMap<u32, usize>,
    all: Vec<Facts>,
    /// The attributes that were seen, with their names.
    attributes: BTreeMap<(FactSource, u16), String>,
    /// All interfaces were asked for, and the answer came to its end; of our
    /// family, all Ethernet interfaces.
    pub(crate) whole: BTreeSet<FactSource>,
    /// The recorder's own link, where the file names it.
    pub(crate) tap: Option<String>,
    /// Answers about interfaces of which nothing is kept.
    pub(super) left_out: u64,
}

impl Interfaces {
    /// Knows none yet; `family` is nl_util.
    pub(super) fn new(family: Option<&Family>) -> Self {
        Self {
            ours: NlUtil::new(family),
            known: HashMap::default(),
            all: Vec::new(),
            attributes: BTreeMap::new(),
            whole: BTreeSet::new(),
            tap: None,
            left_out: 0,
        }
    }

    /// Learns from an answer; false where it is about no interface.
    pub(super) fn take(&mut self, event: &Event<'_>) -> bool {
        let message = &event.message;
        let endian = event.packet.endian;
        match i32::from(event.packet.protocol) {
            libc::NETLINK_ROUTE if message.kind == libc::RTM_NEWLINK => {
                let set = event.body.as_ref().and_then(|it| it.level.set());
                if !self.link(message.payload, endian, set) {
                    return false;
                }
                self.note_whole(FactSource::Rtnetlink, event, &[libc::IFLA_EXT_MASK]);
                true
            }
            libc::NETLINK_GENERIC if *event.family == *"nl_util" => {
                let Some(genl) = genl(message.payload) else {
                    return false;
                };
                let mut any = false;
                for nest in attributes(genl.payload, endian).flatten() {
                    any |= nest.number == self.ours.netdev && self.netdev(&nest, endian);
                }
                if any {
                    self.note_whole(FactSource::NlUtil, event, &[]);
                }
                any
            }
            _ => false,
        }
    }

    /// Notes that all were asked for: of rtnetlink by a dump without a filter, of
    /// our family by L2_LIST, which has none.
    fn note_whole(&mut self, source: FactSource, event: &Event<'_>, may_have: &[u16]) {
        let Some(tie) = event.tie.as_ref().filter(|it| it.parts == 0) else {
            return;
        };
        let endian = event.packet.endian;
        let asked = tie.request.message(endian);
        let is_whole = match source {
            FactSource::NlUtil => *tie.request.operation == *"l2-list",
            FactSource::Rtnetlink => asked.is_some_and(|asked| {
                let filters = asked.payload.get(LINK_HEADER..).unwrap_or(&[]);
                let mut filters = attributes(filters, endian).flatten();
                asked.is_dump(event.packet.protocol)
                    && filters.all(|it| may_have.contains(&it.number))
            }),
        };
        if is_whole {
            self.whole.insert(source);
        }
    }

    /// RTM_NEWLINK, behind the netlink header.
    fn link(&mut self, payload: &[u8], endian: Endian, set: Option<&AttrSet>) -> bool {
        let word = |at: usize| payload.get(at..).and_then(|it| endian.u32(it));
        let Some(index) = word(offset_of!(libc::ifinfomsg, ifi_index)) else {
            return false;
        };
        let kind = (payload.get(offset_of!(libc::ifinfomsg, ifi_type)..))
            .and_then(|it| endian.u16(it))
            .unwrap_or(0);
        let flags = u64::from(word(offset_of!(libc::ifinfomsg, ifi_flags)).unwrap_or(0));
        let Some(at) = self.place(index, payload.len() + MESSAGE_HEADER) else {
            return true;
        };
        let facts = &mut self.all[at];
        facts.number(Fact::Type, kind.into());
        facts.number(Fact::Flags, flags & !MADE);
        facts.number(Fact::RunningFlags, flags);
        for attribute in attributes(payload.get(LINK_HEADER..).unwrap_or(&[]), endian).flatten() {
            let number = attribute.number;
            self.attributes
                .entry((FactSource::Rtnetlink, number))
                .or_insert_with(|| {
                    let spec = set.and_then(|it| it.by_number(number));
                    spec.map_or_else(|| format!("#{number}"), |it| it.name.clone())
                });
            match Fact::of_rtnetlink(number) {
                // IFLA_INFO_KIND of IFLA_LINKINFO.
                Some(Fact::Kind) => {
                    let mut all = attribute.attributes(endian).flatten();
                    if let Some(kind) = all.find(|it| it.number == 1) {
                        facts.attribute(Fact::Kind, &kind, endian);
                    }
                }
                Some(fact) => facts.attribute(fact, &attribute, endian),
                None => {}
            }
        }
        true
    }

    /// An interface of our family.
    fn netdev(&mut self, nest: &Attribute<'_>, endian: Endian) -> bool {
        let mut all = nest.attributes(endian).flatten();
        let index = all.find(|it| it.number == self.ours.ifindex);
        let Some(index) = index.and_then(|it| it.u32(endian)) else {
            return false;
        };
        let Some(at) = self.place(index, nest.payload.len() + 4) else {
            return true;
        };
        let facts = &mut self.all[at];
        // Our family has no other.
        facts.number(Fact::Type, ETHERNET);
        for attribute in nest.attributes(endian).flatten() {
            let number = attribute.number;
            self.attributes
                .entry((FactSource::NlUtil, number))
                .or_insert_with(|| {
                    let known = self.ours.facts.iter().find(|it| it.0 == number);
                    known.map_or_else(|| format!("#{number}"), |it| it.2.clone())
                });
            if let Some(fact) = self.ours.fact(attribute.number) {
                facts.attribute(fact, &attribute, endian);
            }
        }
        true
    }

    fn place(&mut self, index: u32, bytes: usize) -> Option<usize> {
        let at = match self.known.get(&index) {
            Some(at) => *at,
            None if self.all.len() >= MOST => {
                self.left_out += 1;
                return None;
            }
            None => {
                self.all.push(Facts {
                    index,
                    ..Facts::default()
                });
                self.known.insert(index, self.all.len() - 1);
                self.all.len() - 1
            }
        };
        self.all[at].count += 1;
        self.all[at].bytes += bytes as u64;
        Some(at)
    }

    /// How many there are.
    pub(super) fn count(&self) -> u64 {
        self.all.len() as u64
    }

    /// The interfaces, by their indexes.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Facts> {
        self.all.iter()
    }

    /// The interface of that index.
    pub(crate) fn get(&self, index: u32) -> Option<&Facts> {
        self.all.get(*self.known.get(&index)?)
    }

    /// Whether it is the link that the recording was made on.
    pub(crate) fn is_tap(&self, facts: &Facts) -> bool {
        self.tap.as_ref().is_some_and(|tap| facts.name() == *tap)
    }

    /// What is learnt about interfaces.
    pub(crate) fn learnt(&self) -> Topics {
        let mut learnt = Topics::default();
        for ((source, number), name) in &self.attributes {
            let fact = match source {
                FactSource::Rtnetlink => Fact::of_rtnetlink(*number),
                FactSource::NlUtil => self.ours.fact(*number),
            };
            // What both know an interface by, and what nobody learns from.
            if name == "pad" || (*source, *number) == (FactSource::NlUtil, self.ours.ifindex) {
                continue;
            }
            match fact {
                Some(fact) => learnt.facts.insert(fact),
                None => learnt.attributes.insert(name.clone()),
            };
        }
        let mut sources = self.attributes.keys().map(|it| it.0);
        if sources.any(|it| it == FactSource::Rtnetlink) {
            // Of the fixed header.
            let header = [Fact::Type, Fact::Flags, Fact::RunningFlags];
            learnt.facts.extend(header);
        }
        learnt
    }

    /// Those with most bytes, and how many more there are.
    pub(super) fn largest(&self) -> (Vec<Interface>, u64) {
        let interface = |facts: &Facts| Interface {
            index: facts.index,
            name: (facts.get(Fact::Name).is_some()).then(|| facts.name()),
            bytes: facts.bytes,
            count: facts.count,
        };
        let mut all: Vec<_> = self.all.iter().collect();
        all.sort_by_key(|it| (std::cmp::Reverse(it.bytes), it.index));
        let more = all.len().saturating_sub(MOST_LISTED) as u64;
        let listed = all.into_iter().take(MOST_LISTED);
        (listed.map(interface).collect(), more)
    }
}
