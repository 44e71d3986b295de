// SPDX-License-Identifier: GPL-2.0-or-later
//! `struct nlmsghdr` and `struct genlmsghdr`.

use super::{Endian, Malformed, attributes, flags};

/// Values of `nlmsg_type` below the protocols' own.
pub mod types {
    /// Nothing.
    pub const NOOP: u16 = 1;
    /// An error, or with errno 0 an acknowledgement.
    pub const ERROR: u16 = 2;
    /// End of a dump.
    pub const DONE: u16 = 3;
    /// Data were lost.
    pub const OVERRUN: u16 = 4;
    /// The first of the protocols' own.
    pub const FIRST: u16 = 16;
}

/// Netlink protocols, `NETLINK_*` of linux/netlink.h, that differ in what is known here.
pub mod protocols {
    /// Links, addresses, routes.
    pub const ROUTE: u16 = 0;
    /// What sockets there are.
    pub const SOCK_DIAG: u16 = 4;
    /// IPsec.
    pub const XFRM: u16 = 6;
    /// Sessions of iSCSI.
    pub const ISCSI: u16 = 8;
    /// Lookups of routes.
    pub const FIB_LOOKUP: u16 = 10;
    /// Events of processes and of drivers.
    pub const CONNECTOR: u16 = 11;
    /// Packet filters.
    pub const NETFILTER: u16 = 12;
    /// RDMA.
    pub const RDMA: u16 = 20;
    /// Algorithms.
    pub const CRYPTO: u16 = 21;
}

/// The protocol of generic netlink, `NETLINK_GENERIC`.
pub const GENERIC: u16 = 16;

/// The number of generic netlink's controller, `GENL_ID_CTRL`: the only family whose number
/// is fixed.
pub const CONTROLLER: u16 = types::FIRST;

/// Bytes of `struct nlmsghdr`.
pub const MESSAGE_HEADER: usize = 16;
/// Bytes of `struct genlmsghdr`.
pub const GENL_HEADER: usize = 4;

/// A netlink message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Message<'a> {
    /// `nlmsg_len`: bytes with the header. More than there are in a message that
    /// the capture's snap length cut.
    pub length: u32,
    /// `nlmsg_type`.
    pub kind: u16,
    /// `nlmsg_flags`.
    pub flags: u16,
    /// `nlmsg_seq`.
    pub sequence: u32,
    /// `nlmsg_pid`: the port id of the socket that is spoken to, or speaks.
    pub port: u32,
    /// What is behind the header, as far as it is there.
    pub payload: &'a [u8],
}

impl<'a> Message<'a> {
    /// Whether it asks for something.
    pub fn is_request(&self) -> bool {
        self.flags & flags::REQUEST != 0
    }

    /// Whether it is one of netlink's own: an error, an end and the like. The connector has its
    /// own messages of type [`types::DONE`], with a `struct cn_msg` each; those of FIB_LOOKUP
    /// have whatever type the program gave them, as a rule none; iSCSI counts from 11 on.
    pub fn is_control(&self, protocol: u16) -> bool {
        const ISCSI_UEVENT_CREATE_SESSION: u16 = 11;
        let is_own = match protocol {
            protocols::CONNECTOR => true,
            protocols::FIB_LOOKUP => self.kind == 0,
            protocols::ISCSI => self.kind >= ISCSI_UEVENT_CREATE_SESSION,
            _ => false,
        };
        self.kind < types::FIRST && !is_own
    }

    /// The byte order of its numbers where nothing says it: nfnetlink's are in network order,
    /// but for those of ipset, which say so themselves (`NLA_F_NET_BYTEORDER`).
    pub fn number_order(&self, protocol: u16, endian: Endian) -> Endian {
        const IPSET: u16 = 6;
        match protocol {
            protocols::NETFILTER if self.kind >> 8 != IPSET => Endian::Big,
            _ => endian,
        }
    }

