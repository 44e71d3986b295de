// SPDX-License-Identifier: GPL-2.0-or-later
//! Why a guest died without a word: its log, its process's end and the host show it, mostly.
//!
//! The words are those of arch/um of Linux 6.12, of qemu, and of the kernel's panics.

use super::last_words::LastWords;
use std::{fmt, fs, os::unix::process::ExitStatusExt, process::ExitStatus};

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

/// Why it died.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// The kernel keeps too little room for the FPU state of this CPU.
    FpuState,
    /// The guest's memory is too small.
    GuestMemory { mem: String, default: String },
    /// The host refuses memory or mappings.
    HostMemory,
    /// The host refuses memory that it might not have.
    Overcommit,
    /// The file system that holds the guest's memory is full.
    FullTempdir(String),
    /// That file system lets no code of it run.
    Noexec(String),
    /// The host does not let the kernel stop its processes.
    Ptrace,
    /// The host makes no more processes.
    Processes,
    /// Somebody on the host killed it.
    Killed(i32),
    /// It was ordered to power off or to restart.
    SwitchedOff,
    /// Pid 1 gave up before there was a way to say so.
    Init(String),
    /// The kernel's own end.
    Kernel(LastWords),
    /// It lives, but what it said made no sense.
    Garbled,
    /// Nothing that is known.
    Unknown(Option<ExitStatus>),
}

/// Whether this host promises no more memory than it has.
pub(super) fn host_is_strict() -> bool {
    fs::read_to_string("/proc/sys/vm/overcommit_memory").is_ok_and(|text| text.trim() == "2")
}

impl Cause {
    /// The cause that the remains speak for.
    pub(super) fn of(remains: &Remains<'_>) -> Self {
        let log = remains.log;
        let says = |words: &[&str]| words.iter().any(|it| log.contains(it));
        let refused = || match remains.host_is_strict {
            true => Self::Overcommit,
            false => Self::HostMemory,
        };
        let guest_memory = || Self::GuestMemory {
            mem: remains.mem.0.to_owned(),
            default: remains.mem.1.to_owned(),
        };
        // The host's refusals first: a panic is what comes of them.
        if says(&[
            "ptrace set fp regs failed",
            "get_fp_registers failed",
            "put_fp_registers returned",
        ]) {
            return Self::FpuState;
        }
        if says(&["must be not mounted noexec"]) {
            return Self::Noexec(tempdir(log));
        }
        if says(&[
            "Bus error - the host /dev/shm or /tmp mount",
            "write: No space left on device",
            "vm_file-XXXXXX: No space left on device",
        ]) {
            return match remains.host_is_strict {
                true => Self::Overcommit,
                false => Self::FullTempdir(tempdir(log)),
            };
        }
        if says(&[
            "setup_physmem - mapping",
            "Couldn't allocate shadow memory",
            "UML ran out of memory on the host side",
            "cannot set up guest memory",
        ]) {
            return refused();
        }
        if says(&["fork failed", "clone failed, errno = 11"]) {
            return Self::Processes;
        }
        if says(&[
            "ptrace: Operation not permitted",
            "check_ptrace : ",
            "check_ptrace: ",
            "check_sysemu",
            "stop_ptraced_child : ",
        ]) {
            return Self::Ptrace;
        }
        if says(&[
            "Too few physical memory!",
            "deadlocked on memory",
            "not syncing: Out of memory",
            ": Failed to allocate ",
        ]) {
            return guest_memory();
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
                None => Self::Unknown(Some(status)),
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

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FpuState => write!(
                f,
                "this CPU has more FPU state (XSAVE) than the kernel keeps room for: \
                 `cargo xtask setup` builds one that asks the CPU how much"
            ),
            Self::GuestMemory { mem, default } => write!(
                f,
                "{mem} of memory (--mem) is too little for its kernel: give it more; \
                 without --mem it has {default}"
            ),
            Self::HostMemory => write!(
                f,
                "the host refuses it memory: look at `ulimit -v`, at the memory limit of this \
                 container and at vm.max_map_count, or give it less with --mem"
            ),
            Self::Overcommit => write!(
                f,
                "the host refuses it memory, for vm.overcommit_memory is 2: \
                 `sysctl vm.overcommit_memory=0`, or give it less with --mem"
            ),
            Self::FullTempdir(dir) => write!(
                f,
                "{dir}, in which the host keeps its memory, is full: make room there \
                 (`df -h {dir}`), have TMPDIR name another tmpfs, or give it less with --mem"
            ),
            Self::Noexec(dir) => write!(
                f,
                "{dir}, in which the host keeps its memory, is mounted noexec: have TMPDIR \
                 name a folder that is not, or `mount -o remount,exec {dir}`"
            ),
            Self::Ptrace => write!(
                f,
                "the host refuses ptrace, by which User-Mode Linux runs its processes: allow it \
                 to this container (`--cap-add SYS_PTRACE`, `--security-opt seccomp=unconfined`), \
                 and look at kernel.yama.ptrace_scope, which may be 0 or 1"
            ),
            Self::Processes => write!(
                f,
                "the host makes no more processes, and each of the guest's is one of the host's: \
                 look at `ulimit -u` and at the pids limit of this container"
            ),
            Self::Killed(9) => write!(
                f,
                "its process was killed (SIGKILL), as the host's OOM killer does: `dmesg` of the \
                 host says so where it was that; then give it less with --mem"
            ),
            Self::Killed(signal) => {
                let name = signal_hook::low_level::signal_name(*signal);
                write!(
                    f,
                    "its process was ended from outside ({}): run it again",
                    name.map_or_else(|| format!("signal {signal}"), str::to_owned)
                )
            }
            Self::SwitchedOff => write!(
                f,
                "it was switched off or restarted from inside: a command that does so has no \
                 exit status to report"
            ),
            Self::Init(why) => write!(f, "pid 1, which is xtask, gave up: {why}"),
            Self::Kernel(words) => words.fmt(f),
            Self::Garbled => write!(
                f,
                "what came over its console to the host made no sense: something in it writes \
                 to that console, too (/dev/tty1, under qemu /dev/vport0p1)"
            ),
            Self::Unknown(status) => {
                write!(f, "it ended without a word that is known")?;
                match status {
                    Some(status) => write!(f, " ({status})"),
                    None => Ok(()),
                }
            }
        }
    }
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
Checking if /dev/shm is on tmpfs...OK
Checking PROT_EXEC mmap in /dev/shm...";

