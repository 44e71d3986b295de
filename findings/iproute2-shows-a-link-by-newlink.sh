#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# iproute2 6.1: `ip link show dev lo` sends three requests by two sockets, and the first is
# RTM_NEWLINK: 32 bytes, no attribute, sequence number 0, with an acknowledgement. It changes
# nothing: the kernel refuses it with ENODEV, and with EPERM where the user has no CAP_NET_ADMIN,
# and ip goes on either way. So a recording of a program that only shows links begins with a
# change that is refused, for want of privilege where a normal user runs it, and sequence
# numbers do not begin at 1.
#
# Who counts changes or failures by message type has to leave this one out.
#
# Needs apt-get, dpkg-deb and Debian 12's package lists. Asks for one link, without privileges.
set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
chmod 755 "$dir"
cd "$dir"
apt-get -qq download iproute2=6.1.0-3 strace=6.1-0.1
for package in ./*.deb; do dpkg-deb -x "$package" root; done

root/sbin/ip -V
root/usr/bin/strace -qq -e trace=sendto,sendmsg,recvmsg -s 4096 -o calls root/sbin/ip link show dev lo >/dev/null
sends=$(grep -c '^send' calls)
first=$(grep -m1 '^send' calls)
answer=$(grep -m1 '^recv' calls)
printf '%s requests, the first:\n%s\n%s\n' "$sends" "${first:0:120}…" "${answer:0:250}…"

[[ $sends == 3 ]]
[[ $first == *"nlmsg_len=32, nlmsg_type=RTM_NEWLINK, nlmsg_flags=NLM_F_REQUEST|NLM_F_ACK, nlmsg_seq=0"* ]]
[[ $answer == *"error=-ENODEV"* || $answer == *"error=-EPERM"* ]]
echo "as found: a link is shown by RTM_NEWLINK, RTM_GETLINK, RTM_GETLINK"
