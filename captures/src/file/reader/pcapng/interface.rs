// SPDX-License-Identifier: GPL-2.0-or-later
//! An interface of a section: the link type of its packets, their times, and what was lost.

use std::time::Duration;

use super::INTERFACE;
use super::options::{Options, number, text};
use crate::file::blocks::{
    IF_NAME, IF_OS, IF_TSOFFSET, IF_TSRESOL, INTERFACE_DESCRIPTION, ISB_IFDROP, ISB_OSDROP,
};
use crate::file::cooked::Header;
use crate::file::reader::remarks::Remarks;
use crate::file::reader::source::ItemReader;

/// Digits of a second's fraction where if_tsresol does not say it.
const MICROSECONDS: u8 = 6;

/// What an interface description block says, and what comes of its packets.
pub(super) struct Interface {
    pub(super) link_type: u32,
    /// The header before the messages of its packets; None where there are none of netlink.
    pub(super) header: Option<Header>,
    /// Its number in the file.
    pub(super) tap: u32,
    /// Bytes kept of a packet; 0 for all.
    pub(super) snap_length: u32,
    /// Units of a second.
    resolution: u128,
    /// Seconds to add.
    offset: i64,
    /// Packets lost before one of its packets, as those say.
    before_packets: Option<u64>,
    /// Those lost from the beginning on by the interface and by the system, as the last
    /// statistics say.
    statistics: Option<u64>,
}

/// The names in an interface description block.
#[derive(Default)]
pub(super) struct Names {
    /// Of the interface.
    pub(super) link: Option<String>,
    /// Of the kernel that it was on.
    pub(super) system: Option<String>,
}

impl Interface {
    /// Reads the block at hand.
    pub(super) fn new(source: &ItemReader<'_>, tap: u32, remarks: &mut Remarks) -> (Self, Names) {
        let link_type = u32::from(source.half(8));
        let mut interface = Self {
            link_type,
            header: remarks.link_types.interface(link_type),
            tap,
            snap_length: source.word(12),
            resolution: resolution(MICROSECONDS).unwrap_or(1),
            offset: 0,
            before_packets: None,
            statistics: None,
        };
        let mut names = Names::default();
        let mut unit = None;
        for (code, value) in source.options(INTERFACE_DESCRIPTION, INTERFACE, remarks) {
            match code {
                IF_NAME => names.link = Some(text(value)),
                IF_OS => names.system = Some(text(value)),
                IF_TSRESOL => unit = value.first(),
                IF_TSOFFSET => {
                    interface.offset = number(source.endian, value).map_or(0, u64::cast_signed);
                }
                _ => {}
            }
        }
        if let Some(unit) = unit {
            match resolution(*unit) {
                Some(resolution) => interface.resolution = resolution,
                None => remarks.damage(format_args!(
                    "took the times of the interface at byte {} for microseconds: \
                     its if_tsresol is {unit}",
                    source.start()
                )),
            }
        }
        (interface, names)
    }

    /// A time of a packet.
    pub(super) fn time(&self, units: u64) -> Duration {
        let per_second = 1_000_000_000;
        let units = u128::from(units);
        let seconds = u64::try_from(units / self.resolution).unwrap_or(u64::MAX);
        // Below 10^9, for the remainder is below the resolution.
        let rest = (units % self.resolution).saturating_mul(per_second) / self.resolution;
        match seconds.checked_add_signed(self.offset) {
            Some(seconds) => Duration::new(seconds, rest as u32),
            // Before the epoch, or beyond all reason.
            None if self.offset < 0 => Duration::ZERO,
            None => Duration::MAX,
        }
    }

    /// Takes what a packet says was lost before it.
    pub(super) fn lost_before(&mut self, packets: u64) {
        let lost = self.before_packets.unwrap_or(0);
        self.before_packets = Some(lost.saturating_add(packets));
    }

    /// Takes the statistics in these options of its block.
    pub(super) fn take_statistics(&mut self, source: &ItemReader<'_>, options: Options<'_, '_>) {
        let mut lost = None;
        for (code, value) in options {
            if matches!(code, ISB_IFDROP | ISB_OSDROP) {
                let packets = number(source.endian, value).unwrap_or(0);
                lost = Some(packets.saturating_add(lost.unwrap_or(0)));
            }
        }
        // Counted from the beginning: the last block has it all.
        self.statistics = lost.or(self.statistics);
    }

    /// How many netlink packets were lost, where the file says it: by the statistics, which
    /// have the last ones too, else by the packets.
    pub(super) fn dropped(&self) -> Option<u64> {
        self.header?;
        self.statistics.or(self.before_packets)
    }
}

/// Units of a second, as if_tsresol has it; None beyond all reason.
fn resolution(value: u8) -> Option<u128> {
    let base: u128 = if value & 0x80 == 0 { 10 } else { 2 };
    base.checked_pow(u32::from(value & 0x7f))
}
