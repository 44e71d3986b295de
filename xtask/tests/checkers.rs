// SPDX-License-Identifier: GPL-2.0-or-later
//! The kernel's own checkers: each finds the fault that a module of the tests has on
//! request (tests/kmod/), in a boot of its own. Only then does their silence about our
//! module mean anything. And what only a kernel with checkers can try.
//!
//! In the kernel `debug`, or in another one with checkers that NL_UTIL_KERNEL names.

mod common;

use common::{complaints::complaint, in_namespace, sh, text, wire::Client};
use std::{env, time::Duration};

/// The operations of the family `nl_tests`.
const SOUND: u8 = 1;
const SLEEP_UNDER_RCU: u8 = 2;
const LOCK_INVERSION: u8 = 3;
const USE_AFTER_FREE: u8 = 4;
const LEAK: u8 = 5;
const ARITHMETIC_OVERFLOW: u8 = 6;
const OUT_OF_BOUNDS: u8 = 7;
const UNBALANCED_REFERENCE: u8 = 8;

fn kernel() -> String {
    env::var("NL_UTIL_KERNEL").unwrap_or_else(|_| "debug".to_owned())
}

/// What a boot with the tests' module said and logged while `body` ran as the test
/// `name`; `None` in the guest itself.
fn boot(name: &str, body: impl FnOnce()) -> Option<Boot> {
    let kernel = kernel();
    let module = common::tests_module(&kernel).display().to_string();
    let options = ["--kernel", &kernel, "--kmemleak", "--module", &module];
    let (out, log) = common::try_in_guest(name, &options, body)?;
    let said = format!("{}{}", text(&out.stdout), text(&out.stderr));
    Some(Boot { said, log })
}

struct Boot {
    said: String,
    log: String,
}

impl Boot {
    /// The report of a fault has all of these words, and a guest in which it stands reads
    /// as one that failed.
    fn is_caught(&self, words: &[&str]) {
        let report = complaint(&self.log).unwrap_or_else(|| panic!("{}{}", self.said, self.log));
        let rest = self
            .log
            .split_once(report.lines().next().unwrap())
            .unwrap()
            .1;
        for word in words {
            let is_there = report.contains(word) || rest.contains(word);
            assert!(is_there, "{word} in {}\n{}", self.said, self.log);
        }
    }
}

/// Asks for the fault. Where it ends the guest there is no answer.
fn ask(fault: u8) {
    let mut client = Client::new("nl_tests");
    client.send(5, fault, &[]);
    client.receive();
}

/// What kmemleak reports of all that is there.
fn leaks() -> String {
    // It reports nothing younger than five seconds, and what two scans found unchanged. What
    // leaked may be older.
    std::thread::sleep(Duration::from_secs(6));
    let kmemleak = "/sys/kernel/debug/kmemleak";
    sh(&format!(
        "echo scan >{kmemleak}; echo scan >{kmemleak}; cat {kmemleak}"
    ))
}

#[test]
fn of_the_same_steps_without_a_fault_no_checker_says_anything() {
    let name = "of_the_same_steps_without_a_fault_no_checker_says_anything";
    let body = || {
        ask(SOUND);
        assert_eq!(leaks(), "");
        let lockdep = sh("cat /proc/lockdep_stats");
        let on = lockdep.lines().any(|line| {
            let words: Vec<_> = line.split_whitespace().collect();
            words == ["debug_locks:", "1"]
        });
        assert!(on, "{lockdep}");
        // It leaves as it came.
        sh("rmmod nl_tests");
    };
    if let Some(boot) = boot(name, body) {
        assert!(boot.said.contains("1 passed"), "{}", boot.said);
        assert_eq!(complaint(&boot.log), None);
    }
}

