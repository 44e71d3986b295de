// SPDX-License-Identifier: GPL-2.0-or-later
//! `nlcap record` in the guest: whose messages these are, with other processes
//! that speak netlink at the same time; and that the command behaves as without
//! nlcap.

mod common;

use std::fs;

use common::speaker::{CHATTER, PROGRAMS, compare, recorded, sorted, speaker};
use common::{module_file, outcome, sh};

guest_tests! {
    fn every_message_of_the_tree_is_recorded_and_nobody_elses() {
        for (program, messages) in PROGRAMS {
            for tap in ["nlmon", "syscalls"] {
                assert_eq!(compare(tap, program), messages, "{tap}: {program}");
            }
        }
    }

    fn the_first_sockets_port_id_is_the_process_id_with_and_without_nlcap() {
        let program = speaker("
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
            nlcap record -w x.pcapng -- sh -c 'echo $$ >pid; look() { ip link show lo >/dev/null || echo broken; }
                look; >begun; until [ -e go ]; do look; done; look; look; echo whole' & r=$!
            await '[ -e begun ]'; await 'records x.pcapng'
            kill -9 $r; wait $r || true; >go
            await '[ ! -d /proc/$(cat pid) ]'
            await '! pgrep \"nlcap|netlink-guard\"' >/dev/null; echo none");
        assert_eq!(out, "whole\nnone\n", "{err}");
    }

    fn a_multicast_is_one_message_of_those_who_asked_for_it() {
        sh("cd /run; ip monitor link >/dev/null & m=$!; await \"hears $m\"
            nlcap record -w x.pcapng -- sh -c 'eval \"$SIGNS\"; ip monitor link >seen & m=$!; await \"hears $m\"
                ip link set dummy0 mtu 1404; await \"grep -q 1404 seen && hears $m\"; kill $m' 2>err
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
        assert!(err.contains("incomplete: 1 message in another network namespace not captured"), "{err}");
    }

    fn processes_that_run_already_are_recorded_until_they_end() {
        // What a socket says after nlcap has looked at it is recorded, though the process
        // ends at once.
        fs::write("/run/p.py", speaker("
s = open_socket(); print(os.getpid(), flush=True)
until('os.path.exists(\"/run/go\")')
for i in range(20): ask(s, 3)
t = open_socket(0); ask(t, 77)
until('os.path.exists(\"/run/seen\")')
for i in range(19): ask(t, 3)
")).unwrap();
        sh(&format!("cd /run; rm -f truth go; {CHATTER}
            python3 p.py >pid & await '[ -s pid ]'
            nlcap record -p $(cat pid) -w x.pcapng 2>x.err & n=$!
            await 'records x.pcapng'; >go
            await 'shows x.pcapng 2 seq..77,'; >seen; wait $n"));
        let lines = recorded("frame.comment contains \"pid=\"");
        assert_eq!(lines, sorted(&fs::read_to_string("/run/truth").unwrap()), "{}", sh("cat /run/x.err"));
        assert_eq!(lines.len(), 80);
        let how = sh("tshark -n -r /run/x.pcapng -Y 'frame.comment contains \"pid=\"' -T fields -e frame.comment 2>/dev/null | grep -o 'owner=[a-z]*' | sort | uniq -c");
        let how: Vec<_> = how.split_whitespace().collect();
        assert_eq!(how, ["40", "owner=guessed", "40", "owner=port"], "{}", sh("cat /run/x.err"));
        assert_eq!(sh("ip -o link show type nlmon"), "");
        let (code, _, err) = outcome("cd /run; nlcap record -p 999999 -w y.pcapng");
        assert_eq!((code, err.lines().count()), (Some(125), 1), "{err}");
    }

    fn a_program_whose_file_gives_privilege_loses_it_only_without_ours_and_that_is_said_once() {
        sh("cp $(command -v id) /run/raised; chmod 4755 /run/raised; mkdir -m 777 /run/open");
        let as_nobody = "setpriv --reuid 65534 --regid 65534 --clear-groups";
        let (_, out, err) = outcome(&format!("cd /run; nlcap record -w x.pcapng -- {as_nobody} /run/raised -u"));
        assert_eq!(out, "0\n", "{err}");
        let (_, out, err) = outcome("cd /run; nlcap record -w x.pcapng -- sudo -n -u nobody id -u");
        assert_eq!(out, "65534\n", "{err}");
        let (code, out, err) = outcome(&format!("cd /run/open
            {as_nobody} --inh-caps +net_admin,+net_raw --ambient-caps +net_admin,+net_raw \
                nlcap record -w x.pcapng -- sh -c '/run/raised -u; /run/raised -u; ip link show lo >/dev/null'"));
        assert_eq!((code, out.as_str()), (Some(0), "65534\n65534\n"), "{err}");
        assert_eq!(err.matches("/run/raised loses its set-user-ID/file capabilities").count(), 1, "{err}");
        assert!(err.contains(" exact"), "{err}");
    }

    fn what_cannot_be_seen_is_said() {
        let calls = "import ctypes, os, socket\ncall = ctypes.CDLL(None).syscall\n";
        for (program, said) in [
            // A socket as an x32 program makes it.
            ("call(0x40000000 | 41, 16, 3, 0)", "1 call not intercepted (32-bit code, io_uring, io_setup(2) or own seccomp listener)"),
            // io_uring_setup(2).
            ("call(425, 1, ctypes.create_string_buffer(120))", "1 call not intercepted (32-bit code, io_uring, io_setup(2) or own seccomp listener)"),
            // A listener of its own, with another flag: a program of one step, to allow.
            ("call(157, 38, 1, 0, 0, 0)\nstep = ctypes.create_string_buffer(bytes.fromhex('060000000000ff7f'))
p = ctypes.create_string_buffer((1).to_bytes(8, 'little') + ctypes.addressof(step).to_bytes(8, 'little'))
call(317, 1, 8 | 2, p)", "1 call not intercepted (32-bit code, io_uring, io_setup(2) or own seccomp listener)"),
            ("open('/run/q', 'wb').write(bytes.fromhex('20000000120001000900000000000000' + '00' * 4 + '01000000' + '00' * 8))
s = socket.socket(16, 3, 0); f = os.open('/run/q', 0); assert os.sendfile(s.fileno(), f, 0, 32) == 32; assert len(s.recv(65536)) > 100",
             "1 call to sendfile(2) or splice(2) not inspected"),
        ] {
            fs::write("/run/p.py", format!("{calls}{program}\n")).unwrap();
            let (code, _, err) = outcome("cd /run; nlcap record -w x.pcapng -- python3 p.py");
            assert_eq!(code, Some(0), "{err}");
            assert!(err.contains("incomplete: ") && err.contains(said), "{program}: {err}");
        }
        // The answer to what was spliced is there.
        let how = sh("tshark -n -r /run/x.pcapng -Y 'frame.comment contains \"owner=port\"' -T fields -e frame.comment 2>/dev/null");
        assert_eq!(how.lines().count(), 1, "{how}");
    }

    fn errors_blocking_timeouts_and_signals_are_as_without_nlcap() {
        fs::write("/run/p.py", r#"
import errno, os, signal, socket, struct, time
def trial(what):
    start = time.monotonic()
    try: result = what()
    except OSError as e: result = errno.errorcode.get(e.errno, "timed out")
    except Interrupted: result = "interrupted"
    # What is not timed may take long on a busy machine.
    if result in ("timed out", "interrupted"): result += " at once" * (time.monotonic() - start < 0.35)
    print(result)
class Interrupted(Exception): pass
def interrupt(*_): raise Interrupted
new = lambda protocol=0: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, protocol)
request = struct.pack("=IHHII", 32, 18, 1, 5, 0) + struct.pack("=BBHiII", 0, 0, 0, 1, 0, 0)
a, b = new(), new()
trial(lambda: a.bind((5555, 0)))
trial(lambda: b.bind((5555, 0)))
trial(lambda: a.bind((5556, 0)))
trial(lambda: b.sendto(request, (7777, 0)))
trial(lambda: b.sendto(request[:3], (0, 0)))
trial(lambda: b.sendto(request + bytes(1 << 22), (0, 0)))
trial(lambda: new(99))
trial(lambda: b.connect((0, 0)))
b.setblocking(False)
trial(lambda: b.recv(100))
b.settimeout(0.4)
trial(lambda: b.recv(100))
b.setblocking(True)
signal.signal(signal.SIGALRM, interrupt)
# Should it come before the call waits, it is caught all the same.
trial(lambda: (signal.setitimer(signal.ITIMER_REAL, 0.4), b.recv(100)))
b.sendto(request, (0, 0))
trial(lambda: len(b.recv(100)))
trial(lambda: os.write(b.fileno(), request))
os.close(9) if os.path.exists("/proc/self/fd/9") else None
trial(lambda: os.write(9, request))
signal.signal(signal.SIGALRM, signal.SIG_DFL)
print(flush=True)
os.kill(os.getpid(), signal.SIGALRM)
"#).unwrap();
        let (code, plain, _) = outcome("cd /run; exec python3 p.py");
        assert_eq!(code, None, "a signal ends it");
        let (code, recorded, err) = outcome("cd /run; exec nlcap record -w x.pcapng -- python3 p.py");
        assert_eq!(code, Some(128 + 14), "{err}");
        assert_eq!(recorded, plain);
        assert!(plain.contains("EADDRINUSE") && plain.contains("ECONNREFUSED"), "{plain}");
        assert!(plain.contains("timed out\n") && plain.contains("interrupted\n"), "{plain}");
        // What was refused is reported.
        let comments = sh("tshark -n -r /run/x.pcapng -Y 'frame.comment contains \"sent=no errno=unknown\"' -T fields -e frame.comment 2>/dev/null");
        // To a port id that nobody has, and more than a socket takes.
        assert_eq!(comments.lines().count(), 2, "{comments}");
    }

    fn what_a_socket_had_no_room_for_is_reported() {
        fs::write("/run/p.py", "
import socket, subprocess
s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2304)
s.bind((0, 1))
for mtu in range(1300, 1320): subprocess.run(['ip', 'link', 'set', 'dummy0', 'mtu', str(mtu)], check=True)
").unwrap();
        sh("cd /run; nlcap record -w x.pcapng -- python3 p.py 2>x.err");
        let comments = sh("tshark -n -r /run/x.pcapng -Y 'frame.comment contains \"drops=\"' -T fields -e frame.comment 2>/dev/null");
        assert!(comments.contains("added by nlcap") && comments.contains("comm=\"python3"), "{comments}{}", sh("cat /run/x.err"));
    }

    fn the_families_policies_come_first_and_late_families_last() {
        let module = module_file();
        sh(&format!("cd /run; rmmod nl_kernel; nlcap record -w x.pcapng -- sh -c 'insmod {}; ip link show lo' >/dev/null 2>x.err", module.display()));
        let added = sh("tshark -n -r /run/x.pcapng -V 2>/dev/null | grep -c 'Packet comments' || true; \
            cd /run; nlcap show --added x.pcapng 2>/dev/null");
        let lines: Vec<_> = added.lines().collect();
        let has = |line: &&str, what: &str| line.contains(what);
        let policy = lines.iter().position(|line| has(line, "getpolicy")).unwrap_or_else(|| panic!("no policy: {added}"));
        let link = lines.iter().position(|line| has(line, "getlink")).unwrap();
        assert!(policy < link, "{added}");
        let late = lines.iter().rposition(|line| has(line, "nl_util")).unwrap_or_else(|| panic!("no nl_util: {added}"));
        assert!(late > link, "{added}");
    }
}
