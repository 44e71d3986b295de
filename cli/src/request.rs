// SPDX-License-Identifier: GPL-2.0-or-later
//! Requests, as bytes to send.

use std::io::Cursor;

use neli::ToBytes;
use neli::consts::genl::{Cmd, CtrlAttr, CtrlCmd, NlAttrType};
use neli::consts::nl::{GenlId, NlmF};
use neli::genl::{AttrTypeBuilder, Genlmsghdr, GenlmsghdrBuilder, Nlattr, NlattrBuilder};
use neli::nl::{NlPayload, NlmsghdrBuilder};
use neli::types::{Buffer, GenlBuffer};

use crate::uapi::{Command, FAMILY_NAME, FAMILY_VERSION, NetdevAttr, NlUtilAttr};
use crate::wire::{ATTRIBUTE_HEADER, AttributeSet, Attributes, GENERIC_HEADER, MESSAGE_HEADER};

/// neli's reason not to write a message: any of its many builders'.
pub type EncodeError = Box<dyn std::error::Error + Send + Sync>;

/// One request.
#[derive(Debug)]
pub struct Request {
    /// What it asks for, in the protocol's words.
    pub operation: Operation,
    /// Its sequence number.
    pub sequence: u32,
    /// The message, header included.
    pub bytes: Vec<u8>,
}

/// What a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// The controller's CTRL_CMD_GETFAMILY.
    GetFamily,
    /// A command of the family.
    Family(Command),
}

impl std::fmt::Display for Operation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::GetFamily => f.write_str("CTRL_CMD_GETFAMILY"),
            Self::Family(command) => {
                let name = command.name().unwrap_or("command");
                f.write_str(&name.to_uppercase().replace('-', "_"))
            }
        }
    }
}

/// Asks the generic netlink controller for the family's number.
pub(crate) fn get_family(sequence: u32) -> Result<Request, EncodeError> {
    let name = attribute(CtrlAttr::FamilyName, false, FAMILY_NAME)?;
    let controller = u16::from(GenlId::Ctrl);
    // The controller's version, which is not the family's.
    let bytes = message(
        controller,
        NlmF::REQUEST,
        sequence,
        CtrlCmd::Getfamily,
        2,
        Some(name),
    )?;
    Ok(Request {
        operation: Operation::GetFamily,
        sequence,
        bytes,
    })
}

/// Asks for all Ethernet interfaces, in one message.
pub(crate) fn l2_list(family: u16, sequence: u32) -> Result<Request, EncodeError> {
    family_request(family, sequence, Command::L2List, NlmF::REQUEST, None)
}

/// Asks for all Ethernet interfaces, in as many messages as they need.
pub(crate) fn l2_list_dump(family: u16, sequence: u32) -> Result<Request, EncodeError> {
    let flags = NlmF::REQUEST | NlmF::DUMP;
    family_request(family, sequence, Command::L2List, flags, None)
}

/// Asks for one interface. The kernel insists on NLA_F_NESTED in requests.
pub(crate) fn l2_iid(family: u16, sequence: u32, ifindex: u32) -> Result<Request, EncodeError> {
    let ifindex = attribute(NetdevAttr::Ifindex, false, ifindex)?;
    let netdev = attribute(NlUtilAttr::Netdev, true, ifindex)?;
    family_request(
        family,
        sequence,
        Command::L2Iid,
        NlmF::REQUEST,
        Some(netdev),
    )
}

fn family_request(
    family: u16,
    sequence: u32,
    command: Command,
    flags: NlmF,
    attribute: Option<Nlattr<NlUtilAttr, Buffer>>,
) -> Result<Request, EncodeError> {
    Ok(Request {
        operation: Operation::Family(command),
        sequence,
        bytes: message(family, flags, sequence, command, FAMILY_VERSION, attribute)?,
    })
}

fn attribute<T: NlAttrType>(
    kind: T,
    nested: bool,
    payload: impl neli::Size + ToBytes,
) -> Result<Nlattr<T, Buffer>, EncodeError> {
    let kind = AttrTypeBuilder::default()
        .nla_type(kind)
        .nla_nested(nested)
        .build()?;
    Ok(NlattrBuilder::default()
        .nla_type(kind)
        .nla_payload(payload)
        .build()?)
}

