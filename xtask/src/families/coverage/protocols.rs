// SPDX-License-Identifier: GPL-2.0-or-later
//! Netlink's protocols, their messages, and the subsystems of nfnetlink.

use super::super::{
    source::Code,
    structs::{elements, filled, name_in},
    uapi::{
        Constant, Group, Uapi,
        members::numbered,
        tokens::{Kind, tokens},
    },
};
use std::{
    collections::{BTreeMap, BTreeSet},
    ops::RangeInclusive,
};

/// A protocol.
pub(crate) struct Netlink {
    pub(crate) number: u16,
    /// `NETLINK_ROUTE`.
    pub(crate) name: String,
    /// The file that opens the kernel's end; `None` where none does.
    pub(crate) file: Option<String>,
    /// Numbers of its messages, where the headers have them.
    pub(crate) messages: BTreeMap<u16, String>,
}

/// A subsystem of nfnetlink.
pub(crate) struct Subsystem {
    /// `NFNL_SUBSYS_CTNETLINK`.
    pub(crate) name: String,
    pub(crate) file: String,
    pub(crate) messages: BTreeMap<u16, String>,
}

/// Where a protocol's messages stand.
struct Place {
    protocol: u16,
    header: &'static str,
    /// What their names begin with.
    prefix: &'static str,
    /// What the numbers of messages are more than those.
    more: i128,
    /// Where those are.
    range: RangeInclusive<i128>,
}

const fn place(protocol: u16, header: &'static str, prefix: &'static str) -> Place {
    Place {
        protocol,
        header,
        prefix,
        more: 0,
        range: 16..=0xffff,
    }
}

const PLACES: [Place; 7] = [
    place(0, "linux/rtnetlink.h", "RTM_"),
    place(4, "linux/sock_diag.h", "SOCK_"),
    place(6, "linux/xfrm.h", "XFRM_MSG_"),
    place(7, "linux/selinux_netlink.h", "SELNL_MSG_"),
    Place {
        range: 1000..=2999,
        ..place(9, "linux/audit.h", "AUDIT_")
    },
    Place {
        // The number of a client stands above them, RDMA_NL_NLDEV.
        more: 5 << 10,
        range: 1..=0x3ff,
        ..place(20, "rdma/rdma_netlink.h", "RDMA_NLDEV_CMD_")
    },
    place(21, "linux/cryptouser.h", "CRYPTO_MSG_"),
];

