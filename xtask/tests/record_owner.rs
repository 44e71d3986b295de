// SPDX-License-Identifier: GPL-2.0-or-later
//! `nlcap record` in the guest: whose messages these are, with other processes
//! that speak netlink at the same time; and that the command behaves as without
//! nlcap.

mod common;

use std::fs;

use common::{outcome, sh};

/// A Python program that speaks rtnetlink by hand and writes down what it sent
/// and received, in hexadecimal, and by which port id.
const SPEAKER: &str = r#"
import os, socket, struct, sys, threading
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

/// Other processes that send the very same kinds of messages all the time.
const CHATTER: &str = "
    (while :; do ip -br link >/dev/null; done) & c1=$!
    (while :; do ip -4 addr >/dev/null; nl_user show >/dev/null; done) & c2=$!
    (ip monitor >/dev/null) & c3=$!
    trap 'kill $c1 $c2 $c3' EXIT
";

/// Records the program with chatter around it and compares what nlcap took for
/// its messages with what it wrote down itself, as multisets; the number compared.
fn compare(program: &str) -> usize {
    fs::write("/run/p.py", format!("{SPEAKER}{program}")).unwrap();
    sh(&format!(
        "cd /run; rm -f truth; {CHATTER}
         nlcap record -w x.pcapng -- python3 p.py 2>x.err || {{ cat x.err >&2; false; }}
         grep -q ' 0 lost' x.err"
    ));
    let lines = sh("tshark -n -r /run/x.pcapng -Y 'frame.comment contains \"owner=exact\"' -T json -x 2>/dev/null | \
        python3 -c 'import json,sys
for p in json.load(sys.stdin):
    raw = p[\"_source\"][\"layers\"][\"frame_raw\"][0]
    print({\"0007\": \"out\", \"0006\": \"in\"}[raw[:4]], raw[32:])'");
    let sorted = |text: &str| {
        let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    let truth = sorted(&fs::read_to_string("/run/truth").unwrap());
    assert_eq!(sorted(&lines), truth, "{}", sh("cat /run/x.err"));
    let err = sh("cat /run/x.err");
    assert!(
        err.contains("of others left out"),
        "there was chatter: {err}"
    );
    truth.len()
}

guest_tests! {
    fn every_message_of_the_tree_is_recorded_and_nobody_elses() {
        for (program, messages) in [
            // Several sockets, one closed before the next.
            ("for i in range(20):\n s = open_socket(); ask(s, 7); t = open_socket(); ask(t, 7); t.close(); s.close()", 80),
            // Odd port ids, bound to nothing special, and connected.
            ("a = open_socket(4242); b = open_socket(0); c = open_socket()\nassert ask(a, 1) == 4242\nfor i in range(9):\n ask(b, i); ask(c, i)\n", 38),
            // Threads on one socket each, and on one for all.
            ("def run():\n s = open_socket()\n for i in range(5): ask(s, i)\nall = [threading.Thread(target=run) for _ in range(8)]\nfor t in all: t.start()\nfor t in all: t.join()", 80),
            // A fork that uses its parent's socket, and one of its own.
            ("s = open_socket(); ask(s, 1)\nfor i in range(10):\n if os.fork() == 0:\n  ask(s, 50 + i); ask(open_socket(), 3); os._exit(0)\n os.wait()", 42),
            // A socket that is passed on.
            ("a, b = socket.socketpair()\nif os.fork() == 0:\n s = socket.socket(fileno=socket.recv_fds(b, 9, 1)[1][0]); ask(s, 9); os._exit(0)\ns = open_socket(); socket.send_fds(a, [b'x'], [s.fileno()]); s.close(); os.wait()", 2),
            // A daemon that speaks after its parent's end.
            ("import time\nif os.fork() == 0:\n os.setsid()\n if os.fork() == 0:\n  time.sleep(0.3); ask(open_socket(), 5); os._exit(0)\n os._exit(0)\nos.wait()", 2),
        ] {
            assert_eq!(compare(program), messages, "{program}");
        }
    }

    fn the_first_sockets_port_id_is_the_process_id_with_and_without_nlcap() {
        let program = format!("{SPEAKER}
s = open_socket(); first = ask(s, 1)
t = open_socket(); second = ask(t, 1)
u = open_socket(0)
s.close(); v = open_socket(); again = ask(v, 1)
try: v.bind((77, 0)); late = 'bound'
except OSError as e: late = e.errno
w = open_socket(0, 1)
x = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0); x.connect((0, 0))
kinds = lambda port: 'pid' if port == os.getpid() else 'negative' if port >= 2**31 else port
print(kinds(first), kinds(second), kinds(u.getsockname()[0]), kinds(again), late, kinds(w.getsockname()[0]), kinds(x.getsockname()[0]), w.getsockname()[1])
");
        fs::write("/run/p.py", program).unwrap();
        let plain = sh("cd /run; python3 p.py");
        let recorded = sh("cd /run; nlcap record -w x.pcapng -- python3 p.py");
        assert_eq!(plain, "pid negative negative pid 22 negative negative 1\n");
        assert_eq!(recorded, plain);
        // In a process id namespace of its own, too.
        let inside = sh("cd /run; nlcap record -w x.pcapng -- unshare -pf python3 p.py");
        assert_eq!(inside, plain);
    }

    fn a_command_outlives_its_recorder() {
        let (_, out, err) = outcome("cd /run
            nlcap record -w x.pcapng -- sh -c 'echo $$ >pid; for i in 1 2 3 4 5 6 7 8 9 10; do
                ip link show lo >/dev/null || echo broken; sleep 0.1; done; echo whole' & r=$!
            until [ -s pid ]; do sleep 0.05; done; sleep 0.3
            kill -9 $r; wait $r || true
            while [ -d /proc/$(cat pid) ]; do sleep 0.1; done
            sleep 0.2; pgrep nlcap || echo none");
        assert_eq!(out, "whole\nnone\n", "{err}");
    }

    fn a_multicast_is_one_message_of_those_who_asked_for_it() {
        sh("cd /run; (ip monitor link >/dev/null) & m=$!; sleep 0.2
            nlcap record -w x.pcapng -- sh -c 'timeout 1 ip monitor link >seen & sleep 0.4; ip link set dummy0 mtu 1404; wait' 2>err
            kill $m");
        let groups = sh("tshark -n -r /run/x.pcapng -Y 'frame.comment contains \"owner=group\"' -T fields -e frame.comment 2>/dev/null");
        assert_eq!(groups.lines().count(), sh("grep -c '^[0-9]' /run/seen").trim().parse::<usize>().unwrap(), "{}", sh("cat /run/err"));
        assert!(groups.lines().count() > 0 && groups.lines().all(|line| line.ends_with("comm=\"ip\"")), "{groups}");
    }

    fn what_is_said_in_another_namespace_is_recorded_there_and_the_link_is_removed() {
        let (code, _, err) = outcome("cd /run; ip netns add other
            nlcap record -w x.pcapng -- sh -c 'ip -n other link show lo; ip netns exec other ip -br link; ip link show lo'");
        assert_eq!(code, Some(0));
        assert!(!err.contains("incomplete"), "{err}");
        let of = sh("tshark -n -r /run/x.pcapng -Y '!(frame.comment == \"added by nlcap\")' -T fields -e frame.interface_description 2>/dev/null | sort | uniq -c");
        let lines: Vec<_> = of.lines().collect();
        assert_eq!(lines.len(), 2, "{of}");
        assert!(of.contains("network namespace other net:["), "{of}");
        assert_eq!(sh("ip -n other -o link show type nlmon; ip -o link show type nlmon"), "");
    }

    fn without_the_privilege_what_is_said_elsewhere_is_counted() {
        // A socket of another namespace, given to a program that may not go there.
        fs::write("/run/give.py", "
import ctypes, os, socket
libc = ctypes.CDLL(None)
own, other = (os.open(path, 0) for path in ('/proc/self/ns/net', '/run/netns/other'))
libc.setns(other, 0)
s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
libc.setns(own, 0)
os.dup2(s.fileno(), 9)
os.execvp('capsh', ['capsh', '--drop=cap_sys_admin', '--', '-c', 'exec nlcap record -w /run/x.pcapng -- python3 /run/use.py'])
").unwrap();
        fs::write("/run/use.py", "
import socket
request = bytes.fromhex('20000000120001000100000000000000' + '00' * 4 + '01000000' + '00' * 8)
socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0, fileno=9).sendto(request, (0, 0))
").unwrap();
        let (code, _, err) = outcome("ip netns add other; python3 /run/give.py");
        assert_eq!(code, Some(0), "{err}");
        assert!(err.contains("incomplete: not seen: 1 message in another network namespace"), "{err}");
    }
}
