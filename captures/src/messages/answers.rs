// SPDX-License-Identifier: GPL-2.0-or-later
//! What can answer what.
//!
//! A number alone does not tie an answer to its request: a socket may use one for several
//! requests, and notifications of a change carry the number of the request that caused it. But
//! the kernel answers each kind of request in its own way, and errors repeat the header of what
//! they refuse (netlink_ack() of net/netlink/af_netlink.c).

use ynl::decode::{Endian, GENERIC, Message, flags, messages, types};

/// What requests have in their headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RequestHeader {
    /// `nlmsg_type`.
    pub(crate) kind: u16,
    /// `nlmsg_flags`.
    pub(crate) flags: u16,
    /// `nlmsg_pid` as it was sent, which is 0 as a rule.
    pub(crate) port: u32,
}

/// What a request may be answered with besides an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Data {
    /// Nothing: the kernel notifies others of what it changes, but not its sender.
    Nothing,
    /// What its protocol answers such a request with.
    Expected,
    /// Perhaps something: its protocol says nothing of it in numbers.
    Possible,
}

impl RequestHeader {
    pub(crate) fn of(message: &Message<'_>) -> Self {
        Self {
            kind: message.kind,
            flags: message.flags,
            port: message.port,
        }
    }

    fn has(self, flag: u16) -> bool {
        self.flags & flag != 0
    }

    /// Whether the kernel answers it with all there are.
    pub(crate) fn is_dump(self, protocol: u16) -> bool {
        let request = Message {
            length: 0,
            kind: self.kind,
            flags: self.flags,
            sequence: 0,
            port: self.port,
            payload: &[],
        };
        request.is_dump(protocol)
    }

    /// Whether it only changes something: others are notified of that under its number.
    pub(crate) fn is_change(self, protocol: u16) -> bool {
        self.data(protocol) == Data::Nothing
    }

    /// Whether its sender gets the notification of the change that it asks for. Others get the
    /// same bytes before (nlmsg_notify() of net/netlink/af_netlink.c).
    pub(crate) fn is_echoed_change(self, protocol: u16) -> bool {
        let plain = Self {
            flags: self.flags & !flags::ECHO,
            ..self
        };
        self.has(flags::ECHO) && plain.is_change(protocol)
    }

    /// Whether the kernel has to answer it, in whatever way, also where all goes well.
    pub(crate) fn is_owed_an_answer(self, protocol: u16) -> bool {
        self.has(flags::ACK) || self.is_dump(protocol) || self.data(protocol) == Data::Expected
    }

    /// Whether a message that is no part of a longer answer is all that it gets.
    pub(crate) fn ends_with(self, protocol: u16, message: &Message<'_>) -> bool {
        match message.kind {
            types::ERROR => true,
            // What is no dump is acknowledged after it.
            types::DONE => self.is_dump(protocol) || !self.has(flags::ACK),
            _ => {
                !self.is_dump(protocol)
                    && !self.has(flags::ACK)
                    && message.flags & flags::MULTI == 0
            }
        }
    }

    /// Whether a message of the kernel that has its number can answer it. `is_multipart`: parts
    /// of a longer answer have come.
    pub(crate) fn is_answered_by(
        self,
        protocol: u16,
        message: &Message<'_>,
        endian: Endian,
        is_multipart: bool,
    ) -> bool {
        match message.kind {
            types::ERROR => {
                let repeated = message.refused().unwrap_or_default();
                let repeated = messages(repeated, endian).next();
                // The length is that of the whole request, of which no more need be there.
                let header = repeated.and_then(Result::ok).map(|it| Self::of(&it));
                header.is_none_or(|it| it == self)
            }
            types::DONE => {
                self.is_dump(protocol) || is_multipart || is_audit_list(protocol, self.kind)
            }
            types::FIRST.. => {
                // What the kernel or a process says with that flag is a question of its own.
                message.flags & flags::REQUEST == 0
                    && self.data(protocol) != Data::Nothing
                    && self.has_data_of(protocol, message.kind)
            }
            _ => false,
        }
    }

    /// What it may be answered with.
    fn data(self, protocol: u16) -> Data {
        // Its sender gets the notification in place of an answer.
        if self.has(flags::ECHO) {
            return Data::Possible;
        }
        let expected = |is_get| {
            if is_get {
                Data::Expected
            } else {
                Data::Nothing
            }
        };
        match i32::from(protocol) {
            libc::NETLINK_ROUTE => match self.kind {
                RTM_SETDCB => Data::Possible,
                kind => expected(kind & RTM_KIND == RTM_GET),
            },
            libc::NETLINK_XFRM => match XFRM_CHANGES.contains(&self.kind) {
                true => Data::Nothing,
                false => Data::Possible,
            },
            libc::NETLINK_SOCK_DIAG => expected(self.kind != SOCK_DESTROY),
            // The subsystem is in the upper byte.
            libc::NETLINK_NETFILTER => match (i32::from(self.kind >> 8), self.kind & 0xff) {
                (libc::NFNL_SUBSYS_CTNETLINK | libc::NFNL_SUBSYS_CTNETLINK_EXP, command) => {
                    expected(!CONNTRACK_CHANGES.contains(&command))
                }
                (libc::NFNL_SUBSYS_NFTABLES, command) => {
                    expected(nft_answer(command.into()).is_some())
                }
                (libc::NFNL_SUBSYS_NONE, _) => Data::Nothing,
                _ => Data::Possible,
            },
            _ => Data::Possible,
        }
    }

