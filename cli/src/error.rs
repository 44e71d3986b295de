// SPDX-License-Identifier: GPL-2.0-or-later
//! What can go wrong in a conversation with the kernel.

use std::fmt::{self, Display};
use std::io;
use std::time::Duration;

use nix::errno::Errno;

use crate::escape::Escaped;
use crate::request::{EncodeError, Operation};
use crate::uapi::FAMILY_NAME;
use crate::wire::Malformed;

/// Why a conversation failed. Displayed on one line, safe for a terminal.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No generic netlink socket.
    #[error("cannot open a generic netlink socket: {}", SystemError(.0))]
    Open(#[source] io::Error),
    /// A request that neli cannot write.
    #[error("cannot encode {operation}: {source}")]
    Encode {
        /// What was to be asked.
        operation: Operation,
        /// neli's reason.
        source: EncodeError,
    },
    /// A request that the socket does not take.
    #[error("cannot send {operation}: {}", SystemError(.source))]
    Send {
        /// What was to be asked.
        operation: Operation,
        /// The system's reason.
        source: io::Error,
    },
    /// An answer that cannot be read.
    #[error("cannot receive the answer to {operation}: {}", SystemError(.source))]
    Receive {
        /// What was asked.
        operation: Operation,
        /// The system's reason.
        source: io::Error,
    },
    /// No answer, or no end of it.
    #[error("no complete answer to {operation} within {} s", .timeout.as_secs_f32())]
    Timeout {
        /// What was asked.
        operation: Operation,
        /// How long was waited.
        timeout: Duration,
    },
    /// The controller knows no such family.
    #[error(
        "this kernel has no generic netlink family '{FAMILY_NAME}' (ENOENT): \
         load it with `modprobe nl_kernel` or `cargo xtask kmod load`"
    )]
    FamilyAbsent,
    /// The kernel answered with an error.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// A datagram that did not fit, whatever came of it.
    #[error("the answer to {operation} was truncated: {got} of {size} bytes received")]
    Truncated {
        /// What was asked.
        operation: Operation,
        /// Bytes at hand.
        got: usize,
        /// Bytes that were sent.
        size: usize,
    },
    /// Messages that are longer than any answer, taken together.
    #[error("the answer to {operation} exceeds {limit} bytes")]
    Endless {
        /// What was asked.
        operation: Operation,
        /// Where reading stopped.
        limit: usize,
    },
    /// The kernel said that it lost messages (NLMSG_OVERRUN).
    #[error("the kernel lost part of the answer to {operation} (NLMSG_OVERRUN): try again")]
    Overrun {
        /// What was asked.
        operation: Operation,
    },
    /// The interfaces changed between the parts of an answer
    /// (NLM_F_DUMP_INTR).
    #[error("the interfaces changed during {operation}: try again")]
    Inconsistent {
        /// What was asked.
        operation: Operation,
    },
    /// An answer that is none of the protocol.
    #[error("malformed answer to {operation}: {source}")]
    Malformed {
        /// What was asked.
        operation: Operation,
        /// What the answer violates.
        source: Malformed,
    },
    /// A well-formed message that is no answer to the request.
    #[error("unexpected answer to {operation}: {what}")]
    Unexpected {
        /// What was asked.
        operation: Operation,
        /// The message's type or command.
        what: String,
    },
}

/// An error message of the kernel, with its extended acknowledgement.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Refusal {
    /// What was asked.
    pub operation: Operation,
    /// The error number.
    pub errno: i32,
    /// The kernel's own text (NLMSGERR_ATTR_MSG), any bytes.
    pub text: Option<Vec<u8>>,
    /// Where the request is at fault (NLMSGERR_ATTR_OFFS), by attribute path
    /// if one is there.
    pub at: Option<String>,
}

impl Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the kernel refused {} with {}",
            self.operation,
            ErrnoName(self.errno)
        )?;
        if let Some(text) = &self.text {
            write!(f, ", saying \"{}\"", Escaped(text))?;
        }
        if let Some(at) = &self.at {
            write!(f, ", at {at}")?;
        }
        match Errno::from_raw(self.errno) {
            Errno::ENODEV => f.write_str(
                ": `nl_user show` lists the Ethernet interfaces of this network namespace",
            ),
            Errno::EMSGSIZE => f.write_str(
                ": the loaded module has no dump: update it, or name an interface: \
                 `nl_user show INTERFACE`",
            ),
            Errno::ENOMEM => f.write_str(": try again"),
            Errno::EPERM | Errno::EACCES => f.write_str(": run it as root"),
            Errno::EOPNOTSUPP => {
                f.write_str(": the loaded module does not support it: update the module")
            }
            _ => Ok(()),
        }
    }
}

/// An error number by its name and its meaning.
pub(crate) struct ErrnoName(pub(crate) i32);

impl Display for ErrnoName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Errno::from_raw(self.0) {
            Errno::UnknownErrno => write!(f, "error number {}", self.0),
            errno => write!(f, "{errno:?} ({})", errno.desc()),
        }
    }
}

/// An error of the system, by its name and its meaning, or else of the code
/// around it.
#[derive(Debug)]
pub struct SystemError<'a>(pub &'a io::Error);

impl Display for SystemError<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.raw_os_error() {
            Some(errno) => ErrnoName(errno).fmt(f),
            None => self.0.fmt(f),
        }
    }
}
