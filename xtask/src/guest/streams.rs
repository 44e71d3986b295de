// SPDX-License-Identifier: GPL-2.0-or-later
//! The guest's side of the command: its streams, its signals, its end.

use super::{
    frame::{self, Frame},
    machine,
};
use anyhow::{Context, Result};
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    fs::OFlags,
    process::{Pid, Signal, WaitOptions, wait},
    pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
    termios::{self, Winsize},
};
use std::{
    ffi::OsStr,
    fs::File,
    io::{self, ErrorKind, PipeReader, PipeWriter, Read, Write},
    os::{
        fd::OwnedFd,
        unix::{
            ffi::OsStrExt,
            fs::OpenOptionsExt,
            process::{CommandExt, ExitStatusExt},
        },
    },
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex, mpsc},
    thread::{self, JoinHandle},
};

/// The console, as those see it that speak.
pub(super) type Host<W = File> = Arc<Mutex<W>>;

/// How long a stream has to be silent after the command's end to be taken for
/// empty, where something that the command left behind holds it open. What was
/// written to a pty takes a moment to come out.
const QUIET: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 100_000_000,
};

/// What a stream may still give after the command's end: all that the largest
/// pipe holds (`fs.pipe-max-size`). A daemon that never falls silent ends here.
const AFTERWARDS: usize = 1 << 20;

/// Says one thing. A host that is gone hears nothing, and has closed the
/// console, which [`obey`] sees.
pub(super) fn say<W: Write>(host: &Mutex<W>, frame: &Frame) {
    let mut console = host.lock().unwrap_or_else(|err| err.into_inner());
    let _ = frame.write(&mut *console);
}

/// Runs the command with a pipe for each stream; its exit status.
pub(super) fn on_pipes(mut command: Command, host: &Host, from_host: File) -> Result<u8> {
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
    let input = feed(OwnedFd::from(stdin).into(), host);
    thread::spawn(move || obey(from_host, &input, None, pid));
    let out = child.stdout.take().context("no pipe from the command")?;
    let err = child.stderr.take().context("no pipe from the command")?;
    let mut pumps = Pumps::new()?;
    pumps.add(OwnedFd::from(out).into(), Frame::Stdout, host)?;
    pumps.add(OwnedFd::from(err).into(), Frame::Stderr, host)?;
    let status = reap(pid)?;
    pumps.finish();
    Ok(status)
}

/// Runs the command on a terminal of that many rows and columns.
pub(super) fn on_terminal(
    mut command: Command,
    (rows, columns): (u16, u16),
    host: &Host,
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
    let input = feed(master.try_clone()?, host);
    let resize = master.try_clone()?;
    thread::spawn(move || obey(from_host, &input, Some(&resize), pid));
    let mut pumps = Pumps::new()?;
    pumps.add(master, Frame::Stdout, host)?;
    let status = reap(pid)?;
    pumps.finish();
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

/// As `env` and `nohup` exit: 127 not found, 126 not executable.
fn spawn(mut command: Command, host: &Mutex<File>) -> Result<Result<Child, u8>> {
    // Said before: the command may end the guest before anything can be said after it.
    say(host, &Frame::Starting);
    match command.spawn() {
        Ok(child) => Ok(Ok(child)),
        Err(err) => {
            let program = command.get_program().to_string_lossy().into_owned();
            let text = format!("guest: cannot run {program}: {err}\n");
            say(host, &Frame::Stderr(text.into_bytes()));
            let missing = err.kind() == ErrorKind::NotFound;
            Ok(Err(if missing { 127 } else { 126 }))
        }
    }
}

/// What passes on the command's output, stream by stream.
struct Pumps {
    threads: Vec<JoinHandle<()>>,
    /// Ends for reading when `end` is dropped: how the pumps learn that the
    /// command has ended.
    ended: PipeReader,
    end: PipeWriter,
}

impl Pumps {
    fn new() -> Result<Self> {
        let (ended, end) = io::pipe().context("cannot make a pipe")?;
        Ok(Self {
            threads: Vec::new(),
            ended,
            end,
        })
    }

    fn add<W: Write + Send + 'static>(
        &mut self,
        from: File,
        kind: fn(Vec<u8>) -> Frame,
        host: &Host<W>,
    ) -> Result<()> {
        let host = Arc::clone(host);
        let ended = self.ended.try_clone().context("cannot share a pipe")?;
        self.threads.push(thread::spawn(move || {
            // A stream that cannot be read has nothing more to pass on.
            let _ = pump(from, &ended, |data| say(&host, &kind(data)));
        }));
        Ok(())
    }

    /// Waits until all that the command wrote is said, however long the host
    /// takes to hear it.
    fn finish(self) {
        drop(self.end);
        for thread in self.threads {
            let _ = thread.join();
        }
    }
}

