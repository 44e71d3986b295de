// SPDX-License-Identifier: GPL-2.0-or-later
//! Why a guest died without a word: its log, its process's end and the host show it, mostly.
//!
//! The words are those of arch/um of Linux 6.12, of qemu, and of the kernel's panics.

use super::last_words::LastWords;
use rustix::process::Signal;
use std::{fs, os::unix::process::ExitStatusExt, process::ExitStatus};

/// How far a guest had come.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// The kernel starts.
    Booting,
    /// Pid 1 mounts, inserts modules.
    SettingUp,
    /// The command runs.
    Running,
}

/// What is known of a guest that died.
pub(super) struct Remains<'a> {
    /// The kernel's log and what its machine said.
    pub(super) log: &'a str,
    /// How its process ended, where it has.
    pub(super) status: Option<ExitStatus>,
    /// It said that it starts when it had started before.
    pub(super) restarted: bool,
    /// The guest's memory, and the kernel's own default.
    pub(super) mem: (&'a str, &'a str),
    /// The name of the module that was inserted.
    pub(super) module: Option<&'a str>,
    /// The host promises no more memory than it has (`vm.overcommit_memory=2`).
    pub(super) host_is_strict: bool,
}

/// Why it died, and what to do.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Cause {
    #[error(
        "this CPU has more FPU state (XSAVE) than the kernel keeps room for: \
         `cargo xtask setup` builds one that asks the CPU how much"
    )]
    FpuState,
    #[error(
        "{mem} of memory (--mem) is too little for its kernel: give it more; \
         without --mem it has {default}"
    )]
    GuestMemory { mem: String, default: String },
    #[error(
        "the host refuses it memory: look at `ulimit -v`, at the memory limit of this \
         container and at vm.max_map_count, or give it less with --mem"
    )]
    HostMemory,
    /// The host refuses memory that it might not have.
    #[error(
        "the host refuses it memory, for vm.overcommit_memory is 2: \
         `sysctl vm.overcommit_memory=0`, or give it less with --mem"
    )]
    Overcommit,
    #[error(
        "{0}, in which the host keeps its memory, is full: make room there \
         (`df -h {0}`), have TMPDIR name another tmpfs, or give it less with --mem"
    )]
    FullTempdir(String),
    /// The file system that holds the guest's memory lets no code of it run.
    #[error(
        "{0}, in which the host keeps its memory, is mounted noexec: have TMPDIR \
         name a folder that is not, or `mount -o remount,exec {0}`"
    )]
    Noexec(String),
    #[error(
        "the host refuses ptrace, by which User-Mode Linux runs its processes: allow it \
         to this container (`--cap-add SYS_PTRACE`, `--security-opt seccomp=unconfined`), \
         and look at kernel.yama.ptrace_scope, which may be 0 or 1"
    )]
    Ptrace,
    #[error(
        "the host makes no more processes, and each of the guest's is one of the host's: \
         look at `ulimit -u` and at the pids limit of this container"
    )]
    Processes,
    #[error("{}", of_signal(*.0))]
    Killed(i32),
    #[error(
        "it was switched off or restarted from inside: a command that does so has no \
         exit status to report"
    )]
    SwitchedOff,
    /// Pid 1 gave up before there was a way to say so.
    #[error("pid 1, which is xtask, gave up: {0}")]
    Init(String),
    #[error("{0}")]
    Kernel(LastWords),
    /// It lives, but what it said made no sense.
    #[error(
        "what came over its console to the host made no sense: something in it writes \
         to that console, too (/dev/tty1, under qemu /dev/vport0p1)"
    )]
    Garbled,
    #[error("it ended without a word that is known ({0})")]
    Unknown(ExitStatus),
}

/// What to think of a signal that ended the guest's process.
fn of_signal(signal: i32) -> String {
    if signal == Signal::KILL.as_raw() {
        return "its process was killed (SIGKILL), as the host's OOM killer does: `dmesg` of the \
                host says so where it was that; then give it less with --mem"
            .to_owned();
    }
    let name = signal_hook::low_level::signal_name(signal);
    let name = name.map_or_else(|| format!("signal {signal}"), str::to_owned);
    format!("its process was ended from outside ({name}): run it again")
}

/// Whether this host promises no more memory than it has.
pub(super) fn host_is_strict() -> bool {
    fs::read_to_string("/proc/sys/vm/overcommit_memory").is_ok_and(|text| text.trim() == "2")
}

/// Words of the log, and the cause that they speak for.
type Sign = (&'static str, fn(&Remains<'_>) -> Cause);

