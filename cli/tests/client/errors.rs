// SPDX-License-Identifier: GPL-2.0-or-later
//! Errors, word by word as they are printed.

use std::collections::VecDeque;
use std::io;
use std::time::{Duration, Instant};

use nl_user::client::Client;
use nl_user::error::Error;
use nl_user::transport::{Received, Transport};

use crate::peer::*;

/// The error of L2_IID when the peer answers so.
fn iid_error<D: Into<Datagram>>(respond: impl FnMut(&SentRequest) -> Vec<D>) -> String {
    client(respond).l2_iid(99).unwrap_err().to_string()
}

/// The error of L2_LIST when the answer has this one nest.
fn nest_error(nest: &[Vec<u8>]) -> String {
    let nest = nest.concat();
    let mut client = client(|asked| vec![answer(asked, std::slice::from_ref(&nest))]);
    client.l2_list().unwrap_err().to_string()
}

#[test]
fn a_refusal_has_the_errno_the_kernels_text_and_the_attribute() {
    let error = iid_error(|asked| {
        let text = attribute(1, b"no such device in this network namespace\0");
        let offset = attribute(2, &24u32.to_ne_bytes());
        vec![refusal(asked, 19, &[text, offset])]
    });
    assert_eq!(
        error,
        "the kernel refused L2_IID with ENODEV (No such device), saying \"no such device in this \
         network namespace\", at attribute netdev.ifindex: `nl_user show` lists the Ethernet \
         interfaces of this network namespace"
    );
}

#[test]
fn a_refusal_without_extended_acknowledgement_has_the_errno() {
    let error = iid_error(|asked| vec![refusal(asked, 22, &[])]);
    assert_eq!(
        error,
        "the kernel refused L2_IID with EINVAL (Invalid argument)"
    );
    let error = iid_error(|asked| vec![refusal(asked, 524, &[])]);
    assert_eq!(error, "the kernel refused L2_IID with error number 524");
}

#[test]
fn a_refusal_that_repeats_the_request_is_read_behind_it() {
    let error = iid_error(|asked| {
        let mut payload = (-22i32).to_ne_bytes().to_vec();
        payload.extend_from_slice(&asked.bytes);
        payload.extend(attribute(1, b"bad index\0"));
        payload.extend(attribute(2, &999u32.to_ne_bytes()));
        vec![message(
            NLMSG_ERROR,
            NLM_F_ACK_TLVS,
            asked.sequence,
            &payload,
        )]
    });
    assert_eq!(
        error,
        "the kernel refused L2_IID with EINVAL (Invalid argument), saying \"bad index\", at \
         offset 999 of the request"
    );
}

#[test]
fn a_list_too_long_for_a_module_without_a_dump_says_what_to_do() {
    let mut client = client(|asked| {
        let errno = if asked.is_dump() { 95 } else { 90 };
        vec![refusal(asked, errno, &[attribute(1, b"too many\0")])]
    });
    assert_eq!(
        client.l2_list().unwrap_err().to_string(),
        "the kernel refused L2_LIST with EMSGSIZE (Message too long), saying \"too many\": the \
         loaded module has no dump: update it, or name an interface: `nl_user show INTERFACE`"
    );
}

