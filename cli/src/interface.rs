// SPDX-License-Identifier: GPL-2.0-or-later
//! An interface as the user names it.

use std::ffi::{OsStr, OsString};
use std::fmt::{self, Display};
use std::io;
use std::os::unix::ffi::OsStrExt;

use nix::errno::Errno;
use nix::net::if_::if_nametoindex;

use crate::alternative;
use crate::error::SystemError;
use crate::escape::Escaped;

/// Bytes of a name, without the NUL that IFNAMSIZ counts.
const NAME_MAX: usize = 15;

/// Bytes of an alternative name, without the NUL that ALTIFNAMSIZ counts.
const ALTERNATIVE_MAX: usize = 127;

/// The largest index: the kernel keeps it in an int.
const INDEX_MAX: u32 = i32::MAX.cast_unsigned();

/// An interface by its index or by its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Interface {
    /// From 1 to i32::MAX.
    Index(u32),
    /// A name that Linux would accept for an interface, or an alternative one.
    Name(OsString),
}

/// Why an argument can name no interface.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum InvalidInterface {
    #[error("an interface index must be from 1 to {INDEX_MAX}")]
    Index,
    #[error(
        "an interface name has 1 to {NAME_MAX} bytes, an alternative one up to {ALTERNATIVE_MAX}, \
         this one has {0}"
    )]
    Length(usize),
    #[error("an interface cannot be named `.` or `..`")]
    Dots,
    #[error("an interface name cannot contain `/`, `:` or whitespace")]
    Character,
}

/// Why a name has no index.
#[derive(Debug, thiserror::Error)]
pub enum Unresolved {
    /// There is no such interface.
    #[error(
        "no interface in this network namespace has this name (ENODEV): \
         `nl_user show` lists the Ethernet interfaces"
    )]
    NoSuchName,
    /// It could not be found out.
    #[error("cannot look up the name: {}", SystemError(.0))]
    Lookup(#[source] io::Error),
}

impl Interface {
    /// Reads an argument. Digits are an index, never a name: an interface that
    /// is called by a number is shown by its index.
    ///
    /// # Errors
    ///
    /// An index out of range, or a name that dev_valid_name() of the kernel's
    /// net/core/dev.c refuses.
    pub fn parse(argument: &OsStr) -> Result<Self, InvalidInterface> {
        let bytes = argument.as_bytes();
        let is_number = |bytes: &[u8]| !bytes.is_empty() && bytes.iter().all(u8::is_ascii_digit);
        if is_number(bytes) {
            return match argument.to_str().and_then(|digits| digits.parse().ok()) {
                Some(index @ 1..=INDEX_MAX) => Ok(Self::Index(index)),
                _ => Err(InvalidInterface::Index),
            };
        }
        if bytes.strip_prefix(b"-").is_some_and(is_number) {
            return Err(InvalidInterface::Index);
        }
        if bytes.is_empty() || bytes.len() > ALTERNATIVE_MAX {
            return Err(InvalidInterface::Length(bytes.len()));
        }
        if bytes == b"." || bytes == b".." {
            return Err(InvalidInterface::Dots);
        }
        // The kernel's isspace() is Latin-1's: it has the no-break space, and
        // so refuses a name with that byte inside of a UTF-8 character, too.
        if bytes
            .iter()
            .any(|byte| matches!(byte, b'/' | b':' | b' ' | 9..=13 | 0xa0))
        {
            return Err(InvalidInterface::Character);
        }
        Ok(Self::Name(argument.to_owned()))
    }

    /// The interface's index.
    ///
    /// A name is resolved by if_nametoindex(3), or where it is too long for that by
    /// rtnetlink. Searching the answer to L2_LIST
    /// would do without a system call more, but it has no room for more than
    /// about 800 interfaces, and no word on those that are not Ethernet: so
    /// their index gets the kernel's own answer.
    ///
    /// # Errors
    ///
    /// A name that no interface of the caller's network namespace has.
    pub fn index(&self) -> Result<u32, Unresolved> {
        match self {
            Self::Index(index) => Ok(*index),
            Self::Name(name) => {
                let found = if name.len() > NAME_MAX {
                    alternative::index(name)
                } else {
                    if_nametoindex(name.as_os_str()).map_err(io::Error::from)
                };
                found.map_err(|error| match error.raw_os_error().map(Errno::from_raw) {
                    Some(Errno::ENODEV | Errno::ENXIO) => Unresolved::NoSuchName,
                    _ => Unresolved::Lookup(error),
                })
            }
        }
    }
}

impl Display for Interface {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Index(index) => index.fmt(f),
            Self::Name(name) => Escaped(name.as_bytes()).fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(bytes: &[u8]) -> Result<Interface, InvalidInterface> {
        Interface::parse(OsStr::from_bytes(bytes))
    }

    #[test]
    fn digits_are_an_index() {
        assert_eq!(parse(b"1"), Ok(Interface::Index(1)));
        assert_eq!(parse(b"007"), Ok(Interface::Index(7)));
        assert_eq!(parse(b"2147483647"), Ok(Interface::Index(2147483647)));
    }

    #[test]
    fn an_index_out_of_range_is_refused() {
        for index in [
            "0",
            "000",
            "-1",
            "2147483648",
            "4294967296",
            "99999999999999999999999",
        ] {
            assert_eq!(
                parse(index.as_bytes()),
                Err(InvalidInterface::Index),
                "{index}"
            );
        }
    }

    #[test]
    fn what_linux_accepts_is_a_name() {
        for name in [
            &b"eth0"[..],
            b"a",
            b"fifteen-letters",
            b"sixteen--letters",
            &[b'a'; 127],
            b"0x1",
            b"-",
            b"\x1b[1m",
            b"\xff",
            "é".as_bytes(),
        ] {
            let name = OsStr::from_bytes(name);
            assert_eq!(Interface::parse(name), Ok(Interface::Name(name.to_owned())));
        }
    }

    #[test]
    fn what_linux_refuses_is_no_name() {
        assert_eq!(parse(b""), Err(InvalidInterface::Length(0)));
        assert_eq!(parse(&[b'a'; 128]), Err(InvalidInterface::Length(128)));
        assert_eq!(parse(b".."), Err(InvalidInterface::Dots));
        for name in [&b"a/b"[..], b"eth0:1", b"a b", b"a\nb", "à".as_bytes()] {
            assert_eq!(parse(name), Err(InvalidInterface::Character));
        }
    }
}
