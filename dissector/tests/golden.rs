// SPDX-License-Identifier: GPL-2.0-or-later
//! What the real tshark shows with our plugin: of the recordings in
//! captures/samples/, and of messages that no kernel sends.
//!
//! `BLESS=1` (`cargo xtask test --bless`) writes the golden trees anew.

mod common;

use common::attr;
use std::{
    env, fs,
    io::Write,
    path::{Path, PathBuf},
    process::Command,
};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_owned()
}

/// tshark with the plugin, without the caller's own settings.
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
        .expect("tshark runs (`cargo xtask setup` installs it)");
    let error = String::from_utf8_lossy(&out.stderr);
    assert!(out.status.success() && !error.contains("Lua"), "{error}");
    String::from_utf8(out.stdout).unwrap()
}

/// The summary of every generic netlink frame, and the trees of our messages:
/// what does not depend on when and where the file was made.
fn shown(file: &Path) -> String {
    let columns = [
        "-T",
        "fields",
        "-e",
        "frame.number",
        "-e",
        "_ws.col.Protocol",
        "-e",
        "_ws.col.Info",
    ];
    let mut text = tshark(file, &[&["-Y", "nl_util"][..], &columns].concat());
    text.push('\n');
    let mut inside = false;
    for line in tshark(file, &["-Y", "nl_util", "-O", "nl_util"]).lines() {
        if !line.starts_with(' ') {
            inside = line.starts_with("nl_util: ");
        }
        if inside {
            text.push_str(line.trim_end());
            text.push('\n');
        }
    }
    text.trim_end().to_owned() + "\n"
}

fn compare(name: &str, text: &str) {
    let golden = root().join(format!("dissector/tests/golden/{name}.txt"));
    if env::var_os("BLESS").is_some() {
        fs::create_dir_all(golden.parent().unwrap()).unwrap();
        return fs::write(golden, text).unwrap();
    }
    let expected = fs::read_to_string(&golden).unwrap_or_else(|err| {
        panic!(
            "{}: {err}; `cargo xtask test --bless` makes it",
            golden.display()
        )
    });
    let differs = expected
        .lines()
        .zip(text.lines())
        .position(|(old, new)| old != new);
    assert!(
        expected == text,
        "{name}: line {} differs; `cargo xtask test --bless`, then read the diff\n{text}",
        differs.unwrap_or(expected.lines().count()) + 1
    );
}

#[test]
fn samples_are_shown_as_before() {
    let mut seen = 0;
    for entry in fs::read_dir(root().join("captures/samples")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        if path.extension().is_some_and(|it| it == "pcapng") && name.starts_with("nl_user") {
            compare(&name, &shown(&path));
            seen += 1;
        }
    }
    assert!(seen >= 3, "{seen} samples");
}

const FAMILY: u16 = 0x1f;
const CONTROLLER: u16 = 16;

fn message(kind: u16, flags: u16, command: u8, attributes: &[u8]) -> Vec<u8> {
    let mut bytes = u32::try_from(20 + attributes.len())
        .unwrap()
        .to_le_bytes()
        .to_vec();
    bytes.extend(kind.to_le_bytes());
    bytes.extend(flags.to_le_bytes());
    bytes.extend([7, 0, 0, 0, 0x2c, 3, 0, 0, command, 1, 0, 0]);
    bytes.extend(attributes);
    bytes
}

/// A pcap file of LINKTYPE_NETLINK whose first frame names the family; `cut` is
/// the snap length.
fn capture(file: &mut impl Write, frames: &[Vec<u8>], cut: usize) {
    let words: [u32; 6] = [0xa1b2_c3d4, 0x0004_0002, 0, 0, 0x4_0000, 253];
    file.write_all(&words.map(u32::to_le_bytes).concat())
        .unwrap();
    let name = [attr(2, b"nl_util\0"), attr(1, &FAMILY.to_le_bytes())].concat();
    let naming = message(CONTROLLER, 0, 1, &name);
    for frame in std::iter::once(&naming).chain(frames) {
        // Cooked header, big-endian: outgoing, ARPHRD_NETLINK, …, NETLINK_GENERIC.
        let mut bytes = vec![0, 4, 3, 56, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 16];
        bytes.extend(frame);
        let kept = bytes.len().min(cut);
        let head = [
            0,
            0,
            u32::try_from(kept).unwrap(),
            u32::try_from(bytes.len()).unwrap(),
        ];
        file.write_all(&head.map(u32::to_le_bytes).concat())
            .unwrap();
        file.write_all(&bytes[..kept]).unwrap();
    }
}

