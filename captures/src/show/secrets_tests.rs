// SPDX-License-Identifier: GPL-2.0-or-later
//! Keys and passwords are shown only where that is asked for.

use super::options::Options;
use super::tests::{file, show, show_by, with};
use crate::file::sample::{GENERIC, attribute, message};
use crate::messages::specs::Specs;

const CONTROLLER: u16 = libc::GENL_ID_CTRL as u16;
const XFRM: u16 = libc::NETLINK_XFRM as u16;
const SOCK_DIAG: u16 = libc::NETLINK_SOCK_DIAG as u16;
const NESTED: u16 = 0x8000;

/// Bytes of every key: no other bytes here are these, in any form of output.
const KEY: [u8; 32] = *b"KeyKeyKeyKeyKeyKeyKeyKeyKeyKeyKe";

/// What the controller says of a family that has the number 40, and a header of so many bytes.
fn family(name: &str, header: u32) -> Vec<u8> {
    let name = attribute(2, format!("{name}\0").as_bytes());
    let number = attribute(1, &40_u16.to_ne_bytes());
    let header = attribute(4, &header.to_ne_bytes());
    let payload = [vec![1, 2, 0, 0], name, number, header].concat();
    message(CONTROLLER, 0, 1, &payload)
}

/// A request of a family, behind what the controller says of it.
fn generic(name: &str, attributes: &[u8]) -> Vec<(u16, Vec<u8>)> {
    headed(name, 1, &[], attributes)
}

/// The same of an operation of that number.
fn of_command(name: &str, command: u8, attributes: &[u8]) -> Vec<(u16, Vec<u8>)> {
    headed(name, command, &[], attributes)
}

/// The same behind a header of the family's own.
fn headed(name: &str, command: u8, header: &[u8], attributes: &[u8]) -> Vec<(u16, Vec<u8>)> {
    let request = [&[command, 1, 0, 0], header, attributes].concat();
    vec![
        (GENERIC, family(name, header.len() as u32)),
        (GENERIC, message(40, 5, 2, &request)),
    ]
}

fn nest(number: u16, inner: &[u8]) -> Vec<u8> {
    attribute(number | NESTED, inner)
}

/// An algorithm of xfrm with a key: its name, the key's bits, then what its struct has more.
fn algorithm(name: &str, more: &[u8]) -> Vec<u8> {
    let mut bytes = name.as_bytes().to_vec();
    bytes.resize(64, 0);
    [&bytes[..], &256_u32.to_ne_bytes(), more, &KEY].concat()
}

/// A new state, with its header, and its deletion as the groups are told of it.
fn state(kind: u16, header: usize) -> Vec<u8> {
    let attributes = [
        attribute(1, &algorithm("hmac(sha1)", &[])),
        attribute(2, &algorithm("cbc(aes)", &[])),
        attribute(18, &algorithm("rfc4106(gcm(aes))", &128_u32.to_ne_bytes())),
        attribute(20, &algorithm("hmac(sha256)", &96_u32.to_ne_bytes())),
    ];
    message(kind, 5, 3, &[vec![0; header], attributes.concat()].concat())
}

/// An answer about a TCP socket with two keys of 80 bytes.
fn socket() -> Vec<u8> {
    let one = [&[2, 32, 80, 0][..], &[10; 16], &KEY, &KEY, &KEY[..16]].concat();
    let keys = attribute(18, &[one.clone(), one].concat());
    let header = [vec![2], vec![0; 71]].concat();
    message(20, 2, 3, &[header, keys].concat())
}

