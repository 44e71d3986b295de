// SPDX-License-Identifier: GPL-2.0-or-later
//! A generic netlink client that sends any bytes, well-formed or not. It shares
//! no code with the project's own clients and decoders: it judges them.

use neli::{
    consts::socket::{Msg, NlFamily},
    socket::NlSocket,
    utils::Groups,
};

/// Flags and types of linux/netlink.h and linux/genetlink.h.
pub(crate) const NLM_F_REQUEST: u16 = 1;
pub(crate) const NLM_F_ACK: u16 = 4;
const NLMSG_ERROR: u16 = 2;
const NLM_F_CAPPED: u16 = 0x100;
const NLM_F_ACK_TLVS: u16 = 0x200;
const GENL_ID_CTRL: u16 = 16;
const CTRL_CMD_GETFAMILY: u8 = 3;
const CTRL_ATTR_FAMILY_ID: u16 = 1;
const CTRL_ATTR_FAMILY_NAME: u16 = 2;
const NLMSGERR_ATTR_MSG: u16 = 1;
const NLMSGERR_ATTR_OFFS: u16 = 2;
const NLMSGERR_ATTR_MISS_TYPE: u16 = 5;
const NLMSGERR_ATTR_MISS_NEST: u16 = 6;
pub(crate) const NLA_F_NESTED: u16 = 0x8000;

/// An attribute with its padding.
pub(crate) fn attr(kind: u16, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len() + 4).unwrap();
    let mut bytes = [length.to_ne_bytes(), kind.to_ne_bytes()].concat();
    bytes.extend(payload);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

/// The attributes in `bytes`, by type (flags kept) and payload, in order.
pub(crate) fn attrs(mut bytes: &[u8]) -> Vec<(u16, Vec<u8>)> {
    let mut found = Vec::new();
    while bytes.len() >= 4 {
        let length = usize::from(u16::from_ne_bytes([bytes[0], bytes[1]]));
        assert!(
            (4..=bytes.len()).contains(&length),
            "{length} of {}",
            bytes.len()
        );
        found.push((
            u16::from_ne_bytes([bytes[2], bytes[3]]),
            bytes[4..length].to_vec(),
        ));
        bytes = &bytes[length.next_multiple_of(4).min(bytes.len())..];
    }
    found
}

/// An NLMSG_ERROR, taken apart.
#[derive(Debug, PartialEq, Eq, Default)]
pub(crate) struct Refusal {
    /// Positive.
    pub(crate) errno: i32,
    pub(crate) text: String,
    /// Where the attribute at fault stands in the request.
    pub(crate) offset: Option<u32>,
    pub(crate) missing: Option<u32>,
    pub(crate) missing_in: Option<u32>,
}

/// An answer's netlink and generic netlink header, and its attributes.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) kind: u16,
    pub(crate) seq: u32,
    pub(crate) port: u32,
    pub(crate) command: u8,
    pub(crate) version: u8,
    pub(crate) flags: u16,
    pub(crate) length: usize,
    pub(crate) attrs: Vec<(u16, Vec<u8>)>,
    /// All of it, as it came.
    pub(crate) bytes: Vec<u8>,
}

/// A socket, and the family that it speaks.
pub(crate) struct Client {
    socket: NlSocket,
    pub(crate) family: u16,
    seq: u32,
}

impl Client {
    /// A socket with extended ACKs; panics where the family is unknown.
    pub(crate) fn new(family: &str) -> Self {
        let socket = NlSocket::connect(NlFamily::Generic, None, Groups::empty()).unwrap();
        socket.enable_ext_ack(true).unwrap();
        let mut client = Self {
            socket,
            family: GENL_ID_CTRL,
            seq: 4000,
        };
        let name = [family.as_bytes(), &[0]].concat();
        let answer = client
            .ask(CTRL_CMD_GETFAMILY, &attr(CTRL_ATTR_FAMILY_NAME, &name))
            .unwrap();
        let id = answer
            .attrs
            .iter()
            .find(|(kind, _)| *kind == CTRL_ATTR_FAMILY_ID)
            .unwrap();
        client.family = u16::from_ne_bytes(id.1.as_slice().try_into().unwrap());
        client
    }

    /// Its port id.
    pub(crate) fn port(&self) -> u32 {
        self.socket.pid().unwrap()
    }

    /// Sends a request and takes the one answer, or the refusal.
    pub(crate) fn ask(&mut self, command: u8, payload: &[u8]) -> Result<Answer, Refusal> {
        self.send(NLM_F_REQUEST, command, payload);
        self.receive()
            .unwrap_or_else(|| panic!("an ACK in place of an answer"))
    }

    /// Sends a message; its sequence number is in [`Self::seq`].
    pub(crate) fn send(&mut self, flags: u16, command: u8, payload: &[u8]) {
        self.seq += 1;
        let length = u32::try_from(20 + payload.len()).unwrap();
        let mut bytes = length.to_ne_bytes().to_vec();
        bytes.extend(self.family.to_ne_bytes());
        bytes.extend(flags.to_ne_bytes());
        bytes.extend(self.seq.to_ne_bytes());
        bytes.extend([0; 4]);
        bytes.extend([command, 1, 0, 0]);
        bytes.extend(payload);
        self.socket.send(&bytes, Msg::empty()).unwrap();
    }

    /// The sequence number of the last request.
    pub(crate) fn seq(&self) -> u32 {
        self.seq
    }

    /// Receives one message; `None` for an ACK.
    pub(crate) fn receive(&mut self) -> Option<Result<Answer, Refusal>> {
        let mut buffer = vec![0; 1 << 17];
        let (length, _) = self.socket.recv(&mut buffer, Msg::empty()).unwrap();
        let bytes = &buffer[..length];
        let word = |at: usize| u32::from_ne_bytes(bytes[at..at + 4].try_into().unwrap());
        let half = |at: usize| u16::from_ne_bytes(bytes[at..at + 2].try_into().unwrap());
        assert_eq!(word(0) as usize, length, "one message a datagram");
        if half(4) != NLMSG_ERROR {
            return Some(Ok(Answer {
                kind: half(4),
                seq: word(8),
                port: word(12),
                command: bytes[16],
                version: bytes[17],
                flags: half(6),
                length,
                attrs: attrs(&bytes[20..]),
                bytes: bytes.to_vec(),
            }));
        }
        let errno = -word(16).cast_signed();
        if errno == 0 {
            return None;
        }
        let flags = half(6);
        let mut refusal = Refusal {
            errno,
            ..Default::default()
        };
        if flags & NLM_F_ACK_TLVS != 0 {
            let inner = if flags & NLM_F_CAPPED != 0 {
                16
            } else {
                word(20) as usize
            };
            let number = |data: &[u8]| Some(u32::from_ne_bytes(data.try_into().unwrap()));
            for (kind, data) in attrs(&bytes[20 + inner.next_multiple_of(4)..]) {
                match kind {
                    NLMSGERR_ATTR_MSG => {
                        refusal.text = String::from_utf8(data[..data.len() - 1].to_vec()).unwrap();
                    }
                    NLMSGERR_ATTR_OFFS => refusal.offset = number(&data),
                    NLMSGERR_ATTR_MISS_TYPE => refusal.missing = number(&data),
                    NLMSGERR_ATTR_MISS_NEST => refusal.missing_in = number(&data),
                    _ => {}
                }
            }
        }
        Some(Err(refusal))
    }
}
