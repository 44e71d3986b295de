// SPDX-License-Identifier: GPL-2.0-or-later
//! Makes pcapng files block by block, of any machine, and with whatever is wrong with them.

use ynl::decode::Endian;

/// An option: its code and its value.
pub(super) type Opt = (u16, Vec<u8>);

/// A pcapng file in the making.
pub(super) struct Generator {
    pub(super) file: Vec<u8>,
    endian: Endian,
    /// Whether opt_endofopt is behind the options of a block.
    pub(super) ends_options: bool,
}

impl Generator {
    /// A file that begins with a section of that byte order.
    pub(super) fn new(endian: Endian) -> Self {
        let mut generator = Self {
            file: Vec::new(),
            endian,
            ends_options: true,
        };
        generator.section(endian, &[]);
        generator
    }

    pub(super) fn half(&self, value: u16) -> Vec<u8> {
        match self.endian {
            Endian::Little => value.to_le_bytes().to_vec(),
            Endian::Big => value.to_be_bytes().to_vec(),
        }
    }

    pub(super) fn word(&self, value: u32) -> Vec<u8> {
        match self.endian {
            Endian::Little => value.to_le_bytes().to_vec(),
            Endian::Big => value.to_be_bytes().to_vec(),
        }
    }

    pub(super) fn long(&self, value: u64) -> Vec<u8> {
        match self.endian {
            Endian::Little => value.to_le_bytes().to_vec(),
            Endian::Big => value.to_be_bytes().to_vec(),
        }
    }

    fn words(&self, values: &[u32]) -> Vec<u8> {
        values.iter().flat_map(|it| self.word(*it)).collect()
    }

    fn options(&self, options: &[Opt]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (code, value) in options {
            bytes.extend(self.half(*code));
            bytes.extend(self.half(value.len() as u16));
            bytes.extend(padded(value));
        }
        if self.ends_options && !options.is_empty() {
            bytes.extend([0; 4]);
        }
        bytes
    }

    /// Adds a block of any type.
    pub(super) fn block(&mut self, kind: u32, body: &[u8]) {
        let length = self.word(12 + body.len() as u32);
        self.file.extend(self.word(kind));
        self.file.extend(&length);
        self.file.extend(body);
        self.file.extend(length);
    }

    pub(super) fn section(&mut self, endian: Endian, options: &[Opt]) {
        self.endian = endian;
        let mut body = self.word(0x1a2b_3c4d);
        body.extend([self.half(1), self.half(0)].concat());
        body.extend([0xff; 8]);
        body.extend(self.options(options));
        self.block(0x0a0d_0d0a, &body);
    }

    pub(super) fn interface(&mut self, link_type: u16, snap_length: u32, options: &[Opt]) {
        let mut body = [self.half(link_type), self.half(0)].concat();
        body.extend(self.word(snap_length));
        body.extend(self.options(options));
        self.block(1, &body);
    }

    pub(super) fn enhanced(&mut self, interface: u32, units: u64, data: &[u8], options: &[Opt]) {
        let length = data.len() as u32;
        let time = [(units >> 32) as u32, units as u32];
        let mut body = self.words(&[interface, time[0], time[1], length, length]);
        body.extend(padded(data));
        body.extend(self.options(options));
        self.block(6, &body);
    }

    /// A simple packet block of a packet that had that length.
    pub(super) fn simple(&mut self, original: u32, data: &[u8]) {
        let body = [self.word(original), padded(data)].concat();
        self.block(3, &body);
    }

    /// The obsolete packet block, with the number of packets lost before it.
    pub(super) fn obsolete(
        &mut self,
        (interface, lost): (u16, u16),
        units: u64,
        data: &[u8],
        options: &[Opt],
    ) {
        let length = data.len() as u32;
        let mut body = [self.half(interface), self.half(lost)].concat();
        body.extend(self.words(&[(units >> 32) as u32, units as u32, length, length]));
        body.extend(padded(data));
        body.extend(self.options(options));
        self.block(2, &body);
    }

    pub(super) fn statistics(&mut self, interface: u32, options: &[Opt]) {
        let mut body = self.words(&[interface, 0, 0]);
        body.extend(self.options(options));
        self.block(5, &body);
    }

    /// A cooked header, and a request of 20 bytes with that sequence number.
    pub(super) fn packet(&self, sequence: u32) -> Vec<u8> {
        let mut bytes = vec![0, 4, 3, 0x38, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 16];
        bytes.extend(self.word(20));
        bytes.extend([self.half(16), self.half(1)].concat());
        bytes.extend(self.words(&[sequence, 0]));
        bytes.extend([3, 1, 0, 0]);
        bytes
    }
}

fn padded(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

/// An option with a text.
pub(super) fn text(code: u16, text: &str) -> Opt {
    (code, text.as_bytes().to_vec())
}
