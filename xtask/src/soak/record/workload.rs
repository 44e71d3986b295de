// SPDX-License-Identifier: GPL-2.0-or-later
//! The commands whose messages are to be kept apart from everybody else's.

/// By what the recording of a workload is judged, besides its own log.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Truth {
    /// By all its messages in a private namespace.
    Messages,
    /// By its requests there, and its answers by the lines that it prints: they report
    /// whatever sockets there are.
    Requests,
}

/// A command.
pub(super) struct Workload {
    pub(super) name: &'static str,
    /// For `sh -c`, with the log of talker.c in TALKER_LOG.
    pub(super) script: &'static str,
    /// What others do at the same time, over and over.
    pub(super) chatter: &'static str,
    pub(super) truth: Truth,
    /// Whether it writes down by itself what it sends and receives.
    pub(super) has_log: bool,
    /// Whether it speaks in the network namespace `inner`, and not in that where it
    /// is started.
    pub(super) inside: bool,
}

const fn tool(name: &'static str, script: &'static str) -> Workload {
    Workload {
        name,
        script,
        chatter: script,
        truth: Truth::Messages,
        has_log: false,
        inside: false,
    }
}

const fn talker(name: &'static str, script: &'static str) -> Workload {
    Workload {
        has_log: true,
        ..tool(name, script)
    }
}

/// All of them. `$BIN` holds talker, `$PYTHON` is the interpreter that has pyroute2.
pub(super) const ALL: &[Workload] = &[
    tool("ip link", "ip -d link show; ip -br addr"),
    Workload {
        inside: true,
        ..tool("ip -n", "ip -n inner link show dummy0")
    },
    tool("genl ctrl list", "genl ctrl list"),
    tool("ethtool", "ethtool veth0; ethtool -k veth0"),
    tool("tc", "tc qdisc show; tc class show dev dummy0"),
    Workload {
        truth: Truth::Requests,
        ..tool("ss", "ss -H -f netlink")
    },
    tool("bridge", "bridge link show; bridge fdb show; bridge vlan show"),
    tool("wg", "wg show wg0 dump"),
    tool("busybox ip", "busybox ip link show dummy0; busybox ip addr show"),
    Workload {
        chatter: "$BIN/talker threads",
        ..tool("pyroute2", "$PYTHON -c \"$PYROUTE2\"")
    },
    Workload {
        chatter: "ip link show lo",
        ..tool(
            "shell with 50 forks",
            "i=0; while [ $i -lt 50 ]; do ip link show lo; i=$((i + 1)); done",
        )
    },
    talker("vfork and exec", "$BIN/talker vfork"),
    talker("3 sockets, odd ports", "$BIN/talker ports"),
    talker("threads", "$BIN/talker threads"),
    talker("SCM_RIGHTS, inherited", "$BIN/talker passed"),
    talker("daemon", "$BIN/talker daemon"),
    talker("write, sendmmsg, connect", "$BIN/talker ways"),
    Workload {
        chatter: "ip addr add 198.51.100.1/24 dev dummy3; ip neigh show; ip addr del 198.51.100.1/24 dev dummy3",
        ..tool(
            "ip monitor",
            // Its group is the third.
            "ip monitor neigh >/dev/null & m=$!
             until grep -q ' 00000004 ' /proc/net/netlink; do sleep 0.02; done
             for i in 1 2 3; do ip neigh replace 192.0.2.$i lladdr 02:00:00:00:01:0$i dev dummy2; done
             kill $m; wait $m; for i in 1 2 3; do ip neigh del 192.0.2.$i dev dummy2; done; true",
        )
    },
];

/// What the parallel streams do.
pub(super) const STREAM: Workload = tool("8 times ip link show lo", "ip link show lo");

/// For `$PYROUTE2`.
pub(super) const PYROUTE2: &str = "
import threading
from pyroute2 import IPRoute
def run():
    with IPRoute() as ip:
        for _ in range(3):
            ip.link('get', index=1)
        list(ip.get_addr(index=1))
all = [threading.Thread(target=run) for _ in range(4)]
for one in all: one.start()
for one in all: one.join()
";
