// SPDX-License-Identifier: GPL-2.0-or-later
//! What may wait for somebody else is done by threads of their own.
//!
//! A read of another process's memory waits for whoever backs a page of it, which may be a
//! process of the command (FUSE, userfaultfd(2)), and that one may wait for us; no signal but
//! one that kills ends such a wait. The same holds for a file's name, and for the close of a
//! descriptor that turns out to be no netlink socket (FUSE's flush, SO_LINGER).

use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use nix::errno::Errno;

/// How long work is waited for, in slices: a machine that stands still for a while does not
/// use them up.
const SLICES: u32 = 20;
const SLICE: Duration = Duration::from_millis(100);

/// How many threads there are at most; all but one have been given up and wait still.
const MOST: usize = 8;

/// Room for what the work has on its stack.
const STACK: usize = 1 << 17;

type Job = Box<dyn FnOnce() + Send>;

/// A thread that does one piece of work after another, and is replaced when one does not
/// end.
#[derive(Default)]
pub(super) struct Helper {
    jobs: Option<Sender<Job>>,
    threads: Arc<AtomicUsize>,
}

impl Helper {
    /// Does the work and returns what it gives.
    ///
    /// # Errors
    ///
    /// ETIMEDOUT where it has not ended in two seconds; at once where too many such threads
    /// wait still. EAGAIN where there can be no thread.
    pub(super) fn run<T: Send + 'static>(
        &mut self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> nix::Result<T> {
        let (answer, result) = mpsc::sync_channel(1);
        let jobs = match self.jobs.take() {
            Some(jobs) => jobs,
            None => self.start()?,
        };
        // Nobody takes the result of work that was given up.
        let job: Job = Box::new(move || drop(answer.send(work())));
        jobs.send(job).map_err(|_| Errno::EAGAIN)?;
        for _ in 0..SLICES {
            match result.recv_timeout(SLICE) {
                Ok(done) => {
                    self.jobs = Some(jobs);
                    return Ok(done);
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        Err(Errno::ETIMEDOUT)
    }

    fn start(&self) -> nix::Result<Sender<Job>> {
        if self.threads.load(Ordering::Relaxed) >= MOST {
            return Err(Errno::ETIMEDOUT);
        }
        let (jobs, queue) = mpsc::channel::<Job>();
        let threads = Arc::clone(&self.threads);
        threads.fetch_add(1, Ordering::Relaxed);
        let work = move || {
            queue.into_iter().for_each(|job| job());
            threads.fetch_sub(1, Ordering::Relaxed);
        };
        match spawn(work) {
            Ok(()) => Ok(jobs),
            Err(errno) => {
                self.threads.fetch_sub(1, Ordering::Relaxed);
                Err(errno)
            }
        }
    }
}

fn spawn(work: impl FnOnce() + Send + 'static) -> nix::Result<()> {
    let builder = thread::Builder::new().stack_size(STACK);
    builder.spawn(work).map(drop).map_err(|_| Errno::EAGAIN)
}

/// Closes a duplicate of what may be anything, in the order of the calls, without waiting for
/// it. What waits in front of it keeps it open.
pub(super) fn close(fd: OwnedFd) {
    static CLOSER: Mutex<Option<Sender<OwnedFd>>> = Mutex::new(None);
    let Ok(mut closer) = CLOSER.lock() else {
        return;
    };
    if closer.is_none() {
        let (files, queue) = mpsc::channel();
        if spawn(move || queue.into_iter().for_each(drop)).is_ok() {
            *closer = Some(files);
        }
    }
    if let Some(closer) = &*closer {
        let _ = closer.send(fd);
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::{self, Read};
    use std::os::fd::AsFd;

    use super::*;

    #[test]
    fn work_that_does_not_end_is_given_up_and_the_next_is_done() {
        let mut helper = Helper::default();
        let (mut reader, writer) = io::pipe().unwrap();
        assert_eq!(helper.run(|| 7), Ok(7));
        let read = move || reader.read(&mut [0]).unwrap();
        assert_eq!(helper.run(read), Err(Errno::ETIMEDOUT));
        assert_eq!(helper.run(|| 8), Ok(8));
        // It ends with its work.
        assert_eq!(helper.threads.load(Ordering::Relaxed), 2);
        drop(writer);
        while helper.threads.load(Ordering::Relaxed) > 1 {
            thread::yield_now();
        }
    }

    #[test]
    fn so_many_threads_that_wait_are_enough() {
        let mut helper = Helper::default();
        helper.threads.store(MOST, Ordering::Relaxed);
        assert_eq!(helper.run(|| 7), Err(Errno::ETIMEDOUT));
    }

    #[test]
    fn what_is_closed_aside_is_closed() {
        let (mut reader, writer) = io::pipe().unwrap();
        let slow = File::from(writer.as_fd().try_clone_to_owned().unwrap());
        close(slow.into());
        close(writer.into());
        assert_eq!(reader.read(&mut [0]).unwrap(), 0);
    }
}
