// SPDX-License-Identifier: GPL-2.0-or-later
//! The command under the tap behaves as without it.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::machine::Machine;

/// How long a sign is waited for: one that is never given fails the test.
const DEADLINE: Duration = Duration::from_secs(300);

/// Waits until something is so.
fn wait_for(what: &str, mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + DEADLINE;
    while !is_so() {
        assert!(Instant::now() < end, "never: {what}");
        sleep(Duration::from_millis(5));
    }
}

/// Runs a program plain and under the tap: the same output, status and signal.
fn is_the_same(machine: &Machine, program: &str) -> String {
    machine.python("p.py", program);
    let plain = machine.run("python3 p.py");
    let traced = machine.nlcap("record --tap syscalls -w x.pcapng -- python3 p.py");
    assert_eq!(traced.out, plain.out, "{}", traced.err);
    let code = plain.signal.map_or(plain.code, |signal| Some(128 + signal));
    assert_eq!(traced.code, code, "{}", traced.err);
    plain.out
}

#[test]
fn errors_blocking_timeouts_and_signals_are_as_without_nlcap() {
    let program = r#"
class Interrupted(Exception): pass
def interrupt(*_): raise Interrupted
def trial(what):
    start = time.monotonic()
    try: result = what()
    except OSError as e: result = errno.errorcode.get(e.errno, "timed out")
    except Interrupted: result = "interrupted"
    # What is not timed may take long on a busy machine.
    if result in ("timed out", "interrupted"): result += " at once" * (time.monotonic() - start < 0.25)
    print(result)
a, b = new(), new()
trial(lambda: a.bind((5555, 0)))
trial(lambda: b.bind((5555, 0)))
trial(lambda: b.sendto(request(1), (7777777, 0)))
trial(lambda: b.sendto(request(1)[:3], (0, 0)))
trial(lambda: b.connect((0, 0)))
b.setblocking(False)
trial(lambda: b.recv(100))
b.settimeout(0.3)
trial(lambda: b.recv(100))
b.setblocking(True)
b.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("=qq", 0, 300000))
trial(lambda: b.recv(100))
b.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("=qq", 0, 0))
signal.signal(signal.SIGALRM, interrupt)
trial(lambda: (signal.setitimer(signal.ITIMER_REAL, 0.3), b.recv(100)))
b.sendto(request(1), (0, 0))
trial(lambda: len(b.recv(100)))
trial(lambda: len(b.recv(0, socket.MSG_TRUNC | socket.MSG_DONTWAIT)))
b.sendto(request(1), (0, 0))
trial(lambda: len(b.recv(100, socket.MSG_PEEK)) and len(b.recv(100)))
trial(lambda: os.write(b.fileno(), request(1)))
print(b.getsockname()[0] == os.getpid(), a.getsockname())
signal.signal(signal.SIGALRM, signal.SIG_DFL)
sys.stdout.flush()
os.kill(os.getpid(), signal.SIGALRM)
"#;
    for machine in Machine::all() {
        let plain = is_the_same(&machine, program);
        for part in ["EADDRINUSE", "timed out\n", "interrupted\n"] {
            assert!(plain.contains(part), "{part}: {plain}");
        }
    }
}

