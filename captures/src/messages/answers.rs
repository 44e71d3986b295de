// SPDX-License-Identifier: GPL-2.0-or-later
//! What can answer what.
//!
//! A number alone does not tie an answer to its request: a socket may use one for several
//! requests, and notifications of a change carry the number of the request that caused it. But
//! the kernel answers each kind of request in its own way, and errors repeat the header of what
//! they refuse (netlink_ack() of net/netlink/af_netlink.c).

use ynl::decode::{Endian, GENERIC, Message, Verb, flags, messages, types};

/// What a request has in its header, and what that means in its netlink protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RequestHeader {
    protocol: u16,
    /// `nlmsg_type`.
    kind: u16,
    /// `nlmsg_flags`.
    flags: u16,
    /// `nlmsg_pid` as it was sent, which is 0 as a rule.
    port: u32,
    verb: Option<Verb>,
    /// The kernel answers it with all there are.
    pub(super) is_dump: bool,
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
    /// Of a request of that netlink protocol.
    pub(crate) fn of(protocol: u16, message: &Message<'_>) -> Self {
        Self {
            protocol,
            kind: message.kind,
            flags: message.flags,
            port: message.port,
            verb: message.verb(protocol),
            is_dump: message.is_dump(protocol),
        }
    }

    fn has(self, flag: u16) -> bool {
        self.flags & flag != 0
    }

    /// Whether it only changes something: others are notified of that under its number.
    pub(crate) fn is_change(self) -> bool {
        self.data() == Data::Nothing
    }

    /// Whether its sender gets the notification of the change that it asks for. Others get the
    /// same bytes before (nlmsg_notify() of net/netlink/af_netlink.c).
    pub(crate) fn is_echoed_change(self) -> bool {
        let plain = Self {
            flags: self.flags & !flags::ECHO,
            ..self
        };
        self.has(flags::ECHO) && plain.is_change()
    }

    /// Whether the kernel has to answer it, in whatever way, also where all goes well.
    pub(crate) fn is_owed_an_answer(self) -> bool {
        self.has(flags::ACK) || self.is_dump || self.data() == Data::Expected
    }

    /// Whether a message that is no part of a longer answer is all that it gets.
    pub(crate) fn ends_with(self, message: &Message<'_>) -> bool {
        match message.kind {
            types::ERROR => true,
            // What is no dump is acknowledged after it.
            types::DONE => self.is_dump || !self.has(flags::ACK),
            _ => !self.is_dump && !self.has(flags::ACK) && message.flags & flags::MULTI == 0,
        }
    }

    /// Whether a message of the kernel that has its number can answer it. `is_multipart`: parts
    /// of a longer answer have come.
    pub(crate) fn is_answered_by(
        self,
        message: &Message<'_>,
        endian: Endian,
        is_multipart: bool,
    ) -> bool {
        match message.kind {
            types::ERROR => {
                let repeated = message.refused().unwrap_or_default();
                let repeated = messages(repeated, endian).next();
                // The length is that of the whole request, of which no more need be there.
                let header = repeated
                    .and_then(Result::ok)
                    .map(|it| Self::of(self.protocol, &it));
                header.is_none_or(|it| it == self)
            }
            types::DONE => self.is_dump || is_multipart || self.is_audit_list(),
            types::FIRST.. => {
                // What the kernel or a process says with that flag is a question of its own.
                message.flags & flags::REQUEST == 0
                    && self.data() != Data::Nothing
                    && self.has_data_of(message.kind)
            }
            _ => false,
        }
    }

    /// What it may be answered with.
    fn data(self) -> Data {
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
        match i32::from(self.protocol) {
            libc::NETLINK_ROUTE => match self.kind {
                RTM_SETDCB => Data::Possible,
                _ => expected(self.verb == Some(Verb::Get)),
            },
            libc::NETLINK_XFRM => match XFRM_CHANGES.contains(&self.kind) {
                true => Data::Nothing,
                false => Data::Possible,
            },
            libc::NETLINK_SOCK_DIAG => expected(self.verb == Some(Verb::Get)),
            // The subsystem is in the upper byte.
            libc::NETLINK_NETFILTER => match (i32::from(self.kind >> 8), self.kind & 0xff) {
                (libc::NFNL_SUBSYS_CTNETLINK | libc::NFNL_SUBSYS_CTNETLINK_EXP, _) => {
                    expected(!matches!(self.verb, Some(Verb::New | Verb::Delete)))
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
    fn has_data_of(self, kind: u16) -> bool {
        match i32::from(self.protocol) {
            // Multicast tables and data centre bridging repeat the request's type.
            libc::NETLINK_ROUTE if self.has(flags::ECHO) => kind / 4 == self.kind / 4,
            libc::NETLINK_ROUTE => kind == self.kind || kind == self.kind & !RTM_KIND,
            libc::NETLINK_XFRM => XFRM_ANSWERS
                .iter()
                .find(|(request, _)| *request == self.kind)
                .is_none_or(|(_, answer)| *answer == kind),
            libc::NETLINK_NETFILTER if self.kind == EXP_GET_STATS_CPU => kind == EXP_STATS_CPU,
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
            _ if self.protocol == GENERIC => kind == self.kind,
            _ => true,
        }
    }

    /// AUDIT_LIST_RULES is no dump, and its answer ends with a DONE all the same.
    fn is_audit_list(self) -> bool {
        i32::from(self.protocol) == libc::NETLINK_AUDIT && self.kind == AUDIT_LIST_RULES
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

/// The numbers of rtnetlink come in fours, RTM_NEW first.
const RTM_KIND: u16 = 3;

/// Is answered as RTM_GETDCB is: dcb_doit() of net/dcb/dcbnl.c.
const RTM_SETDCB: u16 = 79;

/// Of linux/audit.h.
const AUDIT_LIST_RULES: u16 = 1013;

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

/// IPCTNL_MSG_EXP_GET_STATS_CPU of linux/netfilter/nfnetlink_conntrack.h. Its answer is of the
/// wrong subsystem: ctnetlink_exp_stat_fill_info() of net/netfilter/nf_conntrack_netlink.c.
const EXP_GET_STATS_CPU: u16 = 0x0203;
const EXP_STATS_CPU: u16 = 0x0103;

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file::sample::message;

    const ROUTE: u16 = libc::NETLINK_ROUTE as u16;
    const NETFILTER: u16 = libc::NETLINK_NETFILTER as u16;
    const REQUEST: u16 = flags::REQUEST;

    /// Type and flags of a request.
    fn header(kind: u16, flags: u16) -> (u16, u16) {
        (kind, flags)
    }

    fn is_answered(protocol: u16, (kind, flags): (u16, u16), answer: &[u8]) -> bool {
        let request = message(kind, flags, 9, &[]);
        let read = |bytes| messages(bytes, Endian::native()).next().unwrap().unwrap();
        let header = RequestHeader::of(protocol, &read(&request));
        header.is_answered_by(&read(answer), Endian::native(), false)
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
    fn counters_of_expectations_answer_with_another_subsystem() {
        let answer = message(EXP_STATS_CPU, flags::MULTI, 9, &[0; 4]);
        let dump = |kind| header(kind, REQUEST | flags::DUMP);
        assert!(is_answered(NETFILTER, dump(EXP_GET_STATS_CPU), &answer));
        assert!(!is_answered(NETFILTER, dump(0x0201), &answer));
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
