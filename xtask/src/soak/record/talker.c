// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Speaks netlink by hand, in the ways that make it hard to say whose message it is,
 * and writes every datagram that it sends and receives to the file TALKER_LOG:
 *
 *	out PROTOCOL HEX
 *	in PROTOCOL HEX
 *	end
 *
 * TALKER_PORT is the first of the port ids that it chooses by itself, so that several
 * of it can run at the same time.
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define UNBOUND 0xffffffffu

static int log_fd;
static uint32_t first_port;

/* One write for a line: processes and threads share the file. */
static void note(const char *way, int protocol, const void *bytes, size_t length)
{
	size_t room = 2 * length + 40;
	char *line = malloc(room), *at = line;

	at += sprintf(at, "%s %d ", way, protocol);
	for (size_t i = 0; i < length; i++)
		at += sprintf(at, "%02x", ((const uint8_t *)bytes)[i]);
	*at++ = '\n';
	if (write(log_fd, line, at - line) != at - line)
		err(1, "cannot write to the log");
	free(line);
}

static int open_socket(int protocol, uint32_t port)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_pid = port };
	int fd = socket(AF_NETLINK, SOCK_RAW, protocol);

	if (fd < 0)
		err(1, "socket");
	if (port != UNBOUND && bind(fd, (void *)&address, sizeof(address)))
		err(1, "bind to %u", port);
	return fd;
}

struct request {
	struct nlmsghdr header;
	union {
		struct ifinfomsg link;
		struct {
			struct genlmsghdr genl;
			struct nlattr attr;
			uint16_t id, padding;
		} family;
	};
};

/* The interface lo, or the family nlctrl. */
static struct request make(int protocol, uint32_t seq)
{
	struct request it = { .header = { .nlmsg_flags = NLM_F_REQUEST, .nlmsg_seq = seq } };

	if (protocol == NETLINK_ROUTE) {
		it.header.nlmsg_len = NLMSG_LENGTH(sizeof(it.link));
		it.header.nlmsg_type = RTM_GETLINK;
		it.link.ifi_index = 1;
	} else {
		it.header.nlmsg_len = NLMSG_LENGTH(sizeof(it.family));
		it.header.nlmsg_type = GENL_ID_CTRL;
		it.family.genl.cmd = CTRL_CMD_GETFAMILY;
		it.family.genl.version = 1;
		it.family.attr.nla_len = 6;
		it.family.attr.nla_type = CTRL_ATTR_FAMILY_ID;
		it.family.id = GENL_ID_CTRL;
	}
	return it;
}

static void receive(int fd, int protocol)
{
	static __thread char answer[65536];
	ssize_t length = recv(fd, answer, sizeof(answer), 0);

	if (length < 0)
		err(1, "recv");
	note("in", protocol, answer, length);
}

static void ask(int fd, int protocol, uint32_t seq)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	struct request it = make(protocol, seq);

	if (sendto(fd, &it, it.header.nlmsg_len, 0, (void *)&kernel, sizeof(kernel)) < 0)
		err(1, "sendto");
	note("out", protocol, &it, it.header.nlmsg_len);
	receive(fd, protocol);
}

/* Three sockets of two protocols, with port ids of its own choice and of the kernel's. */
static void ports(void)
{
	int a = open_socket(NETLINK_ROUTE, first_port);
	int b = open_socket(NETLINK_GENERIC, first_port + 1);
	int c = open_socket(NETLINK_ROUTE, UNBOUND);

	for (uint32_t seq = 1; seq <= 4; seq++) {
		ask(a, NETLINK_ROUTE, seq);
		ask(b, NETLINK_GENERIC, seq);
		ask(c, NETLINK_ROUTE, seq);
	}
}

static void *speak(void *shared)
{
	int own = open_socket(NETLINK_ROUTE, UNBOUND);

	(void)shared;
	for (uint32_t seq = 1; seq <= 3; seq++)
		ask(own, NETLINK_ROUTE, seq);
	close(own);
	return NULL;
}

static void threads(void)
{
	pthread_t all[6];

	for (int i = 0; i < 6; i++)
		if (pthread_create(&all[i], NULL, speak, NULL))
			errx(1, "cannot make a thread");
	for (int i = 0; i < 6; i++)
		pthread_join(all[i], NULL);
}

