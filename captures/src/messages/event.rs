// SPDX-License-Identifier: GPL-2.0-or-later
//! A message with all that the file and the messages before it say about it.

use std::borrow::Cow;
use std::rc::Rc;
use std::time::Duration;

use foldhash::HashMap;
use ynl::decode::{
    Body, CONTROLLER, GENERIC, GENL_HEADER, Genl, Level, MESSAGE_HEADER, Message, Secrets, Side,
    Verb, Verdict, begins_message, genl, messages, missing_at, path_at, protocols, types,
};
use ynl::model::Family;

use super::controller::Controller;
use super::conversation::{self, Conversations, Request, Tie, sockets};
use super::links::{LinkNames, Links};
use super::names;
use super::process::Process;
use super::secrets;
use super::specs::{RawKey, Specs};
use crate::messages::packet::Packet;

/// The most messages of different names whose names are remembered.
const MOST_NAMES: usize = 1 << 14;

/// Stands for the command of a message of generic netlink that ends before it.
const NO_COMMAND: u16 = u16::MAX;

/// What a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Role {
    /// A process asks.
    Request,
    /// The kernel answers with data.
    Reply,
    /// The kernel speaks by itself.
    Notification,
    /// The last part of a dump.
    Done,
    /// The request was carried out.
    Ack,
    /// The request was refused.
    Error,
    /// Messages were lost, or nothing.
    Control,
}

impl Role {
    /// Its name, as JSON has it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Reply => "reply",
            Self::Notification => "notification",
            Self::Done => "done",
            Self::Ack => "ack",
            Self::Error => "error",
            Self::Control => "control",
        }
    }
}

/// A message.
pub(crate) struct Event<'a> {
    /// Number of the packet in the file, from 1.
    pub(crate) frame: u64,
    /// Number of the message in the packet, from 1.
    pub(crate) number: u32,
    pub(crate) packet: &'a Packet<'a>,
    pub(crate) message: Message<'a>,
    /// The message with its header, as far as it is there.
    pub(crate) bytes: &'a [u8],
    /// Of the last message of a datagram, what follows it there and is no message.
    pub(crate) trailing: &'a [u8],
    pub(crate) role: Role,
    pub(crate) process: Option<Process>,
    /// Netlink protocol by name.
    pub(crate) protocol: &'a str,
    /// Name of the family, or of the protocol where that is all that is known.
    pub(crate) family: Rc<str>,
    /// Name of the operation, or its number.
    pub(crate) operation: Rc<str>,
    /// Whether the operation is a name, by a specification or by Linux.
    pub(crate) known: bool,
    /// Data, where it is a message that has any.
    pub(crate) body: Option<Body<'a>>,
    pub(crate) verdict: Option<Verdict<'a>>,
    /// What it answers.
    pub(crate) tie: Option<Tie>,
    /// The names of the links that it may be about.
    pub(crate) links: Links<'a>,
    /// The request's family, for what an error says about it.
    specs: &'a Specs,
    /// Keys and passwords are shown.
    shows_secrets: bool,
}

