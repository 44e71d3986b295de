// SPDX-License-Identifier: GPL-2.0-or-later
//! The rule, by small exchanges: requests by letters, in the order in which they were sent.

use std::time::Duration;

use ynl::decode::{Endian, flags, messages, types};

use super::{MOST, MOST_ALIKE, RequestTable, Sighting, SocketId};
use crate::file::sample;

const ROUTE: u16 = libc::NETLINK_ROUTE as u16;
const NETFILTER: u16 = libc::NETLINK_NETFILTER as u16;

const REQUEST: u16 = flags::REQUEST;
const ACK: u16 = REQUEST | flags::ACK;
const DUMP: u16 = REQUEST | flags::DUMP;
const MULTI: u16 = flags::MULTI;

const GETLINK: u16 = libc::RTM_GETLINK;
const NEWLINK: u16 = libc::RTM_NEWLINK;
const SETLINK: u16 = libc::RTM_SETLINK;
const GETADDR: u16 = libc::RTM_GETADDR;
const NEWADDR: u16 = libc::RTM_NEWADDR;

/// A table, and the frame that was seen last.
struct Exchange {
    table: RequestTable<char>,
    at: Sighting,
}

/// A message of a number, from or to a port id.
fn message(kind: u16, flags: u16, sequence: u32, port: u32, payload: &[u8]) -> Vec<u8> {
    let mut bytes = sample::message(kind, flags, sequence, payload);
    bytes[12..16].copy_from_slice(&port.to_ne_bytes());
    bytes
}

/// An error about a request; 0 acknowledges it.
fn error(errno: i32, request: &[u8], port: u32) -> Vec<u8> {
    let sequence = u32::from_ne_bytes(*request[8..].first_chunk().unwrap());
    let payload = [&(-errno).to_ne_bytes(), &request[..16]].concat();
    message(types::ERROR, flags::CAPPED, sequence, port, &payload)
}

impl Exchange {
    fn of(protocol: u16) -> Self {
        Self {
            table: RequestTable::default(),
            at: Sighting {
                tap: 0,
                protocol,
                frame: 0,
                time: Duration::from_secs(1000),
                socket: None,
                port: 0,
            },
        }
    }

    fn next(&mut self) {
        self.at.frame += 1;
        self.at.time += Duration::from_micros(10);
    }

    /// Requests of one frame.
    fn ask(&mut self, name: char, socket: Option<SocketId>, all: &[&[u8]]) {
        self.next();
        let at = Sighting { socket, ..self.at };
        for (name, bytes) in (name..).zip(all) {
            let request = messages(bytes, Endian::native()).next().unwrap().unwrap();
            self.table.insert(at, &request, name);
        }
    }

    /// What an answer is tied to; `~` behind it where that is ambiguous.
    fn answer_to(&mut self, socket: Option<SocketId>, bytes: &[u8]) -> String {
        self.next();
        let answer = messages(bytes, Endian::native()).next().unwrap().unwrap();
        let at = Sighting { socket, ..self.at };
        match self.table.answer(at, &answer, Endian::native(), |_| false) {
            None => String::from("-"),
            Some(it) if it.is_ambiguous => format!("{}~", it.request),
            Some(it) => it.request.to_string(),
        }
    }

    fn answer(&mut self, bytes: &[u8]) -> String {
        self.answer_to(None, bytes)
    }
}

#[test]
fn two_requests_of_one_number_in_one_datagram_are_told_apart_by_their_errors() {
    let mut it = Exchange::of(ROUTE);
    let [add, set] = [(NEWLINK, 0x605), (SETLINK, ACK)].map(|(k, f)| message(k, f, 7, 0, &[0; 16]));
    it.ask('a', None, &[&add, &set]);
    assert_eq!(it.answer(&error(libc::EEXIST, &add, 11)), "a");
    assert_eq!(it.answer(&error(0, &set, 11)), "b");
}

#[test]
fn errors_of_a_batch_are_of_what_they_repeat_and_marked_where_two_are_alike() {
    let mut it = Exchange::of(NETFILTER);
    let begin = message(16, REQUEST, 50, 0, &[0; 4]);
    let table = message(0xa00, REQUEST, 50, 0, &[0; 4]);
    let chain = message(0xa05, REQUEST, 50, 0, &[0; 4]);
    let end = message(17, REQUEST, 50, 0, &[0; 4]);
    it.ask('a', None, &[&begin, &table, &chain, &chain, &end]);
    // Either may have gone well.
    assert_eq!(it.answer(&error(libc::ENOENT, &chain, 11)), "c~");
    assert_eq!(it.answer(&error(libc::ENOENT, &chain, 11)), "d~");
    assert_eq!(it.answer(&error(libc::EPERM, &begin, 11)), "a");
    let mut it = Exchange::of(NETFILTER);
    let chain = message(0xa05, ACK, 50, 0, &[0; 4]);
    it.ask('a', None, &[&chain, &chain]);
    assert_eq!(it.answer(&error(0, &chain, 11)), "a");
    assert_eq!(it.answer(&error(libc::ENOENT, &chain, 11)), "b");
}