/* A socket that another process is given, and one that it inherits. */
static void passed(void)
{
	char room[CMSG_SPACE(sizeof(int))], byte = 'x';
	struct iovec piece = { &byte, 1 };
	struct msghdr message = { .msg_iov = &piece, .msg_iovlen = 1,
				  .msg_control = room, .msg_controllen = sizeof(room) };
	int pair[2], inherited = open_socket(NETLINK_GENERIC, UNBOUND);

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
		err(1, "socketpair");
	if (fork() == 0) {
		int fd;

		if (recvmsg(pair[1], &message, 0) != 1)
			err(1, "recvmsg");
		memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(fd));
		ask(fd, NETLINK_ROUTE, 5);
		ask(inherited, NETLINK_GENERIC, 6);
		_exit(0);
	}
	int given = open_socket(NETLINK_ROUTE, UNBOUND);
	struct cmsghdr *control = CMSG_FIRSTHDR(&message);

	control->cmsg_level = SOL_SOCKET;
	control->cmsg_type = SCM_RIGHTS;
	control->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(control), &given, sizeof(given));
	if (sendmsg(pair[0], &message, 0) != 1)
		err(1, "sendmsg");
	close(given);
	wait(NULL);
}

/* Speaks when its parent has long ended. */
static void become_daemon(void)
{
	if (fork())
		_exit(0);
	setsid();
	if (fork())
		_exit(0);
	usleep(150000);
	int fd = open_socket(NETLINK_ROUTE, UNBOUND);

	ask(fd, NETLINK_ROUTE, 8);
	ask(fd, NETLINK_ROUTE, 9);
}

/* The ways of sending that are rare, and a socket that is connected. */
static void ways(void)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	int fd = open_socket(NETLINK_ROUTE, UNBOUND);
	int connected = open_socket(NETLINK_ROUTE, UNBOUND);
	struct request it = make(NETLINK_ROUTE, 1);
	struct iovec pieces[2] = { { &it, 16 }, { (char *)&it + 16, it.header.nlmsg_len - 16 } };
	struct mmsghdr two[2] = { 0 };
	struct request pair[2] = { make(NETLINK_ROUTE, 3), make(NETLINK_ROUTE, 4) };
	struct iovec each[2] = { { &pair[0], pair[0].header.nlmsg_len },
				 { &pair[1], pair[1].header.nlmsg_len } };

	if (write(fd, &it, it.header.nlmsg_len) < 0)
		err(1, "write");
	note("out", NETLINK_ROUTE, &it, it.header.nlmsg_len);
	receive(fd, NETLINK_ROUTE);
	it.header.nlmsg_seq = 2;
	if (writev(fd, pieces, 2) < 0)
		err(1, "writev");
	note("out", NETLINK_ROUTE, &it, it.header.nlmsg_len);
	receive(fd, NETLINK_ROUTE);
	for (int i = 0; i < 2; i++) {
		two[i].msg_hdr.msg_iov = &each[i];
		two[i].msg_hdr.msg_iovlen = 1;
		two[i].msg_hdr.msg_name = &kernel;
		two[i].msg_hdr.msg_namelen = sizeof(kernel);
	}
	if (sendmmsg(fd, two, 2, 0) != 2)
		err(1, "sendmmsg");
	for (int i = 0; i < 2; i++)
		note("out", NETLINK_ROUTE, &pair[i], pair[i].header.nlmsg_len);
	receive(fd, NETLINK_ROUTE);
	receive(fd, NETLINK_ROUTE);
	if (connect(connected, (void *)&kernel, sizeof(kernel)))
		err(1, "connect");
	it.header.nlmsg_seq = 5;
	if (send(connected, &it, it.header.nlmsg_len, 0) < 0)
		err(1, "send");
	note("out", NETLINK_ROUTE, &it, it.header.nlmsg_len);
	receive(connected, NETLINK_ROUTE);
}

/* A child by vfork(2) that becomes another program. */
static void executed(const char *self)
{
	int fd = open_socket(NETLINK_ROUTE, UNBOUND);

	ask(fd, NETLINK_ROUTE, 1);
	for (int i = 0; i < 3; i++) {
		if (vfork() == 0) {
			execl(self, "talker", "one", NULL);
			_exit(127);
		}
		wait(NULL);
	}
	ask(fd, NETLINK_ROUTE, 2);
}

int main(int argc, char **argv)
{
	const char *path = getenv("TALKER_LOG"), *port = getenv("TALKER_PORT");
	const char *way = argc > 1 ? argv[1] : "";

	log_fd = open(path ? path : "/dev/null", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (log_fd < 0)
		err(1, "cannot open the log");
	first_port = port ? strtoul(port, NULL, 0) : 4242;
	if (!strcmp(way, "ports"))
		ports();
	else if (!strcmp(way, "threads"))
		threads();
	else if (!strcmp(way, "passed"))
		passed();
	else if (!strcmp(way, "daemon"))
		become_daemon();
	else if (!strcmp(way, "ways"))
		ways();
	else if (!strcmp(way, "vfork"))
		executed(argv[0]);
	else if (!strcmp(way, "one"))
		return ask(open_socket(NETLINK_ROUTE, UNBOUND), NETLINK_ROUTE, 7), 0;
	else
		errx(2, "usage: talker ports|threads|passed|daemon|ways|vfork|one");
	if (write(log_fd, "end\n", 4) != 4)
		err(1, "cannot write to the log");
	return 0;
}
