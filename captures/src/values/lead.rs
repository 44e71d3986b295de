// SPDX-License-Identifier: GPL-2.0-or-later
//! What a message is about, in the words of ip and nft: `10.2.0.0/16 via 10.1.0.2 dev 4(eth0)`.
//!
//! Attributes are known by their numbers in Linux's headers, so that a specification may call them
//! what it likes.

use ynl::decode::{Body, Level, Record, Value};

use super::{push_decimal, push_leaf, push_link, push_text};
use crate::messages::event::Event;
use crate::messages::links::Links;

/// What decides how a message begins.
#[derive(Clone, Copy)]
pub(crate) struct Topic<'a> {
    /// Netlink protocol, NETLINK_* of linux/netlink.h.
    pub(crate) protocol: u16,
    /// A process asks.
    pub(crate) is_request: bool,
    /// The names of links that it may be about.
    pub(crate) links: Links<'a>,
}

impl<'a> Topic<'a> {
    /// Of a message, or of the request that it refuses.
    pub(crate) fn of(event: &'a Event<'_>, is_request: bool) -> Self {
        Self {
            protocol: event.packet.protocol,
            is_request,
            links: event.links,
        }
    }
}

/// Names of members of the header and of attributes that need not be said again.
pub(super) type Said<'a> = Vec<&'a str>;

/// NFNL_SUBSYS_* of linux/netfilter/nfnetlink.h, the upper byte of a type.
const CONNTRACK: u16 = 1;
const NF_TABLES: u16 = 10;

/// Writes what the message is about, a space before each word; nothing where that is not known.
pub(super) fn push_lead<'a>(out: &mut String, body: &'a Body<'a>, topic: Topic<'_>) -> Said<'a> {
    let mut lead = Lead {
        out,
        level: &body.level,
        header: body.header.as_ref(),
        links: topic.links,
        said: Vec::new(),
    };
    if body.operation.is_none() {
        return lead.said;
    }
    match (i32::from(topic.protocol), body.kind) {
        (libc::NETLINK_ROUTE, kind) => lead.route(kind, topic.is_request),
        (libc::NETLINK_NETFILTER, kind) => match kind >> 8 {
            CONNTRACK => lead.conntrack(),
            NF_TABLES => lead.nf_tables(kind & 0xff),
            _ => {}
        },
        _ => {}
    }
    lead.said
}

struct Lead<'a, 'o> {
    out: &'o mut String,
    level: &'a Level<'a>,
    header: Option<&'a Record<'a>>,
    links: Links<'o>,
    said: Said<'a>,
}

