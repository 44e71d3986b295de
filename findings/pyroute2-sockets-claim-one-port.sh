#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# pyroute2 0.9.7: two IPRoute objects of one process write the same nlmsg_pid, the process id,
# and the same nlmsg_seq, 255, into their first requests. Only the socket that sends first is
# bound to that port id; the kernel binds the other one to a number of its own, and its answers
# go there. So neither the port id nor the number of a request says whose it is, and the port id
# of the second socket's requests is never that of its answers.
#
# What a decoder makes of it: docs/show.md, "Which answer belongs to which request".
#
# Needs python3 with venv, and access to PyPI. Sends two RTM_GETLINK dumps, without privileges.
set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" --quiet --disable-pip-version-check install pyroute2==0.9.7

cat >"$dir/two.py" <<'PYTHON'
import os
import socket
import struct

sent = {}
for name in ("send", "sendto", "sendall"):
    plain = getattr(socket.socket, name)

    def spy(self, data, *rest, plain=plain):
        if self.family == socket.AF_NETLINK:
            result = plain(self, data, *rest)
            *_, number, claimed = struct.unpack_from("=IHHII", data)
            sent.setdefault(self.fileno(), (number, claimed, self.getsockname()[0]))
            return result
        return plain(self, data, *rest)

    setattr(socket.socket, name, spy)

import pyroute2

with pyroute2.IPRoute() as one, pyroute2.IPRoute() as other:
    links = [len(list(it.get_links())) for it in (one, other)]

print("pyroute2", pyroute2.__version__, "process", os.getpid(), "links", links)
for number, claimed, bound in sent.values():
    print("sequence", number, "claimed port", claimed, "bound to", bound)

(first, second) = sent.values()
assert first[0] == second[0] == 255, "sequence numbers differ"
assert first[1] == second[1] == os.getpid(), "not the process id"
assert first[2] == os.getpid() and second[2] != os.getpid(), "port ids are as claimed"
print("as found: one claimed port, two sockets")
PYTHON
"$dir/venv/bin/python" "$dir/two.py"
