// SPDX-License-Identifier: GPL-2.0-or-later
//! What can be said of a network interface by rtnetlink and by nl_util alike.

use std::collections::BTreeSet;

use ynl::decode::{Attribute, Endian};

/// Flags that dev_get_flags() (net/core/dev.c) makes anew for rtnetlink, and that
/// `net_device.flags`, which nl_util sends, has otherwise or not at all:
/// IFF_RUNNING, IFF_PROMISC, IFF_ALLMULTI, IFF_LOWER_UP, IFF_DORMANT.
pub(super) const MADE: u64 = 0x40 | 0x100 | 0x200 | 0x1_0000 | 0x2_0000;

/// ARPHRD_ETHER of linux/if_arp.h.
pub(crate) const ETHERNET: u64 = 1;

/// What can be said of an interface by both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fact {
    Name,
    /// ARPHRD_* of linux/if_arp.h.
    Type,
    /// Flags without [`MADE`].
    Flags,
    /// Flags as dev_get_flags() has them.
    RunningFlags,
    Mtu,
    /// IF_OPER_* of RFC 2863; of an interface that is not running, down.
    State,
    QueueLength,
    Address,
    Broadcast,
    /// Counters: they go on between two recordings.
    Counters,
    Link,
    LinkNamespace,
    Master,
    Kind,
    Alias,
    PermanentAddress,
    MinMtu,
    MaxMtu,
    Carrier,
}

impl Fact {
    /// What it is called.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Type => "type",
            Self::Flags => "flags",
            Self::RunningFlags => "flags at run time",
            Self::Mtu => "mtu",
            Self::State => "state",
            Self::QueueLength => "qlen",
            Self::Address => "address",
            Self::Broadcast => "broadcast",
            Self::Counters => "counters",
            Self::Link => "link",
            Self::LinkNamespace => "link netnsid",
            Self::Master => "master",
            Self::Kind => "kind",
            Self::Alias => "alias",
            Self::PermanentAddress => "permanent address",
            Self::MinMtu => "min mtu",
            Self::MaxMtu => "max mtu",
            Self::Carrier => "carrier",
        }
    }

    /// Of an attribute of a link of rtnetlink.
    pub(super) fn of_rtnetlink(number: u16) -> Option<Self> {
        Some(match number {
            libc::IFLA_IFNAME => Self::Name,
            libc::IFLA_MTU => Self::Mtu,
            libc::IFLA_OPERSTATE => Self::State,
            libc::IFLA_TXQLEN => Self::QueueLength,
            libc::IFLA_ADDRESS => Self::Address,
            libc::IFLA_BROADCAST => Self::Broadcast,
            libc::IFLA_STATS64 => Self::Counters,
            libc::IFLA_LINK => Self::Link,
            libc::IFLA_LINK_NETNSID => Self::LinkNamespace,
            libc::IFLA_MASTER => Self::Master,
            libc::IFLA_LINKINFO => Self::Kind,
            libc::IFLA_IFALIAS => Self::Alias,
            libc::IFLA_PERM_ADDRESS => Self::PermanentAddress,
            libc::IFLA_MIN_MTU => Self::MinMtu,
            libc::IFLA_MAX_MTU => Self::MaxMtu,
            libc::IFLA_CARRIER => Self::Carrier,
            _ => return None,
        })
    }

    /// Of an attribute of an interface of nl_util, by its name.
    pub(super) fn of_nl_util(name: &str) -> Option<Self> {
        Some(match name {
            "ifname" => Self::Name,
            "flags" => Self::Flags,
            "ifi-flags" => Self::RunningFlags,
            "ifmtu" => Self::Mtu,
            "state" => Self::State,
            "qlen" => Self::QueueLength,
            "ifmac" => Self::Address,
            "ifbrd" => Self::Broadcast,
            "stats" => Self::Counters,
            "link" => Self::Link,
            "link-netnsid" => Self::LinkNamespace,
            "master" => Self::Master,
            "kind" => Self::Kind,
            "ifalias" => Self::Alias,
            "perm-mac" => Self::PermanentAddress,
            "min-mtu" => Self::MinMtu,
            "max-mtu" => Self::MaxMtu,
            "carrier" => Self::Carrier,
            _ => return None,
        })
    }
}

