// SPDX-License-Identifier: GPL-2.0-or-later
//! Processes that run already: their netlink sockets, found again and again in
//! /proc/PID/fd. No filter is put on them, and nothing is left behind.

use std::collections::HashMap;
use std::fs;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::rc::Rc;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags};

use super::Namespaces;
use super::attributor::Attributor;
use super::descriptors;
use super::gaps::Gaps;
use super::owner::{Owner, Program};
use super::socket_info::SocketInfo;
use crate::messages::process;
use crate::sys::clock::now;
use crate::sys::seccomp;

/// How often their descriptors are scanned: a frame waits so long until it is
/// attributed, and what is not written yet is lost where nlcap is killed.
const EVERY: Duration = Duration::from_millis(20);

/// No more of the time than one part of so many is spent on it.
const SHARE: u32 = 10;

/// Why a process cannot be recorded.
#[derive(Debug, thiserror::Error)]
#[error("cannot inspect process {pid}: {errno}{hint}")]
pub(crate) struct ProcessError {
    pid: i32,
    errno: Errno,
    hint: &'static str,
}

/// A process, by a handle that is no other's when its number is.
struct Process {
    handle: OwnedFd,
    program: Rc<Program>,
}

/// The processes, until they end.
pub(crate) struct Processes {
    all: HashMap<i32, Process>,
    /// Readable when one has ended.
    ends: Epoll,
    /// When they are scanned next.
    due: Instant,
    /// When the last scan began: sockets that are new to the next one are younger. Zero
    /// before the first.
    last_scan: Duration,
    pub(crate) gaps: Gaps,
}

impl Processes {
    /// Takes hold of running processes.
    pub(crate) fn open(pids: &[i32]) -> Result<Self, ProcessError> {
        let fail = |pid| {
            move |errno| ProcessError {
                pid,
                errno,
                hint: match errno {
                    Errno::EPERM | Errno::EACCES => ": run nlcap with sudo",
                    _ => "",
                },
            }
        };
        let first = pids.first().copied().unwrap_or(0);
        let ends = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC).map_err(fail(first))?;
        let mut all = HashMap::new();
        for &pid in pids {
            let handle = seccomp::open_process(pid, false).map_err(fail(pid))?;
            // Whether we may look at it is known before the recording begins.
            fs::read_dir(format!("/proc/{pid}/fd"))
                .map_err(|error| error.raw_os_error().map_or(Errno::EIO, Errno::from_raw))
                .map_err(fail(pid))?;
            let comm = fs::read(format!("/proc/{pid}/comm")).unwrap_or_default();
            let event = EpollEvent::new(EpollFlags::EPOLLIN, u64::from(pid.cast_unsigned()));
            ends.add(&handle, event).map_err(fail(pid))?;
            let program = Rc::new(Program {
                pid,
                tid: pid,
                comm: process::Process::name(comm.trim_ascii_end()),
            });
            let process = Process { handle, program };
            all.insert(pid, process);
        }
        Ok(Self {
            all,
            ends,
            due: Instant::now(),
            last_scan: Duration::ZERO,
            gaps: Gaps::default(),
        })
    }

    /// When the last scan began.
    pub(crate) fn last_scan(&self) -> Duration {
        self.last_scan
    }

    /// When they are to be scanned.
    pub(crate) fn due(&self) -> Instant {
        self.due
    }

    /// Scans their descriptors, where it is time; whether all have ended.
    pub(crate) fn scan(
        &mut self,
        attributor: &mut Attributor,
        namespaces: &mut dyn Namespaces,
    ) -> bool {
        self.all.retain(|_, process| {
            let lives = seccomp::is_alive(&process.handle);
            if !lives {
                let _ = self.ends.delete(&process.handle);
            }
            lives
        });
        let begin = Instant::now();
        if self.due <= begin {
            let now = now();
            // The clock may have been set back.
            let since = self.last_scan.min(now);
            for process in self.all.values() {
                process.scan(attributor, namespaces, since, &mut self.gaps);
            }
            attributor.refresh(now);
            self.last_scan = now;
            self.due = begin + EVERY.max(begin.elapsed() * SHARE);
        }
        self.all.is_empty()
    }
}

impl AsFd for Processes {
    /// Readable when one has ended.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.ends.0.as_fd()
    }
}

impl Process {
    fn scan(
        &self,
        attributor: &mut Attributor,
        namespaces: &mut dyn Namespaces,
        since: Duration,
        gaps: &mut Gaps,
    ) {
        for (fd, inode) in descriptors::sockets(self.program.pid) {
            let link = descriptors::path(self.program.pid, fd);
            if !attributor.others.may_be_netlink(&link, inode) {
                continue;
            }
            // It may be closed meanwhile.
            if let Ok(Some(socket)) =
                seccomp::duplicate(&self.handle, fd).and_then(SocketInfo::inspect)
            {
                self.update(&socket, fd, attributor, namespaces, since, gaps);
            }
        }
    }

    fn update(
        &self,
        socket: &SocketInfo,
        fd: i32,
        attributor: &mut Attributor,
        namespaces: &mut dyn Namespaces,
        since: Duration,
        gaps: &mut Gaps,
    ) {
        let is_new = !attributor.sockets.contains(socket.cookie);
        if !namespaces.mirrors(socket.protocol) {
            return;
        }
        let Some(interface) = namespaces.interface(socket) else {
            gaps.unreached += u64::from(is_new);
            return;
        };
        let port = socket.port(interface);
        let owner = Owner {
            program: self.program.clone(),
            fd,
        };
        // It has had its port id since the last look, or always; what came meanwhile has
        // not been attributed yet.
        let older = since == Duration::ZERO;
        attributor.update_socket(since, socket, port, &owner, older);
        attributor.update_groups(since, socket.cookie, Some(&socket.groups()));
        attributor.follow(socket.cookie, namespaces);
    }
}
