// SPDX-License-Identifier: GPL-2.0-or-later
//! Processes of our own: fork(2), and a word that they share.

use std::num::NonZeroUsize;
use std::os::fd::RawFd;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU64, Ordering};

use nix::errno::Errno;
use nix::sys::mman::{self, MapFlags, ProtFlags};
use nix::sys::signal::{SigHandler, Signal, signal};
use nix::unistd::{ForkResult, Pid, fork};

/// Forks; `child` runs in the new process, which ends when it returns.
///
/// nlcap has a single thread while it calls this, so that the child finds no lock
/// taken and may allocate.
pub(in crate::record) fn fork_with(child: impl FnOnce() -> u8) -> nix::Result<Pid> {
    // SAFETY: There is no other thread that could hold a lock for ever in the
    // child.
    match unsafe { fork() }? {
        ForkResult::Parent { child } => Ok(child),
        ForkResult::Child => {
            let status = child();
            // SAFETY: The call takes an integer and does not return. exit(3) would
            // run our parent's handlers and write out its buffers.
            unsafe { libc::_exit(status.into()) }
        }
    }
}

/// Gives a signal its default action, or ignores it.
pub(in crate::record) fn set_action(number: Signal, ignored: bool) -> nix::Result<()> {
    let action = if ignored {
        SigHandler::SigIgn
    } else {
        SigHandler::SigDfl
    };
    // SAFETY: Neither action is a function of ours.
    unsafe { signal(number, action) }.map(drop)
}

/// Closes all descriptors from `first` to `last`.
pub(in crate::record) fn close_range(first: RawFd, last: RawFd) {
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
pub(in crate::record) struct SharedWord {
    word: NonNull<libc::c_void>,
}

impl SharedWord {
    const LENGTH: NonZeroUsize = NonZeroUsize::new(size_of::<u64>()).unwrap();

    /// A word of 0.
    pub(in crate::record) fn new() -> nix::Result<Self> {
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

    pub(in crate::record) fn store(&self, value: u64) {
        self.word().store(value, Ordering::SeqCst);
    }

    pub(in crate::record) fn load(&self) -> u64 {
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

/// Whether this process has a capability (CAP_* of linux/capability.h) in its
/// user namespace, in effect.
pub(in crate::record) fn has_capability(number: u8) -> nix::Result<bool> {
    #[repr(C)]
    struct Header {
        version: u32,
        pid: i32,
    }
    /// _LINUX_CAPABILITY_VERSION_3.
    const VERSION: u32 = 0x2008_0522;
    let mut header = Header {
        version: VERSION,
        pid: 0,
    };
    // Effective, permitted, inheritable, of the low and the high 32.
    let mut sets = [[0_u32; 3]; 2];
    // SAFETY: capget(2) reads and may write one header, and writes two times
    // three words for this version.
    Errno::result(unsafe { libc::syscall(libc::SYS_capget, &raw mut header, sets.as_mut_ptr()) })?;
    let word = sets.get(usize::from(number / 32)).ok_or(Errno::EINVAL)?;
    Ok(word[0] >> (number % 32) & 1 == 1)
}
