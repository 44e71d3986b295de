// SPDX-License-Identifier: GPL-2.0-or-later
//! Programs that do what programs seldom do.

use crate::machine::{Frame, Machine};

#[test]
fn a_program_that_may_not_be_looked_at_is_counted_whoever_looks() {
    let all = Machine::all();
    let machine = &all[all.len() - 1];
    // Not dumpable, as a program that may be executed and not read.
    machine.python(
        "p.py",
        "import ctypes\nctypes.CDLL(None).prctl(4, 0)\nfor i in range(5): ask(new(), i)",
    );
    let out = machine.nlcap("record --strict --tap syscalls -w x.pcapng -- python3 p.py");
    assert_eq!(out.code, Some(123), "{}", out.err);
    let said = " calls by processes that nlcap may not inspect";
    assert!(out.err.contains(said), "{}", out.err);
}

#[test]
fn a_command_of_another_user_is_looked_at_by_root() {
    let all = Machine::all();
    if all.len() == 1 {
        return;
    }
    let line = "record --strict --tap syscalls -u nobody -w x.pcapng -- ip -o link show dev lo";
    let out = all[0].nlcap(line);
    assert_eq!(out.code, Some(0), "{}", out.err);
    assert!(all[0].frames("x.pcapng").len() >= 4, "{}", out.err);
}

#[test]
fn what_is_received_after_thousands_of_sockets_were_made_is_recorded() {
    let machine = Machine::own();
    machine.python(
        "p.py",
        "s = new(); t = threading.Thread(target=lambda: note('in', s.recv(65536))); t.start()
for i in range(17000):
 a = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
 try: a.sendto(b'x', '/nonexistent')
 except OSError: pass
 a.close()
it = request(7); s.sendto(it, (0, 0)); note('out', it); t.join()",
    );
    let out = machine.nlcap("record --strict --tap syscalls -w x.pcapng -- python3 p.py");
    assert_eq!(out.code, Some(0), "{}", out.err);
    let mut recorded: Vec<_> = (machine.frames("x.pcapng").iter())
        .map(Frame::line)
        .collect();
    recorded.sort();
    assert_eq!(recorded, machine.truth());
}

#[test]
fn only_requests_that_were_never_looked_after_are_missed() {
    let machine = Machine::own();
    // Messages between programs, and a socket that is looked at and has nothing more.
    machine.python(
        "p.py",
        "a = new(2); a.bind((0, 0)); b = new(2); b.bind((0, 0))
a.sendto(request(1), (b.getsockname()[0], 0)); b.recv(999)
s = new(); s.sendto(struct.pack('=IHHII', 32, 18, 0, 1, 0) + bytes(16), (0, 0))
t = new(); t.sendto(request(1, 9999999), (0, 0))
try: t.recv(9999, socket.MSG_DONTWAIT); t.recv(9999, socket.MSG_DONTWAIT)
except OSError: pass",
    );
    let out = machine.nlcap("record --strict --tap syscalls -w x.pcapng -- python3 p.py");
    assert_eq!(out.code, Some(0), "{}", out.err);
}

#[test]
fn what_was_taken_into_no_room_and_what_was_not_taken_at_all_are_told_apart() {
    let machine = Machine::own();
    // The first is taken into nothing; a header that is none takes nothing.
    machine.python(
        "p.py",
        "import ctypes
recvmsg = ctypes.CDLL(None).recvmsg
s = new()
for i in range(2): s.sendto(request(i, 9999999), (0, 0))
ctypes.CDLL(None).recv(s.fileno(), None, 0, 0); recvmsg(s.fileno(), ctypes.c_void_p(8), 0); note('in', s.recv(999))
try: s.sendto(bytes(1 << 20), (7777777, 0))
except OSError: pass",
    );
    let out = machine.nlcap("record --tap syscalls -w x.pcapng -- python3 p.py");
    let frames = machine.all_frames("x.pcapng");
    let with = |what: &str| {
        let all = frames.iter().filter(|it| it.comment.contains(what));
        all.count()
    };
    assert_eq!(
        (with("read=truncated"), with("read=no")),
        (1, 0),
        "{}",
        out.err
    );
    let refused = frames.iter().find(|it| it.comment.contains("sent=no"));
    assert_eq!(refused.unwrap().original_length, 1 << 20);
}

