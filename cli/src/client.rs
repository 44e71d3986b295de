// SPDX-License-Identifier: GPL-2.0-or-later
//! The family's commands, one request and its answer at a time.
//!
//! # Which message is an answer
//!
//! A datagram counts only if the kernel sent it (port id 0), a message in it
//! only if it has the request's sequence number. Others are passed over until
//! the deadline. There is one deviation: an existing module answers with the
//! sequence number + 1. A message of the family with that number is taken too:
//! one request is outstanding at a time, and requests take every second number,
//! so that it cannot be the answer to another. nlmsg_pid is not looked at: the
//! kernel delivers by the socket's port id, whatever the message says.

use std::time::{Duration, Instant};

use neli::consts::genl::CtrlAttr;
use neli::consts::nl::{GenlId, NlmF, Nlmsg, NlmsgerrAttr};
use nix::errno::Errno;

use crate::error::{Error, Refusal};
use crate::netdev::Netdev;
use crate::request::{self, EncodeError, Operation, Request};
use crate::transport::{KernelSocket, Transport};
use crate::uapi::{Command, NlUtilAttr};
use crate::wire::{
    Attributes, GENERIC_HEADER, MESSAGE_HEADER, Malformed, Message, Messages, align, u32_at,
};

/// How long a request may take, answer included. The kernel answers within a
/// system call: this is for a kernel that never does.
pub const TIMEOUT: Duration = Duration::from_secs(5);

/// How often a list is asked for that changes while it is read.
pub const MAX_DUMPS: u32 = 8;

/// Where reading an answer of many parts stops.
const MAX_ANSWER: usize = 64 << 20;

/// Speaks the family's commands over a transport.
#[derive(Debug)]
pub struct Client<T> {
    transport: T,
    timeout: Duration,
    family: u16,
    sequence: u32,
    buffer: Vec<u8>,
}

impl Client<KernelSocket> {
    /// Opens a socket in the caller's network namespace and looks up the family.
    ///
    /// # Errors
    ///
    /// [`Error::Open`], and those of [`Client::new`].
    pub fn connect() -> Result<Self, Error> {
        let socket = KernelSocket::open().map_err(Error::Open)?;
        Self::new(socket, TIMEOUT)
    }
}

impl<T: Transport> Client<T> {
    /// Looks up the family over `transport`. Each request, this one included,
    /// may take `timeout`.
    ///
    /// # Errors
    ///
    /// [`Error::FamilyAbsent`] if the kernel has no such family, and what a
    /// conversation can meet.
    pub fn new(transport: T, timeout: Duration) -> Result<Self, Error> {
        let mut client = Self {
            transport,
            timeout,
            family: GenlId::Ctrl.into(),
            sequence: 0,
            buffer: Vec::new(),
        };
        client.family = client.get_family()?;
        Ok(client)
    }

    /// All Ethernet interfaces, in the order of their indices.
    ///
    /// Asked for in one message, and by a dump where the kernel says that one message
    /// does not hold them. A dump during which interfaces came or went is asked for
    /// again, [`MAX_DUMPS`] times in all.
    ///
    /// # Errors
    ///
    /// What a conversation can meet. [`Error::Inconsistent`] if no dump was undisturbed.
    pub fn l2_list(&mut self) -> Result<Vec<Netdev>, Error> {
        let family = self.family;
        let in_one = self.netdevs(Command::L2List, |sequence| {
            request::l2_list(family, sequence)
        });
        let is = |error: &Error, errno: Errno| matches!(error, Error::Refused(refusal) if refusal.errno == errno as i32);
        let too_long = match in_one {
            Err(error) if is(&error, Errno::EMSGSIZE) => error,
            answer => return answer,
        };
        let mut dumps = 1;
        loop {
            let dump = self.netdevs(Command::L2List, |sequence| {
                request::l2_list_dump(family, sequence)
            });
            match dump {
                Err(Error::Inconsistent { .. }) if dumps < MAX_DUMPS => dumps += 1,
                // Existing modules have no dump.
                Err(error) if is(&error, Errno::EOPNOTSUPP) => return Err(too_long),
                answer => return answer,
            }
        }
    }

    /// The Ethernet interface with this index, with its counters. What the
    /// answer holds: normally one.
    ///
    /// # Errors
    ///
    /// What a conversation can meet. ENODEV if there is none.
    pub fn l2_iid(&mut self, ifindex: u32) -> Result<Vec<Netdev>, Error> {
        let family = self.family;
        self.netdevs(Command::L2Iid, |sequence| {
            request::l2_iid(family, sequence, ifindex)
        })
    }

