// SPDX-License-Identifier: GPL-2.0-or-later
//! A recording out of its messages, in one pass.
//!
//! # Design decisions
//!
//! A file may hold millions of messages, and names that somebody chose to fill
//! memory with. So each list is bounded, what does not fit is counted, and the
//! count stands in the report. Nothing is kept of a message but sums.

mod conversations;
mod facts;
mod health;
mod interfaces;
mod ladder;
mod participants;
mod shares;
mod verdicts;
mod waste;

use std::io::Read;
use std::rc::Rc;
use std::time::Duration;

use jiff::Timestamp;

use self::conversations::Conversations;
pub(super) use self::facts::{ETHERNET, Fact, FactValue, Facts};
use self::health::HealthCheck;
pub(super) use self::interfaces::{FactSource, Interfaces};
use self::ladder::Ladder;
use self::participants::Participants;
use self::shares::Shares;
use self::verdicts::Verdicts;
use self::waste::Repeats;
use super::model::{Ailment, BoundedList, Figures, LeftOut, Recording};
use crate::file::reader::{FileInfo, ReadError, Remarks, read};
use crate::messages::conversation::Request;
use crate::messages::event::{Event, Interpreter, Role};
use crate::messages::names;
use crate::messages::packet::Packet;
use crate::messages::process::Fate;
use crate::messages::requests;
use crate::messages::specs::Specs;

/// A recording, and what is only needed to compare it.
pub(crate) struct Collection {
    pub(crate) recording: Recording,
    /// What was skipped of its file.
    pub(crate) remarks: Remarks,
    pub(super) interfaces: Interfaces,
}

/// Reads a file to its end.
pub(crate) fn collect(
    specs: &Specs,
    file: impl Read,
    name: Option<String>,
) -> Result<Collection, ReadError> {
    let mut collector = Collector::new(specs);
    let mut interpreter = Interpreter::new(specs, false);
    let about = read(file, &mut |packet| {
        let before = collector.figures.messages;
        let rest = interpreter.packet(packet, &mut |event| collector.take(event));
        collector.packet(packet, rest, before);
    })?;
    collector.note_unfinished(&interpreter, &about);
    let given_up = interpreter.conversations.given_up();
    Ok(collector.finish(about, name, given_up))
}

/// The request that the last answer belonged to, and where it is counted: most
/// answers are followed by one to the same request.
struct CurrentRequest {
    request: Rc<Request>,
    conversation: usize,
    repeat: Option<usize>,
}

struct Collector {
    figures: Figures,
    participants: Participants,
    conversations: Conversations,
    ladder: Ladder,
    shares: Shares,
    verdicts: Verdicts,
    repeats: Repeats,
    health: HealthCheck,
    interfaces: Interfaces,
    current: Option<CurrentRequest>,
    started: Option<Duration>,
    first_request: Option<Duration>,
    last_answer: Option<Duration>,
    /// Who the last message of the packet at hand belongs to.
    who: usize,
    received: bool,
}

impl Collector {
    fn new(specs: &Specs) -> Self {
        Self {
            figures: Figures::default(),
            participants: Participants::default(),
            conversations: Conversations::default(),
            ladder: Ladder::default(),
            shares: Shares::default(),
            verdicts: Verdicts::default(),
            repeats: Repeats::default(),
            health: HealthCheck::default(),
            interfaces: Interfaces::new(specs.generic("nl_util")),
            current: None,
            started: None,
            first_request: None,
            last_answer: None,
            who: 0,
            received: false,
        }
    }

    fn take(&mut self, event: &Event<'_>) {
        if event.packet.added {
            // No message of the tap, but what nlcap says of a socket or a call.
            if let Some(fate) = event.packet.fate {
                let who = self.participants.of(event);
                self.participants.name(who, event);
                self.health.note_fate(fate, event, who);
            }
            return;
        }
        let time = event.packet.time;
        let bytes = u64::from(event.message.length);
        self.figures.messages += 1;
        self.figures.bytes += bytes;
        self.started.get_or_insert(time);
        let who = self.participants.of(event);
        self.who = who;
        self.received = event.role != Role::Request;
        self.participants.count(who, event, bytes);
        self.health.message(event, who);
        match event.role {
            Role::Request => {
                self.figures.requests += 1;
                self.first_request.get_or_insert(time);
                let is_joint = self.participants.is_joint(who);
                self.conversations.ask(event, who, is_joint);
                self.repeats.ask(event, who);
            }
            Role::Notification => self.figures.notifications += 1,
            Role::Control => {}
            Role::Reply | Role::Done | Role::Ack | Role::Error => self.answer(event, who),
        }
        let at = time.saturating_sub(self.started.unwrap_or(time));
        self.ladder.take(event, who, at);
    }

    fn answer(&mut self, event: &Event<'_>, who: usize) {
        let time = event.packet.time;
        self.figures.answers += 1;
        self.last_answer = Some(time);
        if let (None, Some(first)) = (self.figures.first_answer, self.first_request) {
            self.figures.first_answer = Some(nanoseconds(time.saturating_sub(first)));
        }
        let conversation = self.place(event, who);
        self.conversations.answer(conversation, event);
        self.figures.refused += u64::from(event.role == Role::Error);
        self.verdicts.take(event, who);
        if event.role == Role::Reply {
            self.shares.take(event);
            if self.interfaces.take(event) {
                self.figures.interface_bytes += u64::from(event.message.length);
                self.conversations.is_about_interfaces(conversation);
            }
        }
    }

