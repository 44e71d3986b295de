// SPDX-License-Identifier: GPL-2.0-or-later

//! Generic netlink family `nl_util`: the Ethernet interfaces of the caller's network
//! namespace.
//!
//! The protocol is `uapi/nl_util.yaml`; numbers, policies and the table of operations
//! are generated from it. Here is what the operations do. README.md says how to build
//! and load the module, and what it logs.

use kernel::prelude::*;

mod bindings;
mod genl;
mod log;
mod netdev;
#[path = "uapi/nl_util.rs"]
mod uapi;

use genl::{emsgsize, enobufs, nla_total_size, GENLMSG_HDRLEN};
use genl::{ExtAck, Family, GenlDump, GenlInfo, Nest, NetlinkSkBuff, Registered, SplitOp};
use log::RequestLog;
use netdev::notifier::{Event, Listening, NetdevEvents, Notifier};
use netdev::{LinkStats, Net, NetDev, RcuGuard, RtnlGuard, ETH_ALEN, IFALIASZ, IFNAMSIZ};
use uapi::{cmd, ext_mask, group, netdev as dev_attr, nl_util as attr};

module! {
    type: NlKernel,
    name: "nl_kernel",
    description: "Ethernet interfaces over generic netlink",
    license: "GPL",
    alias: ["net-pf-16-proto-16-family-nl_util"],
}

static OPS: [SplitOp; uapi::N_SPLIT_OPS] = uapi::split_ops::<NlKernel>();

static FAMILY: Family = Family::const_new(
    &THIS_MODULE,
    uapi::FAMILY_NAME,
    uapi::FAMILY_VERSION,
    &OPS,
    &uapi::MCAST_GROUPS,
);

static NOTIFIER: Notifier = Notifier::const_new::<NlKernel>(&FAMILY);

/// The module while it is loaded.
struct NlKernel {
    /// Taken out when the module unloads, so that the log can say what is done.
    listening: Option<Listening>,
}

impl kernel::Module for NlKernel {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        pr_info!("Initializing module\n");
        let family = FAMILY.register().inspect_err(|errno| {
            pr_err!("Failed to register family 'nl_util': {errno:?}\n");
        })?;
        let listening = NOTIFIER.register(family).inspect_err(|errno| {
            pr_err!("Failed to listen for changes of interfaces: {errno:?}\n");
        })?;
        pr_info!("Successfully registered family 'nl_util'\n");
        Ok(Self {
            listening: Some(listening),
        })
    }
}

impl Drop for NlKernel {
    fn drop(&mut self) {
        pr_info!("Unloading module\n");
        drop(self.listening.take());
        pr_info!("Successfully unregistered family 'nl_util'\n");
    }
}

/// What is reported of an interface beyond the basic attributes.
#[derive(Clone, Copy)]
struct Extent {
    stats: bool,
    details: bool,
}

impl Extent {
    /// The basic attributes alone.
    const BASIC: Self = Self {
        stats: false,
        details: false,
    };

    /// What `info` asks for.
    fn asked(info: &GenlInfo) -> Self {
        // The policy lets an integer of four bytes pass, and no other bits.
        let mask = info.attr(attr::EXT_MASK).and_then(|it| it.u32());
        let has = |bit| mask.unwrap_or(0) & bit != 0;
        Self {
            stats: has(ext_mask::STATS),
            details: has(ext_mask::DETAILS),
        }
    }

    /// Most bytes that an interface takes in a message.
    const fn size(self) -> usize {
        const U32: usize = nla_total_size(size_of::<u32>());
        const MAC: usize = nla_total_size(ETH_ALEN);
        // The longest kind that the definition knows.
        const KIND: usize = nla_total_size(32);

        let mut size = 5 * U32 + nla_total_size(IFNAMSIZ) + 2 * MAC;
        if self.stats {
            size += nla_total_size(LinkStats::SIZE);
        }
        if self.details {
            size += 6 * U32 + KIND + nla_total_size(IFALIASZ) + MAC + nla_total_size(1);
        }
        nla_total_size(size)
    }

    /// The lock that [`fill`] wants. Before an [`RcuGuard`], for it may sleep.
    fn lock(self) -> Facts {
        Facts {
            stats: self.stats,
            details: self.details.then(RtnlGuard::new),
        }
    }
}

/// An [`Extent`] with what reading it needs.
struct Facts {
    stats: bool,
    /// Held if details are wanted.
    details: Option<RtnlGuard>,
}

/// Longest answer of the do form of `l2-list` in bytes, with its headers.
const LIST_MAX: usize = 65536;

