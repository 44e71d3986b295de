/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What bindgen reads. Kbuild lists the names it keeps; functions below are what
 * C offers only as a macro, or through a structure that Rust does not look into.
 */
#ifndef NL_KERNEL_BINDINGS_H
#define NL_KERNEL_BINDINGS_H

#include <linux/errno.h>
#include <linux/if_arp.h>
#include <linux/netdevice.h>
#include <linux/ratelimit.h>
#include <linux/rcupdate.h>
#include <linux/skbuff.h>
#include <linux/xarray.h>
#include <net/genetlink.h>
#include <net/net_namespace.h>

/* A macro of casts. */
static const gfp_t nl_kernel_gfp_kernel = GFP_KERNEL;

/* The interface with the lowest index from *ifindex on, which becomes its index. */
static inline struct net_device *nl_kernel_netdev_from(struct net *net,
						       unsigned long *ifindex)
{
	return xa_find(&net->dev_by_index, ifindex, ULONG_MAX, XA_PRESENT);
}

static inline unsigned int nl_kernel_skb_len(const struct sk_buff *skb)
{
	return skb->len;
}

/*
 * Whether one more request may log: 16 in a row, and on average three a second.
 * The state's initialiser is a macro, and its members differ between kernels.
 */
static inline bool nl_kernel_may_log(void)
{
	static DEFINE_RATELIMIT_STATE(state, 5 * HZ, 16);

	return ___ratelimit(&state, KBUILD_MODNAME);
}

#endif
