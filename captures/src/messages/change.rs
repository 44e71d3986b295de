// SPDX-License-Identifier: GPL-2.0-or-later
//! Requests that change something: the kernel notifies others of it in a message, which has
//! the port id and the sequence number of the request.

use ynl::decode::{Message, flags};

/// The numbers of rtnetlink come in fours: RTM_NEW, RTM_DEL, RTM_GET and RTM_SET.
const RTM_KIND: u16 = 3;
const RTM_GET: u16 = 2;

/// Of linux/xfrm.h: XFRM_MSG_NEWSA, DELSA, NEWPOLICY, DELPOLICY, UPDPOLICY, UPDSA, FLUSHSA and
/// FLUSHPOLICY.
const XFRM_CHANGES: [u16; 8] = [0x10, 0x11, 0x13, 0x14, 0x19, 0x1a, 0x1c, 0x1d];

/// Of linux/netfilter/nfnetlink_conntrack.h: IPCTNL_MSG_CT_NEW and IPCTNL_MSG_CT_DELETE, and
/// IPCTNL_MSG_EXP_NEW and IPCTNL_MSG_EXP_DELETE of expectations.
const CONNTRACK_CHANGES: [u16; 2] = [0, 2];

/// Of linux/netfilter/nf_tables.h, those that libc does not name.
const NFT_MSG_GETFLOWTABLE: i32 = 23;
const NFT_MSG_GETRULE_RESET: i32 = 25;
const NFT_MSG_GETSETELEM_RESET: i32 = 33;

/// All of nf_tables that only ask.
const NFT_GETS: [i32; 11] = [
    libc::NFT_MSG_GETTABLE,
    libc::NFT_MSG_GETCHAIN,
    libc::NFT_MSG_GETRULE,
    libc::NFT_MSG_GETSET,
    libc::NFT_MSG_GETSETELEM,
    libc::NFT_MSG_GETGEN,
    libc::NFT_MSG_GETOBJ,
    libc::NFT_MSG_GETOBJ_RESET,
    NFT_MSG_GETFLOWTABLE,
    NFT_MSG_GETRULE_RESET,
    NFT_MSG_GETSETELEM_RESET,
];

/// Whether a request of a netlink protocol asks for a change of which others are notified.
pub(crate) fn is_change(protocol: u16, message: &Message<'_>) -> bool {
    // Its sender gets the notification in place of an answer.
    if message.flags & flags::ECHO != 0 {
        return false;
    }
    let kind = message.kind;
    match i32::from(protocol) {
        libc::NETLINK_ROUTE => kind & RTM_KIND != RTM_GET,
        libc::NETLINK_XFRM => XFRM_CHANGES.contains(&kind),
        // The subsystem is in the upper byte.
        libc::NETLINK_NETFILTER => match i32::from(kind >> 8) {
            libc::NFNL_SUBSYS_CTNETLINK | libc::NFNL_SUBSYS_CTNETLINK_EXP => {
                CONNTRACK_CHANGES.contains(&(kind & 0xff))
            }
            libc::NFNL_SUBSYS_NFTABLES => !NFT_GETS.contains(&i32::from(kind & 0xff)),
            _ => false,
        },
        _ => false,
    }
}
