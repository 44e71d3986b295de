// SPDX-License-Identifier: GPL-2.0-or-later
//! Messages as text, in the form that is asked for.

use std::io::{self, IsTerminal};

use jiff::tz::TimeZone;

use super::clock::{Clock, Form};
use super::count::CountTable;
use super::filter::MessageFilter;
use super::options::Options;
use super::{json, line, tree};
use crate::messages::event::{Event, Interpreter};
use crate::messages::packet::Packet;
use crate::messages::uevent::Uevent;
use crate::terminal::paint::Paint;
use crate::terminal::text;

/// Makes text of messages.
pub(crate) struct View<'a> {
    pub(crate) options: &'a Options,
    filter: MessageFilter<'a>,
    clock: Clock,
    paint: Paint,
    count: Option<CountTable>,
    /// A message was wanted.
    found: bool,
    /// What is to be written next.
    pub(crate) text: String,
}

impl<'a> View<'a> {
    /// For an output that is a terminal, or is none.
    pub(crate) fn for_output(options: &'a Options, is_terminal: bool) -> Self {
        let paint = Paint(options.color.is_on(is_terminal));
        Self::new(options, paint, TimeZone::system())
    }

    pub(super) fn new(options: &'a Options, paint: Paint, zone: TimeZone) -> Self {
        Self {
            options,
            filter: MessageFilter::new(options),
            clock: Clock::new(Form::of(options.time), zone),
            paint,
            count: options.count.then(CountTable::default),
            found: false,
            text: String::new(),
        }
    }

    /// Takes a message; `generation` changes where names do.
    pub(super) fn take(&mut self, event: &Event<'_>, generation: u32) {
        let options = self.options;
        // The list of families that nlcap adds is for programs.
        let shown = !event.packet.added || options.added || event.packet.fate.is_some();
        if !shown || !self.filter.wants(event) {
            return;
        }
        self.found = true;
        if let Some(count) = &mut self.count {
            count.add(event, generation);
            return;
        }
        if options.json {
            json::push_event(&mut self.text, event);
        } else {
            let time = self.clock.show(event.packet.time);
            line::push_line(&mut self.text, event, time, self.paint);
        }
        self.text.push('\n');
        if !options.json && options.verbose {
            tree::push_tree(&mut self.text, event);
        }
        if !options.json && options.bytes {
            tree::push_bytes(&mut self.text, event.bytes, &event.secret_ranges());
            if event.hides_trailing() {
                tree::push_secret_trailing(&mut self.text, event.trailing);
            } else {
                tree::push_trailing(&mut self.text, event.trailing);
            }
        }
    }

    /// Takes the messages of a packet.
    pub(crate) fn packet(&mut self, interpreter: &mut Interpreter<'_>, packet: &Packet<'_>) {
        let generation = interpreter.generation;
        let mut has_message = false;
        let rest = interpreter.packet(packet, &mut |event| {
            has_message = true;
            self.take(event, generation);
        });
        if !has_message && !rest.is_empty() {
            self.no_message(interpreter.frame, packet);
        }
    }

    /// The text of what was taken since the last call.
    pub(crate) fn text(&mut self) -> String {
        std::mem::take(&mut self.text)
    }

    /// Takes a packet that begins with no message.
    fn no_message(&mut self, frame: u64, packet: &Packet<'_>) {
        let options = self.options;
        if self.count.is_some() || options.is_filtered() || (packet.added && !options.added) {
            return;
        }
        let uevent = Uevent::new(packet);
        if options.json {
            json::push_no_message(&mut self.text, frame, packet, uevent.as_ref());
        } else {
            let time = self.clock.show(packet.time);
            line::push_no_message(&mut self.text, packet, uevent.as_ref(), time, self.paint);
        }
        self.text.push('\n');
        if options.verbose
            && !options.json
            && let Some(uevent) = &uevent
        {
            tree::push_uevent(&mut self.text, uevent);
        }
        if options.bytes && !options.json {
            tree::push_bytes(&mut self.text, packet.messages, &[]);
        }
    }

    /// There are no more messages.
    pub(crate) fn finish(&mut self) {
        if let Some(count) = self.count.take() {
            self.text.push_str(&count.render());
        }
    }

    /// Tells who watches that there is nothing to see because of the filters. A
    /// script finds it out by what it reads.
    pub(crate) fn say_if_none_matches(&self) {
        if !self.found && self.options.is_filtered() && io::stderr().is_terminal() {
            text::say(&"no messages match");
        }
    }
}
