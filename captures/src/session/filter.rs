// SPDX-License-Identifier: GPL-2.0-or-later
//! `-f`: messages of some netlink protocols and generic netlink families alone.

use std::collections::BTreeSet;

use ynl::decode::{CONTROLLER, Endian, GENERIC, Message, attributes, genl, messages, types};

use crate::attribution::Attribution;
use crate::messages::names;
use crate::messages::packet::{Direction, Frame};
use crate::messages::process::Process;
use crate::messages::requests::{RequestTable, Sighting};

/// Netlink protocols have numbers below this one, MAX_LINKS of linux/netlink.h.
const PROTOCOLS: u16 = 32;

/// What passes.
#[derive(Clone, Debug, Default)]
pub(crate) struct CaptureFilter {
    protocols: BTreeSet<u16>,
    /// Names of families.
    names: BTreeSet<String>,
    /// The numbers that they have, or had: a family may be loaded again.
    numbers: BTreeSet<u16>,
    /// Names of families that are there.
    known: BTreeSet<String>,
    /// Requests of generic netlink, and whether they passed: the end of a dump does not say
    /// what was dumped.
    requests: RequestTable<bool>,
    /// Counts frames.
    frames: u64,
}

impl CaptureFilter {
    /// A filter of these names; of none, everything passes.
    pub(crate) fn of(names: &[String]) -> Self {
        let mut filter = Self::default();
        for name in names {
            let plain = name.to_lowercase().replace('-', "_");
            match (0..PROTOCOLS).find(|number| names::protocol(*number) == plain) {
                Some(number) => filter.protocols.insert(number),
                None => filter.names.insert(name.clone()),
            };
        }
        filter
    }

    /// Learns from messages of the controller which family has which number.
    pub(super) fn learn(&mut self, frame: &[u8]) {
        if self.names.is_empty() {
            return;
        }
        let endian = Endian::native();
        for message in messages(frame, endian).flatten() {
            let Some(answer) = genl(message.payload).filter(|_| message.kind == CONTROLLER) else {
                continue;
            };
            let find = |kind: libc::c_int| {
                attributes(answer.payload, endian)
                    .flatten()
                    .find(|attribute| i32::from(attribute.number) == kind)
            };
            let name = find(libc::CTRL_ATTR_FAMILY_NAME).map(|name| name.payload);
            let number = find(libc::CTRL_ATTR_FAMILY_ID).and_then(|number| number.u16(endian));
            if let (Some(name), Some(number)) = (name, number) {
                let name = name.strip_suffix(b"\0").unwrap_or(name);
                if let Some(name) = self.names.get(&*String::from_utf8_lossy(name)) {
                    self.numbers.insert(number);
                    self.known.insert(name.clone());
                }
            }
        }
    }

    /// Families of the filter that are not there.
    pub(super) fn unknown(&self) -> impl Iterator<Item = &str> {
        self.names.difference(&self.known).map(String::as_str)
    }

    /// Whether a frame passes.
    pub(super) fn passes(&mut self, frame: &Frame<'_>, attribution: &Attribution) -> bool {
        if self.protocols.is_empty() && self.names.is_empty() {
            return true;
        }
        let protocol = frame.protocol;
        if self.protocols.contains(&protocol) {
            return true;
        }
        if protocol != GENERIC || self.names.is_empty() {
            return false;
        }
        self.learn(frame.messages);
        self.frames += 1;
        let owner = attribution.owners.first();
        let at = Sighting {
            tap: frame.interface,
            protocol,
            frame: self.frames,
            time: frame.time,
            socket: owner.and_then(|it| Process::from(it).socket_id()),
            port: 0,
        };
        let mut passes = false;
        for message in messages(frame.messages, Endian::native()).flatten() {
            passes |= match attribution.direction {
                Direction::Outbound => {
                    let is_wanted = self.numbers.contains(&message.kind);
                    self.requests.insert(at, &message, is_wanted);
                    is_wanted
                }
                Direction::Inbound => self.is_wanted_answer(at, &message),
            };
        }
        passes
    }

    fn is_wanted_answer(&mut self, at: Sighting, message: &Message<'_>) -> bool {
        let endian = Endian::native();
        let answered = self.requests.answer(at, message, endian, |_| false);
        match message.kind {
            kind if kind >= types::FIRST => self.numbers.contains(&kind),
            types::ERROR => {
                let refused = message.refused().unwrap_or_default();
                let mut refused = messages(refused, endian).flatten();
                refused.any(|it| self.numbers.contains(&it.kind))
            }
            _ => answered.is_some_and(|it| it.request),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file::sample;
    use crate::messages::process::Certainty;

    fn passing(names: &[&str], frames: &[(u16, Vec<u8>)]) -> Vec<usize> {
        let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut filter = CaptureFilter::of(&names);
        (0..)
            .zip(frames)
            .filter(|(number, (protocol, bytes))| {
                let is_request = (messages(bytes, Endian::native()).flatten().next())
                    .is_some_and(|it| it.is_request());
                let direction = match is_request {
                    true => Direction::Outbound,
                    false => Direction::Inbound,
                };
                let attribution = Attribution::new(direction, Vec::new(), Certainty::Exact);
                filter.passes(&sample::frame(*number, *protocol, bytes), &attribution)
            })
            .map(|(number, _)| number as usize)
            .collect()
    }

    #[test]
    fn without_a_name_everything_passes() {
        assert_eq!(passing(&[], &sample::ip_link()).len(), 6);
    }

    #[test]
    fn a_protocol_is_known_by_its_name() {
        let frames = [sample::ip_link(), sample::nl_user(0)].concat();
        assert_eq!(passing(&["route"], &frames), [0, 1, 2, 3, 4, 5]);
        assert_eq!(passing(&["Generic"], &frames), [6, 7, 8, 9]);
        assert_eq!(passing(&["route", "generic"], &frames).len(), 10);
        assert!(passing(&["sock-diag"], &frames).is_empty());
        assert_eq!(
            CaptureFilter::of(&["sock-diag".to_owned()]).protocols.len(),
            1
        );
    }

    #[test]
    fn a_family_is_known_when_the_controller_has_named_it() {
        // Its number is in the second frame, which is the controller's.
        assert_eq!(passing(&["nl_util"], &sample::nl_user(0)), [2, 3]);
        let names = [String::from("nl_util"), String::from("nosuch")];
        let mut filter = CaptureFilter::of(&names);
        filter.learn(&sample::nl_user(0)[1].1);
        assert_eq!(filter.unknown().collect::<Vec<_>>(), ["nosuch"]);
    }

    #[test]
    fn errors_and_ends_of_dumps_are_of_the_family_that_was_asked() {
        let mut frames = sample::nl_user(0)[..3].to_vec();
        // A dump.
        frames[2].1[6..8].copy_from_slice(&0x301_u16.to_ne_bytes());
        let refusal = |kind: u16| {
            let mut payload = (-libc::ENODEV).to_ne_bytes().to_vec();
            payload.extend(sample::message(kind, 1, 2, &[]));
            (sample::GENERIC, sample::message(2, 0, 2, &payload))
        };
        let done = |sequence| (sample::GENERIC, sample::message(3, 2, sequence, &[0; 4]));
        frames.extend([refusal(0x24), refusal(16), done(2), done(1)]);
        assert_eq!(passing(&["nl_util"], &frames), [2, 3, 5]);
    }
}