#[test]
fn a_timer_without_sa_restart_interrupts_no_call_that_it_would_not_interrupt() {
    // Sends of a socket that never waits, and lines of the program's own log.
    let program = r#"
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
ticks = 0
def tick(*_):
    global ticks; ticks += 1
signal.signal(signal.SIGALRM, tick); signal.siginterrupt(signal.SIGALRM, True)
signal.setitimer(signal.ITIMER_REAL, 0.002, 0.002)
s = new(); it = request(1); log = os.open("log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
interrupted = 0
for i in range(3000):
    if libc.send(s.fileno(), it, len(it), 0) < 0: interrupted += ctypes.get_errno() == errno.EINTR
    buffer = ctypes.create_string_buffer(9000)
    if libc.recv(s.fileno(), buffer, 9000, 0) < 0: interrupted += ctypes.get_errno() == errno.EINTR
    line = b"%029d\n" % i
    if libc.write(log, line, len(line)) < 0: interrupted += ctypes.get_errno() == errno.EINTR
signal.setitimer(signal.ITIMER_REAL, 0)
assert ticks > 0
print(interrupted, os.fstat(log).st_size)
"#;
    let plain = is_the_same(&Machine::own(), program);
    assert_eq!(plain, "0 90000\n");
}

#[test]
fn a_stopped_command_goes_on_where_it_was() {
    let machine = Machine::own();
    let program = "
pid = os.fork()
if pid == 0:
    s = new(); s.settimeout(60); print('child begins', flush=True)
    for i in range(200): ask(s, i)
    os.kill(os.getpid(), signal.SIGSTOP)
    for i in range(200): ask(s, i)
    print('child ends', flush=True); os._exit(7)
print(os.WIFSTOPPED(os.waitpid(pid, os.WUNTRACED)[1]), flush=True)
os.kill(pid, signal.SIGCONT)
print(os.WIFCONTINUED(os.waitpid(pid, os.WCONTINUED)[1]), flush=True)
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
";
    let plain = is_the_same(&machine, program);
    assert_eq!(plain, "child begins\nTrue\nTrue\nchild ends\n7\n");
    assert_eq!(machine.frames("x.pcapng").len(), 800);
}

#[test]
fn dumps_come_in_the_same_parts_whatever_the_buffer() {
    let program = "
for size in (4096, 8192, 32768):
    for room in (4600, 9000, 212992):
        s = new(); s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room); dump(s); parts = []
        try:
            while True:
                part, _, flags, _ = s.recvmsg(size); parts.append((len(part), flags))
                if part[4:6] == b'\\x03\\x00': break
        except OSError as e: parts.append(e.errno)
        print(size, room, parts)
";
    let plain = is_the_same(&Machine::own(), program);
    assert_eq!(plain.lines().count(), 9);
}

#[test]
fn programs_that_execute_others_from_threads_and_vfork_are_followed() {
    let program = "
import subprocess
subprocess.run(['ip', '-o', 'link', 'show', 'dev', 'lo'], stdout=subprocess.DEVNULL, check=True)
threading.Thread(target=lambda: os.execvp('ip', ['ip', '-o', 'route', 'show', 'table', '99999'])).start()
time.sleep(300)
";
    let machine = Machine::own();
    machine.python("p.py", program);
    let traced = machine.nlcap("record --tap syscalls -w x.pcapng -- python3 p.py");
    let frames = machine.frames("x.pcapng");
    let by_ip = frames
        .iter()
        .filter(|it| it.comment.contains("comm=\"ip\""))
        .count();
    assert_eq!(by_ip, frames.len());
    // The second one has the number of the first thread, whoever called exec.
    let mut pids: Vec<_> = frames
        .iter()
        .map(|it| it.comment.split(' ').next())
        .collect();
    pids.dedup();
    assert_eq!(pids.len(), 2, "{}", traced.err);
}

#[test]
fn the_recordings_end_is_not_the_commands() {
    for (options, most) in [("-c 1", 1), ("--duration 0.2", usize::MAX)] {
        let machine = Machine::own();
        machine.python(
            "p.py",
            "s = new(); ask(s, 1); end = time.monotonic() + 0.5
while time.monotonic() < end: ask(s, 2)
print('whole'); sys.exit(3)",
        );
        let line = format!("record --tap syscalls {options} -w x.pcapng -- python3 p.py");
        let out = machine.nlcap(&line);
        assert_eq!(
            (out.code, out.out.as_str()),
            (Some(3), "whole\n"),
            "{}",
            out.err
        );
        let frames = machine.frames("x.pcapng").len();
        assert!(
            frames <= most.min(machine.truth().len()),
            "{frames}: {}",
            out.err
        );
    }
}

