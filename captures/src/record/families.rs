// SPDX-License-Identifier: GPL-2.0-or-later
//! The kernel's list of generic netlink families.
//!
//! Family numbers are given out as modules are loaded. A reader of a recording
//! learns which is which from answers of the controller (nlctrl) only, and most
//! recordings would have none.

use std::io;
use std::time::{Duration, SystemTime};

use neli::ToBytes;
use neli::consts::genl::{CtrlAttr, CtrlCmd};
use neli::consts::nl::{GenlId, NlmF};
use neli::consts::socket::{Msg, NlFamily};
use neli::genl::{Genlmsghdr, GenlmsghdrBuilder};
use neli::nl::{NlPayload, NlmsghdrBuilder};
use neli::socket::NlSocket;
use neli::types::{Buffer, GenlBuffer};
use neli::utils::Groups;
use nl_dissector::decode::{Endian, messages, types};

use crate::file::cooked::{self, ARPHRD_NETLINK, TO_USER};
use crate::file::writer::Frame;
use crate::text::Reason;

/// The kernel makes a part of a dump no longer than the longest read, and at
/// most 32 KiB.
const PART: usize = 1 << 16;

/// Version of the controller's protocol.
const VERSION: u8 = 2;

/// Why the list could not be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FamiliesError {
    #[error("cannot ask the kernel for its generic netlink families: {0}")]
    Socket(Reason),
    #[error("cannot make a request for the generic netlink families: {0}")]
    Request(String),
    #[error("the kernel's list of generic netlink families is cut off")]
    Truncated,
}

impl From<io::Error> for FamiliesError {
    fn from(error: io::Error) -> Self {
        Self::Socket(Reason(error))
    }
}

/// A part of the answer, as it was received.
pub(crate) struct Part {
    time: Duration,
    messages: Vec<u8>,
}

impl Part {
    /// The netlink messages.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.messages
    }

    /// The part as a frame of a recording.
    pub(super) fn frame(&self) -> Frame<'_> {
        Frame {
            interface: 0,
            time: self.time,
            header: cooked::Header {
                packet_type: TO_USER,
                hardware_type: ARPHRD_NETLINK,
                protocol: libc::NETLINK_GENERIC as u16,
                ..cooked::Header::default()
            },
            original_length: u32::try_from(self.messages.len()).unwrap_or(u32::MAX),
            messages: &self.messages,
        }
    }
}

/// Asks the kernel for all families.
pub(crate) fn list() -> Result<Vec<Part>, FamiliesError> {
    let socket = NlSocket::connect(NlFamily::Generic, None, Groups::empty())?;
    socket.send(request().map_err(FamiliesError::Request)?, Msg::empty())?;
    let mut parts = Vec::new();
    let mut buffer = vec![0; PART];
    loop {
        // With MSG_TRUNC the length is that of the message, not of what fitted.
        let (length, _) = socket.recv(&mut buffer, Msg::TRUNC)?;
        let received = buffer.get(..length).ok_or(FamiliesError::Truncated)?;
        parts.push(Part {
            time: now(),
            messages: received.to_owned(),
        });
        let mut whole = messages(received, Endian::native()).flatten();
        if whole.any(|message| [types::DONE, types::ERROR].contains(&message.kind)) {
            return Ok(parts);
        }
    }
}

/// A CTRL_CMD_GETFAMILY dump request.
fn request() -> Result<Vec<u8>, String> {
    let body: Genlmsghdr<_, CtrlAttr> = GenlmsghdrBuilder::default()
        .cmd(CtrlCmd::Getfamily)
        .version(VERSION)
        .attrs(GenlBuffer::<_, Buffer>::new())
        .build()
        .map_err(|error| error.to_string())?;
    let message = NlmsghdrBuilder::default()
        .nl_type(GenlId::Ctrl)
        .nl_flags(NlmF::REQUEST | NlmF::DUMP)
        .nl_payload(NlPayload::Payload(body))
        .build()
        .map_err(|error| error.to_string())?;
    let mut bytes = io::Cursor::new(Vec::new());
    message
        .to_bytes(&mut bytes)
        .map_err(|error| error.to_string())?;
    Ok(bytes.into_inner())
}

/// The time since the epoch.
pub(super) fn now() -> Duration {
    // A clock before 1970 gives 0: still a time.
    SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default()
}
