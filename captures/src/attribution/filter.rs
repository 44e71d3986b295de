// SPDX-License-Identifier: GPL-2.0-or-later
//! The seccomp filter: which calls are intercepted.
//!
//! # Design decisions
//!
//! - Assembled by hand: the crates for it make filters that allow or refuse, by
//!   the architecture's own calls only.
//! - A filter sees numbers, not what a descriptor is: every sendmsg(2) is
//!   intercepted,
//!   a TCP socket's too.
//! - Everything writes, so of write(2) only what can be a request is intercepted: to a
//!   descriptor that is no standard stream, of at least a header's length and
//!   less than a page, which is what buffered output is written by. A longer one
//!   is known by the port id of its answer. Of writev(2) the length cannot be seen.
//! - io_submit(2) is too frequent where it is used: io_setup(2), which comes before, is
//!   intercepted.

use super::abi;
use crate::sys::bpf::{ARCH, NUMBER, Step, argument, assemble};
use crate::sys::netlink::LISTEN_ALL_NSID;

/// Descriptors below are standard streams.
const FIRST_FD: u32 = 3;

/// Lengths of a write(2) that is intercepted: from `struct nlmsghdr` up, below a page.
const SHORTEST: u32 = 16;
const PAGE: u32 = 4096;

/// The filter's program.
pub(super) fn program() -> Vec<libc::sock_filter> {
    use Step::{Allow, AllowUnless, InterceptIf, Load, SkipUnless};
    let number = |call: libc::c_long| call as u32;
    let mut steps = foreign_calls();
    steps.push(Load(NUMBER));
    steps.extend(
        [
            libc::SYS_sendmsg,
            libc::SYS_sendto,
            libc::SYS_sendmmsg,
            libc::SYS_bind,
            libc::SYS_connect,
            libc::SYS_execve,
            libc::SYS_execveat,
            libc::SYS_exit_group,
            libc::SYS_io_uring_setup,
            libc::SYS_io_setup,
            libc::SYS_sendfile,
            libc::SYS_splice,
        ]
        .map(|call| InterceptIf(number(call))),
    );
    steps.extend(x32_socket().map(InterceptIf));
    steps.extend(writes());
    steps.extend([
        SkipUnless(number(libc::SYS_socket), 3),
        Load(argument(0)),
        InterceptIf(libc::AF_NETLINK as u32),
        Allow,
    ]);
    steps.extend(listeners_and_names());
    steps.extend([
        AllowUnless(number(libc::SYS_setsockopt)),
        Load(argument(1)),
        AllowUnless(libc::SOL_NETLINK as u32),
        Load(argument(2)),
        InterceptIf(libc::NETLINK_ADD_MEMBERSHIP as u32),
        InterceptIf(libc::NETLINK_DROP_MEMBERSHIP as u32),
        InterceptIf(LISTEN_ALL_NSID as u32),
        Allow,
    ]);
    assemble(&steps, libc::SECCOMP_RET_USER_NOTIF)
}

/// 32-bit calls are only noticed: those that every netlink program of that kind makes. Of
/// other tables than ours nothing else is; then the table is ours.
pub(crate) fn foreign_calls() -> Vec<Step> {
    let mut steps = vec![Step::Load(ARCH)];
    if let Some(foreign) = abi::FOREIGN {
        steps.push(Step::SkipUnless(
            foreign.arch,
            2 + foreign.calls.len() as u8,
        ));
        steps.push(Step::Load(NUMBER));
        steps.extend(foreign.calls.iter().map(|call| Step::InterceptIf(*call)));
        steps.push(Step::Allow);
    }
    steps.push(Step::AllowUnless(abi::ARCH));
    steps
}

/// Of calls that read from any descriptor, those that may receive messages: so with
/// [`writes`].
pub(crate) fn reads() -> Vec<Step> {
    let mut steps = vectors([libc::SYS_readv, libc::SYS_preadv2]);
    steps.extend([
        Step::SkipUnless(libc::SYS_read as u32, 5),
        Step::Load(argument(0)),
        Step::AllowBelow(FIRST_FD),
        Step::Load(argument(2)),
        Step::AllowBelow(SHORTEST),
        Step::Intercept,
    ]);
    steps
}

/// Calls whose length cannot be seen, on anything but standard streams.
fn vectors(calls: [libc::c_long; 2]) -> Vec<Step> {
    let steps = calls.map(|call| {
        [
            Step::SkipUnless(call as u32, 3),
            Step::Load(argument(0)),
            Step::AllowBelow(FIRST_FD),
            Step::Intercept,
        ]
    });
    steps.into_iter().flatten().collect()
}

