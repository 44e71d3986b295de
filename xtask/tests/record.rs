// SPDX-License-Identifier: GPL-2.0-or-later
//! `nlcap` in the guest, judged by the real tshark and tcpdump.

mod common;

use common::{guest, make_dummies, outcome, root, sh, text};
use std::{fs, path::Path, process::Command};

/// A display filter: what was on the tap.
const TAPPED: &str = "!(frame.comment == \"added by nlcap\")";

/// The names of nlmon links in the guest.
fn taps() -> String {
    sh("ip -o link show type nlmon | cut -d: -f2")
}

/// tshark on a recording with our plugin; never resolves names, never asks home.
fn tshark(file: &Path, args: &[&str]) -> String {
    let home = tempfile::tempdir().unwrap();
    let out = Command::new("tshark")
        .args(["-n", "-X"])
        .arg(format!(
            "lua_script:{}",
            root().join("dissector/nl_util.lua").display()
        ))
        .arg("-r")
        .arg(file)
        .args(args)
        .env("HOME", home.path())
        .env_remove("XDG_CONFIG_HOME")
        .output()
        .unwrap();
    assert!(out.status.success(), "{}", text(&out.stderr));
    assert!(!text(&out.stderr).contains("Lua"), "{}", text(&out.stderr));
    text(&out.stdout)
}

/// Lines of tshark's -T fields.
fn fields(file: &Path, filter: &str, names: &[&str]) -> Vec<String> {
    let mut args = vec!["-Y", filter, "-T", "fields"];
    args.extend(names.iter().flat_map(|name| ["-e", name]));
    tshark(file, &args).lines().map(str::to_owned).collect()
}

/// Runs a script in the guest whose recordings go to `dir`.
fn record_in(dir: &Path, script: &str) -> String {
    let out = guest()
        .args(["--", "sh", "-euc", script])
        .env("DIR", dir)
        .output()
        .unwrap();
    assert!(
        out.status.success(),
        "{}{}",
        text(&out.stdout),
        text(&out.stderr)
    );
    text(&out.stdout)
}

#[test]
fn tshark_decodes_a_recorded_nl_user_show_field_by_field() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("show.pcapng");
    let ip = record_in(
        dir.path(),
        "ip link add veth0 type veth peer name veth1; ip link set veth0 up; ip tuntap add tun0 mode tun
         ip link set dummy0 mtu 1400 address 02:00:00:00:00:0a up
         nlcap record -w $DIR/show.pcapng -- nl_user show >/dev/null
         genl ctrl get name nl_util | grep -o 'ID: 0x[0-9a-f]*' | cut -d' ' -f2 >$DIR/number
         ip -o link | grep link/ether | sed 's/^[0-9]*: //; s/[@:].*//'",
    );
    let names: Vec<_> = ip.lines().collect();
    let found = fields(&file, "nl_util.cmd == 1", &["nl_util.netdev.ifname"]);
    // The request has no name, the answer all of them.
    assert_eq!(found, ["", &names.join(",")]);
    assert_eq!(names.len(), 3);

    let all = fields(&file, "nl_util", &["nl_util.cmd", "nl_util.version"]);
    assert_eq!(all, ["1\t1", "1\t1"]);
    // Every message that has our family's number is ours, and no other.
    let number = fs::read_to_string(dir.path().join("number")).unwrap();
    let of_number = format!("{TAPPED} && genl.family_id == {}", number.trim());
    let numbered = fields(&file, &of_number, &["frame.number"]);
    assert_eq!(fields(&file, "nl_util", &["frame.number"]), numbered);
    assert_eq!(fields(&file, TAPPED, &["frame.number"]).len(), 4);

    let one = "nl_util.netdev.ifname == \"dummy0\"";
    assert_eq!(
        fields(&file, one, &["nl_util.netdev.ifmac"])[0]
            .split(',')
            .next(),
        Some("02:00:00:00:00:0a")
    );
    assert_eq!(
        fields(&file, "nl_util.netdev.ifmtu == 1400", &["frame.number"]).len(),
        1
    );
    assert_eq!(
        fields(&file, "nl_util.netdev.flags.up == 1", &["frame.number"]).len(),
        1
    );
    assert_eq!(
        fields(
            &file,
            "nl_util.netdev.ifmac == 02:00:00:00:00:0a",
            &["frame.number"]
        )
        .len(),
        1
    );
    assert_eq!(
        fields(&file, "nl_util.netdev.ifmtu == 77", &["frame.number"]).len(),
        0
    );
    let summary = tshark(&file, &["-Y", "nl_util"]);
    assert!(
        summary.contains("L2_LIST request") && summary.contains("L2_LIST answer, 3 interfaces"),
        "{summary}"
    );
}

