// SPDX-License-Identifier: GPL-2.0-or-later
//! Values that hold no others, as text.

use super::*;

#[test]
fn numbers_of_every_length_are_printed() {
    for value in [
        0,
        9,
        10,
        -1,
        i64::MIN.into(),
        u64::MAX.into(),
        i128::MIN,
        i128::MAX,
    ] {
        let mut out = String::new();
        push_decimal(&mut out, value);
        assert_eq!(out, value.to_string());
    }
}

#[test]
fn a_text_that_is_not_plain_is_quoted_and_escaped() {
    let shown = |text: &[u8]| {
        let mut out = String::new();
        push_text(&mut out, text);
        out
    };
    assert_eq!(shown(b"eth0.7"), "eth0.7");
    assert_eq!(shown(b""), r#""""#);
    assert_eq!(shown(b"a \"b\\"), r#""a \"b\\""#);
    assert_eq!(shown(b"\xff\x1b["), r#""\xff\u{1b}[""#);
}

fn bytes(bytes: &[u8], hint: DisplayHint) -> String {
    let mut out = String::new();
    push_bytes(&mut out, bytes, Some(hint));
    out
}

#[test]
fn addresses_of_links_have_the_form_of_their_length() {
    let mac = |it: &[u8]| bytes(it, DisplayHint::Mac);
    assert_eq!(mac(&[2, 0, 0, 0, 0, 1]), "02:00:00:00:00:01");
    // The ends of tunnels, over IPv4 and IPv6.
    assert_eq!(mac(&[192, 0, 2, 1]), "192.0.2.1");
    assert_eq!(mac(&[0; 16]), "::");
    // Infiniband, and none.
    assert_eq!(mac(&[1; 20]), ["01"; 20].join(":"));
    assert_eq!(mac(&[]), "");
    // Room for 32 bytes, as struct ifla_vf_mac has.
    let room = |length: usize| [&[1].repeat(length)[..], &[0].repeat(32 - length)].concat();
    assert_eq!(mac(&room(6)), ["01"; 6].join(":"));
    assert_eq!(mac(&room(20)), ["01"; 20].join(":"));
    assert_eq!(mac(&room(32)), ["01"; 32].join(":"));
    assert_eq!(mac(&room(0)), ["00"; 6].join(":"));
}

#[test]
fn addresses_of_other_families_have_the_form_of_their_length() {
    let segments = [[0; 16], [0x20; 16]].concat();
    let shown = bytes(&segments, DisplayHint::Ipv6);
    assert_eq!(shown, "::,2020:2020:2020:2020:2020:2020:2020:2020");
    assert_eq!(bytes(&segments[..24], DisplayHint::Ipv6).len(), 48);
    assert_eq!(bytes(&[8], DisplayHint::Ipv4OrV6), "8");
    assert_eq!(bytes(&[8], DisplayHint::RouteAddress), "8");
}

#[test]
fn realms_are_told_from_which_and_to_which() {
    assert_eq!(realms(5), "5");
    assert_eq!(realms(0x0003_0004), "3/4");
    assert_eq!(realms(u32::MAX), "65535/65535");
}

#[test]
fn addresses_are_printed_in_every_form_that_the_kernel_gives_them() {
    let shown = |bytes: &[u8], hint| {
        let mut out = String::new();
        push_bytes(&mut out, bytes, Some(hint));
        out
    };
    let v6 = [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
    let v4 = [192, 0, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let socket = |bytes: &[&[u8]]| shown(&bytes.concat(), DisplayHint::SocketAddress);
    let (port, flow) = ([0xca, 0x6c], [0; 4]);
    assert_eq!(socket(&[&[2, 0], &port, &v4[..12]]), "192.0.2.1:51820");
    assert_eq!(socket(&[&[0, 2], &port, &v4[..12]]), "192.0.2.1:51820");
    let v6 = socket(&[&[10, 0], &port, &flow, &v6, &flow]);
    assert_eq!(v6, "[2001:db8::1]:51820");
    assert_eq!(socket(&[&[10, 0], &port, &flow]), "0a00ca6c00000000");
    assert_eq!(socket(&[&[1, 0], b"/run/x"]), "01002f72756e2f78");
    assert_eq!(socket(&[&[0; 16]]), "unspec");
    let name = |bytes: &[u8]| shown(bytes, DisplayHint::SocketName);
    assert_eq!(name(b"/run/x\0\0"), "/run/x");
    assert_eq!(name(b"\0abstract"), "@abstract");
}
