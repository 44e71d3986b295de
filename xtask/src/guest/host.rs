// SPDX-License-Identifier: GPL-2.0-or-later
//! The host's side: the kernel as a child process, its console at a socket.

use super::{
    Job,
    frame::{self, Frame},
    terminal,
};
use crate::{args::GuestArgs, exit::Unavailable, kernel::Kernel, run};
use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process_group};
use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGWINCH},
    iterator::Signals,
};
use std::{
    env,
    fs::{self, File},
    io::{self, ErrorKind, IsTerminal, Read, Write},
    os::{
        fd::OwnedFd,
        unix::{net::UnixStream, process::CommandExt},
    },
    path::Path,
    process::{Child, Command},
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

/// What the guest said last, so that silence never reads as success.
enum Ending {
    /// The command ended with this status.
    Exited(u8),
    /// Pid 1 could not run it.
    Failed(String),
    /// The kernel ended without a word, or with a broken one.
    Crashed,
    TimedOut,
}

/// Boots `kernel`, does `job`, and returns the command's exit status.
pub(super) fn run(args: &GuestArgs, kernel: &Kernel, job: &Job) -> Result<u8> {
    let dir = tempfile::Builder::new()
        .prefix("nl-util-guest-")
        .tempdir()
        .context("cannot make a folder for the guest")?;
    // Opened first: a bad path is told before anything boots.
    let dmesg = args
        .dmesg
        .as_ref()
        .map(|path| File::create(path).with_context(|| format!("cannot write {}", path.display())))
        .transpose()?;
    let log = dir.path().join("console.log");
    let ending = boot(args, kernel, job, dir.path(), &log);
    if let Some(mut file) = dmesg {
        let text = fs::read(&log).context("cannot read the guest's log")?;
        file.write_all(&text)
            .context("cannot write the guest's log")?;
    }
    let end_of_log = || run::tail(&log, 25);
    let why = match ending? {
        Ending::Exited(status) => return Ok(status),
        Ending::Failed(text) => text,
        Ending::TimedOut => format!(
            "no end after {} s (--timeout); the end of its log:\n{}",
            args.timeout,
            end_of_log()
        ),
        Ending::Crashed => format!("it crashed; the end of its log:\n{}", end_of_log()),
    };
    Err(Unavailable(format!("the guest could not run the command: {why}")).into())
}

fn boot(args: &GuestArgs, kernel: &Kernel, job: &Job, dir: &Path, log: &Path) -> Result<Ending> {
    let job_file = dir.join("job.json");
    fs::write(&job_file, serde_json::to_vec(job)?).context("cannot write the guest's job")?;
    let init = env::current_exe().context("cannot find this program's own file")?;
    let (ours, theirs) = UnixStream::pair().context("cannot make a socket pair")?;
    let log_file = File::create(log).context("cannot write the guest's log")?;

    let mut command = Command::new(kernel.program()?);
    command
        .arg(format!("mem={}", args.mem))
        .args(["rootfstype=hostfs", "root=/dev/root"])
        .arg(if args.rw { "rw" } else { "ro" })
        // Its log on one console, the frames on the other.
        .args(["con=null", "con0=null,fd:1", "con1=fd:0"])
        // A guest that stumbles must not go on and read as a success.
        .args(["oops=panic", "panic=-1", "ignore_loglevel"])
        .arg(format!("uml_dir={}/", dir.display()))
        .arg(format!("init={}", plain(&init)?))
        .args(["--", plain(&job_file)?])
        .stdin(OwnedFd::from(theirs))
        .stdout(log_file.try_clone().context("cannot share the log")?)
        .stderr(log_file)
        // Signals are ours to pass on.
        .process_group(0);
    let mut guest = Guest(
        command
            .spawn()
            .with_context(|| format!("cannot start {}", command.get_program().display()))?,
    );
    // The child has its end now; with ours closed, its death ends our reading.
    drop(command);
    let raw = job
        .terminal
        .map(|_| terminal::Raw::new())
        .transpose()
        .context("cannot make the terminal raw")?;
    let ending = converse(ours, args.timeout, raw.is_some());
    drop(raw);
    if let Ok(Ending::Exited(_) | Ending::Failed(_)) = ending {
        guest.let_end();
    }
    ending
}

/// The kernel's command line ends a word at each blank, and knows no quotes in
/// what it hands to pid 1.
fn plain(path: &Path) -> Result<&str> {
    match path.to_str() {
        Some(text) if !text.contains(char::is_whitespace) => Ok(text),
        _ => bail!(
            "{}: the guest cannot be told of a path with blanks in it",
            path.display()
        ),
    }
}

/// Passes streams and signals until the guest has said how the command ended.
fn converse(socket: UnixStream, timeout: u64, is_terminal: bool) -> Result<Ending> {
    let deadline = (timeout > 0).then(|| Instant::now() + Duration::from_secs(timeout));
    let to_guest = Arc::new(Mutex::new(
        socket.try_clone().context("cannot share a socket")?,
    ));
    let mut from_guest = socket;
    loop {
        let left = match deadline.map(|at| at.saturating_duration_since(Instant::now())) {
            Some(Duration::ZERO) => return Ok(Ending::TimedOut),
            left => left,
        };
        from_guest
            .set_read_timeout(left)
            .context("cannot wait for the guest")?;
        match Frame::read(&mut from_guest) {
            Ok(Some(Frame::Ready)) => {
                pass_signals(&to_guest)?;
                pass_stdin(&to_guest, is_terminal);
            }
            Ok(Some(Frame::Stdout(data))) => forward(&mut io::stdout(), &data)?,
            Ok(Some(Frame::Stderr(data))) => forward(&mut io::stderr(), &data)?,
            Ok(Some(Frame::Exit(status))) => return Ok(Ending::Exited(status)),
            Ok(Some(Frame::Failed(text))) => return Ok(Ending::Failed(text)),
            Err(err) if matches!(err.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Ok(None | Some(_)) | Err(_) => return Ok(Ending::Crashed),
        }
    }
}

/// A reader that went away (`| head`) must not end the command early: what it
/// no longer wants is dropped.
fn forward(to: &mut impl Write, data: &[u8]) -> Result<()> {
    match to.write_all(data).and_then(|()| to.flush()) {
        Err(err) if err.kind() != ErrorKind::BrokenPipe => {
            Err(err).context("cannot pass on the command's output")
        }
        _ => Ok(()),
    }
}

fn say(to: &Mutex<UnixStream>, frame: &Frame) -> io::Result<()> {
    frame.write(&mut *to.lock().unwrap_or_else(|err| err.into_inner()))
}

/// A signal goes to the command; the third one of the kind that ends programs
/// ends the guest with it.
fn pass_signals(to_guest: &Arc<Mutex<UnixStream>>) -> Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH])
        .context("cannot watch for signals")?;
    let to_guest = Arc::clone(to_guest);
    thread::spawn(move || {
        let mut asked = 0;
        for signal in signals.forever() {
            let frame = match (signal, terminal::size()) {
                (SIGWINCH, Some((rows, columns))) => Frame::Resize(rows, columns),
                (SIGWINCH, None) => continue,
                _ => {
                    asked += 1;
                    Frame::Signal(u8::try_from(signal).unwrap_or_default())
                }
            };
            if say(&to_guest, &frame).is_err() || asked > 2 {
                let socket = to_guest.lock().unwrap_or_else(|err| err.into_inner());
                let _ = socket.shutdown(std::net::Shutdown::Both);
            }
        }
    });
    Ok(())
}

