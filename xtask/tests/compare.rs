// SPDX-License-Identifier: GPL-2.0-or-later
//! `nlcap compare`: rounds of real commands, and nothing left behind.

mod common;

use common::{outcome, sh};
use serde_json::Value;

guest_tests! {
    fn commands_are_recorded_in_turn_and_reported_with_their_spread() {
        sh("ip link add br0 type bridge; ip link add veth0 type veth peer name veth1
            ip link set veth0 master br0 up; ip link set veth1 up; mkdir /run/kept");
        common::settle();
        let json = sh("cd /run; TMPDIR=/run nlcap compare -n 4 -f json --title two --keep kept 'nl_user show' 'ip  link show'");
        let json: Value = serde_json::from_str(&json).unwrap();
        let group = &json["groups"][0];
        assert_eq!(group["title"], "two");
        let all = group["recordings"].as_array().unwrap();
        assert_eq!(all.len(), 2);
        for (recording, command) in all.iter().zip(["nl_user show", "ip link show"]) {
            let (rounds, figures) = (&recording["rounds"], &recording["figures"]);
            assert_eq!(recording["command"], command);
            assert_eq!((&rounds["count"], &rounds["failed"]), (&4.into(), &0.into()));
            let spread = |name: &str| ["min", "median", "max"].map(|it| rounds[name][it].as_u64().unwrap());
            assert!(spread("time").is_sorted() && spread("time")[0] > 0, "{rounds}");
            // All else is of the round of median time.
            assert_eq!(rounds["time"]["median"], figures["time"]);
            let printed = sh(&format!("{command} | wc -c"));
            let waste = recording["waste"].as_array().unwrap();
            let unprinted = waste.iter().find(|it| it["kind"] == "unprinted").unwrap();
            // ip prints the recorder's own link as well.
            let least = printed.trim().parse::<u64>().unwrap();
            assert!((least..least + 300).contains(&unprinted["printed"].as_u64().unwrap()), "{unprinted}");
        }
        let pair = &group["comparison"]["pairs"][0];
        assert_eq!((&pair["interfaces"], &pair["disagreements"]), (&4.into(), &Value::Array(vec![])));
        let kept: Vec<_> = sh("ls /run/kept").lines().map(str::to_owned).collect();
        assert_eq!(kept.len(), 8, "{kept:?}");
        assert_eq!(sh("ls -A /run; ip -br link | grep nlcap || :").trim(), "kept");
    }

    fn a_command_that_fails_is_counted_and_one_that_cannot_start_is_said() {
        let (code, out, err) = outcome("nlcap compare -n 2 'nl_user show 99' 'nl_user show'");
        assert_eq!((code, err.as_str()), (Some(0), ""));
        assert!(out.contains("nl_user show 99 failed in 2 of 2 rounds."), "{out}");
        assert!(out.contains("nl_util l2-iid ENODEV: no such interface"), "{out}");
        let (code, out, err) = outcome("nlcap compare -n 2 'nl_user show' no-such-command");
        assert_eq!((code, out.as_str()), (Some(1), ""));
        assert_eq!(err, "nlcap: cannot record no-such-command: cannot run no-such-command: ENOENT: No such file or directory\n");
        let (code, _, err) = outcome("nlcap compare 'ip link | cat'");
        assert_eq!((code, err.lines().count()), (Some(2), 1), "{err}");
        assert_eq!(outcome("nlcap compare -n 0 true").0, Some(2));
    }

    fn a_signal_ends_it_and_leaves_nothing() {
        let script = "cd /run; mkdir t; TMPDIR=/run/t nlcap compare -n 9 'sleep infinity' 2>err & await \"pgrep -fx 'sleep infinity' >/dev/null\"
            kill -TERM $!; wait $! || echo $?; ls -A t; ip -br link | grep nlcap || :; pgrep -fx 'sleep infinity' || :";
        assert_eq!(sh(script).trim(), "143");
    }
}