    /// The conversation of an answer.
    fn place(&mut self, event: &Event<'_>, who: usize) -> usize {
        let is_joint = self.participants.is_joint(who);
        let Some(tie) = &event.tie else {
            return self.conversations.of_answer(event, who, is_joint);
        };
        let known = self.current.as_ref();
        let known = known.filter(|it| Rc::ptr_eq(&it.request, &tie.request));
        let (conversation, repeat) = match known {
            Some(current) => (current.conversation, current.repeat),
            None => {
                let conversation = self.conversations.of_answer(event, who, is_joint);
                let repeat = self.repeats.answer(&tie.request, event);
                self.current = Some(CurrentRequest {
                    request: Rc::clone(&tie.request),
                    conversation,
                    repeat,
                });
                (conversation, repeat)
            }
        };
        if let Some(repeat) = repeat {
            self.repeats.cost(repeat, event.message.length);
        }
        conversation
    }

    /// Ends a packet; `rest` are its bytes that are no message.
    fn packet(&mut self, packet: &Packet<'_>, rest: &[u8], before: u64) {
        if packet.added {
            return;
        }
        self.figures.packets += 1;
        if packet.fate == Some(Fate::Truncated) {
            self.health.add(Ailment::TruncatedRead, Some(self.who), 1);
        }
        if !names::has_messages(packet.protocol) {
            return;
        }
        // Of bytes that are no message nothing says whose they are.
        if self.figures.messages > before {
            if self.received {
                self.participants
                    .datagram(self.who, packet.messages.len() as u64);
            }
            self.health.rest(Some(self.who), rest);
        } else {
            self.health.rest(None, rest);
        }
    }

    /// Counts the dumps that have no end, where that cannot be among the frames that were lost.
    fn note_unfinished(&mut self, interpreter: &Interpreter<'_>, about: &FileInfo) {
        for request in interpreter.conversations.unfinished_dumps() {
            let pid = request.process.as_ref().map(|it| it.pid);
            let who = pid.and_then(|pid| self.participants.find(pid));
            match about.dropped {
                Some(0) => self.health.add(Ailment::UnfinishedDump, who, 1),
                _ => self.health.may_lack_ends = true,
            }
        }
    }

    /// `given_up` requests were forgotten before they were answered.
    fn finish(mut self, about: FileInfo, file: Option<String>, given_up: u64) -> Collection {
        let has_results = about.has_results();
        let figures = &mut self.figures;
        let between = self.last_answer.zip(self.first_request);
        figures.time = between.map(|(last, first)| nanoseconds(last.saturating_sub(first)));
        figures.interfaces = self.interfaces.count();
        figures.lost = about.dropped;
        if figures.interfaces > 0 {
            let count = figures.interfaces as f64;
            figures.bytes_per_interface = Some(figures.interface_bytes as f64 / count);
            figures.time_per_interface =
                (self.conversations.interface_time()).map(|time| time as f64 / count);
        }
        self.interfaces.tap = about.link;
        let (interfaces, more) = self.interfaces.largest();
        let left_out = self.left_out(given_up, more);
        let names = self.participants.names();
        let programs = self.participants.programs();
        let (failures, warnings, probes) = self.verdicts.finish(&programs);
        let mut waste = self.repeats.finish(&programs);
        waste.extend(probes);
        waste.push(waste::unprinted(&self.figures, None));
        let recording = Recording {
            file,
            command: about.command,
            started: self.started.and_then(stamp),
            kernel: about.system,
            hardware: about.hardware,
            recorder: about.application,
            health: self.health.finish(&programs, about.dropped, has_results),
            processes: self.participants.finish(&programs),
            conversations: self.conversations.finish(&programs),
            steps: self.ladder.finish(&names),
            shares: self.shares.finish(),
            failures,
            warnings,
            figures: self.figures,
            rounds: None,
            waste,
            interfaces,
            left_out,
        };
        Collection {
            recording,
            remarks: about.remarks,
            interfaces: self.interfaces,
        }
    }
}

impl Collector {
    /// What the bounds of lists left out; `sizes` interfaces are not listed by size.
    fn left_out(&self, given_up: u64, sizes: u64) -> Vec<LeftOut> {
        use BoundedList as List;
        let participants = &self.participants;
        let all = [
            (List::Processes, participants.left_out, participants::MOST),
            (
                List::ProcessIds,
                participants.uncounted,
                participants::MOST_KNOWN,
            ),
            (
                List::Sockets,
                participants.sockets_left_out,
                participants::MOST_SOCKETS,
            ),
            (List::PendingRequests, given_up, requests::MOST),
            (
                List::Conversations,
                self.conversations.left_out(),
                conversations::MOST,
            ),
            (List::Steps, self.ladder.left_out, ladder::MOST),
            (List::AnswerKinds, self.shares.left_out, shares::MOST),
            (List::Verdicts, self.verdicts.left_out, verdicts::MOST),
            (List::Repeats, self.repeats.left_out, waste::MOST),
            (List::Interfaces, self.interfaces.left_out, interfaces::MOST),
            (List::InterfaceSizes, sizes, interfaces::MOST_LISTED),
        ];
        let cut = all.into_iter().filter(|(_, count, _)| *count > 0);
        cut.map(|(list, count, limit)| LeftOut {
            list,
            count,
            limit: limit as u64,
        })
        .collect()
    }
}

/// A time as the report has it; one of more than 500 years is as good as that.
fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// RFC 3339, to the second; none for times beyond the calendar.
fn stamp(time: Duration) -> Option<String> {
    let seconds = i64::try_from(time.as_secs()).ok()?;
    Some(Timestamp::from_second(seconds).ok()?.to_string())
}
