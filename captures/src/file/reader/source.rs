// SPDX-License-Identifier: GPL-2.0-or-later
//! The bytes of a file, item for item.
//!
//! An item lies in one piece in a buffer that is read in large steps, so that it can be
//! looked at without copying it. Of a pipe no more is waited for than the item needs.

use std::io::{self, Cursor, ErrorKind, Read};

use ynl::decode::Endian;

use super::ReadError;
use crate::terminal::text::Reason;

/// Bytes of the buffer, as long as no item is longer.
const BUFFER: usize = 1 << 17;

/// A file of items that begin with a header of fixed length.
pub(super) struct ItemReader<'f> {
    file: Box<dyn Read + 'f>,
    /// Where in the file the item begins.
    start: u64,
    /// The byte order of the file, or of its section at hand.
    pub(super) endian: Endian,
    buffer: Vec<u8>,
    /// Where in the buffer the item begins, and what was read ends.
    from: usize,
    to: usize,
    /// Bytes of the item that were asked for so far.
    length: usize,
}

impl<'f> ItemReader<'f> {
    pub(super) fn new(file: impl Read + 'f) -> Self {
        Self {
            file: Box::new(file),
            start: 0,
            endian: Endian::native(),
            buffer: vec![0; BUFFER],
            from: 0,
            to: 0,
            length: 0,
        }
    }

    /// Where in the file the item begins.
    pub(super) fn start(&self) -> u64 {
        self.start
    }

    /// What is there from the item on, without waiting for more.
    pub(super) fn here(&self) -> &[u8] {
        &self.buffer[self.from..self.to]
    }

    /// The file from the item on.
    pub(super) fn into_file(mut self) -> impl Read + 'f {
        self.buffer.truncate(self.to);
        let mut here = Cursor::new(self.buffer);
        here.set_position(self.from as u64);
        here.chain(self.file)
    }

    /// What was asked for of the item.
    pub(super) fn item(&self) -> &[u8] {
        &self.buffer[self.from..self.from + self.length]
    }

    /// Begins an item with its first `length` bytes; false at the file's end.
    pub(super) fn begin(&mut self, length: u32) -> Result<bool, ReadError> {
        self.start += self.length as u64;
        self.from += self.length;
        self.length = 0;
        match self.extend(length) {
            Err(ReadError::CutOff(_)) if self.from == self.to => Ok(false),
            other => other.map(|()| true),
        }
    }

    /// Reads more of the item, until it has `length` bytes.
    pub(super) fn extend(&mut self, length: u32) -> Result<(), ReadError> {
        let length = length as usize;
        if self.from + length > self.to {
            self.fill(length)?;
        }
        self.length = self.length.max(length);
        Ok(())
    }

    fn fill(&mut self, length: usize) -> Result<(), ReadError> {
        self.buffer.copy_within(self.from..self.to, 0);
        self.to -= self.from;
        self.from = 0;
        if self.buffer.len() < length {
            // Not more than there is: a length may be a lie.
            self.buffer.resize(length.min(2 * self.to.max(BUFFER)), 0);
        }
        while self.to < length {
            if self.to == self.buffer.len() {
                self.buffer.resize(length.min(2 * self.to), 0);
            }
            match self.file.read(&mut self.buffer[self.to..]) {
                Ok(0) => return Err(ReadError::CutOff(self.start + self.to as u64)),
                Ok(got) => self.to += got,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(ReadError::Io(Reason(error))),
            }
        }
        Ok(())
    }

    /// Skips the rest of an item of `length` bytes.
    pub(super) fn skip(&mut self, length: u32) -> Result<(), ReadError> {
        let length = length as usize;
        let here = self.to - self.from;
        if length <= here {
            self.length = length;
            return Ok(());
        }
        let missing = (length - here) as u64;
        let skipped = io::copy(&mut self.file.by_ref().take(missing), &mut io::sink());
        let skipped = skipped.map_err(|error| ReadError::Io(Reason(error)))?;
        if skipped < missing {
            return Err(ReadError::CutOff(self.start + here as u64 + skipped));
        }
        self.start += length as u64;
        (self.from, self.to, self.length) = (0, 0, 0);
        Ok(())
    }

    /// The word at this place of the item; 0 where it does not reach so far.
    pub(super) fn word(&self, place: usize) -> u32 {
        let bytes = self.item().get(place..);
        bytes.and_then(|bytes| self.endian.u32(bytes)).unwrap_or(0)
    }

    /// The half of a word at this place of the item, likewise.
    pub(super) fn half(&self, place: usize) -> u16 {
        let bytes = self.item().get(place..);
        bytes.and_then(|bytes| self.endian.u16(bytes)).unwrap_or(0)
    }

    /// That the item is damaged.
    pub(super) fn damaged(&self, why: impl ToString) -> ReadError {
        ReadError::Damaged(self.start, why.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file that gives a few bytes at a time, as a pipe does.
    struct Drops(Vec<u8>, usize);

    impl Read for Drops {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let length = self.1.min(buffer.len()).min(self.0.len());
            buffer[..length].copy_from_slice(&self.0[..length]);
            self.0.drain(..length);
            Ok(length)
        }
    }

    #[test]
    fn items_longer_than_the_buffer_and_in_drops_are_whole() {
        let lengths = [4, 300_000, 7, 131_072, 131_071, 1];
        let bytes: Vec<u8> = (0..lengths.iter().sum()).map(|at: u32| at as u8).collect();
        for step in [1000, 65_536, 1 << 20] {
            let mut source = ItemReader::new(Drops(bytes.clone(), step));
            let mut at = 0;
            for length in lengths {
                assert!(source.begin(length.min(3)).unwrap());
                source.extend(length).unwrap();
                assert!(source.item() == &bytes[at..at + length as usize]);
                at += length as usize;
            }
            assert!(!source.begin(1).unwrap());
        }
    }

    #[test]
    fn what_is_skipped_is_not_kept_and_the_end_of_the_file_has_its_offset() {
        let mut source = ItemReader::new(Drops(vec![7; 1_000_000], 10_000));
        assert!(source.begin(4).unwrap());
        source.skip(900_000).unwrap();
        assert!(source.begin(4).unwrap());
        assert_eq!((source.start, source.buffer.len()), (900_000, BUFFER));
        let error = source.skip(100_001).unwrap_err();
        assert!(matches!(error, ReadError::CutOff(1_000_000)), "{error}");
        let mut source = ItemReader::new(Drops(vec![7; 1000], 10));
        assert!(source.begin(4).unwrap());
        let error = source.extend(4_000_000).unwrap_err();
        assert!(matches!(error, ReadError::CutOff(1000)), "{error}");
        assert!(source.buffer.len() <= 2 * BUFFER);
    }
}
