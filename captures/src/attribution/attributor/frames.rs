// SPDX-License-Identifier: GPL-2.0-or-later
//! Whose a frame of the tap is.

use ynl::decode::{Endian, Message, messages, types};

use super::Attributor;
use super::sent_requests::RequestMatch;
use crate::attribution::multicast::MulticastCopy;
use crate::attribution::owner::{Attribution, Owner, Port};
use crate::messages::answers::RequestHeader;
use crate::messages::packet::{Direction, Frame};
use crate::messages::process::Certainty;
use crate::sys::clock::now;

impl Attributor {
    /// Whose a frame is; None for nlcap's own copy of a multicast.
    pub(crate) fn attribute(&mut self, frame: &Frame<'_>) -> Option<Attribution> {
        if let Some(owner) = self.sender(frame) {
            let owners = vec![owner];
            let exact = Certainty::Exact;
            return Some(Attribution::new(Direction::Outbound, owners, exact));
        }
        let first = messages(frame.messages, Endian::native()).flatten().next();
        let direction = match &first {
            Some(message) if message.is_request() => Direction::Outbound,
            _ => Direction::Inbound,
        };
        let mut attribution = Attribution::new(direction, Vec::new(), self.nobody());
        let Some(message) = first else {
            return Some(attribution);
        };
        // The kernel itself says some things with a request's flag: app_solicit() of
        // net/core/neighbour.c.
        if direction == Direction::Outbound {
            if let Some(copy) = self.probe.identify(frame) {
                return self.multicast(frame, copy);
            }
            // Not intercepted, but with the port id in it.
            if let Some(binding) = self.binding(frame, message.port, false) {
                attribution.owners = vec![binding.owner.clone()];
                attribution.certainty = binding.certainty;
            }
            return Some(attribution);
        }
        let request = self.match_request(frame, &message);
        if let RequestMatch::Answer(owner) = request {
            attribution.owners = vec![owner];
            attribution.certainty = Certainty::Exact;
            return Some(attribution);
        }
        if let Some(copy) = self.probe.identify(frame) {
            return self.multicast(frame, copy);
        }
        if !matches!(request, RequestMatch::None) {
            return Some(attribution);
        }
        let binding = self.binding(frame, message.port, false);
        let binding = binding.map(|it| (it.owner.clone(), it.certainty));
        let uninspected = || self.uninspected.at_port(message.port, frame.time);
        let owner = binding.or_else(|| Some((uninspected()?, Certainty::Port)));
        if let Some((owner, certainty)) = owner {
            attribution.owners = vec![owner];
            attribution.certainty = certainty;
            // What the kernel says by itself has no number.
            if self.is_supervised && message.sequence != 0 {
                let port = Port::of(frame, message.port);
                self.requests.note_unintercepted((port, message.sequence));
            }
        }
        Some(attribution)
    }

    /// Whose a frame of a multicast is.
    pub(super) fn multicast(
        &mut self,
        frame: &Frame<'_>,
        copy: MulticastCopy,
    ) -> Option<Attribution> {
        let (audience, number) = match copy {
            MulticastCopy::Ours => return None,
            MulticastCopy::First(audience) => (audience, 1),
            MulticastCopy::Another(audience, number) => (audience, number),
        };
        if self.tables.is_older_than(frame.time) {
            self.refresh(now());
        }
        let place = (frame.interface, frame.protocol);
        self.look_at_groups(place);
        let mut owners = self.sockets.members(place, audience, frame.time);
        if owners.len() < number as usize {
            // So many members have had it already: it is somebody else's.
            owners.clear();
        }
        let mut attribution = Attribution::new(Direction::Inbound, owners, Certainty::Group);
        attribution.is_copy = number > 1;
        Some(attribution)
    }

    /// How it is known that a message is not the subject's.
    fn nobody(&self) -> Certainty {
        if self.is_blind {
            Certainty::Unknown
        } else {
            Certainty::Exact
        }
    }

    /// The sender of what is on the tap, where it is one of the subject.
    fn sender(&mut self, frame: &Frame<'_>) -> Option<Owner> {
        let mut send = self.sends.take(frame)?;
        if send.port.number == 0 {
            // The kernel has given it one in that call.
            self.refresh(now());
            send.port = self.sockets.port(send.inode).unwrap_or(send.port);
        }
        self.requests
            .insert(frame, send.port, send.inode, &send.owner, send.requests());
        Some(send.owner)
    }

    /// The request that the message may answer.
    fn match_request(&mut self, frame: &Frame<'_>, message: &Message<'_>) -> RequestMatch {
        let key = (Port::of(frame, message.port), message.sequence);
        let is_asked = self.requests.contains(frame, message);
        if !is_asked && self.sends.requests(frame.time, key).next().is_none() {
            return RequestMatch::None;
        }
        let binding = self.binding(frame, message.port, true);
        let Some(inode) = binding.map(|it| it.inode) else {
            return RequestMatch::None;
        };
        match self.requests.find(frame, message, inode) {
            RequestMatch::None => {}
            found => return found,
        }
        // A socket that had the port id before may have used this number too.
        let mut sends = self.sends.requests(frame.time, key);
        match sends.find(|(send, _)| send.inode == inode) {
            Some((_, request))
                if message.kind >= types::FIRST
                    && RequestHeader::of(frame.protocol, &request).is_change() =>
            {
                RequestMatch::Notification
            }
            Some((send, _)) => RequestMatch::Answer(send.owner.clone()),
            None => RequestMatch::None,
        }
    }
}
