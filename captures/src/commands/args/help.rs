// SPDX-License-Identifier: GPL-2.0-or-later
//! What `--help` says behind the options.

pub(super) const FAMILIES_HELP: &str = "\
Columns:
  id             the number in nlmsg_type
  family         its name; ? where messages of it are in the file, but no answer of the controller
  version        as the kernel has it
  operations     how many; -v lists them by number, with their names where a specification is known,
                 and their flags: do, dump, admin-perm (CAP_NET_ADMIN), uns-admin-perm (the same in
                 the user namespace of the network namespace), policy
  groups         names of the multicast groups
  specification  the file, `built in`, or - where there is none: looked for as by `nlcap show`

Exit status: 0, 1 where the kernel or the file cannot be read, 2 for wrong usage.

Examples:
  nlcap families
  nlcap families --spec linux/Documentation/netlink/specs
  nlcap families -j FILE | jq -r .name";

pub(super) const RECORD_HELP: &str = "\
Signals:
  Ctrl-C reaches CMD through the terminal; nlcap goes on until CMD has ended. SIGHUP, SIGINT,
  SIGQUIT and SIGTERM that another process sends to nlcap are passed on to CMD, as are SIGUSR1,
  SIGUSR2 and SIGALRM. A second one of the first four, or the first after CMD's own end, ends the
  recording without waiting for the processes that are left, as does the first where CMD was started
  to ignore it (a script's `&` does that with SIGINT and SIGQUIT). Without CMD the first one ends it.

Where the recording ends before CMD does (-c, --duration, a full disk, a reader that has gone),
nlcap stays until CMD has ended.

Exit status:
  that of CMD, 128+N where signal N ended it (or ended the recording before CMD); 0 without CMD; and
  2    wrong usage
  123  with --strict: messages were lost, or the recording is incomplete
  124  the file could not be written to the end, as on a full disk; what was written stays
  125  nlcap itself failed
  126  CMD was found but cannot be executed
  127  CMD was not found

Privilege:
  CAP_NET_ADMIN (to make the link) and CAP_NET_RAW: run it with sudo, or in a network namespace
  of your own with `unshare -rn nlcap record -- CMD`. CMD has the privilege of who called nlcap.

Examples:
  nlcap record -- ip link show
  nlcap record -w show.pcapng -- nl_user show
  nlcap record -w - -- ip link show | wireshark -k -i -
  nlcap record -f nl_util -f nlctrl --duration 10
  sudo nlcap record -u $USER -- ping -c 1 localhost";

pub(super) const SHOW_HELP: &str = "\
Specifications:
  Names and types come from YNL specifications: those of --spec, those of the files and folders in
  NLCAP_SPECS (separated by colons), the built-in ones (nl_util, nlctrl), and the kernel's, looked
  for in /usr/local/share/ynl/specs, /usr/share/ynl/specs, and Documentation/netlink/specs under
  /lib/modules/RELEASE/source, /lib/modules/RELEASE/build and /usr/src/linux. What no specification
  has is shown by its number and by what it looks like, marked with ?.

Exit status: 0, 1 where a file cannot be read or is damaged (what comes before the damage is
shown), 2 for wrong usage.

Examples:
  nlcap show ip-20260102-030410.pcapng
  nlcap show --errors -v *.pcapng
  nlcap show -j FILE | jq 'select(.role == \"error\") | [.comm, .op, .error]'
  tcpdump -i nlmon0 -U -w - | nlcap show -";

pub(super) const TRACE_HELP: &str = "\
Messages:
  are kept and attributed as by `nlcap record`; lines, filters and specifications are those of
  `nlcap show`. At the end, nlcap says on standard error what was lost or not seen, if anything.

Signals, privilege:
  as of `nlcap record`

Exit status:
  that of CMD, 128+N where signal N ended it; 0 without CMD; and
  2    wrong usage
  124  FILE of -o or -w could not be written to the end, as on a full disk
  125  nlcap itself failed
  126  CMD was found but cannot be executed
  127  CMD was not found

Examples:
  nlcap trace -- ip link show
  nlcap trace -p $(pidof NetworkManager)
  nlcap trace -ttt --family ethtool -o trace.txt -- ethtool eth0
  nlcap trace --errors -v -- ip link add type veth
  nlcap trace --count -w nm.pcapng -- NetworkManager --debug";