impl uapi::Operations for NlKernel {
    fn l2_list_doit<'a>(info: &'a GenlInfo) -> Result<(), ExtAck<'a>> {
        let least = Extent::asked(info).size();
        let mut room = count_ethernet(info) * least;
        loop {
            room = room.clamp(least, LIST_MAX - GENLMSG_HDRLEN);
            match reply_list(info, room) {
                // Interfaces were added after the count. The room doubles, so this ends.
                Err(errno) if errno == emsgsize() && room < LIST_MAX - GENLMSG_HDRLEN => {
                    room *= 2;
                }
                result => return result.map_err(no_answer),
            }
        }
    }

    fn l2_list_dumpit(dump: &mut GenlDump<'_>) -> Result {
        let net = dump.info().net();
        let facts = Extent::asked(dump.info()).lock();
        dump.set_seq(net.dev_base_seq());
        let mut next = dump.cursor();
        let mut is_empty = true;

        let mut msg = dump.genlmsg_iput()?;
        let rcu = RcuGuard::new();
        let mut devices = net.devices_from(&rcu, next);
        let result = devices.try_for_each(|dev| {
            if dev.is_ethernet() {
                fill(msg.nest_start(attr::NETDEV)?, dev, &rcu, &facts)?;
                is_empty = false;
            }
            // CAST: `usize` has at least 32 bits wherever the kernel runs.
            next = dev.ifindex() as usize + 1;
            Ok(())
        });
        drop(rcu);
        if is_empty {
            drop(msg);
        } else {
            msg.end();
        }
        dump.set_cursor(next);
        if result.is_ok() {
            // What changed since the walk began is seen in the dump's end.
            dump.set_seq(net.dev_base_seq());
        }
        result
    }

    fn l2_iid_doit<'a>(info: &'a GenlInfo) -> Result<(), ExtAck<'a>> {
        RequestLog::new(info, "l2_iid_doit");

        let netdev = info
            .attr(attr::NETDEV)
            .ok_or_else(|| ExtAck::missing(c"attribute NETDEV is missing", None, attr::NETDEV))?;
        let ifindex = netdev.nested(dev_attr::IFINDEX).ok_or_else(|| {
            let text = c"attribute IFINDEX is missing in NETDEV";
            ExtAck::missing(text, Some(netdev), dev_attr::IFINDEX)
        })?;
        let refuse = |errno, text| ExtAck::bad_attr(errno, text, ifindex);
        let index = match ifindex.u32() {
            None => return Err(refuse(EINVAL, c"IFINDEX is not an integer of 4 bytes")),
            Some(0) => return Err(refuse(EINVAL, c"IFINDEX is 0, indices begin at 1")),
            Some(index) => index,
        };
        let extent = Extent {
            stats: true,
            ..Extent::asked(info)
        };

        // Before the critical section, in which nothing may sleep.
        let mut msg = NetlinkSkBuff::new(extent.size())
            .and_then(|skb| skb.genlmsg_iput(info))
            .map_err(no_answer)?;
        let facts = extent.lock();
        let rcu = RcuGuard::new();
        let dev = info
            .net()
            .by_index(&rcu, index)
            .ok_or_else(|| refuse(ENODEV, c"no such interface in this network namespace"))?;
        if !dev.is_ethernet() {
            return Err(refuse(
                ENODEV,
                c"the interface is not an Ethernet interface",
            ));
        }
        msg.nest_start(attr::NETDEV)
            .and_then(|nest| fill(nest, dev, &rcu, &facts))
            .map_err(no_answer)?;
        drop(rcu);
        drop(facts);
        msg.reply(info).map_err(no_answer)
    }

    fn reply_with_nlmsg_err_doit<'a>(info: &'a GenlInfo) -> Result<(), ExtAck<'a>> {
        RequestLog::new(info, "reply_with_nlmsg_err_doit");
        Err(ExtAck::new(EINVAL, c"this operation always fails"))
    }
}

impl NetdevEvents for NlKernel {
    fn begin(family: Registered<'_>, net: &Net) {
        // A family can be joined before the notifier is there. Who did is to dump anew.
        if family.has_listeners(net, group::L2) {
            family.set_err(net, group::L2, enobufs());
        }
    }

    fn event(family: Registered<'_>, event: Event, net: &Net, dev: NetDev<'_>) {
        if !dev.is_ethernet() || !family.has_listeners(net, group::L2) {
            return;
        }
        let cmd = match event {
            Event::New => cmd::L2_NEW_NTF,
            Event::Change => cmd::L2_CHANGE_NTF,
            Event::Del => cmd::L2_DEL_NTF,
        };
        if notify(family, cmd, net, dev).is_err() {
            // As if their buffers were full: they lost a message, and will dump anew.
            family.set_err(net, group::L2, enobufs());
        }
    }
}

