// SPDX-License-Identifier: GPL-2.0-or-later
//! Programs that write down what they send and receive, and the comparison of a recording
//! with that.

use std::fs;

use super::{sh, signs};

/// Programs in as many processes, threads and sockets as there are ways to, each with the number
/// of messages that it sends and receives.
pub(crate) const PROGRAMS: [(&str, usize); 6] = [
    // Several sockets, one closed before the next.
    (
        "for i in range(20):\n s = open_socket(); ask(s, 7); t = open_socket(); ask(t, 7); t.close(); s.close()",
        80,
    ),
    // Odd port ids, bound to nothing special, and connected.
    (
        "a = open_socket(4242); b = open_socket(0); c = open_socket()\nassert ask(a, 1) == 4242\nfor i in range(9):\n ask(b, i); ask(c, i)\n",
        38,
    ),
    // Threads on one socket each, and on one for all.
    (
        "def run():\n s = open_socket()\n for i in range(5): ask(s, i)\nall = [threading.Thread(target=run) for _ in range(8)]\nfor t in all: t.start()\nfor t in all: t.join()",
        80,
    ),
    // A fork that uses its parent's socket, and one of its own.
    (
        "s = open_socket(); ask(s, 1)\nfor i in range(10):\n if os.fork() == 0:\n  ask(s, 50 + i); ask(open_socket(), 3); os._exit(0)\n os.wait()",
        42,
    ),
    // A socket that is passed on.
    (
        "a, b = socket.socketpair()\nif os.fork() == 0:\n s = socket.socket(fileno=socket.recv_fds(b, 9, 1)[1][0]); ask(s, 9); os._exit(0)\ns = open_socket(); socket.send_fds(a, [b'x'], [s.fileno()]); s.close(); os.wait()",
        2,
    ),
    // A daemon that speaks after its parent's end.
    (
        "first = os.getpid()\nif os.fork() == 0:\n os.setsid()\n if os.fork() == 0:\n  until('not os.path.exists(f\"/proc/{first}/exe\")'); ask(open_socket(), 5); os._exit(0)\n os._exit(0)\nos.wait()",
        2,
    ),
];

/// A Python program that speaks rtnetlink by hand and writes down what it sent
/// and received, in hexadecimal, and by which port id; then `program`.
pub(crate) fn speaker(program: &str) -> String {
    format!("{}{SPEAKER}{program}", signs::python())
}

const SPEAKER: &str = r#"
import os, socket, struct, threading
lock = threading.Lock()
def note(*words):
    with lock, open("/run/truth", "a") as log:
        print(*words, file=log)
def open_socket(port=None, groups=0):
    s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
    if port is not None:
        s.bind((port, groups))
    return s
def ask(s, seq, index=1):
    request = struct.pack("=IHHII", 32, 18, 1, seq, 0) + struct.pack("=BBHiII", 0, 0, 0, index, 0, 0)
    s.sendto(request, (0, 0))
    note("out", request.hex())
    answer = s.recv(65536)
    note("in", answer.hex())
    return struct.unpack_from("=I", answer, 12)[0]
"#;

/// Other processes that send the very same kinds of messages all the time; one notes when it
/// has done so.
pub(crate) const CHATTER: &str = "
    >chatter; (while :; do ip -br link >/dev/null; echo >>chatter; done) & c1=$!
    (while :; do ip -4 addr >/dev/null; nl_user show >/dev/null; done) & c2=$!
    (ip monitor >/dev/null) & c3=$!
    trap 'kill $c1 $c2 $c3' EXIT
";

pub(crate) fn sorted(text: &str) -> Vec<String> {
    let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
    lines.sort();
    lines
}

/// The frames of the recording that the filter takes, as the program's log has them.
pub(crate) fn recorded(filter: &str) -> Vec<String> {
    sorted(&sh(&format!(
        "tshark -n -r /run/x.pcapng -Y '({filter}) && !(frame.comment == \"added by nlcap\")' -T json -x 2>/dev/null | \
        python3 -c 'import json,sys
for p in json.load(sys.stdin):
    raw = p[\"_source\"][\"layers\"][\"frame_raw\"][0]
    print({{\"0007\": \"out\", \"0006\": \"in\"}}[raw[:4]], raw[32:])'"
    )))
}

/// Records the program by this tap, with chatter around it, and compares what nlcap took for
/// its messages with what it wrote down itself, as multisets; the number compared.
pub(crate) fn compare(tap: &str, program: &str) -> usize {
    // Meanwhile the others speak, too.
    let others = "said = lambda: os.path.getsize('/run/chatter')
before = said(); until('said() > before + 1')
";
    fs::write("/run/p.py", speaker(&format!("{others}{program}"))).unwrap();
    sh(&format!(
        "cd /run; rm -f truth; {CHATTER}
         nlcap record --tap {tap} -w x.pcapng -- python3 p.py 2>x.err || {{ cat x.err >&2; false; }}
         grep -q ' 0 lost' x.err"
    ));
    let lines = recorded("frame.comment contains \"owner=exact\"");
    let truth = sorted(&fs::read_to_string("/run/truth").unwrap());
    assert_eq!(lines, truth, "{}", sh("cat /run/x.err"));
    let err = sh("cat /run/x.err");
    assert!(
        tap != "nlmon" || err.contains("of other processes left out"),
        "there was chatter: {err}"
    );
    truth.len()
}
