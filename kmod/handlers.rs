// SPDX-License-Identifier: GPL-2.0-or-later

//! The handlers of the family's operations, the notifications, and the texts of their errors.

use crate::fill::{fill, Extent};
use crate::genl::{emsgsize, enobufs, GENLMSG_HDRLEN};
use crate::genl::{ExtAck, GenlDump, GenlInfo, NetlinkSkBuff, Registered};
use crate::log::RequestLog;
use crate::netdev::notifier::{Event, NetdevEvents};
use crate::netdev::{Net, NetDev, RcuGuard};
use crate::uapi::{cmd, group, netdev as dev_attr, nl_util as attr};
use crate::{uapi, NlKernel};
use kernel::prelude::*;

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
