// SPDX-License-Identifier: GPL-2.0-or-later
//! Netlink as bytes, for what measures the module and what tries to break it: they send
//! what no library would, and read what should never come. Numbers are those of
//! linux/netlink.h and linux/genetlink.h.

use anyhow::{Context, Result, ensure};
use neli::{consts::socket::Msg, socket::NlSocket};

pub(crate) const NLM_F_REQUEST: u16 = 1;
pub(crate) const NLM_F_MULTI: u16 = 2;
pub(crate) const NLM_F_ACK: u16 = 4;
pub(crate) const NLM_F_DUMP_INTR: u16 = 0x10;
pub(crate) const NLM_F_DUMP: u16 = 0x300;
pub(crate) const NLMSG_ERROR: u16 = 2;
pub(crate) const NLMSG_DONE: u16 = 3;
pub(crate) const NLA_F_NESTED: u16 = 0x8000;
const NLA_TYPE: u16 = 0x3fff;

const GENL_ID_CTRL: u16 = 16;
const CTRL_CMD_GETFAMILY: u8 = 3;
const CTRL_ATTR_FAMILY_ID: u16 = 1;
const CTRL_ATTR_FAMILY_NAME: u16 = 2;
const CTRL_ATTR_MCAST_GROUPS: u16 = 7;
const CTRL_ATTR_MCAST_GRP_ID: u16 = 2;

/// A message of `kind` with `body` behind its header; to the kernel, from whoever sends it.
pub(crate) fn message(kind: u16, flags: u16, seq: u32, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(16 + body.len()).unwrap_or(u32::MAX);
    let mut bytes = length.to_ne_bytes().to_vec();
    bytes.extend(kind.to_ne_bytes());
    bytes.extend(flags.to_ne_bytes());
    bytes.extend(seq.to_ne_bytes());
    bytes.extend([0; 4]);
    bytes.extend(body);
    bytes
}

/// An attribute with its padding.
pub(crate) fn attr(kind: u16, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len() + 4).unwrap_or(u16::MAX);
    let mut bytes = [length.to_ne_bytes(), kind.to_ne_bytes()].concat();
    bytes.extend(payload);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

/// Takes the first message off `rest`; an error where it is not whole.
pub(crate) fn next_message<'a>(rest: &mut &'a [u8]) -> Result<&'a [u8]> {
    let length = word(rest, 0)? as usize;
    let message = rest
        .get(..length)
        .filter(|it| it.len() >= 16)
        .with_context(|| format!("a message of {length} bytes in {}", rest.len()))?;
    *rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
    Ok(message)
}

/// The attributes in `bytes`, types without their flags; an error where they are not
/// well-formed.
pub(crate) fn attrs(mut bytes: &[u8]) -> Result<Vec<(u16, &[u8])>> {
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let length = usize::from(half(bytes, 0)?);
        let attr = bytes
            .get(..length)
            .filter(|it| it.len() >= 4)
            .with_context(|| format!("an attribute of {length} bytes in {}", bytes.len()))?;
        found.push((half(attr, 2)? & NLA_TYPE, &attr[4..]));
        bytes = bytes.get(length.next_multiple_of(4)..).unwrap_or_default();
    }
    Ok(found)
}

/// The four bytes at `at` as a number.
pub(crate) fn word(bytes: &[u8], at: usize) -> Result<u32> {
    let bytes = bytes.get(at..at + 4).context("a message that ends early")?;
    Ok(u32::from_ne_bytes(bytes.try_into()?))
}

/// The two bytes at `at` as a number.
pub(crate) fn half(bytes: &[u8], at: usize) -> Result<u16> {
    let bytes = bytes.get(at..at + 2).context("a message that ends early")?;
    Ok(u16::from_ne_bytes(bytes.try_into()?))
}

/// What the kernel knows the family `nl_util` by.
#[derive(Default)]
pub(crate) struct NlUtil {
    /// The type of its messages.
    pub(crate) family: u16,
    /// Its multicast group.
    pub(crate) group: u32,
}

/// Asks the controller for the family `nl_util`.
pub(crate) fn nl_util(socket: &NlSocket) -> Result<NlUtil> {
    let name = attr(CTRL_ATTR_FAMILY_NAME, b"nl_util\0");
    let body = [&[CTRL_CMD_GETFAMILY, 1, 0, 0], name.as_slice()].concat();
    let request = message(GENL_ID_CTRL, NLM_F_REQUEST, 0, &body);
    socket.send(&request, Msg::empty()).context("cannot send")?;
    let mut buffer = [0; 8192];
    let (length, _) = socket
        .recv(&mut buffer, Msg::empty())
        .context("no answer of the controller")?;
    let answer = next_message(&mut &buffer[..length])?;
    ensure!(
        half(answer, 4)? == GENL_ID_CTRL,
        "the kernel does not know the family nl_util"
    );
    let mut found = NlUtil::default();
    for (kind, payload) in attrs(answer.get(20..).unwrap_or_default())? {
        match kind {
            CTRL_ATTR_FAMILY_ID => found.family = half(payload, 0)?,
            CTRL_ATTR_MCAST_GROUPS => {
                for (_, group) in attrs(payload)? {
                    let parts = attrs(group)?;
                    let id = parts.iter().find(|(it, _)| *it == CTRL_ATTR_MCAST_GRP_ID);
                    if let Some((_, id)) = id {
                        found.group = word(id, 0)?;
                    }
                }
            }
            _ => {}
        }
    }
    Ok(found)
}
