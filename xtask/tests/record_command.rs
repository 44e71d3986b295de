// SPDX-License-Identifier: GPL-2.0-or-later
//! `nlcap record` in the guest: commands that do what few do, and are recorded whole and
//! end as without it.

mod common;

use std::fs;

use common::{outcome, sh, signs};

/// The comments of the command's messages.
fn comments() -> String {
    sh(
        "tshark -n -r /run/x.pcapng -Y '!(frame.comment == \"added by nlcap\")' -T fields -e frame.comment 2>/dev/null",
    )
}

/// A request for a link, by number, in Python.
const GET: &str = r#"
import ctypes, os, socket, struct, threading
libc = ctypes.CDLL(None, use_errno=True)
def request(seq, length=32, flags=1):
    head = struct.pack("=IHHII", length, 18, flags, seq, 0) + struct.pack("=BBHiII", 0, 0, 0, 1, 0, 0)
    return head + struct.pack("=HH", 4, 0x3fff) * ((length - 32) // 4)
def ask(s, seq):
    s.send(request(seq)); return s.recv(65536)
"#;

guest_tests! {
    fn a_command_that_a_real_time_signal_ends_is_recorded_to_its_end() {
        let (code, _, err) = outcome("cd /run; nlcap record -w x.pcapng -- sh -c 'ip link show lo; kill -40 $$'");
        assert_eq!(code, Some(168), "{err}");
        assert!(err.contains("6 messages in 6 frames, 0 lost (6 exact)"), "{err}");
    }

    fn the_command_has_the_signals_that_nlcap_was_given() {
        let look = "trap '' INT QUIT TERM HUP USR1 ALRM PIPE; exec";
        let shown = "grep ^Sig[IC] /proc/self/status";
        for before in [look, "exec"] {
            let plain = sh(&format!("sh -c \"{before} {shown}\""));
            let recorded = sh(&format!("cd /run; sh -c \"{before} nlcap record -w x.pcapng -- {shown}\" 2>err"));
            assert_eq!(recorded, plain);
        }
    }

    fn a_signal_that_the_command_was_started_to_ignore_ends_the_recording_alone() {
        let (_, out, err) = outcome("cd /run
            nlcap record -w x.pcapng -- sh -c 'eval \"$SIGNS\"; echo $$ >pid; ip -br link show lo; await \"[ -e go ]\"; echo whole >end' >out & r=$!
            await 'shows x.pcapng 6 .'
            kill -INT $r; wait $r || echo $?; ip -o link show type nlmon; >go
            await '[ ! -d /proc/$(cat pid) ]'; cat end");
        assert_eq!(out, "130\nwhole\n", "{err}");
        assert!(err.contains("6 messages in 6 frames, 0 lost (6 exact)"), "{err}");
    }

    fn a_send_that_is_longer_than_a_packet_can_be_is_the_commands_and_was_sent() {
        fs::write("/run/p.py", format!("{GET}
s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0); s.setsockopt(1, 32, 4 << 20)
s.send(request(7, 300016, 5)); print(len(s.recv(1 << 20)))
")).unwrap();
        sh("cd /run; nlcap record -w x.pcapng -- python3 p.py 2>err; grep -q '(3 exact)' err || { cat err >&2; false; }");
        let comments = comments();
        assert!(!comments.contains("sent=no"), "{comments}");
        assert_eq!(sh("tshark -n -r /run/x.pcapng -Y 'frame.len == 300032' 2>/dev/null | wc -l"), "1\n", "{comments}");
    }

    fn a_recording_that_ends_before_the_command_calls_nothing_refused() {
        // It goes on until nlcap has taken its link away, and longer.
        fs::write("/run/p.py", format!("{}{GET}
s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
until('ask(s, 1) and not [it for it in os.listdir(\"/sys/class/net\") if it.startswith(\"nlcap\")]', 0)
for i in range(50): assert ask(s, 1)
", signs::python())).unwrap();
        for _ in 0..5 {
            sh("cd /run; nlcap record -c 50 -w x.pcapng -- python3 p.py 2>err");
            let comments = comments();
            assert!(!comments.contains("sent=no") && comments.lines().count() > 40, "{comments}");
        }
    }

    fn ending_nlcap_by_its_name_does_not_take_the_commands_calls_away() {
        let (_, out, err) = outcome("cd /run
            nlcap record -w x.pcapng -- sh -c 'eval \"$SIGNS\"; echo $$ >pid; await \"[ -e go ]\"; ip -br link show lo; echo $?' >out & r=$!
            await '[ -s pid ]'; await 'records x.pcapng'
            pkill -9 -x nlcap; wait $r || true; >go
            await '[ ! -d /proc/$(cat pid) ]'; tail -1 out
            await '! pgrep netlink-guard' >/dev/null; echo none");
        assert_eq!(out, "0\nnone\n", "{err}");
    }

    fn a_bind_that_the_kernel_refuses_is_refused() {
        fs::write("/run/p.py", format!("{GET}
s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
address = struct.pack('=HHII', 16, 0, 0, 0) + bytes(200)
for length in (-1, 200, 11, 2**31 - 1):
    print(length, libc.bind(s.fileno(), address, length), ctypes.get_errno(), s.getsockname())
print(libc.bind(s.fileno(), address, 128))
")).unwrap();
        let plain = sh("cd /run; python3 p.py");
        assert!(plain.starts_with("-1 -1 22 (0, 0)\n200 -1 22 (0, 0)\n"), "{plain}");
        assert_eq!(sh("cd /run; nlcap record -w x.pcapng -- python3 p.py 2>err"), plain);
    }

    fn a_message_has_the_name_that_its_sender_has_then() {
        fs::write("/run/p.py", format!("{GET}
s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0); ask(s, 1)
libc.prctl(15, b'renamed', 0, 0, 0); ask(s, 2)
# The program that a thread begins is the process's, with the number of its first thread.
threading.Thread(target=lambda: os.execvp('ip', ['ip', '-br', 'link', 'show', 'lo'])).start()
threading.Event().wait()
")).unwrap();
        sh("cd /run; nlcap record -w x.pcapng -- python3 p.py 2>err");
        let comments = comments();
        let names: Vec<_> = comments.lines().map(|line| line.split("comm=").nth(1).unwrap()).collect();
        let mut shown = names.clone();
        shown.dedup();
        assert_eq!(shown, ["\"python3\"", "\"renamed\"", "\"ip\""], "{comments}");
        assert!(names.len() > 6, "{comments}");
    }
}
