// SPDX-License-Identifier: GPL-2.0-or-later
//! The options at the end of a block.
//!
//! They end with opt_endofopt or with the block. One that is wrong is said and left out: the
//! block it is in has its own length.

use ynl::decode::Endian;

use crate::file::blocks::{
    ENHANCED_PACKET, INTERFACE_DESCRIPTION, INTERFACE_STATISTICS, OPT_ENDOFOPT, PACKET,
};
use crate::file::reader::remarks::Remarks;
use crate::terminal::text::count;

/// Code, name and length in bytes of an option whose length is fixed.
type Fixed = (u16, &'static str, usize);

const INTERFACE_OPTIONS: [Fixed; 11] = [
    (4, "if_IPv4addr", 8),
    (5, "if_IPv6addr", 17),
    (6, "if_MACaddr", 6),
    (7, "if_EUIaddr", 8),
    (8, "if_speed", 8),
    (9, "if_tsresol", 1),
    (10, "if_tzone", 4),
    (13, "if_fcslen", 1),
    (14, "if_tsoffset", 8),
    (16, "if_txspeed", 8),
    (17, "if_rxspeed", 8),
];

const STATISTICS_OPTIONS: [Fixed; 7] = [
    (2, "isb_starttime", 8),
    (3, "isb_endtime", 8),
    (4, "isb_ifrecv", 8),
    (5, "isb_ifdrop", 8),
    (6, "isb_filteraccept", 8),
    (7, "isb_osdrop", 8),
    (8, "isb_usrdeliv", 8),
];

const PACKET_OPTIONS: [Fixed; 5] = [
    (2, "epb_flags", 4),
    (4, "epb_dropcount", 8),
    (5, "epb_packetid", 8),
    (6, "epb_queue", 4),
    (8, "epb_processid_threadid", 8),
];

/// Those of a block of this type.
fn fixed(kind: u32) -> &'static [Fixed] {
    match kind {
        INTERFACE_DESCRIPTION => &INTERFACE_OPTIONS,
        INTERFACE_STATISTICS => &STATISTICS_OPTIONS,
        ENHANCED_PACKET | PACKET => &PACKET_OPTIONS,
        _ => &[],
    }
}

/// Options of a block, one by one: each its code and its value. A value has the length that
/// the format fixes for it, where it does.
pub(super) struct Options<'a, 'r> {
    rest: &'a [u8],
    /// Where in the file they end.
    end: u64,
    endian: Endian,
    fixed: &'static [Fixed],
    remarks: &'r mut Remarks,
}

impl<'a, 'r> Options<'a, 'r> {
    /// Those in `bytes`, which end at byte `end` of the file, of a block of type `kind`.
    pub(super) fn new(
        kind: u32,
        bytes: &'a [u8],
        end: u64,
        endian: Endian,
        remarks: &'r mut Remarks,
    ) -> Self {
        Self {
            rest: bytes,
            end,
            endian,
            fixed: fixed(kind),
            remarks,
        }
    }

    /// Says why an option, whose bytes begin `rest`, is left out.
    #[cold]
    fn wrong(&mut self, code: u16, rest: usize, why: &str) {
        let at = self.end.saturating_sub(rest as u64);
        let name = self.fixed.iter().find(|(it, _, _)| *it == code);
        let name = name.map_or_else(|| code.to_string(), |(_, name, _)| (*name).to_owned());
        self.remarks.damage(format_args!(
            "ignored the option {name} at byte {at}: {why}"
        ));
    }
}

impl<'a> Iterator for Options<'a, '_> {
    type Item = (u16, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let here = self.rest.len();
            let (head, rest) = self.rest.split_first_chunk::<4>()?;
            let code = self.endian.u16(head)?;
            let length = usize::from(self.endian.u16(&head[2..])?);
            if code == OPT_ENDOFOPT {
                self.rest = &[];
                return None;
            }
            let Some(value) = rest.get(..length) else {
                self.rest = &[];
                self.wrong(
                    code,
                    here,
                    &format!("{}, longer than its block", bytes(length)),
                );
                return None;
            };
            self.rest = rest.get(length.next_multiple_of(4)..).unwrap_or(&[]);
            let fixed = self.fixed.iter().find(|(it, _, _)| *it == code);
            match fixed {
                Some((_, _, wanted)) if *wanted != length => {
                    self.wrong(code, here, &format!("{}, not {wanted}", bytes(length)));
                }
                _ => return Some((code, value)),
            }
        }
    }
}

fn bytes(length: usize) -> String {
    count(length as u64, "byte")
}

/// The number that is an option's value.
pub(super) fn number(endian: Endian, value: &[u8]) -> Option<u64> {
    let bytes = *value.first_chunk()?;
    Some(match endian {
        Endian::Little => u64::from_le_bytes(bytes),
        Endian::Big => u64::from_be_bytes(bytes),
    })
}

/// The text that is an option's value.
pub(super) fn text(value: &[u8]) -> String {
    String::from_utf8_lossy(value).into_owned()
}
