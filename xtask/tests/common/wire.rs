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
pub(crate) const NLM_F_DUMP: u16 = 0x300;
pub(crate) const NLM_F_MULTI: u16 = 2;
pub(crate) const NLM_F_DUMP_INTR: u16 = 0x10;
const NLMSG_ERROR: u16 = 2;
const NLMSG_DONE: u16 = 3;
const NLM_F_CAPPED: u16 = 0x100;
const NLM_F_ACK_TLVS: u16 = 0x200;
const GENL_ID_CTRL: u16 = 16;
const CTRL_CMD_GETFAMILY: u8 = 3;
const CTRL_ATTR_FAMILY_ID: u16 = 1;
const CTRL_ATTR_FAMILY_NAME: u16 = 2;
const CTRL_ATTR_MCAST_GROUPS: u16 = 7;
const CTRL_ATTR_MCAST_GRP_NAME: u16 = 1;
const CTRL_ATTR_MCAST_GRP_ID: u16 = 2;
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

/// One message from the kernel.
#[derive(Debug)]
pub(crate) enum Message {
    Answer(Answer),
    Refusal(Refusal),
    Ack,
    /// The end of a dump: a positive errno or 0, and the message's flags.
    Done(i32, u16),
}

/// A socket, and the family that it speaks.
pub(crate) struct Client {
    socket: NlSocket,
    pub(crate) family: u16,
    /// Multicast groups, by name.
    groups: Vec<(String, u32)>,
    seq: u32,
    /// Bytes that a read takes: the kernel makes the parts of a dump as large as the
    /// largest buffer that it has seen, up to 32 KiB.
    buffer: usize,
}

impl Client {
    /// A socket with extended ACKs; panics where the family is unknown.
    pub(crate) fn new(family: &str) -> Self {
        Self::with_buffer(family, 1 << 17)
    }

    /// As [`Self::new`], with reads of at most `buffer` bytes.
    pub(crate) fn with_buffer(family: &str, buffer: usize) -> Self {
        let socket = NlSocket::connect(NlFamily::Generic, None, Groups::empty()).unwrap();
        socket.enable_ext_ack(true).unwrap();
        let mut client = Self {
            socket,
            family: GENL_ID_CTRL,
            groups: Vec::new(),
            seq: 4000,
            buffer,
        };
        let name = [family.as_bytes(), &[0]].concat();
        let answer = client
            .ask(CTRL_CMD_GETFAMILY, &attr(CTRL_ATTR_FAMILY_NAME, &name))
            .unwrap();
        client.family =
            u16::from_ne_bytes(find(&answer.attrs, CTRL_ATTR_FAMILY_ID).try_into().unwrap());
        let groups = answer
            .attrs
            .iter()
            .find(|it| it.0 == CTRL_ATTR_MCAST_GROUPS);
        for (_, group) in attrs(groups.map_or(&[], |(_, nest)| nest)) {
            let group = attrs(&group);
            let name = text(find(&group, CTRL_ATTR_MCAST_GRP_NAME));
            client
                .groups
                .push((name, number(find(&group, CTRL_ATTR_MCAST_GRP_ID))));
        }
        client
    }

    /// Its port id.
    pub(crate) fn port(&self) -> u32 {
        self.socket.pid().unwrap()
    }

    /// Joins the family's multicast group of that name.
    pub(crate) fn join(&self, group: &str) {
        let (_, id) = self.groups.iter().find(|(name, _)| name == group).unwrap();
        self.socket
            .add_mcast_membership(Groups::new_groups(&[*id]))
            .unwrap();
    }

    /// All messages that wait in the socket, without waiting for more.
    pub(crate) fn waiting(&mut self) -> Vec<Message> {
        self.socket.nonblock().unwrap();
        let mut found = Vec::new();
        while let Some(messages) = self.read() {
            found.extend(messages);
        }
        self.socket.block().unwrap();
        found
    }

    /// Sends a request and takes the one answer, or the refusal.
    pub(crate) fn ask(&mut self, command: u8, payload: &[u8]) -> Result<Answer, Refusal> {
        self.send(NLM_F_REQUEST, command, payload);
        match self.receive() {
            Message::Answer(answer) => Ok(answer),
            Message::Refusal(refusal) => Err(refusal),
            other => panic!("{other:?} in place of an answer"),
        }
    }

    /// Dumps to the end: all parts, and whether none said that it is inconsistent.
    pub(crate) fn dump(
        &mut self,
        command: u8,
        payload: &[u8],
    ) -> Result<(Vec<Answer>, bool), Refusal> {
        self.send(NLM_F_REQUEST | NLM_F_DUMP, command, payload);
        self.dump_rest()
    }

