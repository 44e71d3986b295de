// SPDX-License-Identifier: GPL-2.0-or-later
//! `nlcap --tap syscalls` on this machine's own kernel, as whoever runs the tests and as
//! nobody: what it records, and that the command behaves as without it.

mod behaviour;
#[path = "../docs/examples.rs"]
mod examples;
mod machine;
mod odd;
#[path = "../docs/place.rs"]
mod place;

use machine::{Frame, Machine, lines};

/// Programs in as many processes, threads and sockets as there are ways to, each with the
/// number of messages that it sends and receives.
const PROGRAMS: [(&str, usize); 9] = [
    (
        "for i in range(20):\n s = new(); ask(s, 7); t = new(); ask(t, 7); t.close(); s.close()",
        80,
    ),
    (
        "a = new(); a.bind((4242, 0)); b = new(); b.bind((0, 0))\nfor i in range(9): ask(a, i); ask(b, i)",
        36,
    ),
    (
        "def run():\n s = new()\n for i in range(5): ask(s, i)\nall = [threading.Thread(target=run) for _ in range(8)]\nfor t in all: t.start()\nfor t in all: t.join()",
        80,
    ),
    (
        "s = new(); ask(s, 1)\nfor i in range(10):\n if os.fork() == 0:\n  ask(s, 50 + i); ask(new(), 3); os._exit(0)\n os.wait()",
        42,
    ),
    (
        "a, b = socket.socketpair()\nif os.fork() == 0:\n s = socket.socket(fileno=socket.recv_fds(b, 9, 1)[1][0]); ask(s, 9); os._exit(0)\ns = new(); socket.send_fds(a, [b'x'], [s.fileno()]); s.close(); os.wait()",
        2,
    ),
    // A daemon that speaks when its parent has ended.
    (
        "r, w = os.pipe()\nif os.fork() == 0:\n os.setsid()\n if os.fork() == 0:\n  os.close(w); os.read(r, 1); ask(new(), 5); os._exit(0)\n os._exit(0)\nos.wait()",
        2,
    ),
    // Several at once, by calls for several.
    (
        "s = new(); out = [request(i) for i in range(3)]\nsendmmsg(s, out)\nfor it in out: note('out', it)\nfor it in recvmmsg(s, 3): note('in', it)",
        6,
    ),
    // In pieces, written, and received into pieces.
    (
        "s = new(); it = request(1); s.sendmsg([it[:7], it[7:9], it[9:]]); note('out', it)\na, b = bytearray(20), bytearray(9000)\nn = s.recvmsg_into([a, b])[0]; note('in', (a + b)[:n])\nos.write(s.fileno(), it); note('out', it); note('in', s.recv(65536))\nos.writev(s.fileno(), [it[:16], it[16:]]); note('out', it); note('in', s.recv(65536))",
        6,
    ),
    // Between sockets of the command: what the kernel has no part in is seen at both ends.
    (
        "a = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 2); a.bind((0, 0))\nb = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 2); b.bind((0, 0))\nit = request(3); a.sendto(it, (b.getsockname()[0], 0)); note('out', it); note('in', b.recv(999))",
        2,
    ),
];

#[test]
fn every_message_that_a_program_sends_and_receives_is_recorded_once() {
    for machine in Machine::all() {
        for (program, number) in PROGRAMS {
            machine.python("p.py", program);
            let out = machine.nlcap("record --tap syscalls -w x.pcapng -- python3 p.py");
            assert_eq!(out.code, Some(0), "{program}: {}", out.err);
            let truth = machine.truth();
            assert_eq!(truth.len(), number, "{program}");
            let frames = machine.frames("x.pcapng");
            let mut recorded: Vec<_> = frames.iter().map(Frame::line).collect();
            recorded.sort();
            assert_eq!(recorded, truth, "{program}: {}", out.err);
            assert!(
                frames.iter().all(|it| it.comment.contains("owner=exact")),
                "{program}"
            );
            let summary = format!("nlcap: {number} messages in {number} frames, 0 lost");
            assert!(out.err.contains(&summary), "{program}: {}", out.err);
        }
    }
}

