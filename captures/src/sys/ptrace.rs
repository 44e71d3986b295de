// SPDX-License-Identifier: GPL-2.0-or-later
//! ptrace(2) of a tree of processes whose filter stops their calls (SECCOMP_RET_TRACE).
//!
//! A tracer is a thread: the one that seizes a task is the only one that may do anything to
//! it, and waits for all.

use std::mem::MaybeUninit;

use nix::errno::Errno;
use nix::unistd::Pid;

/// What a traced task stops for, besides signals, and what becomes of it without us.
///
/// With EXITKILL all of the tree is killed when the tracer ends: without a tracer, calls
/// that the filter stops fail with ENOSYS.
const OPTIONS: libc::c_int = libc::PTRACE_O_EXITKILL
    | libc::PTRACE_O_TRACESYSGOOD
    | libc::PTRACE_O_TRACESECCOMP
    | libc::PTRACE_O_TRACEFORK
    | libc::PTRACE_O_TRACEVFORK
    | libc::PTRACE_O_TRACECLONE
    | libc::PTRACE_O_TRACEEXEC;

/// A call that has not begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CallEntry {
    /// AUDIT_ARCH_* of linux/audit.h; `None` where the kernel does not say it.
    pub(crate) arch: Option<u32>,
    /// As `arch` numbers calls.
    pub(crate) number: i64,
    pub(crate) arguments: [u64; 6],
}

/// Why a task has stopped, or that it has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TaskStop {
    /// It has ended, with this wait status.
    Ended(libc::c_int),
    /// The filter has stopped a call.
    Entry,
    /// A call has returned.
    Exit,
    /// It runs another program; before, its number was this one.
    Exec(Pid),
    /// It has made another task, which is traced too.
    Clone,
    /// It is to be given this signal.
    Signal(libc::c_int),
    /// Its process is stopped by a signal, and is until another continues it.
    Group,
    /// It is new, or is continued.
    Other,
}

/// Attaches to a task without stopping it.
pub(crate) fn seize(task: Pid) -> nix::Result<()> {
    request(libc::PTRACE_SEIZE, task, OPTIONS as usize).map(drop)
}

/// Lets a stopped task run until its next stop, with a signal where that is not 0.
pub(crate) fn resume(task: Pid, signal: libc::c_int) -> nix::Result<()> {
    request(libc::PTRACE_CONT, task, signal as usize).map(drop)
}

/// Lets a task whose call the filter has stopped do the call, and stop at its end.
pub(crate) fn resume_to_exit(task: Pid) -> nix::Result<()> {
    request(libc::PTRACE_SYSCALL, task, 0).map(drop)
}

/// Leaves a task stopped as its process is, until that is continued.
pub(crate) fn leave_stopped(task: Pid) -> nix::Result<()> {
    request(libc::PTRACE_LISTEN, task, 0).map(drop)
}

fn request(what: libc::c_uint, task: Pid, data: usize) -> nix::Result<libc::c_long> {
    // SAFETY: None of the requests that are made here has the kernel write to our memory:
    // `data` is an integer to all of them.
    Errno::result(unsafe { libc::ptrace(what, task.as_raw(), 0_usize, data) })
}

/// Waits for the next stop or end of any traced task, or of any child. ECHILD where there
/// are none left.
pub(crate) fn wait() -> nix::Result<(Pid, TaskStop)> {
    let mut status = 0;
    // SAFETY: The call writes one integer, which outlives it.
    let task = Errno::result(unsafe { libc::waitpid(-1, &raw mut status, libc::__WALL) })?;
    let task = Pid::from_raw(task);
    Ok((task, stop(task, status)))
}

/// What a wait status says of a seized task.
fn stop(task: Pid, status: libc::c_int) -> TaskStop {
    if !libc::WIFSTOPPED(status) {
        return TaskStop::Ended(status);
    }
    let signal = libc::WSTOPSIG(status);
    match status >> 16 {
        0 if signal == libc::SIGTRAP | 0x80 => TaskStop::Exit,
        0 => TaskStop::Signal(signal),
        libc::PTRACE_EVENT_SECCOMP => TaskStop::Entry,
        libc::PTRACE_EVENT_EXEC => TaskStop::Exec(message(task).unwrap_or(task)),
        libc::PTRACE_EVENT_FORK | libc::PTRACE_EVENT_VFORK | libc::PTRACE_EVENT_CLONE => {
            TaskStop::Clone
        }
        libc::PTRACE_EVENT_STOP => match signal {
            libc::SIGSTOP | libc::SIGTSTP | libc::SIGTTIN | libc::SIGTTOU => TaskStop::Group,
            _ => TaskStop::Other,
        },
        _ => TaskStop::Other,
    }
}

/// The number that belongs to the event.
fn message(task: Pid) -> nix::Result<Pid> {
    let mut message: libc::c_ulong = 0;
    // SAFETY: The kernel writes one unsigned long, which outlives the call.
    Errno::result(unsafe {
        libc::ptrace(
            libc::PTRACE_GETEVENTMSG,
            task.as_raw(),
            0_usize,
            &raw mut message,
        )
    })?;
    Ok(Pid::from_raw(message as libc::pid_t))
}

