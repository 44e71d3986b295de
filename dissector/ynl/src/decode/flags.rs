// SPDX-License-Identifier: GPL-2.0-or-later
//! Values of `nlmsg_flags` (linux/netlink.h). The lower byte means the same in every message;
//! in the upper one the same bits mean one thing to a message that asks, another to one that
//! makes something, a third to one that removes it. Which of these a message is, its protocol
//! decides, and so does what a dump is.

use super::message::{GENERIC, Message, protocols, types};

/// It is a request.
pub const REQUEST: u16 = 0x01;
/// Part of an answer of several, which a DONE ends.
pub const MULTI: u16 = 0x02;
/// An acknowledgement is wanted.
pub const ACK: u16 = 0x04;
/// The sender gets the notification of what it changes, too.
pub const ECHO: u16 = 0x08;
/// What was dumped changed meanwhile.
pub const DUMP_INTR: u16 = 0x10;
/// Of an error: the request is not repeated behind its header.
pub const CAPPED: u16 = 0x100;
/// Of an error, an acknowledgement or a DONE: attributes of
/// `enum nlmsgerr_attrs` follow.
pub const ACK_TLVS: u16 = 0x200;
/// Of a get request: all there are (`NLM_F_ROOT | NLM_F_MATCH`).
pub const DUMP: u16 = 0x300;

/// A bit, and what it is called.
pub type Names = &'static [(u16, &'static str)];

const COMMON: Names = &[
    (REQUEST, "request"),
    (MULTI, "multi"),
    (ACK, "ack"),
    (ECHO, "echo"),
    (DUMP_INTR, "dump-intr"),
    (0x20, "dump-filtered"),
];
const GET: Names = &[
    (DUMP, "dump"),
    (0x100, "root"),
    (0x200, "match"),
    (0x400, "atomic"),
];
const NEW: Names = &[
    (0x100, "replace"),
    (0x200, "excl"),
    (0x400, "create"),
    (0x800, "append"),
];
const DELETE: Names = &[(0x100, "nonrec"), (0x200, "bulk")];
const ERROR: Names = &[(CAPPED, "capped"), (ACK_TLVS, "ack-tlvs")];
const DONE: Names = &[(ACK_TLVS, "ack-tlvs")];

/// All names, by what they are the flags of: any message, one that does what [`Verb::name`] says,
/// an error, the end of a dump. The first that is set counts.
pub const NAMES: &[(&str, Names)] = &[
    ("common", COMMON),
    ("get", GET),
    ("new", NEW),
    ("delete", DELETE),
    ("error", ERROR),
    ("done", DONE),
];

/// What a message does, as far as it decides what its flags mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// It asks.
    Get,
    /// It makes something or changes it, or tells of that.
    New,
    /// It removes something, or tells of that.
    Delete,
}

impl Verb {
    /// By the name of an operation of generic netlink, whose numbers say nothing; `None` where
    /// the name says nothing either.
    pub fn of_operation(name: &str) -> Option<Self> {
        name.split(['-', '_']).find_map(|word| match word {
            "get" | "dump" | "list" => Some(Self::Get),
            "new" | "add" | "create" | "set" => Some(Self::New),
            "del" | "delete" | "remove" => Some(Self::Delete),
            _ => None,
        })
    }

    /// `get`, `new` or `delete`: its names in [`NAMES`].
    pub fn name(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::New => "new",
            Self::Delete => "delete",
        }
    }

    /// By the letter of a table: one for each number.
    fn at(table: &[u8], number: u16) -> Option<Self> {
        match table.get(usize::from(number))? {
            b'g' => Some(Self::Get),
            b'n' => Some(Self::New),
            b'd' => Some(Self::Delete),
            _ => None,
        }
    }
}

/// The numbers of rtnetlink come in fours: RTM_NEW, RTM_DEL, RTM_GET and RTM_SET.
const ROUTE: &[u8] = b"ndg.";

/// From XFRM_MSG_NEWSA of linux/xfrm.h on.
const XFRM: &[u8] = b"ndgndg...nn.ddng..ngng..g";
const XFRM_GETSA: u16 = 0x12;
const XFRM_GETPOLICY: u16 = 0x15;

/// From CRYPTO_MSG_NEWALG of linux/cryptouser.h on.
const CRYPTO: &[u8] = b"ndngdg";
const CRYPTO_GETALG: u16 = 0x13;

/// SOCK_DESTROY of linux/sock_diag.h: messages of sock_diag with lower numbers ask.
pub const SOCK_DESTROY: u16 = 21;

