// SPDX-License-Identifier: GPL-2.0-or-later
//! Pid 1 of the guest.
//!
//! Whatever goes wrong here is reported to the host as [`Frame::Failed`]; the host
//! takes silence for a crash.

use super::{
    checkers,
    frame::Frame,
    job::{Job, Mount},
    machine, modules, streams,
    streams::say,
};
use anyhow::{Context, Result, bail};
use rustix::{
    event::{PollFd, PollFlags, poll},
    fs::OFlags,
    mount::{MountFlags, mount},
    termios::{self, OptionalActions},
};
use std::{
    env,
    ffi::{CString, OsStr},
    fs::{self, File},
    io::IsTerminal,
    os::unix::{ffi::OsStrExt, fs::OpenOptionsExt},
    path::Path,
    process::Command,
    sync::{Arc, Mutex},
};

/// Runs the job that the host sends, and powers off.
pub(crate) fn main() -> ! {
    if let Err(err) = boot() {
        // No console to the host: the kernel's log is all that is left.
        let _ = fs::write("/dev/kmsg", format!("guest init: {err:#}"));
    }
    machine::end();
    // Ending pid 1 panics the kernel, which ends the guest as well.
    std::process::exit(1)
}

fn boot() -> Result<()> {
    // Where the root is mounted with all that is mounted below it, as qemu does, these
    // are there, and are the host's.
    for (dir, kind) in [("/proc", "proc"), ("/sys", "sysfs"), ("/dev", "devtmpfs")] {
        mount_one(kind, Path::new(dir), kind, None)?;
    }
    let console = open_console(&machine::console(machine::of_guest()?)?)?;
    let host = Arc::new(Mutex::new(console.try_clone()?));
    say(&host, &Frame::Ready);
    match run(&host, console.try_clone()?) {
        Ok(status) => say(&host, &Frame::Exit(status)),
        Err(err) => say(&host, &Frame::Failed(format!("{err:#}"))),
    }
    // What was written must have left the console before the power goes.
    drain(&console);
    Ok(())
}

fn drain(console: &File) {
    if console.is_terminal() {
        let _ = termios::tcdrain(console);
    } else {
        // A port takes a message when the host has taken the one before.
        let _ = poll(&mut [PollFd::new(console, PollFlags::OUT)], None);
    }
}

fn open_console(path: &Path) -> Result<File> {
    let console = File::options()
        .read(true)
        .write(true)
        .custom_flags(OFlags::NOCTTY.bits().cast_signed())
        .open(path)
        .context("cannot open the console to the host")?;
    if !console.is_terminal() {
        return Ok(console);
    }
    let mut raw = termios::tcgetattr(&console).context("cannot read the console's settings")?;
    raw.make_raw();
    termios::tcsetattr(&console, OptionalActions::Now, &raw)
        .context("cannot make the console binary")?;
    Ok(console)
}

fn mount_one(source: &str, on: &Path, kind: &str, data: Option<&OsStr>) -> Result<()> {
    let data = data.map(|data| CString::new(data.as_bytes())).transpose()?;
    mount(source, on, kind, MountFlags::empty(), data.as_deref())
        .with_context(|| format!("cannot mount {kind} on {}", on.display()))
}

/// The job comes in pieces. It cannot be a file: the mounts below may hide the
/// folder that it lies in.
fn receive(from: &mut File, host: &Mutex<File>) -> Result<Job> {
    let mut text = Vec::new();
    loop {
        match Frame::read(from).context("cannot hear the host")? {
            Some(Frame::Job(piece)) => {
                say(host, &Frame::Taken);
                if piece.is_empty() {
                    break;
                }
                text.extend(piece);
            }
            Some(_) => bail!("the host speaks of something else before the job"),
            None => bail!("the host is gone"),
        }
    }
    serde_json::from_slice(&text).context("cannot understand the job")
}

fn run(host: &Arc<Mutex<File>>, mut from_host: File) -> Result<u8> {
    let job = receive(&mut from_host, host)?;
    set_up(&job)?;

    let (program, args) = job.argv.split_first().context("no command was named")?;
    let mut command = match job.terminal {
        None => Command::new(program),
        // A shell wants a terminal that controls it.
        Some(_) => {
            let mut setsid = Command::new("setsid");
            setsid.arg("--ctty").arg(program);
            setsid
        }
    };
    command
        .args(args)
        .env_clear()
        .envs(job.env)
        .current_dir(&job.cwd);
    match job.terminal {
        None => streams::on_pipes(command, host, from_host),
        Some(size) => streams::on_terminal(command, size, host, from_host),
    }
}

fn set_up(job: &Job) -> Result<()> {
    let run = Path::new("/run");
    mount_one("tmpfs", run, "tmpfs", Some(OsStr::new("mode=755")))?;
    mount_one("debugfs", Path::new("/sys/kernel/debug"), "debugfs", None)?;
    for (dir, kind, data) in [
        ("/dev/pts", "devpts", "gid=5,mode=620,ptmxmode=666"),
        ("/dev/shm", "tmpfs", ""),
    ] {
        fs::create_dir_all(dir).with_context(|| format!("cannot make {dir}"))?;
        mount_one(kind, Path::new(dir), kind, Some(OsStr::new(data)))?;
    }
    for (link, to) in [
        ("fd", "/proc/self/fd"),
        ("stdin", "fd/0"),
        ("stdout", "fd/1"),
        ("stderr", "fd/2"),
    ] {
        let _ = std::os::unix::fs::symlink(to, Path::new("/dev").join(link));
    }
    for Mount {
        source,
        on,
        kind,
        options,
    } in &job.mounts
    {
        // Below /run and /dev, which are the guest's own, it is not there yet.
        fs::create_dir_all(on).with_context(|| format!("cannot make {}", on.display()))?;
        mount_one(source, Path::new(on), kind, Some(options))?;
    }
    rustix::system::sethostname(b"guest").context("cannot set the host name")?;
    // Programs ask where they are; a folder from before the mounts would be
    // read-only below it.
    env::set_current_dir(&job.cwd)
        .with_context(|| format!("cannot enter {}", job.cwd.display()))?;
    if let Some(modprobe) = &job.modprobe {
        fs::write("/proc/sys/kernel/modprobe", modprobe.as_bytes())
            .context("cannot set the program that loads the kernel's modules")?;
        modules::load(modprobe, &job.modules)?;
    }
    if let Some(wanted) = &job.checkers {
        checkers::trust(wanted)
            .context("the kernel's checkers do not work, its silence would mean nothing")?;
    }
    if let Some(module) = &job.module {
        modules::insert(Path::new(module))?;
    }
    Ok(())
}