/// The call that the filter has stopped.
pub(crate) fn entry(task: Pid) -> nix::Result<CallEntry> {
    let info = match syscall_info(task) {
        // User-Mode Linux has no such request.
        Err(Errno::EIO) => return registers::entry(task),
        other => other?,
    };
    if info.op != libc::PTRACE_SYSCALL_INFO_SECCOMP {
        return Err(Errno::EPROTO);
    }
    // SAFETY: All of the union are integers, and `op` says that it is this one.
    let call = unsafe { info.u.seccomp };
    Ok(CallEntry {
        arch: Some(info.arch),
        number: call.nr.cast_signed(),
        arguments: call.args,
    })
}

/// What a call has returned, or the negative of an errno. Some are the kernel's own: a call
/// that a signal interrupts and that is made again (ERESTARTSYS, 512, and up).
pub(crate) fn result(task: Pid) -> nix::Result<i64> {
    let info = match syscall_info(task) {
        Err(Errno::EIO) => return registers::result(task),
        other => other?,
    };
    if info.op != libc::PTRACE_SYSCALL_INFO_EXIT {
        return Err(Errno::EPROTO);
    }
    // SAFETY: All of the union are integers, and `op` says that it is this one.
    Ok(unsafe { info.u.exit.sval })
}

/// By PTRACE_GET_SYSCALL_INFO, which is the same on every machine (Linux 5.3).
fn syscall_info(task: Pid) -> nix::Result<libc::ptrace_syscall_info> {
    let mut info = MaybeUninit::<libc::ptrace_syscall_info>::zeroed();
    // SAFETY: The kernel writes at most as many bytes as it is given, and they outlive the
    // call.
    Errno::result(unsafe {
        libc::ptrace(
            libc::PTRACE_GET_SYSCALL_INFO,
            task.as_raw(),
            size_of_val(&info),
            info.as_mut_ptr(),
        )
    })?;
    // SAFETY: Zeroed bytes are a valid structure of integers, and so is what the kernel
    // writes over them.
    Ok(unsafe { info.assume_init() })
}

/// By the registers, where the kernel does not name a call's arguments.
#[cfg(target_arch = "x86_64")]
mod registers {
    use super::{CallEntry, Errno, MaybeUninit, Pid};

    pub(super) fn entry(task: Pid) -> nix::Result<CallEntry> {
        let it = read(task)?;
        Ok(CallEntry {
            arch: None,
            number: it.orig_rax.cast_signed(),
            arguments: [it.rdi, it.rsi, it.rdx, it.r10, it.r8, it.r9],
        })
    }

    pub(super) fn result(task: Pid) -> nix::Result<i64> {
        Ok(read(task)?.rax.cast_signed())
    }

    fn read(task: Pid) -> nix::Result<libc::user_regs_struct> {
        let mut registers = MaybeUninit::<libc::user_regs_struct>::zeroed();
        // SAFETY: The kernel writes one `user_regs_struct`, which outlives the call.
        Errno::result(unsafe {
            libc::ptrace(
                libc::PTRACE_GETREGS,
                task.as_raw(),
                0_usize,
                registers.as_mut_ptr(),
            )
        })?;
        // SAFETY: It has integers only, zeroed and then written by the kernel.
        Ok(unsafe { registers.assume_init() })
    }
}

#[cfg(not(target_arch = "x86_64"))]
mod registers {
    use super::{CallEntry, Errno, Pid};

    pub(super) fn entry(_: Pid) -> nix::Result<CallEntry> {
        Err(Errno::EIO)
    }

    pub(super) fn result(_: Pid) -> nix::Result<i64> {
        Err(Errno::EIO)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_status_says_why_a_task_stopped() {
        let me = Pid::this();
        let stopped = |event: libc::c_int, signal: libc::c_int| event << 16 | signal << 8 | 0x7f;
        let of = |event, signal| stop(me, stopped(event, signal));
        assert_eq!(stop(me, 3 << 8), TaskStop::Ended(3 << 8));
        assert_eq!(stop(me, libc::SIGKILL), TaskStop::Ended(libc::SIGKILL));
        assert_eq!(of(0, libc::SIGTRAP | 0x80), TaskStop::Exit);
        assert_eq!(of(0, libc::SIGTRAP), TaskStop::Signal(libc::SIGTRAP));
        assert_eq!(of(0, 34), TaskStop::Signal(34));
        assert_eq!(
            of(libc::PTRACE_EVENT_SECCOMP, libc::SIGTRAP),
            TaskStop::Entry
        );
        assert_eq!(of(libc::PTRACE_EVENT_VFORK, libc::SIGTRAP), TaskStop::Clone);
        assert_eq!(of(libc::PTRACE_EVENT_STOP, libc::SIGTSTP), TaskStop::Group);
        assert_eq!(of(libc::PTRACE_EVENT_STOP, libc::SIGTRAP), TaskStop::Other);
    }
}