#[test]
fn a_recorder_that_is_killed_takes_its_command_along_and_leaves_nothing() {
    let machine = Machine::own();
    machine.python(
        "p.py",
        "
pids = []
for i in range(3):
    pid = os.fork()
    if pid == 0:
        s = new()
        if i == 0: s.bind((0, 1)); open('waits', 'w').close(); s.recv(65536)
        while True: s.sendto(request(1), (0, 0)); s.recv(65536)
    pids.append(pid)
print(os.getpid(), *pids, flush=True)
while True: ask(new(), 1)
",
    );
    for _ in 0..20 {
        let mut nlcap = machine.start_nlcap("record --tap syscalls -w x.pcapng -- python3 p.py");
        let mut line = String::new();
        let stdout = nlcap.stdout.take().unwrap();
        BufReader::new(stdout).read_line(&mut line).unwrap();
        let pids: Vec<i32> = line
            .split_whitespace()
            .map(|it| it.parse().unwrap())
            .collect();
        assert_eq!(pids.len(), 4, "{line}");
        wait_for("one waits", || machine.path().join("waits").exists());
        fs::remove_file(machine.path().join("waits")).unwrap();
        nlcap.kill().unwrap();
        nlcap.wait().unwrap();
        for pid in pids {
            wait_for("all have ended", || has_ended(pid));
        }
    }
}

/// Whether a process is gone, or a zombie that its parent has not waited for yet.
fn has_ended(pid: i32) -> bool {
    fs::read_to_string(Path::new("/proc").join(pid.to_string()).join("stat"))
        .map_or(true, |it| it.contains(") Z ") || it.contains(") X "))
}

#[test]
fn what_the_command_leaves_behind_goes_on_until_nlcap_itself_is_ended() {
    let machine = Machine::own();
    machine.python(
        "p.py",
        "
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
ask(new(), 1); print(os.getpid(), flush=True)
while signal.sigwait([signal.SIGTERM]):
    print('heard', flush=True); ask(new(), 2); print('asked', flush=True)
",
    );
    let mut nlcap = machine.start_nlcap("record --tap syscalls -w x.pcapng -- python3 p.py");
    let mut stdout = BufReader::new(nlcap.stdout.take().unwrap());
    let mut stderr = BufReader::new(nlcap.stderr.take().unwrap());
    let read = |from: &mut dyn BufRead| {
        let mut line = String::new();
        from.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    };
    let command: i32 = read(&mut stdout).parse().unwrap();
    let pid = Pid::from_raw(i32::try_from(nlcap.id()).unwrap());
    kill(pid, Signal::SIGTERM).unwrap();
    assert_eq!(
        (read(&mut stdout), read(&mut stdout)),
        ("heard".into(), "asked".into())
    );
    kill(pid, Signal::SIGTERM).unwrap();
    let said = read(&mut stderr);
    assert!(said.contains("recording ended; nlcap stays"), "{said}");
    // It answers no more than what is asked of it: the second signal was passed on, too.
    assert_eq!(
        (read(&mut stdout), read(&mut stdout)),
        ("heard".into(), "asked".into())
    );
    assert!(!has_ended(command));
    assert!(machine.frames("x.pcapng").len() >= 4);
    kill(pid, Signal::SIGTERM).unwrap();
    assert_eq!(nlcap.wait().unwrap().code(), Some(128 + 15));
    wait_for("the command has ended", || has_ended(command));
}

#[test]
fn signals_end_the_command_and_the_recording_is_whole() {
    let machine = Machine::own();
    machine.python(
        "p.py",
        "
signal.signal(signal.SIGTERM, lambda *_: (print('heard', flush=True), sys.exit(5)))
ask(new(), 1); print('ready', flush=True)
while True: signal.pause()
",
    );
    let mut nlcap = machine.start_nlcap("record --tap syscalls -w x.pcapng -- python3 p.py");
    let mut stdout = BufReader::new(nlcap.stdout.take().unwrap());
    let mut line = String::new();
    stdout.read_line(&mut line).unwrap();
    assert_eq!(line, "ready\n");
    let pid = Pid::from_raw(i32::try_from(nlcap.id()).unwrap());
    kill(pid, Signal::SIGTERM).unwrap();
    stdout.read_line(&mut line).unwrap();
    assert_eq!(line, "ready\nheard\n");
    assert_eq!(nlcap.wait().unwrap().code(), Some(5));
    assert_eq!(machine.frames("x.pcapng").len(), 2);
}