/// All of them. The host's refusals come first: a
/// panic is what comes of them.
const SIGNS: &[Sign] = &[
    ("ptrace set fp regs failed", |_| Cause::FpuState),
    ("get_fp_registers failed", |_| Cause::FpuState),
    ("put_fp_registers returned", |_| Cause::FpuState),
    ("must be not mounted noexec", |it| {
        Cause::Noexec(tempdir(it.log))
    }),
    (
        "Bus error - the host /dev/shm or /tmp mount",
        Cause::full_tempdir,
    ),
    ("write: No space left on device", Cause::full_tempdir),
    (
        "vm_file-XXXXXX: No space left on device",
        Cause::full_tempdir,
    ),
    ("setup_physmem - mapping", Cause::host_memory),
    ("Couldn't allocate shadow memory", Cause::host_memory),
    ("UML ran out of memory on the host side", Cause::host_memory),
    ("cannot set up guest memory", Cause::host_memory),
    ("fork failed", |_| Cause::Processes),
    ("clone failed, errno = 11", |_| Cause::Processes),
    ("ptrace: Operation not permitted", |_| Cause::Ptrace),
    ("check_ptrace : ", |_| Cause::Ptrace),
    ("check_ptrace: ", |_| Cause::Ptrace),
    ("check_sysemu", |_| Cause::Ptrace),
    ("stop_ptraced_child : ", |_| Cause::Ptrace),
    ("Too few physical memory!", Cause::guest_memory),
    ("deadlocked on memory", Cause::guest_memory),
    ("not syncing: Out of memory", Cause::guest_memory),
    (": Failed to allocate ", Cause::guest_memory),
];

impl Cause {
    fn host_memory(remains: &Remains<'_>) -> Self {
        match remains.host_is_strict {
            true => Self::Overcommit,
            false => Self::HostMemory,
        }
    }

    fn full_tempdir(remains: &Remains<'_>) -> Self {
        match remains.host_is_strict {
            true => Self::Overcommit,
            false => Self::FullTempdir(tempdir(remains.log)),
        }
    }

    fn guest_memory(remains: &Remains<'_>) -> Self {
        let (mem, default) = remains.mem;
        Self::GuestMemory {
            mem: mem.to_owned(),
            default: default.to_owned(),
        }
    }

    /// The cause that the remains speak for.
    pub(super) fn of(remains: &Remains<'_>) -> Self {
        let log = remains.log;
        if let Some((_, cause)) = SIGNS.iter().find(|(words, _)| log.contains(words)) {
            return cause(remains);
        }
        if let Some(words) = LastWords::of(log, remains.module) {
            return Self::Kernel(words);
        }
        if let Some(line) = log.lines().find_map(|it| it.split_once("guest init: ")) {
            return Self::Init(line.1.to_owned());
        }
        let is_end = |line: &str| {
            let (_, words) = line.split_once("reboot: ").unwrap_or_default();
            words.starts_with("Power down")
                || words.starts_with("Restarting")
                || words.starts_with("System halted")
        };
        if remains.restarted || log.lines().any(is_end) {
            return Self::SwitchedOff;
        }
        match remains.status {
            None => Self::Garbled,
            Some(status) => match status.signal() {
                Some(signal) => Self::Killed(signal),
                None => Self::Unknown(status),
            },
        }
    }
}

