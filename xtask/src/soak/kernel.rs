// SPDX-License-Identifier: GPL-2.0-or-later
//! A socket of generic netlink, and the messages that come from it, taken apart and
//! judged: whatever was asked, what comes is well-formed.

use anyhow::{Context, Result, bail, ensure};
use neli::{
    consts::socket::{Msg, NlFamily},
    socket::NlSocket,
    utils::Groups,
};
use nl_dissector::model::{AttrKind, Family, SetId};

pub(super) const NLM_F_REQUEST: u16 = 1;
pub(super) const NLM_F_DUMP: u16 = 0x300;
const NLM_F_MULTI: u16 = 2;
const NLM_F_DUMP_INTR: u16 = 0x10;
const NLMSG_ERROR: u16 = 2;
const NLMSG_DONE: u16 = 3;
pub(super) const NLA_F_NESTED: u16 = 0x8000;
const NLA_TYPE: u16 = 0x3fff;
const EAGAIN: i32 = 11;
const ENOBUFS: i32 = 105;

/// A message from the kernel.
pub(super) enum Message {
    /// Of the family: its command, and its attributes.
    Answer {
        command: u8,
        /// More follow, and then an end.
        is_part: bool,
        is_consistent: bool,
        attrs: Vec<u8>,
    },
    /// NLMSG_ERROR: 0 or a positive errno.
    Status(i32),
    /// NLMSG_DONE: 0 or a positive errno.
    Done { errno: i32, is_consistent: bool },
    /// Of another family: the controller's.
    Other,
}

/// What a read brought.
pub(super) enum Read {
    Messages(Vec<Message>),
    Nothing,
    /// `ENOBUFS`: messages were lost, or the kernel could not make one.
    Lost,
    /// The socket tells of another error.
    Failed(i32),
}

/// A socket, and the family that it speaks.
pub(super) struct Socket {
    socket: NlSocket,
    pub(super) family: u16,
    group: u32,
    buffer: Vec<u8>,
    seq: u32,
}

impl Socket {
    /// Looks the family `nl_util` up. Reads take `buffer` bytes: the parts of a dump are
    /// no longer than that.
    pub(super) fn new(buffer: usize) -> Result<Self> {
        let socket = NlSocket::connect(NlFamily::Generic, None, Groups::empty())
            .context("cannot open a socket")?;
        socket
            .enable_ext_ack(true)
            .context("cannot set a socket option")?;
        let mut this = Self {
            socket,
            family: 0,
            group: 0,
            buffer: vec![0; buffer.max(8192)],
            seq: 0,
        };
        // CTRL_CMD_GETFAMILY with CTRL_ATTR_FAMILY_NAME.
        let name = attr(2, b"nl_util\0");
        this.send(
            16,
            NLM_F_REQUEST,
            &[&[3, 1, 0, 0], name.as_slice()].concat(),
        )?;
        let length = this.receive().context("no answer of the controller")?;
        let bytes = this.buffer.get(20..length).unwrap_or_default().to_vec();
        for (kind, payload) in attrs(&bytes)? {
            match kind {
                1 => this.family = u16::from_ne_bytes(payload.try_into()?),
                // CTRL_ATTR_MCAST_GROUPS: a list of name and number.
                7 => {
                    for (_, group) in attrs(payload)? {
                        for (kind, payload) in attrs(group)? {
                            if kind == 2 {
                                this.group = u32::from_ne_bytes(payload.try_into()?);
                            }
                        }
                    }
                }
                _ => {}
            }
        }
        ensure!(
            this.family != 0,
            "the kernel does not know the family nl_util"
        );
        this.buffer.truncate(buffer);
        Ok(this)
    }

    /// Joins the family's group.
    pub(super) fn join(&self) -> Result<()> {
        let group = Groups::new_groups(&[self.group]);
        self.socket
            .add_mcast_membership(group)
            .context("cannot join the group")
    }

    pub(super) fn set_blocking(&self, is_blocking: bool) -> Result<()> {
        let set = match is_blocking {
            true => self.socket.block(),
            false => self.socket.nonblock(),
        };
        set.context("cannot set a socket's mode")
    }

    /// Sends a message of `kind` with `body` behind its header; its sequence number.
    pub(super) fn send(&mut self, kind: u16, flags: u16, body: &[u8]) -> Result<u32> {
        self.seq += 1;
        let length = u32::try_from(16 + body.len())?;
        let mut bytes = length.to_ne_bytes().to_vec();
        bytes.extend(kind.to_ne_bytes());
        bytes.extend(flags.to_ne_bytes());
        bytes.extend(self.seq.to_ne_bytes());
        bytes.extend([0; 4]);
        bytes.extend(body);
        self.send_bytes(&bytes)?;
        Ok(self.seq)
    }

