/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What bindgen reads. Kbuild lists the names it keeps; functions below are what
 * C offers only as a macro, or through a structure that Rust does not look into.
 */
#ifndef NL_KERNEL_BINDINGS_H
#define NL_KERNEL_BINDINGS_H

#include <linux/cred.h>
#include <linux/errno.h>
#include <linux/if_arp.h>
#include <linux/netdevice.h>
#include <linux/notifier.h>
#include <linux/ratelimit.h>
#include <linux/rcupdate.h>
#include <linux/rtnetlink.h>
#include <linux/sched.h>
#include <linux/skbuff.h>
#include <linux/user_namespace.h>
#include <linux/xarray.h>
#include <net/genetlink.h>
#include <net/net_namespace.h>
#include <net/rtnetlink.h>

#include "compat.h"

/* Macros of casts. */
static const gfp_t nl_kernel_gfp_atomic = GFP_ATOMIC;
static const gfp_t nl_kernel_gfp_kernel = GFP_KERNEL;

/* Stands for the running task. */
static inline void *nl_kernel_current(void)
{
	return current;
}

/*
 * Whether the namespace, and the running task, are the machine's own: anybody may make a
 * user namespace, and in it network namespaces whose interfaces have any names.
 */
static inline bool nl_kernel_is_initial_user(const struct net *net)
{
	return net->user_ns == &init_user_ns &&
	       current_user_ns() == &init_user_ns;
}

/* Changes whenever an interface comes to the namespace or leaves it. */
static inline unsigned int nl_kernel_dev_base_seq(const struct net *net)
{
	return READ_ONCE(net->dev_base_seq);
}

/* The interface with the lowest index from *ifindex on, which becomes its index. */
static inline struct net_device *nl_kernel_netdev_from(struct net *net,
						       unsigned long *ifindex)
{
	return xa_find(&net->dev_by_index, ifindex, ULONG_MAX, XA_PRESENT);
}

/* What made the interface, or NULL. */
static inline const char *nl_kernel_netdev_kind(const struct net_device *dev)
{
	const struct rtnl_link_ops *ops = READ_ONCE(dev->rtnl_link_ops);

	return ops ? ops->kind : NULL;
}

/* The interface's alias, or NULL; in an RCU read-side critical section. */
static inline const char *nl_kernel_netdev_alias(const struct net_device *dev)
{
	const struct dev_ifalias *alias = rcu_dereference(dev->ifalias);

	return alias ? alias->ifalias : NULL;
}

/* The namespace that the interface's link is in if it is another one, or NULL; under RTNL. */
static inline struct net *nl_kernel_netdev_link_net(const struct net_device *dev)
{
	const struct rtnl_link_ops *ops = dev->rtnl_link_ops;
	struct net *net = ops && ops->get_link_net ? ops->get_link_net(dev) : NULL;

	return net && !net_eq(net, dev_net(dev)) ? net : NULL;
}

/* Whether its last event was told: what comes now is a reminder. */
static inline bool nl_kernel_netdev_is_gone(const struct net_device *dev)
{
	return READ_ONCE(dev->reg_state) > NETREG_UNREGISTERING;
}

/* Bytes from the header of a nest to the end of the message so far. */
static inline size_t nl_kernel_nest_len(const struct sk_buff *skb,
					const struct nlattr *start)
{
	return skb_tail_pointer(skb) - (const unsigned char *)start;
}

static inline unsigned int nl_kernel_skb_len(const struct sk_buff *skb)
{
	return skb->len;
}

/*
 * Whether one more request may log: 16 in a row, and on average three a second, all
 * operations and callers together.
 * The state's initialiser is a macro, and its members differ between kernels.
 */
static inline bool nl_kernel_may_log(void)
{
	static DEFINE_RATELIMIT_STATE(state, 5 * HZ, 16);

	return ___ratelimit(&state, KBUILD_MODNAME);
}

#endif