fn odd_messages() -> Vec<Vec<u8>> {
    let ours = |attributes: &[u8]| message(FAMILY, 0, 1, attributes);
    let netdev = |attributes: &[u8]| ours(&attr(1, attributes));
    vec![
        // No attribute; an empty nest; a nest with the two flags.
        ours(&[]),
        ours(&attr(1, &[])),
        message(FAMILY, 5, 2, &attr(0xc001, &attr(1, &[2, 0, 0, 0]))),
        // A length past the end, one too small, bytes left over.
        ours(&[200, 0, 1, 0, 1, 2, 3, 4]),
        ours(&[3, 0, 1, 0]),
        netdev(&[attr(1, &[2, 0, 0, 0]), vec![9, 9]].concat()),
        // Wrong lengths of a number, an address, a text without its NUL.
        netdev(&attr(1, &[1, 2])),
        netdev(&attr(9, &[1, 2, 3])),
        netdev(&attr(2, b"eth0")),
        netdev(&attr(2, b"")),
        // A name that is not meant for eyes.
        netdev(&attr(2, b"\x1b[31m<b>\xff\0")),
        // Numbers that the specification does not have.
        netdev(&attr(44, &[1, 2, 3])),
        message(FAMILY, 0, 9, &[]),
        // Counters of an older and of a newer kernel.
        netdev(&attr(7, &[1; 20])),
        netdev(&attr(7, &[1; 208])),
        // Two messages in one frame.
        [netdev(&attr(2, b"eth0\0")), netdev(&attr(2, b"eth1\0"))].concat(),
        // A state and flags without names.
        netdev(&[attr(5, &[9, 0, 0, 0]), attr(3, &[0, 0, 0, 0x80])].concat()),
    ]
}

#[test]
fn odd_and_damaged_messages_become_expert_items() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    capture(&mut file, &odd_messages(), usize::MAX);
    let text = shown(file.path());
    assert!(!text.contains("The dissector failed"), "{text}");
    compare("odd", &text);
}

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

/// A filter on each field finds in summary mode, where no tree is shown, the
/// frames in whose tree the field stands.
#[test]
fn every_field_that_a_tree_shows_is_found_by_its_filter() {
    let lua = fs::read_to_string(root().join("dissector/nl_util.lua")).unwrap();
    let abbrs: Vec<_> = lua
        .lines()
        .filter_map(|line| line.trim().strip_prefix("abbr = \""))
        .collect();
    let abbrs: Vec<_> = abbrs.iter().map(|it| it.trim_end_matches("\",")).collect();
    assert!(abbrs.len() >= 11, "{abbrs:?}");
    let file = root().join("captures/samples/nl_user-show-veth0.pcapng");
    let more = [
        "nl_util.cmd",
        "nl_util.netdev.flags.up",
        "nl_util.netdev.stats.rx_packets",
        "nl_util.nla.len",
    ];
    // No interface of a guest has all of these.
    let details = [
        attr(1, &[2, 0, 0, 0]),
        attr(10, &[3, 0, 0, 0]),
        attr(11, &[4, 0, 0, 0]),
        attr(12, b"vlan\0"),
        attr(13, b"uplink\0"),
        attr(14, &[2, 0, 0, 0, 0, 1]),
        attr(15, &[68, 0, 0, 0]),
        attr(16, &[0, 64, 0, 0]),
        attr(17, &[1]),
        attr(18, &[3, 16, 1, 0]),
        attr(19, &[0xff; 4]),
    ]
    .concat();
    let asked_and_told = [attr(2, &[3, 0, 0, 0]), attr(1, &details)].concat();
    let mut extended = tempfile::NamedTempFile::new().unwrap();
    capture(
        &mut extended,
        &[message(FAMILY, 0, 1, &asked_and_told)],
        usize::MAX,
    );
    for abbr in abbrs.iter().copied().chain(more) {
        let found = tshark(&file, &["-Y", abbr]).lines().count()
            + tshark(extended.path(), &["-Y", abbr]).lines().count();
        assert!(found >= 1, "{abbr}");
    }
    assert_eq!(tshark(&file, &["-Y", "nl_util"]).lines().count(), 2);
    assert_eq!(
        tshark(&file, &["-Y", "nl_util.netdev.ifname == \"veth0\""])
            .lines()
            .count(),
        1
    );
    assert_eq!(
        tshark(&file, &["-Y", "nl_util.netdev.ifname == \"veth1\""])
            .lines()
            .count(),
        0
    );
    assert_eq!(
        tshark(&file, &["-Y", "nl_util.netdev.state == 99"])
            .lines()
            .count(),
        0
    );

    let mut odd = tempfile::NamedTempFile::new().unwrap();
    capture(&mut odd, &odd_messages(), usize::MAX);
    for expert in ["malformed", "wrong_length", "unknown_number"] {
        let found = tshark(odd.path(), &["-Y", &format!("nl_util.{expert}")])
            .lines()
            .count();
        assert!(found >= 2, "{expert}: {found}");
    }
}