    /// Reads a dump that has begun to its end.
    pub(crate) fn dump_rest(&mut self) -> Result<(Vec<Answer>, bool), Refusal> {
        let (mut parts, mut is_consistent) = (Vec::new(), true);
        loop {
            for message in self.read().unwrap() {
                match message {
                    Message::Answer(part) => {
                        assert_ne!(part.flags & NLM_F_MULTI, 0);
                        is_consistent &= part.flags & NLM_F_DUMP_INTR == 0;
                        parts.push(part);
                    }
                    Message::Done(0, flags) => {
                        is_consistent &= flags & NLM_F_DUMP_INTR == 0;
                        return Ok((parts, is_consistent));
                    }
                    Message::Refusal(refusal) => return Err(refusal),
                    other => panic!("{other:?} in a dump"),
                }
            }
        }
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
        self.send_bytes(&bytes);
    }

    /// Sends any bytes.
    pub(crate) fn send_bytes(&self, bytes: &[u8]) {
        self.socket.send(bytes, Msg::empty()).unwrap();
    }

    /// The sequence number of the last request.
    pub(crate) fn seq(&self) -> u32 {
        self.seq
    }

    /// Receives a datagram of one message.
    pub(crate) fn receive(&mut self) -> Message {
        let mut messages = self.read().unwrap();
        assert_eq!(messages.len(), 1, "one message a datagram");
        messages.remove(0)
    }

    /// The errno with which the next read fails, if it does; EAGAIN where nothing waits.
    pub(crate) fn read_error(&self) -> Option<i32> {
        self.socket.nonblock().unwrap();
        let read = self.socket.recv(vec![0; 1 << 17], Msg::empty());
        self.socket.block().unwrap();
        read.err().and_then(|err| err.raw_os_error())
    }

    /// Receives a datagram; `None` if there is none and the socket does not block.
    pub(crate) fn read(&mut self) -> Option<Vec<Message>> {
        let mut buffer = vec![0; self.buffer];
        let length = match self.socket.recv(&mut buffer, Msg::empty()) {
            Ok((length, _)) => length,
            Err(err) => {
                let again = err.raw_os_error() == Some(11);
                assert!(again, "{err}");
                return None;
            }
        };
        let mut rest = &buffer[..length];
        let mut messages = Vec::new();
        while !rest.is_empty() {
            let length = number(&rest[..4]) as usize;
            assert!((16..=rest.len()).contains(&length), "{length}");
            messages.push(parse(&rest[..length]));
            rest = &rest[length.next_multiple_of(4).min(rest.len())..];
        }
        Some(messages)
    }
}

fn parse(bytes: &[u8]) -> Message {
    let word = |at: usize| number(&bytes[at..at + 4]);
    let half = |at: usize| u16::from_ne_bytes(bytes[at..at + 2].try_into().unwrap());
    match half(4) {
        NLMSG_ERROR => match word(16).cast_signed() {
            0 => Message::Ack,
            errno => Message::Refusal(refusal(bytes, -errno)),
        },
        NLMSG_DONE => match word(16).cast_signed() {
            0 => Message::Done(0, half(6)),
            // A dump's attributes follow its status at once.
            errno => Message::Refusal(Refusal {
                errno: -errno,
                ..Refusal::default()
            }),
        },
        kind => Message::Answer(Answer {
            kind,
            flags: half(6),
            seq: word(8),
            port: word(12),
            command: bytes[16],
            version: bytes[17],
            length: bytes.len(),
            attrs: attrs(&bytes[20..]),
            bytes: bytes.to_vec(),
        }),
    }
}

fn refusal(bytes: &[u8], errno: i32) -> Refusal {
    let flags = u16::from_ne_bytes(bytes[6..8].try_into().unwrap());
    let mut refusal = Refusal {
        errno,
        ..Default::default()
    };
    if flags & NLM_F_ACK_TLVS == 0 {
        return refusal;
    }
    let inner = if flags & NLM_F_CAPPED != 0 {
        16
    } else {
        number(&bytes[20..24]) as usize
    };
    for (kind, data) in attrs(&bytes[20 + inner.next_multiple_of(4)..]) {
        match kind {
            NLMSGERR_ATTR_MSG => refusal.text = text(&data),
            NLMSGERR_ATTR_OFFS => refusal.offset = Some(number(&data)),
            NLMSGERR_ATTR_MISS_TYPE => refusal.missing = Some(number(&data)),
            NLMSGERR_ATTR_MISS_NEST => refusal.missing_in = Some(number(&data)),
            _ => {}
        }
    }
    refusal
}

/// The payload of the first attribute of that type.
pub(crate) fn find(attrs: &[(u16, Vec<u8>)], kind: u16) -> &[u8] {
    let found = attrs.iter().find(|(it, _)| *it == kind);
    &found
        .unwrap_or_else(|| panic!("no attribute {kind} in {attrs:?}"))
        .1
}

/// Four bytes as a number.
pub(crate) fn number(data: &[u8]) -> u32 {
    u32::from_ne_bytes(data.try_into().unwrap())
}

/// A text that ends with its NUL.
pub(crate) fn text(data: &[u8]) -> String {
    let (nul, text) = data.split_last().unwrap();
    assert_eq!(*nul, 0);
    String::from_utf8(text.to_vec()).unwrap()
}