    /// Sends any bytes; the errno, where the system call fails.
    pub(super) fn try_send(&self, bytes: &[u8]) -> std::result::Result<(), i32> {
        match self.socket.send(bytes, Msg::empty()) {
            Ok(_) => Ok(()),
            Err(err) => Err(err.raw_os_error().unwrap_or(-1)),
        }
    }

    pub(super) fn send_bytes(&self, bytes: &[u8]) -> Result<()> {
        self.try_send(bytes)
            .map_err(|errno| anyhow::anyhow!("cannot send: errno {errno}"))
    }

    fn receive(&mut self) -> std::io::Result<usize> {
        let (length, _) = self.socket.recv(&mut self.buffer, Msg::empty())?;
        Ok(length)
    }

    /// Reads a datagram, and fails where it is not well-formed.
    pub(super) fn read(&mut self) -> Result<Read> {
        let length = match self.receive() {
            Ok(length) => length,
            Err(err) => {
                return match err.raw_os_error() {
                    Some(EAGAIN) => Ok(Read::Nothing),
                    Some(ENOBUFS) => Ok(Read::Lost),
                    Some(errno) => Ok(Read::Failed(errno)),
                    None => Err(err).context("cannot receive"),
                };
            }
        };
        let mut rest = &self.buffer[..length];
        let mut messages = Vec::new();
        while !rest.is_empty() {
            let length = word(rest, 0)? as usize;
            let message = rest
                .get(..length)
                .filter(|it| it.len() >= 16)
                .with_context(|| format!("a message of {length} bytes in {}", rest.len()))?;
            messages.push(self.parse(message)?);
            rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
        }
        Ok(Read::Messages(messages))
    }

    fn parse(&self, message: &[u8]) -> Result<Message> {
        let flags = half(message, 6)?;
        let is_consistent = flags & NLM_F_DUMP_INTR == 0;
        match half(message, 4)? {
            NLMSG_ERROR => {
                let errno = word(message, 16)?.cast_signed();
                ensure!((-4095..=0).contains(&errno), "an error of {errno}");
                Ok(Message::Status(-errno))
            }
            NLMSG_DONE => {
                let errno = word(message, 16)?.cast_signed();
                ensure!((-4095..=0).contains(&errno), "an end of {errno}");
                Ok(Message::Done {
                    errno: -errno,
                    is_consistent,
                })
            }
            kind if kind == self.family => {
                let attrs = message.get(20..).context("no generic netlink header")?;
                Ok(Message::Answer {
                    command: message[16],
                    is_part: flags & NLM_F_MULTI != 0,
                    is_consistent,
                    attrs: attrs.to_vec(),
                })
            }
            kind if kind >= 16 => Ok(Message::Other),
            kind => bail!("a message of type {kind}"),
        }
    }
}

fn word(bytes: &[u8], at: usize) -> Result<u32> {
    let bytes = bytes.get(at..at + 4).context("a message that ends early")?;
    Ok(u32::from_ne_bytes(bytes.try_into()?))
}

fn half(bytes: &[u8], at: usize) -> Result<u16> {
    let bytes = bytes.get(at..at + 2).context("a message that ends early")?;
    Ok(u16::from_ne_bytes(bytes.try_into()?))
}

/// An attribute with its padding.
pub(super) fn attr(kind: u16, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len() + 4).unwrap_or(u16::MAX);
    let mut bytes = [length.to_ne_bytes(), kind.to_ne_bytes()].concat();
    bytes.extend(payload);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

/// The attributes in `bytes`; an error where they are not well-formed.
pub(super) fn attrs(mut bytes: &[u8]) -> Result<Vec<(u16, &[u8])>> {
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let length = usize::from(half(bytes, 0)?);
        let attr = bytes
            .get(..length)
            .filter(|it| it.len() >= 4)
            .with_context(|| format!("an attribute of {length} bytes in {}", bytes.len()))?;
        found.push((half(attr, 2)? & NLA_TYPE, &attr[4..]));
        bytes = bytes.get(length.next_multiple_of(4)..).unwrap_or_default();
    }
    Ok(found)
}

/// Whether `bytes` are attributes of the set, each as long as its type wants.
pub(super) fn judge(family: &Family, id: SetId, bytes: &[u8]) -> Result<()> {
    let set = &family[id];
    for (kind, payload) in attrs(bytes)? {
        let Some(attribute) = set.by_number(kind) else {
            bail!("attribute {kind}, which {} has not", set.name);
        };
        let right = match &attribute.kind {
            AttrKind::Scalar(scalar) => Some(payload.len()) == scalar.width.size(),
            AttrKind::String => payload.last() == Some(&0),
            AttrKind::Nest(inner) => {
                judge(family, *inner, payload)?;
                true
            }
            _ => attribute
                .checks
                .exact_len
                .is_none_or(|len| payload.len() == len as usize),
        };
        ensure!(right, "{} of {} bytes", attribute.name, payload.len());
    }
    Ok(())
}
