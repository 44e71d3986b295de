// SPDX-License-Identifier: GPL-2.0-or-later
//! An intercepted call on a netlink socket: what it is about, and what the attributor learns
//! of it.

use std::os::fd::BorrowedFd;
use std::time::Duration;

use super::Namespaces;
use super::attributor::Attributor;
use super::gaps::Gaps;
use super::groups::{ALL_NSID, GroupRequest, Groups};
use super::helper::Helper;
use super::outgoing::{self, Outgoing};
use super::owner::Owner;
use super::socket_info::SocketInfo;
use super::tasks::Task;
use crate::sys::memory::Memory;
use crate::sys::seccomp::{self, Call, Verdict};

/// An intercepted call on a netlink socket, whose caller waits.
pub(super) struct InterceptedCall<'a> {
    pub(super) call: &'a Call,
    pub(super) task: &'a Task,
    pub(super) socket: SocketInfo,
    pub(super) listener: BorrowedFd<'a>,
    pub(super) owner: Owner,
    pub(super) helper: &'a mut Helper,
    pub(super) gaps: &'a mut Gaps,
}

/// What the caller's memory says about the call.
#[derive(Default)]
struct Arguments {
    /// Port id and groups of the address that bind(2) and connect(2) are given.
    address: Option<(u32, u32)>,
    /// The word that setsockopt(2) is given.
    value: Option<u32>,
    outgoing: Outgoing,
}

impl Arguments {
    fn read(memory: Memory, call: &Call) -> nix::Result<Self> {
        let [_, second, third, fourth, ..] = call.arguments;
        let mut arguments = Self::default();
        match i64::from(call.number) {
            libc::SYS_bind | libc::SYS_connect => {
                arguments.address = outgoing::address(memory, second, third as i32);
            }
            libc::SYS_setsockopt => {
                let bytes = memory.read(fourth, size_of::<u32>())?;
                arguments.value = bytes.first_chunk().map(|it| u32::from_ne_bytes(*it));
            }
            _ => arguments.outgoing = outgoing::read(memory, call)?,
        }
        Ok(arguments)
    }
}

impl InterceptedCall<'_> {
    /// What becomes of the call; None, with nothing learnt, where it waits no longer.
    pub(super) fn serve(
        &mut self,
        now: Duration,
        attributor: &mut Attributor,
        namespaces: &mut dyn Namespaces,
    ) -> Option<Verdict> {
        let (memory, call) = (self.task.memory(), *self.call);
        let read = self.helper.run(move || Arguments::read(memory, &call));
        let is_known = attributor.sockets.contains(self.socket.cookie);
        // Whatever gives a socket a port id is intercepted: this one had it before.
        let older = self.socket.number != 0 && !is_known;
        if !seccomp::is_waiting(self.listener, self.call.id) {
            return None;
        }
        let Arguments {
            address,
            value,
            outgoing,
        } = read.and_then(|read| read).unwrap_or_else(|errno| {
            self.gaps.note_uninspected(errno);
            Arguments::default()
        });
        if !is_known {
            attributor.uninspected.note_inspected(self.task.program.pid);
        }
        let mut verdict = Verdict::Continue;
        let mut claim = None;
        match i64::from(self.call.number) {
            // Groups need the caller's own privilege: then the kernel binds it, and the
            // result is seen later.
            libc::SYS_bind => match address {
                Some((0, 0)) if self.bind() => verdict = Verdict::Done,
                Some((port, _)) => claim = Some(port),
                None => {}
            },
            // To connect to others than the kernel there are privileges, too.
            libc::SYS_connect => {
                if address == Some((0, 0)) {
                    self.bind();
                }
            }
            libc::SYS_sendfile | libc::SYS_splice => {
                self.gaps.spliced += 1;
                attributor.is_blind = true;
            }
            _ => {
                if outgoing.binds {
                    self.bind();
                }
            }
        }
        let datagrams = outgoing.datagrams;
        let is_spliced = matches!(
            i64::from(self.call.number),
            libc::SYS_sendfile | libc::SYS_splice
        );
        if self.socket.number == 0 && (is_spliced || !datagrams.is_empty()) {
            // The kernel may bind it in this call, and it may be closed before another look.
            let (pid, program) = (self.task.own_pid, &self.task.program);
            attributor.uninspected.note_socket(now, pid, program);
        }
        if !namespaces.mirrors(self.socket.protocol) {
            self.gaps.unmirrored += datagrams.len() as u64;
            return Some(verdict);
        }
        let Some(interface) = namespaces.interface(&self.socket) else {
            self.gaps.elsewhere += datagrams.len() as u64;
            return Some(verdict);
        };
        let port = self.socket.port(interface);
        let cookie = self.socket.cookie;
        attributor.update_socket(now, &self.socket, port, &self.owner, older);
        attributor.see_groups(now, &self.socket);
        if let Some(number) = claim {
            attributor.note_claim(now, cookie, number);
        }
        if let Some(request) = self.group_request(address, value) {
            attributor.ask_for_groups(now, self.call.tid, cookie, request, namespaces);
        }
        attributor.follow(cookie, namespaces);
        if !datagrams.is_empty() {
            // Of what it changes the kernel notifies those who are members now.
            attributor.refresh_members(now);
        }
        for datagram in datagrams {
            attributor.note_send(now, port, self.socket.inode, self.owner.clone(), datagram);
        }
        Some(verdict)
    }

    /// What the call asks for; None where it is not about groups.
    fn group_request(
        &self,
        address: Option<(u32, u32)>,
        value: Option<u32>,
    ) -> Option<GroupRequest> {
        let join = |wanted| GroupRequest {
            wanted,
            leaves: false,
            is_valid: true,
        };
        let leave = GroupRequest {
            leaves: true,
            ..GroupRequest::default()
        };
        match i64::from(self.call.number) {
            libc::SYS_bind => {
                let (port, mask) = address?;
                let wanted = Groups::of_mask(mask);
                let request = GroupRequest {
                    // It leaves those of the first 32 that it does not name.
                    leaves: !self.socket.is_in_no_group(),
                    // Another may have the port id, or this socket another port id.
                    is_valid: port == self.socket.number,
                    wanted,
                };
                (request.leaves || mask != 0).then_some(request)
            }
            libc::SYS_setsockopt => Some(match self.call.arguments[2] as i32 {
                libc::NETLINK_ADD_MEMBERSHIP => join(Groups::of(value.filter(|it| *it != 0)?)),
                libc::NETLINK_DROP_MEMBERSHIP => leave,
                _ if value? != 0 => join(Groups::of(ALL_NSID)),
                _ => leave,
            }),
            _ => None,
        }
    }

    /// Binds the socket where it is not, as the kernel is about to; whether that was done.
    fn bind(&mut self) -> bool {
        // bind(2) without groups leaves those that a socket is in, and the kernel's own does
        // not.
        self.socket.number == 0
            && self.socket.is_in_no_group()
            && self.socket.autobind(self.task.own_pid).is_ok()
    }
}
