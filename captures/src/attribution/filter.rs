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
use crate::sys::netlink::LISTEN_ALL_NSID;

/// A jump's distance to the verdicts, put in when the length is known.
enum Step {
    /// Load the word at this offset of `struct seccomp_data`.
    Load(u32),
    /// To the notification where the word is this value.
    NotifyIf(u32),
    /// To the notification where the word has one of these bits.
    NotifyIfAny(u32),
    /// To the end where the word is not this value.
    AllowUnless(u32),
    /// To the end where the word is less.
    AllowBelow(u32),
    /// To the end where the word is this or more.
    AllowFrom(u32),
    /// Over this many steps where the word is not this value.
    SkipUnless(u32, u8),
    /// To the end.
    Allow,
    /// To the notification.
    Notify,
}

/// Descriptors below are standard streams.
const FIRST_FD: u32 = 3;

/// Lengths of a write(2) that is intercepted: from `struct nlmsghdr` up, below a page.
const SHORTEST: u32 = 16;
const PAGE: u32 = 4096;

const NUMBER: u32 = 0;
const ARCH: u32 = 4;

/// Offset of the low half of an argument.
const fn argument(index: u32) -> u32 {
    let half = if cfg!(target_endian = "little") { 0 } else { 4 };
    16 + 8 * index + half
}

/// The filter's program.
pub(super) fn program() -> Vec<libc::sock_filter> {
    use Step::{
        Allow, AllowBelow, AllowFrom, AllowUnless, Load, Notify, NotifyIf, NotifyIfAny, SkipUnless,
    };
    let number = |call: libc::c_long| call as u32;
    let mut steps = vec![Load(ARCH)];
    if let Some(foreign) = abi::FOREIGN {
        // 32-bit calls are only noticed: those that every netlink program of
        // that kind makes.
        steps.push(SkipUnless(foreign.arch, 2 + foreign.calls.len() as u8));
        steps.push(Load(NUMBER));
        steps.extend(foreign.calls.iter().map(|call| NotifyIf(*call)));
        steps.push(Allow);
    }
    steps.extend([AllowUnless(abi::ARCH), Load(NUMBER)]);
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
        .map(|call| NotifyIf(number(call))),
    );
    if let Some(x32) = abi::X32_SOCKET {
        steps.push(NotifyIf(x32));
    }
    for call in [libc::SYS_writev, libc::SYS_pwritev2] {
        steps.extend([
            SkipUnless(number(call), 3),
            Load(argument(0)),
            AllowBelow(FIRST_FD),
            Notify,
        ]);
    }
    steps.extend([
        SkipUnless(number(libc::SYS_write), 6),
        Load(argument(0)),
        AllowBelow(FIRST_FD),
        Load(argument(2)),
        AllowBelow(SHORTEST),
        AllowFrom(PAGE),
        Notify,
        SkipUnless(number(libc::SYS_socket), 3),
        Load(argument(0)),
        NotifyIf(libc::AF_NETLINK as u32),
        Allow,
        SkipUnless(number(libc::SYS_seccomp), 3),
        Load(argument(1)),
        // Only a listener of its own would be in our way.
        NotifyIfAny(libc::SECCOMP_FILTER_FLAG_NEW_LISTENER as u32),
        Allow,
        SkipUnless(number(libc::SYS_prctl), 3),
        Load(argument(0)),
        NotifyIf(libc::PR_SET_NAME as u32),
        Allow,
        AllowUnless(number(libc::SYS_setsockopt)),
        Load(argument(1)),
        AllowUnless(libc::SOL_NETLINK as u32),
        Load(argument(2)),
        NotifyIf(libc::NETLINK_ADD_MEMBERSHIP as u32),
        NotifyIf(libc::NETLINK_DROP_MEMBERSHIP as u32),
        NotifyIf(LISTEN_ALL_NSID as u32),
        Allow,
    ]);
    assemble(&steps)
}

fn assemble(steps: &[Step]) -> Vec<libc::sock_filter> {
    const LOAD: u16 = (libc::BPF_LD | libc::BPF_W | libc::BPF_ABS) as u16;
    const JUMP_IF_EQUAL: u16 = (libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K) as u16;
    const JUMP_IF_ANY: u16 = (libc::BPF_JMP | libc::BPF_JSET | libc::BPF_K) as u16;
    const JUMP_FROM: u16 = (libc::BPF_JMP | libc::BPF_JGE | libc::BPF_K) as u16;
    const JUMP: u16 = (libc::BPF_JMP | libc::BPF_JA) as u16;
    const RETURN: u16 = (libc::BPF_RET | libc::BPF_K) as u16;
    let filter = |code, jt, jf, k| libc::sock_filter { code, jt, jf, k };
    let mut program: Vec<_> = steps
        .iter()
        .enumerate()
        .map(|(at, step)| {
            // The verdicts follow the last step: to allow, then to notify.
            let allow = (steps.len() - at - 1) as u8;
            let notify = allow + 1;
            match *step {
                Step::Load(offset) => filter(LOAD, 0, 0, offset),
                Step::NotifyIf(value) => filter(JUMP_IF_EQUAL, notify, 0, value),
                Step::NotifyIfAny(bits) => filter(JUMP_IF_ANY, notify, 0, bits),
                Step::AllowBelow(value) => filter(JUMP_FROM, 0, allow, value),
                Step::AllowFrom(value) => filter(JUMP_FROM, allow, 0, value),
                Step::Notify => filter(JUMP, 0, 0, notify.into()),
                Step::AllowUnless(value) => filter(JUMP_IF_EQUAL, 0, allow, value),
                Step::SkipUnless(value, over) => filter(JUMP_IF_EQUAL, 0, over, value),
                Step::Allow => filter(RETURN, 0, 0, libc::SECCOMP_RET_ALLOW),
            }
        })
        .collect();
    program.push(filter(RETURN, 0, 0, libc::SECCOMP_RET_ALLOW));
    program.push(filter(RETURN, 0, 0, libc::SECCOMP_RET_USER_NOTIF));
    program
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the filter says to a call: the machine of the kernel in small.
    fn notifies(arch: u32, number: u32, arguments: [u32; 3]) -> bool {
        let mut data = [0; 64];
        data[0..4].copy_from_slice(&number.to_ne_bytes());
        data[4..8].copy_from_slice(&arch.to_ne_bytes());
        for (index, value) in (0..).zip(arguments) {
            let at = argument(index) as usize;
            data[at..at + 4].copy_from_slice(&value.to_ne_bytes());
        }
        let (program, mut at, mut word) = (program(), 0, 0);
        loop {
            let step = program[at];
            at += 1;
            match u32::from(step.code) & 7 {
                libc::BPF_LD => {
                    let bytes = data[step.k as usize..][..4].try_into().unwrap();
                    word = u32::from_ne_bytes(bytes);
                }
                libc::BPF_JMP => {
                    let holds = match u32::from(step.code) & 0xf0 {
                        libc::BPF_JEQ => word == step.k,
                        libc::BPF_JGE => word >= step.k,
                        libc::BPF_JSET => word & step.k != 0,
                        _ => {
                            at += step.k as usize;
                            continue;
                        }
                    };
                    at += usize::from(if holds { step.jt } else { step.jf });
                }
                _ => return step.k == libc::SECCOMP_RET_USER_NOTIF,
            }
        }
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