    fn get_family(&mut self) -> Result<u16, Error> {
        let operation = Operation::GetFamily;
        let mut id = None;
        let answer = self.converse(operation, request::get_family, |body| {
            for attribute in Attributes::<CtrlAttr>::new(body, MESSAGE_HEADER + GENERIC_HEADER) {
                let attribute = attribute?;
                if attribute.kind == CtrlAttr::FamilyId {
                    id = Some(attribute.u16()?);
                }
            }
            Ok(())
        });
        match answer {
            Err(Error::Refused(refusal)) if refusal.errno == Errno::ENOENT as i32 => {
                return Err(Error::FamilyAbsent);
            }
            answer => answer?,
        }
        id.ok_or_else(|| Error::Malformed {
            operation,
            source: Malformed::Missing {
                label: "family-id".to_owned(),
                offset: MESSAGE_HEADER + GENERIC_HEADER,
            },
        })
    }

    fn netdevs(
        &mut self,
        command: Command,
        encode: impl FnOnce(u32) -> Result<Request, EncodeError>,
    ) -> Result<Vec<Netdev>, Error> {
        let mut netdevs = Vec::new();
        self.converse(Operation::Family(command), encode, |body| {
            for attribute in Attributes::<NlUtilAttr>::new(body, MESSAGE_HEADER + GENERIC_HEADER) {
                let attribute = attribute?;
                if attribute.kind == NlUtilAttr::Netdev {
                    let offset = attribute.payload_offset();
                    netdevs.push(Netdev::parse(attribute.payload, offset)?);
                }
            }
            Ok(())
        })?;
        Ok(netdevs)
    }

    /// Sends a request and hands the attributes of each message of the answer
    /// to `take`, until the answer is complete.
    fn converse(
        &mut self,
        operation: Operation,
        encode: impl FnOnce(u32) -> Result<Request, EncodeError>,
        mut take: impl FnMut(&[u8]) -> Result<(), Malformed>,
    ) -> Result<(), Error> {
        self.sequence = self.sequence.wrapping_add(2);
        let request =
            encode(self.sequence).map_err(|source| Error::Encode { operation, source })?;
        let deadline = Instant::now() + self.timeout;
        self.transport
            .send(&request.bytes)
            .map_err(|source| Error::Send { operation, source })?;
        let mut answer = Answer {
            request: &request,
            family: self.family,
            take: &mut take,
            is_consistent: true,
        };
        let mut total = 0usize;
        loop {
            self.receive(operation, deadline, &mut total)?;
            let mut is_of_it = false;
            for message in Messages::new(&self.buffer) {
                let message = message.map_err(|source| Error::Malformed { operation, source })?;
                match answer.add(&message)? {
                    Progress::None => {}
                    Progress::More => is_of_it = true,
                    // Only now: the socket takes no other dump before the end of one.
                    Progress::Complete if answer.is_consistent => return Ok(()),
                    Progress::Complete => return Err(Error::Inconsistent { operation }),
                }
            }
            // An answer that is there, or goes on, is taken however late it is: what was
            // late may be this program, on a busy machine.
            if !is_of_it && Instant::now() >= deadline {
                return Err(self.timed_out(operation));
            }
        }
    }

    /// Reads the kernel's next datagram into the buffer, whole.
    fn receive(
        &mut self,
        operation: Operation,
        deadline: Instant,
        total: &mut usize,
    ) -> Result<(), Error> {
        loop {
            let received = self.transport.receive(&mut self.buffer, deadline);
            let received = received.map_err(|source| match source.kind() {
                std::io::ErrorKind::TimedOut => self.timed_out(operation),
                _ => Error::Receive { operation, source },
            })?;
            if received.sender != 0 {
                // Not left to the transport alone: a stream of what is passed over
                // must not outlast the deadline either.
                if Instant::now() >= deadline {
                    return Err(self.timed_out(operation));
                }
                continue;
            }
            let (got, size) = (self.buffer.len(), received.size);
            if got != size {
                return Err(Error::Truncated {
                    operation,
                    got,
                    size,
                });
            }
            *total = total.saturating_add(size);
            if *total > MAX_ANSWER {
                return Err(Error::Endless {
                    operation,
                    limit: MAX_ANSWER,
                });
            }
            return Ok(());
        }
    }

