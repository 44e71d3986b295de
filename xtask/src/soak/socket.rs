// SPDX-License-Identifier: GPL-2.0-or-later
//! A socket of generic netlink, and the messages that come from it, taken apart and
//! judged: whatever was asked, what comes is well-formed.

use crate::netlink::{
    self, NLM_F_DUMP_INTR, NLM_F_MULTI, NLMSG_DONE, NLMSG_ERROR, attrs, half, next_message, word,
};
use anyhow::{Context, Result, bail, ensure};
use neli::{
    consts::socket::{Msg, NlFamily},
    socket::NlSocket,
    utils::Groups,
};
use ynl::model::{AttrKind, Family, SetId};

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
    /// The socket reports another error.
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
        let known = netlink::nl_util(&socket)?;
        Ok(Self {
            socket,
            family: known.family,
            group: known.group,
            buffer: vec![0; buffer],
            seq: 0,
        })
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

    /// Sends a message of the family with `body` behind its header.
    pub(super) fn send(&mut self, flags: u16, body: &[u8]) -> Result<()> {
        self.seq += 1;
        let bytes = netlink::message(self.family, flags, self.seq, body);
        self.try_send(&bytes)
            .map_err(|errno| anyhow::anyhow!("cannot send: errno {errno}"))
    }

    /// Sends any bytes; the errno, where the system call fails.
    pub(super) fn try_send(&self, bytes: &[u8]) -> std::result::Result<(), i32> {
        match self.socket.send(bytes, Msg::empty()) {
            Ok(_) => Ok(()),
            Err(err) => Err(err.raw_os_error().unwrap_or(-1)),
        }
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
            messages.push(self.parse(next_message(&mut rest)?)?);
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
