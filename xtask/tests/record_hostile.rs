// SPDX-License-Identifier: GPL-2.0-or-later
//! `nlcap record` in the guest: a command that wants something of the recorder, which runs as
//! root, gains nothing. docs/security.md lists what is shown here.

mod common;

use std::fs;

use common::{outcome, sh, signs};

/// Python that speaks netlink by hand; `step(NAME)` waits until the file /run/open/NAME is
/// taken away.
const SPEAKER: &str = "
import ctypes, errno, os, socket, struct, threading
libc = ctypes.CDLL(None, use_errno=True)
NETLINK = 270
def new(protocol=0, port=None, groups=0):
    s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, protocol)
    if port is not None: s.bind((port, groups))
    return s
def request(seq):
    return struct.pack('=IHHII', 32, 18, 1, seq, 0) + struct.pack('=BBHiII', 0, 0, 0, 1, 0, 0)
def trial(what, *arguments):
    try: what(*arguments); return 'done'
    except OSError as e: return errno.errorcode[e.errno]
def step(name):
    open('/run/open/' + name, 'w').close(); until('not os.path.exists(\"/run/open/' + name + '\")')
";

/// Writes /run/open/NAME.py, in a folder for all.
fn program(name: &str, text: &str) {
    sh("mkdir -p -m 777 /run/open");
    let text = format!("{}{SPEAKER}{text}", signs::python());
    fs::write(format!("/run/open/{name}.py"), text).unwrap();
}

/// The comments of the packets of /run/x.pcapng that the filter takes.
fn comments(filter: &str) -> Vec<String> {
    let all = sh(&format!(
        "tshark -n -r /run/x.pcapng -Y '{filter}' -T fields -e frame.comment 2>/dev/null"
    ));
    all.lines().map(str::to_owned).collect()
}

/// The MTUs in the messages of /run/x.pcapng.
fn shown_mtus() -> Vec<u32> {
    let all =
        sh("nlcap show -j /run/x.pcapng | grep -o '\"mtu\": *[0-9]*' | grep -o '[0-9]*$' || true");
    all.lines().map(|line| line.parse().unwrap()).collect()
}

