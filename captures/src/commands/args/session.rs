// SPDX-License-Identifier: GPL-2.0-or-later
//! The options of what records: whose messages, and which of them.

use std::ffi::OsString;
use std::time::Duration;

use clap::ValueHint;

use crate::file::SNAP_LENGTH;
use crate::session::choice::Choice;
use crate::session::command::{Invocation, Stdout};
use crate::session::filter::CaptureFilter;
use crate::session::subject::Subject;
use crate::session::user::Identity;
use crate::session::{Settings, TapChoice, TapKind};

/// Names of taps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum TapName {
    Auto,
    Nlmon,
    Syscalls,
}

impl TapName {
    /// As it is typed.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Nlmon => "nlmon",
            Self::Syscalls => "syscalls",
        }
    }
}

/// Whose messages, and which of them.
#[derive(Debug, clap::Args)]
pub(crate) struct SessionArgs {
    /// Where messages come from: the command's own system calls, what the kernel mirrors to an
    /// nlmon link, or the latter where it can be had
    ///
    /// `syscalls` needs no privilege, sees all netlink protocols and what each call returned,
    /// and only what CMD itself sends and receives. `nlmon` needs CAP_NET_ADMIN and CAP_NET_RAW
    /// and sees what is sent to CMD but never read, running processes (-p) and others (--all).
    #[arg(long, value_name = "TAP", value_enum, default_value_t = TapName::Auto)]
    pub(crate) tap: TapName,

    /// With --tap syscalls: also look at read(2) and readv(2), which few netlink programs use
    ///
    /// It makes programs that read many files up to twice as slow.
    #[arg(long)]
    pub(crate) reads: bool,

    /// Record from this nlmon link, which must be up; it is not changed
    ///
    /// Without -i, nlcap creates a link of its own (`nlcapN`), which CMD can see:
    /// `ip link` lists it. It is removed at the end, also after an error or a signal.
    /// Only SIGKILL leaves it behind: remove it with `ip link del nlcapN`.
    #[arg(short = 'i', long, value_name = "LINK")]
    pub(crate) interface: Option<String>,

    /// Record in this network namespace: a name of `ip netns`, a path, or the PID of a
    /// process in it
    ///
    /// CMD runs there too, as with `nsenter -n`.
    #[arg(short = 'n', long, value_name = "NETNS")]
    pub(crate) netns: Option<OsString>,

    /// Record the messages of this running process; may be repeated
    ///
    /// Ends when all of them have exited, or on Ctrl-C. Sockets are found through /proc,
    /// requests by their answers; child processes are not followed: see docs/nlcap.md.
    #[arg(
        short = 'p',
        long,
        value_name = "PID",
        conflicts_with = "command",
        value_parser = clap::value_parser!(i32).range(1..)
    )]
    pub(crate) attach: Vec<i32>,

    /// Run CMD as this user, with its groups and none of nlcap's capabilities; UID:GID sets no
    /// supplementary groups
    #[arg(
        short,
        long,
        value_name = "USER",
        requires = "command",
        value_hint = ValueHint::Username
    )]
    pub(crate) user: Option<String>,

    /// Record only this netlink protocol or generic netlink family
    ///
    /// May be repeated: `-f route -f nl_util`. Protocols are route, generic, netfilter,
    /// xfrm, sock_diag and so on, as `nlcap show` names them. Errors and ends of dumps
    /// count as the family of their request.
    #[arg(short, long, value_name = "NAME")]
    pub(crate) filter: Vec<String>,

    /// Stop after N packets
    #[arg(short = 'c', long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) packets: Option<u64>,

    /// Stop after S seconds
    #[arg(long, value_name = "S", value_parser = seconds)]
    pub(crate) duration: Option<Duration>,

    /// Capture buffer size, in bytes, or with K or M
    #[arg(long, value_name = "SIZE", default_value = "16M", value_parser = size)]
    pub(crate) buffer: usize,

    /// Also record the messages of other processes, marked `owner=other`
    #[arg(long)]
    pub(crate) all: bool,

    /// Keep one frame for each receiver of a multicast, as captured
    #[arg(long)]
    pub(crate) raw: bool,

    /// The command, looked up in PATH and run without a shell
    ///
    /// It begins with the first word that is not an option, or after `--`; everything that
    /// follows belongs to it, including options.
    #[arg(
        trailing_var_arg = true,
        value_names = ["CMD", "ARGS"],
        value_hint = ValueHint::CommandWithArguments
    )]
    pub(crate) command: Vec<OsString>,
}

impl SessionArgs {
    /// How to record.
    pub(crate) fn settings(&self) -> Settings {
        Settings {
            tap: match self.tap {
                TapName::Auto => TapChoice::Auto,
                TapName::Nlmon => TapChoice::Only(TapKind::Nlmon),
                TapName::Syscalls => TapChoice::Only(TapKind::Syscalls),
            },
            with_reads: self.reads,
            interface: self.interface.clone(),
            buffer: self.buffer,
            snap_length: SNAP_LENGTH,
            choice: Choice {
                all: self.all || (self.command.is_empty() && self.attach.is_empty()),
                raw: self.raw,
                filter: CaptureFilter::of(&self.filter),
            },
            duration: self.duration,
            frames: self.packets,
            namespace: self.netns.clone(),
            live: true,
        }
    }

    /// Whose messages are asked for.
    pub(crate) fn subject(&self, stdout: Stdout) -> anyhow::Result<Subject> {
        if !self.attach.is_empty() {
            return Ok(Subject::Processes(self.attach.clone()));
        }
        if self.command.is_empty() {
            return Ok(Subject::Namespace);
        }
        let identity = self.user.as_deref().map(Identity::of).transpose()?;
        Ok(Subject::Command(Invocation {
            words: self.command.clone(),
            stdout,
            identity,
        }))
    }
}

/// Seconds, with a fraction.
pub(super) fn seconds(text: &str) -> Result<Duration, String> {
    let number: f64 = text.parse().map_err(|_| String::from("not a number"))?;
    match Duration::try_from_secs_f64(number) {
        Ok(time) if !time.is_zero() => Ok(time),
        _ => Err(String::from("must be greater than 0, and not too large")),
    }
}

/// Bytes, with K or M for 1024 or 1024 times 1024 of them.
pub(super) fn size(text: &str) -> Result<usize, String> {
    let (digits, unit) = match text.char_indices().last() {
        Some((at, 'k' | 'K')) => (&text[..at], 1 << 10),
        Some((at, 'm' | 'M')) => (&text[..at], 1 << 20),
        _ => (text, 1),
    };
    let number: usize = digits.parse().map_err(|_| String::from("not a size"))?;
    match number.checked_mul(unit) {
        Some(bytes) if (1 << 20..=1 << 30).contains(&bytes) => Ok(bytes),
        _ => Err(String::from("must be between 1M and 1024M")),
    }
}
