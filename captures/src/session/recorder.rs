// SPDX-License-Identifier: GPL-2.0-or-later
//! The recording as a pcapng file: the sink of `nlcap record`.

use std::io;
use std::time::Duration;

use super::outlet::Outlet;
use super::redactor::Redactor;
use super::sink::Sink;
use crate::attribution::{Attribution, SocketEvent};
use crate::file::comment::Comment;
use crate::file::writer::{Counters, Interface, Note, Origin, Writer};
use crate::messages::packet::Frame;
use crate::messages::process::{Certainty, Process};

/// A recording in the making.
pub(crate) struct Recorder {
    writer: Writer<Outlet>,
    redactor: Option<Redactor>,
}

impl Recorder {
    /// Begins the file.
    pub(crate) fn new(outlet: Outlet, origin: &Origin) -> io::Result<Self> {
        Ok(Self {
            writer: Writer::new(outlet, origin)?,
            redactor: origin.redacted.then(Redactor::default),
        })
    }

    /// How many secrets were replaced by zeros, where they are.
    pub(crate) fn redacted(&self) -> Option<u64> {
        Some(self.redactor.as_ref()?.secrets)
    }

    fn write(&mut self, frame: &Frame<'_>, note: &Note) {
        let frame = match &mut self.redactor {
            Some(redactor) => redactor.redact(frame),
            None => *frame,
        };
        queued(self.writer.frame(&frame, note));
    }

    /// Its name for a message.
    pub(crate) fn shown(&mut self) -> String {
        self.writer.output().shown()
    }
}

/// The outlet takes everything, and keeps the error for the session.
fn queued(result: io::Result<()>) {
    debug_assert!(result.is_ok(), "{result:?}");
}

impl Sink for Recorder {
    fn interface(&mut self, interface: &Interface) {
        queued(self.writer.interface(interface));
    }

    fn added(&mut self, frame: &Frame<'_>) {
        if let Some(redactor) = &mut self.redactor {
            redactor.learn(frame);
        }
        queued(self.writer.added(frame));
    }

    fn frame(&mut self, frame: &Frame<'_>, attribution: &Attribution) {
        self.write(frame, &note(attribution));
    }

    fn event(&mut self, event: &SocketEvent) {
        let (messages, direction, fate) = event.messages();
        let frame = event.frame(&messages);
        let of_process = Comment::Process {
            process: (&event.owner).into(),
            certainty: Some(Certainty::Exact),
            fate: Some(fate),
        };
        let note = Note {
            comments: vec![Comment::Added, of_process],
            direction: Some(direction),
            is_multicast: false,
        };
        self.write(&frame, &note);
    }

    fn finish(&mut self, now: Duration, counters: &[Counters]) {
        queued(self.writer.finish(now, counters));
    }

    fn outlets(&mut self) -> Vec<&mut Outlet> {
        vec![self.writer.output()]
    }
}

/// The options of a frame's block.
fn note(attribution: &Attribution) -> Note {
    let comment = |owner| Comment::Process {
        process: Process::from(owner),
        certainty: Some(attribution.certainty),
        fate: attribution.fate,
    };
    let mut comments: Vec<_> = attribution.owners.iter().map(comment).collect();
    if comments.is_empty() {
        comments.push(match attribution.certainty {
            Certainty::Unknown => Comment::Unknown,
            _ => Comment::Other,
        });
    }
    Note {
        comments,
        direction: Some(attribution.direction),
        is_multicast: attribution.is_multicast,
    }
}
