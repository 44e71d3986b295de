/* SPDX-License-Identifier: ((GPL-2.0-only WITH Linux-syscall-note) OR BSD-3-Clause) */
/* Generated from kmod/uapi/nl_util.yaml by `cargo xtask codegen`; do not edit. */

#ifndef _UAPI_LINUX_NL_UTIL_H
#define _UAPI_LINUX_NL_UTIL_H

/*
 * Ethernet interfaces of the caller's network namespace, with the facts that
 * `ip link show` prints, in about a tenth of the bytes.
 *
 * An Ethernet interface is a net_device of type ARPHRD_ETHER; loopback, nlmon
 * and tunnels are not included. Integers are in host byte order.
 *
 * To keep a list current, join the multicast group `l2`, then dump, then apply
 * the notifications. They report every change of ifname, the up bit of flags,
 * ifmtu, qlen, ifmac, ifbrd and state, and interfaces that are created, deleted
 * or moved to another namespace. Changes for which the kernel raises no event
 * are not reported: promiscuous and all-multicast mode, counters, and among the
 * details link, link-netnsid, master, perm-mac, min-mtu and max-mtu; on an
 * interface that is down, flags other than up, and ifalias; nor an interface
 * that changes type to or from Ethernet (a bond can do both). A listener whose
 * socket overflows reads ENOBUFS and must dump again; so must one that joined
 * while the module was still loading.
 *
 * Every error has a message, and the offset of the attribute at fault (extended
 * ACK). EINVAL for an attribute that the operation does not accept, ENOMEM if
 * the kernel has no memory for the answer, EOPNOTSUPP for an operation that does
 * not exist or lacks the do or dump form.
 */
#define NL_UTIL_FAMILY_NAME	"nl_util"
#define NL_UTIL_FAMILY_VERSION	1
/* device-flags: see <linux/if.h> */

/* What an answer should contain beyond the basic attributes. */
enum nl_util_ext_mask {
	/* The counters (stats). */
	NL_UTIL_EXT_MASK_STATS = 1 << 0,
	/*
	 * link, link-netnsid, master, kind, ifalias, perm-mac, min-mtu, max-mtu,
	 * carrier and ifi-flags.
	 */
	NL_UTIL_EXT_MASK_DETAILS = 1 << 1,
};
/* oper-state: see <linux/if.h> */
/* rtnl-link-stats64: see <linux/if_link.h> */

/* Top-level attributes of every message. */
enum {
	NL_UTIL_A_UNSPEC,
	/*
	 * One interface. Requests set NLA_F_NESTED on it, answers do not:
	 * readers must accept both.
	 */
	NL_UTIL_A_NETDEV,
	/*
	 * What the answer should contain beyond the basic attributes. EINVAL for
	 * unknown bits.
	 */
	NL_UTIL_A_EXT_MASK,

	__NL_UTIL_A_MAX,
	NL_UTIL_A_MAX = (__NL_UTIL_A_MAX - 1)
};

/*
 * One interface. Answers hold the attributes in the order ifindex, ifname,
 * flags, ifmtu, qlen, state, ifmac, ifbrd, stats, link, link-netnsid,
 * master, kind, ifalias, perm-mac, min-mtu, max-mtu, carrier, ifi-flags;
 * readers must accept any order and skip unknown attributes. The first
 * eight, the basic attributes, are always present; stats and the rest only
 * if requested and if the interface has them.
 */
