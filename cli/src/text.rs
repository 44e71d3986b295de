// SPDX-License-Identifier: GPL-2.0-or-later
//! Interfaces as text, in the manner of `ip link show`.

use std::io::{self, Write};

use crate::escape::Escaped;
use crate::netdev::{Netdev, Stats};
use crate::uapi::{device_flags, oper_state};

/// The flags that are shown, in the order in which `ip` shows them. Those above
/// bit 15 are missing: only dev_get_flags() sets them, which is not sent.
const FLAG_ORDER: [u32; 16] = [
    device_flags::UP,
    device_flags::BROADCAST,
    device_flags::DEBUG,
    device_flags::LOOPBACK,
    device_flags::POINTOPOINT,
    device_flags::NOARP,
    device_flags::PROMISC,
    device_flags::MULTICAST,
    device_flags::ALLMULTI,
    device_flags::MASTER,
    device_flags::SLAVE,
    device_flags::PORTSEL,
    device_flags::AUTOMEDIA,
    device_flags::DYNAMIC,
    device_flags::RUNNING,
    device_flags::NOTRAILERS,
];

/// Writes the two lines of an interface. What the answer lacks is left out.
///
/// # Errors
///
/// Those of `out`.
pub fn write_netdev(out: &mut impl Write, netdev: &Netdev) -> io::Result<()> {
    write!(out, "{}: {}:", netdev.ifindex, Escaped(&netdev.ifname))?;
    if let Some(flags) = netdev.flags {
        write!(out, " <{}>", flag_names(flags))?;
    }
    if let Some(mtu) = netdev.mtu {
        write!(out, " mtu {mtu}")?;
    }
    match netdev.state.map(|state| (state, oper_state::name(state))) {
        Some((_, Some(name))) => write!(out, " state {}", name.to_uppercase())?,
        Some((state, None)) => write!(out, " state {state:#x}")?,
        None => {}
    }
    if let Some(qlen) = netdev.qlen {
        write!(out, " qlen {qlen}")?;
    }
    writeln!(out)?;
    if netdev.address.is_none() && netdev.broadcast.is_none() {
        return Ok(());
    }
    write!(out, "   ")?;
    if let Some(address) = netdev.address {
        write!(out, " link/ether {}", colons(address))?;
    }
    if let Some(broadcast) = netdev.broadcast {
        write!(out, " brd {}", colons(broadcast))?;
    }
    writeln!(out)
}

/// Writes a line for each counter that the answer has.
///
/// # Errors
///
/// Those of `out`.
pub fn write_stats(out: &mut impl Write, stats: &Stats) -> io::Result<()> {
    let lines = [
        ("rx packets", stats.rx_packets),
        ("rx errors", stats.rx_errors),
        ("rx bytes", stats.rx_bytes),
        ("tx packets", stats.tx_packets),
        ("tx errors", stats.tx_errors),
        ("tx bytes", stats.tx_bytes),
    ];
    for (label, value) in lines {
        if let Some(value) = value {
            writeln!(out, "{label} {value}")?;
        }
    }
    Ok(())
}

fn flag_names(flags: u32) -> String {
    FLAG_ORDER
        .into_iter()
        .filter(|bit| flags & bit != 0)
        .filter_map(device_flags::name)
        .map(str::to_uppercase)
        .collect::<Vec<_>>()
        .join(",")
}

fn colons(address: [u8; 6]) -> String {
    address.map(|byte| format!("{byte:02x}")).join(":")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A USB adapter with everything that an answer to L2_LIST tells.
    fn usb_adapter() -> Netdev {
        Netdev {
            ifindex: 2,
            ifname: b"enx00e04c0261ca".to_vec(),
            flags: Some(device_flags::UP | device_flags::BROADCAST | device_flags::MULTICAST),
            mtu: Some(1500),
            state: Some(oper_state::UP),
            qlen: Some(1000),
            address: Some([0x00, 0xe0, 0x4c, 0x02, 0x61, 0xca]),
            broadcast: Some([0xff; 6]),
            stats: None,
        }
    }

    fn text(netdev: &Netdev) -> String {
        let mut out = Vec::new();
        write_netdev(&mut out, netdev).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn an_interface_takes_two_lines() {
        assert_eq!(
            text(&usb_adapter()),
            "2: enx00e04c0261ca: <UP,BROADCAST,MULTICAST> mtu 1500 state UP qlen 1000\n    \
             link/ether 00:e0:4c:02:61:ca brd ff:ff:ff:ff:ff:ff\n"
        );
    }

    #[test]
    fn qlen_is_left_out_only_if_the_answer_has_none() {
        let mut netdev = usb_adapter();
        netdev.qlen = Some(0);
        assert!(text(&netdev).contains(" state UP qlen 0\n"));
        netdev.qlen = None;
        assert!(text(&netdev).contains(" state UP\n"));
    }

    #[test]
    fn every_flag_has_its_place_and_others_are_not_shown() {
        let mut netdev = usb_adapter();
        netdev.flags = Some(u32::MAX);
        let all = "<UP,BROADCAST,DEBUG,LOOPBACK,POINTOPOINT,NOARP,PROMISC,MULTICAST,ALLMULTI,\
                   MASTER,SLAVE,PORTSEL,AUTOMEDIA,DYNAMIC,RUNNING,NOTRAILERS>";
        assert!(text(&netdev).contains(&format!(": {all} mtu")));
        netdev.flags = Some(0);
        assert!(text(&netdev).contains(": <> mtu"));
    }

    #[test]
    fn every_state_has_its_name_and_a_new_one_its_number() {
        let names = [
            "UNKNOWN",
            "NOTPRESENT",
            "DOWN",
            "LOWERLAYERDOWN",
            "TESTING",
            "DORMANT",
            "UP",
            "0x7",
        ];
        for (state, name) in (0..).zip(names) {
            let mut netdev = usb_adapter();
            netdev.state = Some(state);
            assert!(
                text(&netdev).contains(&format!(" state {name} qlen")),
                "{name}"
            );
        }
    }

    #[test]
    fn a_name_is_escaped() {
        let mut netdev = usb_adapter();
        netdev.ifname = b"\x1b[2Jx".to_vec();
        assert!(text(&netdev).starts_with("2: \\x1b[2Jx: <UP,"));
    }

    #[test]
    fn counters_take_a_line_each_and_unknown_ones_none() {
        let mut stats = Stats {
            rx_packets: Some(67695),
            rx_errors: Some(0),
            rx_bytes: Some(80948051),
            tx_packets: Some(22133),
            tx_errors: Some(0),
            tx_bytes: Some(u64::MAX),
        };
        let text = |stats: &Stats| {
            let mut out = Vec::new();
            write_stats(&mut out, stats).unwrap();
            String::from_utf8(out).unwrap()
        };
        assert_eq!(
            text(&stats),
            "rx packets 67695\nrx errors 0\nrx bytes 80948051\ntx packets 22133\n\
             tx errors 0\ntx bytes 18446744073709551615\n"
        );
        stats.rx_errors = None;
        stats.tx_errors = None;
        assert_eq!(
            text(&stats),
            "rx packets 67695\nrx bytes 80948051\ntx packets 22133\n\
             tx bytes 18446744073709551615\n"
        );
    }
}
