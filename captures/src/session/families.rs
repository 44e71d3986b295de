// SPDX-License-Identifier: GPL-2.0-or-later
//! The kernel's list of generic netlink families, and the policies by which it checks
//! their requests.
//!
//! Family numbers are given out as modules are loaded. A reader of a recording
//! learns which is which from answers of the controller (nlctrl) only, and most
//! recordings would have none.

use std::io;
use std::time::Duration;

use neli::ToBytes;
use neli::consts::genl::{CtrlAttr, CtrlCmd};
use neli::consts::nl::{GenlId, NlmF};
use neli::consts::socket::{Msg, NlFamily};
use neli::genl::{AttrTypeBuilder, Genlmsghdr, GenlmsghdrBuilder, NlattrBuilder};
use neli::nl::{NlPayload, NlmsghdrBuilder};
use neli::socket::NlSocket;
use neli::types::{Buffer, GenlBuffer};
use neli::utils::Groups;
use ynl::decode::{CONTROLLER, Endian, GENERIC, Message, attributes, genl, messages, types};

use crate::messages::controller::GETPOLICY;
use crate::messages::packet::Frame;
use crate::sys::clock::now;
use crate::terminal::text::Reason;

/// The kernel makes a part of a dump no longer than the longest read, and at
/// most 32 KiB.
const PART: usize = 1 << 16;

/// As much of the policies comes in one part, some hundred messages. Wireshark gives up
/// a frame of more than about 250 generic netlink messages: each is two layers to it,
/// and it takes 500.
const POLICIES_PART: usize = 1 << 13;

/// Version of the controller's protocol.
const VERSION: u8 = 2;

/// Why the list could not be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FamiliesError {
    #[error("cannot list the kernel's generic netlink families: {0}")]
    Socket(Reason),
    #[error("cannot encode the request for the generic netlink families: {0}")]
    Request(String),
    #[error("the kernel's list of generic netlink families is truncated")]
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

    /// The part as a frame of a recording, on one of its interfaces.
    pub(super) fn frame(&self, interface: u32) -> Frame<'_> {
        Frame {
            interface,
            time: self.time,
            protocol: GENERIC,
            original_length: u32::try_from(self.messages.len()).unwrap_or(u32::MAX),
            messages: &self.messages,
        }
    }
}

/// Asks the kernel for all families and their policies.
pub(super) fn all() -> Result<Vec<Part>, FamiliesError> {
    let mut families = list()?;
    // Kernels before 5.10 have none.
    let policies = policies(&families).unwrap_or_default();
    families.extend(policies);
    Ok(families)
}

/// What there is to say of families that have come since; nothing where the kernel does not
/// say it, for a reader does without.
pub(super) fn late(earlier: &[Part]) -> Vec<Part> {
    let Ok(list) = list() else {
        return Vec::new();
    };
    let mut late = added(earlier, &list);
    let policies = policies(&late).unwrap_or_default();
    late.extend(policies);
    late
}

/// Asks the kernel for all families.
pub(crate) fn list() -> Result<Vec<Part>, FamiliesError> {
    let socket = NlSocket::connect(NlFamily::Generic, None, Groups::empty())?;
    ask(&socket, u8::from(CtrlCmd::Getfamily), None, PART)
}

/// Asks the kernel for the policies of the families in a list of them; a family that has
/// none is left out.
pub(crate) fn policies(list: &[Part]) -> Result<Vec<Part>, FamiliesError> {
    let socket = NlSocket::connect(NlFamily::Generic, None, Groups::empty())?;
    let mut all = Vec::new();
    for number in numbers(list) {
        let parts = ask(&socket, GETPOLICY, Some(number), POLICIES_PART)?;
        let has_some = |part: &Part| {
            let mut whole = messages(&part.messages, Endian::native()).flatten();
            whole.any(|message| message.kind == CONTROLLER)
        };
        if parts.iter().any(has_some) {
            all.extend(parts);
        }
    }
    Ok(all)
}

