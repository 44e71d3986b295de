// SPDX-License-Identifier: GPL-2.0-or-later
//! Events of devices: texts, of the kernel (lib/kobject_uevent.c), and of udev, which sends on
//! with a header of its own what it has done about them (sd-device's device-monitor.c).

use super::packet::Packet;

/// What udev's messages begin with: the word with its NUL, and a number in network order.
const UDEV: &[u8] = b"libudev\0\xfe\xed\xca\xfe";

/// Where udev's header says how many bytes are before the pairs.
const PROPERTIES: std::ops::Range<usize> = 16..20;

/// An event of a device.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Uevent<'a> {
    /// What happened: `add`.
    pub(crate) action: &'a [u8],
    /// The device, as a path in /sys.
    pub(crate) device: &'a [u8],
    /// Whether udev sent it.
    pub(crate) by_udev: bool,
    pairs: &'a [u8],
}

impl<'a> Uevent<'a> {
    /// The event that a packet is; `None` where it is none.
    pub(crate) fn new(packet: &Packet<'a>) -> Option<Self> {
        (i32::from(packet.protocol) == libc::NETLINK_KOBJECT_UEVENT).then_some(())?;
        let bytes = packet.messages;
        if bytes.starts_with(UDEV) {
            let at = packet.endian.u32(bytes.get(PROPERTIES)?)?;
            let mut event = Self {
                action: b"",
                device: b"",
                by_udev: true,
                pairs: bytes.get(usize::try_from(at).ok()?..)?,
            };
            event.action = event.value(b"ACTION")?;
            event.device = event.value(b"DEVPATH").unwrap_or_default();
            return Some(event);
        }
        let end = bytes.iter().position(|byte| *byte == 0)?;
        let at = bytes[..end].iter().position(|byte| *byte == b'@')?;
        Some(Self {
            action: &bytes[..at],
            device: &bytes[at + 1..end],
            by_udev: false,
            pairs: &bytes[end + 1..],
        })
    }

    /// All pairs, in the order of the message; what has no `=` has no value.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = (&'a [u8], &'a [u8])> + use<'a> {
        let texts = self.pairs.split(|byte| *byte == 0);
        texts.filter(|it| !it.is_empty()).map(|text| {
            let at = text.iter().position(|byte| *byte == b'=');
            match at {
                Some(at) => (&text[..at], &text[at + 1..]),
                None => (text, &[][..]),
            }
        })
    }

    /// The pairs that say more than the action and the device do.
    pub(crate) fn others(&self) -> impl Iterator<Item = (&'a [u8], &'a [u8])> + use<'a> {
        let all = self.pairs();
        all.filter(|(key, _)| !matches!(*key, b"ACTION" | b"DEVPATH"))
    }

    fn value(&self, key: &[u8]) -> Option<&'a [u8]> {
        self.pairs().find(|it| it.0 == key).map(|it| it.1)
    }
}

#[cfg(test)]
mod tests {
    use ynl::decode::Endian;

    use super::Uevent;
    use crate::messages::packet::Packet;

    fn packet(bytes: &[u8]) -> Packet<'_> {
        Packet::of(libc::NETLINK_KOBJECT_UEVENT as u16, bytes, Endian::Little)
    }

    fn shown(event: &Uevent<'_>) -> String {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let mut out = format!("{} {}", text(event.action), text(event.device));
        for (key, value) in event.others() {
            out += &format!(" {}={}", text(key), text(value));
        }
        out
    }

    #[test]
    fn an_event_of_the_kernel_is_its_first_line_and_pairs() {
        let bytes = b"add@/devices/x\0ACTION=add\0DEVPATH=/devices/x\0SEQNUM=7\0odd\0";
        let event = Uevent::new(&packet(bytes)).unwrap();
        assert!(!event.by_udev);
        assert_eq!(shown(&event), "add /devices/x SEQNUM=7 odd=");
    }

    #[test]
    fn an_event_of_udev_has_a_header_of_40_bytes() {
        let mut bytes = b"libudev\0\xfe\xed\xca\xfe".to_vec();
        bytes.extend([40, 0, 0, 0, 40, 0, 0, 0]);
        bytes.resize(40, 0);
        bytes.extend(b"ACTION=remove\0DEVPATH=/devices/x\0TAGS=:a:\0");
        let event = Uevent::new(&packet(&bytes)).unwrap();
        assert!(event.by_udev);
        assert_eq!(shown(&event), "remove /devices/x TAGS=:a:");
        bytes[16] = 255;
        assert!(Uevent::new(&packet(&bytes)).is_none());
    }

    #[test]
    fn other_bytes_are_no_event() {
        for bytes in [
            &b""[..],
            b"\0\0",
            b"add@/x",
            b"add\0ACTION=add\0",
            b"libudev\0",
        ] {
            assert!(Uevent::new(&packet(bytes)).is_none());
        }
        let route = Packet::of(0, b"add@/x\0", Endian::Little);
        assert!(Uevent::new(&route).is_none());
    }
}
