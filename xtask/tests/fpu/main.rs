// SPDX-License-Identifier: GPL-2.0-or-later
//! The state of floating point and vectors in the guest: it is each process' own, whatever
//! interrupts it, and User-Mode Linux keeps it however large the host's CPU makes it.

#[path = "../common/mod.rs"]
mod common;
mod registers;
mod tracer;

use registers::{Interruption, Registers, Width};
use std::{
    env,
    process::Command,
    sync::atomic::{AtomicU64, Ordering},
    thread,
};
use tracer::Host;

/// The size of the state on a CPU with AMX's tiles, in bytes (`cpuid 0xd`).
const SIZE_WITH_AMX: usize = 11_008;

/// How many tasks take turns.
const TASKS: u64 = 3;

/// Set where a test's body is the guest's pid 1.
const IS_INIT: &str = "NL_UTIL_TEST_IS_INIT";

/// How many signals were handled.
static HANDLED: AtomicU64 = AtomicU64::new(0);

/// Changes all that the interrupted program has in its registers.
extern "C" fn handle(_signal: i32) {
    let width = Width::of_this_cpu();
    let count = HANDLED.fetch_add(1, Ordering::Relaxed);
    let (mine, mut after) = (Registers::of(!count, width), Registers::default());
    let mut touched = 0;
    let nothing = Interruption {
        call: libc::SYS_getppid,
        args: [0; 3],
        touch: &raw mut touched,
    };
    // SAFETY: The width is this CPU's; getppid(2) changes nothing.
    unsafe { registers::keep(width, &mine, &nothing, &mut after) };
}

/// Keeps registers over `rounds` of each kind of interruption: another task's turn, a page
/// that is not there, a signal, a fork on both its sides.
fn keep_registers(rounds: u64, task: u64) {
    let width = Width::of_this_cpu();
    let (pid, tid) = (i64::from(std::process::id()), gettid());
    let length = usize::try_from(rounds).unwrap() * 4096;
    // SAFETY: A new mapping of nobody else's.
    let pages = unsafe {
        let writable = libc::PROT_READ | libc::PROT_WRITE;
        let private = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
        libc::mmap(std::ptr::null_mut(), length, writable, private, -1, 0)
    };
    assert_ne!(pages, libc::MAP_FAILED);
    for round in 0..rounds {
        let offset = usize::try_from(round).unwrap() * 4096;
        // SAFETY: Inside of the mapping.
        let touch = unsafe { pages.cast::<u8>().add(offset) };
        for (kind, call, args) in [
            ("another task's turn", libc::SYS_sched_yield, [0; 3]),
            (
                "a signal",
                libc::SYS_tgkill,
                [pid, tid, libc::SIGUSR1.into()],
            ),
            ("a fork", libc::SYS_fork, [0; 3]),
        ] {
            let before = Registers::of(task << 48 | round << 8 | call.unsigned_abs(), width);
            let mut after = Registers::default();
            let interruption = Interruption { call, args, touch };
            // SAFETY: The width is this CPU's; `touch` is ours; a child changes nothing,
            // but ends below.
            let result = unsafe { registers::keep(width, &before, &interruption, &mut after) };
            let same = after == before;
            if call == libc::SYS_fork && result == 0 {
                // SAFETY: Ends the child without anything of this program's.
                unsafe { libc::_exit(if same { 0 } else { 1 }) };
            }
            assert!(
                same,
                "task {task}, round {round}, {kind}: {before:?} became {after:?}"
            );
            assert!(result >= 0, "{kind}: errno {}", -result);
            if call == libc::SYS_fork {
                let child = rustix::process::Pid::from_raw(i32::try_from(result).unwrap());
                let options = rustix::process::WaitOptions::empty();
                let (_, status) = rustix::process::waitpid(child, options).unwrap().unwrap();
                assert_eq!(status.exit_status(), Some(0), "in a child of task {task}");
            }
        }
    }
    // SAFETY: The mapping from above, to which nothing points any more.
    unsafe { libc::munmap(pages, length) };
}

fn gettid() -> i64 {
    rustix::thread::gettid().as_raw_nonzero().get().into()
}

/// [`keep_registers`] in tasks that take turns.
fn keep_registers_in_turns(rounds: u64) {
    // SAFETY: The handler calls nothing but a system call, and changes only an atomic.
    unsafe { libc::signal(libc::SIGUSR1, handle as *const () as libc::sighandler_t) };
    let before = HANDLED.load(Ordering::Relaxed);
    thread::scope(|scope| {
        for task in 1..=TASKS {
            scope.spawn(move || keep_registers(rounds, task));
        }
    });
    assert_eq!(HANDLED.load(Ordering::Relaxed) - before, TASKS * rounds);
}