/// Where User-Mode Linux says that it keeps the guest's memory.
fn tempdir(log: &str) -> String {
    let between = |start: &str, end: &str| {
        let (_, rest) = log.rsplit_once(start)?;
        Some(rest.split_once(end)?.0.to_owned())
    };
    between("Checking PROT_EXEC mmap in ", "...")
        .or_else(|| between("Checking if ", " is on tmpfs"))
        .unwrap_or_else(|| "/dev/shm".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn remains(log: &str) -> Remains<'_> {
        Remains {
            log,
            status: Some(ExitStatus::from_raw(1 << 8)),
            restarted: false,
            mem: ("8M", "512M"),
            module: Some("nl_kernel"),
            host_is_strict: false,
        }
    }

    fn cause(log: &str) -> Cause {
        Cause::of(&remains(log))
    }

    /// What User-Mode Linux says of the folder for its memory.
    const TEMPDIR: &str = "\
Checking environment variables for a tempdir...none found
Checking if /mnt/tmp is on tmpfs...OK
Checking PROT_EXEC mmap in /mnt/tmp...";

    #[test]
    fn a_refusal_is_reported_before_the_panic_that_comes_of_it() {
        let full = || Cause::FullTempdir("/mnt/tmp".into());
        let memory = || Cause::GuestMemory {
            mem: "8M".into(),
            default: "512M".into(),
        };
        let bus = "OK\nBus error - the host /dev/shm or /tmp mount likely just ran out of space\n\
                   Kernel panic - not syncing: Kernel mode signal 7\n";
        let fpu = "OK\nuserspace - ptrace set fp regs failed, errno = 14\n\
                   Kernel panic - not syncing: Attempted to kill init! exitcode=0x0000000b\n";
        let killed = "OK\nptrace: Operation not permitted\n\
                      check_ptrace : expected SIGSTOP, got status = 9";
        let options = "OK\ncheck_ptrace: PTRACE_SETOPTIONS failed: Operation not permitted\n";
        for (words, expected) in [
            (fpu, Cause::FpuState),
            (
                "OK\nToo few physical memory! Needed=14680064, given=8388608\n",
                memory(),
            ),
            (
                "Kernel panic - not syncing: System is deadlocked on memory\n",
                memory(),
            ),
            (
                "Kernel panic - not syncing: Out of memory: compulsory panic_on_oom is enabled\n",
                memory(),
            ),
            (
                "Kernel panic - not syncing: sparse_init: Failed to allocate 4096 bytes align=0x40\n",
                memory(),
            ),
            (
                "OK\nsetup_physmem - mapping 4278190080 bytes of memory at 0x61000000 failed - errno = -12\n",
                Cause::HostMemory,
            ),
            (
                "OK\nUML ran out of memory on the host side! This can happen due to a memory limitation",
                Cause::HostMemory,
            ),
            (
                "qemu-system-x86_64: cannot set up guest memory 'pc.ram': Cannot allocate memory\n",
                Cause::HostMemory,
            ),
            ("OK\nwrite: No space left on device\n", full()),
            (bus, full()),
            (
                "Operation not permitted\n/mnt/tmp must be not mounted noexec\n",
                Cause::Noexec("/mnt/tmp".into()),
            ),
            (killed, Cause::Ptrace),
            (
                "OK\ncheck_ptrace : expected SIGSTOP, got status = 31",
                Cause::Ptrace,
            ),
            (options, Cause::Ptrace),
            (
                "OK\nstart_ptraced_child : fork failed: Resource temporarily unavailable\n",
                Cause::Processes,
            ),
            (
                "OK\nstart_userspace : clone failed, errno = 11\n",
                Cause::Processes,
            ),
        ] {
            let log = format!("{TEMPDIR}{words}");
            assert_eq!(cause(&log), expected, "{words}");
            let strict = Remains {
                host_is_strict: true,
                ..remains(&log)
            };
            // Where the host promises no more than it has, that is why it refuses memory.
            let expected = match expected {
                Cause::HostMemory | Cause::FullTempdir(_) => Cause::Overcommit,
                other => other,
            };
            assert_eq!(Cause::of(&strict), expected, "{words}");
        }
        assert!(Cause::FpuState.to_string().contains("cargo xtask setup"));
        assert!(memory().to_string().starts_with("8M of memory (--mem)"));
    }

    #[test]
    fn without_words_the_end_of_the_process_decides() {
        let of = |status: Option<i32>, log| {
            Cause::of(&Remains {
                status: status.map(ExitStatus::from_raw),
                ..remains(log)
            })
        };
        assert_eq!(of(Some(9), ""), Cause::Killed(9));
        assert_eq!(of(None, ""), Cause::Garbled);
        assert_eq!(of(Some(0), "reboot: Power down\n"), Cause::SwitchedOff);
        let lost = "guest init: cannot open the console to the host";
        let why = "cannot open the console to the host".to_owned();
        assert_eq!(of(Some(0), lost), Cause::Init(why));
        assert!(cause("").to_string().contains("exit status: 1"));
    }

    #[test]
    fn every_cause_is_one_line() {
        for cause in [
            Cause::FpuState,
            Cause::HostMemory,
            Cause::Overcommit,
            Cause::FullTempdir("/t".into()),
            Cause::Noexec("/t".into()),
            Cause::Ptrace,
            Cause::Processes,
            Cause::Killed(9),
            Cause::Killed(15),
            Cause::SwitchedOff,
            Cause::Garbled,
            Cause::Unknown(ExitStatus::from_raw(0)),
        ] {
            assert!(!cause.to_string().contains(['\n', '\t']), "{cause}");
        }
    }
}
