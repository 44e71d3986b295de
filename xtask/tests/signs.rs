// SPDX-License-Identifier: GPL-2.0-or-later
//! The signs that tests wait for: what never comes is reported, and nothing goes on without it.

mod common;

use common::{signs, text, try_sh, try_sh_within};
use std::{process::Command, time::Duration};

#[test]
fn a_script_that_waits_in_vain_says_for_what_and_ends_with_all_its_processes() {
    // The one behind would keep the output open.
    for script in [
        "sleep infinity & await '[ 1 = 2 ]'; echo went on",
        "sleep infinity & sh -c 'eval \"$SIGNS\"; await \"[ 1 = 2 ]\"'; echo went on",
        "(await '[ 1 = 2 ]') & wait $!; echo went on",
    ] {
        let out = try_sh_within(Duration::ZERO, script);
        let complaint = format!("{}[ 1 = 2 ]\n", signs::NEVER);
        assert_eq!(text(&out.stderr), complaint, "{script}");
        assert_eq!(
            (out.status.code(), text(&out.stdout)),
            (None, String::new())
        );
    }
}

#[test]
fn a_script_goes_on_when_the_sign_comes() {
    let script = "dir=$(mktemp -d); cd $dir; (await '[ -e asked ]'; echo here >answer) &
        >asked; await '[ -s answer ]'; cat answer; rm -r $dir";
    let out = try_sh(script);
    assert_eq!(
        (text(&out.stdout), text(&out.stderr)),
        ("here\n".into(), String::new())
    );
}

#[test]
fn a_python_program_waits_too() {
    let program = format!(
        "{}\nuntil('len(sys.argv) == 1'); print('done')",
        signs::python()
    );
    let out = Command::new("python3")
        .args(["-c", &program])
        .output()
        .unwrap();
    assert_eq!(text(&out.stdout), "done\n", "{}", text(&out.stderr));
}
