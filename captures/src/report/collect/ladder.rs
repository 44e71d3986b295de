// SPDX-License-Identifier: GPL-2.0-or-later
//! The exchange as steps, in the order of time.

use std::rc::Rc;
use std::time::Duration;

use super::nanoseconds;
use crate::messages::conversation::Request;
use crate::messages::event::{Event, Role};
use crate::messages::names;
use crate::report::model::{Kind, Step, Who};

/// The most steps; of what follows only the number is known.
pub(super) const MOST: usize = 64;

/// The steps so far.
#[derive(Default)]
pub(super) struct Ladder {
    /// With the number of who speaks.
    all: Vec<(usize, Step)>,
    /// What the last step answers.
    last: Option<Rc<Request>>,
    /// Messages that are in no step.
    pub(super) left_out: u64,
}

impl Ladder {
    /// Takes a message, `at` after the first.
    pub(super) fn take(&mut self, event: &Event<'_>, who: usize, at: Duration) {
        let kind = match event.role {
            Role::Request => Kind::Request,
            Role::Reply | Role::Done | Role::Ack => Kind::Answer,
            Role::Error => Kind::Error,
            Role::Notification | Role::Control => Kind::Notification,
        };
        if self.joins(event, who, kind) {
            return;
        }
        if self.all.len() >= MOST {
            self.left_out += 1;
            self.last = None;
            return;
        }
        let asked = event.tie.as_ref().map(|it| &it.request);
        let message = &event.message;
        let step = Step {
            at: nanoseconds(at),
            who: match &event.process {
                Some(process) => Who {
                    pid: Some(process.pid),
                    comm: process.comm.as_deref().map(str::to_owned),
                    ..Who::default()
                },
                None => Who::default(),
            },
            kind,
            family: asked.map_or(&event.family, |it| &it.family).to_string(),
            operation: asked
                .map_or(&event.operation, |it| &it.operation)
                .to_string(),
            dump: event.is_dump(),
            messages: 1,
            bytes: u64::from(message.length),
            ends: matches!(event.role, Role::Done | Role::Ack | Role::Error),
            error: (event.verdict.filter(|_| kind == Kind::Error))
                .map(|it| names::errno(it.errno).into_owned()),
            took: event.took().map(nanoseconds),
        };
        self.all.push((who, step));
        self.last = asked.filter(|_| kind == Kind::Answer).map(Rc::clone);
    }

    /// Whether it is one more part of what the last step is about.
    fn joins(&mut self, event: &Event<'_>, who: usize, kind: Kind) -> bool {
        let Some((of, step)) = self.all.last_mut() else {
            return false;
        };
        let same = match (kind, &self.last, &event.tie) {
            (Kind::Answer, Some(last), Some(tie)) => Rc::ptr_eq(last, &tie.request),
            (Kind::Notification, ..) => {
                step.kind == kind
                    && *step.family == *event.family
                    && *step.operation == *event.operation
            }
            _ => false,
        };
        if !same || *of != who {
            return false;
        }
        step.messages += 1;
        step.bytes += u64::from(event.message.length);
        step.ends |= matches!(event.role, Role::Done | Role::Ack);
        step.took = event.took().map(nanoseconds).or(step.took);
        true
    }

    pub(super) fn finish(self, names: &[Who]) -> Vec<Step> {
        let step = |(who, mut step): (usize, Step)| {
            // Of processes that are counted together, each is its own here.
            let who = &names[who];
            if step.who.pid.is_none() || who.pid.is_some() {
                step.who = who.clone();
            }
            step
        };
        self.all.into_iter().map(step).collect()
    }
}