/// A seccomp listener of the command's own, which would be in our way, and another name for a
/// thread.
pub(crate) fn listeners_and_names() -> [Step; 8] {
    [
        Step::SkipUnless(libc::SYS_seccomp as u32, 3),
        Step::Load(argument(1)),
        Step::InterceptIfAny(libc::SECCOMP_FILTER_FLAG_NEW_LISTENER as u32),
        Step::Allow,
        Step::SkipUnless(libc::SYS_prctl as u32, 3),
        Step::Load(argument(0)),
        Step::InterceptIf(libc::PR_SET_NAME as u32),
        Step::Allow,
    ]
}

/// socket(2) of x32 programs, which have our table's arch.
pub(crate) fn x32_socket() -> Option<u32> {
    abi::X32_SOCKET
}

/// Of calls that write to any descriptor, those that may send a request. The word that is
/// loaded is the number before and, where it is none of these, after them.
pub(crate) fn writes() -> Vec<Step> {
    let mut steps = vectors([libc::SYS_writev, libc::SYS_pwritev2]);
    steps.extend([
        Step::SkipUnless(libc::SYS_write as u32, 6),
        Step::Load(argument(0)),
        Step::AllowBelow(FIRST_FD),
        Step::Load(argument(2)),
        Step::AllowBelow(SHORTEST),
        Step::AllowFrom(PAGE),
        Step::Intercept,
    ]);
    steps
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::bpf::tests::verdict;

    fn notifies(arch: u32, number: u32, [first, second, third]: [u32; 3]) -> bool {
        let arguments = [first, second, third, 0];
        verdict(&program(), arch, number, arguments) == libc::SECCOMP_RET_USER_NOTIF
    }

    #[test]
    fn calls_that_name_or_use_a_netlink_socket_are_intercepted() {
        let native = |call: libc::c_long, arguments| notifies(abi::ARCH, call as u32, arguments);
        for call in [libc::SYS_bind, libc::SYS_sendmsg, libc::SYS_io_setup] {
            assert!(native(call, [0; 3]), "{call}");
        }
        assert!(native(libc::SYS_socket, [libc::AF_NETLINK as u32, 3, 16]));
        assert!(native(libc::SYS_setsockopt, [3, 270, 1]));
        assert!(native(libc::SYS_setsockopt, [3, 270, 2]));
        assert!(native(libc::SYS_setsockopt, [3, 270, 8]));
        assert!(native(libc::SYS_seccomp, [1, 8, 0]));
        assert!(native(libc::SYS_seccomp, [1, 8 | 16, 0]));
        assert!(native(libc::SYS_write, [3, 0, 16]));
        assert!(native(libc::SYS_write, [900, 0, 4095]));
        assert!(native(libc::SYS_writev, [3, 0, 1]));
    }

    #[test]
    fn what_is_written_to_standard_streams_and_files_is_not_intercepted() {
        let native = |call: libc::c_long, arguments| notifies(abi::ARCH, call as u32, arguments);
        for arguments in [[1, 0, 100], [2, 0, 100], [3, 0, 15], [3, 0, 4096]] {
            assert!(!native(libc::SYS_write, arguments), "{arguments:?}");
        }
        assert!(!native(libc::SYS_writev, [2, 0, 4]));
    }

    #[test]
    fn all_others_cost_nothing() {
        let native = |call: libc::c_long, arguments| notifies(abi::ARCH, call as u32, arguments);
        for call in [libc::SYS_read, libc::SYS_recvmsg, libc::SYS_close] {
            assert!(!native(call, [16, 270, 1]), "{call}");
        }
        assert!(!native(libc::SYS_socket, [libc::AF_INET as u32, 1, 0]));
        assert!(!native(
            libc::SYS_setsockopt,
            [3, libc::SOL_SOCKET as u32, 1]
        ));
        assert!(!native(libc::SYS_setsockopt, [3, 270, 10]));
        assert!(!native(libc::SYS_seccomp, [1, 0, 0]));
        assert!(!notifies(0xdead, libc::SYS_bind as u32, [0; 3]));
    }

    #[test]
    fn sockets_of_other_call_tables_are_intercepted() {
        if let Some(foreign) = abi::FOREIGN {
            for call in foreign.calls {
                assert!(notifies(foreign.arch, *call, [16, 0, 0]));
            }
            assert!(!notifies(foreign.arch, 3, [16, 0, 0]));
        }
        if let Some(x32) = abi::X32_SOCKET {
            assert!(notifies(abi::ARCH, x32, [16, 0, 0]));
        }
    }
}
