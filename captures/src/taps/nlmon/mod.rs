// SPDX-License-Identifier: GPL-2.0-or-later
//! The tap of nlmon links: one in the network namespace of nlcap itself, and one in each
//! other in which a socket of the subject is used, each with a packet socket on it.
//!
//! The kernel mirrors each message of some protocols to such a link, whoever speaks, and says
//! neither who it is nor which way it goes.

mod link;
mod ring;
mod socket;

use std::collections::{HashMap, VecDeque};
use std::fs;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::MetadataExt;

use nix::errno::Errno;
use nix::poll::PollFlags;
use nix::sys::stat::fstat;

pub(crate) use self::link::Link;
use self::socket::{PacketSocket, TapError};
use super::{Ending, Take, Tap, namespace_name};
use crate::attribution::{Namespaces, SocketInfo, SocketTable, namespace};
use crate::file::writer::Interface;
use crate::sys::netlink;
use crate::sys::privilege::raised;
use crate::terminal::text;

/// Other namespaces that are recorded at most.
const OTHERS: usize = 64;

/// Each of their rings is smaller by this factor: most say little.
const SMALLER: usize = 8;

/// The netlink protocols whose messages an nlmon link is given, netlink_filter_tap() of
/// net/netlink/af_netlink.c.
const MIRRORED: [i32; 8] = [
    libc::NETLINK_ROUTE,
    libc::NETLINK_USERSOCK,
    libc::NETLINK_SOCK_DIAG,
    libc::NETLINK_NFLOG,
    libc::NETLINK_XFRM,
    libc::NETLINK_FIB_LOOKUP,
    libc::NETLINK_NETFILTER,
    libc::NETLINK_GENERIC,
];

/// An nlmon link and the packet socket on it, which is closed before the link is removed.
struct MonitoredLink {
    socket: PacketSocket,
    link: Link,
    interface: Interface,
    /// The first error of the link, such as ENETDOWN.
    error: Option<Errno>,
    /// The namespace, where it is not nlcap's own.
    namespace: Option<OwnedFd>,
}

impl MonitoredLink {
    /// Closes what is stopped, removes the link, and says what was counted.
    fn end(self, ending: &mut Ending, take: &mut Take<'_>) {
        if let Some(errno) = self.error {
            let link = self.link.shown();
            let why = format!("link {link} went down during the recording ({errno})");
            ending.incomplete.push(why);
        }
        let counters = self.socket.finish(&mut |frame| take(frame, None));
        ending.counters.push(counters);
        // The socket is closed and holds no reference to the link: it goes at once.
        if let Err(error) = self.link.remove() {
            text::say(&error);
        }
    }
}

/// The tap: all links, in the order of the recording's interfaces.
pub(crate) struct Nlmon {
    all: Vec<MonitoredLink>,
    buffer: usize,
    snap_length: u32,
    /// The interface that records a namespace, by its cookie; None where none can.
    known: HashMap<Option<u64>, Option<u32>>,
    /// How many the session has been given.
    announced: usize,
    /// No more are begun.
    ended: bool,
    /// Those that are stopped and hold something still.
    stopped: VecDeque<MonitoredLink>,
    ending: Ending,
}

impl Nlmon {
    /// The link of this name in nlcap's own namespace, or without one a new link of our own.
    ///
    /// # Errors
    ///
    /// Where there is none, or none can be made: for want of CAP_NET_ADMIN, or of the driver.
    pub(crate) fn link(name: Option<&str>) -> anyhow::Result<Link> {
        let link = match name {
            Some(name) => Link::find(name),
            None => Link::make(),
        };
        Ok(link?)
    }

    /// Begins to gather in nlcap's own namespace, from this link. Each ring has `buffer` bytes.
    pub(crate) fn open(link: Link, buffer: usize, snap_length: u32) -> anyhow::Result<Self> {
        let mut tap = Self {
            all: Vec::new(),
            buffer,
            snap_length,
            known: HashMap::new(),
            announced: 0,
            ended: false,
            stopped: VecDeque::new(),
            ending: Ending::default(),
        };
        let inode = fs::metadata("/proc/self/ns/net").ok().map(|it| it.ino());
        let first = tap.monitor(link, buffer, inode, None)?;
        tap.known.insert(namespace(first.socket.as_fd()), Some(0));
        tap.all.push(first);
        Ok(tap)
    }

