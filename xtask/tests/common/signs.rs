// SPDX-License-Identifier: GPL-2.0-or-later
//! How tests wait: for a sign that what they need is there, never for a time. A machine
//! that does much else is slow, and a test must not see that.

use std::{
    thread,
    time::{Duration, Instant},
};

/// How long any sign is waited for, at least. It is far more than anything takes, for where
/// it passes the test fails.
pub(crate) const DEADLINE: Duration = Duration::from_secs(120);

/// The pause between two looks.
const PAUSE: Duration = Duration::from_millis(20);

/// How many looks there must have been for each second of the deadline: half of what an idle
/// machine makes. Where others leave little of the machine, looks are as slow as what is
/// waited for, and so the deadline comes later.
const LOOKS: u64 = 25;

/// What a script or program says, with the condition, where a sign never came.
pub(crate) const NEVER: &str = "this never came true: ";

/// Waits until it is true; `what` it is stands in the failure.
pub(crate) fn wait_for(what: &str, mut is_true: impl FnMut() -> bool) {
    let start = Instant::now();
    let mut looks = LOOKS * DEADLINE.as_secs();
    while !is_true() {
        looks = looks.saturating_sub(1);
        assert!(looks > 0 || start.elapsed() < DEADLINE, "{NEVER}{what}");
        thread::sleep(PAUSE);
    }
}

/// Functions that scripts have; `eval "$SIGNS"` gives them to a shell that a script starts.
///
/// - `await CONDITION` waits until the condition, a command, succeeds. Where it never does,
///   all processes of the script are ended, so that none keeps its output open.
/// - `hears PID` says whether the process is in a multicast group and waits for more: it has
///   taken all that was said before. ip monitor has a socket besides, so that the number of
///   the process is not the port id; the inode tells. What it is in the middle of printing
///   keeps it from sleeping.
/// - `records FILE` says whether nlcap records into it: it writes the file's beginning when
///   its tap listens and its command has started.
/// - `shows FILE NUMBER PATTERN` says whether so many messages of a recording, which may be
///   growing, match: each is a line of JSON.
pub(crate) fn shell(deadline: Duration) -> String {
    let seconds = deadline.as_secs();
    let looks = LOOKS * seconds;
    format!(
        r#"
await() {{
    local now end looks=0
    read -r now end </proc/uptime
    end=$((${{now%.*}} + {seconds}))
    until eval "$1"; do
        read -r now _ </proc/uptime
        looks=$((looks + 1))
        if [ ${{now%.*}} -ge $end ] && [ $looks -ge {looks} ]; then
            echo "{NEVER}$1" >&2
            kill -KILL 0
        fi
        sleep 0.02
    done
}}
hears() {{
    local of
    of=$(readlink /proc/$1/fd/* | sed -n 's/^socket:.\([0-9]*\).$/ \1 /p' | tr -d '\n')
    awk -v of="$of" '$4 ~ /[1-9a-f]/ && $5 == 0 && index(of, " " $10 " ") {{ found = 1 }} END {{ exit !found }}' \
        /proc/$1/net/netlink && grep -q '^State:.S' /proc/$1/status
}}
records() {{ [ -s "$1" ]; }}
shows() {{ [ $(nlcap show -j "$1" 2>/dev/null | grep -c "$3") -ge $2 ]; }}
"#
    )
}

/// What Python programs of the tests begin with: `until(CONDITION)` waits until the
/// expression is true, with such pauses.
pub(crate) fn python() -> String {
    let seconds = DEADLINE.as_secs();
    let looks = LOOKS * seconds;
    format!(
        "
import sys, time
def until(condition, pause=0.02):
    end, looks = time.monotonic() + {seconds}, 0
    while not eval(condition, globals()):
        looks += 1
        if time.monotonic() > end and looks > {looks}: sys.exit('{NEVER}' + condition)
        time.sleep(pause)
"
    )
}
