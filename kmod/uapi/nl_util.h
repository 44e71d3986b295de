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
 */
#define NL_UTIL_FAMILY_NAME	"nl_util"
#define NL_UTIL_FAMILY_VERSION	1
/* device-flags: see <linux/if.h> */
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

	__NL_UTIL_A_MAX,
	NL_UTIL_A_MAX = (__NL_UTIL_A_MAX - 1)
};

/*
 * One interface. Answers hold the attributes in the order ifindex, ifname,
 * flags, ifmtu, qlen, state, ifmac, ifbrd, stats; a reader takes any order
 * and skips what it does not know.
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

	__NL_UTIL_NESTED_A_MAX,
	NL_UTIL_NESTED_A_MAX = (__NL_UTIL_NESTED_A_MAX - 1)
};

/* Commands. */
enum {
	NL_UTIL_C_UNSPEC,
	/*
	 * Lists the Ethernet interfaces. The answer is one message of at most
	 * 65,536 bytes (about 800 interfaces); past that EMSGSIZE.
	 */
	NL_UTIL_C_L2_LIST,
	/*
	 * One Ethernet interface, by its index, with its counters. ENODEV when the
	 * caller's network namespace has no such interface, or it is not Ethernet.
	 */
	NL_UTIL_C_L2_IID,
	/*
	 * Always fails with EINVAL, whatever the request carries: nothing in it is
	 * checked. A client tests its error path with it.
	 */
	NL_UTIL_C_REPLY_WITH_NLMSG_ERR,

	__NL_UTIL_C_MAX,
	NL_UTIL_C_MAX = (__NL_UTIL_C_MAX - 1)
};

#endif /* _UAPI_LINUX_NL_UTIL_H */
