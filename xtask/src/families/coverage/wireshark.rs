// SPDX-License-Identifier: GPL-2.0-or-later
//! Which attributes the dissectors in Wireshark name, by what `tshark -G values` says of the
//! fields that hold an attribute's type.

use super::super::uapi::{Group, Uapi};
use std::{
    collections::{HashMap, HashSet},
    process::Command,
};

/// What an installed tshark names.
pub(crate) struct Wireshark {
    /// `4.0.17`.
    pub(crate) version: String,
    /// C names of attributes.
    names: HashSet<String>,
    /// Numbers of attributes of the enum that has this constant.
    numbers: HashMap<&'static str, HashSet<i128>>,
}

/// Fields whose values have no C names, and a constant of the enum that they are.
const FIELDS: [(&str, &str); 27] = [
    ("netlink-route.ifla_attr_type", "IFLA_MTU"),
    ("netlink-route.ifa_attr_type", "IFA_ADDRESS"),
    ("netlink-route.rta_attr_type", "RTA_DST"),
    ("netlink-netfilter.ct.attr", "CTA_TUPLE_ORIG"),
    ("netlink-netfilter.ct_help_attr", "CTA_HELP_NAME"),
    (
        "netlink-netfilter.ct_seqadj_attr",
        "CTA_SEQADJ_CORRECTION_POS",
    ),
    ("netlink-netfilter.exp.attr", "CTA_EXPECT_MASTER"),
    ("netlink-netfilter.nfct_tuple", "CTA_TUPLE_IP"),
    ("netlink-netfilter.nfct_tuple.ip", "CTA_IP_V4_SRC"),
    ("netlink-netfilter.nfct_tuple.proto", "CTA_PROTO_NUM"),
    ("netlink-netfilter.nfexp.nat", "CTA_EXPECT_NAT_DIR"),
    ("netlink-netfilter.queue.attr", "NFQA_PACKET_HDR"),
    ("netlink-netfilter.queue.config_attr", "NFQA_CFG_CMD"),
    ("netlink-netfilter.ipset_attr", "IPSET_ATTR_PROTOCOL"),
    ("netlink-netfilter.ipset_adt_attr", "IPSET_ATTR_CIDR"),
    ("netlink-netfilter.ipset_cadt_attr", "IPSET_ATTR_CIDR"),
    ("netlink-netfilter.ipset_ip_attr", "IPSET_ATTR_IPADDR_IPV4"),
    ("netlink-sock_diag.inet_attr", "INET_DIAG_MEMINFO"),
    ("netlink-sock_diag.unix_attr", "UNIX_DIAG_NAME"),
    ("netlink-sock_diag.netlink_attr", "NETLINK_DIAG_MEMINFO"),
    ("genl.ctrl_attr", "CTRL_ATTR_FAMILY_ID"),
    ("genl.ctrl.ops_attr", "CTRL_ATTR_OP_ID"),
    ("net_dm.attr_type", "NET_DM_ATTR_ALERT_MODE"),
    ("net_dm.port.attr_type", "NET_DM_ATTR_PORT_NETDEV_IFINDEX"),
    ("net_dm.stats.attr_type", "NET_DM_ATTR_STATS_DROPPED"),
    ("psample.attr_type", "PSAMPLE_ATTR_IIFINDEX"),
    ("genl.ctrl.groups_attr", "CTRL_ATTR_MCAST_GRP_NAME"),
];

impl Wireshark {
    /// What the tshark in PATH names; `None` where there is none.
    pub(crate) fn installed(uapi: &Uapi) -> Option<Self> {
        let run = |args: &[&str]| {
            let out = Command::new("tshark").args(args).output().ok()?;
            out.status
                .success()
                .then(|| String::from_utf8_lossy(&out.stdout).into_owned())
        };
        let version = run(&["--version"])?;
        let is_number = |it: &&str| it.starts_with(|it: char| it.is_ascii_digit());
        let version = version
            .split_whitespace()
            .find(is_number)?
            .trim_end_matches('.');
        Some(Self::of(version, &run(&["-G", "values"])?, uapi))
    }

    fn of(version: &str, values: &str, uapi: &Uapi) -> Self {
        let mut found = Self {
            version: version.to_owned(),
            names: HashSet::new(),
            numbers: HashMap::new(),
        };
        for line in values.lines() {
            let mut words = line.split('\t');
            let (Some("V"), Some(field), Some(number), Some(name)) =
                (words.next(), words.next(), words.next(), words.next())
            else {
                continue;
            };
            if let Some((_, constant)) = FIELDS.iter().find(|it| it.0 == field) {
                let number = match number.strip_prefix("0x") {
                    Some(digits) => i128::from_str_radix(digits, 16),
                    None => number.parse(),
                };
                found.numbers.entry(*constant).or_default().extend(number);
            } else if !uapi.numbers(name).is_empty() {
                found.names.insert(name.to_owned());
            }
        }
        found
    }

    /// How many attributes of an enum it names.
    pub(crate) fn count(&self, group: &Group<'_>, members: &[(i128, Vec<&str>)]) -> usize {
        let has = |it: &&&str| group.constants.iter().any(|constant| constant.name == **it);
        let numbers = self.numbers.keys().find(has).map(|it| &self.numbers[it]);
        let is_named = |(number, names): &&(i128, Vec<&str>)| {
            numbers.is_some_and(|it| it.contains(number))
                || names.iter().any(|it| self.names.contains(*it))
        };
        members.iter().filter(is_named).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_counted_by_their_names_or_by_their_fields_numbers() {
        let header = "enum { IFLA_UNSPEC, IFLA_ADDRESS, IFLA_MTU, IFLA_NEW };
            enum { BOX_ATTR_SIZE, BOX_ATTR_LID };";
        let uapi = Uapi::of_texts([("linux/box.h".to_owned(), header.to_owned())]);
        let values = "V\tnetlink-route.ifla_attr_type\t0x2\tMTU\nV\tnetlink-route.ifla_attr_type\t1\tx\n\
            V\tbox.attr\t1\tBOX_ATTR_LID\nR\tx\t1\t2\tBOX_ATTR_SIZE\nV\tother\t1\tBOX\n";
        let wireshark = Wireshark::of("4.0", values, &uapi);
        let counts: Vec<_> = (uapi.enums().iter())
            .map(|group| {
                let members: Vec<_> = (group.constants.iter())
                    .map(|it| (it.value.unwrap_or_default(), vec![it.name]))
                    .collect();
                wireshark.count(group, &members)
            })
            .collect();
        assert_eq!(counts, [2, 1]);
    }
}
