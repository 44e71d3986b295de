// SPDX-License-Identifier: GPL-2.0-or-later
//! Damaged frames in the real tshark: never a Lua error, nothing without end.

mod common;

use common::{
    FAMILY, attr,
    messages::{capture, message, odd_messages},
    netlink,
    tshark::{root, tshark},
};
use std::process::Command;

#[test]
fn a_frame_cut_anywhere_is_shown_without_a_fault() {
    let whole = attr(
        1,
        &[
            attr(1, &[2, 0, 0, 0]),
            attr(2, b"eth0\0"),
            attr(7, &[0; 200]),
        ]
        .concat(),
    );
    for cut in (36..300).step_by(7) {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        // The naming frame is longer than the shortest cuts: it is never cut.
        capture(&mut file, &[message(FAMILY, 0, 2, &whole)], cut.max(76));
        let text = tshark(file.path(), &["-V"]);
        assert!(
            !text.contains("The dissector failed") && !text.contains("Lua Error"),
            "{cut}: {text}"
        );
    }
}

/// Ten thousand damaged frames in the real tshark, with the tree and without it.
#[test]
fn damaged_frames_never_make_the_plugin_fail() {
    // Marsaglia's xorshift: the same frames in every run.
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state >> 33).unwrap() % below
    };
    let mut whole = odd_messages();
    let failed = [(-19i32).to_le_bytes().to_vec(), whole[2].clone()].concat();
    let tlvs = [
        attr(1, b"text\0"),
        attr(2, &[24, 0, 0, 0]),
        attr(4, &attr(1, &[1; 4])),
    ];
    let error = [failed, tlvs.concat()].concat();
    whole.push(netlink(2, 0x200, 7, 0x32c, &error));
    let mut frames = Vec::new();
    for at in 0..10_000 {
        let mut frame = whole[at % whole.len()].clone();
        for _ in 0..=random(4) {
            let byte = random(frame.len());
            frame[byte] = u8::try_from(random(256)).unwrap();
        }
        frame.truncate(frame.len() - random(5).min(frame.len() - 1));
        frames.push(frame);
    }
    let mut file = tempfile::NamedTempFile::new().unwrap();
    capture(&mut file, &frames, usize::MAX);
    for args in [&["-V"][..], &["-2", "-Y", "nl_util || nlmsg"]] {
        let text = tshark(file.path(), args);
        assert!(text.lines().count() > 1000);
        for fault in [
            "The dissector failed",
            "Lua Error",
            "nlmsg.fault",
            "nl_util.fault",
        ] {
            assert!(!text.contains(fault), "{fault}");
        }
    }
}

/// How many, for the test and, from `cargo xtask soak dissector`, for longer.
fn count() -> u32 {
    let asked = std::env::var("NL_UTIL_SOAK").ok();
    asked.map_or(100, |it| it.parse().expect("a number"))
}

/// Recordings with bytes changed at random by editcap, a share of one in five to one
/// in a thousand.
#[test]
fn recordings_with_changed_bytes_never_make_the_plugin_fail() {
    let samples: Vec<_> = std::fs::read_dir(root().join("captures/samples"))
        .unwrap()
        .map(|it| it.unwrap().path())
        .filter(|it| it.extension().is_some_and(|it| it == "pcapng"))
        .collect();
    let dir = tempfile::tempdir().unwrap();
    for number in 0..count() {
        let sample = &samples[number as usize % samples.len()];
        let share = ["0.2", "0.05", "0.01", "0.001"][number as usize / samples.len() % 4];
        let changed = dir.path().join("changed.pcapng");
        let out = Command::new("editcap")
            .args(["-E", share, "--seed", &number.to_string()])
            .args([sample, &changed])
            .output()
            .expect("editcap runs (`cargo xtask setup` installs it)");
        assert!(
            out.status.success(),
            "{}",
            String::from_utf8_lossy(&out.stderr)
        );
        let text = tshark(&changed, &["-V"]);
        for fault in ["The dissector failed", "Lua Error", "nlmsg.fault"] {
            assert!(
                !text.contains(fault),
                "{}, seed {number}, {share}",
                sample.display()
            );
        }
    }
}
