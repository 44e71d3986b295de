// SPDX-License-Identifier: GPL-2.0-or-later
//! Pid 1 of the guest.
//!
//! Whatever goes wrong here is told to the host as [`Frame::Failed`]; the host
//! takes silence for a crash.

use super::{Job, frame::Frame};
use anyhow::{Context, Result};
use rustix::{
    fs::OFlags,
    mount::{MountFlags, mount},
    process::{Pid, Signal, WaitOptions, wait},
    pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
    system::{RebootCommand, reboot},
    termios::{self, OptionalActions, Winsize},
};
use std::{
    env,
    ffi::{CString, OsStr},
    fs::{self, File},
    io::{self, ErrorKind, Read, Write},
    os::{
        fd::OwnedFd,
        unix::{
            ffi::OsStrExt,
            fs::OpenOptionsExt,
            process::{CommandExt, ExitStatusExt},
        },
    },
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

/// The console that carries the frames: `con1` of the kernel's command line.
const CONSOLE: &str = "/dev/tty1";

/// Runs the job whose file is the first argument (User-Mode Linux appends words
/// of its own), and powers off.
pub(crate) fn main() -> ! {
    if let Err(err) = boot() {
        // No console to the host: the kernel's log is all that is left.
        let _ = fs::write("/dev/kmsg", format!("guest init: {err:#}"));
    }
    let _ = reboot(RebootCommand::PowerOff);
    // Ending pid 1 panics the kernel, which ends the guest as well.
    std::process::exit(1)
}

fn boot() -> Result<()> {
    mount_one("proc", Path::new("/proc"), "proc", None)?;
    mount_one("sysfs", Path::new("/sys"), "sysfs", None)?;
    mount_one("devtmpfs", Path::new("/dev"), "devtmpfs", None)?;
    let console = open_console()?;
    let host = Arc::new(Mutex::new(console.try_clone()?));
    say(&host, &Frame::Ready);
    match run(&host, console.try_clone()?) {
        Ok(status) => say(&host, &Frame::Exit(status)),
        Err(err) => say(&host, &Frame::Failed(format!("{err:#}"))),
    }
    // What was written must have left the console before the power goes.
    let _ = termios::tcdrain(&console);
    Ok(())
}

fn open_console() -> Result<File> {
    let console = File::options()
        .read(true)
        .write(true)
        .custom_flags(OFlags::NOCTTY.bits().cast_signed())
        .open(CONSOLE)
        .context("cannot open the console to the host")?;
    let mut raw = termios::tcgetattr(&console).context("cannot read the console's settings")?;
    raw.make_raw();
    termios::tcsetattr(&console, OptionalActions::Now, &raw)
        .context("cannot make the console binary")?;
    Ok(console)
}

fn say(host: &Mutex<File>, frame: &Frame) {
    let mut console = host.lock().unwrap_or_else(|err| err.into_inner());
    // A host that is gone has closed the console, and hears nothing anyway.
    let _ = frame.write(&mut *console);
}

fn mount_one(source: &str, on: &Path, kind: &str, data: Option<&OsStr>) -> Result<()> {
    let data = data.map(|data| CString::new(data.as_bytes())).transpose()?;
    mount(source, on, kind, MountFlags::empty(), data.as_deref())
        .with_context(|| format!("cannot mount {kind} on {}", on.display()))
}

fn run(host: &Arc<Mutex<File>>, from_host: File) -> Result<u8> {
    let path = env::args_os().nth(1).context("no job was named")?;
    let text = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let job: Job = serde_json::from_slice(&text).context("cannot understand the job")?;
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
        None => run_on_pipes(command, host, from_host),
        Some(size) => run_on_terminal(command, size, host, from_host),
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
    for dir in &job.writable {
        mount_one("none", dir, "hostfs", Some(dir.as_os_str()))?;
    }
    rustix::system::sethostname(b"guest").context("cannot set the host name")?;
    // Programs ask where they are; a folder from before the mounts would be
    // read-only below it.
    env::set_current_dir(&job.cwd)
        .with_context(|| format!("cannot enter {}", job.cwd.display()))?;
    if let Some(module) = &job.module {
        let file = File::open(module)
            .with_context(|| format!("cannot read the module {}", module.display()))?;
        rustix::system::finit_module(file, c"", 0)
            .with_context(|| format!("the kernel refused the module {}", module.display()))?;
    }
    Ok(())
}

/// As `env` and `nohup` exit: 127 not found, 126 not executable.
fn spawn(mut command: Command, host: &Mutex<File>) -> Result<Result<Child, u8>> {
    match command.spawn() {
        Ok(child) => Ok(Ok(child)),
        Err(err) => {
            let program = command.get_program().to_string_lossy().into_owned();
            say(
                host,
                &Frame::Stderr(format!("guest: cannot run {program}: {err}\n").into_bytes()),
            );
            let missing = err.kind() == ErrorKind::NotFound;
            Ok(Err(if missing { 127 } else { 126 }))
        }
    }
}

fn run_on_pipes(mut command: Command, host: &Arc<Mutex<File>>, from_host: File) -> Result<u8> {
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        // A group of its own, so that the host's signals reach all of it.
        .process_group(0);
    let mut child = match spawn(command, host)? {
        Ok(child) => child,
        Err(code) => return Ok(code),
    };
    let pid = Pid::from_child(&child);
    let stdin = child.stdin.take().context("no pipe to the command")?;
    thread::spawn(move || obey(from_host, Some(OwnedFd::from(stdin).into()), None, pid));
    let out = child.stdout.take().context("no pipe from the command")?;
    let err = child.stderr.take().context("no pipe from the command")?;
    let pumps = [
        pump(OwnedFd::from(out).into(), Frame::Stdout, host),
        pump(OwnedFd::from(err).into(), Frame::Stderr, host),
    ];
    let status = reap(pid)?;
    // A daemon that the command left behind may hold the pipes open for ever;
    // what the command itself wrote is in them already.
    for pump in pumps {
        let mut waited = Duration::ZERO;
        while !pump.is_finished() && waited < Duration::from_millis(500) {
            thread::sleep(Duration::from_millis(1));
            waited += Duration::from_millis(1);
        }
    }
    Ok(status)
}

fn run_on_terminal(
    mut command: Command,
    (rows, columns): (u16, u16),
    host: &Arc<Mutex<File>>,
    from_host: File,
) -> Result<u8> {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).context("cannot open a pty")?;
    grantpt(&master)?;
    unlockpt(&master)?;
    let name = ptsname(&master, Vec::new())?;
    let slave = File::options()
        .read(true)
        .write(true)
        .custom_flags(OFlags::NOCTTY.bits().cast_signed())
        .open(OsStr::from_bytes(name.as_bytes()))
        .context("cannot open a terminal")?;
    termios::tcsetwinsize(&master, winsize(rows, columns))?;
    command
        .stdin(slave.try_clone()?)
        .stdout(slave.try_clone()?)
        .stderr(slave);
    let child = match spawn(command, host)? {
        Ok(child) => child,
        Err(code) => return Ok(code),
    };
    let pid = Pid::from_child(&child);
    let master = File::from(master);
    let (keys, resize) = (master.try_clone()?, master.try_clone()?);
    thread::spawn(move || obey(from_host, Some(keys), Some(resize), pid));
    pump(master, Frame::Stdout, host);
    let status = reap(pid)?;
    // The slave's last output is in the master's buffer; a moment empties it.
    thread::sleep(Duration::from_millis(20));
    Ok(status)
}

