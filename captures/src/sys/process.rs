// SPDX-License-Identifier: GPL-2.0-or-later
//! Processes of our own: fork(2), and a word that they share.

use std::ffi::{CStr, CString};
use std::io;
use std::num::NonZeroUsize;
use std::os::fd::RawFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::ExitStatus;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU64, Ordering};

use nix::errno::Errno;
use nix::sys::mman::{self, MapFlags, ProtFlags};
use nix::sys::signal::{SigHandler, Signal, signal};
use nix::unistd::{ForkResult, Pid, fork};

/// Forks; `child` runs in the new process, which ends when it returns.
///
/// The child may allocate: no other thread of nlcap takes a lock but the allocator's, which
/// glibc's fork(3) leaves free in the child.
pub(crate) fn fork_with(child: impl FnOnce() -> u8) -> nix::Result<Pid> {
    // SAFETY: There is no other thread that could hold a lock for ever in the child, but
    // the allocator's, of which the C library takes care.
    match unsafe { fork() }? {
        ForkResult::Parent { child } => Ok(child),
        ForkResult::Child => {
            let status = child();
            // exit(3) would run our parent's handlers and write out its buffers, and
            // exit_group(2) is intercepted where there is a filter, with nobody to answer.
            // SAFETY: The call takes an integer and does not return.
            unsafe { libc::syscall(libc::SYS_exit, libc::c_long::from(status)) };
            unreachable!("exit(2) has returned")
        }
    }
}

/// Gives a signal its default action, or ignores it.
pub(crate) fn set_action(number: Signal, ignored: bool) -> nix::Result<()> {
    let action = if ignored {
        SigHandler::SigIgn
    } else {
        SigHandler::SigDfl
    };
    // SAFETY: Neither action is a function of ours.
    unsafe { signal(number, action) }.map(drop)
}

/// Waits for the end of a child, or of any; None where `now` and none has ended.
///
/// nix knows no real-time signals, and so not of every child how it ended.
pub(crate) fn wait(child: Option<Pid>, now: bool) -> nix::Result<Option<(Pid, ExitStatus)>> {
    let child = child.map_or(-1, Pid::as_raw);
    let mut status = 0;
    let flags = if now { libc::WNOHANG } else { 0 };
    // SAFETY: The call writes one integer, which outlives it.
    let ended = Errno::result(unsafe { libc::waitpid(child, &raw mut status, flags) })?;
    Ok((ended != 0).then(|| (Pid::from_raw(ended), ExitStatus::from_raw(status))))
}

/// Closes all descriptors from `first` to `last`.
pub(crate) fn close_range(first: RawFd, last: RawFd) {
    if first > last {
        return;
    }
    // SAFETY: Called by a process that uses none of these descriptors again.
    unsafe { libc::syscall(libc::SYS_close_range, first, last, 0) };
}

/// A word that outlives the process which writes it, for another to read.
///
/// # Invariants
///
/// `word` is the beginning of a shared anonymous mapping, which lasts until the
/// drop.
pub(crate) struct SharedWord {
    word: NonNull<libc::c_void>,
}

impl SharedWord {
    const LENGTH: NonZeroUsize = NonZeroUsize::new(size_of::<u64>()).unwrap();

    /// A word of 0.
    pub(crate) fn new() -> nix::Result<Self> {
        let access = ProtFlags::PROT_READ | ProtFlags::PROT_WRITE;
        let shared = MapFlags::MAP_SHARED;
        // SAFETY: No address is asked for, so that no other mapping is replaced.
        // INVARIANT: The mapping is ours alone, and only the drop undoes it.
        let word = unsafe { mman::mmap_anonymous(None, Self::LENGTH, access, shared) }?;
        Ok(Self { word })
    }

    fn word(&self) -> &AtomicU64 {
        // SAFETY: By the invariant the mapping is there, page aligned, zeroed at
        // first, and all access to it is atomic.
        unsafe { AtomicU64::from_ptr(self.word.as_ptr().cast()) }
    }

    pub(crate) fn store(&self, value: u64) {
        self.word().store(value, Ordering::SeqCst);
    }

    pub(crate) fn load(&self) -> u64 {
        self.word().load(Ordering::SeqCst)
    }
}

