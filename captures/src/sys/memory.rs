// SPDX-License-Identifier: GPL-2.0-or-later
//! The memory of another process, process_vm_readv(2).

use std::io::IoSliceMut;

use nix::sys::uio::{RemoteIoVec, process_vm_readv};
use nix::unistd::Pid;

/// The memory of a thread. A read of it waits for whoever backs a page.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Memory(i32);

impl Memory {
    /// That of the thread of this number.
    pub(crate) fn of(tid: i32) -> Self {
        Self(tid)
    }

    /// The thread whose it is.
    pub(crate) fn tid(self) -> i32 {
        self.0
    }

    /// Copies it from `start` on; fewer bytes where less can be read.
    pub(crate) fn read(self, start: u64, length: usize) -> nix::Result<Vec<u8>> {
        self.gather(&[(start, length)])
    }

    /// Copies pieces of it into one.
    pub(crate) fn gather(self, pieces: &[(u64, usize)]) -> nix::Result<Vec<u8>> {
        let length = pieces.iter().map(|(_, length)| length).sum();
        if length == 0 {
            return Ok(Vec::new());
        }
        let mut bytes = vec![0; length];
        let remote: Vec<_> = pieces
            .iter()
            .map(|&(base, len)| RemoteIoVec {
                base: base as usize,
                len,
            })
            .collect();
        let tid = Pid::from_raw(self.0);
        let read = process_vm_readv(tid, &mut [IoSliceMut::new(&mut bytes)], &remote)?;
        bytes.truncate(read);
        Ok(bytes)
    }
}