impl<'a> Lead<'a, '_> {
    /// Messages of rtnetlink come in fours: new, delete, get, set.
    fn route(&mut self, kind: u16, is_request: bool) {
        match kind & !3 {
            libc::RTM_NEWLINK => self.link(is_request),
            libc::RTM_NEWADDR => self.address(),
            libc::RTM_NEWROUTE => self.destination(is_request && kind == libc::RTM_GETROUTE),
            libc::RTM_NEWNEIGH => self.neighbour(),
            libc::RTM_NEWRULE => self.rule(),
            libc::RTM_NEWQDISC | libc::RTM_NEWTCLASS | libc::RTM_NEWTFILTER => {
                self.word("", 1);
                self.device("tcm-ifindex");
            }
            _ => {}
        }
    }

    fn link(&mut self, is_request: bool) {
        let index = self.header_number("ifi-index").filter(|it| *it != 0);
        match index {
            Some(index) => {
                self.out.push_str(" dev ");
                self.said.push("ifi-index");
                // A request may ask for another name; what the kernel says is the name.
                let name = self.name_of(libc::IFLA_IFNAME).filter(|_| !is_request);
                match name {
                    Some(name) => {
                        push_decimal(self.out, index.into());
                        self.out.push('(');
                        push_text(self.out, name);
                        self.out.push(')');
                        self.say(libc::IFLA_IFNAME);
                    }
                    None => push_link(self.out, index, self.links),
                }
            }
            None => {
                self.word("dev", libc::IFLA_IFNAME);
            }
        }
    }

    fn address(&mut self) {
        let length = self.header_number("ifa-prefixlen");
        let has_peer = self.bytes_of(libc::IFA_LOCAL).is_some_and(|local| {
            let address = self.bytes_of(libc::IFA_ADDRESS);
            address.is_some_and(|it| it != local)
        });
        let of = match self.has(libc::IFA_LOCAL) {
            true => libc::IFA_LOCAL,
            false => libc::IFA_ADDRESS,
        };
        if !self.word("", of) {
            return;
        }
        if has_peer {
            self.word("peer", libc::IFA_ADDRESS);
        } else {
            self.say(libc::IFA_ADDRESS);
        }
        if let Some(length) = length {
            self.push_length(length);
            self.said.push("ifa-prefixlen");
        }
        self.device("ifa-index");
    }

    fn destination(&mut self, is_lookup: bool) {
        let length = self.header_number("rtm-dst-len").unwrap_or(0);
        match self.bytes_of(libc::RTA_DST).map(<[u8]>::len) {
            Some(bytes) => {
                self.word("", libc::RTA_DST);
                // A label has 20 bits.
                let is_mpls = self.header_number("rtm-family") == Some(libc::AF_MPLS as u64);
                if length != if is_mpls { 20 } else { 8 * bytes as u64 } {
                    self.push_length(length);
                }
                self.said.push("rtm-dst-len");
            }
            None if is_lookup || length != 0 => return,
            None => {
                self.out.push_str(" default");
                self.said.push("rtm-dst-len");
            }
        }
        // RTA_VIA is a gateway of another address family.
        let _ = self.word("via", libc::RTA_GATEWAY) || self.struct_or_leaf("via", libc::RTA_VIA);
        self.link_of("dev", libc::RTA_OIF);
    }

    fn neighbour(&mut self) {
        // An entry of a bridge's table has no address but that of its link.
        let has_address = self.word("", NDA_DST);
        if !has_address && !self.has(NDA_LLADDR) {
            return;
        }
        if !has_address {
            self.word("", NDA_LLADDR);
        }
        self.device("ndm-ifindex");
        if has_address {
            self.word("lladdr", NDA_LLADDR);
        }
        if self.header_number("ndm-state").is_some_and(|it| it != 0) {
            self.header_word("ndm-state");
        }
    }

    fn rule(&mut self) {
        if !self.word("", FRA_PRIORITY) {
            return;
        }
        self.out.push(':');
        for (word, number, length) in [("from", FRA_SRC, "src-len"), ("to", FRA_DST, "dst-len")] {
            let prefix = self.header_number(length);
            if self.word(word, number) {
                if let Some(prefix) = prefix {
                    self.push_length(prefix);
                    self.said.push(length);
                }
            } else if word == "from" {
                self.out.push_str(" from all");
            }
        }
        self.word("lookup", FRA_TABLE);
    }

    /// What there is in nf_tables: the number of its first message, and the attributes that name
    /// it, its handle last.
    fn nf_tables(&mut self, message: u16) {
        let (what, names, handle): (_, &[u16], _) = match message {
            0..=2 => ("table", &[1], None),
            3..=5 => ("chain", &[1, 3], Some(2)),
            6..=8 | 25 => ("rule", &[1, 2], Some(3)),
            9..=11 => ("set", &[1, 2], None),
            12..=14 => ("element", &[1, 2], None),
            18..=21 => ("object", &[1, 2], None),
            22..=24 => ("flowtable", &[1, 2], None),
            _ => return,
        };
        if !self.has(names[0]) {
            return;
        }
        self.out.push(' ');
        self.out.push_str(what);
        let family = self.header_number(NF_FAMILY).unwrap_or(0);
        match NF_FAMILIES.iter().find(|it| it.0 == family) {
            Some((_, word)) => {
                self.out.push(' ');
                self.out.push_str(word);
                self.said.push(NF_FAMILY);
            }
            None => self.header_word(NF_FAMILY),
        }
        for number in names {
            self.word("", *number);
        }
        if let Some(handle) = handle {
            self.word("handle", handle);
        }
    }

    /// The tuple of a connection's first packet, and the state of TCP.
    fn conntrack(&mut self) {
        let Some(tuple) = tuple(self.level) else {
            return;
        };
        self.out.push(' ');
        self.out.push_str(&tuple);
        self.say(TUPLE_ORIG);
        let mut state = String::new();
        let found = inside(self.level, PROTOINFO, &mut |level| {
            inside(level, PROTOINFO_TCP, &mut |level| {
                leaf_of(level, TCP_STATE, &mut state)
            })
        });
        if found {
            self.out.push(' ');
            self.out.push_str(&state);
        }
    }

    fn push_length(&mut self, length: u64) {
        self.out.push('/');
        push_decimal(self.out, length.into());
    }

    /// The number of a link in the header.
    fn device(&mut self, member: &'static str) {
        if let Some(index) = self.header_number(member).filter(|it| *it != 0) {
            self.out.push_str(" dev ");
            push_link(self.out, index, self.links);
            self.said.push(member);
        }
    }

    /// The number of a link in an attribute.
    fn link_of(&mut self, word: &str, number: u16) {
        let mut index = None;
        read(self.level, number, &mut |value| {
            if let Value::Number(number) = value {
                index = Some(number.bits());
            }
        });
        if let Some(index) = index {
            self.out.push(' ');
            self.out.push_str(word);
            self.out.push(' ');
            push_link(self.out, index, self.links);
            self.say(number);
        }
    }

    /// A word and an attribute's value, where that is one value; whether it is there.
    fn word(&mut self, word: &str, number: u16) -> bool {
        let mut text = String::new();
        if !leaf_of(self.level, number, &mut text) {
            return false;
        }
        for part in [word, &text] {
            if !part.is_empty() {
                self.out.push(' ');
                self.out.push_str(part);
            }
        }
        self.say(number);
        true
    }

    /// A word and the values of an attribute that is a struct.
    fn struct_or_leaf(&mut self, word: &str, number: u16) -> bool {
        let mut text = String::new();
        read(self.level, number, &mut |value| {
            if let Value::Struct(record) = value {
                for (_, value) in record.members() {
                    text.push(' ');
                    push_leaf(&mut text, &value);
                }
            }
        });
        if text.is_empty() {
            return self.word(word, number);
        }
        self.out.push(' ');
        self.out.push_str(word);
        self.out.push_str(&text);
        self.say(number);
        true
    }

    fn header_number(&self, member: &str) -> Option<u64> {
        match self.header?.by_name(member)? {
            Value::Number(number) => Some(number.bits()),
            _ => None,
        }
    }

    fn header_word(&mut self, member: &'static str) {
        if let Some(value) = self.header.and_then(|it| it.by_name(member)) {
            self.out.push(' ');
            push_leaf(self.out, &value);
            self.said.push(member);
        }
    }

    fn has(&self, number: u16) -> bool {
        self.bytes_of(number).is_some()
    }

    fn bytes_of(&self, number: u16) -> Option<&'a [u8]> {
        let mut fields = self.level.fields().map_while(Result::ok);
        let field = fields.find(|it| it.attribute.number == number)?;
        Some(field.attribute.payload)
    }

    fn name_of(&self, number: u16) -> Option<&'a [u8]> {
        let bytes = self.bytes_of(number)?;
        bytes.split(|byte| *byte == 0).next()
    }

    /// It need not be said again.
    fn say(&mut self, number: u16) {
        let name = self.level.set().and_then(|it| it.by_number(number));
        self.said.extend(name.map(|it| it.name.as_str()));
    }
}