/// What a list says that an earlier one did not: families whose modules came meanwhile,
/// in a part each.
fn added(earlier: &[Part], list: &[Part]) -> Vec<Part> {
    let known = numbers(earlier);
    let mut all = Vec::new();
    for part in list {
        let mut rest = &part.messages[..];
        for message in messages(&part.messages, Endian::native()).flatten() {
            let length = (message.length as usize)
                .next_multiple_of(4)
                .min(rest.len());
            let (bytes, behind) = rest.split_at(length);
            rest = behind;
            if number(&message).is_some_and(|number| !known.contains(&number)) {
                all.push(Part {
                    time: part.time,
                    messages: bytes.to_owned(),
                });
            }
        }
    }
    all
}

/// The numbers of the families in a list.
fn numbers(list: &[Part]) -> Vec<u16> {
    let all = list
        .iter()
        .flat_map(|part| messages(&part.messages, Endian::native()));
    all.flatten()
        .filter_map(|message| number(&message))
        .collect()
}

/// The number of the family that an answer of the controller is about.
fn number(message: &Message<'_>) -> Option<u16> {
    let endian = Endian::native();
    let answer = genl(message.payload).filter(|_| message.kind == CONTROLLER)?;
    let mut all = attributes(answer.payload, endian).flatten();
    let number = all.find(|it| i32::from(it.number) == libc::CTRL_ATTR_FAMILY_ID)?;
    number.u16(endian)
}

/// Sends a dump request and gathers the answer, its end too, in parts of a length.
fn ask(
    socket: &NlSocket,
    command: u8,
    family: Option<u16>,
    length: usize,
) -> Result<Vec<Part>, FamiliesError> {
    let request = request(command, family).map_err(FamiliesError::Request)?;
    socket.send(request, Msg::empty())?;
    let mut parts = Vec::new();
    let mut buffer = vec![0; length];
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

/// A dump request to the controller, about a family or all.
fn request(command: u8, family: Option<u16>) -> Result<Vec<u8>, String> {
    let mut about = GenlBuffer::<_, Buffer>::new();
    if let Some(number) = family {
        let kind = AttrTypeBuilder::default()
            .nla_type(CtrlAttr::FamilyId)
            .build()
            .map_err(|error| error.to_string())?;
        let attribute = NlattrBuilder::default()
            .nla_type(kind)
            .nla_payload(number)
            .build()
            .map_err(|error| error.to_string())?;
        about.push(attribute);
    }
    let body: Genlmsghdr<_, CtrlAttr> = GenlmsghdrBuilder::default()
        .cmd(CtrlCmd::from(command))
        .version(VERSION)
        .attrs(about)
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

#[cfg(test)]
mod tests {
    use super::*;

    fn part(numbers: &[u16]) -> Part {
        let mut all = Vec::new();
        for number in numbers {
            let mut bytes = vec![32, 0, 0, 0];
            bytes[..4].copy_from_slice(&28_u32.to_ne_bytes());
            bytes.extend(CONTROLLER.to_ne_bytes());
            bytes.extend([0; 10]);
            bytes.extend([1, 2, 0, 0]);
            bytes.extend(6_u16.to_ne_bytes());
            bytes.extend(1_u16.to_ne_bytes());
            bytes.extend(number.to_ne_bytes());
            bytes.extend([0; 2]);
            all.extend(bytes);
        }
        Part {
            time: Duration::ZERO,
            messages: all,
        }
    }

    #[test]
    fn a_family_that_came_meanwhile_is_distinguished_from_those_before() {
        let (before, after) = ([part(&[16, 20])], [part(&[16]), part(&[20, 21])]);
        let new = added(&before, &after);
        assert_eq!(new.len(), 1);
        assert_eq!(numbers(&new), [21]);
        assert_eq!(new[0].messages.len(), 28);
    }
}