#[test]
fn a_request_that_gets_nothing_but_errors_is_not_answered_by_data() {
    let mut it = Exchange::of(ROUTE);
    it.ask('a', None, &[&message(SETLINK, REQUEST, 9, 0, &[0; 16])]);
    it.ask('b', None, &[&message(GETLINK, REQUEST, 9, 0, &[0; 16])]);
    assert_eq!(it.answer(&message(NEWLINK, 0, 9, 5001, &[0; 16])), "b");
}

#[test]
fn a_done_ends_a_dump_and_its_parts_are_what_was_dumped() {
    let mut it = Exchange::of(ROUTE);
    it.ask('a', None, &[&message(NEWLINK, 0x601, 101, 0, &[0; 16])]);
    it.ask('b', None, &[&message(GETLINK, DUMP, 100, 0, &[0; 16])]);
    it.ask('c', None, &[&message(GETADDR, DUMP, 101, 0, &[0; 8])]);
    assert_eq!(it.answer(&message(NEWLINK, MULTI, 101, 11, &[0; 16])), "-");
    assert_eq!(it.answer(&message(NEWADDR, MULTI, 101, 11, &[0; 8])), "c");
    assert_eq!(
        it.answer(&message(types::DONE, MULTI, 101, 11, &[0; 4])),
        "c"
    );
    assert_eq!(
        it.answer(&message(types::DONE, MULTI, 101, 11, &[0; 4])),
        "-"
    );
    assert_eq!(it.table.unfinished_dumps().count(), 0);
    assert_eq!(it.answer(&message(NEWLINK, MULTI, 100, 11, &[0; 16])), "b");
    assert_eq!(it.table.unfinished_dumps().collect::<Vec<_>>(), [&'b']);
}

#[test]
fn what_is_no_dump_may_be_answered_by_parts_with_a_done_and_an_acknowledgement() {
    // team and devlink do so.
    let mut it = Exchange::of(sample::GENERIC);
    let get = message(0x21, ACK, 9, 0, &[2, 1, 0, 0]);
    it.ask('a', None, &[&get]);
    assert_eq!(it.answer(&message(0x21, MULTI, 9, 11, &[2, 1, 0, 0])), "a");
    assert_eq!(it.answer(&message(types::DONE, MULTI, 9, 11, &[0; 4])), "a");
    assert_eq!(it.answer(&error(0, &get, 11)), "a");
    assert_eq!(it.answer(&error(0, &get, 11)), "-");
}

#[test]
fn nothing_is_answered_to_port_id_0_but_by_audit() {
    let mut it = Exchange::of(ROUTE);
    it.ask(
        'a',
        None,
        &[&message(libc::RTM_GETROUTE, REQUEST, 0, 0, &[0; 12])],
    );
    assert_eq!(
        it.answer(&message(libc::RTM_NEWROUTE, 0, 0, 0, &[0; 12])),
        "-"
    );
    let mut it = Exchange::of(libc::NETLINK_AUDIT as u16);
    it.ask('a', None, &[&message(1013, REQUEST, 4, 0, &[])]);
    assert_eq!(it.answer(&message(1013, MULTI, 4, 0, &[0; 8])), "a");
    assert_eq!(it.answer(&message(types::DONE, MULTI, 4, 0, &[])), "a");
}

#[test]
fn of_requests_without_a_port_the_one_that_waits_longest_is_answered_first_and_that_is_marked() {
    let mut it = Exchange::of(ROUTE);
    let get = message(GETLINK, REQUEST, 7, 0, &[0; 16]);
    it.ask('a', None, &[&get]);
    it.ask('b', None, &[&get]);
    assert_eq!(it.answer(&message(NEWLINK, 0, 7, 11, &[0; 16])), "a~");
    // If that was wrong, so is this.
    assert_eq!(it.answer(&message(NEWLINK, 0, 7, 12, &[0; 16])), "b~");
}

