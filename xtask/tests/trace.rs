// SPDX-License-Identifier: GPL-2.0-or-later
//! `nlcap trace`: that its lines are those of `nlcap show`, that they come in time, and
//! that the command is as without it.

mod common;

use common::{kernel_source, outcome, sh, signs::wait_for};
use std::{fs, path::Path, time::Instant};

fn specs() -> String {
    format!(
        "--spec {}/Documentation/netlink/specs",
        kernel_source().display()
    )
}

guest_tests! {
    fn what_is_traced_is_what_show_says_of_the_recording() {
        let specs = specs();
        for options in ["-t", "-tt -v -x", "-j", "--count", "--errors -v", "-t --added"] {
            let command = "sh -c 'ip link show dummy0; nl_user show; ip link show nothing || true'";
            sh(&format!(
                "nlcap trace {specs} {options} -o /run/lines -w /run/x.pcapng -- {command} >/run/out 2>/run/err"
            ));
            let lines = fs::read_to_string("/run/lines").unwrap();
            let shown = sh(&format!("nlcap show {specs} {options} /run/x.pcapng"));
            assert_eq!(lines, shown, "{options}");
            assert!(lines.lines().count() > 1, "{options}: {lines}");
            let out = fs::read_to_string("/run/out").unwrap();
            assert!(out.contains("dummy0:") && !out.contains("getlink"), "{out}");
            let err = fs::read_to_string("/run/err").unwrap();
            let [theirs, ours] = err.lines().collect::<Vec<_>>()[..] else { panic!("{err}") };
            assert_eq!(theirs, "Device \"nothing\" does not exist.");
            assert!(ours.contains(", 0 lost (") && ours.ends_with("in /run/x.pcapng (tap: nlmon)"), "{ours}");
        }
    }

    fn without_options_lines_go_to_standard_error_and_nothing_else() {
        let (code, stdout, stderr) = outcome("nlcap trace -t -- ip -br link show dummy0");
        assert_eq!(code, Some(0));
        assert!(stdout.starts_with("dummy0"), "{stdout}");
        let lines: Vec<_> = stderr.lines().collect();
        assert!(lines.len() >= 4 && lines.iter().all(|line| line.starts_with("ip[")), "{stderr}");
        assert!(lines.iter().any(|line| line.contains(" > route getlink ")), "{stderr}");
        let (_, stdout, stderr) = outcome("nlcap trace -w - -- ip -br link show dummy0 | nlcap show -t -");
        assert!(stdout.contains("route getlink") && !stdout.contains("UNKNOWN"), "{stdout}");
        assert!(stderr.contains("dummy0 ") && stderr.contains("route getlink"), "{stderr}");
        let (_, stdout, _) = outcome("nlcap trace -t --op getlink -o /dev/stdout -- ip link show nothing");
        let lines: Vec<_> = stdout.lines().collect();
        assert!(!lines.is_empty() && lines.iter().all(|it| it.contains(" route getlink ")), "{stdout}");
        assert!(stdout.contains("ENODEV"), "{stdout}");
    }

    fn a_file_that_takes_no_more_is_named_once_whichever_it_is() {
        for option in ["-o", "-w"] {
            let (code, _, stderr) = outcome(&format!("nlcap trace {option} /dev/full -- ip link show lo"));
            assert_eq!(code, Some(124), "{option}: {stderr}");
            let said = "nlcap: cannot write to /dev/full: ENOSPC: No space left on device";
            assert_eq!(stderr.lines().filter(|it| *it == said).count(), 1, "{option}: {stderr}");
        }
    }

    fn a_terminal_shows_what_is_waited_for_and_that_nothing_came() {
        let trace = "nlcap trace -f crypto --errors --duration 0.2";
        let script = format!("python3 -c 'import pty; pty.spawn(\"{trace}\".split())'");
        let lines = ["tracing all messages in this network namespace until Ctrl-C", "no messages"];
        let lines = lines.map(|it| format!("nlcap: {it}\r\n"));
        assert!(sh(&script).ends_with(&lines.concat()), "{}", sh(&script));
        let (code, stdout, stderr) = outcome("nlcap trace -f route --duration 0.2");
        assert_eq!((code, stdout.as_str(), stderr.as_str()), (Some(0), "", ""));
    }

    fn a_line_comes_while_the_command_runs() {
        sh("mkfifo /run/fifo");
        let mut tracing = std::process::Command::new("nlcap")
            .args(["trace", "-o", "/run/lines", "--", "sh", "-c"])
            .arg("ip link show lo >/run/asked; touch /run/asked-now; read end </run/fifo; ip link show dummy0")
            .stdout(std::process::Stdio::null())
            .spawn();
        wait_for("the command has its answer", || Path::new("/run/asked-now").exists());
        let since = Instant::now();
        let lines = || fs::read_to_string("/run/lines").unwrap_or_default();
        // The command waits for us: nothing but time can bring the line.
        wait_for("the line comes", || lines().contains("dev 1(lo) "));
        println!("the line came {} ms after the command had its answer", since.elapsed().as_millis());
        assert!(!lines().contains("dev 2"), "the command waits for us");
        fs::write("/run/fifo", "end\n").unwrap();
        assert!(tracing.as_mut().unwrap().wait().unwrap().success());
        assert!(lines().contains("dummy0"));
    }

    fn a_process_that_runs_already_is_traced_until_it_ends() {
        // It keeps its socket, and asks once more on a sign.
        let script = "mkfifo /run/go
            python3 -c 'import socket, struct
            s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
            ask = lambda: (s.send(struct.pack(\"=IHHIIBxHiII\", 32, 18, 1, 7, 0, 0, 0, 1, 0, 0)), s.recv(65536))
            ask(); open(\"/run/ready\", \"w\"); open(\"/run/go\").read(); ask()' & asker=$!
            await '[ -e /run/ready ]'
            nlcap trace -t -o /run/lines -w /run/x.pcapng -p $asker 2>/run/err & tracer=$!
            await 'records /run/x.pcapng'
            ip link show dummy0 >/dev/null; : >/run/go
            wait $tracer; echo $?; wait $asker";
        assert_eq!(sh(&script.replace("\n            ", "\n")), "0\n");
        let lines = fs::read_to_string("/run/lines").unwrap();
        let lines: Vec<_> = lines.lines().collect();
        assert_eq!(lines.len(), 2, "{lines:?}");
        assert!(lines.iter().all(|it| it.starts_with("python3[") && it.contains("link")), "{lines:?}");
        assert!(!sh("ip -br link").contains("nlcap"));
    }

    fn the_exit_status_is_the_commands_and_nothing_is_left_behind() {
        for (script, code) in [
            ("nlcap trace -- sh -c 'exit 7'", 7),
            ("nlcap trace -- sh -c 'kill -TERM $$'", 143),
            ("nlcap trace -- /nowhere/nothing", 127),
            ("nlcap trace -- /etc/passwd", 126),
            ("nlcap trace -o /nowhere/x -- true", 125),
            ("nlcap trace --spec /nowhere -- true", 125),
            ("nlcap trace --json -v -- true", 2),
            ("nlcap trace -o /run/kept -- /nowhere/nothing", 127),
        ] {
            fs::write("/run/kept", "kept\n").unwrap();
            let (status, stdout, stderr) = outcome(script);
            assert_eq!((status, stdout.as_str()), (Some(code), ""), "{script}: {stderr}");
            assert_eq!(fs::read_to_string("/run/kept").unwrap(), "kept\n");
        }
        let links = sh("ip -br link");
        assert!(!links.contains("nlcap"), "{links}");
    }

    fn a_reader_that_goes_away_leaves_the_command_alone() {
        let script = "nlcap trace -o /dev/stdout -- sh -c 'eval \"$SIGNS\"; for i in 1 2 3 4 5 6 7 8; do ip link show lo >/dev/null; done
                await \"[ -e /run/gone ]\"; ip link show lo >/dev/null; echo done >/run/done' | (head -n 1; exec <&-; >/run/gone)";
        let (_, stdout, stderr) = outcome(script);
        assert_eq!(stdout.lines().count(), 1, "{stdout}");
        assert_eq!(fs::read_to_string("/run/done").unwrap(), "done\n");
        assert!(!stderr.contains("panicked"), "{stderr}");
        assert!(!sh("ip -br link").contains("nlcap"));
    }
}