    fn timed_out(&self, operation: Operation) -> Error {
        Error::Timeout {
            operation,
            timeout: self.timeout,
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Progress {
    /// The message is no part of the answer.
    None,
    More,
    Complete,
}

/// Ties messages to a request.
struct Answer<'a, F> {
    request: &'a Request,
    family: u16,
    take: &'a mut F,
    /// No message said otherwise.
    is_consistent: bool,
}

impl<F: FnMut(&[u8]) -> Result<(), Malformed>> Answer<'_, F> {
    fn add(&mut self, message: &Message<'_>) -> Result<Progress, Error> {
        let operation = self.request.operation;
        let exact = message.sequence == self.request.sequence;
        if exact && message.flags.contains(NlmF::DUMP_INTR) {
            self.is_consistent = false;
        }
        match Nlmsg::from(message.kind) {
            Nlmsg::Noop => Ok(Progress::None),
            Nlmsg::Overrun => Err(Error::Overrun { operation }),
            Nlmsg::Error if exact => self
                .status(message, "NLMSG_ERROR")
                .map(|()| Progress::Complete),
            Nlmsg::Done if exact => self
                .status(message, "NLMSG_DONE")
                .map(|()| Progress::Complete),
            Nlmsg::UnrecognizedConst(kind) if kind == self.family => {
                if !exact && !self.has_the_deviation(message) {
                    return Ok(Progress::None);
                }
                self.part(message)
            }
            Nlmsg::UnrecognizedConst(kind) if exact => Err(Error::Unexpected {
                operation,
                what: format!("type {kind}"),
            }),
            _ => Ok(Progress::None),
        }
    }

    /// Sequence number + 1, which no controller answers with.
    fn has_the_deviation(&self, message: &Message<'_>) -> bool {
        matches!(self.request.operation, Operation::Family(_))
            && message.sequence == self.request.sequence.wrapping_add(1)
    }

    /// A message of the answer proper.
    fn part(&mut self, message: &Message<'_>) -> Result<Progress, Error> {
        let operation = self.request.operation;
        let malformed = |source| Error::Malformed { operation, source };
        let payload = message.payload;
        let (Some(&command), Some(body)) = (payload.first(), payload.get(GENERIC_HEADER..)) else {
            return Err(malformed(Malformed::Body {
                what: "generic netlink header",
                have: payload.len(),
            }));
        };
        if let Operation::Family(asked) = operation
            && command != u8::from(asked)
        {
            return Err(Error::Unexpected {
                operation,
                what: format!("command {command}"),
            });
        }
        (self.take)(body).map_err(malformed)?;
        Ok(if message.flags.contains(NlmF::MULTI) {
            Progress::More
        } else {
            Progress::Complete
        })
    }

    /// What NLMSG_ERROR and NLMSG_DONE begin with: 0, which ends the answer
    /// well (an acknowledgement, in the former), or a negative error number.
    /// DONE may come without.
    fn status(&self, message: &Message<'_>, what: &'static str) -> Result<(), Error> {
        let operation = self.request.operation;
        let malformed = |source| Error::Malformed { operation, source };
        let is_done = message.kind == u16::from(Nlmsg::Done);
        let payload = message.payload;
        if is_done && payload.is_empty() {
            return Ok(());
        }
        let short = || {
            malformed(Malformed::Body {
                what,
                have: payload.len(),
            })
        };
        let status = u32_at(payload, 0).ok_or_else(short)?.cast_signed();
        if status == 0 {
            return Ok(());
        }
        // An error repeats the request's header, and its payload too unless the
        // message is capped. Attributes follow only if the flag says so.
        let mut attributes = size_of::<i32>();
        if !is_done {
            let repeated = u32_at(payload, attributes).ok_or_else(short)?;
            attributes += MESSAGE_HEADER;
            if payload.len() < attributes {
                return Err(short());
            }
            if !message.flags.contains(NlmF::CAPPED) {
                let repeated = usize::try_from(repeated).unwrap_or(usize::MAX);
                let beyond = align(repeated.saturating_sub(MESSAGE_HEADER));
                attributes = attributes.saturating_add(beyond);
            }
        }
        let mut refusal = Refusal {
            operation,
            errno: status.saturating_neg(),
            text: None,
            at: None,
        };
        if message.flags.contains(NlmF::ACK_TLVS) {
            let bytes = payload.get(attributes..).ok_or_else(short)?;
            let start = MESSAGE_HEADER.saturating_add(attributes);
            self.explain(&mut refusal, bytes, start)
                .map_err(malformed)?;
        }
        Err(refusal.into())
    }

    fn explain(&self, refusal: &mut Refusal, bytes: &[u8], start: usize) -> Result<(), Malformed> {
        for attribute in Attributes::<NlmsgerrAttr>::new(bytes, start) {
            let attribute = attribute?;
            match attribute.kind {
                NlmsgerrAttr::Msg => {
                    let text = attribute.payload.split(|&byte| byte == 0).next();
                    refusal.text = text.filter(|text| !text.is_empty()).map(<[u8]>::to_vec);
                }
                NlmsgerrAttr::Offset => {
                    let offset = attribute.u32()?;
                    let named = usize::try_from(offset)
                        .ok()
                        .and_then(|offset| self.request.attribute_at(offset));
                    refusal.at = Some(match named {
                        Some(label) => format!("attribute {label}"),
                        None => format!("offset {offset} of the request"),
                    });
                }
                _ => {}
            }
        }
        Ok(())
    }
}