#[test]
fn a_port_is_learnt_from_the_first_part_of_an_answer() {
    let mut it = Exchange::of(ROUTE);
    let dump = message(GETLINK, DUMP, 7, 0, &[0; 16]);
    let part = |port| message(NEWLINK, MULTI, 7, port, &[0; 16]);
    it.ask('a', None, &[&dump]);
    assert_eq!(it.answer(&part(11)), "a");
    it.ask('b', None, &[&dump]);
    for (port, name) in [(12, "b"), (11, "a"), (12, "b")] {
        assert_eq!(it.answer(&part(port)), name);
    }
    let done = |port| message(types::DONE, MULTI, 7, port, &[0; 4]);
    assert_eq!(it.answer(&done(11)), "a");
    assert_eq!(it.answer(&done(13)), "-");
    assert_eq!(it.answer(&done(12)), "b");
}

#[test]
fn the_recorders_word_goes_before_numbers_and_ports() {
    let mut it = Exchange::of(ROUTE);
    let get = message(GETLINK, REQUEST, 7, 0, &[0; 16]);
    it.ask('a', Some((1, 3)), &[&get]);
    it.ask('b', Some((1, 4)), &[&get]);
    let answer = message(NEWLINK, 0, 7, 99, &[0; 16]);
    assert_eq!(it.answer_to(Some((1, 4)), &answer), "b");
    assert_eq!(it.answer_to(Some((2, 3)), &answer), "-");
    assert_eq!(it.answer_to(Some((1, 3)), &answer), "a");
}

#[test]
fn one_socket_that_uses_its_number_again_gets_the_answer_to_what_it_asked_last() {
    let mut it = Exchange::of(ROUTE);
    let get = message(GETLINK, REQUEST, 1, 11, &[0; 16]);
    // The answer to the first one was lost.
    it.ask('a', None, &[&get]);
    it.ask('b', None, &[&get]);
    let answer = message(NEWLINK, 0, 1, 11, &[0; 16]);
    assert_eq!(it.answer(&answer), "b");
}

#[test]
fn what_a_socket_asked_before_is_over_when_a_later_request_is_answered_but_for_a_dump() {
    let mut it = Exchange::of(ROUTE);
    let own = Some((1, 3));
    let dump = message(GETLINK, DUMP, 0, 0, &[0; 16]);
    let part = message(NEWLINK, MULTI, 0, 11, &[0; 16]);
    it.ask('a', own, &[&dump]);
    it.ask('b', own, &[&message(SETLINK, ACK, 0, 0, &[0; 16])]);
    let get = message(GETADDR, REQUEST, 0, 0, &[0; 8]);
    it.ask('c', own, &[&get]);
    assert_eq!(it.answer_to(own, &message(NEWADDR, 0, 0, 11, &[0; 8])), "c");
    let set = message(SETLINK, ACK, 0, 0, &[0; 16]);
    assert_eq!(it.answer_to(own, &error(0, &set, 11)), "-");
    assert_eq!(it.answer_to(own, &part), "a");
    // Its end was lost, or the kernel would not have begun another.
    it.ask('d', own, &[&message(GETADDR, DUMP, 0, 0, &[0; 8])]);
    assert_eq!(
        it.answer_to(own, &message(NEWADDR, MULTI, 0, 11, &[0; 8])),
        "d"
    );
    assert_eq!(it.answer_to(own, &part), "-");
}

#[test]
fn an_echo_is_marked_where_it_may_be_the_copy_of_another_receiver() {
    let mut it = Exchange::of(ROUTE);
    let set = message(SETLINK, ACK | flags::ECHO, 7, 0, &[0; 16]);
    let echo = message(NEWLINK, 0, 7, 11, &[0; 16]);
    it.ask('a', None, &[&set]);
    assert_eq!([it.answer(&echo), it.answer(&echo)], ["a~", "a~"]);
    assert_eq!(it.answer(&error(0, &set, 11)), "a");
    it.ask('b', Some((1, 3)), &[&set]);
    assert_eq!(it.answer_to(Some((1, 3)), &echo), "b");
}

#[test]
fn a_port_that_a_request_claims_is_in_doubt_beside_one_that_claims_none() {
    let mut it = Exchange::of(ROUTE);
    it.ask('a', None, &[&message(GETLINK, REQUEST, 7, 4242, &[0; 16])]);
    it.ask('b', None, &[&message(GETLINK, REQUEST, 7, 0, &[0; 16])]);
    assert_eq!(it.answer(&message(NEWLINK, 0, 7, 4242, &[0; 16])), "a~");
}