impl Drop for SharedWord {
    fn drop(&mut self) {
        // SAFETY: By the invariant the mapping is ours, and nothing refers to it
        // any longer. The call cannot fail for a mapping that exists.
        let _ = unsafe { mman::munmap(self.word, Self::LENGTH.get()) };
    }
}

/// Whether a file has an extended attribute of this name, xattr(7).
pub(crate) fn has_attribute(path: &Path, name: &CStr) -> bool {
    get_attribute(path, name, &mut []).is_ok_and(|length| length > 0)
}

/// An extended attribute of a file, xattr(7), of at most 255 bytes.
pub(crate) fn attribute(path: &Path, name: &CStr) -> io::Result<Vec<u8>> {
    let mut value = vec![0; 255];
    let length = get_attribute(path, name, &mut value)?;
    value.truncate(length);
    Ok(value)
}

fn get_attribute(path: &Path, name: &CStr, value: &mut [u8]) -> io::Result<usize> {
    let path = CString::new(path.as_os_str().as_bytes())?;
    // SAFETY: Both strings end with a NUL and outlive the call, which writes no more than
    // `value` has, and nothing where that is empty.
    let length = unsafe {
        let value = (value.as_mut_ptr().cast(), value.len());
        libc::getxattr(path.as_ptr(), name.as_ptr(), value.0, value.1)
    };
    usize::try_from(length).map_err(|_| io::Error::last_os_error())
}

/// Puts this thread before all others of its kind (nice -20), where that is allowed.
pub(crate) fn come_first() {
    const THIS: libc::id_t = 0;
    // SAFETY: The call takes integers.
    let _ = unsafe { libc::setpriority(libc::PRIO_PROCESS, THIS, -20) };
}

/// Capabilities of this thread in its user namespace, a bit each (CAP_* of
/// linux/capability.h).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Capabilities {
    /// In effect.
    pub(crate) effective: u64,
    /// What may be put into effect.
    pub(crate) permitted: u64,
    /// What a program that is executed may inherit.
    pub(crate) inheritable: u64,
}

#[repr(C)]
struct CapabilityHeader {
    version: u32,
    pid: i32,
}

impl CapabilityHeader {
    /// _LINUX_CAPABILITY_VERSION_3, of this thread.
    const OURS: Self = Self {
        version: 0x2008_0522,
        pid: 0,
    };
}

/// What this thread has, capget(2).
pub(crate) fn capabilities() -> nix::Result<Capabilities> {
    let mut header = CapabilityHeader::OURS;
    // Effective, permitted, inheritable, of the low and the high 32.
    let mut sets = [[0_u32; 3]; 2];
    // SAFETY: capget(2) reads and may write one header, and writes two times
    // three words for this version.
    Errno::result(unsafe { libc::syscall(libc::SYS_capget, &raw mut header, sets.as_mut_ptr()) })?;
    let both = |at: usize| u64::from(sets[0][at]) | u64::from(sets[1][at]) << 32;
    Ok(Capabilities {
        effective: both(0),
        permitted: both(1),
        inheritable: both(2),
    })
}

/// Sets what this thread has, capset(2).
pub(crate) fn set_capabilities(wanted: Capabilities) -> nix::Result<()> {
    let mut header = CapabilityHeader::OURS;
    let words = [wanted.effective, wanted.permitted, wanted.inheritable];
    let sets = [0, 32].map(|shift| words.map(|word| (word >> shift) as u32));
    // SAFETY: capset(2) reads one header, which it may write to, and two times three
    // words for this version.
    Errno::result(unsafe { libc::syscall(libc::SYS_capset, &raw mut header, sets.as_ptr()) })
        .map(drop)
}

/// Gives up the capabilities that each program keeps (the ambient set, capabilities(7)).
pub(crate) fn clear_ambient_capabilities() -> nix::Result<()> {
    let none: libc::c_ulong = 0;
    let clear = libc::PR_CAP_AMBIENT_CLEAR_ALL as libc::c_ulong;
    // SAFETY: The call takes integers.
    let result = unsafe { libc::prctl(libc::PR_CAP_AMBIENT, clear, none, none, none) };
    match Errno::result(result) {
        // Kernels before 4.3 do not have the set.
        Ok(_) | Err(Errno::EINVAL) => Ok(()),
        Err(errno) => Err(errno),
    }
}
