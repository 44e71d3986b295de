// SPDX-License-Identifier: GPL-2.0-or-later
//! A message by its family's specification.

use super::{Endian, GENL_HEADER, Level, MESSAGE_HEADER, Message, Record, genl};
use crate::model::{Family, Operation};

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// A process asks the kernel.
    Request,
    /// The kernel answers, or speaks by itself.
    Reply,
}

/// What is behind the netlink header of a message of a family.
#[derive(Debug, Clone, Copy)]
pub struct Body<'a> {
    /// The operation; `None` if the specification has none of this number.
    pub operation: Option<&'a Operation>,
    /// The struct before the attributes.
    pub header: Option<Record<'a>>,
    /// The attributes.
    pub level: Level<'a>,
}

impl<'a> Body<'a> {
    /// The message by the specification. `asked` is the operation that it
    /// answers, where that is known: some families answer several with the same
    /// number. `None` for a message of generic netlink without its header.
    pub fn new(
        family: &'a Family,
        message: &Message<'a>,
        endian: Endian,
        side: Side,
        asked: Option<&'a Operation>,
    ) -> Option<Self> {
        let (number, payload, start) = if family.protocol.is_generic() {
            let genl = genl(message.payload)?;
            let start = MESSAGE_HEADER + GENL_HEADER;
            (genl.command.into(), genl.payload, start)
        } else {
            (message.kind, message.payload, MESSAGE_HEADER)
        };
        let operation = match side {
            Side::Request => family.request(number),
            Side::Reply => asked
                .filter(|asked| asked.reply_number == Some(number))
                .or_else(|| family.reply(number)),
        };
        let protocol = family.protocol.number();
        let is_dump = message.is_dump(protocol);
        let said = operation.and_then(|it| match side {
            Side::Request => it.request(is_dump),
            Side::Reply => it.reply(),
        });
        let layout = operation
            .and_then(|it| it.header_of(said))
            .map(|id| &family[id]);
        let header = layout.map(|layout| Record::new(family, layout, endian, payload, start));
        let length = layout.map_or(0, |layout| layout.size.next_multiple_of(4));
        let set = operation
            .and_then(|it| it.set_of(said))
            .map(|id| &family[id]);
        let bytes = payload.get(length..).unwrap_or(&[]);
        Some(Self {
            operation,
            header,
            level: Level::new(Some(family), set, endian, bytes, start + length)
                .with_number_order(message.number_order(protocol, endian))
                .behind(header),
        })
    }
}
