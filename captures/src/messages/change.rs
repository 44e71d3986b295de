// SPDX-License-Identifier: GPL-2.0-or-later
//! Requests that change something: the kernel notifies others of it in a message, which has
//! the port id and the sequence number of the request.

use ynl::decode::{Message, Verb, flags};

/// Of linux/xfrm.h: XFRM_MSG_NEWSA, DELSA, NEWPOLICY, DELPOLICY, UPDPOLICY, UPDSA, FLUSHSA and
/// FLUSHPOLICY.
const XFRM_CHANGES: [u16; 8] = [0x10, 0x11, 0x13, 0x14, 0x19, 0x1a, 0x1c, 0x1d];

/// Whether a request of a netlink protocol asks for a change of which others are notified.
pub(crate) fn is_change(protocol: u16, message: &Message<'_>) -> bool {
    // Its sender gets the notification in place of an answer.
    if message.flags & flags::ECHO != 0 {
        return false;
    }
    let verb = message.verb(protocol);
    match i32::from(protocol) {
        libc::NETLINK_ROUTE => verb != Some(Verb::Get),
        libc::NETLINK_XFRM => XFRM_CHANGES.contains(&message.kind),
        // The subsystem is in the upper byte.
        libc::NETLINK_NETFILTER => match i32::from(message.kind >> 8) {
            libc::NFNL_SUBSYS_CTNETLINK | libc::NFNL_SUBSYS_CTNETLINK_EXP => {
                matches!(verb, Some(Verb::New | Verb::Delete))
            }
            libc::NFNL_SUBSYS_NFTABLES => verb != Some(Verb::Get),
            _ => false,
        },
        _ => false,
    }
}
