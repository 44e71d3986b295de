// SPDX-License-Identifier: GPL-2.0-or-later
//! The link types of a file: those that hold netlink messages, and how many packets are of
//! others.

use std::fmt;

use crate::file::LINKTYPE_NETLINK;
use crate::file::cooked::Header;
use crate::terminal::text;

/// LINKTYPE_LINUX_SLL and LINKTYPE_LINUX_SLL2, from pcap's list of link types.
const LINUX_SLL: u32 = 113;
const LINUX_SLL2: u32 = 276;

/// Link types by the names that `tcpdump -y` takes.
const NAMES: [(u32, &str); 17] = [
    (0, "NULL"),
    (1, "EN10MB"),
    (9, "PPP"),
    (101, "RAW"),
    (105, "IEEE802_11"),
    (108, "LOOP"),
    (LINUX_SLL, "LINUX_SLL"),
    (127, "IEEE802_11_RADIO"),
    (187, "BLUETOOTH_HCI_H4"),
    (220, "USB_LINUX_MMAPPED"),
    (227, "CAN_SOCKETCAN"),
    (228, "IPV4"),
    (229, "IPV6"),
    (239, "NFLOG"),
    (LINKTYPE_NETLINK as u32, "NETLINK"),
    (254, "BLUETOOTH_LINUX_MONITOR"),
    (LINUX_SLL2, "LINUX_SLL2"),
];

/// How many other link types are counted each for itself.
const MOST: usize = 8;

/// The header before the messages of a packet of this link type; None where it is none of
/// netlink.
pub(super) fn header(link_type: u32) -> Option<Header> {
    match link_type {
        LINUX_SLL => Some(Header::Sll),
        LINUX_SLL2 => Some(Header::Sll2),
        it if it == u32::from(LINKTYPE_NETLINK) => Some(Header::Netlink),
        _ => None,
    }
}

/// What link types a file has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct LinkTypes {
    /// Whether one of them is of netlink, or a packet.
    netlink: bool,
    /// Packets that are not of netlink, by their link type.
    foreign: Vec<(u32, u64)>,
    /// Packets of yet other link types.
    more: u64,
}

impl LinkTypes {
    /// Notes an interface; the header of its packets, where they may be of netlink.
    pub(super) fn interface(&mut self, link_type: u32) -> Option<Header> {
        let header = header(link_type);
        match header {
            Some(Header::Netlink) => self.netlink = true,
            // That is known by its packets.
            Some(Header::Sll | Header::Sll2) => {}
            None => self.add(link_type, 0),
        }
        header
    }

    /// Notes a packet of netlink.
    pub(super) fn netlink(&mut self) {
        self.netlink = true;
    }

    /// Counts a packet that is not of netlink.
    pub(super) fn foreign(&mut self, link_type: u32) {
        self.add(link_type, 1);
    }

    fn add(&mut self, link_type: u32, packets: u64) {
        if let Some((_, count)) = self.foreign.iter_mut().find(|(it, _)| *it == link_type) {
            *count += packets;
        } else if self.foreign.len() < MOST {
            self.foreign.push((link_type, packets));
        } else {
            self.more += packets;
        }
    }

    /// Whether the file has link types, and none is of netlink.
    pub(super) fn are_foreign(&self) -> bool {
        !self.netlink && !self.foreign.is_empty()
    }

    /// What was skipped, where something was.
    pub(super) fn skipped(&self) -> Option<String> {
        let packets = |(link_type, count): &(u32, u64)| match *count {
            0 => None,
            count => Some(format!(
                "{} of link type {}",
                text::count(count, "packet"),
                name(*link_type)
            )),
        };
        let mut all: Vec<_> = self.foreign.iter().filter_map(packets).collect();
        if self.more > 0 {
            all.push(format!("{} of others", text::count(self.more, "packet")));
        }
        (!all.is_empty()).then(|| format!("skipped {}", all.join(", ")))
    }
}

impl fmt::Display for LinkTypes {
    /// Those that are not of netlink.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = if self.foreign.len() == 1 { "" } else { "s" };
        let names: Vec<_> = self.foreign.iter().map(|(it, _)| name(*it)).collect();
        write!(f, "link type{plural} {}", names.join(", "))
    }
}

/// A link type by its number, and its name where it is a common one.
fn name(link_type: u32) -> String {
    match NAMES.iter().find(|(number, _)| *number == link_type) {
        Some((number, name)) => format!("{number} ({name})"),
        None => link_type.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_of_other_link_types_are_counted_by_type() {
        let mut types = LinkTypes::default();
        assert_eq!(types.interface(253), Some(Header::Netlink));
        assert_eq!(types.skipped(), None);
        for _ in 0..12 {
            types.foreign(1);
        }
        types.foreign(99);
        assert_eq!(
            types.skipped().as_deref(),
            Some("skipped 12 packets of link type 1 (EN10MB), 1 packet of link type 99")
        );
        assert!(!types.are_foreign());
    }

    #[test]
    fn a_file_of_many_link_types_counts_some_and_the_rest_together() {
        let mut types = LinkTypes::default();
        for link_type in 1000..2000 {
            types.foreign(link_type);
        }
        let skipped = types.skipped().unwrap();
        assert!(skipped.ends_with(", 992 packets of others"), "{skipped}");
        assert!(types.are_foreign());
    }

    #[test]
    fn a_file_of_another_link_type_is_known_without_a_packet() {
        let mut types = LinkTypes::default();
        assert_eq!(types.interface(276), Some(Header::Sll2));
        assert!(!types.are_foreign(), "its packets may be of netlink");
        assert_eq!(types.interface(1), None);
        assert!(types.are_foreign());
        assert_eq!(types.to_string(), "link type 1 (EN10MB)");
        types.netlink();
        assert!(!types.are_foreign());
    }
}
