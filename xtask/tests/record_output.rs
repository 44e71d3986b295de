// SPDX-License-Identifier: GPL-2.0-or-later
//! `nlcap record` in the guest: where a recording goes, and that it is whole, and its
//! link gone, however it ends.

mod common;

use std::fs;

use common::{make_dummies, outcome, sh, signs};

/// The names of nlmon links in the guest.
fn taps() -> String {
    sh("ip -o link show type nlmon | cut -d: -f2")
}

/// How many packets a file has, which must be without damage.
fn packets(file: &str) -> usize {
    sh(&format!("tshark -n -r {file}")).lines().count()
}

/// Frames that a closing line counts.
fn frames(closing: &str) -> usize {
    let (before, _) = closing.split_once(" frame").expect(closing);
    before.rsplit(' ').next().unwrap().parse().unwrap()
}

/// Packets that nlcap adds.
fn added(file: &str) -> usize {
    sh(&format!(
        "tshark -n -r {file} -Y 'frame.comment contains \"added by nlcap\"'"
    ))
    .lines()
    .count()
}

/// Waits until nlcap, `$pid`, catches signals, SIGALRM as the last one, and sleeps: before a
/// FIFO that has no reader.
const WAITS: &str =
    "await \"grep -qx nlcap /proc/$pid/comm && grep -q '^SigCgt:.*[67ef]..[2367abef]$' /proc/$pid/status\"
    await \"grep -q '^State:.S' /proc/$pid/status\"";

