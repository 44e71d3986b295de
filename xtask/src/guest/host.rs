// SPDX-License-Identifier: GPL-2.0-or-later
//! The host's side: the machine as a child process, its console at a socket.

use super::{
    args::GuestArgs,
    death::{self, Cause, Remains, Stage},
    frame::{self, Frame},
    job::Job,
    machine, terminal,
    text::{command_line, printable},
};
use crate::{exit::UnavailableError, kernel::Kernel, paths, run};
use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, kill_process_group};
use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGWINCH},
    iterator::Signals,
    low_level::{emulate_default_handler, signal_name},
};
use std::{
    ffi::OsStr,
    fs::{self, File},
    io::{self, ErrorKind, IsTerminal, Read, Write},
    net::Shutdown,
    os::unix::{net::UnixStream, process::CommandExt},
    path::Path,
    process::{Child, Command, ExitStatus},
    sync::{
        Arc, Condvar, Mutex, MutexGuard,
        atomic::{AtomicBool, AtomicI32, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

/// Longer than this a guest that lives does not leave unheard.
const PATIENCE: Duration = Duration::from_secs(30);

/// What the guest said last, so that silence never reads as success.
enum Ending {
    /// The command ended with this status.
    Exited(u8),
    /// Pid 1 could not run it.
    Failed(String),
    /// The guest ended without a word, or with a broken one.
    Died(Death),
    TimedOut,
    /// This signal ended the guest.
    Interrupted(i32),
}

/// What is seen of a death from outside.
struct Death {
    stage: Stage,
    restarted: bool,
    status: Option<ExitStatus>,
}

/// Boots `kernel`, does `job`, and returns the command's exit status.
pub(super) fn run(args: &GuestArgs, kernel: &Kernel, job: &Job) -> Result<u8> {
    let dir = tempfile::Builder::new()
        .prefix("nl-util-guest-")
        .tempdir()
        .context("cannot make a folder for the guest")?;
    // Opened first: a bad path is reported before anything boots.
    let dmesg = args
        .dmesg
        .as_ref()
        .map(|path| File::create(path).with_context(|| format!("cannot write {}", path.display())))
        .transpose()?;
    let log = dir.path().join("console.log");
    let ending = boot(args, kernel, job, dir.path(), &log);
    if let Some(mut file) = dmesg {
        // There is none where it did not boot, and why is said below.
        let text = fs::read(&log).unwrap_or_default();
        file.write_all(&text)
            .context("cannot write the guest's log")?;
    }
    let end_of_log = || printable(&run::tail(&log, 25));
    let mut what = "the guest could not run the command".to_owned();
    let why = match ending? {
        Ending::Exited(status) => return Ok(status),
        Ending::Failed(text) => text,
        Ending::TimedOut => format!(
            "no end after {} s (--timeout); the end of its log:\n{}",
            args.timeout,
            end_of_log()
        ),
        Ending::Interrupted(signal) => {
            format!("ended by {}", signal_name(signal).unwrap_or("a signal"))
        }
        Ending::Died(death) => {
            if death.stage == Stage::Running {
                what = format!("the guest died while {} ran", command_line(&job.argv));
            }
            let log = fs::read(&log).unwrap_or_default();
            let cause = death.cause(args, kernel, job, &String::from_utf8_lossy(&log));
            let cause = printable(&cause.to_string());
            format!("{cause}; the end of its log:\n{}", end_of_log())
        }
    };
    Err(UnavailableError(format!("{what}: {why}")).into())
}

impl Death {
    fn cause(&self, args: &GuestArgs, kernel: &Kernel, job: &Job, log: &str) -> Cause {
        let module = job
            .module
            .as_deref()
            .and_then(|it| Path::new(it).file_stem());
        Cause::of(&Remains {
            log,
            status: self.status,
            restarted: self.restarted,
            mem: (args.mem.as_deref().unwrap_or(kernel.mem), kernel.mem),
            module: module.and_then(OsStr::to_str),
            host_is_strict: death::host_is_strict(),
        })
    }
}

fn boot(args: &GuestArgs, kernel: &Kernel, job: &Job, dir: &Path, log: &Path) -> Result<Ending> {
    let init = paths::own()?;
    let (ours, theirs) = UnixStream::pair().context("cannot make a socket pair")?;
    File::create(log).context("cannot write the guest's log")?;
    // A guest must not outlive this program, whatever ends it. It would notice
    // the end of its console, but User-Mode Linux with more than one CPU may hang
    // there; its processes have a PDEATHSIG of their own.
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL", "--"]);
    machine::command(
        &mut command,
        machine::Boot {
            kernel,
            mem: args.mem.as_deref().unwrap_or(kernel.mem),
            rw: args.rw,
            kmemleak: job.checkers.as_ref().is_some_and(|it| it.kmemleak),
            init: &init,
            dir,
            log,
            writable: &job.writable(),
            console: theirs.into(),
        },
    )?;
    // Signals are ours to pass on.
    command.process_group(0);
    // Watched for before there is a guest that they could leave behind.
    let link = Arc::new(Link::new(
        ours.try_clone().context("cannot share a socket")?,
    )?);
    pass_signals(&link)?;
    let mut guest = Guest(
        command
            .spawn()
            .with_context(|| format!("cannot start {}", command.get_program().display()))?,
    );
    // The child has its end now; with ours closed, its death ends our reading.
    drop(command);
    let mut ending = converse(ours, &link, args.timeout, job);
    match (&mut ending, link.cut_by.load(Ordering::SeqCst)) {
        (Ok(Ending::Died(_)), signal) if signal != 0 => ending = Ok(Ending::Interrupted(signal)),
        (Ok(Ending::Died(death)), _) => death.status = guest.let_end(),
        (Ok(Ending::Exited(_) | Ending::Failed(_)), _) => {
            guest.let_end();
        }
        _ => {}
    }
    ending
}

/// What the threads of this side share: the way to the guest.
struct Link {
    /// One frame at a time.
    socket: Mutex<UnixStream>,
    /// The same socket, to end it whoever holds the lock.
    cut: UnixStream,
    /// The guest has its job, and hears signals.
    ready: AtomicBool,
    /// How many frames of the job or of standard input may still be sent.
    credit: Mutex<usize>,
    more_credit: Condvar,
    /// The signal that ended the conversation, or 0.
    cut_by: AtomicI32,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|err| err.into_inner())
}

impl Link {
    fn new(socket: UnixStream) -> Result<Self> {
        socket
            .set_write_timeout(Some(PATIENCE))
            .context("cannot bound the wait for the guest")?;
        Ok(Self {
            cut: socket.try_clone().context("cannot share a socket")?,
            socket: Mutex::new(socket),
            ready: AtomicBool::new(false),
            credit: Mutex::new(frame::WINDOW),
            more_credit: Condvar::new(),
            cut_by: AtomicI32::new(0),
        })
    }

    fn say(&self, frame: &Frame) -> io::Result<()> {
        frame.write(&mut *lock(&self.socket))
    }

    /// Sends a frame that waits until the guest has taken enough of what was
    /// sent before, so that it never holds up those that do not wait.
    fn say_in_turn(&self, frame: &Frame) -> io::Result<()> {
        let mut credit = lock(&self.credit);
        while *credit == 0 {
            credit = self
                .more_credit
                .wait(credit)
                .unwrap_or_else(|err| err.into_inner());
        }
        *credit -= 1;
        drop(credit);
        self.say(frame)
    }

    fn taken(&self) {
        *lock(&self.credit) += 1;
        self.more_credit.notify_one();
    }

    /// Ends the conversation, and with it the guest.
    fn cut(&self, signal: i32) {
        self.cut_by.store(signal, Ordering::SeqCst);
        let _ = self.cut.shutdown(Shutdown::Both);
    }

    fn say_job(&self, text: &[u8]) -> io::Result<()> {
        for piece in text.chunks(frame::CHUNK).chain([&[][..]]) {
            self.say_in_turn(&Frame::Job(piece.to_vec()))?;
        }
        self.ready.store(true, Ordering::SeqCst);
        Ok(())
    }
}

/// Passes streams and signals until the guest has said how the command ended.
fn converse(
    mut from_guest: UnixStream,
    link: &Arc<Link>,
    timeout: u64,
    job: &Job,
) -> Result<Ending> {
    let deadline = (timeout > 0).then(|| Instant::now() + Duration::from_secs(timeout));
    let mut raw = None;
    let mut stage = Stage::Booting;
    let died = |stage, restarted| {
        Ending::Died(Death {
            stage,
            restarted,
            status: None,
        })
    };
    loop {
        let left = match deadline.map(|at| at.saturating_duration_since(Instant::now())) {
            Some(Duration::ZERO) => return Ok(Ending::TimedOut),
            left => left,
        };
        from_guest
            .set_read_timeout(left)
            .context("cannot wait for the guest")?;
        match Frame::read(&mut from_guest) {
            // `reboot` starts the kernel anew, at the same console.
            Ok(Some(Frame::Ready)) if stage != Stage::Booting => return Ok(died(stage, true)),
            Ok(Some(Frame::Ready)) => {
                stage = Stage::SettingUp;
                // Until here a key such as Ctrl-C was a signal to us.
                if job.terminal.is_some() {
                    raw = Some(terminal::RawMode::new().context("cannot make the terminal raw")?);
                }
                let text = serde_json::to_vec(job).context("cannot write the job down")?;
                pass_input(link, text, raw.is_some());
            }
            Ok(Some(Frame::Taken)) => link.taken(),
            Ok(Some(Frame::Starting)) => stage = Stage::Running,
            Ok(Some(Frame::Stdout(data))) => forward(&mut io::stdout(), &data)?,
            Ok(Some(Frame::Stderr(data))) => forward(&mut io::stderr(), &data)?,
            Ok(Some(Frame::Exit(status))) => return Ok(Ending::Exited(status)),
            Ok(Some(Frame::Failed(text))) => return Ok(Ending::Failed(text)),
            Err(err) if matches!(err.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Ok(None | Some(_)) | Err(_) => return Ok(died(stage, false)),
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

/// A signal goes to the command. Before the guest hears, one ends the guest; so
/// does the third, and the fourth ends this program, were it stuck in a write.
fn pass_signals(link: &Arc<Link>) -> Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH])
        .context("cannot watch for signals")?;
    let link = Arc::clone(link);
    thread::spawn(move || {
        let mut asked = 0;
        for signal in signals.forever() {
            let ready = link.ready.load(Ordering::SeqCst);
            let frame = match (signal, terminal::size()) {
                (SIGWINCH, Some((rows, columns))) if ready => Frame::Resize(rows, columns),
                (SIGWINCH, _) => continue,
                _ => {
                    asked += 1;
                    if asked > 3 {
                        let _ = emulate_default_handler(signal);
                    }
                    if !ready || asked > 2 {
                        link.cut(signal);
                        continue;
                    }
                    Frame::Signal(u8::try_from(signal).unwrap_or_default())
                }
            };
            if link.say(&frame).is_err() {
                link.cut(signal);
            }
        }
    });
    Ok(())
}

/// Sends the job, then standard input, where that is not a terminal that others
/// read too. A guest that does not hear is noticed by whoever listens to it.
fn pass_input(link: &Arc<Link>, job: Vec<u8>, is_terminal: bool) {
    let link = Arc::clone(link);
    thread::spawn(move || {
        if link.say_job(&job).is_err() {
            return;
        }
        let mut stdin = io::stdin();
        let mut buffer = [0; frame::CHUNK];
        while is_terminal || !stdin.is_terminal() {
            match stdin.read(&mut buffer) {
                Ok(n) if n > 0 => {
                    if link
                        .say_in_turn(&Frame::Stdin(buffer[..n].to_vec()))
                        .is_err()
                    {
                        return;
                    }
                }
                Err(err) if err.kind() == ErrorKind::Interrupted => {}
                _ => break,
            }
        }
        let _ = link.say_in_turn(&Frame::Stdin(Vec::new()));
    });
}

/// The kernel and the processes that it made; none outlives this.
struct Guest(Child);

impl Guest {
    /// Gives the kernel a moment to power off by itself; how its process ended.
    fn let_end(&mut self) -> Option<ExitStatus> {
        for _ in 0..1000 {
            match self.0.try_wait() {
                Ok(None) => thread::sleep(Duration::from_millis(2)),
                Ok(status) => return status,
                Err(_) => return None,
            }
        }
        None
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn standard_input_waits_for_the_command_and_signals_do_not() {
        let (ours, mut guest) = UnixStream::pair().unwrap();
        let link = Arc::new(Link::new(ours).unwrap());
        let input = Arc::clone(&link);
        let sender = thread::spawn(move || {
            for _ in 0..=frame::WINDOW {
                let frame = Frame::Stdin(vec![b'x'; frame::CHUNK]);
                input.say_in_turn(&frame).unwrap();
            }
        });
        for _ in 0..frame::WINDOW {
            let frame = Frame::read(&mut guest).unwrap();
            assert_eq!(frame, Some(Frame::Stdin(vec![b'x'; frame::CHUNK])));
        }
        // The next one has no credit; a signal needs none.
        link.say(&Frame::Signal(15)).unwrap();
        assert_eq!(Frame::read(&mut guest).unwrap(), Some(Frame::Signal(15)));
        assert!(!sender.is_finished());
        link.taken();
        assert!(matches!(
            Frame::read(&mut guest).unwrap(),
            Some(Frame::Stdin(_))
        ));
        sender.join().unwrap();
    }

    #[test]
    fn a_conversation_is_cut_whoever_is_writing() {
        let (ours, guest) = UnixStream::pair().unwrap();
        let link = Arc::new(Link::new(ours).unwrap());
        let writer = Arc::clone(&link);
        // Nobody reads: the writer soon waits, with the lock.
        let stuck = thread::spawn(move || while writer.say(&Frame::Ready).is_ok() {});
        thread::sleep(Duration::from_millis(100));
        let start = Instant::now();
        link.cut(15);
        stuck.join().unwrap();
        assert!(start.elapsed() < PATIENCE / 2);
        drop(guest);
    }
}
