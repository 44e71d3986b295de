// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A C client of the family as they have long existed: one recv() of 4,096 bytes,
 * at most 32 interfaces, and an error for any attribute but the eight that it
 * knows. It is compiled against kmod/uapi/nl_util.h, which must suit it.
 */
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "nl_util.h"

#define ATTR_DATA(a) ((char *)(a) + NLA_HDRLEN)
#define ATTR_NEXT(a) ((struct nlattr *)((char *)(a) + NLA_ALIGN((a)->nla_len)))

struct message {
	struct nlmsghdr n;
	struct genlmsghdr g;
	char buf[4096 - NLMSG_HDRLEN - GENL_HDRLEN];
};

static struct message req, res;

static int ask(int fd, uint16_t type, uint8_t cmd, const void *attr, size_t len)
{
	memset(&req, 0, sizeof(req));
	req.n.nlmsg_len = NLMSG_LENGTH(GENL_HDRLEN) + len;
	req.n.nlmsg_type = type;
	req.n.nlmsg_flags = NLM_F_REQUEST;
	req.n.nlmsg_pid = getpid();
	req.g.cmd = cmd;
	req.g.version = NL_UTIL_FAMILY_VERSION;
	if (len)
		memcpy(req.buf, attr, len);
	if (send(fd, &req, req.n.nlmsg_len, 0) < 0)
		return -1;
	memset(&res, 0, sizeof(res));
	return recv(fd, &res, sizeof(res), 0) > 0 && res.n.nlmsg_type != NLMSG_ERROR ? 0 : -1;
}

static int print(const struct nlattr *nest)
{
	struct nlattr *a = (struct nlattr *)ATTR_DATA(nest);
	const char *end = (const char *)nest + nest->nla_len;
	unsigned int index = 0, mtu = 0, qlen = 0, seen = 0;
	char name[IFNAMSIZ] = "";
	const uint8_t *mac = NULL;

	for (; (const char *)a < end; a = ATTR_NEXT(a), seen++) {
		switch (a->nla_type) {
		case NL_UTIL_NESTED_A_IFINDEX:
			index = *(uint32_t *)ATTR_DATA(a);
			break;
		case NL_UTIL_NESTED_A_IFNAME:
			strncpy(name, ATTR_DATA(a), sizeof(name) - 1);
			break;
		case NL_UTIL_NESTED_A_IFMTU:
			mtu = *(uint32_t *)ATTR_DATA(a);
			break;
		case NL_UTIL_NESTED_A_QLEN:
			qlen = *(uint32_t *)ATTR_DATA(a);
			break;
		case NL_UTIL_NESTED_A_IFMAC:
			mac = (uint8_t *)ATTR_DATA(a);
			break;
		case NL_UTIL_NESTED_A_FLAGS:
		case NL_UTIL_NESTED_A_STATE:
		case NL_UTIL_NESTED_A_IFBRD:
			break;
		default:
			fprintf(stderr, "unknown attribute %u\n", a->nla_type);
			return 1;
		}
	}
	if (seen != 8 || !mac)
		return 1;
	printf("%u %s %u %u %02x:%02x:%02x:%02x:%02x:%02x\n", index, name, mtu, qlen,
	       mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
	return 0;
}

int main(void)
{
	struct sockaddr_nl local = { .nl_family = AF_NETLINK, .nl_pid = getpid() };
	int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_GENERIC), devices = 0;
	struct { struct nlattr a; char name[sizeof(NL_UTIL_FAMILY_NAME)]; } family = {
		.a = { sizeof(family), CTRL_ATTR_FAMILY_NAME }, .name = NL_UTIL_FAMILY_NAME,
	};
	struct nlattr *a;
	const char *end;

	if (fd < 0 || bind(fd, (struct sockaddr *)&local, sizeof(local)) ||
	    ask(fd, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, &family, sizeof(family)))
		return 1;
	/* The id is the second attribute, behind the name. */
	a = ATTR_NEXT((struct nlattr *)res.buf);
	if (a->nla_type != CTRL_ATTR_FAMILY_ID)
		return 1;
	if (ask(fd, *(uint16_t *)ATTR_DATA(a), NL_UTIL_C_L2_LIST, NULL, 0))
		return 1;
	end = (const char *)&res + res.n.nlmsg_len;
	for (a = (struct nlattr *)res.buf; (const char *)a < end; a = ATTR_NEXT(a)) {
		if (a->nla_type != NL_UTIL_A_NETDEV || ++devices > 32 || print(a))
			return 1;
	}
	return 0;
}
