// SPDX-License-Identifier: GPL-2.0-or-later
//! One client for all contenders: bytes go out, messages are counted.

use anyhow::{Context, Result, bail};
use neli::{
    consts::socket::{Msg, NlFamily},
    socket::NlSocket,
    utils::Groups,
};

const NLM_F_REQUEST: u16 = 1;
const NLM_F_DUMP: u16 = 0x300;
const NLM_F_MULTI: u16 = 2;
const NLMSG_ERROR: u16 = 2;
const NLMSG_DONE: u16 = 3;

const GENL_ID_CTRL: u16 = 16;
const CTRL_CMD_GETFAMILY: u8 = 3;
const CTRL_ATTR_FAMILY_ID: u16 = 1;
const CTRL_ATTR_FAMILY_NAME: u16 = 2;
const RTM_GETLINK: u16 = 18;
const NLA_F_NESTED: u16 = 0x8000;

/// What a request is to ask.
#[derive(Clone, Copy)]
pub(super) enum Ask {
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

/// What one answer came to.
#[derive(Default)]
pub(super) struct Total {
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
        let mut client = Self::open(NlFamily::Generic, GENL_ID_CTRL)?;
        let request = client.generic(
            CTRL_CMD_GETFAMILY,
            0,
            &attr(CTRL_ATTR_FAMILY_NAME, b"nl_util\0"),
        );
        let mut id = None;
        client.exchange(&request, |message| {
            let mut attrs = message.get(20..).unwrap_or_default();
            while let [a, b, c, d, ..] = *attrs {
                let len = usize::from(u16::from_ne_bytes([a, b])).max(4);
                if u16::from_ne_bytes([c, d]) == CTRL_ATTR_FAMILY_ID {
                    id = attrs.get(4..6).map(|id| u16::from_ne_bytes([id[0], id[1]]));
                }
                attrs = attrs.get(len.next_multiple_of(4)..).unwrap_or_default();
            }
        })?;
        client.family = id.context("the kernel does not know the family nl_util")?;
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

    /// The bytes of a request.
    pub(super) fn request(&self, ask: Ask) -> Vec<u8> {
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
            Ask::List => self.generic(1, 0, &[]),
            Ask::Dump => self.generic(1, NLM_F_DUMP, &[]),
            Ask::ByIndex(index) => self.generic(2, 0, &by_index(index)),
            Ask::RtnlDump => self.message(NLM_F_DUMP, &link(0)),
            Ask::RtnlByIndex(index) => self.message(0, &link(index)),
        }
    }

    fn generic(&self, command: u8, flags: u16, attrs: &[u8]) -> Vec<u8> {
        self.message(flags, &[&[command, 1, 0, 0], attrs].concat())
    }

    fn message(&self, flags: u16, body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(16 + body.len()).unwrap_or(u32::MAX);
        let mut bytes = length.to_ne_bytes().to_vec();
        bytes.extend(self.family.to_ne_bytes());
        bytes.extend((NLM_F_REQUEST | flags).to_ne_bytes());
        bytes.extend([0; 8]);
        bytes.extend(body);
        bytes
    }

    /// Sends a request and reads its whole answer.
    pub(super) fn ask(&mut self, request: &[u8]) -> Result<Total> {
        self.exchange(request, |_| {})
    }

    fn exchange(&mut self, request: &[u8], mut take: impl FnMut(&[u8])) -> Result<Total> {
        self.seq += 1;
        let mut bytes = request.to_vec();
        bytes[8..12].copy_from_slice(&self.seq.to_ne_bytes());
        self.socket
            .send(&bytes, Msg::empty())
            .context("cannot send")?;
        let mut total = Total::default();
        loop {
            let (length, _) = self
                .socket
                .recv(&mut self.buffer, Msg::empty())
                .context("cannot receive")?;
            let mut rest = &self.buffer[..length];
            while let Some(header) = rest.first_chunk::<16>() {
                let length = u32::from_ne_bytes([header[0], header[1], header[2], header[3]]);
                let length = usize::try_from(length)?;
                let Some(message) = rest.get(..length).filter(|it| it.len() >= 16) else {
                    bail!("a message of {length} bytes in {}", rest.len());
                };
                match u16::from_ne_bytes([header[4], header[5]]) {
                    NLMSG_DONE => return Ok(total),
                    NLMSG_ERROR => {
                        let errno = message.get(16..20).unwrap_or(&[0; 4]);
                        let errno = i32::from_ne_bytes([errno[0], errno[1], errno[2], errno[3]]);
                        bail!("the kernel refused: errno {}", -errno);
                    }
                    _ => {
                        total.messages += 1;
                        total.bytes += length;
                        take(message);
                        let flags = u16::from_ne_bytes([header[6], header[7]]);
                        if flags & NLM_F_MULTI == 0 {
                            return Ok(total);
                        }
                    }
                }
                rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
            }
        }
    }
}

fn attr(kind: u16, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len() + 4).unwrap_or(u16::MAX);
    let mut bytes = [length.to_ne_bytes(), kind.to_ne_bytes()].concat();
    bytes.extend(payload);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}
