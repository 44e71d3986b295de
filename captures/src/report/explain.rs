// SPDX-License-Identifier: GPL-2.0-or-later
//! What errors and lost messages mean to the program that meets them.

use super::model::{Ailment, Failure};

/// What a refusal means, and what to do.
pub(super) fn failure(failure: &Failure) -> String {
    if failure.probe {
        return String::from(
            "The request holds nothing: a look at whether the kernel knows it, as iproute2 makes one. \
             No harm.",
        );
    }
    let is_controller = failure.family == "nlctrl";
    let text = match failure.errno {
        libc::EPERM | libc::EACCES => {
            "The process lacks a capability, mostly CAP_NET_ADMIN in the user namespace that owns \
             this network namespace."
        }
        libc::ENOENT if is_controller => {
            "No generic netlink family of this name: its module is not loaded, or the kernel is \
             built without it."
        }
        libc::ENOENT => "What the request names does not exist.",
        libc::ENODEV => "No such interface in the network namespace of the socket.",
        libc::EOPNOTSUPP => {
            "The kernel, or the driver of this interface, does not have this operation."
        }
        libc::EINVAL if failure.attribute.is_some() => {
            "The attribute that the kernel points at has a value that it does not take."
        }
        libc::EINVAL if failure.missing.is_some() => "An attribute is missing in the request.",
        libc::EINVAL => {
            "The request is not what this kernel expects; with NETLINK_EXT_ACK set on the socket \
             it may say why."
        }
        libc::ERANGE => "An attribute has another length or value than the kernel's policy wants.",
        libc::EMSGSIZE => {
            "The answer does not fit into one message: ask with NLM_F_DUMP, which comes in parts."
        }
        libc::ENOBUFS | libc::ENOMEM => "The kernel had no memory for the answer: ask again.",
        libc::EBUSY => {
            "It is in use; of a dump, another one is going on on the same socket: read that to \
             its end first."
        }
        libc::EEXIST => "It exists already (NLM_F_EXCL), or the name is taken.",
        libc::EINTR | libc::EAGAIN => "What was asked for changed meanwhile: ask again.",
        libc::ENETDOWN => "The interface is down.",
        libc::EADDRNOTAVAIL => "No such address on this interface.",
        libc::ESRCH => "No such entry, route or process.",
        libc::EPROTONOSUPPORT | libc::EAFNOSUPPORT => {
            "The kernel is built without this protocol, or its module is not loaded."
        }
        _ => "See the kernel's text, and the errno in errno(3).",
    };
    text.to_owned()
}

/// What is wrong, in a few words.
pub(super) fn ailment(what: Ailment) -> &'static str {
    match what {
        Ailment::InterruptedDump => "dumps interrupted (NLM_F_DUMP_INTR)",
        Ailment::UnfinishedDump => "dumps without an end",
        Ailment::FullBuffer => "receive buffer full (ENOBUFS)",
        Ailment::Overrun => "overruns (NLMSG_OVERRUN)",
        Ailment::TruncatedRead => "truncated reads (MSG_TRUNC)",
        Ailment::LongMessage => "messages over 64 KiB",
        Ailment::SocketDrop => "drops of sockets",
        Ailment::FailedSend => "sends that failed",
        Ailment::RecorderLoss => "frames lost by the recorder",
        Ailment::CutMessage => "messages cut in the file",
        Ailment::Malformed => "datagrams with bytes that are no message",
    }
}

/// What to do about it.
pub(super) fn advice(what: Ailment) -> &'static str {
    match what {
        Ailment::InterruptedDump => {
            "What was dumped changed meanwhile: entries may be missing or come twice. Throw the \
             answer away and dump again."
        }
        Ailment::UnfinishedDump => {
            "The process closed its socket, or ended, before NLMSG_DONE; or the recording ended \
             before it. The list is not whole."
        }
        Ailment::FullBuffer | Ailment::SocketDrop => {
            "Messages are lost for good: make SO_RCVBUF larger (SO_RCVBUFFORCE with \
             CAP_NET_ADMIN), read sooner, and after ENOBUFS dump again."
        }
        Ailment::FailedSend => {
            "The kernel did not take the message: look at what the call returned, as with \
             `strace -e trace=%net`."
        }
        Ailment::Overrun => "Messages are lost for good: dump again.",
        Ailment::TruncatedRead => {
            "The rest of the datagram is gone: ask for its length first (MSG_PEEK | MSG_TRUNC), \
             or read with the largest datagram of this report."
        }
        Ailment::LongMessage => {
            "No receive buffer of 64 KiB holds it, and no nest in it can say a length above \
             65,535: ask for less at once, or in a dump."
        }
        Ailment::RecorderLoss => {
            "Figures are too small and answers may lack parts: record again, with less traffic at \
             the same time."
        }
        Ailment::CutMessage => {
            "The recorder's snap length is too short: tcpdump -s 262144, or nlcap record."
        }
        Ailment::Malformed => "A sender's mistake, or a message that the snap length cut.",
    }
}