#[test]
fn a_change_of_later_is_not_part_of_an_answer_of_one_message() {
    let mut it = Exchange::of(ROUTE);
    it.ask('a', None, &[&message(GETLINK, REQUEST, 1, 11, &[0; 16])]);
    let news = message(NEWLINK, 0, 1, 11, &[0; 16]);
    assert_eq!(it.answer(&news), "a");
    it.ask('b', None, &[&message(SETLINK, REQUEST, 1, 11, &[0; 16])]);
    assert_eq!(it.answer(&news), "-");
}

#[test]
fn several_messages_may_answer_what_wanted_no_end() {
    let mut it = Exchange::of(NETFILTER);
    let get = message(0xa0d, REQUEST, 0, 0, &[0; 4]);
    let element = message(0xa0c, 0, 0, 11, &[0; 4]);
    it.ask('a', None, &[&get]);
    assert_eq!([it.answer(&element), it.answer(&element)], ["a", "a"]);
    it.ask('b', None, &[&get]);
    assert_eq!([it.answer(&element), it.answer(&element)], ["b", "b"]);
}

#[test]
fn of_two_sockets_that_claim_one_port_the_other_ones_answers_are_marked() {
    let mut it = Exchange::of(ROUTE);
    let dump = message(GETLINK, DUMP, 255, 4242, &[0; 16]);
    let part = |port| message(NEWLINK, MULTI, 255, port, &[0; 16]);
    let done = |port| message(types::DONE, MULTI, 255, port, &[0; 4]);
    it.ask('a', None, &[&dump]);
    assert_eq!([it.answer(&part(4242)), it.answer(&done(4242))], ["a", "a"]);
    it.ask('b', None, &[&dump]);
    assert_eq!([it.answer(&part(99)), it.answer(&done(99))], ["b~", "b~"]);
}

#[test]
fn a_request_of_later_is_not_answered_and_one_of_long_ago_gives_way() {
    let mut it = Exchange::of(ROUTE);
    let set = message(SETLINK, REQUEST, 7, 0, &[0; 16]);
    it.ask('a', None, &[&set]);
    it.at.time += Duration::from_secs(60);
    it.ask('b', None, &[&set]);
    assert_eq!(it.answer(&error(libc::EPERM, &set, 11)), "b");
    it.at.time -= Duration::from_secs(120);
    assert_eq!(it.answer(&error(libc::EPERM, &set, 12)), "-");
}

#[test]
fn taps_and_protocols_are_counted_apart() {
    let mut it = Exchange::of(ROUTE);
    it.ask('a', None, &[&message(GETLINK, REQUEST, 7, 11, &[0; 16])]);
    let answer = message(NEWLINK, 0, 7, 11, &[0; 16]);
    it.at.tap = 1;
    assert_eq!(it.answer(&answer), "-");
    (it.at.tap, it.at.protocol) = (0, sample::GENERIC);
    assert_eq!(it.answer(&answer), "-");
}

#[test]
fn what_is_answered_leaves_room_for_what_is_not() {
    let mut it = Exchange::of(ROUTE);
    for number in 0..3 * MOST as u32 {
        for port in [11, 12] {
            it.ask('a', None, &[&message(GETLINK, REQUEST, 1, 0, &[0; 16])]);
            let answer = message(NEWLINK, 0, 1, port, &[0; 16]);
            assert_eq!(it.answer(&answer), "a", "{number}");
        }
    }
    assert!(it.table.count <= 2 && it.table.given_up() == 0);
    assert!(it.table.order.len() <= 2 * MOST);
}

#[test]
fn memory_is_bounded_whatever_is_asked_and_what_was_given_up_is_counted() {
    let mut it = Exchange::of(ROUTE);
    let asked = 3 * MOST as u32;
    for number in 0..asked {
        it.ask(
            'a',
            None,
            &[&message(GETLINK, REQUEST, number, 1, &[0; 16])],
        );
        it.ask(
            'a',
            None,
            &[&message(GETLINK, REQUEST, 7, number, &[0; 16])],
        );
    }
    let kept: usize = it.table.pending.values().map(|it| it.len()).sum();
    assert_eq!(kept, it.table.count);
    assert!(kept <= MOST && it.table.order.len() <= 2 * MOST + 1);
    let alike = it.table.pending.values().map(|it| it.len()).max();
    assert_eq!(alike, Some(MOST_ALIKE));
    assert_eq!(it.table.given_up(), u64::from(2 * asked) - kept as u64);
}