/// The member of `struct nfgenmsg`, and what nft calls NFPROTO_* of linux/netfilter.h.
const NF_FAMILY: &str = "nfgen-family";
const NF_FAMILIES: [(u64, &str); 6] = [
    (1, "inet"),
    (2, "ip"),
    (3, "arp"),
    (5, "netdev"),
    (7, "bridge"),
    (10, "ip6"),
];

/// Of linux/neighbour.h and linux/fib_rules.h.
const NDA_DST: u16 = 1;
const NDA_LLADDR: u16 = 2;
const FRA_DST: u16 = 1;
const FRA_SRC: u16 = 2;
const FRA_PRIORITY: u16 = 6;
const FRA_TABLE: u16 = 15;

/// Of linux/netfilter/nfnetlink_conntrack.h: the connection's tuple, in it addresses and ports,
/// and what its protocol keeps.
const TUPLE_ORIG: u16 = 1;
const TUPLE_IP: u16 = 1;
const TUPLE_PROTO: u16 = 2;
const PROTOINFO: u16 = 4;
const PROTOINFO_TCP: u16 = 1;
const TCP_STATE: u16 = 1;

/// Who talks to whom: `tcp 192.0.2.1:40000 > 192.0.2.2:80`.
fn tuple(level: &Level<'_>) -> Option<String> {
    let mut parts: [String; 5] = Default::default();
    let [protocol, from, to, from_port, to_port] = &mut parts;
    let found = inside(level, TUPLE_ORIG, &mut |tuple| {
        let has_addresses = inside(tuple, TUPLE_IP, &mut |ip| {
            let v4 = leaf_of(ip, 1, from) && leaf_of(ip, 2, to);
            v4 || (leaf_of(ip, 3, from) && leaf_of(ip, 4, to))
        });
        let has_protocol = inside(tuple, TUPLE_PROTO, &mut |it| {
            let _ = leaf_of(it, 2, from_port) && leaf_of(it, 3, to_port);
            leaf_of(it, 1, protocol)
        });
        has_addresses && has_protocol
    });
    let [protocol, from, to, from_port, to_port] = &parts;
    let end = |address: &str, port: &str| match (address.contains(':'), port.is_empty()) {
        (_, true) => address.to_owned(),
        (true, false) => format!("[{address}]:{port}"),
        (false, false) => format!("{address}:{port}"),
    };
    found.then(|| format!("{protocol} {} > {}", end(from, from_port), end(to, to_port)))
}

/// Reads an attribute of that number, where it is there.
fn read(level: &Level<'_>, number: u16, take: &mut dyn FnMut(&Value<'_>)) {
    let mut fields = level.fields().map_while(Result::ok);
    if let Some(field) = fields.find(|it| it.attribute.number == number) {
        let read = level.read(&field);
        if !read.guessed {
            take(&read.value);
        }
    }
}

/// The attributes of a nest; whether `take` found there what it looked for.
fn inside(level: &Level<'_>, number: u16, take: &mut dyn FnMut(&Level<'_>) -> bool) -> bool {
    let mut found = false;
    read(level, number, &mut |value| {
        if let Value::Nest(level) = value {
            found = take(level);
        }
    });
    found
}

/// An attribute that is one value, as text; whether it is.
fn leaf_of(level: &Level<'_>, number: u16, text: &mut String) -> bool {
    let mut found = false;
    read(level, number, &mut |value| {
        let is_odd = matches!(value, Value::Odd(_) | Value::TooDeep(_) | Value::Padding(_));
        found = !is_odd && push_leaf(text, value);
    });
    found
}