impl Event<'_> {
    /// The flags that are set, by name; in hexadecimal what has none.
    pub(crate) fn flags(&self) -> impl Iterator<Item = Cow<'static, str>> + use<> {
        self.flags_of(&self.message, self.role == Role::Request)
    }

    /// The flags of a message that is or was of the same operation.
    pub(crate) fn flags_of(
        &self,
        message: &Message<'_>,
        is_request: bool,
    ) -> impl Iterator<Item = Cow<'static, str>> + use<> {
        let protocol = self.packet.protocol;
        let verb = match protocol == GENERIC && is_request && self.known {
            true => Verb::of_operation(&self.operation),
            false => message.verb(protocol),
        };
        let names = message.flag_names(protocol, verb);
        names.map(|it| it.map_or_else(|bit| format!("{bit:#x}").into(), Cow::Borrowed))
    }

    /// The request that an error or acknowledgement is about, where the file does not have it:
    /// as much as is repeated.
    pub(crate) fn missed_request(&self) -> Option<Message<'_>> {
        match self.tie {
            Some(_) => None,
            None => self.verdict?.repeated(self.packet.endian),
        }
    }

    /// Whether it asks for a dump.
    pub(crate) fn is_dump(&self) -> bool {
        self.role == Role::Request && self.message.is_dump(self.packet.protocol)
    }

    /// The header of generic netlink.
    pub(crate) fn genl(&self) -> Option<Genl<'_>> {
        let has = self.packet.protocol == GENERIC && !self.message.is_control(GENERIC);
        has.then(|| genl(self.message.payload)).flatten()
    }

    /// The time since the request.
    pub(crate) fn took(&self) -> Option<Duration> {
        self.packet
            .time
            .checked_sub(self.tie.as_ref()?.request.time)
    }

    /// The request that an error is about, as far as it is there.
    pub(crate) fn refused(&self) -> Option<Body<'_>> {
        let (protocol, endian) = (self.packet.protocol, self.packet.endian);
        let kept = self.tie.as_ref().map_or(&[][..], |it| &it.request.bytes);
        // What the error repeats is the request itself, and never cut short.
        let request = [self.verdict?.request, kept]
            .into_iter()
            .max_by_key(|it| it.len())?;
        let message = messages(request, endian).next()?.ok()?;
        let by_family = self.family_of(&message);
        let body = by_family.and_then(|it| Body::new(it, &message, endian, Side::Request, None));
        let body = body.unwrap_or_else(|| {
            let header = match protocol {
                GENERIC => GENL_HEADER,
                protocol => names::header_length(protocol),
            };
            Body::unknown(&message, protocol, endian, header)
        });
        Some(body.hiding(self.secrets(&message)))
    }

    /// What is not to be shown of a message of this family.
    pub(super) fn secrets(&self, message: &Message<'_>) -> Option<Secrets> {
        (!self.shows_secrets).then_some(())?;
        secrets::of(self.packet.protocol, &self.family, message)
    }

    /// The attribute that an error points at, and the one that it misses, by
    /// their paths; a place without a name by its number of bytes.
    pub(crate) fn at_fault(&self) -> (Option<String>, Option<String>) {
        let Some(verdict) = self.verdict.filter(|it| it.offset.or(it.missing).is_some()) else {
            return (None, None);
        };
        let body = self.refused();
        let level = match &body {
            Some(body) => body.level,
            None => Level::new(None, None, self.packet.endian, &[], MESSAGE_HEADER),
        };
        let attribute = verdict.offset.map(|offset| {
            let path = path_at(&level, offset as usize);
            path.unwrap_or_else(|| format!("byte {offset}"))
        });
        let missing = verdict.missing.map(|number| {
            let nest = verdict.missing_in.map(|it| it as usize);
            let path = u16::try_from(number)
                .ok()
                .and_then(|it| missing_at(&level, nest, it));
            path.unwrap_or_else(|| format!("#{number}"))
        });
        (attribute, missing)
    }

    fn family_of(&self, message: &Message<'_>) -> Option<&Family> {
        match self.packet.protocol {
            GENERIC => self.specs.generic(&self.family),
            protocol => self.specs.raw(RawKey::new(protocol, message, true)),
        }
    }
}

/// What names depend on.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct NamesKey {
    tap: u32,
    raw: RawKey,
    command: u16,
}

/// Names of a message.
#[derive(Clone)]
struct Names {
    family: Rc<str>,
    operation: Rc<str>,
    /// The operation is a name.
    known: bool,
    /// It is a notification or an event by its specification.
    is_async: bool,
}

/// Interprets messages by what was learnt from those before: names of families, requests that
/// are not answered yet.
pub(crate) struct Interpreter<'s> {
    pub(super) specs: &'s Specs,
    pub(crate) controller: Controller,
    /// Names that are asked for again and again.
    names: HashMap<NamesKey, Names>,
    pub(crate) conversations: Conversations,
    links: LinkNames,
    /// Counts what changes names.
    pub(crate) generation: u32,
    /// Number of the packet at hand in the file, from 1.
    pub(crate) frame: u64,
    shows_secrets: bool,
}

impl<'s> Interpreter<'s> {
    /// Knows nothing yet, and shows keys and passwords only where that is asked for.
    pub(crate) fn new(specs: &'s Specs, shows_secrets: bool) -> Self {
        Self {
            specs,
            shows_secrets,
            controller: Controller::default(),
            names: HashMap::default(),
            conversations: Conversations::default(),
            links: LinkNames::default(),
            generation: 0,
            frame: 0,
        }
    }