fn winsize(rows: u16, columns: u16) -> Winsize {
    Winsize {
        ws_row: rows,
        ws_col: columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    }
}

/// Passes on what the command writes, until it closes its end.
fn pump(
    mut from: File,
    kind: fn(Vec<u8>) -> Frame,
    host: &Arc<Mutex<File>>,
) -> thread::JoinHandle<()> {
    let host = Arc::clone(host);
    thread::spawn(move || {
        let mut buffer = [0; super::frame::MAX];
        loop {
            match from.read(&mut buffer) {
                // EIO is how a pty says that nobody holds the other side.
                Ok(0) => return,
                Ok(n) => say(&host, &kind(buffer[..n].to_vec())),
                Err(err) if err.kind() == ErrorKind::Interrupted => {}
                Err(_) => return,
            }
        }
    })
}

/// Does what the host says. A host that is gone takes the guest with it.
fn obey(mut host: File, mut stdin: Option<File>, terminal: Option<File>, group: Pid) {
    loop {
        match Frame::read(&mut host) {
            Ok(Some(Frame::Stdin(data))) if data.is_empty() => stdin = None,
            Ok(Some(Frame::Stdin(data))) => {
                // A command that closed its input wants no more of it.
                if stdin
                    .as_mut()
                    .is_some_and(|to| to.write_all(&data).is_err())
                {
                    stdin = None;
                }
            }
            Ok(Some(Frame::Signal(number))) => {
                if let Some(signal) = Signal::from_named_raw(number.into()) {
                    let _ = rustix::process::kill_process_group(group, signal);
                }
            }
            Ok(Some(Frame::Resize(rows, columns))) => {
                if let Some(terminal) = &terminal {
                    let _ = termios::tcsetwinsize(terminal, winsize(rows, columns));
                }
            }
            Ok(Some(_)) => {}
            Ok(None) | Err(_) => {
                let _ = reboot(RebootCommand::PowerOff);
                return;
            }
        }
    }
}

/// Waits for `pid`; whatever else ends was orphaned, and is pid 1's to bury.
fn reap(pid: Pid) -> Result<u8> {
    loop {
        match wait(WaitOptions::empty()) {
            Ok(Some((ended, status))) if ended == pid => {
                let status = ExitStatus::from_raw(status.as_raw());
                let code = status.code().or(status.signal().map(|signal| 128 + signal));
                return u8::try_from(code.unwrap_or(255)).context("an exit status out of range");
            }
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(err) => return Err(io::Error::from(err)).context("cannot wait for the command"),
        }
    }
}
