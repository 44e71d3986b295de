// SPDX-License-Identifier: GPL-2.0-or-later
//! The system calls that nix has no safe wrapper for, and what is a few lines on top of
//! system calls: the clock, our privilege.
//!
//! All `unsafe` of the crate is in this folder, and nothing here knows what netlink messages
//! are for.

pub(crate) mod bpf;
pub(crate) mod clock;
pub(crate) mod memory;
pub(crate) mod netlink;
pub(crate) mod privilege;
pub(crate) mod process;
pub(crate) mod ptrace;
pub(crate) mod seccomp;

use std::io;
use std::num::NonZeroUsize;
use std::os::fd::{AsFd, AsRawFd};
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use nix::errno::Errno;
use nix::sys::mman::{self, MapFlags, ProtFlags};
use nix::sys::signal::Signal;

/// A packet socket's ring, mapped into our memory and shared with the kernel.
///
/// # Invariants
///
/// `start` is the beginning of a mapping of `length` bytes, readable and
/// writable, that lasts until the drop. No reference to its bytes leaves this
/// type: the kernel may write to them at any time.
pub(crate) struct SharedMemory {
    start: NonNull<libc::c_void>,
    length: NonZeroUsize,
}

impl SharedMemory {
    /// Maps `length` bytes of the socket's ring.
    pub(crate) fn map(socket: impl AsFd, length: NonZeroUsize) -> nix::Result<Self> {
        let access = ProtFlags::PROT_READ | ProtFlags::PROT_WRITE;
        // SAFETY: No address is asked for, so that no other mapping is replaced.
        // INVARIANT: The mapping is ours alone, and only the drop undoes it.
        let start = unsafe { mman::mmap(None, length, access, MapFlags::MAP_SHARED, socket, 0) }?;
        Ok(Self { start, length })
    }

    /// The word at `offset`, and with it all that was written before it was
    /// (acquire).
    ///
    /// # Panics
    ///
    /// Where the word is not aligned or not inside.
    pub(crate) fn load(&self, offset: usize) -> u32 {
        self.word(offset).load(Ordering::Acquire)
    }

    /// Writes the word at `offset`, after all that was done before (release).
    ///
    /// # Panics
    ///
    /// Where the word is not aligned or not inside.
    pub(crate) fn store(&self, offset: usize, value: u32) {
        self.word(offset).store(value, Ordering::Release);
    }

    fn word(&self, offset: usize) -> &AtomicU32 {
        let end = offset.checked_add(size_of::<u32>());
        assert!(end.is_some_and(|end| end <= self.length.get()) && offset.is_multiple_of(4));
        // SAFETY: By the assertion the word is inside the mapping, which is page
        // aligned and lives as long as `self`; the kernel and we change it with
        // single stores of its size.
        unsafe { AtomicU32::from_ptr(self.start.as_ptr().byte_add(offset).cast()) }
    }

    /// Replaces `copy` by the `length` bytes at `offset`.
    ///
    /// What the kernel writes at the same time may be in the copy, or not.
    ///
    /// # Panics
    ///
    /// Where they are not all inside.
    pub(crate) fn copy(&self, offset: usize, length: usize, copy: &mut Vec<u8>) {
        let end = offset.checked_add(length);
        assert!(end.is_some_and(|end| end <= self.length.get()));
        copy.clear();
        copy.reserve(length);
        // SAFETY: By the assertion the source is inside the mapping, by
        // reserve() the target has room, and a fresh allocation cannot overlap
        // the mapping. All bytes up to `length` are initialised before
        // set_len().
        unsafe {
            let source = self.start.as_ptr().byte_add(offset).cast_const().cast();
            ptr::copy_nonoverlapping(source, copy.as_mut_ptr(), length);
            copy.set_len(length);
        }
    }
}

impl Drop for SharedMemory {
    fn drop(&mut self) {
        // SAFETY: By the invariants the mapping is ours, and nothing refers to it
        // any longer. The call cannot fail for a mapping that exists.
        let _ = unsafe { mman::munmap(self.start, self.length.get()) };
    }
}

/// Binds a packet socket to a link and a protocol number (host byte order).
pub(crate) fn bind_packet(socket: impl AsFd, link: i32, protocol: u16) -> nix::Result<()> {
    let address = libc::sockaddr_ll {
        sll_family: libc::AF_PACKET as u16,
        sll_protocol: protocol.to_be(),
        sll_ifindex: link,
        sll_hatype: 0,
        sll_pkttype: 0,
        sll_halen: 0,
        sll_addr: [0; 8],
    };
    // SAFETY: The pointer and the length are those of `address`, which outlives
    // the call; bind(2) only reads it.
    let result = unsafe {
        libc::bind(
            socket.as_fd().as_raw_fd(),
            (&raw const address).cast(),
            size_of_val(&address) as libc::socklen_t,
        )
    };
    Errno::result(result).map(drop)
}

static PIPE_WAS_IGNORED: AtomicBool = AtomicBool::new(false);

/// Looks at SIGPIPE's action before the Rust runtime sets it.
extern "C" fn look_at_pipe() {
    let ignored = is_ignored(Signal::SIGPIPE).unwrap_or(false);
    PIPE_WAS_IGNORED.store(ignored, Ordering::Relaxed);
}

// SAFETY: The section holds addresses of functions that the C library calls before
// main. This one makes a system call and sets an atomic.
#[used]
#[unsafe(link_section = ".init_array")]
static LOOK_AT_PIPE: extern "C" fn() = look_at_pipe;

/// Whether SIGPIPE was ignored when the program was started.
pub(crate) fn pipe_was_ignored() -> bool {
    PIPE_WAS_IGNORED.load(Ordering::Relaxed)
}

/// Whether this process was started with the signal ignored, as by nohup(1).
pub(crate) fn is_ignored(signal: Signal) -> io::Result<bool> {
    // SAFETY: All-zero bytes are a valid `sigaction`: integers, a null restorer.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    // SAFETY: Without a new action the call only writes the old one to `action`.
    match unsafe { libc::sigaction(signal as i32, ptr::null(), &raw mut action) } {
        0 => Ok(action.sa_sigaction == libc::SIG_IGN),
        _ => Err(io::Error::last_os_error()),
    }
}