    /// The header of the request that an [`types::ERROR`] is about.
    pub fn refused(&self) -> Option<&'a [u8]> {
        (self.kind == types::ERROR).then_some(())?;
        self.payload.get(4..4 + MESSAGE_HEADER)
    }

    /// Whether bytes at its end are missing.
    pub fn is_cut(&self) -> bool {
        (self.payload.len() + MESSAGE_HEADER) < self.length as usize
    }

    /// The errno of a [`types::ERROR`] message, positive; 0 acknowledges.
    pub fn errno(&self, endian: Endian) -> Option<i32> {
        (self.kind == types::ERROR).then_some(())?;
        Some(endian.u32(self.payload)?.cast_signed().wrapping_neg())
    }
}

/// Which protocol's sockets a request of sock_diag is about, IPPROTO_*; `None` where it is about
/// others than those of IPv4 and IPv6.
pub fn asked_protocol(request: &Message<'_>, endian: Endian) -> Option<u64> {
    const TCPDIAG_GETSOCK: u16 = 18;
    const DCCPDIAG_GETSOCK: u16 = 19;
    const TCP: u64 = 6;
    const DCCP: u64 = 33;
    // struct inet_diag_req_v2, and INET_DIAG_REQ_PROTOCOL for those above 255.
    const HEADER: usize = 56;
    const PROTOCOL: u16 = 3;
    let [2 | 10, protocol, ..] = *request.payload else {
        return None;
    };
    Some(match request.kind {
        TCPDIAG_GETSOCK => TCP,
        DCCPDIAG_GETSOCK => DCCP,
        _ => {
            let behind = request.payload.get(HEADER..).unwrap_or(&[]);
            let mut all = attributes(behind, endian).flatten();
            let named = all.find(|it| it.number == PROTOCOL);
            let named = named.and_then(|it| it.u32(endian));
            named.map_or(protocol.into(), u64::from)
        }
    })
}

/// Whether `bytes` begin with the header of a message.
pub fn begins_message(bytes: &[u8], endian: Endian) -> bool {
    let length = endian.u32(bytes).and_then(|it| usize::try_from(it).ok());
    bytes.len() >= MESSAGE_HEADER && length.is_some_and(|it| it >= MESSAGE_HEADER)
}

/// The messages of one datagram.
pub fn messages(bytes: &[u8], endian: Endian) -> Messages<'_> {
    Messages {
        bytes,
        at: 0,
        endian,
    }
}

/// Iterator over the messages of one datagram.
#[derive(Debug, Clone)]
pub struct Messages<'a> {
    bytes: &'a [u8],
    at: usize,
    endian: Endian,
}

impl<'a> Iterator for Messages<'a> {
    type Item = Result<Message<'a>, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        let (at, rest) = (self.at, self.bytes.get(self.at..)?);
        if rest.is_empty() {
            return None;
        }
        let whole = begins_message(rest, self.endian).then(|| {
            let length = self.endian.u32(rest)?;
            let end = usize::try_from(length).ok()?;
            let message = Message {
                length,
                kind: self.endian.u16(rest.get(4..)?)?,
                flags: self.endian.u16(rest.get(6..)?)?,
                sequence: self.endian.u32(rest.get(8..)?)?,
                port: self.endian.u32(rest.get(12..)?)?,
                payload: rest.get(MESSAGE_HEADER..end.min(rest.len()))?,
            };
            Some((message, end))
        });
        let Some((message, end)) = whole.flatten() else {
            self.at = self.bytes.len();
            let length = self
                .endian
                .u32(rest)
                .map_or(rest.len(), |length| length as usize);
            return Some(Err(Malformed {
                offset: at,
                length,
                left: rest.len(),
            }));
        };
        self.at = end
            .checked_next_multiple_of(4)
            .map_or(usize::MAX, |end| at.saturating_add(end));
        Some(Ok(message))
    }
}

/// A generic netlink message, behind its netlink header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Genl<'a> {
    /// The operation.
    pub command: u8,
    /// The family's version.
    pub version: u8,
    /// Attributes, behind the family's own header if it has one.
    pub payload: &'a [u8],
}

/// The generic netlink header of a message's payload; `None` if it is too short.
pub fn genl(payload: &[u8]) -> Option<Genl<'_>> {
    let [command, version, ..] = *payload.first_chunk::<GENL_HEADER>()?;
    Some(Genl {
        command,
        version,
        payload: payload.get(GENL_HEADER..)?,
    })
}
