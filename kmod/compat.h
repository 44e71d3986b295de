/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What differs between the kernels that the module is built for: each gets the
 * newest one's names.
 */
#ifndef NL_KERNEL_COMPAT_H
#define NL_KERNEL_COMPAT_H

#include <linux/netdevice.h>
#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 17, 0)
static inline unsigned int netif_get_flags(const struct net_device *dev)
{
	return dev_get_flags(dev);
}
#endif

#endif