/// No NLM_F_ACK: each request has an answer or an error, and one message less
/// to read. Port id 0: to the kernel, which fills in the sender's.
fn message<C: Cmd, T: NlAttrType>(
    kind: u16,
    flags: NlmF,
    sequence: u32,
    command: C,
    version: u8,
    attribute: Option<Nlattr<T, Buffer>>,
) -> Result<Vec<u8>, EncodeError> {
    let attributes: GenlBuffer<T, Buffer> = attribute.into_iter().collect();
    let body: Genlmsghdr<C, T> = GenlmsghdrBuilder::default()
        .cmd(command)
        .version(version)
        .attrs(attributes)
        .build()?;
    let message = NlmsghdrBuilder::default()
        .nl_type(kind)
        .nl_flags(flags)
        .nl_seq(sequence)
        .nl_payload(NlPayload::Payload(body))
        .build()?;
    let mut bytes = Cursor::new(Vec::new());
    message.to_bytes(&mut bytes)?;
    Ok(bytes.into_inner())
}

impl Request {
    /// The path of the attribute whose header or payload holds the byte at
    /// `offset` of the message, as an extended acknowledgement counts it.
    pub fn attribute_at(&self, offset: usize) -> Option<String> {
        let start = MESSAGE_HEADER + GENERIC_HEADER;
        let body = self.bytes.get(start..)?;
        if self.operation == Operation::GetFamily {
            return Some(find::<CtrlAttr>(body, start, offset)?.0);
        }
        let (label, nest, nest_start) = find::<NlUtilAttr>(body, start, offset)?;
        let inner = find::<NetdevAttr>(nest, nest_start, offset);
        Some(inner.map_or(label, |(label, ..)| label))
    }
}

fn find<T: AttributeSet>(
    bytes: &[u8],
    start: usize,
    offset: usize,
) -> Option<(String, &[u8], usize)> {
    Attributes::<T>::new(bytes, start)
        .map_while(Result::ok)
        .find(|attribute| {
            let len = ATTRIBUTE_HEADER.saturating_add(attribute.payload.len());
            (attribute.offset..attribute.offset.saturating_add(len)).contains(&offset)
        })
        .map(|found| (found.kind.label(), found.payload, found.payload_offset()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `parts` of fixed width, in host byte order.
    fn bytes(parts: &[&[u8]]) -> Vec<u8> {
        parts.concat()
    }

    #[test]
    fn the_controller_is_asked_by_name() {
        let expected = bytes(&[
            &32u32.to_ne_bytes(),
            &16u16.to_ne_bytes(),
            &1u16.to_ne_bytes(),
            &7u32.to_ne_bytes(),
            &0u32.to_ne_bytes(),
            &[3, 2, 0, 0],
            &12u16.to_ne_bytes(),
            &2u16.to_ne_bytes(),
            b"nl_util\0",
        ]);
        assert_eq!(get_family(7).unwrap().bytes, expected);
    }

    #[test]
    fn l2_list_is_headers_alone() {
        let expected = bytes(&[
            &20u32.to_ne_bytes(),
            &33u16.to_ne_bytes(),
            &1u16.to_ne_bytes(),
            &9u32.to_ne_bytes(),
            &0u32.to_ne_bytes(),
            &[1, 1, 0, 0],
        ]);
        assert_eq!(l2_list(33, 9).unwrap().bytes, expected);
    }

    #[test]
    fn the_dump_of_l2_list_differs_by_its_flags_alone() {
        let (one, many) = (
            l2_list(33, 9).unwrap().bytes,
            l2_list_dump(33, 9).unwrap().bytes,
        );
        assert_eq!(one[..6], many[..6]);
        assert_eq!(many[6..8], 0x301_u16.to_ne_bytes());
        assert_eq!(one[8..], many[8..]);
    }

    #[test]
    fn l2_iid_carries_the_index_in_a_flagged_nest() {
        let expected = bytes(&[
            &32u32.to_ne_bytes(),
            &33u16.to_ne_bytes(),
            &1u16.to_ne_bytes(),
            &9u32.to_ne_bytes(),
            &0u32.to_ne_bytes(),
            &[2, 1, 0, 0],
            &12u16.to_ne_bytes(),
            &(1u16 | 1 << 15).to_ne_bytes(),
            &8u16.to_ne_bytes(),
            &1u16.to_ne_bytes(),
            &258u32.to_ne_bytes(),
        ]);
        assert_eq!(l2_iid(33, 9, 258).unwrap().bytes, expected);
    }

    #[test]
    fn an_offset_of_the_kernel_finds_its_attribute() {
        let request = l2_iid(33, 9, 258).unwrap();
        let at = |offset| request.attribute_at(offset);
        assert_eq!(at(19), None);
        assert_eq!(at(20).as_deref(), Some("netdev"));
        assert_eq!(at(24).as_deref(), Some("netdev.ifindex"));
        assert_eq!(at(28).as_deref(), Some("netdev.ifindex"));
        assert_eq!(at(32), None);
        assert_eq!(at(usize::MAX), None);
        let request = get_family(1).unwrap();
        assert_eq!(request.attribute_at(20).as_deref(), Some("family-name"));
    }
}