    #[test]
    fn too_little_room_for_the_fpu_state_is_reported_before_the_end_of_init_that_comes_of_it() {
        let log = "\
userspace - ptrace set fp regs failed, errno = 14
Kernel panic - not syncing: Attempted to kill init! exitcode=0x0000000b
";
        assert_eq!(cause(log), Cause::FpuState);
        assert!(Cause::FpuState.to_string().contains("cargo xtask setup"));
    }

    #[test]
    fn too_little_memory_in_the_guest_is_reported_with_how_much_that_was() {
        for log in [
            "Too few physical memory! Needed=14680064, given=8388608\n",
            "Kernel panic - not syncing: System is deadlocked on memory\n",
            "Kernel panic - not syncing: Out of memory: compulsory panic_on_oom is enabled\n",
            "Kernel panic - not syncing: sparse_init: Failed to allocate 4096 bytes align=0x40\n",
        ] {
            let text = cause(log).to_string();
            assert!(text.starts_with("8M of memory (--mem)"), "{log}{text}");
        }
    }

    #[test]
    fn memory_that_the_host_refuses_is_reported_with_the_rule_by_which_it_does() {
        let refused = [
            "setup_physmem - mapping 4278190080 bytes of memory at 0x61000000 failed - errno = -12\n",
            "UML ran out of memory on the host side! This can happen due to a memory limitation",
            "qemu-system-x86_64: cannot set up guest memory 'pc.ram': Cannot allocate memory\n",
        ];
        for log in refused {
            assert_eq!(cause(log), Cause::HostMemory, "{log}");
        }
        let full = format!("{TEMPDIR}OK\nwrite: No space left on device\n");
        for log in refused.into_iter().chain([full.as_str()]) {
            let strict = Remains {
                host_is_strict: true,
                ..remains(log)
            };
            assert_eq!(Cause::of(&strict), Cause::Overcommit, "{log}");
        }
    }

    #[test]
    fn a_full_or_noexec_folder_is_named() {
        let log = TEMPDIR.replace("/dev/shm", "/mnt/tmp");
        let bus = "Bus error - the host /dev/shm or /tmp mount likely just ran out of space\n\
                   Kernel panic - not syncing: Kernel mode signal 7\n";
        for words in ["write: No space left on device\n", bus] {
            let full = cause(&format!("{log}OK\n{words}"));
            assert_eq!(full, Cause::FullTempdir("/mnt/tmp".into()), "{words}");
        }
        let noexec = "Operation not permitted\n/mnt/tmp must be not mounted noexec\n";
        let noexec = cause(&format!("{log}{noexec}"));
        assert_eq!(noexec, Cause::Noexec("/mnt/tmp".into()));
    }

    #[test]
    fn a_host_without_ptrace_or_processes_is_reported() {
        let check = "Checking that ptrace can change system call numbers...";
        for words in [
            "ptrace: Operation not permitted\ncheck_ptrace : expected SIGSTOP, got status = 9",
            "check_ptrace : expected SIGSTOP, got status = 31",
            "check_ptrace: PTRACE_SETOPTIONS failed: Operation not permitted\n",
        ] {
            assert_eq!(cause(&format!("{check}{words}")), Cause::Ptrace, "{words}");
        }
        for words in [
            "start_ptraced_child : fork failed: Resource temporarily unavailable\n",
            "start_userspace : clone failed, errno = 11\n",
        ] {
            let log = format!("{check}{words}");
            assert_eq!(cause(&log), Cause::Processes, "{words}");
        }
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
            Cause::Unknown(None),
        ] {
            assert!(!cause.to_string().contains(['\n', '\t']), "{cause}");
        }
    }
}