    /// Hands each message of a packet to `each`; returns the bytes that are left and are no
    /// message. Programs send buffers longer than the message in them: zeros mean nothing.
    pub(crate) fn packet<'p>(
        &mut self,
        packet: &Packet<'p>,
        each: &mut impl FnMut(&Event<'_>),
    ) -> &'p [u8] {
        self.frame += 1;
        if !names::has_messages(packet.protocol) {
            return packet.messages;
        }
        let protocol = names::protocol(packet.protocol);
        let mut at = 0;
        for (number, message) in (1..).zip(messages(packet.messages, packet.endian)) {
            let message = match message {
                Ok(message) => message,
                Err(malformed) => return packet.messages.get(malformed.offset..).unwrap_or(&[]),
            };
            let end = at + MESSAGE_HEADER + message.payload.len();
            let bytes = packet.messages.get(at..end).unwrap_or(&[]);
            at = end.next_multiple_of(4);
            let rest = packet.messages.get(at..).unwrap_or(&[]);
            if (packet.protocol, message.kind) == (GENERIC, CONTROLLER)
                && self.controller.learn(packet, &message)
            {
                self.names.clear();
                self.generation += 1;
            }
            self.links.learn(packet, &message);
            let mut event = self.event(packet, number, message, bytes, &protocol);
            let is_left_over = event.is_left_over(rest);
            if is_left_over || !begins_message(rest, packet.endian) {
                event.trailing = rest;
            }
            let request = (event.role == Role::Request && !packet.added).then(|| Request {
                frame: event.frame,
                number,
                time: packet.time,
                kind: message.kind,
                family: Rc::clone(&event.family),
                operation: Rc::clone(&event.operation),
                process: event.process.clone(),
                bytes: conversation::kept(bytes),
            });
            each(&event);
            if let Some(request) = request {
                self.conversations.ask(packet, &message, request);
            }
            if is_left_over {
                return rest;
            }
        }
        &[]
    }

    fn event<'a>(
        &'a mut self,
        packet: &'a Packet<'a>,
        number: u32,
        message: Message<'a>,
        bytes: &'a [u8],
        protocol: &'a str,
    ) -> Event<'a> {
        let specs = self.specs;
        let endian = packet.endian;
        let is_control = message.is_control(packet.protocol);
        let to_kernel = match packet.sent {
            Some(sent) => sent,
            None => !is_control && message.is_request(),
        };
        let named = self.names(packet, &message, to_kernel);
        let is_own_idea = to_kernel || packet.added || packet.is_multicast || named.is_async;
        let tie = match is_own_idea {
            true => None,
            false => self.conversations.answer(packet, &message),
        };
        let verdict = is_control.then(|| Verdict::new(&message, endian)).flatten();
        // An error whose request is not in the file repeats it.
        let repeated = verdict.filter(|_| tie.is_none());
        let named = match repeated.and_then(|it| it.repeated(endian)) {
            Some(request) => self.names(packet, &request, true),
            None => named,
        };
        let mut event = Event {
            frame: self.frame + packet.skipped,
            number,
            packet,
            message,
            bytes,
            trailing: &[],
            role: Role::Control,
            process: (packet.process.clone()).or_else(|| tie.as_ref()?.request.process.clone()),
            protocol,
            family: named.family,
            operation: named.operation,
            known: named.known,
            body: None,
            verdict,
            tie,
            links: self.links.of(packet),
            specs,
            shows_secrets: self.shows_secrets,
        };
        if is_control {
            event.role = match (message.kind, verdict.map(|it| it.errno)) {
                (types::DONE, Some(0)) => Role::Done,
                (types::ERROR, Some(0)) => Role::Ack,
                (types::DONE | types::ERROR, Some(_)) => Role::Error,
                _ => Role::Control,
            };
            match &event.tie {
                Some(tie) => {
                    event.family = Rc::clone(&tie.request.family);
                    event.operation = Rc::clone(&tie.request.operation);
                    event.known = true;
                }
                None if event.operation.is_empty() => {
                    event.operation = Rc::from(control_name(message.kind));
                }
                None => {}
            }
            return event;
        }
        let asked = event.tie.as_ref().map(|it| &*it.request);
        let body = self.body(packet, &message, to_kernel, &event.family, asked);
        let about = event.tie.as_ref().and_then(|it| sockets(packet, it));
        event.body = body.map(|it| it.asked(about).hiding(event.secrets(&message)));
        if let Some(operation) = event.body.as_ref().and_then(|it| it.operation)
            && *operation.name != *event.operation
        {
            event.operation = Rc::from(operation.name.as_str());
        }
        event.role = match (to_kernel, &event.tie) {
            (true, _) => Role::Request,
            (false, Some(_)) => Role::Reply,
            (false, None) if packet.added => Role::Reply,
            // What the kernel says by itself has no number, and no socket has port id 0; and what
            // it was asked for before the recording began cannot be known.
            (false, None) => {
                let is_numbered = message.sequence != 0 && message.port != 0;
                let is_answer = is_numbered && !message.is_request() && !is_own_idea;
                match is_answer && !self.conversations.is_about_change(packet, &message) {
                    true => Role::Reply,
                    false => Role::Notification,
                }
            }
        };
        event
    }

    /// Names of family and operation. A message of netlink itself (`kind` below
    /// 16) is of its protocol.
    fn names(&mut self, packet: &Packet<'_>, message: &Message<'_>, to_kernel: bool) -> Names {
        let is_control = message.is_control(packet.protocol);
        let mut raw = RawKey::new(packet.protocol, message, to_kernel);
        if is_control {
            (raw.kind, raw.of) = (0, None);
        }
        let key = NamesKey {
            tap: packet.tap,
            raw,
            command: match (packet.protocol, is_control) {
                (GENERIC, false) => {
                    genl(message.payload).map_or(NO_COMMAND, |it| it.command.into())
                }
                _ => 0,
            },
        };
        if let Some(names) = self.names.get(&key) {
            return names.clone();
        }
        let names = self.make_names(key);
        if self.names.len() >= MOST_NAMES {
            self.names.clear();
        }
        self.names.insert(key, names.clone());
        names
    }

    fn make_names(&self, key: NamesKey) -> Names {
        let NamesKey { tap, raw, command } = key;
        let RawKey {
            protocol,
            kind,
            to_kernel,
            ..
        } = raw;
        let find = |family: &Family, number: u16| {
            let operation = match to_kernel {
                true => family.request(number),
                false => family.answer(number),
            }?;
            Some((Rc::from(operation.name.as_str()), family.is_unasked(number)))
        };
        let unknown = |family: &str, operation: &str| Names {
            family: Rc::from(family),
            operation: Rc::from(operation),
            known: false,
            is_async: false,
        };
        if kind == 0 && protocol != protocols::FIB_LOOKUP {
            return unknown(&names::protocol(protocol), "");
        }
        if protocol != GENERIC {
            let spec = self.specs.raw(raw);
            return match spec.and_then(|it| Some((it, find(it, kind)?))) {
                Some((spec, (operation, is_async))) => Names {
                    family: Rc::from(spec.name.as_str()),
                    operation,
                    known: true,
                    is_async,
                },
                None => {
                    let name = names::message(protocol, kind);
                    let number = || names::number(protocol, kind);
                    Names {
                        family: Rc::from(&*names::protocol(protocol)),
                        operation: name.map_or_else(|| Rc::from(number()), Rc::from),
                        known: name.is_some(),
                        is_async: false,
                    }
                }
            };
        }
        let family = match (kind, self.controller.family(tap, kind)) {
            (_, Some(known)) => Rc::clone(&known.name),
            // The only one whose number is fixed.
            (CONTROLLER, None) => Rc::from("nlctrl"),
            (_, None) => Rc::from(format!("family{kind}")),
        };
        match self.specs.generic(&family).and_then(|it| find(it, command)) {
            Some((operation, is_async)) => Names {
                family,
                operation,
                known: true,
                is_async,
            },
            None if command == NO_COMMAND => unknown(&family, ""),
            None => unknown(&family, &format!("cmd{command}")),
        }
    }
}

fn control_name(kind: u16) -> &'static str {
    match kind {
        types::NOOP => "noop",
        types::OVERRUN => "overrun",
        _ => "",
    }
}
