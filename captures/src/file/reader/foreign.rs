// SPDX-License-Identifier: GPL-2.0-or-later
//! What a file is that is not read, by how it begins.

/// What to do with a capture of another format, and with a compressed file.
const CONVERT: &str = "convert it to pcapng with editcap";
const DECOMPRESS: &str = "decompress it first";

/// How a file begins, what it is, and what to do with it.
const KINDS: [(&[u8], &str, &str); 15] = [
    (b"snoop\0\0\0", "a snoop capture", CONVERT),
    (b"btsnoop\0", "a btsnoop capture", CONVERT),
    (b"iptrace ", "an iptrace capture", CONVERT),
    (b"TRSNIFF data", "a Sniffer capture", CONVERT),
    (b"XCP\0", "a NetXRay capture", CONVERT),
    (b"GMBU", "a Network Monitor capture", CONVERT),
    (b"RTSS", "a Network Monitor capture", CONVERT),
    (b"ObserverPktBuffe", "an Observer capture", CONVERT),
    (b"\x05VNF", "a Visual Networks capture", CONVERT),
    (b"\xfd7zXZ\0", "an xz-compressed file", DECOMPRESS),
    (b"BZh", "a bzip2-compressed file", DECOMPRESS),
    (b"\x1f\x9d", "a file of compress", DECOMPRESS),
    (
        b"\x02\x21\x4c\x18",
        "a file of lz4's legacy format",
        DECOMPRESS,
    ),
    (b"PK\x03\x04", "a zip archive", DECOMPRESS),
    (b"\x7fELF", "an ELF file", NOT_A_CAPTURE),
];

/// What a file is that nobody knows, and one of those.
pub(super) const NOT_A_CAPTURE: &str = "not a capture file (pcapng, pcap or rtmon)";

/// What the file is that begins with these bytes, and what to do with it.
pub(super) fn describe(start: &[u8]) -> String {
    let known = KINDS.iter().find(|(magic, _, _)| start.starts_with(magic));
    let (what, then) = match known {
        Some((_, what, then)) => (*what, *then),
        None if start.is_empty() => ("an empty file", NOT_A_CAPTURE),
        None if is_text(start) => ("a text file", NOT_A_CAPTURE),
        None if is_erf(start) => ("an ERF capture", CONVERT),
        None => return NOT_A_CAPTURE.to_owned(),
    };
    format!("{what}: {then}")
}

/// Whether these bytes can be read by people, as far as they go.
fn is_text(start: &[u8]) -> bool {
    let text = match std::str::from_utf8(start) {
        Ok(text) => text,
        // A character is cut.
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(&start[..error.valid_up_to()]).unwrap_or("\0")
        }
        Err(_) => return false,
    };
    !text.contains(|c: char| c.is_control() && !c.is_ascii_whitespace() && c != '\x1b')
}

/// Whether this is ERF, which has no magic: its records have a type, from 1 to 48 without the
/// highest bit, in byte 8 and their length in bytes 10 and 11, big-endian. One may be chance,
/// two are not.
fn is_erf(start: &[u8]) -> bool {
    let record = |from: usize| {
        let header = start.get(from..)?.first_chunk::<16>()?;
        let length = u16::from_be_bytes([header[10], header[11]]);
        let is_record = (1..=48).contains(&(header[8] & 0x7f)) && length > 16;
        is_record.then_some(from + usize::from(length))
    };
    record(0).and_then(record).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_a_known_format_is_named_with_what_to_do() {
        for (start, name) in [
            (
                &b"snoop\0\0\0\0\0\0\x02"[..],
                "a snoop capture: convert it to pcapng with editcap",
            ),
            (
                b"\xfd7zXZ\0\0",
                "an xz-compressed file: decompress it first",
            ),
            (
                b"",
                "an empty file: not a capture file (pcapng, pcap or rtmon)",
            ),
            (
                "größe\n\t".as_bytes(),
                "a text file: not a capture file (pcapng, pcap or rtmon)",
            ),
            (
                // The first character of the rest is cut.
                b"gr\xc3",
                "a text file: not a capture file (pcapng, pcap or rtmon)",
            ),
            (b"gr\xc3r", "not a capture file (pcapng, pcap or rtmon)"),
            (
                // Two records of 18 bytes.
                b"\0\0\0\0\x05\x8b\x57\x69\x02\x04\0\x12\0\0\0\x02xy\
                  \0\0\0\0\x05\x8b\x57\x69\x02\x04\0\x12\0\0\0\x02xy",
                "an ERF capture: convert it to pcapng with editcap",
            ),
            (b"\0", "not a capture file (pcapng, pcap or rtmon)"),
        ] {
            assert_eq!(describe(start), name);
        }
    }
}