/// Hands on what comes from `from` until it ends, or, once `ended` has hung up,
/// until it is empty.
fn pump(mut from: File, ended: &PipeReader, hand_on: impl Fn(Vec<u8>)) -> io::Result<()> {
    let mut buffer = [0; frame::MAX];
    let mut left = None;
    loop {
        let mut fds = [
            PollFd::new(&from, PollFlags::IN),
            PollFd::new(ended, PollFlags::IN),
        ];
        let polled = match left {
            None => poll(&mut fds, None),
            Some(0) => return Ok(()),
            Some(_) => poll(&mut fds[..1], Some(&QUIET)),
        };
        match polled {
            Err(rustix::io::Errno::INTR) => continue,
            result => result?,
        };
        let [stream, end] = fds.map(|fd| !fd.revents().is_empty());
        if left.is_none() && end {
            left = Some(AFTERWARDS);
        }
        if stream {
            match from.read(&mut buffer) {
                Ok(0) => return Ok(()),
                Ok(n) => {
                    hand_on(buffer[..n].to_vec());
                    left = left.map(|left| left.saturating_sub(n));
                }
                Err(err) if err.kind() == ErrorKind::Interrupted => {}
                // EIO is how a pty says that nobody holds the other side.
                Err(err) => return Err(err),
            }
        } else if !end {
            return Ok(());
        }
    }
}

/// Writes what it is sent into the command's input; the command may take as
/// long as it likes, [`frame::WINDOW`] bounds what waits.
fn feed<W: Write + Send + 'static>(to: File, host: &Host<W>) -> mpsc::Sender<Vec<u8>> {
    let (sender, chunks) = mpsc::channel::<Vec<u8>>();
    let host = Arc::clone(host);
    thread::spawn(move || {
        let mut to = Some(to);
        for data in chunks {
            // A command that closed its input wants no more of it.
            let open = to.as_mut().is_some_and(|to| to.write_all(&data).is_ok());
            if data.is_empty() || !open {
                to = None;
            }
            say(&host, &Frame::Taken);
        }
    });
    sender
}

/// Does what the host says, and never waits for the command, so that signals
/// always arrive. A host that is gone takes the guest with it.
fn obey(mut host: File, input: &mpsc::Sender<Vec<u8>>, terminal: Option<&File>, group: Pid) {
    loop {
        match Frame::read(&mut host) {
            Ok(Some(Frame::Stdin(data))) => {
                let _ = input.send(data);
            }
            Ok(Some(Frame::Signal(number))) => {
                if let Some(signal) = Signal::from_named_raw(number.into()) {
                    let _ = rustix::process::kill_process_group(group, signal);
                }
            }
            Ok(Some(Frame::Resize(rows, columns))) => {
                if let Some(terminal) = terminal {
                    let _ = termios::tcsetwinsize(terminal, winsize(rows, columns));
                }
            }
            Ok(Some(_)) => {}
            Ok(None) | Err(_) => {
                machine::end();
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, Instant};

    /// A console that takes its time for each frame.
    struct SlowConsole(Vec<u8>);

    impl Write for SlowConsole {
        fn write(&mut self, data: &[u8]) -> io::Result<usize> {
            thread::sleep(Duration::from_millis(20));
            self.0.extend_from_slice(data);
            Ok(data.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn said(host: &Host<SlowConsole>) -> usize {
        let host = host.lock().unwrap();
        let mut from = host.0.as_slice();
        let mut bytes = 0;
        while let Some(frame) = Frame::read(&mut from).unwrap() {
            match frame {
                Frame::Stdout(data) => bytes += data.len(),
                other => panic!("{other:?}"),
            }
        }
        bytes
    }

    #[test]
    fn a_slow_host_hears_all_that_was_written_before_the_end() {
        let host = Arc::new(Mutex::new(SlowConsole(Vec::new())));
        let (out, mut command) = io::pipe().unwrap();
        let mut pumps = Pumps::new().unwrap();
        pumps
            .add(OwnedFd::from(out).into(), Frame::Stdout, &host)
            .unwrap();
        // All that a pipe holds; 16 frames of 20 ms are longer than QUIET.
        command.write_all(&[b'x'; 65536]).unwrap();
        // `command` stays open, as a daemon would hold it.
        pumps.finish();
        assert_eq!(said(&host), 65536);
    }

    #[test]
    fn neither_a_silent_nor_a_noisy_daemon_keeps_the_guest() {
        for noisy in [false, true] {
            let host = Arc::new(Mutex::new(SlowConsole(Vec::new())));
            let (out, mut daemon) = io::pipe().unwrap();
            let mut pumps = Pumps::new().unwrap();
            pumps
                .add(OwnedFd::from(out).into(), Frame::Stdout, &host)
                .unwrap();
            let noise = thread::spawn(move || {
                while noisy && daemon.write_all(&[b'x'; frame::MAX]).is_ok() {}
                daemon
            });
            let start = Instant::now();
            pumps.finish();
            assert!(start.elapsed() < Duration::from_secs(30));
            drop(noise);
        }
    }

    #[test]
    fn input_that_the_command_does_not_read_holds_nobody_up() {
        let host = Arc::new(Mutex::new(SlowConsole(Vec::new())));
        let (command, to) = io::pipe().unwrap();
        let input = feed(OwnedFd::from(to).into(), &host);
        for _ in 0..100 {
            input.send(vec![b'x'; frame::MAX]).unwrap();
        }
        // Closed, it takes the rest, and says so.
        drop(command);
        drop(input);
        let taken = || host.lock().unwrap().0.len() / 5;
        let start = Instant::now();
        while taken() < 100 && start.elapsed() < Duration::from_secs(20) {
            thread::sleep(Duration::from_millis(10));
        }
        assert_eq!(taken(), 100);
    }
}