guest_tests! {
    fn a_fifo_without_a_reader_is_waited_for_and_signals_are_heard() {
        for (signal, status) in [("INT", "130"), ("TERM", "143"), ("KILL", "137")] {
            let out = sh(&format!("cd /run; rm -f f; mkfifo f
                nlcap record -w f -- touch began & pid=$!
                {WAITS}; kill -{signal} $pid; wait $pid || echo $?"));
            assert_eq!(out.trim(), status);
            assert_eq!((taps().as_str(), fs::exists("/run/began").unwrap()), ("", false));
        }
        // A reader that comes later gets all of it.
        sh(&format!("cd /run; nlcap record -w f -- nl_user show >/dev/null & pid=$!
            {WAITS}; cat f >x.pcapng; wait $pid"));
        assert_eq!(packets("/run/x.pcapng") - added("/run/x.pcapng"), 4);
    }

    fn a_reader_that_stalls_holds_up_neither_the_command_nor_signals() {
        make_dummies("d", 400);
        let (_, out, err) = outcome("cd /run; mkfifo f; (exec sleep infinity <f) & reader=$!
            nlcap record --buffer 4M -w f -- sh -c 'echo $$ >pid; for i in $(seq 30); do ip link show >/dev/null 2>&1; done; echo done >end' 2>err & pid=$!
            await '[ -s end ]'; cat end
            # nlcap has taken note of the command's end.
            await '[ ! -d /proc/$(cat pid) ]'; kill -TERM $pid; wait $pid || echo $?
            kill -9 $reader; cat err >&2");
        // The command has ended before, with 0.
        assert_eq!(out, "done\n", "{err}");
        assert!(err.contains("stopped before all output was written; last ") && !err.contains(" 0 lost"), "{err}");
        assert_eq!((err.lines().count(), taps().as_str()), (1, ""), "{err}");
    }

    fn a_file_that_is_there_is_kept_until_the_command_has_started() {
        for (command, status) in [("no-such-command", 127), ("/etc/passwd", 126)] {
            let (code, out, _) = outcome(&format!("cd /run; echo old >x.pcapng
                nlcap record -w x.pcapng -- {command} || s=$?; cat x.pcapng; exit $s"));
            assert_eq!((code, out.as_str()), (Some(status), "old\n"));
        }
        let (code, out, _) = outcome("cd /run; nlcap record -i nosuch0 -w x.pcapng -- true || s=$?; cat x.pcapng; exit $s");
        assert_eq!((code, out.as_str()), (Some(125), "old\n"));
        assert_eq!(outcome("cd /run; mkdir new; cd new; nlcap record -- no-such-command || true; ls").1, "");
        sh("cd /run; nlcap record -w x.pcapng -- nl_user show >/dev/null");
        assert_eq!(packets("/run/x.pcapng") - added("/run/x.pcapng"), 4);
    }

    fn a_full_disk_stops_the_recording_keeps_what_is_there_and_has_its_own_status() {
        make_dummies("d", 100);
        sh("mkdir /run/small; mount -t tmpfs -o size=400k none /run/small");
        for (place, setup, errno) in [
            ("/run/small", ":", "ENOSPC: No space left on device"),
            ("/run", "ulimit -f 900", "EFBIG: File too large"),
        ] {
            // The command goes on when the recording has ended. ip(8) says so itself where a dump
            // was interrupted, which depends on what else goes on.
            let (code, out, err) = outcome(&format!("cd {place}; {setup}; s=0
                nlcap record -w x.pcapng -- sh -c 'eval \"$SIGNS\"; for i in 1 2 3 4 5 6; do ip link show; done >/dev/null 2>&1
                    await \"[ -s /run/err ]\"; ip link show >/dev/null 2>&1; echo whole; exit 3' 2>/run/err || s=$?
                cat /run/err >&2; rm /run/err; exit $s"));
            assert_eq!((code, out.as_str()), (Some(124), "whole\n"), "{err}");
            let lines: Vec<_> = err.lines().collect();
            assert_eq!((lines.len(), lines[0]), (2, format!("nlcap: cannot write to x.pcapng: {errno}").as_str()), "{err}");
            assert!(lines[1].contains("incomplete: last "), "{err}");
            assert_eq!(taps(), "");
            // It ends with a whole packet, and the line says how many are missing.
            let file = format!("{place}/x.pcapng");
            let here = packets(&file) - added(&file);
            let unwritten = frames(lines[1].split("incomplete: last").nth(1).unwrap());
            assert!(here > 5 && unwritten > 0, "{here}, {unwritten}");
            assert_eq!(frames(lines[1].split(',').next().unwrap()), here + unwritten, "{err}");
        }
    }

    fn the_command_gets_the_signal_of_a_file_size_limit() {
        let script = "ulimit -f 1; exec head -c 100000 /dev/zero >y";
        let plain = outcome(&format!("cd /run; sh -c '{script}' || exit $?")).0;
        let recorded = outcome(&format!("cd /run; nlcap record -w x.pcapng -- sh -c '{script}'")).0;
        assert_eq!((plain, recorded), (Some(153), Some(153)));
        let ignoring = "trap '' XFSZ";
        let recorded = outcome(&format!("cd /run; {ignoring}; nlcap record -w x.pcapng -- sh -c '{script}'"));
        assert_eq!(recorded.0, Some(1), "{}", recorded.2);
    }

    fn a_reader_that_goes_away_is_said_in_the_closing_line() {
        let (_, out, err) = outcome("cd /run
            (nlcap record -w - -- sh -c 'eval \"$SIGNS\"; ip link show; await \"[ -e gone ]\"; ip link show; exit 5' || echo $? >code) |
                (head -c 100 >/dev/null; exec <&-; >gone); cat code");
        assert_eq!(out, "5\n");
        assert!(err.contains("messages in") && err.contains("in standard output (tap: nlmon); incomplete: the reader closed the pipe; last "), "{err}");
        assert_eq!(taps(), "");
    }

    fn under_sudo_a_new_file_belongs_to_who_called_it() {
        let stat = |env: &str| sh(&format!("cd /run; rm -f x.pcapng; env {env} nlcap record -w x.pcapng -- true; stat -c '%u %g %a' x.pcapng"));
        assert_eq!(stat("SUDO_UID=1234 SUDO_GID=1235"), "1234 1235 600\n");
        assert_eq!(stat("SUDO_UID=1234"), "0 0 600\n");
        // A user who sets these has no say.
        let out = sh("mkdir -m 777 /run/open; cd /run/open
            SUDO_UID=1234 SUDO_GID=1235 setpriv --reuid 65534 --regid 65534 --clear-groups unshare -rn nlcap record -w x.pcapng -- true
            stat -c '%u %g %a' x.pcapng");
        assert_eq!(out, "65534 65534 600\n");
    }

    fn a_terminal_is_refused_and_shows_a_count_that_is_cleared() {
        let out = sh("cd /run; script -qec 'nlcap record -w - -- true' /dev/null || echo $?");
        assert!(out.contains("standard output is a terminal") && out.ends_with("125\n"), "{out}");
        let out = sh("cd /run; script -qefc 'echo $$ >pid; exec nlcap record -w x.pcapng' out >/dev/null & terminal=$!
            await 'records x.pcapng'; nl_user show >/dev/null
            await '[ $(tr \"\\r\" \"\\n\" <out | grep -c \"^nlcap: 4 messages in 4 frames, 0 lost.\\[K$\") -gt 2 ]'
            kill -INT $(cat pid); wait $terminal; cat out");
        assert!(out.contains("\r\x1b[Knlcap: 4 messages in 4 frames, 0 lost"), "{out:?}");
        assert!(!outcome("cd /run; nlcap record -w x.pcapng --duration 1").2.contains('\r'));
    }

    fn a_recorder_that_is_killed_has_written_what_came_before() {
        // It kills when the last message is in the file, which nothing but time brings there.
        let program = format!("{}{}", signs::python(), "
import os, signal, socket, struct, subprocess
options = ['-p', str(os.getpid())] if sys.argv[1:] else []
r = subprocess.Popen(['nlcap', 'record', '-w', '/run/x.pcapng', '-f', 'route', *options], stderr=subprocess.DEVNULL)
until('os.path.exists(\"/run/x.pcapng\") and os.path.getsize(\"/run/x.pcapng\") > 0')
s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
for i in range(200):
    s.send(struct.pack('=IHHII', 32, 18, 1, 77000 + i, 0) + struct.pack('=BBHiII', 0, 0, 0, 1, 0, 0)); answer = s.recv(65536)
    time.sleep(0.005)
asked = time.monotonic()
until('answer in open(\"/run/x.pcapng\", \"rb\").read()')
print('written', round(1000 * (time.monotonic() - asked)), 'ms later')
os.kill(r.pid, signal.SIGKILL); r.wait()
");
        fs::write("/run/p.py", program).unwrap();
        for of_a_process in ["", "-p"] {
            print!("{}", sh(&format!("rm -f /run/x.pcapng; python3 /run/p.py {of_a_process}")));
            let seen = sh("tshark -n -r /run/x.pcapng -Y 'netlink.hdr_seq >= 77000' -T fields -e netlink.hdr_seq");
            let seen: Vec<u32> = seen.lines().map(|line| line.parse().unwrap()).collect();
            // A request and its answer each.
            let sent: Vec<u32> = (77_000..77_200).flat_map(|sequence| [sequence; 2]).collect();
            assert_eq!(seen, sent, "{of_a_process}");
        }
    }
}