    fn monitor(
        &self,
        link: Link,
        buffer: usize,
        inode: Option<u64>,
        namespace: Option<OwnedFd>,
    ) -> Result<MonitoredLink, TapError> {
        let number = u32::try_from(self.all.len()).unwrap_or(u32::MAX);
        Ok(MonitoredLink {
            socket: PacketSocket::open(&link, number, buffer)?,
            interface: Interface {
                link: link.shown(),
                namespace: inode,
                namespace_name: inode.and_then(namespace_name),
                snap_length: self.snap_length,
            },
            link,
            error: None,
            namespace,
        })
    }

    /// Makes a link and a tap in another namespace; the number of its interface, None
    /// where nlcap has no privilege there.
    fn add(&mut self, socket: &SocketInfo) -> Option<u32> {
        if self.ended || self.all.len() > OTHERS {
            return None;
        }
        let handle = socket.open_namespace().ok()?;
        let inode = fstat(&handle).ok().map(|it| it.st_ino);
        let open = || {
            let link = Link::make().ok()?;
            self.monitor(link, self.buffer / SMALLER, inode, None).ok()
        };
        let mut monitored = netlink::within(&handle, open).ok()??;
        monitored.namespace = Some(handle);
        self.all.push(monitored);
        u32::try_from(self.all.len() - 1).ok()
    }

    /// Runs `what` in the namespace that an interface records.
    fn within<T>(&self, interface: u32, what: impl FnOnce() -> T) -> nix::Result<T> {
        let monitored = usize::try_from(interface)
            .ok()
            .and_then(|at| self.all.get(at))
            .ok_or(Errno::ENODEV)?;
        match &monitored.namespace {
            None => Ok(what()),
            Some(namespace) => raised(|| netlink::within(namespace, what)),
        }
    }
}

impl Namespaces for Nlmon {
    fn mirrors(&self, protocol: u16) -> bool {
        MIRRORED.contains(&protocol.into())
    }

    fn interface(&mut self, socket: &SocketInfo) -> Option<u32> {
        if let Some(known) = self.known.get(&socket.namespace) {
            return *known;
        }
        let interface = raised(|| self.add(socket));
        self.known.insert(socket.namespace, interface);
        interface
    }

    fn socket(&mut self, interface: u32, protocol: u16) -> nix::Result<OwnedFd> {
        self.within(interface, || netlink::socket(protocol))?
    }

    fn table(&mut self, interface: u32) -> io::Result<SocketTable> {
        self.within(interface, SocketTable::open)?
    }
}

impl Tap for Nlmon {
    fn poll(&self) -> Vec<BorrowedFd<'_>> {
        self.all.iter().map(|it| it.socket.as_fd()).collect()
    }

    fn drain(&mut self, found: &[PollFlags], take: &mut Take<'_>) {
        for (monitored, found) in self.all.iter_mut().zip(found) {
            if found.contains(PollFlags::POLLIN) {
                monitored.socket.drain(&mut |frame| take(frame, None));
            }
            if found.contains(PollFlags::POLLERR) {
                // The call clears the error, so that it wakes us once. A link that
                // comes up again is gathered from again.
                monitored.error = monitored.error.or(monitored.socket.error());
            }
        }
    }

    fn new_interfaces(&mut self) -> Vec<(u32, Interface)> {
        let announced = std::mem::replace(&mut self.announced, self.all.len());
        let new = (0..).zip(&self.all).skip(announced);
        new.map(|(number, it)| (number, it.interface.clone()))
            .collect()
    }

    fn namespaces(&mut self) -> &mut dyn Namespaces {
        self
    }

    fn lost(&mut self) -> u64 {
        self.all.iter_mut().map(|it| it.socket.lost()).sum()
    }

    fn stop(&mut self) {
        for monitored in &mut self.all {
            monitored.socket.stop();
        }
        self.ended = true;
        self.announced = 0;
        self.stopped = std::mem::take(&mut self.all).into();
    }

    fn drain_stopped(&mut self, take: &mut Take<'_>) -> bool {
        let Some(monitored) = self.stopped.front_mut() else {
            return false;
        };
        // One after another to its end.
        if !monitored.socket.drain(&mut |frame| take(frame, None))
            && let Some(monitored) = self.stopped.pop_front()
        {
            monitored.end(&mut self.ending, take);
        }
        !self.stopped.is_empty()
    }

    fn finish(&mut self, take: &mut Take<'_>) -> Ending {
        for monitored in self.stopped.drain(..) {
            monitored.end(&mut self.ending, take);
        }
        std::mem::take(&mut self.ending)
    }
}