#[test]
fn a_request_comes_before_its_answer_whichever_thread_receives_it() {
    let machine = Machine::own();
    machine.python(
        "p.py",
        "s = new()
def receive():
 for i in range(300): s.recv(65536)
t = threading.Thread(target=receive); t.start()
for i in range(300): s.sendto(request(i), (0, 0))
t.join()",
    );
    let out = machine.nlcap("record --tap syscalls -w x.pcapng -- python3 p.py");
    assert_eq!(out.code, Some(0), "{}", out.err);
    let frames = machine.frames("x.pcapng");
    assert_eq!(frames.len(), 600, "{}", out.err);
    let mut asked = std::collections::HashSet::new();
    for frame in &frames {
        if frame.is_sent {
            asked.insert(frame.sequence());
        } else {
            assert!(asked.contains(&frame.sequence()), "{}", frame.line());
        }
    }
    assert!(frames.is_sorted_by_key(|it| it.time));
}

#[test]
fn a_normal_user_sees_what_ip_says_and_ip_prints_the_same() {
    for machine in Machine::all() {
        let plain = machine.run("ip -o addr show dev lo");
        let out = machine.nlcap("trace --tap auto --color never -- ip -o addr show dev lo");
        assert_eq!((out.code, &out.out), (Some(0), &plain.out), "{}", out.err);
        let traced = lines(&out.err);
        let has = |what: &str| traced.iter().any(|line| line.contains(what));
        assert!(has(" > route getaddr dump"), "{}", out.err);
        assert!(has(" < route newaddr 127.0.0.1/8 dev 1"), "{}", out.err);
        assert!(
            traced.last().is_some_and(|it| it.contains(" done ")),
            "{}",
            out.err
        );
    }
}

#[test]
fn protocols_that_nlmon_does_not_mirror_are_recorded() {
    let machine = Machine::own();
    // To a kernel without audit the message is lost: the call says so.
    machine.python(
        "p.py",
        "s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 9)
it = struct.pack('=IHHII', 16, 1000, 1, 5, 0); s.sendto(it, (0, 0)); note('out', it); note('in', s.recv(9000))",
    );
    if !machine.run("python3 p.py").err.is_empty() {
        // This kernel has no audit: then connector, which every container's has.
        return;
    }
    machine.forget();
    let out = machine.nlcap("record --tap syscalls -w x.pcapng -- python3 p.py");
    let frames = machine.frames("x.pcapng");
    let recorded: Vec<_> = frames.iter().map(|it| (it.protocol, it.is_sent)).collect();
    assert_eq!(recorded, [(9, true), (9, false)], "{}", out.err);
}

#[test]
fn the_families_are_listed_before_the_first_generic_message_and_only_where_there_is_one() {
    let machine = Machine::own();
    machine.python("p.py", "ask(new(), 1)");
    machine.nlcap("record --tap syscalls -w x.pcapng -- python3 p.py");
    let added = |it: &Frame| it.comment.contains("added by nlcap");
    assert!(!machine.all_frames("x.pcapng").iter().any(added));
    // CTRL_CMD_GETFAMILY of the controller itself.
    machine.python(
        "p.py",
        "ask(new(), 1); s = new(16)
s.sendto(struct.pack('=IHHIIBBHHH', 28, 16, 1, 7, 0, 3, 1, 0, 8, 1) + b'\\x10\\0\\0\\0', (0, 0)); s.recv(65536)",
    );
    let out = machine.nlcap("record --tap syscalls -w x.pcapng -- python3 p.py");
    let frames = machine.all_frames("x.pcapng");
    let first = frames.iter().position(added).expect(&out.err);
    let asked = frames.iter().position(|it| it.protocol == 16 && !added(it));
    assert!(first == 2 && asked.is_some_and(|asked| frames[first..asked].iter().all(added)));
}

