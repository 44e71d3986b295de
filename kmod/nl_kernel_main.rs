// SPDX-License-Identifier: GPL-2.0

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

use genl::{emsgsize, nla_total_size, ExtAck, Family, GenlInfo, GenlMsg, NetlinkSkBuff};
use genl::{Registration, SplitOp, GENLMSG_HDRLEN};
use log::RequestLog;
use netdev::{LinkStats, NetDev, RcuGuard, ETH_ALEN, IFNAMSIZ};
use uapi::{netdev as dev_attr, nl_util as attr};

module! {
    type: NlKernel,
    name: "nl_kernel",
    description: "Ethernet interfaces over generic netlink",
    license: "GPL",
    alias: ["net-pf-16-proto-16-family-nl_util"],
}

static OPS: [SplitOp; uapi::N_SPLIT_OPS] = uapi::split_ops::<NlKernel>();

static FAMILY: Family =
    Family::const_new(&THIS_MODULE, uapi::FAMILY_NAME, uapi::FAMILY_VERSION, &OPS);

/// The module while it is loaded.
struct NlKernel {
    /// Taken out when the module unloads, so that the log can say what is done.
    family: Option<Registration>,
}

impl kernel::Module for NlKernel {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        pr_info!("Initializing module\n");
        let family = FAMILY.register().inspect_err(|errno| {
            pr_err!("Failed to register family 'nl_util': {errno:?}\n");
        })?;
        pr_info!("Successfully registered family 'nl_util'\n");
        Ok(Self {
            family: Some(family),
        })
    }
}

impl Drop for NlKernel {
    fn drop(&mut self) {
        pr_info!("Unloading module\n");
        drop(self.family.take());
        pr_info!("Successfully unregistered family 'nl_util'\n");
    }
}

/// Most bytes that an interface without counters takes in a message.
const DEV_SIZE: usize = nla_total_size(
    5 * nla_total_size(size_of::<u32>()) + nla_total_size(IFNAMSIZ) + 2 * nla_total_size(ETH_ALEN),
);

/// Most bytes that an interface with counters takes in a message.
const DEV_STATS_SIZE: usize = DEV_SIZE + nla_total_size(LinkStats::SIZE);

/// Longest answer of the do form of `l2-list` in bytes, with its headers.
const LIST_MAX: usize = 65536;

impl uapi::Operations for NlKernel {
    fn l2_list_doit<'a>(info: &'a GenlInfo) -> Result<(), ExtAck<'a>> {
        let mut room = count_ethernet(info) * DEV_SIZE;
        loop {
            room = room.clamp(DEV_SIZE, LIST_MAX - GENLMSG_HDRLEN);
            match reply_list(info, room) {
                // Interfaces were added after the count. The room doubles, so this ends.
                Err(errno) if errno == emsgsize() && room < LIST_MAX - GENLMSG_HDRLEN => {
                    room *= 2;
                }
                result => return result.map_err(no_answer),
            }
        }
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

        // Before the critical section, in which nothing may sleep.
        let mut msg = NetlinkSkBuff::new(DEV_STATS_SIZE)
            .and_then(|skb| skb.genlmsg_iput(info))
            .map_err(no_answer)?;
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
        fill(&mut msg, dev, true).map_err(no_answer)?;
        drop(rcu);
        msg.reply(info).map_err(no_answer)
    }

    fn reply_with_nlmsg_err_doit<'a>(info: &'a GenlInfo) -> Result<(), ExtAck<'a>> {
        RequestLog::new(info, "reply_with_nlmsg_err_doit");
        Err(ExtAck::new(EINVAL, c"this operation always fails"))
    }
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
    let rcu = RcuGuard::new();
    for dev in info.net().devices(&rcu).filter(|dev| dev.is_ethernet()) {
        fill(&mut msg, dev, false)?;
        // The allocator gives more room than it was asked for.
        if msg.len() > LIST_MAX {
            return Err(emsgsize());
        }
    }
    drop(rcu);
    msg.reply(info)
}

/// Puts `dev` into `msg`, with its counters if `stats` says so. Peers rely on the order.
fn fill(msg: &mut GenlMsg, dev: NetDev<'_>, stats: bool) -> Result {
    let mut nest = msg.nest_start(attr::NETDEV)?;
    nest.put_u32(dev_attr::IFINDEX, dev.ifindex())?;
    nest.put_string(dev_attr::IFNAME, dev.name().as_c_str())?;
    nest.put_u32(dev_attr::FLAGS, dev.flags())?;
    nest.put_u32(dev_attr::IFMTU, dev.mtu())?;
    nest.put_u32(dev_attr::QLEN, dev.tx_queue_len())?;
    nest.put_u32(dev_attr::STATE, dev.operstate())?;
    nest.put(dev_attr::IFMAC, &dev.address())?;
    nest.put(dev_attr::IFBRD, &dev.broadcast())?;
    if stats {
        nest.put(dev_attr::STATS, dev.stats().as_bytes())?;
    }
    nest.end();
    Ok(())
}

/// Why an answer could not be given.
fn no_answer(errno: Error) -> ExtAck<'static> {
    let text = if errno == emsgsize() {
        c"more interfaces than an answer of 65536 bytes holds, only NLM_F_DUMP could list them"
    } else if errno == ENOMEM {
        c"no memory for the answer"
    } else {
        c"the answer could not be delivered"
    };
    ExtAck::new(errno, text)
}
