// SPDX-License-Identifier: GPL-2.0-or-later
//! Where frames come from: a folder for each tap.
//!
//! A tap gives frames and says where they were seen, what was lost and what it cannot see.
//! Whose they are it may know, and need not: then attribution is asked. What becomes of them
//! is not its business, and nothing outside of its folder knows how it comes by them.

pub(crate) mod nlmon;
pub(crate) mod syscalls;

use std::fs;
use std::os::fd::BorrowedFd;
use std::os::unix::fs::MetadataExt;

use nix::poll::PollFlags;

use crate::attribution::{Attribution, Namespaces};
use crate::file::writer::{Counters, Interface};
use crate::messages::packet::Frame;

/// Takes a frame, with whose it is where the tap knows: a tap of the command's own calls
/// does, and one of what the kernel mirrors to everybody does not.
pub(crate) type Take<'a> = dyn FnMut(&Frame<'_>, Option<Attribution>) + 'a;

/// Where frames come from.
///
/// It gathers from the moment it is opened; dropped, it leaves nothing behind on the machine.
pub(crate) trait Tap {
    /// What to poll for: readable when there are frames, in error when something is wrong. A
    /// tap whose frames come of calls that somebody else answers has none.
    fn poll(&self) -> Vec<BorrowedFd<'_>>;

    /// Hands frames that are ready to `take`, so many at most that signals and calls need not
    /// wait. `found` is what poll(2) said of each of [`Self::poll`].
    fn drain(&mut self, found: &[PollFlags], take: &mut Take<'_>);

    /// The places in which it sees frames, with their numbers in [`Frame::interface`]; those
    /// that are new since the last call.
    fn new_interfaces(&mut self) -> Vec<(u32, Interface)>;

    /// How attribution learns in which of these places a socket is.
    fn namespaces(&mut self) -> &mut dyn Namespaces;

    /// How many frames there was no room for until now.
    fn lost(&mut self) -> u64;

    /// Stops gathering: when this returns, nothing more is added to what it holds.
    fn stop(&mut self);

    /// Hands some of what a stopped tap still holds to `take`; whether there may be more.
    fn drain_stopped(&mut self, take: &mut Take<'_>) -> bool;

    /// Ends a stopped tap, and hands the very last it holds to `take`.
    fn finish(&mut self, take: &mut Take<'_>) -> Ending;
}

/// What a tap says at its end.
#[derive(Default)]
pub(crate) struct Ending {
    /// What it counted in each place, in their order.
    pub(crate) counters: Vec<Counters>,
    /// Why that is not all there was, besides frames that were lost; each a few words.
    pub(crate) incomplete: Vec<String>,
}

/// Where ip-netns(8) keeps the names of namespaces.
const NAMES: &str = "/run/netns";

/// The name that `ip netns` has for a namespace.
fn namespace_name(inode: u64) -> Option<String> {
    // A file of this inode number elsewhere is no namespace.
    let device = fs::metadata("/proc/self/ns/net").ok()?.dev();
    fs::read_dir(NAMES).ok()?.flatten().find_map(|entry| {
        let about = fs::metadata(entry.path()).ok()?;
        let same = about.ino() == inode && about.dev() == device;
        same.then(|| entry.file_name().to_string_lossy().into_owned())
    })
}