#[test]
fn a_recording_begins_with_the_families_and_says_how_it_was_made() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("x.pcapng");
    record_in(
        dir.path(),
        "nlcap record -w $DIR/x.pcapng -- nl_user show dummy0 >/dev/null",
    );
    let added = fields(
        &file,
        "frame.comment contains \"added by nlcap\"",
        &["frame.number"],
    );
    assert_eq!(added.first().map(String::as_str), Some("1"));
    let mut names = fields(&file, "frame.comment", &["genl.ctrl.family_name"]).join(",");
    if names.replace(',', "").is_empty() {
        // The field's name before Wireshark 4.2.
        names = tshark(&file, &["-Y", "frame.comment", "-V"]);
    }
    assert!(
        names.contains("nl_util") && names.contains("nlctrl"),
        "{names}"
    );
    let info = Command::new("capinfos").arg(&file).output().unwrap();
    let info = text(&info.stdout);
    assert!(
        info.contains("nl_user show dummy0") && info.contains("netlink"),
        "{info}"
    );
    assert!(info.contains("nanoseconds"), "{info}");
    let own = fields(
        &file,
        "nl_util.cmd == 2",
        &["nl_util.netdev.ifindex", "nl_util.netdev.stats.rx_packets"],
    );
    assert_eq!(own.len(), 2, "{own:?}");
}

#[test]
fn the_report_counts_what_tshark_counts_and_sets_both_side_by_side() {
    let dir = tempfile::tempdir().unwrap();
    let report = record_in(
        dir.path(),
        "for i in $(seq 9); do ip link add d$i type dummy; done
         nlcap record -w $DIR/a.pcapng -- nl_user show >/dev/null
         nlcap record -w $DIR/b.pcapng -- ip link show >/dev/null
         nlcap report -f json $DIR/a.pcapng $DIR/b.pcapng",
    );
    let json: serde_json::Value = serde_json::from_str(&report).unwrap();
    let all = json["groups"][0]["recordings"].as_array().unwrap();
    let row = |name: &str| -> Vec<u64> {
        let figures = all.iter().map(|it| it["figures"][name].as_u64());
        figures
            .map(|it| it.unwrap_or_else(|| panic!("no {name} in\n{report}")))
            .collect()
    };
    for (column, name) in ["a", "b"].iter().enumerate() {
        let file = dir.path().join(format!("{name}.pcapng"));
        // An NLMSG_ERROR quotes the header of what it refuses, which tshark shows
        // under the same name: those are counted by themselves.
        let lengths = fields(
            &file,
            &format!("{TAPPED} && !netlink.error"),
            &["netlink.hdr_len"],
        );
        let lengths: Vec<u64> = lengths
            .iter()
            .flat_map(|line| line.split(','))
            .map(|it| it.parse().unwrap())
            .collect();
        let refused = fields(
            &file,
            &format!("{TAPPED} && netlink.error"),
            &["frame.number"],
        )
        .len();
        assert_eq!(row("refused")[column], refused as u64, "{report}");
        let messages = lengths.len() + refused;
        assert_eq!(row("messages")[column], messages as u64, "{report}");
        let bytes: u64 = lengths.iter().sum();
        let counted = row("bytes")[column];
        assert!(
            counted >= bytes && (refused > 0 || counted == bytes),
            "{report}"
        );
    }
    // dummy0 to d9; ip shows lo and the tap as well.
    assert_eq!(row("interfaces"), [10, 12], "{report}");
    assert!(report.contains("nl_user show") && report.contains("ip link show"));
}