enum {
	NL_UTIL_NESTED_A_UNSPEC,
	/* Interface index, 1 or greater. */
	NL_UTIL_NESTED_A_IFINDEX,
	/* Interface name, NUL-terminated, at most 16 bytes including the NUL. */
	NL_UTIL_NESTED_A_IFNAME,
	/*
	 * net_device.flags unchanged, not the result of dev_get_flags(), which
	 * `ip` shows.
	 */
	NL_UTIL_NESTED_A_FLAGS,
	/* MTU in bytes. */
	NL_UTIL_NESTED_A_IFMTU,
	/*
	 * Operational state as sent by rtnetlink: down if the interface is not
	 * running.
	 */
	NL_UTIL_NESTED_A_STATE,
	/* Transmit queue length in packets. */
	NL_UTIL_NESTED_A_QLEN,
	/* Counters. */
	NL_UTIL_NESTED_A_STATS,
	/* Broadcast address. */
	NL_UTIL_NESTED_A_IFBRD,
	/* Hardware address. */
	NL_UTIL_NESTED_A_IFMAC,
	/*
	 * Index of the underlying interface, or of a veth's peer; with
	 * link-netnsid, in that namespace.
	 */
	NL_UTIL_NESTED_A_LINK,
	/* Index of the bridge, bond or team that this one is a port of. */
	NL_UTIL_NESTED_A_MASTER,
	/*
	 * Kind of virtual interface: dummy, veth, bridge, vlan. Absent if a
	 * driver created the device.
	 */
	NL_UTIL_NESTED_A_KIND,
	/* Alias set by the administrator. */
	NL_UTIL_NESTED_A_IFALIAS,
	/* Permanent hardware address of the device. */
	NL_UTIL_NESTED_A_PERM_MAC,
	/* Minimum MTU in bytes. Absent if not set. */
	NL_UTIL_NESTED_A_MIN_MTU,
	/* Maximum MTU in bytes. Absent if not set. */
	NL_UTIL_NESTED_A_MAX_MTU,
	/* 1 if the device has carrier, else 0. */
	NL_UTIL_NESTED_A_CARRIER,
	/* Flags as computed by dev_get_flags(), which `ip` shows. */
	NL_UTIL_NESTED_A_IFI_FLAGS,
	/*
	 * Id, in the caller's network namespace, of the namespace that link is
	 * in, if it is a different one.
	 */
	NL_UTIL_NESTED_A_LINK_NETNSID,

	__NL_UTIL_NESTED_A_MAX,
	NL_UTIL_NESTED_A_MAX = (__NL_UTIL_NESTED_A_MAX - 1)
};

/* Commands. */
enum {
	NL_UTIL_C_UNSPEC,
	/*
	 * Lists the Ethernet interfaces in order of index. The do form answers
	 * with one message of at most 65,536 bytes (about 800 interfaces);
	 * EMSGSIZE if the list is longer. The dump form lists any number, in as
	 * many messages as needed: append the interfaces of each message to those
	 * before it. NLM_F_DUMP_INTR on any of them, including DONE, means that
	 * interfaces appeared or disappeared during the dump: dump again.
	 */
	NL_UTIL_C_L2_LIST,
	/*
	 * One Ethernet interface, by index, with its counters. ENODEV if the
	 * caller's network namespace has no such interface, or it is not Ethernet.
	 * EINVAL if netdev is missing or has no ifindex, for index 0, for a netdev
	 * without NLA_F_NESTED, and for an attribute of the wrong length; ERANGE
	 * for a netdev too short for one attribute.
	 */
	NL_UTIL_C_L2_IID,
	/*
	 * Always fails with EINVAL, whatever the request contains: nothing in it
	 * is checked. For testing a client's error path.
	 */
	NL_UTIL_C_REPLY_WITH_NLMSG_ERR,
	/* An Ethernet interface was created, or moved into this network namespace. */
	NL_UTIL_C_L2_NEW_NTF,
	/*
	 * An Ethernet interface changed: its name, addresses, MTU, queue length,
	 * flags or state. The message holds the new values.
	 */
	NL_UTIL_C_L2_CHANGE_NTF,
	/*
	 * An Ethernet interface was deleted, or moved out of this network
	 * namespace. The message holds its last values.
	 */
	NL_UTIL_C_L2_DEL_NTF,

	__NL_UTIL_C_MAX,
	NL_UTIL_C_MAX = (__NL_UTIL_C_MAX - 1)
};

#define NL_UTIL_MCGRP_L2	"l2"

#endif /* _UAPI_LINUX_NL_UTIL_H */
