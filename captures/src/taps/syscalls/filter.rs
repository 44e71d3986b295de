// SPDX-License-Identifier: GPL-2.0-or-later
//! The seccomp filter: at which calls a task stops for its tracer.
//!
//! # Design decisions
//!
//! - A filter sees numbers, not what a descriptor is: each send and receive of any socket
//!   stops once, and only those of netlink sockets a second time, at their end.
//! - A receive with MSG_PEEK takes nothing: it does not stop.
//! - Everything reads, so read(2) and readv(2) stop only where that is asked for.
//! - The close of a socket, its bind and its groups change nothing in what is recorded.

use crate::attribution::{foreign_calls, listeners_and_names, reads, writes, x32_socket};
use crate::sys::bpf::{NUMBER, Step, argument, assemble};

/// The filter's program; with `reads` for sockets that are read by read(2), too.
pub(super) fn program(with_reads: bool) -> Vec<libc::sock_filter> {
    use Step::{AllowIfAny, Intercept, InterceptIf, Load, SkipUnless};
    let number = |call: libc::c_long| call as u32;
    let mut steps = foreign_calls();
    steps.push(Load(NUMBER));
    steps.extend(
        [
            libc::SYS_sendmsg,
            libc::SYS_sendto,
            libc::SYS_sendmmsg,
            libc::SYS_io_uring_setup,
            libc::SYS_io_setup,
            libc::SYS_sendfile,
            libc::SYS_splice,
            libc::SYS_ptrace,
        ]
        .map(|call| InterceptIf(number(call))),
    );
    steps.extend(x32_socket().map(InterceptIf));
    for (call, flags) in [
        (libc::SYS_recvmsg, 2),
        (libc::SYS_recvfrom, 3),
        (libc::SYS_recvmmsg, 3),
    ] {
        steps.extend([
            SkipUnless(number(call), 3),
            Load(argument(flags)),
            AllowIfAny(libc::MSG_PEEK as u32),
            Intercept,
        ]);
    }
    steps.extend(writes());
    if with_reads {
        steps.extend(reads());
    }
    steps.extend(listeners_and_names());
    assemble(&steps, libc::SECCOMP_RET_TRACE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attribution::ARCH;
    use crate::sys::bpf::tests::verdict;

    fn stops(with_reads: bool, call: libc::c_long, arguments: [u32; 4]) -> bool {
        let program = program(with_reads);
        verdict(&program, ARCH, call as u32, arguments) == libc::SECCOMP_RET_TRACE
    }

    #[test]
    fn sends_and_receives_stop_and_a_peek_does_not() {
        let peek = libc::MSG_PEEK as u32;
        assert!(stops(false, libc::SYS_sendto, [3, 0, 20, 0]));
        assert!(stops(false, libc::SYS_recvmsg, [3, 0, 0, 0]));
        assert!(!stops(false, libc::SYS_recvmsg, [3, 0, peek, 0]));
        assert!(stops(false, libc::SYS_recvfrom, [3, 0, peek, 0x20]));
        assert!(!stops(false, libc::SYS_recvfrom, [3, 0, 9, peek | 0x20]));
        assert!(!stops(false, libc::SYS_recvmmsg, [3, 0, 9, peek]));
    }

    #[test]
    fn what_every_program_does_all_the_time_does_not_stop() {
        for call in [libc::SYS_close, libc::SYS_execve, libc::SYS_socket] {
            assert!(!stops(true, call, [3, 3, 3, 3]), "{call}");
        }
        assert!(!stops(false, libc::SYS_read, [3, 0, 8192, 0]));
        assert!(!stops(false, libc::SYS_readv, [3, 0, 2, 0]));
        assert!(!stops(true, libc::SYS_read, [0, 0, 8192, 0]));
        assert!(!stops(true, libc::SYS_read, [3, 0, 15, 0]));
        assert!(!stops(false, libc::SYS_write, [1, 0, 100, 0]));
    }

    #[test]
    fn reads_stop_where_that_is_asked_for() {
        assert!(stops(true, libc::SYS_read, [3, 0, 8192, 0]));
        assert!(stops(true, libc::SYS_readv, [3, 0, 2, 0]));
        assert!(stops(true, libc::SYS_write, [3, 0, 100, 0]));
    }
}