guest_tests! {
    fn streams_and_status_are_the_commands_own_and_the_last_word_is_one_line() {
        let (code, out, err) = outcome("cd /run; nlcap record -w x.pcapng -- sh -c 'echo out; echo err >&2; exit 42'");
        assert_eq!((code, out.as_str()), (Some(42), "out\n"));
        let lines: Vec<_> = err.lines().collect();
        assert_eq!((lines.len(), lines[0]), (2, "err"), "{err}");
        assert!(lines[1].contains("x.pcapng") && lines[1].contains("0 lost"), "{err}");
        assert_eq!(outcome("cd /run; nlcap record -w x.pcapng -- sh -c 'kill -9 $$'").0, Some(137));
        assert_eq!(outcome("cd /run; nlcap record -w x.pcapng -- no-such-command").0, Some(127));
        assert_eq!(outcome("cd /run; nlcap record -w x.pcapng -- /etc/passwd").0, Some(126));
        let (code, _, err) = outcome("nlcap record -w /nonexistent/x -- true");
        assert_eq!((code, err.lines().count()), (Some(125), 1), "{err}");
        assert!(err.contains("ENOENT") && err.contains("/nonexistent/x"), "{err}");
        assert_eq!(taps(), "");
    }

    fn every_exit_path_removes_the_link_that_was_made() {
        for signal in ["INT", "TERM", "HUP", "QUIT"] {
            let script = format!(
                "cd /run; rm -f x.pcapng
                 env --default-signal=INT,QUIT nlcap record -w x.pcapng -- sh -c 'while :; do sleep 0.05; done' & pid=$!
                 await 'records x.pcapng'; ip -o link show type nlmon | grep -q nlcap
                 kill -{signal} $pid; wait $pid || echo $?"
            );
            let status = sh(&script);
            assert!(status.trim().parse::<i32>().unwrap() > 128, "{signal}: {status}");
            assert_eq!(taps(), "", "{signal}");
            // What there was until then is a whole file.
            sh("capinfos /run/x.pcapng >/dev/null");
        }
    }

    fn a_link_that_was_there_is_used_and_left() {
        sh("ip link add mon7 type nlmon; ip link set mon7 up");
        sh("cd /run; nlcap record -i mon7 -w x.pcapng -- nl_user show >/dev/null");
        assert_eq!(taps().trim(), "mon7");
        assert!(sh("capinfos -Tc /run/x.pcapng | tail -1").contains("x.pcapng"));
        for (link, word) in [("dummy0", "nlmon"), ("nosuch0", "nosuch0")] {
            let (code, _, err) = outcome(&format!("cd /run; nlcap record -i {link} -w y.pcapng -- true"));
            assert_eq!((code, err.lines().count()), (Some(125), 1), "{err}");
            assert!(err.contains(word), "{err}");
        }
    }

    fn nothing_is_lost_and_every_frame_is_what_tcpdump_sees() {
        make_dummies("d", 500);
        // tcpdump on a tap of its own, which sees the same messages.
        sh("cd /run; ip link add mon0 type nlmon; ip link set mon0 up
            ip link add mon1 type nlmon; ip link set mon1 up
            tcpdump -i mon1 -B 65536 -s 262144 -U -w t.pcap 2>t.err & pid=$!
            await 'grep -q listening t.err'
            nlcap record -i mon0 -w n.pcapng -- sh -c 'for i in 1 2 3; do ip link show; nl_user show; done' >/dev/null 2>n.err
            # What comes last tells that tcpdump has written all before.
            ip link set dummy0 alias the-last-word; await 'grep -qa the-last-word t.pcap'
            kill $pid; wait $pid || true; grep -q ' 0 lost' n.err");
        // tcpdump sees more: what nlcap itself and its start and end say.
        let payloads = |file: &str| -> Vec<String> {
            let out = sh(&format!(
                "tshark -n -r /run/{file} -Y '{TAPPED}' -T fields -e netlink.hdr_len -e netlink.hdr_seq -e netlink.hdr_pid -e netlink.hdr_type 2>/dev/null"
            ));
            out.lines().map(str::to_owned).collect()
        };
        let (ours, theirs) = (payloads("n.pcapng"), payloads("t.pcap"));
        assert!(ours.len() > 30, "{}", ours.len());
        let at = theirs.iter().position(|line| *line == ours[0]).unwrap();
        assert_eq!(&theirs[at..at + ours.len()], &ours[..]);
    }

    fn without_privilege_one_line_says_what_is_needed() {
        let (code, _, err) = outcome("cd /run; mkdir -m 777 open; cd open
            setpriv --reuid 65534 --regid 65534 --clear-groups nlcap record --tap nlmon -- true");
        assert_eq!((code, err.lines().count()), (Some(125), 1), "{err}");
        assert!(err.contains("EPERM") && err.contains("sudo"), "{err}");
        assert_eq!(sh("ls /run/open"), "");
        assert_eq!(taps(), "");
    }

    fn without_privilege_a_commands_own_calls_are_the_tap() {
        let nobody = "mkdir -p -m 777 /run/open; cd /run/open; setpriv --reuid 65534 --regid 65534 --clear-groups";
        let (code, out, err) = outcome(&format!("{nobody} nlcap record -w x.pcapng -- ip link show"));
        assert_eq!(code, Some(0), "{err}");
        assert!(out.contains("dummy0") && !out.contains("nlcap"), "{out}");
        assert!(err.contains("(tap: syscalls: what CMD did not read is not in it)"), "{err}");
        let (code, out, err) = outcome(&format!("{nobody} nlcap taps; nlcap taps"));
        assert_eq!(code, Some(0), "{err}");
        let lines: Vec<_> = out.lines().collect();
        assert_eq!(lines.len(), 4, "{out}");
        assert!(lines[0].starts_with("nlmon     no   cannot create an nlmon link: EPERM"), "{out}");
        assert!(lines[1].starts_with("syscalls  yes  "), "{out}");
        assert!(lines[2].starts_with("nlmon     yes  ") && lines[3].starts_with("syscalls  yes  "), "{out}");
        assert_eq!(taps(), "");
    }

    fn a_network_namespace_of_ones_own_needs_no_root() {
        let out = sh("cd /run; mkdir -m 777 open; cd open
            setpriv --reuid 65534 --regid 65534 --clear-groups unshare -rn nlcap record -w x.pcapng -- ip link show");
        assert!(out.contains("lo:") && out.contains("nlcap"), "{out}");
        assert!(fs::metadata("/run/open/x.pcapng").unwrap().len() > 1000);
    }

    fn a_hundred_recordings_leave_no_link_and_miss_no_request() {
        let script = "cd /run; for i in $(seq 100); do nlcap record -w x$i.pcapng -- nl_user show >/dev/null 2>err; done";
        sh(script);
        assert_eq!(taps(), "");
        let report = sh("cd /run; nlcap report -f json x*.pcapng");
        let report: serde_json::Value = serde_json::from_str(&report).unwrap();
        let all = report["groups"][0]["recordings"].as_array().unwrap();
        assert_eq!(all.len(), 100);
        assert!(all.iter().all(|it| it["figures"]["requests"] == 2), "{report}");
    }
}
