// SPDX-License-Identifier: GPL-2.0-or-later
//! A peer that plays the kernel. It writes its messages by itself, with numbers
//! from the protocol's documentation: a fault in the client's constants shows.

use std::collections::VecDeque;
use std::io::{self, ErrorKind};
use std::time::{Duration, Instant};

use nl_user::client::Client;
use nl_user::error::Error;
use nl_user::transport::{Received, Transport};

/// The number that the peer's controller gives the family.
pub(crate) const FAMILY: u16 = 0x21;
pub(crate) const L2_LIST: u8 = 1;
pub(crate) const L2_IID: u8 = 2;

pub(crate) const NLMSG_NOOP: u16 = 1;
pub(crate) const NLMSG_ERROR: u16 = 2;
pub(crate) const NLMSG_DONE: u16 = 3;
pub(crate) const NLMSG_OVERRUN: u16 = 4;

pub(crate) const NLM_F_MULTI: u16 = 0x2;
pub(crate) const NLM_F_DUMP_INTR: u16 = 0x10;
pub(crate) const NLM_F_CAPPED: u16 = 0x100;
pub(crate) const NLM_F_ACK_TLVS: u16 = 0x200;

/// A request as the kernel sees it.
pub(crate) struct SentRequest {
    pub(crate) sequence: u32,
    pub(crate) command: u8,
    pub(crate) bytes: Vec<u8>,
}

impl SentRequest {
    /// Whether it has NLM_F_DUMP.
    pub(crate) fn is_dump(&self) -> bool {
        u16::from_ne_bytes([self.bytes[6], self.bytes[7]]) & 0x300 == 0x300
    }
}

/// One datagram to the client.
pub(crate) struct Datagram {
    pub(crate) sender: u32,
    pub(crate) bytes: Vec<u8>,
    /// Bytes that were lost on the way.
    pub(crate) lost: usize,
}

impl From<Vec<u8>> for Datagram {
    fn from(bytes: Vec<u8>) -> Self {
        Self {
            sender: 0,
            bytes,
            lost: 0,
        }
    }
}

/// Answers GETFAMILY properly, and each command of the family by a closure.
pub(crate) struct Peer<F> {
    respond: F,
    queue: VecDeque<Datagram>,
}

impl<F, D> Transport for Peer<F>
where
    F: FnMut(&SentRequest) -> Vec<D>,
    D: Into<Datagram>,
{
    fn send(&mut self, request: &[u8]) -> io::Result<()> {
        let kind = u16::from_ne_bytes([request[4], request[5]]);
        let sequence = u32::from_ne_bytes(request[8..12].try_into().unwrap());
        let asked = SentRequest {
            sequence,
            command: request[16],
            bytes: request.to_vec(),
        };
        if kind == 0x10 {
            assert_eq!(asked.command, 3, "CTRL_CMD_GETFAMILY");
            self.queue.push_back(family_answer(sequence).into());
        } else {
            assert_eq!(kind, FAMILY, "the number that GETFAMILY gave");
            assert_eq!(request[17], 1, "the family's version");
            let answer = (self.respond)(&asked);
            self.queue.extend(answer.into_iter().map(Into::into));
        }
        Ok(())
    }

    /// An empty queue is a kernel that never answers, without the wait.
    fn receive(&mut self, buffer: &mut Vec<u8>, _: Instant) -> io::Result<Received> {
        let datagram = self.queue.pop_front().ok_or(ErrorKind::TimedOut)?;
        let size = datagram.bytes.len() + datagram.lost;
        *buffer = datagram.bytes;
        Ok(Received {
            sender: datagram.sender,
            size,
        })
    }
}

/// A client whose peer answers commands by `respond`.
pub(crate) fn client<F, D>(respond: F) -> Client<Peer<F>>
where
    F: FnMut(&SentRequest) -> Vec<D>,
    D: Into<Datagram>,
{
    connect(respond).expect("the peer's controller knows the family")
}

pub(crate) fn connect<F, D>(respond: F) -> Result<Client<Peer<F>>, Error>
where
    F: FnMut(&SentRequest) -> Vec<D>,
    D: Into<Datagram>,
{
    connect_within(Duration::from_secs(5), respond)
}