/// Passes standard input on, where it is not a terminal that others read too.
fn pass_stdin(to_guest: &Arc<Mutex<UnixStream>>, is_terminal: bool) {
    let to_guest = Arc::clone(to_guest);
    thread::spawn(move || {
        let mut stdin = io::stdin();
        let mut buffer = [0; frame::MAX];
        while is_terminal || !stdin.is_terminal() {
            match stdin.read(&mut buffer) {
                Ok(n) if n > 0 => {
                    if say(&to_guest, &Frame::Stdin(buffer[..n].to_vec())).is_err() {
                        return;
                    }
                }
                Err(err) if err.kind() == ErrorKind::Interrupted => {}
                _ => break,
            }
        }
        let _ = say(&to_guest, &Frame::Stdin(Vec::new()));
    });
}

/// The kernel and the processes that it made; none outlives this.
struct Guest(Child);

impl Guest {
    /// Gives the kernel a moment to power off by itself.
    fn let_end(&mut self) {
        for _ in 0..1000 {
            match self.0.try_wait() {
                Ok(None) => thread::sleep(Duration::from_millis(2)),
                _ => return,
            }
        }
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        // Its user processes are in the same group, and some may be stopped
        // under ptrace: only KILL ends those.
        let _ = kill_process_group(Pid::from_child(&self.0), Signal::KILL);
        let _ = self.0.wait();
    }
}
