// SPDX-License-Identifier: GPL-2.0-or-later
//! seccomp(2) with user notification, seccomp_unotify(2).

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

use nix::errno::Errno;

/// A system call that a task of the command waits in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call {
    /// By which it is answered.
    pub(crate) id: u64,
    /// The thread that makes it, as our process id namespace numbers it.
    pub(crate) tid: i32,
    /// AUDIT_ARCH_* of linux/audit.h.
    pub(crate) arch: u32,
    /// The number of the call, as `arch` has it.
    pub(crate) number: i32,
    /// Its arguments.
    pub(crate) arguments: [u64; 6],
}

/// What becomes of a call that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The kernel does it.
    Continue,
    /// It was done for the caller, who gets 0.
    Done,
}

/// Whether the kernel has filters that make calls stop for a tracer, SECCOMP_RET_TRACE.
/// EOPNOTSUPP or ENOSYS where it has none; a container may refuse with EPERM.
pub(crate) fn can_stop_calls() -> nix::Result<()> {
    let action: u32 = libc::SECCOMP_RET_TRACE;
    // SAFETY: The kernel reads one u32, which outlives the call.
    let result = unsafe {
        libc::syscall(
            libc::SYS_seccomp,
            libc::c_ulong::from(libc::SECCOMP_GET_ACTION_AVAIL),
            0_usize,
            &raw const action,
        )
    };
    Errno::result(result).map(drop)
}

/// Installs a filter for this thread and all that comes of it.
///
/// Takes no lock and allocates nothing: it is called between fork and exec.
pub(crate) fn install(filter: &[libc::sock_filter]) -> nix::Result<()> {
    set_filter(filter, 0).map(drop)
}

/// The same, for a filter that notifies; returns the number of the listener's descriptor,
/// which is closed on exec.
pub(crate) fn install_listened(filter: &[libc::sock_filter]) -> nix::Result<RawFd> {
    let listener = libc::SECCOMP_FILTER_FLAG_NEW_LISTENER;
    // With it, signals that do not kill wait until a call that we have taken is
    // answered: else the call would be made, and intercepted, a second time.
    // Kernels before 5.19 do not have it.
    let killable = libc::SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
    let mut result = Err(Errno::EINVAL);
    for flags in [listener | killable, listener] {
        result = set_filter(filter, flags);
        if result != Err(Errno::EINVAL) {
            break;
        }
    }
    RawFd::try_from(result?).map_err(|_| Errno::EOVERFLOW)
}

fn set_filter(filter: &[libc::sock_filter], flags: libc::c_ulong) -> nix::Result<libc::c_long> {
    let program = libc::sock_fprog {
        len: u16::try_from(filter.len()).map_err(|_| Errno::E2BIG)?,
        filter: filter.as_ptr().cast_mut(),
    };
    // SAFETY: The program and the filter that it points to outlive the call, which only reads
    // them, and its length is the filter's.
    Errno::result(unsafe {
        libc::syscall(
            libc::SYS_seccomp,
            libc::c_ulong::from(libc::SECCOMP_SET_MODE_FILTER),
            flags,
            &raw const program,
        )
    })
}

/// Takes the next call that waits. ENOENT where its task has been killed.
pub(crate) fn receive(listener: BorrowedFd<'_>) -> nix::Result<Call> {
    // SAFETY: All-zero bytes are a valid `seccomp_notif`: it has integers only.
    let mut call: libc::seccomp_notif = unsafe { std::mem::zeroed() };
    // SAFETY: The kernel writes one `seccomp_notif`, zeroed as it demands, no
    // longer than the size in the request's number.
    Errno::result(unsafe {
        libc::ioctl(
            listener.as_raw_fd(),
            libc::SECCOMP_IOCTL_NOTIF_RECV,
            &raw mut call,
        )
    })?;
    Ok(Call {
        id: call.id,
        tid: call.pid.cast_signed(),
        arch: call.data.arch,
        number: call.data.nr,
        arguments: call.data.args,
    })
}

/// Answers a call. ENOENT where its task has been killed.
pub(crate) fn answer(listener: BorrowedFd<'_>, id: u64, verdict: Verdict) -> nix::Result<()> {
    let mut answer = libc::seccomp_notif_resp {
        id,
        val: 0,
        error: 0,
        flags: match verdict {
            Verdict::Continue => libc::SECCOMP_USER_NOTIF_FLAG_CONTINUE as u32,
            Verdict::Done => 0,
        },
    };
    // SAFETY: The kernel reads one `seccomp_notif_resp`, which outlives the call.
    let result = unsafe {
        libc::ioctl(
            listener.as_raw_fd(),
            libc::SECCOMP_IOCTL_NOTIF_SEND,
            &raw mut answer,
        )
    };
    Errno::result(result).map(drop)
}

/// Whether the call still waits, and so its thread's number is still its own.
pub(crate) fn is_waiting(listener: BorrowedFd<'_>, id: u64) -> bool {
    // SAFETY: The kernel reads one u64, which outlives the call.
    let result = unsafe {
        libc::ioctl(
            listener.as_raw_fd(),
            libc::SECCOMP_IOCTL_NOTIF_ID_VALID,
            &raw const id,
        )
    };
    result == 0
}

/// A handle on the thread, or where the kernel has none for threads (before 6.9)
/// on the process of this number.
pub(crate) fn open_process(id: i32, thread: bool) -> nix::Result<OwnedFd> {
    /// PIDFD_THREAD of linux/pidfd.h.
    const THREAD: libc::c_uint = libc::O_EXCL as libc::c_uint;
    let flags = if thread { THREAD } else { 0 };
    // SAFETY: The call takes two integers.
    let fd = Errno::result(unsafe { libc::syscall(libc::SYS_pidfd_open, id, flags) })?;
    let fd = RawFd::try_from(fd).map_err(|_| Errno::EOVERFLOW)?;
    // SAFETY: The kernel has just made the descriptor for us.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// A handle on a thread, or where the kernel has none for threads on its process; `leader`
/// says which that is.
pub(crate) fn open_thread(
    tid: i32,
    leader: impl FnOnce() -> nix::Result<i32>,
) -> nix::Result<OwnedFd> {
    match open_process(tid, true) {
        Err(Errno::EINVAL) => open_process(leader()?, false),
        other => other,
    }
}

/// A duplicate of another process's descriptor.
pub(crate) fn duplicate(process: impl AsFd, fd: RawFd) -> nix::Result<OwnedFd> {
    let process = process.as_fd().as_raw_fd();
    // SAFETY: The call takes three integers.
    let fd = Errno::result(unsafe { libc::syscall(libc::SYS_pidfd_getfd, process, fd, 0) })?;
    let fd = RawFd::try_from(fd).map_err(|_| Errno::EOVERFLOW)?;
    // SAFETY: The kernel has just made the descriptor for us.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Whether the process behind the handle has not ended.
pub(crate) fn is_alive(process: impl AsFd) -> bool {
    // EPERM: it is there, and another user's.
    matches!(send_signal(process, 0), Ok(()) | Err(Errno::EPERM))
}

/// Sends a signal to the process behind the handle; signal 0 only asks.
pub(crate) fn send_signal(process: impl AsFd, signal: libc::c_int) -> nix::Result<()> {
    let process = process.as_fd().as_raw_fd();
    // SAFETY: The call takes integers and a null pointer.
    let result = unsafe {
        libc::syscall(
            libc::SYS_pidfd_send_signal,
            process,
            signal,
            std::ptr::null::<libc::siginfo_t>(),
            0,
        )
    };
    Errno::result(result).map(drop)
}
