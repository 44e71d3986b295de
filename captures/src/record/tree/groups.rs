// SPDX-License-Identifier: GPL-2.0-or-later
//! Multicast groups: which of them a message can have been sent to.
//!
//! A frame on the tap says neither group nor receiver.

use std::collections::{BTreeSet, HashMap};

use nl_dissector::decode::{Endian, Message, attributes, genl, messages};

const CONTROLLER: u16 = libc::GENL_ID_CTRL as u16;

/// The groups that a socket has joined, numbered from 1.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::record) struct Groups(BTreeSet<u32>);

impl Groups {
    /// Sets the first 32, as bind(2) does: bit 0 is group 1.
    pub(super) fn bind(&mut self, mask: u32) {
        self.0.retain(|group| *group > 32);
        self.0.extend(
            (0..32)
                .filter(|bit| mask >> bit & 1 == 1)
                .map(|bit| bit + 1),
        );
    }

    pub(super) fn join(&mut self, group: u32) {
        self.0.insert(group);
    }

    pub(super) fn leave(&mut self, group: u32) {
        self.0.remove(&group);
    }
}

/// Whether a member of these groups can have received the notification.
pub(super) fn could_be_to(
    joined: &Groups,
    protocol: u16,
    message: &Message<'_>,
    families: &HashMap<u16, Vec<u32>>,
) -> bool {
    if joined.0.is_empty() {
        return false;
    }
    let groups = match i32::from(protocol) {
        libc::NETLINK_ROUTE => route(message),
        libc::NETLINK_GENERIC => families.get(&message.kind).map(Vec::as_slice),
        _ => None,
    };
    // What is sent to a group that we do not know can be to any.
    groups.is_none_or(|groups| groups.iter().any(|group| joined.0.contains(group)))
}

/// The groups of a rtnetlink notification, RTNLGRP_* of linux/rtnetlink.h.
fn route(message: &Message<'_>) -> Option<&'static [u32]> {
    let family = message.payload.first().copied().unwrap_or(0);
    let inet6 = i32::from(family) == libc::AF_INET6;
    Some(match message.kind {
        // RTM_NEWLINK: IPv6 tells of its part in a group of its own.
        16 | 17 if inet6 => &[12],
        16 | 17 | 108 | 109 => &[1],
        20 | 21 if inet6 => &[9],
        20 | 21 => &[5],
        // RTM_NEWROUTE; 128 and 129 are the families of multicast routes.
        24 | 25 => match i32::from(family) {
            libc::AF_INET => &[7],
            libc::AF_INET6 => &[11],
            libc::AF_MPLS => &[27],
            128 => &[6],
            129 => &[10],
            _ => return None,
        },
        28 | 29 => &[3],
        32 | 33 => match i32::from(family) {
            libc::AF_INET => &[8],
            libc::AF_INET6 => &[19],
            _ => return None,
        },
        // RTM_NEWQDISC, RTM_NEWTCLASS, RTM_NEWTFILTER, RTM_NEWACTION, RTM_NEWCHAIN.
        36 | 37 | 40 | 41 | 44 | 45 | 48 | 49 | 100 | 101 => &[4],
        52 => &[18],
        68 => &[20],
        78 | 79 => &[23],
        80 | 81 => &[24, 25, 29],
        84 | 85 => &[26],
        88 | 89 => &[28],
        92 | 94 => &[36],
        104 | 105 => &[32],
        112 | 113 => &[33],
        120 | 121 => &[35],
        _ => return None,
    })
}

/// The families of a part of the controller's list: number and groups.
pub(in crate::record) fn families(part: &[u8]) -> Vec<(u16, Vec<u32>)> {
    let endian = Endian::native();
    let find = |bytes, kind: libc::c_int| {
        attributes(bytes, endian)
            .flatten()
            .find(move |attribute| i32::from(attribute.number) == kind)
    };
    messages(part, endian)
        .flatten()
        .filter(|message| message.kind == CONTROLLER)
        .filter_map(|message| {
            let answer = genl(message.payload)?;
            let number = find(answer.payload, libc::CTRL_ATTR_FAMILY_ID)?.u16(endian)?;
            let mut groups = Vec::new();
            if let Some(all) = find(answer.payload, libc::CTRL_ATTR_MCAST_GROUPS) {
                for group in all.attributes(endian).flatten() {
                    let id = group.attributes(endian).flatten().find(|attribute| {
                        i32::from(attribute.number) == libc::CTRL_ATTR_MCAST_GRP_ID
                    });
                    groups.extend(id.and_then(|id| id.u32(endian)));
                }
            }
            Some((number, groups))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(kind: u16, payload: &[u8]) -> Message<'_> {
        Message {
            length: 16 + payload.len() as u32,
            kind,
            flags: 0,
            sequence: 0,
            port: 0,
            payload,
        }
    }

    #[test]
    fn a_link_goes_to_those_who_joined_links() {
        let families = HashMap::new();
        let (mut links, mut routes) = (Groups::default(), Groups::default());
        links.bind(1);
        routes.join(7);
        let to = |groups: &Groups, message| could_be_to(groups, 0, &message, &families);
        assert!(to(&links, message(16, &[0; 16])));
        assert!(!to(&routes, message(16, &[0; 16])));
        assert!(to(&routes, message(24, &[2; 12])));
        assert!(
            !to(&links, message(16, &[10; 16])),
            "that of IPv6 is another group's"
        );
        links.leave(1);
        assert!(!to(&links, message(16, &[0; 16])));
    }

    #[test]
    fn a_family_tells_its_own_groups() {
        let families = HashMap::from([(0x24, vec![9]), (0x25, vec![])]);
        let mut joined = Groups::default();
        joined.join(9);
        let to = |kind| could_be_to(&joined, 16, &message(kind, &[1, 1, 0, 0]), &families);
        assert!(to(0x24));
        assert!(!to(0x25));
        assert!(to(0x26), "of an unknown family anything can be");
    }

    #[test]
    fn a_mask_replaces_the_first_32_groups() {
        let mut groups = Groups::default();
        groups.join(33);
        groups.bind(0b101);
        assert_eq!(groups.0, BTreeSet::from([1, 3, 33]));
        groups.bind(0);
        assert_eq!(groups.0, BTreeSet::from([33]));
    }
}
