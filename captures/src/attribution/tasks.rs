// SPDX-License-Identifier: GPL-2.0-or-later
//! The tasks of the command's tree that speak netlink.

use std::collections::HashMap;
use std::fs;
use std::os::fd::{OwnedFd, RawFd};
use std::rc::Rc;

use nix::errno::Errno;
use nix::sys::resource::{Resource, getrlimit};

use super::owner::Program;
use crate::messages::process::Process;
use crate::sys::memory::Memory;
use crate::sys::seccomp;

/// How many tasks are kept at most; each holds a descriptor.
const KEPT: usize = 200;

/// No more than one part of so many of the descriptors that we may have are those of tasks.
const SHARE: u64 = 4;

/// What the kernel says of a thread, proc_pid_status(5) and proc_pid_comm(5).
pub(crate) struct ThreadStatus {
    /// Its process, as our process id namespace has it.
    pub(crate) pid: i32,
    /// The same as its own has it.
    pub(super) own_pid: i32,
    /// Its name, as it was given.
    pub(crate) comm: Vec<u8>,
}

impl ThreadStatus {
    /// Reads it. ENOENT or ESRCH where there is no such thread.
    pub(crate) fn read(tid: i32) -> nix::Result<Self> {
        let read = |name: &str| {
            fs::read(format!("/proc/{tid}/{name}"))
                .map_err(|error| error.raw_os_error().map_or(Errno::EIO, Errno::from_raw))
        };
        let status = read("status")?;
        let last = |name: &[u8]| -> Option<i32> {
            let mut lines = status.split(|byte| *byte == b'\n');
            let line = lines.find_map(|line| line.strip_prefix(name))?;
            let text = std::str::from_utf8(line).ok()?;
            text.split_whitespace().last()?.parse().ok()
        };
        // The status has it too, but escaped.
        let mut comm = read("comm")?;
        if comm.last() == Some(&b'\n') {
            comm.pop();
        }
        let pid = last(b"Tgid:").ok_or(Errno::ESRCH)?;
        Ok(Self {
            pid,
            // From ours to its own; a kernel without these namespaces has none.
            own_pid: last(b"NStgid:").unwrap_or(pid),
            comm,
        })
    }
}

/// A thread of the tree.
pub(super) struct Task {
    handle: OwnedFd,
    pub(super) program: Rc<Program>,
    /// The process id as its own process id namespace has it, which the kernel
    /// gives a socket for its port id.
    pub(super) own_pid: u32,
    /// Whether it has begun another program, or taken another name, since it was
    /// looked at.
    stale: bool,
}

impl Task {
    /// Looks at a thread that waits.
    fn inspect(tid: i32) -> nix::Result<Self> {
        let ThreadStatus { pid, own_pid, comm } = ThreadStatus::read(tid)?;
        let handle = seccomp::open_thread(tid, || Ok(pid))?;
        let comm = Process::name(&comm);
        Ok(Self {
            handle,
            program: Rc::new(Program { pid, tid, comm }),
            own_pid: own_pid.cast_unsigned(),
            stale: false,
        })
    }

    /// A duplicate of one of its descriptors.
    pub(super) fn duplicate(&self, fd: RawFd) -> nix::Result<OwnedFd> {
        seccomp::duplicate(&self.handle, fd)
    }

    /// Its memory.
    pub(super) fn memory(&self) -> Memory {
        Memory::of(self.program.tid)
    }
}

/// The tasks that were seen, by thread id.
pub(super) struct Tasks {
    all: HashMap<i32, Task>,
    most: usize,
}

impl Default for Tasks {
    fn default() -> Self {
        let limit = getrlimit(Resource::RLIMIT_NOFILE).map_or(0, |(soft, _)| soft);
        Self {
            all: HashMap::new(),
            most: usize::try_from(limit / SHARE).map_or(KEPT, |share| share.clamp(1, KEPT)),
        }
    }
}

impl Tasks {
    /// The task of this thread, which waits in a call.
    pub(super) fn get(&mut self, tid: i32) -> nix::Result<&Task> {
        let known = self.all.get(&tid);
        // Its number may be another's by now.
        if !known.is_some_and(|task| !task.stale && seccomp::is_alive(&task.handle)) {
            if self.all.len() >= self.most {
                self.all.retain(|_, task| seccomp::is_alive(&task.handle));
            }
            if self.all.len() >= self.most {
                self.all.clear();
            }
            let task = match Task::inspect(tid) {
                // There is room for its handle without those of others.
                Err(Errno::EMFILE | Errno::ENFILE) if !self.all.is_empty() => {
                    self.all.clear();
                    Task::inspect(tid)
                }
                inspected => inspected,
            };
            self.all.insert(tid, task?);
        }
        self.all.get(&tid).ok_or(Errno::ESRCH)
    }

    /// The task of this thread, where it was looked at before.
    pub(super) fn inspected(&self, tid: i32) -> Option<&Task> {
        self.all.get(&tid)
    }

    /// The same, where the number is its own still.
    pub(super) fn living(&self, tid: i32) -> Option<&Task> {
        let task = self.inspected(tid)?;
        seccomp::is_alive(&task.handle).then_some(task)
    }

    /// Forgets what was looked at under a number that may have become another's meanwhile.
    pub(super) fn forget(&mut self, tid: i32) {
        self.all.remove(&tid);
    }

    /// Notes that the thread may take another name now.
    pub(super) fn note_rename(&mut self, tid: i32) {
        if let Some(task) = self.all.get_mut(&tid) {
            task.stale = true;
        }
    }

    /// Notes that the thread's process may become another program now. Whichever thread
    /// asks for it, the program's only one will have the number of the first.
    pub(super) fn note_exec(&mut self, tid: i32) {
        let pid = self.all.get(&tid).map(|task| task.program.pid);
        for task in self.all.values_mut() {
            // Of a thread that was not looked at it is not known whose it is.
            task.stale |= pid.is_none_or(|pid| task.program.pid == pid);
        }
    }
}

#[cfg(test)]
mod tests {
    use nix::unistd::Pid;

    use super::*;

    #[test]
    fn a_task_is_its_thread_and_its_memory() {
        let me = Pid::this().as_raw();
        let mut tasks = Tasks::default();
        let task = tasks.get(me).unwrap();
        assert_eq!((task.program.pid, task.program.tid), (me, me));
        let (first, second) = (*b"abcdef", *b"ghi");
        let pieces = [
            (first.as_ptr() as u64, 4),
            (second.as_ptr() as u64, second.len()),
        ];
        let memory = task.memory();
        assert_eq!(memory.gather(&pieces).unwrap(), b"abcdghi");
        assert_eq!(memory.read(8, 4), Err(Errno::EFAULT));
    }

    #[test]
    fn a_program_that_another_thread_begins_is_the_first_threads() {
        let me = Pid::this().as_raw();
        let mut tasks = Tasks::default();
        tasks.get(me).unwrap();
        tasks.note_exec(1);
        assert!(tasks.inspected(me).unwrap().stale);
        assert!(!tasks.get(me).unwrap().stale);
        tasks.note_rename(me);
        assert!(tasks.inspected(me).unwrap().stale);
    }

    #[test]
    fn a_thread_that_is_not_there_is_an_error() {
        assert_eq!(
            Tasks::default().get(i32::MAX).map(|_| ()),
            Err(Errno::ENOENT)
        );
    }
}