/// Notifies the listeners in `net` of `dev`, by the operation `cmd`.
fn notify(family: Registered<'_>, cmd: u8, net: &Net, dev: NetDev<'_>) -> Result {
    let mut msg = NetlinkSkBuff::new(Extent::BASIC.size())?.genlmsg_put(family, cmd)?;
    let rcu = RcuGuard::new();
    fill(
        msg.nest_start(attr::NETDEV)?,
        dev,
        &rcu,
        &Extent::BASIC.lock(),
    )?;
    drop(rcu);
    family.multicast(msg, net, group::L2);
    Ok(())
}

/// Counts the Ethernet interfaces that `info` asks for, and logs all that there are.
fn count_ethernet(info: &GenlInfo) -> usize {
    let mut log = RequestLog::new(info, "l2_list_doit");
    let rcu = RcuGuard::new();
    info.net()
        .devices(&rcu)
        .inspect(|dev| log.found(*dev))
        .filter(|dev| dev.is_ethernet())
        .count()
}

/// Answers `info` by one message with all Ethernet interfaces, in a buffer of `room`
/// bytes for them.
///
/// Fails with `EMSGSIZE` when that is too small, or the answer longer than [`LIST_MAX`].
fn reply_list(info: &GenlInfo, room: usize) -> Result {
    let mut msg = NetlinkSkBuff::new(room)?.genlmsg_iput(info)?;
    let facts = Extent::asked(info).lock();
    let rcu = RcuGuard::new();
    for dev in info.net().devices(&rcu).filter(|dev| dev.is_ethernet()) {
        fill(msg.nest_start(attr::NETDEV)?, dev, &rcu, &facts)?;
        // The allocator gives more room than it was asked for.
        if msg.len() > LIST_MAX {
            return Err(emsgsize());
        }
    }
    drop(rcu);
    drop(facts);
    msg.reply(info)
}

/// Puts into `nest` what is reported of `dev`, and closes it. Peers rely on the order.
fn fill(mut nest: Nest<'_>, dev: NetDev<'_>, rcu: &RcuGuard, facts: &Facts) -> Result {
    nest.put_u32(dev_attr::IFINDEX, dev.ifindex())?;
    nest.put_string(dev_attr::IFNAME, dev.name().as_c_str())?;
    nest.put_u32(dev_attr::FLAGS, dev.flags())?;
    nest.put_u32(dev_attr::IFMTU, dev.mtu())?;
    nest.put_u32(dev_attr::QLEN, dev.tx_queue_len())?;
    nest.put_u32(dev_attr::STATE, dev.operstate())?;
    nest.put(dev_attr::IFMAC, &dev.address())?;
    nest.put(dev_attr::IFBRD, &dev.broadcast())?;
    if facts.stats {
        nest.put(dev_attr::STATS, dev.stats().as_bytes())?;
    }
    if let Some(rtnl) = &facts.details {
        fill_details(&mut nest, dev, rcu, rtnl)?;
    }
    nest.end()
}

/// Puts what only [`ext_mask::DETAILS`] asks for; what the device has not is left out.
fn fill_details(nest: &mut Nest<'_>, dev: NetDev<'_>, rcu: &RcuGuard, rtnl: &RtnlGuard) -> Result {
    if let Some(link) = dev.link(rtnl) {
        nest.put_u32(dev_attr::LINK, link.ifindex)?;
        if let Some(netnsid) = link.netnsid {
            nest.put_s32(dev_attr::LINK_NETNSID, netnsid)?;
        }
    }
    if let Some(master) = dev.master(rcu) {
        nest.put_u32(dev_attr::MASTER, master)?;
    }
    if let Some(kind) = dev.kind() {
        nest.put_string(dev_attr::KIND, kind)?;
    }
    if let Some(alias) = dev.alias(rcu) {
        nest.put_string(dev_attr::IFALIAS, alias)?;
    }
    if let Some(address) = dev.permanent_address(rtnl) {
        nest.put(dev_attr::PERM_MAC, &address)?;
    }
    if let Some(mtu) = dev.min_mtu() {
        nest.put_u32(dev_attr::MIN_MTU, mtu)?;
    }
    if let Some(mtu) = dev.max_mtu() {
        nest.put_u32(dev_attr::MAX_MTU, mtu)?;
    }
    nest.put_u8(dev_attr::CARRIER, dev.carrier().into())?;
    nest.put_u32(dev_attr::IFI_FLAGS, dev.ifi_flags())
}

/// Why an answer could not be given.
fn no_answer(errno: Error) -> ExtAck<'static> {
    let text = if errno == emsgsize() {
        c"more interfaces than an answer of 65536 bytes holds, ask for them with NLM_F_DUMP"
    } else if errno == ENOMEM {
        c"no memory for the answer"
    } else {
        c"the answer could not be delivered"
    };
    ExtAck::new(errno, text)
}
