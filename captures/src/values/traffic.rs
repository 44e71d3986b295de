// SPDX-License-Identifier: GPL-2.0-or-later
//! Numbers of traffic control, written as `tc` writes them.

/// A handle: `1:` is a queueing discipline, `1:10` a class in it (TC_H_MAJ and TC_H_MIN of
/// linux/pkt_sched.h, in hexadecimal).
pub(super) fn handle(handle: u32) -> String {
    /// The major number of TC_H_INGRESS, alias TC_H_CLSACT, and the minor numbers in it.
    const INGRESS: u32 = 0xffff;
    const HOOKS: [(u32, &str); 2] = [(0xfff2, "ingress"), (0xfff3, "egress")];
    let (major, minor) = (handle >> 16, handle & 0xffff);
    let hook = HOOKS.iter().find(|it| major == INGRESS && it.0 == minor);
    match (handle, hook) {
        (0, _) => "none".to_owned(),
        (u32::MAX, _) => "root".to_owned(),
        (0xffff_fff1, _) => "ingress".to_owned(),
        (_, Some((_, hook))) => format!("{major:x}:{hook}"),
        _ if major == 0 => format!(":{minor:x}"),
        _ if minor == 0 => format!("{major:x}:"),
        _ => format!("{major:x}:{minor:x}"),
    }
}

/// A verdict with a number in it (TC_ACT_EXT_OPCODE of linux/pkt_cls.h): `jump-2` passes over two
/// actions, `goto-chain-5` continues in another chain. The others have names.
pub(super) fn verdict(verdict: u32) -> Option<String> {
    let value = verdict & 0x0fff_ffff;
    match verdict >> 28 {
        1 => Some(format!("jump-{value}")),
        2 => Some(format!("goto-chain-{value}")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handle_is_major_and_minor() {
        let handles = [
            (0, "none"),
            (0xffff_ffff, "root"),
            (0xffff_fff1, "ingress"),
            (0xffff_fff2, "ffff:ingress"),
            (0xffff_fff3, "ffff:egress"),
            (0xffff_0000, "ffff:"),
            (0x8001_0000, "8001:"),
            (0x0001_0010, "1:10"),
            (0x0001_fff2, "1:fff2"),
            (0x0000_0010, ":10"),
        ];
        for (number, text) in handles {
            assert_eq!(handle(number), text);
        }
    }

    #[test]
    fn a_verdict_may_say_how_far_or_where() {
        assert_eq!(verdict(0x1000_0002).as_deref(), Some("jump-2"));
        assert_eq!(verdict(0x2000_0005).as_deref(), Some("goto-chain-5"));
        assert_eq!(verdict(2), None);
        assert_eq!(verdict(u32::MAX), None);
    }
}