#[test]
fn sleeping_in_an_rcu_read_side_critical_section_is_caught() {
    let name = "sleeping_in_an_rcu_read_side_critical_section_is_caught";
    if let Some(boot) = boot(name, || ask(SLEEP_UNDER_RCU)) {
        boot.is_caught(&[
            "BUG: sleeping function called from invalid context",
            "SleepUnderRcu",
        ]);
    }
}

#[test]
fn two_locks_in_both_orders_are_caught() {
    let name = "two_locks_in_both_orders_are_caught";
    if let Some(boot) = boot(name, || ask(LOCK_INVERSION)) {
        boot.is_caught(&[
            "WARNING: possible circular locking dependency detected",
            "nl_tests::first",
            "nl_tests::second",
            "LockInversion",
        ]);
    }
}

#[test]
fn a_use_after_free_is_caught() {
    if let Some(boot) = boot("a_use_after_free_is_caught", || ask(USE_AFTER_FREE)) {
        boot.is_caught(&["BUG: KASAN: slab-use-after-free in", "UseAfterFree"]);
    }
}

#[test]
fn a_write_out_of_bounds_is_caught() {
    if let Some(boot) = boot("a_write_out_of_bounds_is_caught", || ask(OUT_OF_BOUNDS)) {
        boot.is_caught(&["BUG: KASAN: slab-out-of-bounds in", "OutOfBounds"]);
    }
}

#[test]
fn a_leak_is_caught() {
    let body = || {
        ask(LEAK);
        println!("{}", leaks());
    };
    if let Some(boot) = boot("a_leak_is_caught", body) {
        // It reports where it is asked: eight times the 24 bytes that the fault forgets. In
        // the first boot of a kernel there is too what was leaked to prove kmemleak.
        let reports = boot.said.split("unreferenced object").skip(1);
        let reports: Vec<_> = reports
            .filter(|it| !it.contains("[kmemleak_test]"))
            .collect();
        let ours =
            |it: &&str| it.contains("01 01 01 01 01 01 01 01 00 00") && it.contains("[nl_tests]");
        let all_ours = reports.iter().all(|it| ours(it));
        assert!(reports.len() >= 7 && all_ours, "{}{}", boot.said, boot.log);
    }
}

#[test]
fn an_arithmetic_overflow_is_caught() {
    let name = "an_arithmetic_overflow_is_caught";
    if let Some(boot) = boot(name, || ask(ARITHMETIC_OVERFLOW)) {
        boot.is_caught(&["attempt to add with overflow", "nl_tests_main.rs"]);
    }
}

#[test]
fn a_reference_that_is_not_given_back_is_caught() {
    let name = "a_reference_that_is_not_given_back_is_caught";
    let body = || {
        sh("sysctl -qw net.core.netdev_unregister_timeout_secs=1; ip netns add other");
        in_namespace("other", || ask(UNBALANCED_REFERENCE));
        // The namespace's end waits for its loopback, for ever.
        sh("ip netns del other; await 'dmesg | grep -q \"ref_tracker: .* users at\"'");
    };
    if let Some(boot) = boot(name, body) {
        boot.is_caught(&[
            "unregister_netdevice: waiting for lo to become free",
            "ref_tracker: lo@",
            "has 1/1 users at",
        ]);
    }
}

#[test]
fn each_allocation_of_each_operation_and_of_loading_fails_in_turn() {
    let out = std::process::Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args(["soak", "faults", "--kernel", &kernel()])
        .output()
        .unwrap();
    let said = text(&out.stdout);
    assert!(out.status.success(), "{said}{}", text(&out.stderr));
    for line in [
        "L2_LIST do:",
        "L2_LIST dump:",
        "L2_IID:",
        "REPLY_WITH_NLMSG_ERR:",
        "L2_NEW_NTF:",
        "L2_CHANGE_NTF:",
        "L2_DEL_NTF:",
        "loading the module:",
        "lockdep: on",
        "kmemleak: nothing",
    ] {
        assert!(said.contains(line), "{line} in {said}");
    }
}