guest_tests! {
    fn registers_survive_a_thousand_turns_faults_signals_and_forks() {
        keep_registers_in_turns(1000_u64.div_ceil(TASKS));
        println!("kept: {}, and the x87's", Width::of_this_cpu());
    }

    fn tiles_of_amx_are_refused_and_the_guest_lives_on() {
        const ARCH_REQ_XCOMP_PERM: i64 = 0x1023;
        const TILE_DATA: i64 = 18;
        // SAFETY: Asks for a permission; no memory is involved.
        let granted = unsafe { libc::syscall(libc::SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, TILE_DATA) };
        assert_ne!(granted, 0, "this guest grants tiles: what keeps them is to be tested, too");
        println!("refused: {}", std::io::Error::last_os_error());
        let status = in_child(|| {
            let configuration = [0_u8; 64];
            // SAFETY: `ldtilecfg [rdi]` and `tilezero tmm0`: they read the 64 bytes.
            unsafe {
                std::arch::asm!(
                    ".byte 0xc4, 0xe2, 0x78, 0x49, 0x07, 0xc4, 0xe2, 0x7b, 0x49, 0xc0",
                    in("rdi") configuration.as_ptr()
                );
            }
        });
        assert_eq!(status.terminating_signal(), Some(libc::SIGILL), "{status:?}");
        keep_registers_in_turns(10);
    }
}

/// How a child ends that does this and nothing else.
fn in_child(body: impl FnOnce()) -> rustix::process::WaitStatus {
    // SAFETY: The child calls nothing that another thread may hold a lock of.
    let child = unsafe { libc::fork() };
    if child == 0 {
        body();
        // SAFETY: Ends the child without anything of this program's.
        unsafe { libc::_exit(0) };
    }
    let child = rustix::process::Pid::from_raw(child).unwrap();
    let options = rustix::process::WaitOptions::empty();
    rustix::process::waitpid(Some(child), options)
        .unwrap()
        .unwrap()
        .1
}

/// User-Mode Linux with a test of this file as its pid 1.
fn machine(test: &str) -> Command {
    let path = common::kernel_build().join("linux");
    let mut command = Command::new(path);
    command
        .args(["mem=128M", "root=/dev/root", "rootfstype=hostfs", "ro"])
        .args(["con=null", "con0=null,fd:1", "panic=-1", "ignore_loglevel"])
        .arg(format!("init={}", env::current_exe().unwrap().display()))
        .arg(format!("{IS_INIT}=1"))
        .args(["--", "--exact", test, "--nocapture"]);
    command
}

/// Whether this is the guest's pid 1; it ends the guest behind `body`.
fn as_init(body: impl FnOnce()) -> bool {
    if env::var_os(IS_INIT).is_none() {
        return false;
    }
    body();
    println!("all was kept");
    let _ = rustix::system::reboot(rustix::system::RebootCommand::PowerOff);
    true
}

#[test]
fn a_state_as_large_as_amx_makes_it_comes_back_whole() {
    let name = "a_state_as_large_as_amx_makes_it_comes_back_whole";
    if as_init(|| keep_registers_in_turns(50)) {
        return;
    }
    let traced = tracer::run(machine(name), Host::Larger(SIZE_WITH_AMX));
    assert!(traced.output.contains("all was kept"), "{traced:?}");
    assert_eq!(traced.wrong, [] as [String; 0], "{}", traced.output);
    // Each turn, fault, signal and fork entered the kernel at least once; children and
    // threads are the only ones that begin with another's.
    assert!(traced.states > TASKS * 50 * 4, "{traced:?}");
    assert!(traced.inherited <= TASKS * 50 + 10, "{traced:?}");
    println!(
        "{} states of {SIZE_WITH_AMX} bytes, {} of this host's own",
        traced.states, traced.size_of_host
    );
}

#[test]
fn a_state_that_does_not_fit_ends_the_guest_in_these_words() {
    let name = "a_state_that_does_not_fit_ends_the_guest_in_these_words";
    if as_init(|| {}) {
        return;
    }
    let traced = tracer::run(machine(name), Host::Refuses);
    assert!(!traced.output.contains("all was kept"), "{traced:?}");
    let words = "ptrace set fp regs failed, errno = 14";
    assert!(traced.output.contains(words), "{traced:?}");
}
