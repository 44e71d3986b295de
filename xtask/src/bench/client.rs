// SPDX-License-Identifier: GPL-2.0-or-later
//! One client for all contenders: bytes go out, messages are counted.

use crate::netlink::{
    self, NLA_F_NESTED, NLM_F_DUMP, NLM_F_MULTI, NLM_F_REQUEST, NLMSG_DONE, NLMSG_ERROR, attr,
    half, next_message, word,
};
use anyhow::{Context, Result, bail};
use neli::{
    consts::socket::{Msg, NlFamily},
    socket::NlSocket,
    utils::Groups,
};

const RTM_GETLINK: u16 = 18;

/// What is asked.
#[derive(Clone, Copy)]
pub(super) enum Request {
    /// L2_LIST, do form.
    List,
    /// L2_LIST, dump form.
    Dump,
    /// L2_IID of an index.
    ByIndex(u32),
    /// RTM_GETLINK, all links.
    RtnlDump,
    /// RTM_GETLINK of an index.
    RtnlByIndex(u32),
}

/// How much one answer was.
#[derive(Default)]
pub(super) struct AnswerSize {
    pub(super) bytes: usize,
    pub(super) messages: usize,
}

/// A socket, and the family it speaks (RTM_GETLINK's type for rtnetlink).
pub(super) struct Client {
    socket: NlSocket,
    family: u16,
    seq: u32,
    buffer: Vec<u8>,
}

impl Client {
    /// A client of the family `nl_util`.
    pub(super) fn nl_util() -> Result<Self> {
        let mut client = Self::open(NlFamily::Generic, 0)?;
        client.family = netlink::nl_util(&client.socket)?.family;
        Ok(client)
    }

    /// A client of rtnetlink.
    pub(super) fn rtnetlink() -> Result<Self> {
        Self::open(NlFamily::Route, RTM_GETLINK)
    }

    fn open(protocol: NlFamily, family: u16) -> Result<Self> {
        let socket =
            NlSocket::connect(protocol, None, Groups::empty()).context("cannot open a socket")?;
        Ok(Self {
            socket,
            family,
            seq: 0,
            // The kernel makes parts of a dump no longer, and a do answer of the family.
            buffer: vec![0; 1 << 17],
        })
    }

    /// The port id of its socket.
    pub(super) fn port(&self) -> Result<u32> {
        self.socket.pid().context("a socket without a port id")
    }

    /// The bytes of a request.
    pub(super) fn request(&self, ask: Request) -> Vec<u8> {
        let by_index = |index: u32| {
            let ifindex = attr(1, &index.to_ne_bytes());
            attr(1 | NLA_F_NESTED, &ifindex)
        };
        // struct ifinfomsg.
        let link = |index: u32| {
            let mut body = vec![0; 16];
            body[4..8].copy_from_slice(&index.to_ne_bytes());
            body
        };
        match ask {
            Request::List => self.generic(1, 0, &[]),
            Request::Dump => self.generic(1, NLM_F_DUMP, &[]),
            Request::ByIndex(index) => self.generic(2, 0, &by_index(index)),
            Request::RtnlDump => self.message(NLM_F_DUMP, &link(0)),
            Request::RtnlByIndex(index) => self.message(0, &link(index)),
        }
    }

    fn generic(&self, command: u8, flags: u16, attrs: &[u8]) -> Vec<u8> {
        self.message(flags, &[&[command, 1, 0, 0], attrs].concat())
    }

    fn message(&self, flags: u16, body: &[u8]) -> Vec<u8> {
        netlink::message(self.family, NLM_F_REQUEST | flags, 0, body)
    }

    /// Sends a request and reads its whole answer.
    pub(super) fn ask(&mut self, request: &[u8]) -> Result<AnswerSize> {
        self.seq += 1;
        let mut bytes = request.to_vec();
        bytes[8..12].copy_from_slice(&self.seq.to_ne_bytes());
        self.socket
            .send(&bytes, Msg::empty())
            .context("cannot send")?;
        let mut total = AnswerSize::default();
        loop {
            let (length, _) = self
                .socket
                .recv(&mut self.buffer, Msg::empty())
                .context("cannot receive")?;
            let mut rest = &self.buffer[..length];
            while !rest.is_empty() {
                let message = next_message(&mut rest)?;
                match half(message, 4)? {
                    NLMSG_DONE => return Ok(total),
                    NLMSG_ERROR => {
                        bail!(
                            "the kernel refused: errno {}",
                            -word(message, 16)?.cast_signed()
                        )
                    }
                    _ => {
                        total.messages += 1;
                        total.bytes += message.len();
                        if half(message, 6)? & NLM_F_MULTI == 0 {
                            return Ok(total);
                        }
                    }
                }
            }
        }
    }
}