guest_tests! {
    fn who_is_refused_a_group_receives_nothing_of_it() {
        program("p", "
s = new(6, 0)
# XFRMNLGRP_POLICY, another, and one that is not there.
print(*(trial(s.setsockopt, NETLINK, 1, group) for group in (4, 1, 77)), trial(new(6).bind, (0, 8)))
m = new(0, 0, 1)
print(trial(m.bind, (m.getsockname()[0] + 1, 0)), trial(m.setsockopt, NETLINK, 8, 1))
step('joined')
print(len(m.recv(65536)) > 100)
");
        let (code, out, err) = outcome("cd /run; ip netns add X; ip netns set X 5
            nlcap record --strict -u nobody -w x.pcapng -- python3 open/p.py & n=$!
            await '[ -e open/joined ]'
            ip xfrm policy add src 10.1.0.0/16 dst 10.2.0.0/16 dir out
            ip -n X link set lo mtu 1500; ip -n X link set lo mtu 1501
            ip link set dummy0 mtu 1404
            rm open/joined; wait $n");
        assert_eq!((code, out.as_str()), (Some(0), "EPERM EPERM EPERM EPERM\nEINVAL EPERM\nTrue\n"), "{err}");
        let filter = "frame.comment contains \"owner=group\"";
        let of_policies = comments(&format!("{filter} && netlink.family == 6"));
        assert!(of_policies.is_empty(), "{of_policies:?}");
        // It is a member still of the one that it was granted, and hears one namespace.
        let mtus: Vec<_> = shown_mtus().into_iter().filter(|mtu| [1501, 1404].contains(mtu)).collect();
        assert!(!comments(filter).is_empty() && !mtus.is_empty() && !mtus.contains(&1501), "{mtus:?} {err}");
    }

    fn who_joins_and_leaves_is_a_member_in_between() {
        program("p", "
s = new(0, 0)
for name, option in ('before', 1), ('in', 2), ('after', 2):
    step(name)
    s.setsockopt(NETLINK, option, 1)
");
        let (code, _, err) = outcome("cd /run
            nlcap record --strict -w x.pcapng -- python3 open/p.py & n=$!
            mtu=1410; for name in before in after; do
                await \"[ -e open/$name ]\"; mtu=$((mtu + 1)); ip link set dummy0 mtu $mtu; rm open/$name
            done; wait $n");
        assert_eq!(code, Some(0), "{err}");
        let shown = shown_mtus();
        let has = [1411, 1412, 1413].map(|mtu| shown.contains(&mtu));
        assert_eq!(has, [false, true, false], "{shown:?} {err}");
    }

    fn groups_that_are_asked_for_in_vain_cost_no_descriptor() {
        program("p", "
s, t = new(0, 0), new(16, 0)
step('before')
for group in range(1, 400):
    for it in (s, t): trial(it.setsockopt, NETLINK, 1, group)
step('after')
");
        let (code, out, err) = outcome("cd /run
            nlcap record -w x.pcapng -- python3 open/p.py & n=$!
            for name in before after; do
                await \"[ -e open/$name ]\"; ls /proc/$n/fd | wc -l; rm open/$name
            done; wait $n");
        assert_eq!(code, Some(0), "{err}");
        let counts: Vec<i32> = out.lines().map(|line| line.parse().unwrap()).collect();
        // A socket for each protocol, and a table of sockets.
        assert!(counts[1] <= counts[0] + 3, "{counts:?}");
    }

    fn without_descriptors_the_recording_says_so() {
        program("p", "step('begun'); s = new(0, 0); s.sendto(request(1), (0, 0)); s.recv(65536); step('said')");
        let (code, _, err) = outcome("cd /run
            nlcap record --strict -w x.pcapng -- python3 open/p.py & n=$!
            await '[ -e open/begun ]'; prlimit --pid $n --nofile=6:512; rm open/begun
            await '[ -e open/said ]'; prlimit --pid $n --nofile=512:512; rm open/said; wait $n");
        assert_eq!(code, Some(123), "{err}");
        assert!(err.contains("not inspected for lack of file descriptors (EMFILE"), "{err}");
        // With few of them the tasks of many processes share those.
        program("many", "
for i in range(40):
    if os.fork() == 0:
        s = new(); s.sendto(request(i), (0, 0)); s.recv(65536); step(f'child{i}'); os._exit(0)
until('all(os.path.exists(f\"/run/open/child{i}\") for i in range(40))')
for i in range(40): os.remove(f'/run/open/child{i}')
for i in range(40): os.wait()
");
        let (code, _, err) = outcome("cd /run; ulimit -n 32; nlcap record --strict -w x.pcapng -- python3 open/many.py");
        assert_eq!(code, Some(0), "{err}");
        assert_eq!(comments("frame.comment contains \"owner=exact\"").len(), 80, "{err}");
    }

    fn whatever_is_sent_and_bound_the_recorder_stays_small() {
        program("p", "
# A message of 256 KiB, 1,024 times, of which the kernel takes none.
s = new()
data = ctypes.create_string_buffer(1 << 18)
piece = struct.pack('=QQ', ctypes.addressof(data), len(data))
piece = ctypes.create_string_buffer(piece)
header = struct.pack('=QQQQQQQQ', 0, 0, ctypes.addressof(piece), 1, 0, 0, 0, 0)
headers = ctypes.create_string_buffer(header * 1024)
for i in range(20): libc.sendmmsg(s.fileno(), headers, 1024, 0)
# Port ids that it does not get, and that it gets and gives up.
holder = new(0, 5000)
for i in range(1000): trial(s.bind, (5000, 0))
for i in range(1000): new(0, 10000 + i).close()
for i in range(1000): trial(new().setsockopt, NETLINK, 1, 77)
step('sent')
");
        let (code, out, err) = outcome("cd /run
            nlcap record -w x.pcapng -- python3 open/p.py & n=$!
            await '[ -e open/sent ]'; sed -n 's/^VmHWM:[^0-9]*\\([0-9]*\\) kB$/\\1/p' /proc/$n/status
            rm open/sent; wait $n");
        assert_eq!(code, Some(0), "{err}");
        let most: u32 = out.trim().parse().unwrap();
        assert!(most < 64 << 10, "{most} KiB");
    }

    fn a_socket_is_in_the_state_that_it_would_have_without_nlcap() {
        program("p", "
kinds = lambda port: 'pid' if port == os.getpid() else 'negative' if port >= 2**31 else port
def show(what, s, result):
    port, groups = s.getsockname()
    print(what, result, kinds(port), groups)
wrong = (ctypes.c_uint32 * 3)(2, 0, 0)
at = ctypes.byref(wrong)
for what, use in (
    ('connect to another', lambda s: s.connect((7777, 0))),
    ('connect to a group', lambda s: s.connect((0, 1))),
    ('connect elsewhere', lambda s: 0 if libc.connect(s.fileno(), at, 12) == 0 else s.connect((7777, 0))),
    ('send to another', lambda s: s.sendto(request(1), (7777, 0))),
    ('send to a group', lambda s: s.sendto(request(1), (0, 1))),
    ('send out of band', lambda s: s.sendto(request(1), socket.MSG_OOB, (0, 0))),
    ('send nothing', lambda s: s.sendto(b'', (0, 0))),
    ('send elsewhere', lambda s: libc.sendto(s.fileno(), request(1), 32, 0, at, 12)),
    ('send with bad credentials', lambda s: s.sendmsg([request(1)], [(1, 2, struct.pack('III', 1, 1, 1))])),
    ('send with credentials', lambda s: s.sendmsg([request(1)], [(1, 2, struct.pack('III', os.getpid(), os.getuid(), os.getgid()))])),
    ('write', lambda s: os.write(s.fileno(), request(1))),
    ('connect', lambda s: s.connect((0, 0))),
    ('send', lambda s: s.sendto(request(1), (0, 0))),
    ('bind', lambda s: s.bind((0, 0))),
):
    for groups in (), (1,), (1, 9):
        s = new()
        for group in groups: s.setsockopt(NETLINK, 1, group)
        show(f'{what} {groups}', s, trial(use, s)); s.close()
");
        let as_nobody = "setpriv --reuid 65534 --regid 65534 --clear-groups";
        for (with, without) in [("nlcap record -u nobody -w x.pcapng --", as_nobody), ("nlcap record -w x.pcapng --", "")] {
            let plain = sh(&format!("cd /run; {without} /usr/bin/python3 open/p.py"));
            let recorded = sh(&format!("cd /run; {with} /usr/bin/python3 open/p.py"));
            assert_eq!(recorded, plain);
            assert!(plain.contains("send (1,) done pid 1\n"), "{plain}");
            let is_refused = plain.contains("connect to another () EPERM 0 0\n");
            assert_eq!(is_refused, !without.is_empty(), "{plain}");
        }
        // What is asked by a socket that the kernel bound is known as well, if it is there when its
        // frames come.
        program("q", "
s = new(); s.setsockopt(NETLINK, 1, 1); s.sendto(request(5), (0, 0)); s.recv(65536)
step('said')
");
        let (code, _, err) = outcome("cd /run; nlcap record --strict -w x.pcapng -- python3 open/q.py & n=$!
            await '[ -e open/said ]'; await '[ $(nlcap show x.pcapng 2>/dev/null | wc -l) -ge 2 ]'
            rm open/said; wait $n");
        assert_eq!(code, Some(0), "{err}");
        assert_eq!(comments("frame.comment contains \"owner=exact\"").len(), 2, "{err}");
    }

    fn what_is_no_netlink_socket_is_never_held_by_nlcap() {
        program("p", "
a, b = socket.socketpair()
tcp = socket.create_server(('127.0.0.1', 0)); t = socket.create_connection(tcp.getsockname())
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
u.connect(('127.0.0.1', 9))
r, w = os.pipe()
for i in range(20):
    a.send(b'0123456789abcdef'); t.sendmsg([b'0123456789abcdef']); trial(u.send, b'x')
    os.write(w, b'0123456789abcdef'); os.writev(t.fileno(), [b'0123456789abcdef'])
    trial(libc.bind, r, None, 0); libc.setsockopt(r, NETLINK, 1, b'0123', 4)
    trial(socket.socket(socket.AF_UNIX).connect, '/run/nothing')
");
        let count = |program: &str| {
            sh(&format!("cd /run; strace -qqo log -e trace=pidfd_getfd nlcap record --strict -w x.pcapng -- {program} >&2; grep -c pidfd_getfd log"))
        };
        sh("ip link set lo up");
        // The filter's listener.
        assert_eq!(count("true"), "1\n", "{}", sh("cat /run/log"));
        assert_eq!(count("python3 open/p.py"), "1\n", "{}", sh("cat /run/log"));
        assert_ne!(count("ip link show lo"), "1\n");
    }

    fn another_users_file_in_a_folder_for_all_is_refused_as_the_shell_refuses_it() {
        sh("mkdir -m 1777 /run/all; cd /run/all
            sysctl -qw fs.protected_regular=1 fs.protected_fifos=1
            echo theirs >file; mkfifo -m 666 fifo; chmod 666 file; chown nobody file fifo");
        let as_nobody = "setpriv --reuid 65534 --regid 65534 --clear-groups";
        for (name, reader) in [("file", "true".to_owned()), ("fifo", format!("exec {as_nobody} cat fifo"))] {
            for tool in ["record", "trace"] {
                let (code, out, err) = outcome(&format!("cd /run/all; ({reader}) >read & r=$!
                    sh -c ': >>{name}' 2>shell || echo refused
                    nlcap {tool} -w {name} -- true || echo $?; kill $r 2>/dev/null || true; wait; cat read"));
                assert_eq!((code, out.as_str()), (Some(0), "refused\n125\n"), "{tool} {name}: {err}");
                assert!(err.contains(&format!("cannot write to {name}: EACCES")), "{err}");
            }
        }
        assert_eq!(sh("cat /run/all/file"), "theirs\n");
        // Where it is not refused, who can read it is said.
        for (make, said) in [
            ("echo x >y; chown nobody y", "y belongs to user 65534, who can read what is written to it\n"),
            ("echo x >y; chmod 644 y", "y can be read by all users (mode 644): recordings may contain secrets\n"),
            ("echo x >y; chmod 600 y", ""),
            ("true", ""),
            ("ln -s /dev/null y", ""),
        ] {
            let (code, _, err) = outcome(&format!("mkdir -p /run/own; cd /run/own; rm -f y; {make}; nlcap record -w y -- true"));
            assert_eq!(code, Some(0), "{err}");
            let lines = err.lines().count();
            assert!(err.contains(said) && lines == 1 + usize::from(!said.is_empty()), "{make}: {err}");
        }
    }

    fn what_is_no_namespace_is_refused_at_once() {
        sh("mkfifo /run/fifo; mkdir /run/folder");
        for name in ["/run/fifo", "/run/folder", "/dev/null", "/proc/self/ns/mnt"] {
            let (code, _, err) = outcome(&format!("cd /run; nlcap record -n {name} -w y.pcapng -- true"));
            assert_eq!((code, err.lines().count()), (Some(125), 1), "{err}");
            assert!(err.contains("EINVAL") && err.contains("not a network namespace"), "{err}");
        }
    }

    fn a_user_that_is_asked_for_gets_no_capability_of_the_recorder() {
        sh("mkdir -p -m 777 /run/open; mkdir /run/own; cp $(command -v nlcap) /run/own/nlcap; chmod 4755 /run/own/nlcap");
        let drop = "setpriv --reuid 65534 --regid 65534 --clear-groups";
        let sets = "net_admin,+net_raw,+sys_admin,+sys_ptrace,+setuid,+setgid";
        let look = "grep -E '^Cap(Inh|Prm|Eff|Amb)' /proc/self/status";
        let none = "CapInh 0\nCapPrm 0\nCapEff 0\nCapAmb 0\n";
        for (what, before, nlcap) in [
            ("root", String::new(), "nlcap"),
            ("sudo", "sudo -n".to_owned(), "$(command -v nlcap)"),
            ("inheritable", "setpriv --inh-caps +net_admin,+sys_admin".to_owned(), "nlcap"),
            ("ambient", format!("{drop} --inh-caps +{sets} --ambient-caps +{sets}"), "nlcap"),
            ("set-user-ID", drop.to_owned(), "/run/own/nlcap"),
        ] {
            let out = sh(&format!("cd /run/open; rm -f x.pcapng; {before} {nlcap} record -u 1234:1234 -w x.pcapng -- {look} | tr -d ':' | sed 's/\\t0*\\([0-9a-f]\\)/ \\1/'"));
            assert_eq!(out, none, "{what}");
        }
        // Without a user they are the caller's, as without nlcap.
        let plain = sh(&format!("cd /run/open; {drop} --inh-caps +{sets} --ambient-caps +{sets} {look}"));
        let recorded = sh(&format!("cd /run/open; rm -f x.pcapng; {drop} --inh-caps +{sets} --ambient-caps +{sets} nlcap record -w x.pcapng -- {look}"));
        assert_eq!(recorded, plain);
    }
}
