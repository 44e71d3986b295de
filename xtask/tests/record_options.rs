// SPDX-License-Identifier: GPL-2.0-or-later
//! `nlcap record` in the guest: what is recorded, by its options, and with which
//! privilege.

mod common;

use std::fs;

use common::{make_dummies, outcome, sh};

/// The fields of the packets that were on the tap.
fn fields(file: &str, names: &[&str]) -> Vec<String> {
    let names: String = names.iter().map(|name| format!(" -e {name}")).collect();
    sh(&format!(
        "tshark -n -r {file} -Y '!(frame.comment contains \"added by nlcap\")' -T fields{names}"
    ))
    .lines()
    .map(str::to_owned)
    .collect()
}

guest_tests! {
    fn keys_of_wg_and_ip_xfrm_are_shown_only_on_demand_and_redacted_files_have_none() {
        // wg clamps the first and last byte of a private key. Without ESP in the kernel, the
        // state is refused, and the error repeats the request.
        let key: String = "4b6579".repeat(11).chars().take(64).collect();
        sh("ip link add wg0 type wireguard; cd /run
            printf KeyKeyKeyKeyKeyKeyKeyKeyKeyKeyKe | base64 >key
            wg genkey | wg pubkey >peer");
        fs::write("/run/script", format!("set -e
            wg set wg0 private-key key peer $(cat peer) preshared-key key
            wg show wg0 dump
            ip xfrm state add src 10.0.0.1 dst 10.0.0.2 proto esp spi 1 mode tunnel \\
               enc 'cbc(aes)' 0x{key} auth 'hmac(sha256)' 0x{key} || true
            ip xfrm state")).unwrap();
        let has_key = |text: &str| {
            let text = text.replace([' ', '\n'], "");
            text.contains("KeyKeyKey") || text.contains("4b65794b65794b6579")
        };
        for tap in ["nlmon", "syscalls"] {
            sh("ip xfrm state flush || true");
            let plain = sh(&format!("cd /run; nlcap record --tap {tap} -w plain.pcapng -- sh script 2>&1 >/dev/null"));
            assert!(!plain.contains("redacted"), "{plain}");
            sh("ip xfrm state flush || true");
            let redacted = sh(&format!("cd /run; nlcap record --tap {tap} --redact -w redacted.pcapng -- sh script 2>&1 >/dev/null"));
            assert!(redacted.contains(" secrets redacted"), "{redacted}");
            let bytes = |name: &str| String::from_utf8_lossy(&fs::read(format!("/run/{name}.pcapng")).unwrap()).into_owned();
            assert!(has_key(&bytes("plain")) && !has_key(&bytes("redacted")), "{tap}");
            assert!(!bytes("plain").contains("redacted") && bytes("redacted").contains("redacted"));
            for form in ["", "-v", "-j", "-x"] {
                let shown = sh(&format!("nlcap show {form} /run/plain.pcapng"));
                assert!(!has_key(&shown), "{tap} {form}: {shown}");
                let mark = if form == "-x" { "** ** ** **" } else { "(secret, 32 bytes)" };
                assert!(shown.contains(mark), "{tap} {form}: {shown}");
                let all = sh(&format!("nlcap show {form} --secrets /run/plain.pcapng"));
                assert!(has_key(&all), "{tap} {form}: {all}");
            }
            assert!(!has_key(&sh("nlcap report -o - -f html /run/plain.pcapng 2>/dev/null || nlcap report /run/plain.pcapng")));
            let traced = sh(&format!("cd /run; nlcap trace -v -x --tap {tap} --redact -w t.pcapng -- sh script 2>&1 >/dev/null"));
            assert!(!has_key(&traced) && traced.contains("(secret, 32 bytes)"), "{traced}");
            assert!(!has_key(&bytes("t")), "{tap}");
        }
    }

    fn without_a_command_the_namespace_is_recorded_until_a_signal() {
        let (code, out, err) = outcome("cd /run; ip netns add other
            nlcap record -w x.pcapng & pid=$!; await 'records x.pcapng'
            nl_user show >/dev/null; ip -n other link show >/dev/null
            kill -INT $pid; wait $pid; ip -o link show type nlmon");
        assert_eq!((code, out.as_str()), (Some(0), ""), "{err}");
        let netlink = fields("/run/x.pcapng", &["netlink.family"]);
        assert_eq!(netlink.iter().filter(|family| *family == "0x0010").count(), 4, "{err}");
        let info = sh("capinfos /run/x.pcapng");
        assert!(info.contains("nlcap record -w x.pcapng"), "{info}");
    }

    fn a_recording_ends_after_a_time_or_so_many_packets_and_the_command_goes_on() {
        let (code, out, err) = outcome("cd /run; nlcap record -c 3 -w x.pcapng -- sh -c 'nl_user show >/dev/null; nl_user show >/dev/null; echo whole; exit 4'");
        assert_eq!((code, out.as_str()), (Some(4), "whole\n"), "{err}");
        assert!(err.contains("3 messages in 3 frames"), "{err}");
        assert_eq!(fields("/run/x.pcapng", &["frame.number"]).len(), 3);
        // On a busy machine the first half may take longer than a short time.
        let is_whole = |seconds| {
            let (code, out, err) = outcome(&format!("cd /run; nlcap record --duration {seconds} -w x.pcapng -- sh -c 'eval \"$SIGNS\"
                nl_user show >/dev/null; await \"! ls /sys/class/net | grep -q nlcap\"; nl_user show >/dev/null; echo whole'"));
            assert_eq!((code, out.as_str()), (Some(0), "whole\n"), "{err}");
            let recorded = fields("/run/x.pcapng", &["frame.number"]).len();
            assert!(recorded <= 4, "{seconds} s: {recorded}");
            recorded == 4
        };
        assert!(["0.5", "5", "50"].into_iter().any(is_whole));
        let (code, _, err) = outcome("cd /run; rm x.pcapng; nlcap record -c 2 -w x.pcapng & await 'records x.pcapng'; nl_user show >/dev/null; wait $!");
        assert_eq!(code, Some(0));
        assert!(err.contains("2 messages in 2 frames"), "{err}");
    }

    fn a_filter_keeps_protocols_and_families() {
        let record = |filter: &str| {
            let err = outcome(&format!("cd /run; nlcap record {filter} -w x.pcapng -- sh -c 'nl_user show; ip link show; nl_user show 99; ss -tn' >/dev/null")).2;
            let mut families = fields("/run/x.pcapng", &["netlink.family"]);
            families.sort();
            let all = families.len();
            families.dedup();
            (all, families.join(","), err)
        };
        let (everything, protocols, _) = record("");
        assert_eq!(protocols, "0x0000,0x0004,0x0010");
        let (route, protocols, err) = record("-f route");
        assert_eq!(protocols, "0x0000");
        assert!(err.contains(" filtered out"), "{err}");
        let (generic, protocols, _) = record("-f generic");
        assert_eq!((generic, protocols.as_str()), (8, "0x0010"));
        let (both, _, _) = record("-f route -f sock-diag");
        assert_eq!(both + generic, everything);
        assert!(route < both, "{route} {both}");
        // A request, its answer; a request, its refusal: without the controller's.
        assert_eq!(record("-f nl_util").0, 4);
        assert_eq!(record("-f nlctrl").0, 4);
        let (none, _, err) = record("-f nosuch");
        assert_eq!(none, 0);
        assert!(err.contains("family nosuch is not registered yet"), "{err}");
    }

    fn packets_are_cut_at_the_snap_length_and_keep_their_own() {
        sh("cd /run; nlcap record -s 116 -w x.pcapng -- ip link show >/dev/null");
        let lengths = fields("/run/x.pcapng", &["frame.cap_len", "frame.len"]);
        let lengths: Vec<(usize, usize)> = lengths
            .iter()
            .map(|line| line.split_once('\t').unwrap())
            .map(|(kept, all)| (kept.parse().unwrap(), all.parse().unwrap()))
            .collect();
        assert!(lengths.iter().all(|(kept, all)| *kept == 116.min(*all)), "{lengths:?}");
        assert!(lengths.iter().any(|(_, all)| *all > 1000), "{lengths:?}");
        assert!(sh("capinfos /run/x.pcapng").contains("Capture length = 116"));
    }

    fn another_namespace_is_recorded_by_name_path_and_process() {
        sh("ip netns add blue; ip -n blue link add only0 type dummy");
        let pid = sh("ip netns exec blue sleep infinity >/dev/null 2>&1 & echo $!
            await \"[ /proc/$!/ns/net -ef /run/netns/blue ]\"");
        for name in ["blue", "/run/netns/blue", pid.trim()] {
            let out = sh(&format!("cd /run; nlcap record -n {name} -w x.pcapng -- nl_user show"));
            assert!(out.contains("only0") && !out.contains("dummy0"), "{name}: {out}");
            assert_eq!(fields("/run/x.pcapng", &["frame.number"]).len(), 4);
            let inode = sh("stat -Lc %i /run/netns/blue");
            assert!(sh("capinfos /run/x.pcapng").contains(&format!("net:[{}]", inode.trim())));
        }
        let out = sh("ip -o link show type nlmon; ip -n blue -o link show type nlmon");
        assert_eq!(out, "");
        for (name, word) in [("nosuch", "ENOENT"), ("/etc/passwd", "EINVAL"), ("0", "ENOENT")] {
            let (code, _, err) = outcome(&format!("cd /run; nlcap record -n {name} -w y.pcapng -- true; ls y.pcapng"));
            assert_eq!((code, err.lines().count()), (Some(125), 1), "{err}");
            assert!(err.contains(word) && err.contains("cannot enter network namespace"), "{err}");
        }
    }

    fn the_command_runs_as_the_user_that_strace_would_take() {
        let id = "sh -c 'id; grep -E \"^(Uid|Gid|Groups|Cap(Prm|Eff)|NoNewPrivs)\" /proc/self/status'";
        for user in ["nobody", "root"] {
            let theirs = sh(&format!("cd /run; strace -u {user} -o /dev/null -- {id}"));
            let ours = sh(&format!("cd /run; nlcap record -u {user} -w x.pcapng -- {id}"));
            assert_eq!(ours, theirs);
        }
        let out = sh("cd /run; nlcap record -u 1234:1235 -w x.pcapng -- id");
        assert!(out.starts_with("uid=1234 gid=1235"), "{out}");
        // Its messages are seen, and programs with the set-user-ID bit have their right.
        sh("cd /run; nlcap record -u nobody -w x.pcapng -- nl_user show >/dev/null");
        let comments = fields("/run/x.pcapng", &["frame.comment"]);
        assert!(comments.len() == 4 && comments.iter().all(|it| it.contains("owner=exact")), "{comments:?}");
        let out = sh("cp /usr/bin/id /run/setuid-id; chmod 4755 /run/setuid-id; cd /run; nlcap record -u nobody -w x.pcapng -- ./setuid-id -u");
        assert_eq!(out, "0\n");
        // Signals reach it.
        let (code, _, _) = outcome("cd /run; rm x.pcapng; nlcap record -u nobody -w x.pcapng -- sleep infinity & await 'records x.pcapng'; kill -TERM $!; wait $!");
        assert_eq!(code, Some(143));
        let (code, _, err) = outcome("cd /run; nlcap record -u no-such-user -w y.pcapng -- true");
        assert_eq!((code, err.lines().count()), (Some(125), 1), "{err}");
    }

    fn what_was_lost_is_counted_and_strict_says_so_by_its_status() {
        make_dummies("d", 500);
        let script = |strict: &str| format!("cd /run; rm -f x.pcapng
            nlcap record {strict} --buffer 1M -w x.pcapng & pid=$!
            await 'records x.pcapng'; kill -STOP $pid; await \"grep -q '^State:.T' /proc/$pid/status\"
            for i in 1 2 3; do ip link show >/dev/null; done
            kill -CONT $pid; kill -INT $pid; wait $pid");
        let (code, _, err) = outcome(&script("--strict"));
        assert_eq!(code, Some(123), "{err}");
        let lost = err.split(" frames, ").nth(1).unwrap().split(' ').next().unwrap();
        assert!(lost.parse::<u32>().unwrap() > 10, "{err}");
        let report = sh("nlcap report -f json /run/x.pcapng | grep -o '\"lost\": *[0-9]*'");
        assert!(report.contains(&format!(" {lost}\n")), "{report}");
        assert_eq!(outcome(&script("")).0, Some(0));
        let (code, _, err) = outcome("cd /run; nlcap record --strict -w x.pcapng -- sh -c 'ip link show >/dev/null; exit 3'");
        assert_eq!(code, Some(3), "{err}");
    }

    fn a_signal_is_heard_while_messages_pour_in() {
        make_dummies("d", 300);
        let (code, out, err) = outcome("cd /run
            (while :; do ip link show >/dev/null; done) & a=$!
            (while :; do ip link show >/dev/null; done) & b=$!
            nlcap record -w /dev/null & pid=$!
            await '[ $(cat /sys/class/net/nlcap*/statistics/rx_packets 2>/dev/null || echo 0) -gt 1000 ]'; kill -INT $pid
            # They go on until it has ended.
            await \"[ ! -d /proc/$pid ]\"; kill $a $b; wait $pid");
        assert_eq!((code, out.as_str()), (Some(0), ""), "{err}");
    }

    fn two_capabilities_are_enough_and_few_are_in_effect_while_messages_are_read() {
        let drop = "setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps +net_admin,+net_raw --ambient-caps +net_admin,+net_raw --bounding-set -all,+net_admin,+net_raw";
        let out = sh(&format!("mkdir -m 777 /run/open; cd /run/open; {drop} nlcap record -w x.pcapng -- ip link show"));
        assert!(out.contains("dummy0"), "{out}");
        assert!(fields("/run/open/x.pcapng", &["frame.comment"]).iter().all(|it| it.contains("owner=exact")));
        // A program that may not be read may not be looked at either, as one with
        // capabilities of its file.
        let out = sh(&format!("cd /run/open; cp $(command -v nlcap) nlcap; chmod 711 nlcap
            {drop} ./nlcap record -w y.pcapng -- ip link show"));
        assert!(out.contains("dummy0"), "{out}");
        assert!(fields("/run/open/y.pcapng", &["frame.comment"]).iter().all(|it| it.contains("owner=exact")));
        assert_eq!(sh("ip -o link show type nlmon"), "");

        let sets = |command: &str| sh(&format!("cd /run; rm -f x.pcapng; nlcap record -w x.pcapng {command} & pid=$!; await 'records x.pcapng'
            sed -n 's/^Cap\\(Prm\\|Eff\\):\t0*//p' /proc/$pid/status; kill -INT $pid; wait $pid || true"));
        // Nothing; to remove the link, CAP_NET_ADMIN.
        assert_eq!(sets("").lines().collect::<Vec<_>>(), ["1000", ""]);
        // CAP_KILL and CAP_SYS_PTRACE.
        assert_eq!(sets("-- sh -c 'exec sleep infinity >/dev/null 2>&1'").lines().nth(1), Some("80020"));
    }
}
