// SPDX-License-Identifier: GPL-2.0-or-later
//! `nlcap taps`: where messages can be recorded from on this machine.

use std::io::{self, Write};

use serde::Serialize;

use super::args::TapsArgs;
use crate::exit::Exit;
use crate::session::TapKind;
use crate::sys::privilege;
use crate::taps::nlmon::Nlmon;
use crate::taps::syscalls;
use crate::terminal::text;

/// A tap on this machine.
#[derive(Serialize)]
struct TapOffer {
    tap: &'static str,
    available: bool,
    /// What it sees.
    sees: &'static str,
    /// Why it cannot be used, and what to do.
    why: Option<String>,
}

impl TapOffer {
    fn of(kind: TapKind) -> Self {
        let (tap, sees, tried) = match kind {
            TapKind::Nlmon => (
                "nlmon",
                "all processes, running ones too; 8 protocols; messages never read",
                try_nlmon(),
            ),
            TapKind::Syscalls => (
                "syscalls",
                "a command; all protocols; owners exact; what each call returned",
                syscalls::probe().map_err(anyhow::Error::from),
            ),
        };
        Self {
            tap,
            available: tried.is_ok(),
            sees,
            why: tried.err().map(|error| format!("{error:#}")),
        }
    }
}

/// Makes a link, and removes it at once.
fn try_nlmon() -> anyhow::Result<()> {
    let link = Nlmon::link(None)?;
    drop(link);
    if !privilege::is_effective(privilege::NET_RAW) {
        anyhow::bail!("CAP_NET_RAW is required: {}", privilege::PRIVILEGE);
    }
    Ok(())
}

/// Runs `nlcap taps`.
pub(crate) fn run(args: &TapsArgs) -> anyhow::Result<Exit> {
    let offers = [TapKind::Nlmon, TapKind::Syscalls].map(TapOffer::of);
    let mut out = String::new();
    for offer in &offers {
        if args.json {
            out.push_str(&serde_json::to_string(offer)?);
        } else {
            let word = if offer.available { "yes" } else { "no" };
            let about = offer.why.as_deref().unwrap_or(offer.sees);
            out.push_str(&format!(
                "{:<9} {word:<4} {}",
                offer.tap,
                text::escape(about)
            ));
        }
        out.push('\n');
    }
    match io::stdout().write_all(out.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => return Err(error.into()),
        _ => {}
    }
    Ok(match offers.iter().any(|offer| offer.available) {
        true => Exit::Success,
        false => Exit::Failed,
    })
}