    /// Whether an answer to it may have that type.
    fn has_data_of(self, protocol: u16, kind: u16) -> bool {
        match i32::from(protocol) {
            // Multicast tables and data centre bridging repeat the request's type.
            libc::NETLINK_ROUTE if self.has(flags::ECHO) => kind / 4 == self.kind / 4,
            libc::NETLINK_ROUTE => kind == self.kind || kind == self.kind & !RTM_KIND,
            libc::NETLINK_XFRM => XFRM_ANSWERS
                .iter()
                .find(|(request, _)| *request == self.kind)
                .is_none_or(|(_, answer)| *answer == kind),
            libc::NETLINK_NETFILTER => {
                kind >> 8 == self.kind >> 8
                    && match i32::from(kind >> 8) {
                        libc::NFNL_SUBSYS_NFTABLES if !self.has(flags::ECHO) => {
                            nft_answer((self.kind & 0xff).into()) == Some((kind & 0xff).into())
                        }
                        _ => true,
                    }
            }
            libc::NETLINK_SOCK_DIAG
            | libc::NETLINK_AUDIT
            | libc::NETLINK_CRYPTO
            | libc::NETLINK_RDMA => kind == self.kind,
            _ if protocol == GENERIC => kind == self.kind,
            _ => true,
        }
    }
}

/// Whether the kernel answers requests of a protocol in messages with port id 0:
/// audit_make_reply() of kernel/audit.c.
pub(crate) fn answers_port_zero(protocol: u16) -> bool {
    i32::from(protocol) == libc::NETLINK_AUDIT
}

/// Whether requests of a protocol may be answered by several messages without `NLM_F_MULTI`, as
/// NFT_MSG_GETSETELEM is for each element that it names.
pub(crate) fn has_several_unsaid(protocol: u16) -> bool {
    !matches!(
        i32::from(protocol),
        libc::NETLINK_ROUTE | libc::NETLINK_XFRM | libc::NETLINK_SOCK_DIAG
    )
}

/// The numbers of rtnetlink come in fours: RTM_NEW, RTM_DEL, RTM_GET and RTM_SET.
const RTM_KIND: u16 = 3;
const RTM_GET: u16 = 2;

/// Is answered as RTM_GETDCB is: dcb_doit() of net/dcb/dcbnl.c.
const RTM_SETDCB: u16 = 79;

/// Of linux/sock_diag.h.
const SOCK_DESTROY: u16 = 21;

/// Of linux/xfrm.h: XFRM_MSG_NEWSA, DELSA, NEWPOLICY, DELPOLICY, UPDPOLICY, UPDSA, FLUSHSA and
/// FLUSHPOLICY.
const XFRM_CHANGES: [u16; 8] = [0x10, 0x11, 0x13, 0x14, 0x19, 0x1a, 0x1c, 0x1d];

/// Requests of linux/xfrm.h with their answers: XFRM_MSG_GETSA, GETPOLICY, ALLOCSPI, GETAE,
/// GETSADINFO and GETSPDINFO.
const XFRM_ANSWERS: [(u16, u16); 6] = [
    (0x12, 0x10),
    (0x15, 0x13),
    (0x16, 0x10),
    (0x1f, 0x1e),
    (0x23, 0x22),
    (0x25, 0x24),
];

/// Of linux/netfilter/nfnetlink_conntrack.h: IPCTNL_MSG_CT_NEW and IPCTNL_MSG_CT_DELETE, and
/// IPCTNL_MSG_EXP_NEW and IPCTNL_MSG_EXP_DELETE of expectations.
const CONNTRACK_CHANGES: [u16; 2] = [0, 2];

/// Of linux/netfilter/nf_tables.h, those that libc does not name.
const NFT_MSG_NEWFLOWTABLE: i32 = 22;
const NFT_MSG_GETFLOWTABLE: i32 = 23;
const NFT_MSG_GETRULE_RESET: i32 = 25;
const NFT_MSG_GETSETELEM_RESET: i32 = 33;

