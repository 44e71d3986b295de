// SPDX-License-Identifier: GPL-2.0-or-later
//! The taps of a recording: one in the network namespace of nlcap itself, and one in each
//! other in which a socket of the subject is used.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::MetadataExt;

use nix::errno::Errno;
use nix::sys::stat::fstat;

use super::link::Link;
use super::socket::{Tap, TapError};
use crate::attribution::{Namespaces, Seen, Table, namespace};
use crate::file::writer::Interface;
use crate::sys::netlink;
use crate::sys::privilege::raised;

/// Other namespaces that are recorded at most.
const OTHERS: usize = 64;

/// Each of their rings is smaller by this factor: most say little.
const SMALLER: usize = 8;

/// Where ip-netns(8) keeps the names of namespaces.
const NAMES: &str = "/run/netns";

/// A tap and its link. The tap is closed before the link is removed.
pub(crate) struct Source {
    pub(crate) tap: Tap,
    pub(crate) link: Link,
    pub(crate) interface: Interface,
    /// The first error of the link, such as ENETDOWN.
    pub(crate) error: Option<Errno>,
    /// The namespace, where it is not nlcap's own.
    namespace: Option<OwnedFd>,
}

/// All taps, in the order of the recording's interfaces.
pub(crate) struct Sources {
    pub(crate) all: Vec<Source>,
    buffer: usize,
    snap_length: u32,
    /// The interface that records a namespace, by its cookie; None where none can.
    known: HashMap<Option<u64>, Option<u32>>,
    /// How many the sink has been told of.
    told: usize,
    /// No more are begun.
    ended: bool,
}

impl Sources {
    /// The first tap, on a link in nlcap's own namespace.
    pub(crate) fn new(link: Link, buffer: usize, snap_length: u32) -> Result<Self, TapError> {
        let mut sources = Self {
            all: Vec::new(),
            buffer,
            snap_length,
            known: HashMap::new(),
            told: 0,
            ended: false,
        };
        let inode = fs::metadata("/proc/self/ns/net").ok().map(|it| it.ino());
        let first = sources.open(link, buffer, inode, None)?;
        sources.known.insert(namespace(first.tap.as_fd()), Some(0));
        sources.all.push(first);
        Ok(sources)
    }

    fn open(
        &self,
        link: Link,
        buffer: usize,
        inode: Option<u64>,
        namespace: Option<OwnedFd>,
    ) -> Result<Source, TapError> {
        let number = u32::try_from(self.all.len()).unwrap_or(u32::MAX);
        Ok(Source {
            tap: Tap::open(&link, number, buffer)?,
            interface: Interface {
                link: link.shown(),
                namespace: inode,
                namespace_name: inode.and_then(name),
                snap_length: self.snap_length,
            },
            link,
            error: None,
            namespace,
        })
    }

    /// Makes a link and a tap in another namespace; the number of its interface, None
    /// where nlcap has no privilege there.
    fn add(&mut self, seen: &Seen) -> Option<u32> {
        if self.ended || self.all.len() > OTHERS {
            return None;
        }
        let handle = seen.open_namespace().ok()?;
        let inode = fstat(&handle).ok().map(|it| it.st_ino);
        let open = || {
            let link = Link::make().ok()?;
            self.open(link, self.buffer / SMALLER, inode, None).ok()
        };
        let mut source = netlink::within(&handle, open).ok()??;
        source.namespace = Some(handle);
        self.all.push(source);
        u32::try_from(self.all.len() - 1).ok()
    }

    /// Gives all of them away; no more are begun.
    pub(crate) fn end(&mut self) -> Vec<Source> {
        self.ended = true;
        self.told = 0;
        std::mem::take(&mut self.all)
    }

    /// The taps that are new since the last call, with the numbers of their interfaces.
    pub(crate) fn untold(&mut self) -> impl Iterator<Item = (u32, &Source)> {
        let told = std::mem::replace(&mut self.told, self.all.len());
        (0..).zip(&self.all).skip(told)
    }
}

impl Namespaces for Sources {
    fn interface(&mut self, seen: &Seen) -> Option<u32> {
        if let Some(known) = self.known.get(&seen.namespace) {
            return *known;
        }
        let interface = raised(|| self.add(seen));
        self.known.insert(seen.namespace, interface);
        interface
    }

    fn socket(&mut self, interface: u32, protocol: u16) -> nix::Result<OwnedFd> {
        self.within(interface, || netlink::socket(protocol))?
    }

    fn table(&mut self, interface: u32) -> io::Result<Table> {
        self.within(interface, Table::open)?
    }
}

impl Sources {
    /// Runs `what` in the namespace that an interface records.
    fn within<T>(&self, interface: u32, what: impl FnOnce() -> T) -> nix::Result<T> {
        let source = usize::try_from(interface)
            .ok()
            .and_then(|at| self.all.get(at))
            .ok_or(Errno::ENODEV)?;
        match &source.namespace {
            None => Ok(what()),
            Some(namespace) => raised(|| netlink::within(namespace, what)),
        }
    }
}

/// The name that `ip netns` has for a namespace.
fn name(inode: u64) -> Option<String> {
    // A file of this inode number elsewhere is no namespace.
    let device = fs::metadata("/proc/self/ns/net").ok()?.dev();
    fs::read_dir(NAMES).ok()?.flatten().find_map(|entry| {
        let about = fs::metadata(entry.path()).ok()?;
        let same = about.ino() == inode && about.dev() == device;
        same.then(|| entry.file_name().to_string_lossy().into_owned())
    })
}
