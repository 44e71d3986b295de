// SPDX-License-Identifier: GPL-2.0-or-later
//! What errors and lost messages mean to the program that meets them.

use ynl::decode::{CONTROLLER, GENERIC, flags};

use super::model::{Ailment, Failure};
use crate::messages::answers::RequestHeader;
use crate::messages::event::Event;

/// In requests that make something.
const EXCL: u16 = libc::NLM_F_EXCL as u16;

/// What decides what an error means, besides what a report says of it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Circumstances {
    /// The request is for a dump.
    is_dump: bool,
    /// It only changes something.
    is_change: bool,
    /// It is to make what is not there yet (`NLM_F_EXCL`).
    is_exclusive: bool,
    /// The answer has extended attributes: the socket has set NETLINK_EXT_ACK.
    has_extack: bool,
    /// It is to the controller of generic netlink.
    is_controller: bool,
}

impl Circumstances {
    /// Those of an error.
    pub(super) fn of(event: &Event<'_>) -> Self {
        let (protocol, endian) = (event.packet.protocol, event.packet.endian);
        let tie = event.tie.as_ref();
        let asked = tie.and_then(|it| it.request.message(endian));
        let asked = asked.or_else(|| event.missed_request());
        let is_change = asked.is_some_and(|it| RequestHeader::of(protocol, &it).is_change());
        Self {
            is_dump: asked.is_some_and(|it| it.is_dump(protocol)),
            is_change,
            is_exclusive: is_change && asked.is_some_and(|it| it.flags & EXCL != 0),
            has_extack: event.message.flags & flags::ACK_TLVS != 0,
            is_controller: protocol == GENERIC && asked.is_some_and(|it| it.kind == CONTROLLER),
        }
    }
}

/// What a refusal means, and what to do.
pub(super) fn failure(failure: &Failure, of: Circumstances) -> String {
    if failure.probe {
        return String::from(
            "An empty request that probes whether the kernel supports the operation, as iproute2 \
             does. Harmless.",
        );
    }
    let is_route = failure.operation.ends_with("route");
    let text = match failure.errno {
        libc::EPERM | libc::EACCES => {
            "The process lacks a capability, usually CAP_NET_ADMIN in the user namespace that owns \
             this network namespace."
        }
        libc::ENOENT if of.is_controller => {
            "No generic netlink family has this name: its module is not loaded, or the kernel was \
             built without it."
        }
        libc::ENOENT => "The object named in the request does not exist.",
        libc::ENODEV => "No such interface in the socket's network namespace.",
        libc::EOPNOTSUPP if failure.attribute.is_some() => {
            "The kernel, or this interface's driver, does not support this attribute or its value."
        }
        libc::EOPNOTSUPP => {
            "The kernel, or this interface's driver, does not support the operation."
        }
        libc::EINVAL if failure.attribute.is_some() => {
            "The kernel does not accept the value of this attribute."
        }
        libc::EINVAL if failure.missing.is_some() => "The request lacks a required attribute.",
        libc::EINVAL if failure.extack.is_some() => {
            "The kernel does not accept the request, for the reason that it gives."
        }
        libc::EINVAL if of.has_extack => {
            "The kernel does not accept the request, and gives no reason."
        }
        libc::EINVAL => {
            "The kernel does not accept the request; it may say why if the socket sets \
             NETLINK_EXT_ACK."
        }
        libc::ERANGE => {
            "The length or value of an attribute is outside the range of the kernel's policy."
        }
        libc::EMSGSIZE if of.is_dump => {
            "An object does not fit into a part of the dump: read with a larger buffer."
        }
        libc::EMSGSIZE if of.is_change => "The request, or a value in it, is too long.",
        libc::EMSGSIZE => {
            "The answer does not fit into one message: use NLM_F_DUMP, which returns several."
        }
        libc::ENOBUFS | libc::ENOMEM if of.is_change => {
            "The kernel had no memory for what was asked for: try again."
        }
        libc::ENOBUFS | libc::ENOMEM => "The kernel had no memory for the answer: try again.",
        libc::EBUSY if of.is_dump => {
            "Another dump is running on this socket: read that to its end first."
        }
        libc::EBUSY => "The object is in use.",
        libc::EEXIST if of.is_exclusive => {
            "The object already exists, and the request is to make a new one (NLM_F_EXCL)."
        }
        libc::EEXIST => "The object already exists, or the name is taken.",
        libc::EINTR | libc::EAGAIN => "Interrupted, or the requested data changed: try again.",
        libc::ENETDOWN => "The interface is down.",
        libc::EADDRNOTAVAIL => "No such address on this interface.",
        libc::ESRCH if is_route => "No such route.",
        libc::ESRCH => "No such entry.",
        libc::EPROTONOSUPPORT | libc::EAFNOSUPPORT => {
            "The kernel was built without this protocol, or its module is not loaded."
        }
        _ if failure.extack.is_some() => "See the kernel's text.",
        _ => "See errno(3).",
    };
    text.to_owned()
}

