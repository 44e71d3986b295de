// SPDX-License-Identifier: GPL-2.0-or-later
//! `cargo xtask bench guest`: what the guest itself costs, by what enters its kernel.
//!
//! In User-Mode Linux each of these is a stop of the process and some calls of ptrace(2),
//! which read and write all its registers.

use super::{samples::Samples, table::table};
use crate::{guest, kernel::KernelChoice, run};
use anyhow::{Context, Result};
use rustix::process::{Signal, getpid, getppid, kill_process};
use std::{
    fs,
    hint::black_box,
    io::{self, Read, Write},
    process::Command,
    sync::{Arc, atomic::AtomicBool},
    thread,
    time::Instant,
};

/// One thing that enters the kernel: its title, how often a round does it, and how.
type Row = (&'static str, u32, fn(u32) -> Result<()>);

const ROWS: [Row; 5] = [
    ("a system call, getppid(2)", 10_000, calls),
    ("a page that is not there", 4_000, faults),
    ("a signal to itself", 2_000, signals),
    ("another thread's turn, by a pipe", 2_000, turns),
    ("a process, from fork to wait", 50, processes),
];

#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    on: KernelChoice,
    /// How often each is measured
    #[arg(short = 'n', long, value_name = "N", default_value_t = 7)]
    rounds: u32,
}

#[derive(clap::Args)]
pub(crate) struct GuestArgs {
    #[arg(long)]
    rounds: u32,
}

/// `cargo xtask bench guest`.
pub(super) fn task(args: &Args) -> Result<()> {
    println!("{}, {}", processor()?, state_size());
    let mut guest = guest::command_of_own(["--module", "none", "--kernel", &args.on.kernel])?;
    guest.args(["bench", "guest-in-guest", "--rounds"]);
    run::check(guest.arg(args.rounds.to_string()))
}

/// `cargo xtask bench guest-in-guest`.
pub(super) fn in_guest(args: &GuestArgs) -> Result<()> {
    let mut table = table(["", "min µs", "median", "spread"], 1);
    for (title, times, act) in ROWS {
        let mut samples = Samples::default();
        for _ in 0..args.rounds {
            let start = Instant::now();
            act(times).context(title)?;
            let us = start.elapsed().as_secs_f64() * 1e6;
            samples.us.push(us / f64::from(times));
        }
        table.add_row([
            title.to_owned(),
            format!("{:.2}", samples.min()),
            format!("{:.2}", samples.median()),
            format!("{:.0} %", samples.spread() * 100.0),
        ]);
    }
    println!("{table}");
    Ok(())
}

/// What the host's CPU calls itself.
fn processor() -> Result<String> {
    let text = fs::read_to_string("/proc/cpuinfo").context("cannot read /proc/cpuinfo")?;
    let name = text
        .lines()
        .find_map(|line| line.strip_prefix("model name"));
    let name = name.map_or("a CPU without a name", |it| {
        it.trim_start_matches(['\t', ' ', ':'])
    });
    Ok(name.to_owned())
}

/// How large the state is that ptrace(2) transfers: leaf 0xd of cpuid.
#[cfg(target_arch = "x86_64")]
fn state_size() -> String {
    let leaf = core::arch::x86_64::__cpuid_count(0xd, 0);
    format!("{} bytes of XSAVE state", leaf.ebx)
}

#[cfg(not(target_arch = "x86_64"))]
fn state_size() -> String {
    String::from("no XSAVE state")
}

fn calls(times: u32) -> Result<()> {
    for _ in 0..times {
        black_box(getppid());
    }
    Ok(())
}

fn faults(times: u32) -> Result<()> {
    // So large an allocation is always a mapping of its own, whose pages are not there
    // (M_MMAP_THRESHOLD in mallopt(3)).
    const LARGE: usize = 64 << 20;
    let mut pages = vec![0_u8; LARGE];
    for page in pages.chunks_exact_mut(4096).take(usize::try_from(times)?) {
        page[0] = 1;
    }
    black_box(&pages);
    Ok(())
}

fn signals(times: u32) -> Result<()> {
    let heard = Arc::new(AtomicBool::new(false));
    let handler = signal_hook::flag::register(Signal::USR1.as_raw(), heard)?;
    for _ in 0..times {
        kill_process(getpid(), Signal::USR1)?;
    }
    signal_hook::low_level::unregister(handler);
    Ok(())
}

fn turns(times: u32) -> Result<()> {
    let (mut ours, mut to_other) = io::pipe()?;
    let (mut others, mut to_us) = io::pipe()?;
    let other = thread::spawn(move || -> io::Result<()> {
        let mut byte = [0];
        while ours.read(&mut byte)? == 1 {
            to_us.write_all(&byte)?;
        }
        Ok(())
    });
    // There and back are two turns.
    for _ in 0..times / 2 {
        to_other.write_all(&[1])?;
        others.read_exact(&mut [0])?;
    }
    drop(to_other);
    other
        .join()
        .map_err(|_| anyhow::anyhow!("the other thread panicked"))??;
    Ok(())
}

fn processes(times: u32) -> Result<()> {
    for _ in 0..times {
        run::check(&mut Command::new("true"))?;
    }
    Ok(())
}