/// The message that answers one of nf_tables; `None` where it is a change.
fn nft_answer(command: i32) -> Option<i32> {
    Some(match command {
        libc::NFT_MSG_GETTABLE => libc::NFT_MSG_NEWTABLE,
        libc::NFT_MSG_GETCHAIN => libc::NFT_MSG_NEWCHAIN,
        libc::NFT_MSG_GETRULE | NFT_MSG_GETRULE_RESET => libc::NFT_MSG_NEWRULE,
        libc::NFT_MSG_GETSET => libc::NFT_MSG_NEWSET,
        libc::NFT_MSG_GETSETELEM | NFT_MSG_GETSETELEM_RESET => libc::NFT_MSG_NEWSETELEM,
        libc::NFT_MSG_GETGEN => libc::NFT_MSG_NEWGEN,
        libc::NFT_MSG_GETOBJ | libc::NFT_MSG_GETOBJ_RESET => libc::NFT_MSG_NEWOBJ,
        NFT_MSG_GETFLOWTABLE => NFT_MSG_NEWFLOWTABLE,
        _ => return None,
    })
}

/// AUDIT_LIST_RULES of linux/audit.h is no dump, and its answer ends with a DONE all the same.
fn is_audit_list(protocol: u16, kind: u16) -> bool {
    const AUDIT_LIST_RULES: u16 = 1013;
    i32::from(protocol) == libc::NETLINK_AUDIT && kind == AUDIT_LIST_RULES
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file::sample::message;

    const ROUTE: u16 = libc::NETLINK_ROUTE as u16;
    const NETFILTER: u16 = libc::NETLINK_NETFILTER as u16;
    const REQUEST: u16 = flags::REQUEST;

    fn header(kind: u16, flags: u16) -> RequestHeader {
        RequestHeader {
            kind,
            flags,
            port: 0,
        }
    }

    fn is_answered(protocol: u16, request: RequestHeader, answer: &[u8]) -> bool {
        let answer = messages(answer, Endian::native()).next().unwrap().unwrap();
        request.is_answered_by(protocol, &answer, Endian::native(), false)
    }

    #[test]
    fn a_change_is_answered_by_errors_alone_unless_its_sender_wants_the_echo() {
        let answer = message(libc::RTM_NEWLINK, 0, 9, &[0; 16]);
        assert!(!is_answered(
            ROUTE,
            header(libc::RTM_SETLINK, REQUEST),
            &answer
        ));
        let echo = header(libc::RTM_SETLINK, REQUEST | flags::ECHO);
        assert!(is_answered(ROUTE, echo, &answer));
        assert!(is_answered(
            ROUTE,
            header(libc::RTM_GETLINK, REQUEST),
            &answer
        ));
        let nft = |command: i32| 10 << 8 | command as u16;
        let answer = message(nft(libc::NFT_MSG_NEWRULE), 0, 9, &[0; 4]);
        let is_answered = |command| is_answered(NETFILTER, header(nft(command), REQUEST), &answer);
        assert!(is_answered(libc::NFT_MSG_GETRULE));
        assert!(!is_answered(libc::NFT_MSG_NEWRULE) && !is_answered(libc::NFT_MSG_GETCHAIN));
    }

    #[test]
    fn each_object_of_rtnetlink_answers_for_itself() {
        let answer = message(libc::RTM_NEWADDR, flags::MULTI, 9, &[0; 8]);
        let dump = |kind| header(kind, REQUEST | flags::DUMP);
        assert!(is_answered(ROUTE, dump(libc::RTM_GETADDR), &answer));
        assert!(!is_answered(ROUTE, dump(libc::RTM_GETLINK), &answer));
        // Bridges answer RTM_GETMDB with itself.
        let answer = message(86, flags::MULTI, 9, &[0; 8]);
        assert!(is_answered(ROUTE, dump(86), &answer));
    }

    #[test]
    fn an_error_answers_what_it_repeats_and_a_done_ends_dumps() {
        let request = message(libc::RTM_SETLINK, REQUEST | flags::ACK, 9, &[0; 16]);
        let error = message(types::ERROR, 0, 9, &[&[0; 4], &request[..16]].concat());
        assert!(is_answered(ROUTE, header(libc::RTM_SETLINK, 5), &error));
        assert!(!is_answered(ROUTE, header(libc::RTM_SETLINK, 1), &error));
        assert!(!is_answered(ROUTE, header(libc::RTM_NEWLINK, 5), &error));
        let done = message(types::DONE, flags::MULTI, 9, &[0; 4]);
        assert!(is_answered(ROUTE, header(libc::RTM_GETLINK, 0x301), &done));
        assert!(!is_answered(ROUTE, header(libc::RTM_GETLINK, 1), &done));
    }

    #[test]
    fn a_message_with_the_flag_of_a_request_answers_nothing() {
        let copy = message(libc::RTM_GETNEIGH, REQUEST | flags::DUMP, 9, &[0; 12]);
        assert!(!is_answered(
            ROUTE,
            header(libc::RTM_GETNEIGH, 0x301),
            &copy
        ));
    }
}