#[test]
fn a_call_of_hundreds_of_messages_takes_no_more_memory_than_one() {
    let machine = Machine::own();
    machine.python(
        "p.py",
        "s = new(); s.setsockopt(socket.SOL_SOCKET, 32, 1 << 26)
one = struct.pack('=IHHII', 200000, 18, 0, 1, 0) + bytes(200000 - 16)
try: sendmmsg(s, [one] * 300)
except AssertionError: pass
status = open(f'/proc/{os.getppid()}/status').read()
print(int(status.split('VmHWM:')[1].split()[0]) < 32 * 1024)",
    );
    let out = machine.nlcap("record --tap syscalls --buffer 1M -w x.pcapng -- python3 p.py");
    assert_eq!(out.out, "True\n", "{}", out.err);
}

#[test]
fn a_multicast_to_several_sockets_is_one_frame_of_them_all_and_with_raw_one_for_each() {
    for machine in Machine::all() {
        // A change in a network namespace of its own.
        machine.python(
            "p.py",
            "a, b = new(), new()
for s in (a, b): s.bind((0, 1)); s.settimeout(60)
c = new(); c.sendto(struct.pack('=IHHII', 32, 16, 5, 1, 0) + struct.pack('=BBHiII', 0, 0, 0, 1, 1, 1), (0, 0))
assert c.recv(999)[16:20] == bytes(4); a.recvmsg(65536); b.recvmsg(65536)",
        );
        for (option, frames) in [("", 3), ("--raw ", 4)] {
            let line =
                format!("record {option}--tap syscalls -w x.pcapng -- unshare -rn python3 p.py");
            let out = machine.nlcap(&line);
            assert_eq!(out.code, Some(0), "{}", out.err);
            let all = machine.frames("x.pcapng");
            let owners = |it: &Frame| it.comment.lines().count();
            let most = all.iter().map(owners).max();
            assert_eq!((all.len(), most), (frames, Some(2)), "{}", out.err);
        }
    }
}

#[test]
fn where_no_descriptor_can_be_duplicated_the_kernels_list_of_sockets_serves() {
    for machine in Machine::all() {
        // pidfd_getfd(2) is refused, as some containers do: to nlcap, and to what it runs.
        machine.python(
            "refuse.py",
            "import ctypes
def step(code, jt, jf, k): return struct.pack('=HBBI', code, jt, jf, k)
program = step(0x20, 0, 0, 0) + step(0x15, 0, 1, 438) + step(6, 0, 0, 0x50001) + step(6, 0, 0, 0x7fff0000)
steps = ctypes.create_string_buffer(program)
filter = ctypes.create_string_buffer(struct.pack('=Q', 4) + struct.pack('=Q', ctypes.addressof(steps)))
libc = ctypes.CDLL(None)
assert libc.prctl(38, 1, 0, 0, 0) == 0 and libc.prctl(22, 2, filter) == 0
os.execvp(sys.argv[1], sys.argv[1:])",
        );
        machine.python(
            "p.py",
            "s = new(); ask(s, 1); ask(s, 2); t = new(4); t.bind((0, 0)); it = struct.pack('=IHHII', 16, 999, 5, 1, 0)
t.sendto(it, (0, 0)); note('out', it); note('in', t.recv(999))",
        );
        let nlcap = env!("CARGO_BIN_EXE_nlcap");
        let line = format!(
            "python3 refuse.py {nlcap} record --strict --tap syscalls -w x.pcapng -- python3 p.py"
        );
        let out = machine.run(&line);
        assert_eq!(out.code, Some(0), "{}", out.err);
        let mut recorded: Vec<_> = (machine.frames("x.pcapng").iter())
            .map(Frame::line)
            .collect();
        recorded.sort();
        assert_eq!(recorded, machine.truth(), "{}", out.err);
    }
}