#[test]
fn the_kernels_text_is_escaped() {
    let error = iid_error(|asked| vec![refusal(asked, 22, &[attribute(1, b"\x1b[2J\0")])]);
    assert!(error.ends_with(r#"saying "\x1b[2J""#), "{error}");
}

#[test]
fn an_error_can_end_a_split_answer() {
    let mut client = client(|asked| {
        let some = part(asked, NLM_F_MULTI, &[netdev(1, "a")]);
        let mut status = (-12i32).to_ne_bytes().to_vec();
        status.extend(attribute(1, b"no memory\0"));
        let flags = NLM_F_MULTI | NLM_F_ACK_TLVS;
        let done = message(NLMSG_DONE, flags, asked.sequence, &status);
        vec![[some, done].concat()]
    });
    assert_eq!(
        client.l2_list().unwrap_err().to_string(),
        "the kernel refused L2_LIST with ENOMEM (Out of memory), saying \"no memory\": \
         try again"
    );
}

#[test]
fn lost_and_inconsistent_answers_are_errors() {
    let error = iid_error(|_| vec![message(NLMSG_OVERRUN, 0, 0, &[])]);
    assert_eq!(
        error,
        "the kernel lost part of the answer to L2_IID (NLMSG_OVERRUN): try again"
    );
}

/// The kernel takes no other dump before the end of one: the client reads it.
#[test]
fn a_list_that_changes_at_every_dump_is_an_error_after_eight() {
    for (of_part, of_done) in [(NLM_F_DUMP_INTR, 0), (0, NLM_F_DUMP_INTR)] {
        let mut dumps = 0;
        let mut client = client(|asked| {
            if !asked.is_dump() {
                return vec![refusal(asked, 90, &[])];
            }
            dumps += 1;
            let some = part(asked, NLM_F_MULTI | of_part, &[netdev(1, "a")]);
            let done = message(NLMSG_DONE, NLM_F_MULTI | of_done, asked.sequence, &[0; 4]);
            vec![some, done]
        });
        assert_eq!(
            client.l2_list().unwrap_err().to_string(),
            "the interfaces changed during L2_LIST: try again"
        );
        drop(client);
        assert_eq!(dumps, 8);
    }
}

#[test]
fn silence_ends_at_the_deadline() {
    assert_eq!(
        iid_error(|_| Vec::<Vec<u8>>::new()),
        "no complete answer to L2_IID within 5 s"
    );
    let error = iid_error(|asked| vec![part(asked, NLM_F_MULTI, &[netdev(1, "a")])]);
    assert_eq!(error, "no complete answer to L2_IID within 5 s");
}

#[test]
fn an_answer_that_is_there_is_taken_however_late() {
    let respond = |asked: &SentRequest| {
        let parts = ["a", "b"].map(|name| part(asked, NLM_F_MULTI, &[netdev(1, name)]));
        let done = message(NLMSG_DONE, NLM_F_MULTI, asked.sequence, &[0; 4]);
        [parts.to_vec(), vec![done]].concat()
    };
    let mut client = connect_within(Duration::ZERO, respond).unwrap();
    assert_eq!(client.l2_list().unwrap().len(), 2);
}

/// Answers GETFAMILY with an endless stream of something else.
#[derive(Debug)]
struct Babbler(Vec<u8>, u32);

impl Transport for Babbler {
    fn send(&mut self, _: &[u8]) -> io::Result<()> {
        Ok(())
    }

    fn receive(&mut self, buffer: &mut Vec<u8>, _: Instant) -> io::Result<Received> {
        buffer.clone_from(&self.0);
        let (sender, size) = (self.1, buffer.len());
        Ok(Received { sender, size })
    }
}

#[test]
fn a_stream_of_other_messages_ends_at_the_deadline_too() {
    let timeout = Duration::from_millis(50);
    for sender in [0, 4711] {
        let babbler = Babbler(message(NLMSG_NOOP, 0, 0, &[]), sender);
        let error = Client::new(babbler, timeout).unwrap_err();
        assert!(matches!(error, Error::Timeout { .. }), "{error}");
    }
}

#[test]
fn an_endless_answer_is_not_read_for_ever() {
    let noops = message(NLMSG_NOOP, 0, 0, &[0; 1 << 20]);
    let error = Client::new(Babbler(noops, 0), Duration::from_secs(600)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the answer to CTRL_CMD_GETFAMILY exceeds 67108864 bytes"
    );
}

#[test]
fn a_cut_datagram_is_noticed() {
    let error = iid_error(|asked| {
        vec![Datagram {
            sender: 0,
            bytes: answer(asked, &[netdev(1, "a")]),
            lost: 80,
        }]
    });
    assert_eq!(
        error,
        "the answer to L2_IID was truncated: 96 of 176 bytes received"
    );
}

#[test]
fn malformed_attributes_are_named() {
    let index = attribute(1, &2u32.to_ne_bytes());
    let name = attribute(2, b"eth0\0");
    let wrong = |kind, payload: &[u8]| {
        let nest = [index.clone(), name.clone(), attribute(kind, payload)];
        let error = nest_error(&nest);
        error
            .strip_prefix("malformed answer to L2_LIST: ")
            .unwrap()
            .to_owned()
    };
    for (kind, label) in [
        (3, "flags"),
        (4, "ifmtu"),
        (5, "state"),
        (6, "qlen"),
        (1, "ifindex"),
    ] {
        for len in [0, 3, 5, 8] {
            assert_eq!(
                wrong(kind, &[0; 8][..len]),
                format!(
                    "attribute netdev.{label} at offset 44 has a payload of {len} bytes, not 4"
                )
            );
        }
    }
    assert_eq!(
        wrong(9, &[0; 7]),
        "attribute netdev.ifmac at offset 44 has a payload of 7 bytes, not 6"
    );
    assert_eq!(
        wrong(8, &[0; 32]),
        "attribute netdev.ifbrd at offset 44 has a payload of 32 bytes, not 6"
    );
    assert_eq!(
        wrong(7, &[0; 201]),
        "attribute netdev.stats at offset 44: length is not a multiple of 8"
    );
    assert_eq!(
        wrong(2, b"eth0"),
        "attribute netdev.ifname at offset 44: name is not NUL-terminated"
    );
    assert_eq!(
        wrong(2, b"\0"),
        "attribute netdev.ifname at offset 44: name is empty"
    );
    assert_eq!(
        wrong(2, b"seventeen-bytes-\0"),
        "attribute netdev.ifname at offset 44 has a payload of 17 bytes, not 1 to 16"
    );
}

#[test]
fn an_interface_without_index_or_name_is_refused() {
    assert_eq!(
        nest_error(&[attribute(2, b"eth0\0")]),
        "malformed answer to L2_LIST: attribute netdev.ifindex is missing at offset 24"
    );
    assert_eq!(
        nest_error(&[attribute(1, &2u32.to_ne_bytes())]),
        "malformed answer to L2_LIST: attribute netdev.ifname is missing at offset 24"
    );
}

#[test]
fn lengths_that_overrun_are_refused_at_every_level() {
    let mut long_nested = netdev(2, "eth0");
    long_nested[0] = 255;
    assert_eq!(
        nest_error(&[long_nested]),
        "malformed answer to L2_LIST: attribute netdev.ifindex at offset 24 has length 255, 76 \
         bytes are left"
    );
    let broken = |at: usize, value: u8| {
        iid_error(move |asked| {
            let mut bytes = answer(asked, &[netdev(2, "eth0")]);
            bytes[at] = value;
            vec![bytes]
        })
    };
    assert_eq!(
        broken(20, 200),
        "malformed answer to L2_IID: attribute netdev at offset 20 has length 200, 80 bytes are \
         left"
    );
    assert_eq!(
        broken(0, 200),
        "malformed answer to L2_IID: message length is 200, 100 bytes are left"
    );
    assert_eq!(
        broken(0, 3),
        "malformed answer to L2_IID: message length is 3, 100 bytes are left"
    );
}

#[test]
fn short_messages_are_refused() {
    let bare = |kind, len: usize| {
        iid_error(move |asked| vec![message(kind, 0, asked.sequence, &vec![0xff; len])])
    };
    assert_eq!(
        bare(FAMILY, 3),
        "malformed answer to L2_IID: generic netlink header of 3 bytes is too short"
    );
    assert_eq!(
        bare(NLMSG_ERROR, 3),
        "malformed answer to L2_IID: NLMSG_ERROR of 3 bytes is too short"
    );
    assert_eq!(
        bare(NLMSG_ERROR, 19),
        "malformed answer to L2_IID: NLMSG_ERROR of 19 bytes is too short"
    );
    assert_eq!(
        bare(NLMSG_DONE, 2),
        "malformed answer to L2_IID: NLMSG_DONE of 2 bytes is too short"
    );
}

#[test]
fn a_message_that_is_no_answer_is_refused() {
    let error = iid_error(|asked| vec![generic(FAMILY, 0, asked.sequence, L2_LIST, &[])]);
    assert_eq!(error, "unexpected answer to L2_IID: command 1");
    let error = iid_error(|asked| vec![generic(99, 0, asked.sequence, L2_IID, &[])]);
    assert_eq!(error, "unexpected answer to L2_IID: type 99");
}

/// Answers each request with the next datagram, whatever it is.
#[derive(Debug)]
struct Canned(VecDeque<Vec<u8>>);

impl Transport for Canned {
    fn send(&mut self, _: &[u8]) -> io::Result<()> {
        Ok(())
    }

    fn receive(&mut self, buffer: &mut Vec<u8>, _: Instant) -> io::Result<Received> {
        *buffer = self.0.pop_front().ok_or(io::ErrorKind::TimedOut)?;
        Ok(Received {
            sender: 0,
            size: buffer.len(),
        })
    }
}

fn get_family_error(answer: Vec<u8>) -> String {
    let peer = Canned([answer].into());
    Client::new(peer, Duration::from_secs(5))
        .unwrap_err()
        .to_string()
}

#[test]
fn an_absent_family_says_how_to_load_the_module() {
    let mut payload = (-2i32).to_ne_bytes().to_vec();
    payload.extend_from_slice(&[0; 16]);
    // 2 is the sequence number of a client's first request.
    let error = get_family_error(message(NLMSG_ERROR, NLM_F_CAPPED, 2, &payload));
    assert_eq!(
        error,
        "this kernel has no generic netlink family 'nl_util' (ENOENT): load it with `modprobe \
         nl_kernel` or `cargo xtask kmod load`"
    );
}

#[test]
fn a_controller_without_a_family_number_is_refused() {
    assert_eq!(
        get_family_error(generic(0x10, 0, 2, 1, &attribute(2, b"nl_util\0"))),
        "malformed answer to CTRL_CMD_GETFAMILY: attribute family-id is missing at offset 20"
    );
    assert_eq!(
        get_family_error(generic(0x10, 0, 2, 1, &attribute(1, &[0; 4]))),
        "malformed answer to CTRL_CMD_GETFAMILY: attribute family-id at offset 20 has a payload \
         of 4 bytes, not 2"
    );
}

#[test]
fn the_deviation_is_not_granted_to_the_controller() {
    let answer = generic(0x10, 0, 3, 1, &attribute(1, &FAMILY.to_ne_bytes()));
    assert_eq!(
        get_family_error(answer),
        "no complete answer to CTRL_CMD_GETFAMILY within 5 s"
    );
}
