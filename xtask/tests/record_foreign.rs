// SPDX-License-Identifier: GPL-2.0-or-later
//! `nlcap record` in the guest: messages that look like the command's and are not, and
//! those that are its own and do not look so.

mod common;

use std::fs;

use common::{outcome, sh, signs};

/// Python that speaks rtnetlink by hand.
const SPEAKER: &str = "
import fcntl, os, socket, struct
def new(port=None, groups=0):
    s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
    if port is not None: s.bind((port, groups))
    return s
def request(seq, more=b'', flags=1):
    return struct.pack('=IHHII', 32 + len(more), 18, flags, seq, 0) + struct.pack('=BBHiII', 0, 0, 0, 1, 0, 0) + more
def ask(s, seq):
    s.sendto(request(seq), (0, 0)); s.recv(65536)
def drain(s):
    s.setblocking(False)
    try:
        while True: yield s.recv(65536)
    except BlockingIOError: pass
def is_recorded(*messages):
    with open('/run/x.pcapng', 'rb') as file: recording = file.read()
    return all(message in recording for message in messages)
";

fn program(name: &str, text: &str) {
    let text = format!("{}{SPEAKER}{text}", signs::python());
    fs::write(format!("/run/{name}.py"), text).unwrap();
}

/// The comments of the packets that the filter takes.
fn comments(filter: &str) -> Vec<String> {
    let all = sh(&format!(
        "tshark -n -r /run/x.pcapng -Y '{filter}' -T fields -e frame.comment 2>/dev/null"
    ));
    all.lines().map(str::to_owned).collect()
}

fn count(owner: &str) -> usize {
    comments(&format!("frame.comment contains \"owner={owner}\"")).len()
}

