// SPDX-License-Identifier: GPL-2.0-or-later
//! Compressed files, decompressed as they are read.

use std::error::Error;
use std::io::{self, BufRead, BufReader, ErrorKind, Read};

use flate2::bufread::MultiGzDecoder;
use lz4_flex::frame::FrameDecoder as Lz4Decoder;
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder as ZstdDecoder};

/// Bytes of a compressed file that are read at once.
const BUFFER: usize = 1 << 16;

/// A format of compression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Gzip,
    Zstd,
    Lz4,
}

impl Format {
    /// The format of a file that begins with these bytes.
    pub(super) fn of(start: &[u8]) -> Option<Self> {
        match start {
            [0x1f, 0x8b, ..] => Some(Self::Gzip),
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Some(Self::Zstd),
            [0x04, 0x22, 0x4d, 0x18, ..] => Some(Self::Lz4),
            _ => None,
        }
    }

    /// The bytes that were compressed into this file.
    pub(super) fn decoder<'f>(self, file: impl Read + 'f) -> impl Read + 'f {
        let file = BufReader::with_capacity(BUFFER, file);
        let decoder: Box<dyn Read + 'f> = match self {
            Self::Gzip => Box::new(MultiGzDecoder::new(file)),
            Self::Zstd => Box::new(ZstdFrames {
                file,
                decoder: ZstdDecoder::new(),
            }),
            Self::Lz4 => Box::new(Lz4Frames(Lz4Decoder::new(file))),
        };
        Decoder {
            format: self,
            decoder,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
            Self::Lz4 => "lz4",
        }
    }
}

/// A decoder whose errors say what they are of.
struct Decoder<'f> {
    format: Format,
    decoder: Box<dyn Read + 'f>,
}

impl Read for Decoder<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.decoder.read(buffer).map_err(|error| {
            let name = self.format.name();
            match error.kind() {
                // The file itself cannot be read, or not now.
                _ if error.raw_os_error().is_some() => error,
                ErrorKind::Interrupted => error,
                ErrorKind::UnexpectedEof => io::Error::other(format!("truncated {name} data")),
                _ => io::Error::other(format!("damaged {name} data: {error}")),
            }
        })
    }
}

/// The frames of a zstd file, of which the crate decodes one at a time.
struct ZstdFrames<R> {
    file: R,
    decoder: ZstdDecoder,
}

impl<R: BufRead> ZstdFrames<R> {
    /// Begins the next frame; false at the file's end.
    fn begin(&mut self) -> io::Result<bool> {
        // The crate leaves it to its user to compare them.
        let written = self.decoder.get_checksum_from_data();
        if written.is_some() && written != self.decoder.get_calculated_checksum() {
            return Err(io::Error::other("checksum mismatch"));
        }
        if self.file.fill_buf()?.is_empty() {
            return Ok(false);
        }
        match self.decoder.reset(&mut self.file) {
            Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                length,
                ..
            })) => {
                io::copy(&mut self.file.by_ref().take(length.into()), &mut io::sink())?;
            }
            other => other.map_err(io_error)?,
        }
        Ok(true)
    }
}

impl<R: BufRead> Read for ZstdFrames<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.decoder.can_collect() == 0 {
            if !self.decoder.is_finished() {
                let block = BlockDecodingStrategy::UptoBlocks(1);
                self.decoder
                    .decode_blocks(&mut self.file, block)
                    .map_err(io_error)?;
            } else if !self.begin()? {
                return Ok(0);
            }
        }
        self.decoder.read(buffer)
    }
}

/// The error of the file where that is the reason, such as its end.
fn io_error(error: FrameDecoderError) -> io::Error {
    let mut reason: Option<&(dyn Error + 'static)> = Some(&error);
    while let Some(it) = reason {
        if let Some(of_file) = it.downcast_ref::<io::Error>() {
            return match of_file.raw_os_error() {
                Some(number) => io::Error::from_raw_os_error(number),
                None => of_file.kind().into(),
            };
        }
        reason = it.source();
    }
    io::Error::other(error)
}

/// The frames of an lz4 file, after each of which the crate says that there is no more.
struct Lz4Frames<R: BufRead>(Lz4Decoder<R>);

impl<R: BufRead> Read for Lz4Frames<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let got = self.0.read(buffer)?;
            if got > 0 || buffer.is_empty() || self.0.get_mut().fill_buf()?.is_empty() {
                return Ok(got);
            }
        }
    }
}