/// A client that waits so long.
pub(crate) fn connect_within<F, D>(timeout: Duration, respond: F) -> Result<Client<Peer<F>>, Error>
where
    F: FnMut(&SentRequest) -> Vec<D>,
    D: Into<Datagram>,
{
    let peer = Peer {
        respond,
        queue: VecDeque::new(),
    };
    Client::new(peer, timeout)
}

fn family_answer(sequence: u32) -> Vec<u8> {
    let attributes = [
        attribute(2, b"nl_util\0"),
        attribute(1, &FAMILY.to_ne_bytes()),
        attribute(3, &1u32.to_ne_bytes()),
    ]
    .concat();
    generic(0x10, 0, sequence, 1, &attributes)
}

/// An attribute with its padding.
pub(crate) fn attribute(kind: u16, payload: &[u8]) -> Vec<u8> {
    let len = u16::try_from(4 + payload.len()).unwrap();
    let mut bytes = [len.to_ne_bytes(), kind.to_ne_bytes()].concat();
    bytes.extend_from_slice(payload);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

/// A message with its padding.
pub(crate) fn message(kind: u16, flags: u16, sequence: u32, payload: &[u8]) -> Vec<u8> {
    let mut bytes = u32::try_from(16 + payload.len())
        .unwrap()
        .to_ne_bytes()
        .to_vec();
    bytes.extend(kind.to_ne_bytes());
    bytes.extend(flags.to_ne_bytes());
    bytes.extend(sequence.to_ne_bytes());
    bytes.extend(4242u32.to_ne_bytes());
    bytes.extend_from_slice(payload);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

pub(crate) fn generic(
    kind: u16,
    flags: u16,
    sequence: u32,
    command: u8,
    attributes: &[u8],
) -> Vec<u8> {
    let payload = [&[command, 1, 0, 0], attributes].concat();
    message(kind, flags, sequence, &payload)
}

/// The answer to `asked`: one message with these NETDEV nests.
pub(crate) fn answer(asked: &SentRequest, nests: &[Vec<u8>]) -> Vec<u8> {
    part(asked, 0, nests)
}

pub(crate) fn part(asked: &SentRequest, flags: u16, nests: &[Vec<u8>]) -> Vec<u8> {
    let attributes: Vec<u8> = nests.iter().flat_map(|nest| attribute(1, nest)).collect();
    generic(FAMILY, flags, asked.sequence, asked.command, &attributes)
}

/// NLMSG_ERROR for `asked`, capped, with an extended acknowledgement.
pub(crate) fn refusal(asked: &SentRequest, errno: i32, extack: &[Vec<u8>]) -> Vec<u8> {
    let flags = NLM_F_CAPPED | if extack.is_empty() { 0 } else { NLM_F_ACK_TLVS };
    let mut payload = errno.wrapping_neg().to_ne_bytes().to_vec();
    payload.extend_from_slice(&asked.bytes[..16]);
    payload.extend(extack.concat());
    message(NLMSG_ERROR, flags, asked.sequence, &payload)
}

/// The attributes of an interface in the order of existing modules.
pub(crate) fn netdev(index: u32, name: &str) -> Vec<u8> {
    [
        attribute(1, &index.to_ne_bytes()),
        attribute(2, format!("{name}\0").as_bytes()),
        attribute(3, &0x1003u32.to_ne_bytes()),
        attribute(4, &1500u32.to_ne_bytes()),
        attribute(6, &1000u32.to_ne_bytes()),
        attribute(5, &6u32.to_ne_bytes()),
        attribute(9, &[0x00, 0xe0, 0x4c, 0x02, 0x61, 0xca]),
        attribute(8, &[0xff; 6]),
    ]
    .concat()
}

/// STATS with `members` counters: the first is 1, the next 2, and so on.
pub(crate) fn stats(members: u64) -> Vec<u8> {
    let counters: Vec<u8> = (1..=members).flat_map(u64::to_ne_bytes).collect();
    attribute(7, &counters)
}