/// All protocols of linux/netlink.h.
pub(crate) fn protocols(files: &[Code], uapi: &Uapi, groups: &[Group<'_>]) -> Vec<Netlink> {
    let openers = openers(files);
    let defines = uapi.defines("linux/netlink.h");
    let all = defines.into_iter().flat_map(|it| it.constants);
    let mut found: Vec<Netlink> = Vec::new();
    for it in all {
        // Options of sockets are not bigger either, but protocols come first, and count up.
        let Some(number) = it.value.and_then(|it| u16::try_from(it).ok()) else {
            continue;
        };
        let is_next = found.last().is_none_or(|last| last.number < number);
        if !it.name.starts_with("NETLINK_") || number >= 32 || !is_next {
            continue;
        }
        found.push(Netlink {
            number,
            name: it.name.to_owned(),
            file: openers.get(it.name).cloned(),
            messages: messages(number, uapi, groups),
        });
    }
    found
}

fn messages(protocol: u16, uapi: &Uapi, groups: &[Group<'_>]) -> BTreeMap<u16, String> {
    let mut found = BTreeMap::new();
    for place in PLACES.iter().filter(|it| it.protocol == protocol) {
        let enums = groups.iter().filter(|it| it.header == place.header);
        for group in enums.chain(&uapi.defines(place.header)) {
            for it in numbered(&group.constants) {
                let Some(value) = it.value.filter(|it| place.range.contains(it)) else {
                    continue;
                };
                let words = ["_FIRST_", "_LAST_", "_F_", "_NR_"];
                let is_edge = ["_BASE", "_MAX"].iter().any(|end| it.name.ends_with(end))
                    || words.iter().any(|word| it.name.contains(word));
                if it.name.starts_with(place.prefix)
                    && !is_edge
                    && let Ok(value) = u16::try_from(value + place.more)
                {
                    found.entry(value).or_insert_with(|| it.name.to_owned());
                }
            }
        }
    }
    found
}

/// Which file opens the kernel's end of a protocol.
fn openers(files: &[Code]) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for file in files
        .iter()
        .filter(|it| it.text.contains("netlink_kernel_create"))
    {
        let all = tokens(&file.text);
        for (at, token) in all.iter().enumerate() {
            if token.kind != Kind::Word("netlink_kernel_create") {
                continue;
            }
            let rest = all[at..].iter().take_while(|it| !it.is(";"));
            let name = rest
                .filter_map(|it| it.word())
                .find(|it| it.starts_with("NETLINK_"));
            if let Some(name) = name {
                found.insert(name.to_owned(), file.name.clone());
            }
        }
    }
    found
}

/// The subsystems that the code registers.
pub(crate) fn subsystems(files: &[Code], uapi: &Uapi, groups: &[Group<'_>]) -> Vec<Subsystem> {
    let mut found = Vec::new();
    for file in files
        .iter()
        .filter(|it| it.text.contains("nfnetlink_subsystem"))
    {
        let all = tokens(&file.text);
        let callbacks = filled(&all, "nfnl_callback");
        for it in filled(&all, "nfnetlink_subsystem") {
            let Some(name) = name_in(it.body, "subsys_id") else {
                continue;
            };
            let Some((_, number)) = uapi.numbers(name).first().copied() else {
                continue;
            };
            let table = name_in(it.body, "cb");
            let table = callbacks.iter().find(|it| Some(it.name) == table);
            let handled: BTreeSet<&str> = table
                .map(|it| elements(it.body))
                .unwrap_or_default()
                .iter()
                .filter_map(|it| it.at)
                .collect();
            // Answers and news have no callback: all of the enum.
            let group =
                (groups.iter()).find(|it| it.constants.iter().any(|it| handled.contains(it.name)));
            let members = group
                .map(|it| numbered_from_zero(&it.constants))
                .unwrap_or_default();
            let messages = members.into_iter().filter_map(|(value, name)| {
                Some((u16::try_from((number << 8) + value).ok()?, name))
            });
            found.push(Subsystem {
                name: name.to_owned(),
                file: file.name.clone(),
                messages: messages.collect(),
            });
        }
    }
    found.sort_by(|a, b| a.messages.keys().next().cmp(&b.messages.keys().next()));
    found
}

/// Messages of subsystems count from 0; some begin with one that is none.
fn numbered_from_zero(constants: &[Constant<'_>]) -> Vec<(i128, String)> {
    let named = numbered(constants).into_iter();
    named
        .filter_map(|it| Some((it.value?, it.name.to_owned())))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uapi() -> Uapi {
        Uapi::of_texts(
            [
                (
                    "linux/netlink.h",
                    "#define NETLINK_ROUTE 0\n#define NETLINK_BOX 3\n#define NETLINK_OLD NETLINK_BOX\n\
                     #define NETLINK_ADD_MEMBERSHIP 1\n#define NETLINK_FAR 99\n",
                ),
                (
                    "linux/rtnetlink.h",
                    "enum { RTM_BASE = 16, RTM_NEWLINK = 16, RTM_DELLINK, RTM_NEWADDR = 20, __RTM_MAX };
                     #define RTM_F_NOTIFY 0x100",
                ),
                ("linux/netfilter/nfnetlink.h", "#define NFNL_SUBSYS_BOX 2\n"),
                (
                    "linux/netfilter/nfnetlink_box.h",
                    "enum { BOX_MSG_NEW, BOX_MSG_GET, BOX_MSG_GONE, BOX_MSG_MAX };",
                ),
            ]
            .map(|(name, text)| (name.to_owned(), text.to_owned())),
        )
    }

    #[test]
    fn protocols_count_up_and_their_messages_are_those_of_their_header() {
        let code = Code {
            name: "net/core/rtnetlink.c".into(),
            text: "sk = netlink_kernel_create(net, NETLINK_ROUTE, &cfg);".into(),
        };
        let uapi = uapi();
        let found = protocols(&[code], &uapi, &uapi.enums());
        let shown: Vec<_> = found.iter().map(|it| (it.number, &*it.name)).collect();
        assert_eq!(shown, [(0, "NETLINK_ROUTE"), (3, "NETLINK_BOX")]);
        assert_eq!(found[0].file.as_deref(), Some("net/core/rtnetlink.c"));
        assert_eq!(found[1].file, None);
        let messages: Vec<_> = found[0].messages.keys().copied().collect();
        assert_eq!(messages, [16, 17, 20]);
        assert_eq!(found[0].messages[&16], "RTM_NEWLINK");
    }

    #[test]
    fn a_subsystem_has_its_number_above_those_of_its_messages() {
        let code = Code {
            name: "net/netfilter/nfnetlink_box.c".into(),
            text: "static const struct nfnl_callback box_cb[BOX_MSG_MAX] = { [BOX_MSG_GET] = { .call = f } };
                   static const struct nfnetlink_subsystem box = { .subsys_id = NFNL_SUBSYS_BOX, .cb = box_cb };"
                .into(),
        };
        let uapi = uapi();
        let found = subsystems(&[code], &uapi, &uapi.enums());
        assert_eq!(found.len(), 1);
        let messages: Vec<_> = found[0].messages.keys().copied().collect();
        assert_eq!(messages, [0x200, 0x201, 0x202]);
    }
}
