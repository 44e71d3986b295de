/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What nl_tests needs of the kernel beside what nl_kernel does. */
#ifndef NL_TESTS_H
#define NL_TESTS_H

#include <linux/etherdevice.h>
#include <linux/netdevice.h>

static inline netdev_tx_t nl_tests_xmit(struct sk_buff *skb, struct net_device *dev)
{
	dev_kfree_skb(skb);
	return NETDEV_TX_OK;
}

/*
 * A registered Ethernet interface that has a permanent address, which is what a driver
 * gives to hardware: the interfaces that `ip link add` makes have none. NULL if it
 * cannot be made.
 */
static inline struct net_device *nl_tests_device_new(const char *name, const u8 *address)
{
	static const struct net_device_ops ops = {
		.ndo_start_xmit = nl_tests_xmit,
		.ndo_set_mac_address = eth_mac_addr,
	};
	struct net_device *dev = alloc_etherdev(0);

	if (!dev)
		return NULL;
	dev->netdev_ops = &ops;
	strscpy(dev->name, name, IFNAMSIZ);
	eth_hw_addr_set(dev, address);
	if (register_netdev(dev)) {
		free_netdev(dev);
		return NULL;
	}
	return dev;
}

static inline void nl_tests_device_free(struct net_device *dev)
{
	unregister_netdev(dev);
	free_netdev(dev);
}

#endif
