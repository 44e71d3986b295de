// SPDX-License-Identifier: GPL-2.0-or-later
//! Where the workloads run: network namespaces that are alike, tcpdump in one of them, and
//! others who speak in the other.

use super::capture::{self, Frame};
use crate::{
    netlink::{NLM_F_REQUEST, message},
    run::{self, sh},
    soak::namespace::inside,
    wait::wait_for,
};
use anyhow::{Context, Result, bail, ensure};
use neli::{
    consts::socket::{Msg, NlFamily},
    socket::NlSocket,
    utils::Groups,
};
use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

/// The nlmon link in each namespace.
pub(super) const TAP: &str = "mon0";

/// The first sequence number of messages that stand between two runs; each has the next one.
const MARK: u32 = 0x4d41_524b;
const RTM_GETLINK: u16 = 18;

/// Makes a namespace. All that are made so answer alike.
pub(super) fn make_namespace(name: &str) -> Result<()> {
    let key = "GKmJ3pKs0mC2ZrV4jXlYcB1v0D7nQw8eRtYuIoPaSlY=";
    sh(&format!(
        "ip netns add {name}
         ip netns exec {name} sh -c 'echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6
             echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6'
         n='ip -n {name}'
         $n link set lo up
         $n link add {TAP} type nlmon
         $n link set {TAP} up
         for i in 0 1 2 3; do $n link add dummy$i address 02:00:00:00:00:0$i type dummy; done
         $n link add veth0 address 02:00:00:00:01:00 type veth peer name veth1 address 02:00:00:00:01:01
         $n link add br0 address 02:00:00:00:02:00 type bridge
         $n link set dummy1 master br0
         $n link add wg0 type wireguard
         $n addr add 192.0.2.100/24 dev dummy2
         $n link set dummy2 up
         echo {key} | ip netns exec {name} wg set wg0 private-key /dev/stdin
         tc -n {name} qdisc add dev dummy0 root handle 1: pfifo limit 100"
    ))
}

/// tcpdump on a namespace's tap: the truth, where nobody else speaks.
pub(super) struct Truth {
    tcpdump: Child,
    file: PathBuf,
    namespace: &'static str,
    /// Frames that were read before.
    read: usize,
    /// Marks that were made.
    marks: u32,
}

impl Truth {
    pub(super) fn start(namespace: &'static str, dir: &Path) -> Result<Self> {
        let file = dir.join(format!("{namespace}.pcap"));
        // An earlier one's marks are not this one's.
        let _ = std::fs::remove_file(&file);
        let tcpdump = inside(namespace, || {
            let options = "--immediate-mode -p -U -s 262144 -B 65536";
            run::command(&format!("tcpdump {options} -i {TAP} -w"))
                .arg(&file)
                .stderr(Stdio::null())
                .spawn()
                .context("cannot start tcpdump")
        })?;
        let mut truth = Self {
            tcpdump,
            file,
            namespace,
            read: 0,
            marks: 0,
        };
        truth.take()?;
        Ok(truth)
    }

    /// The frames since the last call.
    pub(super) fn take(&mut self) -> Result<Vec<Frame>> {
        let mark_of = |frame: &Frame| frame.sequence().ok().filter(|it| *it >= MARK);
        // Marks of an earlier call may come late: they stand before what was said since.
        let first = MARK + self.marks;
        wait_for("tcpdump does not see a message", || {
            // Until tcpdump listens, nobody hears it.
            mark(self.namespace, MARK + self.marks)?;
            self.marks += 1;
            let end = MARK + self.marks;
            let is_mark = |frame: &&Frame| mark_of(frame).is_some_and(|it| it < end);
            let all = match self.file.metadata() {
                Ok(about) if about.len() > 24 => capture::tcpdump(&self.file)?,
                _ => Vec::new(),
            };
            let new = all.get(self.read..).unwrap_or_default();
            let last = new.last().filter(is_mark).and_then(mark_of);
            if last.is_none_or(|it| it < first) {
                return Ok(None);
            }
            let found = new.iter().filter(|it| !is_mark(it)).cloned().collect();
            self.read = all.len();
            Ok(Some(found))
        })
    }
}

impl Drop for Truth {
    fn drop(&mut self) {
        // It has ended where these fail.
        let _ = self.tcpdump.kill();
        let _ = self.tcpdump.wait();
    }
}

/// Sends a message that stands between two runs, and takes its answer.
fn mark(namespace: &str, sequence: u32) -> Result<()> {
    inside(namespace, || {
        let socket = NlSocket::connect(NlFamily::Route, None, Groups::empty())?;
        let mut body = vec![0; 16];
        body[4] = 1;
        socket.send(
            message(RTM_GETLINK, NLM_F_REQUEST, sequence, &body),
            Msg::empty(),
        )?;
        socket.recv(&mut [0; 8192], Msg::empty())?;
        Ok(())
    })
}

/// Runs `what` while others do `script` over and over in the namespace; how often they
/// did.
pub(super) fn with_chatter<T>(
    namespace: &str,
    script: &str,
    env: &[(&str, String)],
    what: impl FnOnce() -> Result<T>,
) -> Result<(T, u64)> {
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let others = scope.spawn(|| {
            let mut times = 0;
            while !is_over.load(Ordering::Relaxed) {
                inside(namespace, || run(shell(script, env)).map(drop))?;
                times += 1;
                thread::sleep(Duration::from_millis(20));
            }
            Ok(times)
        });
        // One who listens to what everybody changes.
        let listener = inside(namespace, || {
            Command::new("ip")
                .args(["monitor", "all"])
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .spawn()
                .context("cannot run ip")
        });
        let done = what();
        is_over.store(true, Ordering::Relaxed);
        if let Ok(mut listener) = listener {
            listener.kill()?;
            listener.wait()?;
        }
        let times: Result<u64> = match others.join() {
            Ok(times) => times,
            Err(_) => bail!("the chatter panicked"),
        };
        Ok((done?, times.context("the chatter failed")?))
    })
}

/// `sh -c SCRIPT` with these variables.
pub(super) fn shell(script: &str, env: &[(&str, String)]) -> Command {
    let mut cmd = Command::new("sh");
    cmd.args(["-c", script]);
    cmd.envs(env.iter().map(|(name, value)| (name, value)));
    cmd
}

/// Runs a program that must succeed; its output.
pub(super) fn run(mut cmd: Command) -> Result<(String, String)> {
    let out = cmd
        .stdin(Stdio::null())
        .output()
        .context("cannot run a program")?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (stdout, stderr) = (text(&out.stdout), text(&out.stderr));
    ensure!(
        out.status.success(),
        "{cmd:?}: {}\n{stdout}{stderr}",
        out.status
    );
    Ok((stdout, stderr))
}
