// SPDX-License-Identifier: GPL-2.0-or-later
//! The nlmon link: one of our own, gone when its value is dropped, or one that
//! was there before.

use std::io::{self, Cursor};

use neli::consts::nl::NlmF;
use neli::consts::rtnl::{Iff, Ifla, IflaInfo, RtAddrFamily, Rtm};
use neli::consts::socket::{Msg, NlFamily};
use neli::nl::{NlPayload, NlmsghdrBuilder};
use neli::rtnl::{Ifinfomsg, IfinfomsgBuilder, Rtattr, RtattrBuilder};
use neli::socket::NlSocket;
use neli::types::{Buffer, NlBuffer, RtBuffer};
use neli::utils::Groups;
use neli::{FromBytesWithInput, ToBytes};
use nix::errno::Errno;

use crate::file::cooked::ARPHRD_NETLINK;
use crate::sys::privilege::{PRIVILEGE, raised};
use crate::terminal::text::{self, Reason};

/// The kind of link, as in `ip link add type nlmon`.
const KIND: &str = "nlmon";

/// Bytes of an interface name with its NUL.
const NAME_SIZE: usize = 16;

/// How many names are tried before giving up.
const NAMES: u32 = 1000;

/// Room for what the kernel says about one link, in bytes: 1.5 KiB as a rule.
const ANSWER: usize = 1 << 15;

/// What went wrong with the link.
#[derive(Debug, thiserror::Error)]
pub(super) enum LinkError {
    #[error("cannot open a rtnetlink socket: {0}")]
    Socket(Reason),
    #[error("cannot create an nlmon link: {0}: CAP_NET_ADMIN is required: {PRIVILEGE}")]
    NotPermitted(Errno),
    #[error(
        "cannot create an nlmon link: {0}: this kernel has no nlmon (CONFIG_NLMON), or its module \
         is not installed: try `modprobe nlmon`"
    )]
    NotSupported(Errno),
    #[error("cannot create an nlmon link: {0}")]
    Make(Errno),
    #[error("cannot find link {0}: {1}")]
    Find(String, Errno),
    #[error("cannot remove link {0}: {1}: try `ip link del {0}`")]
    Remove(String, Errno),
    #[error(
        "{0} is not an nlmon link (its type is {1}, not {ARPHRD_NETLINK}): create one with `ip link add NAME type nlmon`"
    )]
    NotNlmon(String, u16),
    #[error("link {0} is down: run `ip link set {0} up`")]
    Down(String),
    #[error("cannot use rtnetlink: {0}")]
    Protocol(String),
}

/// An nlmon link that is up.
pub(crate) struct Link {
    name: String,
    index: i32,
    /// The socket to remove the link by, where it is our own.
    own: Option<Route>,
}

impl Link {
    /// Makes a link of our own and sets it up.
    pub(super) fn make() -> Result<Self, LinkError> {
        let mut route = Route::open()?;
        // The process id is free as a rule, but the network namespace may have
        // processes of several pid namespaces, or a link that was left behind.
        let first = std::process::id();
        for number in (0..NAMES).map(|step| first.wrapping_add(step)) {
            let name = format!("nlcap{number}");
            match route.add(&name) {
                Ok(()) => {}
                Err(Refusal::Errno(Errno::EEXIST)) => continue,
                Err(Refusal::Errno(errno @ (Errno::EPERM | Errno::EACCES))) => {
                    return Err(LinkError::NotPermitted(errno));
                }
                Err(Refusal::Errno(errno @ Errno::EOPNOTSUPP)) => {
                    return Err(LinkError::NotSupported(errno));
                }
                Err(Refusal::Errno(errno)) => return Err(LinkError::Make(errno)),
                Err(Refusal::Protocol(text)) => return Err(LinkError::Protocol(text)),
            }
            // From here on it is ours to remove, also where the look-up fails.
            let mut link = Self {
                name,
                index: 0,
                own: Some(route),
            };
            let Some(route) = &mut link.own else { break };
            link.index = match route.find(&link.name) {
                Ok(found) => *found.ifi_index(),
                Err(refusal) => return Err(refusal.of(&link.name, LinkError::Find)),
            };
            return Ok(link);
        }
        Err(LinkError::Make(Errno::EEXIST))
    }

    /// Takes the link of this name, which must be an nlmon and up.
    pub(super) fn find(name: &str) -> Result<Self, LinkError> {
        let shown = text::escape(name);
        if name.is_empty() || name.len() >= NAME_SIZE {
            return Err(LinkError::Find(shown, Errno::ENODEV));
        }
        let found = Route::open()?
            .find(name)
            .map_err(|refusal| refusal.of(name, LinkError::Find))?;
        let kind = u16::from(*found.ifi_type());
        if kind != ARPHRD_NETLINK {
            return Err(LinkError::NotNlmon(shown, kind));
        }
        if !found.ifi_flags().contains(Iff::UP) {
            return Err(LinkError::Down(shown));
        }
        Ok(Self {
            name: name.to_owned(),
            index: *found.ifi_index(),
            own: None,
        })
    }

    /// The interface index.
    pub(super) fn index(&self) -> i32 {
        self.index
    }

    /// The name, fit for a terminal and for a file.
    pub(super) fn shown(&self) -> String {
        text::escape(&self.name)
    }

    /// Removes the link, where it is our own.
    pub(super) fn remove(mut self) -> Result<(), LinkError> {
        self.remove_own()
    }