guest_tests! {
    fn what_carries_a_port_id_that_was_wanted_or_given_up_is_not_the_commands() {
        program("foreign", "
def has_it():
    global s
    try: s = new(5555)
    except OSError: return False
    return True
until('has_it()')
open('/run/on', 'w').close()
# In so many steps that nlcap looks more than once meanwhile.
for i in range(60): ask(s, 9000 + i); time.sleep(0.01)
open('/run/off', 'w').close()
");
        let until = "until('os.path.exists(\"/run/off\")')\n";
        // In vain, and closed before.
        program("vain", &format!("
until('os.path.exists(\"/run/on\")')
s = new()
try: s.bind((5555, 0)); print('bound')
except OSError: pass
s.bind((0, 0)); ask(s, 1)
{until}"));
        program("closed", &format!("
s = new(5555); ask(s, 1); s.close()
open('/run/done', 'w').close()
{until}"));
        for (name, foreign) in [
            ("vain", "python3 foreign.py & f=$!;"),
            ("closed", "(await '[ -e done ]'; exec python3 foreign.py) & f=$!;"),
        ] {
            let (_, out, err) = outcome(&format!("cd /run; rm -f on off done; {foreign}
                nlcap record -w x.pcapng -- python3 {name}.py; wait $f"));
            assert_eq!(out, "", "{err}");
            assert_eq!(count("exact"), 2, "{name}: {err}");
            // Until the first look after the port id changed hands.
            assert!(count("port") <= 1, "{name}: {}: {err}", count("port"));
            assert!(err.contains("of other processes left out"), "{name}: {err}");
        }
    }

    fn messages_of_processes_that_have_the_numbers_of_ended_ones_are_not_the_commands() {
        let (_, _, err) = outcome("cd /run; rm -f go; echo 400 >/proc/sys/kernel/pid_max
            (await '[ -e go ]'
             i=0; while [ $i -lt 200 ]; do ip -4 addr show dev lo >/dev/null; i=$((i+1)); done; rm go) & f=$!
            nlcap record -w x.pcapng -- sh -c 'eval \"$SIGNS\"
                i=0; while [ $i -lt 200 ]; do ip link show lo >/dev/null; i=$((i+1)); done
                touch go; await \"[ ! -e go ]\"'
            wait $f");
        assert_eq!(count("port"), 0, "{err}");
        let addresses = sh("nlcap show /run/x.pcapng | grep -c newaddr || true");
        assert_eq!(addresses, "0\n", "{err}");
    }

    fn multicasts_with_a_requests_flag_and_of_other_namespaces_are_recorded() {
        sh("ip link add v0 type veth peer name v1; ip link set v0 up; ip link set v1 up
            ip addr add 10.9.0.1/24 dev v0; echo 3 >/proc/sys/net/ipv4/neigh/v0/app_solicit
            ip netns add X; ip netns set X 5");
        for (what, cause, pattern, least) in [
            ("neigh", "python3 -c 'import socket; socket.socket(2, 2).sendto(b\"x\", (\"10.9.0.7\", 9))'", "miss", 1),
            ("link all-nsid", "ip -n X link set lo up; ip -n X link set lo down; ip link set lo mtu 62001", "mtu", 3),
        ] {
            let (_, _, err) = outcome(&format!("cd /run; rm -f x.pcapng
                nlcap record --strict -w x.pcapng -- sh -c 'echo $$ >pid; exec ip monitor {what} >seen' & n=$!
                cause() {{ {cause}; }}
                await 'records x.pcapng'; m=$(cat pid); await \"hears $m\"
                # It may hear other namespaces only after it has joined.
                await 'cause; [ $(grep -c {pattern} seen) -ge {least} ]'; await \"hears $m\"
                kill $m; wait $n"));
            let seen = sh(&format!("grep -c '{pattern}' /run/seen || true"));
            let seen: usize = seen.trim().parse().unwrap();
            assert!(seen >= least, "{what}: {}", sh("cat /run/seen"));
            let groups = count("group");
            assert!(groups >= seen, "{what}: {seen} seen, {groups} recorded: {err}");
        }
    }

    fn multicasts_keep_their_order_and_their_receivers() {
        program("order", "
s = new(0, 1)
d = socket.socket(2, 2)
for k in range(3):
    for f in (1, 0): fcntl.ioctl(d, 0x8914, struct.pack('16sH', b'dummy0', f) + bytes(22))
for m in drain(s): print('up' if struct.unpack_from('I', m, 24)[0] & 1 else 'down')
");
        sh("ip link set dummy0 down");
        common::settle();
        let (_, received, err) = outcome("cd /run; nlcap record --strict -w x.pcapng -- python3 order.py");
        let recorded = sh("tshark -n -r /run/x.pcapng -Y 'frame.comment contains \"owner=group\"' -T json -x 2>/dev/null | python3 -c '
import json, struct, sys
for p in json.load(sys.stdin):
    raw = bytes.fromhex(p[\"_source\"][\"layers\"][\"frame_raw\"][0])
    print(\"up\" if struct.unpack_from(\"I\", raw, 16 + 24)[0] & 1 else \"down\")'");
        assert_eq!(recorded, received, "{err}");
        assert!(received.lines().count() >= 6, "{received}");
        // Each copy as it came, of which one is another's.
        sh("cd /run; ip monitor link >/dev/null & m=$!; await \"hears $m\"
            nlcap record --raw --all -w x.pcapng -- sh -c 'eval \"$SIGNS\"; ip monitor link >seen & m=$!; await \"hears $m\"
                ip link set dummy0 mtu 1404; await \"grep -q 1404 seen && hears $m\"; kill $m' 2>err
            kill $m");
        let groups = count("group");
        let seen: usize = sh("grep -c '^[0-9]' /run/seen").trim().parse().unwrap();
        assert_eq!(groups, seen, "{}", sh("cat /run/err"));
    }

    fn answers_to_requests_that_are_not_intercepted_are_the_commands() {
        for (send, messages) in [
            ("os.write(s.fileno(), request(1, struct.pack('HH', 4, 0x3fff) * 1500, 5))", 1),
            ("os.dup2(s.fileno(), 0); os.write(0, request(1))", 1),
            // Its second socket, whose port id is random.
            ("t = new(); ask(t, 1); os.dup2(s.fileno(), 0); os.write(0, request(2))", 1),
        ] {
            // Its socket stays until nlcap has looked for the one that has its port id.
            program("p", &format!("s = new(); {send}; answer = s.recv(65536)\nuntil('is_recorded(answer)')\n"));
            let (code, _, err) = outcome("cd /run; nlcap record --strict -w x.pcapng -- python3 p.py");
            assert_eq!(code, Some(123), "{send}: {err}");
            assert!(count("port") >= messages, "{send}: {err}");
            assert!(err.contains("1 request not intercepted (only answers captured)"), "{send}: {err}");
        }
    }

    fn a_clock_that_is_set_back_loses_no_multicast() {
        program("clock", "
s = new(0, 1); c = new(0)
heard = []
def step(name):
    open(name, 'w').close(); until('not os.path.exists(\"/run/' + name + '\")')
    heard.extend(drain(s)); until('is_recorded(*heard)')
ask(c, 1); step('one')
time.clock_settime(time.CLOCK_REALTIME, time.time() - 3600)
step('two'); ask(c, 2); step('three')
print(len(heard))
");
        // Others' news, at each step of the program.
        let helper = "(n=1300; for step in one two three; do await '[ -e $step ]'
            for i in 1 2 3; do n=$((n+1)); ip link set dummy0 mtu $n; done; rm $step; done) & helper=$!";
        let (code, out, err) = outcome(&format!("cd /run; s=0; {helper}
            nlcap record --strict -w x.pcapng -- python3 clock.py || s=$?; wait $helper; exit $s"));
        assert_eq!(code, Some(123), "{err}");
        assert!(err.contains("incomplete: the system clock was changed"), "{err}");
        assert_eq!((count("group"), count("exact")), (out.trim().parse().unwrap(), 4), "{err}");
        assert!(out.trim() != "0", "{err}");
    }
}
