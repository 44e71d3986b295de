// SPDX-License-Identifier: GPL-2.0-or-later
//! What `--help` says behind the options.

pub(super) const FAMILIES_HELP: &str = "\
Columns:
  id             its number in nlmsg_type
  family         its name; ? if the file has messages of it but no answer of the controller
  version        as reported by the kernel
  operations     their count; -v lists them by id, with their names if there is a specification,
                 and their flags: do, dump, admin-perm (CAP_NET_ADMIN), uns-admin-perm (the same in
                 the user namespace of the network namespace), policy
  groups         names of the multicast groups
  specification  the file, `built in`, or - if there is none: searched for as by `nlcap show`

Exit status: 0; 1 if the kernel or the file cannot be read; 2 for wrong usage.

Examples:
  nlcap families
  nlcap families --spec linux/Documentation/netlink/specs
  nlcap families -j FILE | jq -r .name";

pub(super) const COMPLETIONS_HELP: &str = "\
Exit status: 0; 1 if standard output cannot be written; 2 for wrong usage.

Examples:
  source <(nlcap completions bash)
  nlcap completions bash > ~/.local/share/bash-completion/completions/nlcap
  nlcap completions zsh > /usr/local/share/zsh/site-functions/_nlcap
  nlcap completions fish > ~/.config/fish/completions/nlcap.fish";

pub(super) const MAN_HELP: &str = "\
Exit status: 0; 1 if there is no such page, or a file cannot be written; 2 for wrong usage.

Examples:
  nlcap man | man -l -
  nlcap man show | man -l -
  nlcap man --all ~/.local/share/man/man1";

pub(super) const TAPS_HELP: &str = "\
Taps:
  nlmon     what the kernel mirrors to an nlmon link: messages of all processes in 8 protocols, sent
            to a process or read by it or not; owners by attribution
  syscalls  a command's own system calls, by ptrace(2), as strace: all protocols, owners exact, and
            what each call returned; not what CMD never read

`--tap auto`, the default of record, trace and compare, is nlmon where it can be used, and else,
for a command, syscalls.

Exit status: 0; 1 if no tap can be used.

Examples:
  nlcap taps
  nlcap trace --tap syscalls -- ip link show";

pub(super) const RECORD_HELP: &str = "\
Signals:
  Ctrl-C reaches CMD through the terminal; nlcap keeps recording until CMD has exited. SIGHUP,
  SIGINT, SIGQUIT and SIGTERM sent to nlcap by another process are passed on to CMD, as are SIGUSR1,
  SIGUSR2 and SIGALRM. A second one of the first four, or the first after CMD itself has exited,
  ends the recording without waiting for the remaining processes, as does the first if CMD was
  started with it ignored (a script's `&` does that for SIGINT and SIGQUIT). Without CMD, the first
  one ends the recording. With --tap syscalls these processes cannot go on without nlcap: it stays
  until they have exited, or until one more of these signals ends it, and them.

If the recording ends before CMD does (-c, --duration, a full disk, a closed pipe), nlcap stays
until CMD has exited.

Exit status:
  that of CMD, 128+N if signal N killed it (or ended the recording before CMD exited); 0 without
  CMD; and
  2    wrong usage
  123  with --strict: messages were lost, or the recording is incomplete
  124  the file could not be written completely, as on a full disk; what was written stays
  125  nlcap itself failed
  126  CMD was found but cannot be executed
  127  CMD was not found

Privileges:
  none for the messages of a command (--tap syscalls, see `nlcap taps`). For --tap nlmon, which -p,
  --all and recording without CMD need: CAP_NET_ADMIN (to create the link) and CAP_NET_RAW: run it
  with sudo, or in your own network namespace with `unshare -rn nlcap record -- CMD`. CMD runs with
  the caller's privileges.

Examples:
  nlcap record -- ip link show
  nlcap record -w show.pcapng -- nl_user show
  nlcap record -w - -- ip link show | wireshark -k -i -
  nlcap record -f nl_util -f nlctrl --duration 10
  sudo nlcap record -u $USER -- ping -c 1 localhost";

pub(super) const SHOW_HELP: &str = "\
Specifications:
  Names and types come from YNL specifications: those of --spec, the files and directories in
  NLCAP_SPECS (separated by colons), the built-in ones (nl_util, nlctrl), and the kernel's, searched
  for in /usr/local/share/ynl/specs, /usr/share/ynl/specs, and Documentation/netlink/specs under
  /lib/modules/RELEASE/source, /lib/modules/RELEASE/build and /usr/src/linux. Anything without a
  specification is shown by its number with a guessed type, marked with ?.

Exit status: 0; 1 if a file cannot be read to its end (everything before that is shown) or has no
netlink messages but other packets; 2 for wrong usage.

Examples:
  nlcap show ip-20260102-030410.pcapng
  nlcap show --errors -v *.pcapng
  nlcap show -j FILE | jq 'select(.role == \"error\") | [.comm, .op, .error]'
  tcpdump -i nlmon0 -U -w - | nlcap show -";

pub(super) const TRACE_HELP: &str = "\
Messages:
  are captured and attributed as by `nlcap record`; lines, filters and specifications are those of
  `nlcap show`. At the end, nlcap says on standard error what was lost or could not be captured, if
  anything.

Signals, privileges:
  as for `nlcap record`

Exit status:
  that of CMD, 128+N if signal N killed it; 0 without CMD; and
  2    wrong usage
  124  the FILE of -o or -w could not be written completely, as on a full disk
  125  nlcap itself failed
  126  CMD was found but cannot be executed
  127  CMD was not found

Examples:
  nlcap trace -- ip link show
  nlcap trace -p $(pidof NetworkManager)
  nlcap trace -ttt --family ethtool -o trace.txt -- ethtool eth0
  nlcap trace --errors -v -- ip link add type veth
  nlcap trace --count -w nm.pcapng -- NetworkManager --debug";
