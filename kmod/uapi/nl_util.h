/* SPDX-License-Identifier: ((GPL-2.0-only WITH Linux-syscall-note) OR BSD-3-Clause) */
/* Generated from kmod/uapi/nl_util.yaml by `cargo xtask codegen`; do not edit. */

#ifndef _UAPI_LINUX_NL_UTIL_H
#define _UAPI_LINUX_NL_UTIL_H

/*
 * Ethernet interfaces of the caller's network namespace, with the facts that
 * `ip link show` prints, in about a tenth of the bytes.
 *
 * An Ethernet interface is a net_device whose type is ARPHRD_ETHER; loopback,
 * nlmon and tunnels are not among them. Integers are in host byte order.
 *
 * Whoever keeps a list joins the multicast group `l2` first, dumps then, and
 * applies what the group tells. Every change of ifname, flags up, ifmtu, qlen,
 * ifmac, ifbrd and state is told, and interfaces that come, go, or move to
 * another namespace. What raises no event in the kernel is not told: promiscuous
 * and all-multicast mode, counters, and of the details link, link-netnsid, master,
 * perm-mac and the limits of the MTU; of an interface that is down, flags other
 * than up, and ifalias; nor that an interface becomes an Ethernet one or ceases
 * to be (a bond does both). A listener whose socket overflows reads ENOBUFS and
 * dumps anew; so does one that joined while the module was still being loaded.
 *
 * Every refusal has a text, and the offset of the attribute that is at fault
 * (extended ACK). EINVAL for an attribute that the operation does not take,
 * ENOMEM where the kernel has no memory for the answer, EOPNOTSUPP for an
 * operation or a form that there is not.
 */
#define NL_UTIL_FAMILY_NAME	"nl_util"
#define NL_UTIL_FAMILY_VERSION	1
/* device-flags: see <linux/if.h> */

/* What an answer is to hold beyond the basic attributes. */
enum nl_util_ext_mask {
	/* The counters, stats. */
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
	 * One interface. Requests carry NLA_F_NESTED on it, answers do not: a
	 * reader takes both.
	 */
	NL_UTIL_A_NETDEV,
	/*
	 * What the answer is to hold beyond the basic attributes. EINVAL for a
	 * bit that the kernel does not know.
	 */
	NL_UTIL_A_EXT_MASK,

	__NL_UTIL_A_MAX,
	NL_UTIL_A_MAX = (__NL_UTIL_A_MAX - 1)
};

/*
 * One interface. Answers hold the attributes in the order ifindex, ifname,
 * flags, ifmtu, qlen, state, ifmac, ifbrd, stats, link, link-netnsid, master,
 * kind, ifalias, perm-mac, min-mtu, max-mtu, carrier, ifi-flags; a reader
 * takes any order and skips what it does not know. The first eight, the
 * basic ones, are always there, stats and what follows it when it was asked
 * for and the interface has it.
 */
enum {
	NL_UTIL_NESTED_A_UNSPEC,
	/* Interface index, from 1 on. */
	NL_UTIL_NESTED_A_IFINDEX,
	/* Interface name, NUL-terminated, at most 16 bytes with the NUL. */
	NL_UTIL_NESTED_A_IFNAME,
	/*
	 * net_device.flags as it is, not what dev_get_flags() makes of it, which
	 * `ip` shows.
	 */
	NL_UTIL_NESTED_A_FLAGS,
	/* MTU in bytes. */
	NL_UTIL_NESTED_A_IFMTU,
	/*
	 * Operational state as rtnetlink sends it: down for an interface that is
	 * not running.
	 */
	NL_UTIL_NESTED_A_STATE,
	/* Length of the transmit queue in packets. */
	NL_UTIL_NESTED_A_QLEN,
	/* Counters. */
	NL_UTIL_NESTED_A_STATS,
	/* Broadcast address. */
	NL_UTIL_NESTED_A_IFBRD,
	/* Hardware address. */
	NL_UTIL_NESTED_A_IFMAC,
	/*
	 * Index of the interface that this one stands on, or of a veth's peer;
	 * with link-netnsid, in that namespace.
	 */
	NL_UTIL_NESTED_A_LINK,
	/* Index of the bridge, bond or team that this one is a port of. */
	NL_UTIL_NESTED_A_MASTER,
	/*
	 * What made it: dummy, veth, bridge, vlan. Absent for the device of a
	 * driver.
	 */
	NL_UTIL_NESTED_A_KIND,
	/* A text that an administrator gave it. */
	NL_UTIL_NESTED_A_IFALIAS,
	/* Hardware address that the device was made with. */
	NL_UTIL_NESTED_A_PERM_MAC,
	/* Least MTU in bytes. Absent where none is set. */
	NL_UTIL_NESTED_A_MIN_MTU,
	/* Greatest MTU in bytes. Absent where none is set. */
	NL_UTIL_NESTED_A_MAX_MTU,
	/* 1 if the device has a carrier, else 0. */
	NL_UTIL_NESTED_A_CARRIER,
	/* What dev_get_flags() makes of net_device.flags, which `ip` shows. */
	NL_UTIL_NESTED_A_IFI_FLAGS,
	/*
	 * Number, in the caller's network namespace, of the namespace that link
	 * is in, if it is another one.
	 */
	NL_UTIL_NESTED_A_LINK_NETNSID,

	__NL_UTIL_NESTED_A_MAX,
	NL_UTIL_NESTED_A_MAX = (__NL_UTIL_NESTED_A_MAX - 1)
};

/* Commands. */
enum {
	NL_UTIL_C_UNSPEC,
	/*
	 * Lists the Ethernet interfaces, in the order of their indices. The do
	 * form answers by one message of at most 65,536 bytes (about 800
	 * interfaces); past that EMSGSIZE. The dump form takes any number, in as
	 * many messages as they need: a reader appends the interfaces of one to
	 * those before it. NLM_F_DUMP_INTR on any of them, DONE included, says
	 * that interfaces came or went meanwhile: ask again.
	 */
	NL_UTIL_C_L2_LIST,
	/*
	 * One Ethernet interface, by its index, with its counters. ENODEV when the
	 * caller's network namespace has no such interface, or it is not Ethernet.
	 * EINVAL without netdev or without ifindex in it, for index 0, for a
	 * netdev without NLA_F_NESTED, and for an attribute of a wrong length;
	 * ERANGE for a netdev too short for one attribute.
	 */
	NL_UTIL_C_L2_IID,
	/*
	 * Always fails with EINVAL, whatever the request carries: nothing in it is
	 * checked. A client tests its error path with it.
	 */
	NL_UTIL_C_REPLY_WITH_NLMSG_ERR,
	/*
	 * An Ethernet interface came: it was made, or moved into this network
	 * namespace.
	 */
	NL_UTIL_C_L2_NEW_NTF,
	/*
	 * An Ethernet interface changed: its name, its addresses, its MTU, the
	 * length of its queue, its flags or its state. The message says what is so
	 * now.
	 */
	NL_UTIL_C_L2_CHANGE_NTF,
	/*
	 * An Ethernet interface went: it was deleted, or moved out of this network
	 * namespace. The message says what was so last.
	 */
	NL_UTIL_C_L2_DEL_NTF,

	__NL_UTIL_C_MAX,
	NL_UTIL_C_MAX = (__NL_UTIL_C_MAX - 1)
};

#define NL_UTIL_MCGRP_L2	"l2"

#endif /* _UAPI_LINUX_NL_UTIL_H */
