// SPDX-License-Identifier: GPL-2.0-or-later
//! A message by its family's specification.

use super::{Endian, GENL_HEADER, Level, MESSAGE_HEADER, Message, Record, Secrets, Value, genl};
use crate::model::{AttrSet, Family, Operation, StructId};

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
    /// The message's type (`nlmsg_type`).
    pub kind: u16,
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
        let is_generic = family.protocol.is_generic();
        let (number, payload, start) = if is_generic {
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
                .or_else(|| family.answer(number)),
        };
        let protocol = family.protocol.number();
        let said = operation.and_then(|it| match side {
            Side::Request => it.request(message.is_dump(protocol)),
            Side::Reply => it.reply(),
        });
        let (header, set) = match operation {
            Some(it) => (it.header_of(said), it.set_of(said)),
            None if is_generic => family.common(),
            None => (None, None),
        };
        let set = set.map(|id| &family[id]);
        let order = message.number_order(protocol, endian);
        let header = header.map(|id| head(family, id, endian, payload, start));
        let (header, bytes, start) = match header {
            Some((header, bytes, start)) => (Some(header), bytes, start),
            None => (None, payload, start),
        };
        let mut level = Level::new(Some(family), set, endian, bytes, start);
        level.describe(order, header);
        Some(Self {
            kind: message.kind,
            operation,
            header,
            level,
        })
    }

    /// Attributes of which nothing is known, behind `length` bytes of the message's payload. Where
    /// there are not as many, what there is takes the place of the attributes.
    pub fn unknown(message: &Message<'a>, protocol: u16, endian: Endian, length: usize) -> Self {
        let (bytes, start) = match message.payload.get(length..) {
            Some(bytes) => (bytes, MESSAGE_HEADER + length),
            None => (message.payload, MESSAGE_HEADER),
        };
        Self {
            kind: message.kind,
            operation: None,
            header: None,
            level: Level::new(None, None, endian, bytes, start)
                .with_number_order(message.number_order(protocol, endian)),
        }
    }

    /// The same attributes behind a struct of a family, which need not be theirs: it is the
    /// beginning of what were their bytes.
    pub fn headed(self, family: &'a Family, header: StructId) -> Self {
        let (endian, bytes) = (self.level.endian(), self.level.bytes());
        let (header, rest, start) = head(family, header, endian, bytes, self.level.offset());
        Self {
            header: Some(header),
            level: self.level.moved(rest, start, header),
            ..self
        }
    }

    /// The same attributes with all of a message's payload as theirs.
    pub fn unheaded(self, message: &Message<'a>) -> Self {
        Self {
            header: None,
            level: self.level.at(message.payload, MESSAGE_HEADER),
            ..self
        }
    }

    /// The same message as an answer about sockets of a protocol, which it need not say itself.
    pub fn asked(mut self, protocol: Option<u64>) -> Self {
        self.level.asked(protocol);
        self
    }

    /// The same message with what is secret read as [`Value::Secret`].
    pub fn hiding(self, secrets: Option<Secrets>) -> Self {
        let Some(secrets) = secrets else {
            return self;
        };
        Self {
            header: self.header.map(|it| secrets.cover_header(it)),
            level: self.level.hiding(secrets),
            ..self
        }
    }

    /// The same bytes as attributes of another set.
    pub fn of_set(self, family: &'a Family, set: Option<&'a AttrSet>) -> Self {
        Self {
            level: self.level.of_set(family, set),
            ..self
        }
    }
}

/// The member of `struct nduseroptmsg` that says how long the options are that follow it, before
/// the attributes.
const OPTIONS_LENGTH: &str = "nduseropt-opts-len";

/// The struct that `bytes` begin with, `start` bytes after the message's start; and the bytes
/// behind it, with the same of theirs.
fn head<'a>(
    family: &'a Family,
    header: StructId,
    endian: Endian,
    bytes: &'a [u8],
    start: usize,
) -> (Record<'a>, &'a [u8], usize) {
    let layout = &family[header];
    let own = bytes.get(..layout.size).unwrap_or(bytes);
    let header = Record::new(family, layout, endian, own, start);
    let options = match header.by_name(OPTIONS_LENGTH) {
        Some(Value::Number(length)) => usize::try_from(length.bits()).unwrap_or(0),
        _ => 0,
    };
    let length = layout.size.saturating_add(options);
    let own = bytes.get(..length).unwrap_or(bytes);
    let header = Record::new(family, layout, endian, own, start);
    let length = length.next_multiple_of(4);
    let rest = bytes.get(length..).unwrap_or(&[]);
    (header, rest, start + length)
}