#[test]
fn what_a_call_returned_is_in_the_file() {
    let machine = Machine::own();
    machine.python(
        "p.py",
        "s = new()
for it, to in [(request(1), (7777777, 0)), (request(2) + bytes(1 << 22), (0, 0))]:
 try: s.sendto(it, to)
 except OSError: pass
s.sendto(request(3), (0, 0)); s.recv(100)
s.sendto(request(4), (0, 0)); s.recv(100, socket.MSG_TRUNC)
s.sendto(request(5), (0, 0)); s.recvmsg(100)
t = new(); t.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2304); dump(t)
try:
 for i in range(9): dump(t)
except OSError: pass
try:
 while True: t.recv(65536, socket.MSG_DONTWAIT)
except OSError: pass",
    );
    let out = machine.nlcap("record --tap syscalls -w x.pcapng -- python3 p.py");
    assert_eq!(out.code, Some(0), "{}", out.err);
    let frames = machine.all_frames("x.pcapng");
    let with = |what: &str| frames.iter().filter(|it| it.comment.contains(what)).count();
    assert_eq!(with("sent=no errno=ECONNREFUSED"), 1, "{}", out.err);
    assert_eq!(
        with("sent=no errno=EMSGSIZE") + with("sent=no errno=ENOBUFS"),
        1
    );
    // By recv(2) without MSG_TRUNC a program is not told, and neither are we.
    assert_eq!(with("read=truncated"), 2);
    let cut: Vec<_> = frames
        .iter()
        .filter(|it| it.comment.contains("read=truncated"))
        .collect();
    assert!(cut[0].original_length > cut[0].messages.len() as u32);
    assert_eq!(cut[0].messages.len(), 100);
    for line in [
        "show x.pcapng",
        "trace --tap syscalls --color never -- python3 p.py",
    ] {
        let out = machine.nlcap(line);
        let shown = format!("{}{}", out.out, out.err);
        for word in ["[not sent: ECONNREFUSED]", "[read truncated]"] {
            assert!(shown.contains(word), "{line}: {word}: {shown}");
        }
    }
    let json = machine.nlcap("show -j x.pcapng").out;
    for word in [
        r#""sent":false,"errno":"ECONNREFUSED""#,
        r#""truncated":true"#,
    ] {
        assert!(json.contains(word), "{word}: {json}");
    }
}

#[test]
fn what_cannot_be_seen_is_counted_and_said() {
    let machine = Machine::own();
    let calls = "import ctypes\ncall = ctypes.CDLL(None).syscall\n";
    let call = "1 call not intercepted";
    for (program, said) in [
        ("call(0x40000000 | 41, 16, 3, 0)", call),
        ("call(425, 1, ctypes.create_string_buffer(120))", call),
        ("call(101, 0, 0, 0, 0)", "1 call to ptrace(2) by CMD"),
        (
            "s = new(); s.sendto(request(1), (0, 0)); os.read(s.fileno(), 65536)",
            "1 socket that sent requests and never received by recv(2)",
        ),
        (
            "open('q', 'wb').write(request(9)); s = new(); f = os.open('q', 0)\nassert os.sendfile(s.fileno(), f, 0, 32) == 32; s.recv(65536)",
            "1 call to sendfile(2) or splice(2) not inspected",
        ),
    ] {
        machine.python("p.py", &format!("{calls}{program}"));
        let out = machine.nlcap("record --strict --tap syscalls -w x.pcapng -- python3 p.py");
        assert_eq!(out.code, Some(123), "{program}: {}", out.err);
        assert!(
            out.err.contains("incomplete: ") && out.err.contains(said),
            "{program}: {}",
            out.err
        );
    }
    // With --reads nothing is missing.
    machine.python("p.py", "s = new(); it = request(1); s.sendto(it, (0, 0)); note('out', it); note('in', os.read(s.fileno(), 65536))");
    let out = machine.nlcap("record --strict --tap syscalls --reads -w x.pcapng -- python3 p.py");
    assert_eq!(out.code, Some(0), "{}", out.err);
    let mut recorded: Vec<_> = machine.frames("x.pcapng").iter().map(Frame::line).collect();
    recorded.sort();
    assert_eq!(recorded, machine.truth());
}

#[test]
fn what_needs_another_tap_is_refused_in_one_line() {
    let machine = Machine::own();
    for line in [
        "record --tap syscalls -w x.pcapng",
        "trace --tap syscalls -p 1",
        "trace --tap syscalls --all -- true",
        "record --tap syscalls -i lo -w x.pcapng -- true",
    ] {
        let out = machine.nlcap(line);
        assert_eq!(out.code, Some(2), "{line}: {}", out.err);
        assert_eq!(lines(&out.err).len(), 1, "{}", out.err);
        assert!(out.err.contains("--tap nlmon"), "{}", out.err);
    }
}

#[test]
fn the_examples_of_the_documents_that_depend_on_the_machine_print_the_like_of_what_is_shown() {
    let place = place::Place::new();
    for document in place::documents() {
        let text = std::fs::read_to_string(format!("{}/{document}", place::ROOT)).unwrap();
        let mut all = examples::examples(&text);
        all.retain(|it| it.kind == examples::Kind::Varies);
        for it in all {
            place.check(&it, &format!("{document}:{}: {}", it.line, it.command));
        }
    }
}