/// The messages of the subsystems of nfnetlink (linux/netfilter/nfnetlink.h), which are the upper
/// bytes of their numbers.
const NETFILTER: &[(u16, &[u8])] = &[
    (1, b"ngdggggg"),
    (2, b"ngdg"),
    (5, b"nd"),
    // What is removed from a set of ipset has the flag of what is added: NLM_F_EXCL.
    (6, b"..nd...ggnn.gggg"),
    (7, b"nggd"),
    (8, b"ngd.g"),
    (9, b"ngd"),
    (10, b"ngdngdngdngdngd.g.ngdgngdgdddddddg"),
    (11, b"g"),
    (12, b"g"),
];

/// What the messages of a protocol do by their numbers, as letters: `g`, `n` and `d` for the
/// three of [`Verb`], anything else for none of them. Of sock_diag it is [`SOCK_DESTROY`] that
/// decides.
#[derive(Debug, Clone, Copy)]
pub struct Letters {
    /// Four for rtnetlink, by the number's remainder.
    pub route: &'static [u8],
    /// For xfrm, from the number 16 on.
    pub xfrm: &'static [u8],
    /// For crypto, from the number 16 on.
    pub crypto: &'static [u8],
    /// For nfnetlink, by subsystem: by the number's lower byte.
    pub netfilter: &'static [(u16, &'static [u8])],
}

/// Those that [`Message::verb`] goes by.
pub const LETTERS: Letters = Letters {
    route: ROUTE,
    xfrm: XFRM,
    crypto: CRYPTO,
    netfilter: NETFILTER,
};

/// The letters of a subsystem of nfnetlink.
fn netfilter(subsystem: u16) -> &'static [u8] {
    let found = NETFILTER.iter().find(|it| it.0 == subsystem);
    found.map_or(b"", |it| it.1)
}

impl Message<'_> {
    /// What a message of that netlink protocol does; `None` where its number does not say it,
    /// as in generic netlink.
    pub fn verb(&self, protocol: u16) -> Option<Verb> {
        let number = self.kind.checked_sub(types::FIRST)?;
        match protocol {
            protocols::ROUTE => Verb::at(ROUTE, number & 3),
            protocols::SOCK_DIAG => (self.kind < SOCK_DESTROY).then_some(Verb::Get),
            protocols::XFRM => Verb::at(XFRM, number),
            protocols::NETFILTER => Verb::at(netfilter(self.kind >> 8), self.kind & 0xff),
            protocols::CRYPTO => Verb::at(CRYPTO, number),
            _ => None,
        }
    }

    /// Whether it is a request of that netlink protocol that the kernel answers with all there
    /// are. To most protocols either bit of [`DUMP`] will do.
    pub fn is_dump(&self, protocol: u16) -> bool {
        let set = self.flags & DUMP;
        if set == 0 || !self.is_request() || self.kind < types::FIRST {
            return false;
        }
        match protocol {
            // rtnetlink_rcv_msg(), and the subsystems of nfnetlink.
            protocols::ROUTE | protocols::NETFILTER | protocols::SOCK_DIAG => {
                self.verb(protocol) == Some(Verb::Get)
            }
            // xfrm_user_rcv_msg().
            protocols::XFRM => matches!(self.kind, XFRM_GETSA | XFRM_GETPOLICY),
            // crypto_user_rcv_msg().
            protocols::CRYPTO => self.kind == CRYPTO_GETALG,
            // rdma_nl_rcv_msg().
            protocols::RDMA => true,
            // genl_rcv_msg(); of what is not known here, what NLM_F_DUMP is.
            _ => set == DUMP,
        }
    }

    /// Its flags by name, lowest first: those of a message of that netlink protocol that
    /// does `verb`. A bit whose meaning is not known is given as it is.
    pub fn flag_names(
        &self,
        protocol: u16,
        verb: Option<Verb>,
    ) -> impl Iterator<Item = Result<&'static str, u16>> + use<> {
        let upper = match (self.kind, verb) {
            (types::ERROR, _) => ERROR,
            (types::DONE, _) => DONE,
            (_, Some(Verb::Get)) if self.is_request() => GET,
            (_, Some(Verb::New)) if self.flags & DUMP != DUMP || protocol != GENERIC => NEW,
            (_, Some(Verb::Delete)) if self.flags & DUMP != DUMP || protocol != GENERIC => DELETE,
            // The bits of a dump that are both set are one, whatever else there is.
            _ if self.is_dump(protocol) => &GET[..1],
            _ => &[],
        };
        let mut left = self.flags;
        let mut known = COMMON.iter().chain(upper);
        std::iter::from_fn(move || {
            for (bits, name) in known.by_ref() {
                if left & bits == *bits {
                    left &= !bits;
                    return Some(Ok(*name));
                }
            }
            (left != 0).then(|| {
                let bit = left & left.wrapping_neg();
                left &= !bit;
                Err(bit)
            })
        })
    }
}
