// SPDX-License-Identifier: GPL-2.0-or-later
//! The dumps of pyroute2's tests: bytes as `\x0a` or `0a:`, comments behind `#` and `;`, and
//! what is expected behind `#:` or `#!` on a line.

use super::{message::Message, rules::NL80211};

const ROUTE: u8 = 0;
const UEVENT: u8 = 15;
const GENERIC: u8 = 16;

/// The bytes of a dump; nothing where it is of another kind.
fn bytes(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    for line in text.lines() {
        if line.starts_with("#:") || line.starts_with("#!") || line.starts_with('.') {
            break;
        }
        let line = line.split(['#', ';']).next().unwrap_or_default();
        let words = line.replace("\\x", " ").replace(':', " ");
        for word in words.split_whitespace() {
            bytes.push(u8::from_str_radix(word, 16).ok()?);
        }
    }
    Some(bytes)
}

/// The messages of a dump. The file's name says which protocol they are of: wireless ones
/// begin with `iw`, those of kobject_uevent have no header.
pub(super) fn messages(file: &str, text: &str) -> Option<Vec<Message>> {
    let bytes = bytes(text)?;
    let one = |protocol, bytes: &[u8]| Message {
        protocol,
        bytes: bytes.to_vec(),
        from: file.to_owned(),
        expected: Vec::new(),
    };
    if file.starts_with("uevent") {
        return Some(vec![one(UEVENT, &bytes)]);
    }
    let mut all = Vec::new();
    let mut rest = &bytes[..];
    while let Some(length) = rest.first_chunk() {
        let length = u32::from_le_bytes(*length) as usize;
        let whole = rest.get(..length).filter(|it| it.len() >= 16)?;
        let mut message = one(ROUTE, whole);
        if file.starts_with("iw") {
            message.protocol = GENERIC;
            message.bytes[4..6].copy_from_slice(&NL80211.to_ne_bytes());
        }
        all.push(message);
        rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
    }
    Some(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_bytes_are_read_up_to_what_is_expected() {
        let text = "# one\n\\x10\\x00\\x00\\x00 # length\n14:00:02:00 01:00:00:00\n\
                    00:00:00:00\n#: application/json\n[1]\n";
        let all = messages("addr.dump", text).unwrap();
        assert_eq!(all.len(), 1);
        assert_eq!(
            all[0].bytes,
            [16, 0, 0, 0, 0x14, 0, 2, 0, 1, 0, 0, 0, 0, 0, 0, 0]
        );
        let all = messages("iw_scan.dump", text).unwrap();
        assert_eq!(all[0].protocol, 16);
        assert_eq!(all[0].bytes[4], 0x22);
    }

    #[test]
    fn what_is_no_dump_is_none() {
        assert!(messages("links.dump", "[\n    {\n").is_none());
        assert!(messages("a.dump", "30:00:00:00").is_none());
    }
}