/// What a recording has of interfaces: facts, and attributes that are none, by their names.
#[derive(Debug, Default)]
pub(crate) struct Topics {
    pub(crate) facts: BTreeSet<Fact>,
    pub(super) attributes: BTreeSet<String>,
}

impl Topics {
    /// Those that the other has too.
    pub(crate) fn shared(&self, other: &Self) -> Self {
        Self {
            facts: &self.facts & &other.facts,
            attributes: &self.attributes & &other.attributes,
        }
    }

    /// Those that the other has not.
    pub(crate) fn without(&self, other: &Self) -> Self {
        Self {
            facts: &self.facts - &other.facts,
            attributes: &self.attributes - &other.attributes,
        }
    }

    /// What they are called, sorted.
    pub(crate) fn names(self) -> Vec<String> {
        let facts = self.facts.iter().map(|it| it.name().to_owned());
        let mut names: Vec<_> = facts.chain(self.attributes).collect();
        names.sort();
        names
    }
}

/// The value of a fact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum FactValue {
    Number(u64),
    /// A text or an address.
    Bytes(Box<[u8]>),
}

/// What is known of an interface.
#[derive(Debug, Clone, Default)]
pub(crate) struct Facts {
    pub(crate) index: u32,
    /// Bytes of the answers about it, and how many there were.
    pub(super) bytes: u64,
    pub(super) count: u64,
    pub(super) all: Vec<(Fact, FactValue)>,
}

impl Facts {
    /// The value in the latest answer.
    pub(crate) fn get(&self, fact: Fact) -> Option<&FactValue> {
        let mut all = self.all.iter();
        all.find(|(it, _)| *it == fact).map(|(_, value)| value)
    }

    /// Its name, or its index.
    pub(crate) fn name(&self) -> String {
        match self.get(Fact::Name) {
            Some(FactValue::Bytes(name)) => String::from_utf8_lossy(name).into_owned(),
            _ => format!("interface {}", self.index),
        }
    }

    pub(super) fn number(&mut self, fact: Fact, value: u64) {
        match self.all.iter_mut().find(|(it, _)| *it == fact) {
            Some((_, old)) => *old = FactValue::Number(value),
            None => self.all.push((fact, FactValue::Number(value))),
        }
    }

    pub(super) fn bytes(&mut self, fact: Fact, value: &[u8]) {
        match self.all.iter_mut().find(|(it, _)| *it == fact) {
            Some((_, FactValue::Bytes(old))) if **old == *value => {}
            Some((_, old)) => *old = FactValue::Bytes(value.into()),
            None => self.all.push((fact, FactValue::Bytes(value.into()))),
        }
    }

    /// The value of an attribute.
    pub(super) fn attribute(&mut self, fact: Fact, attribute: &Attribute<'_>, endian: Endian) {
        let payload = attribute.payload;
        match fact {
            Fact::Name | Fact::Kind | Fact::Alias => {
                let text = payload.split(|byte| *byte == 0).next().unwrap_or(payload);
                self.bytes(fact, text);
            }
            Fact::Address | Fact::Broadcast | Fact::PermanentAddress => self.bytes(fact, payload),
            // Nobody compares them: that they are there is enough.
            Fact::Counters => self.number(fact, 0),
            _ => match (payload, endian.u32(payload)) {
                ([byte], _) => self.number(fact, u64::from(*byte)),
                ([_, _, _, _], Some(word)) => {
                    let word = u64::from(word);
                    let without_made = fact == Fact::Flags;
                    self.number(fact, if without_made { word & !MADE } else { word });
                }
                _ => {}
            },
        }
    }
}