/// Frames by their protocol, what they are about, and the bytes of each key in them.
type Conversation = (&'static str, Vec<(u16, Vec<u8>)>, usize);

/// Conversations with keys in them.
pub(crate) fn conversations() -> Vec<Conversation> {
    let peer = |number: u16| {
        nest(
            number,
            &[attribute(1, &[7; 32]), attribute(2, &KEY)].concat(),
        )
    };
    let key = attribute(1, &KEY);
    let seed = [attribute(1, &KEY), attribute(11, &KEY)].concat();
    let both = [attribute(1, &KEY), attribute(2, &KEY)].concat();
    vec![
        (
            "wireguard",
            generic(
                "wireguard",
                &[
                    attribute(2, b"wg0\0"),
                    attribute(3, &KEY),
                    nest(8, &[peer(0), peer(1)].concat()),
                ]
                .concat(),
            ),
            32,
        ),
        (
            "nl80211",
            generic(
                "nl80211",
                &[
                    attribute(7, &KEY),
                    nest(80, &seed),
                    nest(81, &[nest(1, &key), nest(2, &seed)].concat()),
                    nest(122, &both),
                    attribute(242, &KEY),
                    attribute(252, &KEY),
                    attribute(254, &KEY),
                    attribute(277, &KEY),
                ]
                .concat(),
            ),
            32,
        ),
        (
            "macsec",
            generic(
                "macsec",
                &nest(3, &[attribute(1, &[0]), attribute(4, &KEY)].concat()),
            ),
            32,
        ),
        (
            "ovpn",
            generic("ovpn", &nest(3, &[nest(5, &both), nest(6, &both)].concat())),
            32,
        ),
        (
            "TIPCv2",
            generic(
                "TIPCv2",
                &nest(6, &attribute(4, &[&[0; 36][..], &KEY].concat())),
            ),
            32,
        ),
        ("SEG6", generic("SEG6", &attribute(4, &KEY)), 32),
        ("cifs", generic("cifs", &attribute(10, &KEY)), 32),
        (
            "802.15.4 MAC",
            generic("802.15.4 MAC", &attribute(48, &KEY)),
            32,
        ),
        (
            "nl802154",
            generic("nl802154", &nest(48, &attribute(4, &KEY))),
            32,
        ),
        (
            "SMBD_GENL",
            generic(
                "SMBD_GENL",
                &[
                    attribute(5, &[&[0; 64][..], &KEY[..18]].concat()),
                    attribute(15, &[&[0; 68][..], &KEY[..18]].concat()),
                ]
                .concat(),
            ),
            18,
        ),
        ("drbd", headed("drbd", 9, &[0; 8], &nest(5, &key)), 32),
        (
            "psp",
            of_command("psp", 9, &[nest(3, &key), nest(4, &key)].concat()),
            32,
        ),
        ("nfsd", of_command("nfsd", 2, &attribute(6, &KEY)), 32),
        (
            "ethtool",
            of_command("ethtool", 10, &attribute(3, &KEY)),
            32,
        ),
        (
            "firmware of a module",
            of_command("ethtool", 44, &attribute(3, &KEY)),
            32,
        ),
        ("a state", vec![(XFRM, state(16, 224))], 32),
        ("a changed state", vec![(XFRM, state(26, 224))], 32),
        ("a deleted state", vec![(XFRM, state(17, 24))], 32),
        ("a socket", vec![(SOCK_DIAG, socket())], 80),
    ]
}

/// All forms of output.
fn forms() -> [Options; 4] {
    [
        Options::default(),
        with(|it| it.verbose = true),
        with(|it| it.json = true),
        with(|it| it.bytes = true),
    ]
}

/// Whether the bytes of a key are among these.
pub(crate) fn has_key_bytes(bytes: &[u8]) -> bool {
    bytes
        .windows(3)
        .any(|it| [b"Key", b"eyK", b"yKe"].contains(&it.try_into().unwrap()))
}

/// Whether a key is in a text, as a text, as digits, in the rows of -x, or in part.
fn has_key(text: &str) -> bool {
    let text = text.replace(['\n', ' ', ':'], "");
    ["KeyK", "KeKe", "4b6579", "7965794b", "79654b"]
        .iter()
        .any(|it| text.contains(it))
}

#[test]
fn no_output_has_a_key_of_any_family_unless_it_is_asked_for() {
    for (what, frames, length) in conversations() {
        let file = file(&frames);
        for options in forms() {
            let text = show(&file, &options);
            assert!(!has_key(&text), "{what}: {text}");
            let mark = match options.bytes {
                true => String::from("** ** ** **"),
                false => format!("(secret, {length} bytes)"),
            };
            assert!(text.contains(&mark), "{what}: {text}");
            let all = show(
                &file,
                &Options {
                    secrets: true,
                    ..options
                },
            );
            assert!(!all.contains("(secret"), "{what}: {all}");
            // A line has the first bytes only.
            let is_line = !(options.verbose || options.json || options.bytes);
            assert!(is_line || has_key(&all), "{what}: {all}");
        }
    }
}

#[test]
fn what_is_not_secret_stays_as_it_is() {
    let (_, frames, _) = conversations().remove(0);
    let text = show(&file(&frames), &with(|it| it.json = true));
    assert!(text.contains("\"public-key\":"), "{text}");
    assert!(text.contains(&["07"; 32].join(" ")), "{text}");
    assert_eq!(text.matches("\"(secret, 32 bytes)\"").count(), 3, "{text}");
    let text = show(
        &file(&[(XFRM, state(16, 224))]),
        &with(|it| it.verbose = true),
    );
    for line in [
        "alg-name: hmac(sha1)",
        "alg-key-len: 256",
        "key: (secret, 32 bytes)",
        "alg-icv-len: 128",
    ] {
        assert!(
            text.contains(line.replace("hmac(sha1)", "\"hmac(sha1)\"").as_str()),
            "{line}: {text}"
        );
    }
}

#[test]
fn a_specification_that_names_a_key_does_not_show_it() {
    let spec = "
name: wireguard
protocol: genetlink
doc: Some of it.
attribute-sets:
  - name: device
    name-prefix: wgdevice-a-
    attributes:
      - {name: ifindex, type: u32}
      - {name: ifname, type: string}
      - {name: private-key, type: binary}
      - {name: public-key, type: binary}
      - {name: flags, type: u32}
      - {name: listen-port, type: u16}
      - {name: fwmark, type: u32}
      - {name: peers, type: indexed-array, sub-type: nest, nested-attributes: peer}
  - name: peer
    name-prefix: wgpeer-a-
    attributes:
      - {name: public-key, type: binary}
      - {name: preshared-key, type: string}
operations:
  list:
    - {name: set-device, value: 1, doc: Sets it., attribute-set: device, do: {request: {attributes: [ifname]}}}
";
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wireguard.yaml");
    std::fs::write(&path, spec).unwrap();
    let specs = Specs::gather(&[path]).unwrap();
    let (_, frames, _) = conversations().remove(0);
    for options in forms() {
        let text = show_by(&specs, &file(&frames), &options);
        assert!(!has_key(&text), "{text}");
    }
    let text = show_by(&specs, &file(&frames), &Options::default());
    assert!(text.contains("private-key=(secret, 32 bytes)"), "{text}");
    let whole = with(|it| it.verbose = true);
    let text = show_by(&specs, &file(&frames), &whole);
    assert!(text.contains("preshared-key: (secret, 32 bytes)"), "{text}");
}

#[test]
fn a_request_that_an_error_repeats_has_no_key_either() {
    let (_, mut frames, _) = conversations().remove(0);
    let request = frames[1].1.clone();
    let error = [&(-libc::EPERM).to_ne_bytes()[..], &request].concat();
    frames.push((GENERIC, message(2, 0, 2, &error)));
    // With the request and without it, by what the error repeats.
    let alone = vec![frames[0].clone(), frames[2].clone()];
    for frames in [frames, alone] {
        for options in forms() {
            let text = show(&file(&frames), &options);
            assert!(text.contains("EPERM") && !has_key(&text), "{text}");
        }
    }
}

#[test]
fn bytes_that_are_no_attributes_are_no_way_to_a_key() {
    // An attribute with an impossible length where the key was, a nest that is cut, a nest that
    // is none, and the rest of a buffer behind the message.
    let broken = [&[1, 0, 3, 0][..], &KEY].concat();
    let no_nest = attribute(8, &KEY);
    let cut = nest(8, &nest(0, &attribute(2, &KEY)))[..30].to_vec();
    let inner = nest(
        8,
        &nest(0, &[1, 0, 2, 0].into_iter().chain(KEY).collect::<Vec<_>>()),
    );
    // A header shorter than it should be, and so a name where an attribute should begin.
    let short = state(16, 220);
    for options in forms() {
        let text = show(&file(&[(XFRM, short.clone())]), &options);
        assert!(!has_key(&text), "{text}");
    }
    for attributes in [broken, no_nest, cut, inner] {
        let frames = generic("wireguard", &attributes);
        for options in forms() {
            let text = show(&file(&frames), &options);
            assert!(!has_key(&text), "{text}");
        }
    }
    // The second of these begins as a message does.
    for left in [[&[1, 0, 0, 0][..], &KEY].concat(), KEY.to_vec()] {
        let mut frames = generic("wireguard", &attribute(2, b"wg0\0"));
        frames[1].1.extend(left);
        for options in forms() {
            let text = show(&file(&frames), &options);
            assert!(!has_key(&text), "{text}");
            let is_said =
                text.contains("after the message") || text.contains("\"trailing-bytes\":\"(secret");
            assert!(is_said, "{text}");
        }
    }
}
