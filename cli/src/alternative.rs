// SPDX-License-Identifier: GPL-2.0-or-later
//! Looking up an alternative name (`ip link property add altname`) by rtnetlink.
//!
//! if_nametoindex(3) knows them too, but its ioctl has no room for more than 15 bytes.

use std::ffi::OsStr;
use std::io::{self, Cursor, ErrorKind};
use std::os::unix::ffi::OsStrExt;
use std::time::Instant;

use neli::ToBytes;
use neli::consts::nl::{NlmF, Nlmsg};
use neli::consts::rtnl::{Ifla, RtAddrFamily, Rtm};
use neli::nl::{NlPayload, NlmsghdrBuilder};
use neli::rtnl::{IfinfomsgBuilder, RtattrBuilder};
use neli::types::{Buffer, RtBuffer};

use crate::client::TIMEOUT;
use crate::request::EncodeError;
use crate::transport::{KernelSocket, Transport};
use crate::wire::{Message, Messages, u32_at};

/// One request is made by each socket.
const SEQUENCE: u32 = 1;

/// RTEXT_FILTER_SKIP_STATS of linux/rtnetlink.h.
const SKIP_STATS: u32 = 1 << 3;

/// Where struct ifinfomsg has ifi_index.
const INDEX_AT: usize = 4;

/// The index of the interface that has this name, alternative or not.
///
/// # Errors
///
/// The kernel's, ENODEV where nothing is called so, or those of the socket.
pub fn index(name: &OsStr) -> io::Result<u32> {
    let request = get_link(name).map_err(io::Error::other)?;
    ask(&mut KernelSocket::route()?, &request)
}

fn get_link(name: &OsStr) -> Result<Vec<u8>, EncodeError> {
    let mut attributes: RtBuffer<Ifla, Buffer> = RtBuffer::new();
    attributes.push(
        RtattrBuilder::default()
            .rta_type(Ifla::AltIfname)
            .rta_payload([name.as_bytes(), b"\0"].concat())
            .build()?,
    );
    // The counters are most of what a link's answer has.
    attributes.push(
        RtattrBuilder::default()
            .rta_type(Ifla::ExtMask)
            .rta_payload(SKIP_STATS)
            .build()?,
    );
    let body = IfinfomsgBuilder::default()
        .ifi_family(RtAddrFamily::Unspecified)
        .rtattrs(attributes)
        .build()?;
    let message = NlmsghdrBuilder::default()
        .nl_type(Rtm::Getlink)
        .nl_flags(NlmF::REQUEST)
        .nl_seq(SEQUENCE)
        .nl_payload(NlPayload::Payload(body))
        .build()?;
    let mut bytes = Cursor::new(Vec::new());
    message.to_bytes(&mut bytes)?;
    Ok(bytes.into_inner())
}

fn ask(transport: &mut impl Transport, request: &[u8]) -> io::Result<u32> {
    let deadline = Instant::now() + TIMEOUT;
    transport.send(request)?;
    let mut buffer = Vec::new();
    loop {
        let received = transport.receive(&mut buffer, deadline)?;
        // Any process may send to our port.
        if received.sender != 0 {
            continue;
        }
        for message in Messages::new(&buffer) {
            let message = message.map_err(|error| io::Error::new(ErrorKind::InvalidData, error))?;
            if message.sequence == SEQUENCE {
                return answered(&message);
            }
        }
    }
}

fn answered(message: &Message<'_>) -> io::Result<u32> {
    let found = match message.kind {
        kind if kind == u16::from(Rtm::Newlink) => u32_at(message.payload, INDEX_AT),
        kind if kind == u16::from(Nlmsg::Error) => {
            let errno = u32_at(message.payload, 0).map(u32::cast_signed);
            match errno.and_then(i32::checked_neg) {
                Some(errno @ 1..) => return Err(io::Error::from_raw_os_error(errno)),
                _ => None,
            }
        }
        _ => None,
    };
    found.ok_or_else(|| io::Error::new(ErrorKind::InvalidData, "no link in the answer"))
}

#[cfg(test)]
mod tests {
    use nix::errno::Errno;

    use super::*;
    use crate::transport::Received;

    /// A kernel that has these datagrams to say, each with its sender.
    struct Kernel(Vec<(u32, Vec<u8>)>);

    impl Transport for Kernel {
        fn send(&mut self, _: &[u8]) -> io::Result<()> {
            Ok(())
        }

        fn receive(&mut self, buffer: &mut Vec<u8>, _: Instant) -> io::Result<Received> {
            if self.0.is_empty() {
                return Err(ErrorKind::TimedOut.into());
            }
            let (sender, bytes) = self.0.remove(0);
            let size = bytes.len();
            *buffer = bytes;
            Ok(Received { sender, size })
        }
    }

    fn message(kind: u16, sequence: u32, payload: &[u8]) -> Vec<u8> {
        let length = 16 + payload.len() as u32;
        let mut bytes = length.to_ne_bytes().to_vec();
        bytes.extend([kind, 0].map(u16::to_ne_bytes).concat());
        bytes.extend([sequence, 0].map(u32::to_ne_bytes).concat());
        bytes.extend(payload);
        bytes
    }

    fn link(sequence: u32, index: u32) -> Vec<u8> {
        message(
            16,
            sequence,
            &[0, index, 0, 0].map(u32::to_ne_bytes).concat(),
        )
    }

    #[test]
    fn only_the_kernels_answer_to_the_request_counts() {
        let mut kernel = Kernel(vec![(7, link(1, 3)), (0, link(2, 4)), (0, link(1, 5))]);
        assert_eq!(ask(&mut kernel, &[]).unwrap(), 5);
    }

    #[test]
    fn an_answer_without_an_index_is_an_error() {
        let errno = |number: i32| message(2, 1, &number.to_ne_bytes());
        for answer in [
            errno(0),
            errno(i32::MIN),
            errno(5),
            message(2, 1, &[]),
            message(16, 1, &[0; 7]),
            message(3, 1, &[]),
            vec![0; 5],
        ] {
            let error = ask(&mut Kernel(vec![(0, answer.clone())]), &[]).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidData, "{answer:?}");
        }
        let error = ask(&mut Kernel(vec![(0, errno(-19))]), &[]).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(Errno::ENODEV as i32));
    }
}