/// What is wrong, in a few words.
pub(super) fn ailment(what: Ailment) -> &'static str {
    match what {
        Ailment::InterruptedDump => "dumps interrupted (NLM_F_DUMP_INTR)",
        Ailment::UnfinishedDump => "unfinished dumps",
        Ailment::FullBuffer => "receive buffer full (ENOBUFS)",
        Ailment::Overrun => "overruns (NLMSG_OVERRUN)",
        Ailment::TruncatedRead => "truncated reads (MSG_TRUNC)",
        Ailment::LongMessage => "messages over 64 KiB",
        Ailment::SocketDrop => "socket drops",
        Ailment::FailedSend => "failed sends",
        Ailment::RecorderLoss => "frames lost by the recorder",
        Ailment::CutMessage => "messages truncated in the file",
        Ailment::Malformed => "malformed datagrams",
        Ailment::AmbiguousAnswer => "answers that fit several requests (~)",
        Ailment::TrailingZeros => "zeros after messages",
    }
}

/// What to do about it.
pub(super) fn advice(what: Ailment) -> &'static str {
    match what {
        Ailment::InterruptedDump => {
            "The dumped objects changed during the dump: entries may be missing or duplicated. \
             Discard the answer and dump again."
        }
        Ailment::UnfinishedDump => {
            "The process closed its socket, or exited, before NLMSG_DONE, or the recording ended \
             first. The list is incomplete."
        }
        Ailment::FullBuffer | Ailment::SocketDrop => {
            "The messages are lost: increase SO_RCVBUF (SO_RCVBUFFORCE with CAP_NET_ADMIN), read \
             sooner, and dump again after ENOBUFS."
        }
        Ailment::FailedSend => {
            "The kernel did not accept the message: check the call's return value, which \
             `nlcap record --tap syscalls` has."
        }
        Ailment::Overrun => "The messages are lost: dump again.",
        Ailment::TruncatedRead => {
            "The rest of the datagram is lost: query its length first (MSG_PEEK | MSG_TRUNC), or \
             use a buffer for the largest datagram in this report."
        }
        Ailment::LongMessage => {
            "It does not fit into a receive buffer of 64 KiB, and a nest in it cannot be longer than \
             65,535 bytes: request less at once, or use a dump."
        }
        Ailment::RecorderLoss => {
            "Figures are too low and answers may be incomplete: record again with less concurrent \
             traffic."
        }
        Ailment::CutMessage => {
            "The recorder's snap length is too short: use tcpdump -s 262144, or nlcap record."
        }
        Ailment::Malformed => "A sender's bug, or a message truncated by the snap length.",
        Ailment::AmbiguousAnswer => {
            "Several sockets use the same sequence number, or a batch has several alike: times and \
             errors may be those of another request. nlcap record knows the sockets."
        }
        Ailment::TrailingZeros => {
            "The kernel ignores them: the sender passes its whole buffer to send(2) instead of \
             nlmsg_len bytes."
        }
    }
}
