// SPDX-License-Identifier: GPL-2.0-or-later
//! What could not be captured, and why the recording is not complete.

use std::fmt;

use nix::errno::Errno;

use crate::terminal::text;

/// What could not be captured, counted by the reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Gaps {
    /// Messages that were sent in other network namespaces.
    pub(crate) elsewhere: u64,
    /// Sockets in other network namespaces.
    pub(crate) unreached: u64,
    /// Messages that were sent in netlink protocols that no tap mirrors.
    pub(crate) unmirrored: u64,
    /// Calls by another table than this machine's own, by io_uring or io_setup(2), or
    /// by a program that watches its own.
    pub(crate) other_calls: u64,
    /// Calls that send from a file or a pipe.
    pub(crate) spliced: u64,
    /// Calls whose caller could not be looked at.
    pub(crate) uninspectable: u64,
    /// Times that multicasts came faster than they were received.
    pub(crate) multicast_overflows: u64,
    /// Calls that were not looked at for lack of file descriptors.
    pub(crate) out_of_descriptors: u64,
    /// Calls whose arguments did not come in time.
    pub(crate) late: u64,
    /// Messages, and sockets, of which there were more at once than are remembered.
    pub(crate) forgotten_sends: u64,
    pub(crate) forgotten_sockets: u64,
    /// Multicast groups of members that nlcap could not join.
    pub(crate) unjoined_groups: u64,
    /// Requests that were not intercepted, of which the answer was seen.
    pub(crate) unintercepted: u64,
    /// Sockets that have sent and were never received on by a call that is looked at.
    pub(crate) unread_sockets: u64,
    /// Sends whose threads were killed in them.
    pub(crate) killed_sends: u64,
    /// Calls of ptrace(2) in the tree, which is traced already.
    pub(crate) debuggers: u64,
    /// Sockets that listen to other namespaces where nlcap is not allowed to.
    pub(crate) unfollowed_listeners: u64,
}

impl Gaps {
    /// Counts a call that could not be inspected, by the reason.
    pub(super) fn note_uninspected(&mut self, errno: Errno) {
        *match errno {
            Errno::EMFILE | Errno::ENFILE => &mut self.out_of_descriptors,
            Errno::ETIMEDOUT => &mut self.late,
            _ => &mut self.uninspectable,
        } += 1;
    }

    /// Whether the recording is whole, as far as is known.
    pub(crate) fn is_none(self) -> bool {
        self == Self::default()
    }
}

impl fmt::Display for Gaps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [
            (
                "",
                self.elsewhere,
                "message",
                " in another network namespace not captured",
            ),
            (
                "",
                self.unreached,
                "socket",
                " in another network namespace not captured",
            ),
            (
                "",
                self.unmirrored,
                "message",
                " of a netlink protocol that nlmon does not mirror",
            ),
            (
                "",
                self.other_calls,
                "call",
                " not intercepted (32-bit code, io_uring, io_setup(2) or own seccomp listener)",
            ),
            (
                "",
                self.spliced,
                "call",
                " to sendfile(2) or splice(2) not inspected",
            ),
            (
                "",
                self.uninspectable,
                "call",
                " by processes that nlcap may not inspect",
            ),
            (
                "",
                self.out_of_descriptors,
                "call",
                " not inspected for lack of file descriptors (EMFILE or ENFILE; see `ulimit -n`)",
            ),
            (
                "",
                self.late,
                "call",
                " whose memory could not be read in time",
            ),
            (
                "",
                self.forgotten_sends,
                "message",
                " forgotten before it was captured (too many at once)",
            ),
            (
                "",
                self.forgotten_sockets,
                "socket",
                " forgotten (too many at once)",
            ),
            ("", self.unjoined_groups, "multicast group", " not joined"),
            (
                "multicast buffer overflowed ",
                self.multicast_overflows,
                "time",
                "",
            ),
            (
                "",
                self.unintercepted,
                "request",
                " not intercepted (only answers captured)",
            ),
            (
                "",
                self.unread_sockets,
                "socket",
                " that sent requests and never received by recv(2) (if by read(2): --reads)",
            ),
            (
                "",
                self.killed_sends,
                "send",
                " by threads that were killed in it (sent or not)",
            ),
            (
                "",
                self.debuggers,
                "call",
                " to ptrace(2) by CMD, which nlcap traces itself (a debugger needs --tap nlmon)",
            ),
            (
                "",
                self.unfollowed_listeners,
                "listener",
                " to other namespaces not followed (needs CAP_NET_BROADCAST)",
            ),
        ];
        let mut comma = "";
        for (before, number, noun, after) in parts {
            if number > 0 {
                write!(f, "{comma}{before}{}{after}", text::count(number, noun))?;
                comma = ", ";
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_gap_is_counted_in_words() {
        let gaps = Gaps {
            elsewhere: 3,
            spliced: 1,
            multicast_overflows: 2,
            ..Gaps::default()
        };
        assert_eq!(
            gaps.to_string(),
            "3 messages in another network namespace not captured, \
             1 call to sendfile(2) or splice(2) not inspected, \
             multicast buffer overflowed 2 times"
        );
        assert!(!gaps.is_none() && Gaps::default().is_none());
    }
}