    fn remove_own(&mut self) -> Result<(), LinkError> {
        let Some(mut route) = self.own.take() else {
            return Ok(());
        };
        match raised(|| route.delete(self.index, &self.name)) {
            // Somebody else has removed it, or its network namespace.
            Ok(()) | Err(Refusal::Errno(Errno::ENODEV)) => Ok(()),
            Err(refusal) => Err(refusal.of(&self.name, LinkError::Remove)),
        }
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        if let Err(error) = self.remove_own() {
            text::say(&error);
        }
    }
}

/// Why a request failed.
enum Refusal {
    /// The kernel's answer, or the socket's.
    Errno(Errno),
    /// What came back is no answer.
    Protocol(String),
}

impl Refusal {
    fn of(self, name: &str, error: fn(String, Errno) -> LinkError) -> LinkError {
        match self {
            Self::Errno(errno) => error(text::escape(name), errno),
            Self::Protocol(text) => LinkError::Protocol(text),
        }
    }
}

fn protocol(error: impl std::fmt::Display) -> Refusal {
    Refusal::Protocol(error.to_string())
}

fn refused(error: io::Error) -> Refusal {
    match error.raw_os_error() {
        Some(number) => Refusal::Errno(Errno::from_raw(number)),
        None => protocol(error),
    }
}

type Attributes = RtBuffer<Ifla, Buffer>;

/// A rtnetlink socket.
///
/// neli's socket handle would do more of this by itself, but it makes a megabyte
/// of buffers first, which is most of the time that making a link takes.
struct Route {
    socket: NlSocket,
    sequence: u32,
}

impl Route {
    fn open() -> Result<Self, LinkError> {
        let socket = NlSocket::connect(NlFamily::Route, None, Groups::empty())
            .map_err(|error| LinkError::Socket(Reason(error)))?;
        Ok(Self {
            socket,
            sequence: 0,
        })
    }

    /// Makes a link of this name and sets it up.
    fn add(&mut self, name: &str) -> Result<(), Refusal> {
        let kind = attribute(IflaInfo::Kind, KIND)?;
        let mut attributes = named(name)?;
        attributes.push(
            attribute(Ifla::Linkinfo, Vec::<u8>::new())?
                .nest(&kind)
                .map_err(protocol)?,
        );
        let body = IfinfomsgBuilder::default().up();
        self.request(
            Rtm::Newlink,
            NlmF::CREATE | NlmF::EXCL | NlmF::ACK,
            body,
            attributes,
        )?;
        Ok(())
    }

    /// The kernel's answer about the link of this name.
    fn find(&mut self, name: &str) -> Result<Ifinfomsg, Refusal> {
        let body = IfinfomsgBuilder::default();
        let answer = self.request(Rtm::Getlink, NlmF::empty(), body, named(name)?)?;
        answer.ok_or_else(|| protocol("no link in the answer"))
    }

    /// Removes the link of this index, or of this name where the index is 0.
    fn delete(&mut self, index: i32, name: &str) -> Result<(), Refusal> {
        let body = IfinfomsgBuilder::default().ifi_index(index);
        let attributes = if index == 0 {
            named(name)?
        } else {
            Attributes::new()
        };
        self.request(Rtm::Dellink, NlmF::ACK, body, attributes)?;
        Ok(())
    }

    /// Sends a request and reads its answer: a link, or the acknowledgement.
    fn request(
        &mut self,
        kind: Rtm,
        flags: NlmF,
        body: IfinfomsgBuilder,
        attributes: Attributes,
    ) -> Result<Option<Ifinfomsg>, Refusal> {
        self.sequence += 1;
        let body = body
            .ifi_family(RtAddrFamily::Unspecified)
            .rtattrs(attributes)
            .build()
            .map_err(protocol)?;
        let message = NlmsghdrBuilder::default()
            .nl_type(kind)
            .nl_flags(NlmF::REQUEST | flags)
            .nl_seq(self.sequence)
            .nl_payload(NlPayload::Payload(body))
            .build()
            .map_err(protocol)?;
        let mut bytes = Cursor::new(Vec::new());
        message.to_bytes(&mut bytes).map_err(protocol)?;
        self.socket
            .send(bytes.get_ref(), Msg::empty())
            .map_err(refused)?;
        loop {
            for answer in self.receive()?.iter() {
                if *answer.nl_seq() != self.sequence {
                    continue;
                }
                return match answer.nl_payload() {
                    NlPayload::Payload(link) => Ok(Some(link.clone())),
                    NlPayload::Ack(_) | NlPayload::DumpExtAck(_) | NlPayload::Empty => Ok(None),
                    NlPayload::Err(error) => Err(Refusal::Errno(Errno::from_raw(
                        error.error().saturating_neg(),
                    ))),
                };
            }
        }
    }

    fn receive(&self) -> Result<NlBuffer<Rtm, Ifinfomsg>, Refusal> {
        let mut buffer = vec![0; ANSWER];
        // With MSG_TRUNC the length is that of the message, not of what fitted.
        let (length, _) = self.socket.recv(&mut buffer, Msg::TRUNC).map_err(refused)?;
        if length > buffer.len() {
            return Err(protocol("truncated answer"));
        }
        buffer.truncate(length);
        NlBuffer::from_bytes_with_input(&mut Cursor::new(buffer), length).map_err(protocol)
    }
}

fn named(name: &str) -> Result<Attributes, Refusal> {
    let mut attributes = Attributes::new();
    attributes.push(attribute(Ifla::Ifname, name)?);
    Ok(attributes)
}

fn attribute<T, P>(kind: T, value: P) -> Result<Rtattr<T, Buffer>, Refusal>
where
    T: neli::Size,
    P: neli::Size + neli::ToBytes,
{
    RtattrBuilder::default()
        .rta_type(kind)
        .rta_payload(value)
        .build()
        .map_err(protocol)
}
