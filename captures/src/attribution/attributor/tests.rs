// SPDX-License-Identifier: GPL-2.0-or-later
//! What the supervisor learnt, held against frames.

use std::io::Write;
use std::rc::Rc;

use ynl::decode::flags;

use super::super::multicast::{Audience, MulticastCopy};
use super::super::owner::{Attribution, Program};
use super::super::socket_table::SocketTable;
use super::*;
use crate::file::sample;
use crate::messages::packet::Frame;

const MY: Port = Port {
    interface: 0,
    protocol: 0,
    number: 812,
};

fn owner(tid: i32, fd: i32) -> Owner {
    Owner {
        program: Rc::new(Program {
            pid: 812,
            tid,
            comm: "ip".into(),
        }),
        fd,
    }
}

fn at(number: u32) -> Duration {
    sample::frame(number, 0, &[]).time
}

fn whole(bytes: &[u8]) -> Datagram {
    Datagram {
        bytes: bytes.to_vec(),
        length: bytes.len(),
    }
}

/// Attributor with one socket of port id 812, which is in the kernel's table.
fn attributor() -> Attributor {
    let mut attributor = Attributor::default();
    table(&mut attributor, &[(1, 812)]);
    learn(&mut attributor, 0, 1, owner(812, 3));
    attributor
}

/// The kernel's table has these inodes in group 7, with their port ids.
fn table(attributor: &mut Attributor, rows: &[(u64, u32)]) {
    let mut file = tempfile::tempfile().unwrap();
    for (inode, port) in rows {
        writeln!(file, "0 0 {port} 00000040 0 0 0 2 0 {inode}").unwrap();
    }
    attributor.tables.insert(0, SocketTable::of(file));
}

/// The socket `cookie` has port id 812 from the frame `number` on.
fn learn(attributor: &mut Attributor, number: u32, cookie: u64, owner: Owner) {
    let binding = PortBinding::bound(at(number), cookie, owner, Certainty::Port);
    attributor.add(cookie, MY, binding, Groups::default);
}

/// The socket `cookie` has no port id yet.
fn learn_unbound(attributor: &mut Attributor, number: u32, cookie: u64, owner: Owner) {
    let binding = PortBinding::bound(at(number), cookie, owner, Certainty::Port);
    attributor.add(cookie, Port { number: 0, ..MY }, binding, Groups::default);
}

fn attribution(attributor: &mut Attributor, frame: &Frame<'_>) -> Attribution {
    attributor.attribute(frame).unwrap()
}

fn owners(attributor: &mut Attributor, number: u32, bytes: &[u8]) -> (Vec<Owner>, Certainty) {
    let attribution = attribution(attributor, &sample::frame(number, 0, bytes));
    (attribution.owners, attribution.certainty)
}

const REQUEST: u16 = flags::REQUEST;

fn request() -> Vec<u8> {
    sample::message(libc::RTM_GETLINK, REQUEST, 7, &[0; 16])
}

fn newlink(number: u32) -> Vec<u8> {
    sample::message(libc::RTM_NEWLINK, 0, number, &[0; 16])
}

/// The socket of [`attributor`] is about to send the request that is returned.
fn send(attributor: &mut Attributor, number: u32) -> Vec<u8> {
    attributor.note_send(at(number), MY, 1, owner(812, 3), whole(&request()));
    request()
}

/// Attributor that has seen the request of its socket in frame 2.
fn asked() -> Attributor {
    let mut attributor = attributor();
    let request = send(&mut attributor, 1);
    owners(&mut attributor, 2, &request);
    attributor
}

#[test]
fn a_request_and_its_answer_are_its_senders() {
    let mut attributor = attributor();
    let request = request();
    attributor.note_send(at(1), MY, 1, owner(813, 3), whole(&request));
    let expected = (vec![owner(813, 3)], Certainty::Exact);
    assert_eq!(owners(&mut attributor, 2, &request), expected);
    assert_eq!(owners(&mut attributor, 3, &newlink(7)), expected);
}

#[test]
fn the_same_bytes_of_somebody_else_are_not_ours() {
    let mut attributor = attributor();
    let request = request();
    // Before the call, in another protocol, once more, and after its return.
    let early = owners(&mut attributor, 1, &request).0;
    attributor.note_send(at(2), MY, 1, owner(812, 3), whole(&request));
    let elsewhere = attribution(&mut attributor, &sample::frame(3, 16, &request)).owners;
    let ours = owners(&mut attributor, 3, &request).0;
    let again = owners(&mut attributor, 4, &request).0;
    assert_eq!([early, elsewhere, again], [vec![], vec![], vec![]]);
    assert_eq!(ours, [owner(812, 3)]);

    attributor.note_send(at(5), MY, 1, owner(812, 3), whole(&request));
    attributor.note_call(at(6), 812);
    assert_eq!(owners(&mut attributor, 7, &request).0, []);
}

#[test]
fn an_answer_to_a_request_that_was_not_seen_is_known_by_its_port_id() {
    let mut attributor = attributor();
    let answer = newlink(99);
    let expected = (vec![owner(812, 3)], Certainty::Port);
    assert_eq!(owners(&mut attributor, 1, &answer), expected);
    // The port id is another protocol's.
    let other = attribution(&mut attributor, &sample::frame(1, 16, &answer));
    assert_eq!(other.owners, []);
}

#[test]
fn a_port_id_is_its_sockets_from_then_on() {
    let mut attributor = attributor();
    learn(&mut attributor, 5, 2, owner(812, 4));
    table(&mut attributor, &[(2, 812)]);
    let answer = newlink(99);
    assert_eq!(owners(&mut attributor, 4, &answer).0, [owner(812, 3)]);
    assert_eq!(owners(&mut attributor, 6, &answer).0, [owner(812, 4)]);
}

#[test]
fn a_port_id_that_was_asked_for_in_vain_is_anothers() {
    let answer = newlink(99);
    // It got another one, or has none, or got it.
    for (rows, expected) in [
        (&[(2, 900), (9, 812)][..], vec![]),
        (&[(9, 812)], vec![]),
        (&[(2, 812)], vec![owner(812, 4)]),
    ] {
        let mut attributor = Attributor::default();
        table(&mut attributor, rows);
        learn_unbound(&mut attributor, 0, 2, owner(812, 4));
        attributor.note_claim(at(0), 2, 812);
        assert_eq!(owners(&mut attributor, 1, &answer).0, expected, "{rows:?}");
    }
    // The next call on the socket shows it too.
    let mut attributor = attributor();
    learn_unbound(&mut attributor, 1, 2, owner(812, 4));
    attributor.note_claim(at(1), 2, 812);
    assert_eq!(owners(&mut attributor, 2, &answer).0, [owner(812, 3)]);
    attributor.note_claim(at(3), 2, 812);
    learn_unbound(&mut attributor, 4, 2, owner(812, 4));
    assert_eq!(attributor.bindings.count(MY), 1);
}

#[test]
fn a_port_id_is_its_sockets_until_that_is_closed() {
    let answer = newlink(99);
    let mut attributor = attributor();
    table(&mut attributor, &[]);
    attributor.refresh_between(at(5), || at(5));
    assert_eq!(owners(&mut attributor, 4, &answer).0, [owner(812, 3)]);
    assert_eq!(owners(&mut attributor, 6, &answer).0, []);
    // Somebody else has it now: since when is not known, but ours was not seen again.
    let mut attributor = self::attributor();
    table(&mut attributor, &[(9, 812)]);
    assert_eq!(owners(&mut attributor, 1, &answer).0, []);
}

#[test]
fn requests_end_with_their_socket() {
    let mut attributor = asked();
    let answer = newlink(7);
    attributor.note_exit(at(4), 812);
    // The process that has ended, and one that was given its number.
    table(&mut attributor, &[(9, 812)]);
    assert_eq!(owners(&mut attributor, 3, &answer).0, [owner(812, 3)]);
    assert_eq!(owners(&mut attributor, 5, &answer).0, []);
}

#[test]
fn an_answer_is_its_requests_though_another_has_the_port_id_when_it_is_read() {
    let mut attributor = asked();
    table(&mut attributor, &[(9, 812)]);
    attributor.refresh_between(at(5), || at(5));
    let answer = newlink(7);
    assert_eq!(owners(&mut attributor, 3, &answer).0, [owner(812, 3)]);
    assert_eq!(owners(&mut attributor, 6, &answer).0, []);
}

#[test]
fn a_socket_that_its_process_left_to_another_has_not_ended() {
    let mut attributor = attributor();
    attributor.note_exit(at(1), 812);
    assert_eq!(owners(&mut attributor, 2, &newlink(99)).0, [owner(812, 3)]);
}

#[test]
fn an_answer_is_its_requests_though_the_port_id_is_another_sockets_by_now() {
    let mut attributor = attributor();
    let request = send(&mut attributor, 1);
    // Closed, and made anew before the frames are read.
    learn(&mut attributor, 5, 2, owner(812, 4));
    let expected = (vec![owner(812, 3)], Certainty::Exact);
    assert_eq!(owners(&mut attributor, 2, &request), expected);
    assert_eq!(owners(&mut attributor, 3, &newlink(7)), expected);
}

#[test]
fn what_is_known_exactly_is_not_looked_for() {
    let mut attributor = asked();
    owners(&mut attributor, 3, &newlink(7));
    assert_eq!(attributor.tables.last_read(), Duration::ZERO);
}

#[test]
fn a_socket_that_is_bound_unseen_is_found_by_its_inode() {
    let answer = newlink(99);
    let mut attributor = Attributor::default();
    table(&mut attributor, &[(2, 812)]);
    assert_eq!(owners(&mut attributor, 1, &answer).0, []);
    learn_unbound(&mut attributor, 2, 2, owner(812, 4));
    attributor.note_call(at(2), 1);
    let expected = (vec![owner(812, 4)], Certainty::Port);
    assert_eq!(owners(&mut attributor, 3, &answer), expected);
    assert_eq!(owners(&mut attributor, 4, &answer), expected);
    // That there was a request is counted, once.
    let mut gaps = Gaps::default();
    attributor.add_gaps(&mut gaps);
    assert_eq!(gaps.unintercepted, 1);
}

const SEVENTH: Audience = Audience {
    group: 7,
    is_foreign: false,
};

/// Members of group 7, by the cookies of their sockets.
fn members(attributor: &mut Attributor, cookies: &[u64]) {
    for &cookie in cookies {
        learn_unbound(attributor, 0, cookie, owner(cookie as i32, 3));
        let groups = Groups::of(7);
        attributor.sockets.see_groups(at(0), cookie, Some(&groups));
    }
}

#[test]
fn a_multicast_is_of_those_members_that_have_a_port_id() {
    let mut attributor = Attributor::default();
    members(&mut attributor, &[1, 2, 3]);
    // The first has one, the second asked for one, the third has not; a fourth has ended.
    table(&mut attributor, &[(1, 900)]);
    attributor.note_claim(at(0), 2, 0);
    members(&mut attributor, &[4]);
    attributor.note_claim(at(0), 4, 0);
    attributor.sockets.get_mut(4).unwrap().ended = Some(at(1));
    let notification = newlink(0);
    let frame = sample::frame(2, 0, &notification);
    let attribution = attributor
        .multicast(&frame, MulticastCopy::First(SEVENTH))
        .unwrap();
    assert_eq!(attribution.owners, [owner(1, 3), owner(2, 3)]);
    // There are as many copies of theirs as there are members.
    let mut another = |number| {
        attributor
            .multicast(&frame, MulticastCopy::Another(SEVENTH, number))
            .unwrap()
    };
    assert_eq!(another(2).owners.len(), 2);
    assert_eq!((another(3).owners, another(3).is_copy), (vec![], true));
}

#[test]
fn after_the_clock_was_set_what_is_there_is_known_still() {
    let mut attributor = Attributor::default();
    table(&mut attributor, &[(1, 812)]);
    learn(&mut attributor, 1000, 1, owner(812, 3));
    let request = send(&mut attributor, 1001);
    attributor.forget_times(at(1));
    let expected = (vec![owner(812, 3)], Certainty::Exact);
    assert_eq!(owners(&mut attributor, 2, &request), expected);
    assert_eq!(owners(&mut attributor, 3, &newlink(7)), expected);
    assert!(attributor.clock_was_set);
}

#[test]
fn a_notification_of_a_change_to_others_is_no_answer() {
    let mut attributor = attributor();
    let request = sample::message(libc::RTM_NEWLINK, REQUEST, 7, &[0; 16]);
    attributor.note_send(at(1), MY, 1, owner(812, 3), whole(&request));
    owners(&mut attributor, 2, &request);
    assert_eq!(owners(&mut attributor, 3, &newlink(7)).0, []);
    let acknowledged = sample::message(2, 0, 7, &[0; 20]);
    let expected = (vec![owner(812, 3)], Certainty::Exact);
    assert_eq!(owners(&mut attributor, 4, &acknowledged), expected);
}

#[test]
fn a_message_that_the_tap_never_sees_was_refused() {
    let mut attributor = attributor();
    let request = send(&mut attributor, 1);
    attributor.note_call(at(2), 812);
    // Much later it is sure.
    owners(&mut attributor, 2000, &[]);
    attributor.note_send(at(2001), MY, 1, owner(812, 3), whole(&request));
    let events: Vec<_> = attributor
        .take_refused()
        .map(|event| (event.time, event.kind))
        .collect();
    let refused = SocketEventKind::Refused(request, None);
    assert_eq!(events, [(at(1), refused.clone()), (at(2001), refused)]);
}

#[test]
fn where_not_all_is_intercepted_nobody_is_known_for_sure() {
    let mut attributor = attributor();
    let request = request();
    assert_eq!(
        owners(&mut attributor, 1, &request),
        (vec![], Certainty::Exact)
    );
    attributor.is_blind = true;
    assert_eq!(
        owners(&mut attributor, 2, &request),
        (vec![], Certainty::Unknown)
    );
}

#[test]
fn frames_without_a_message_are_nobodys() {
    let mut attributor = attributor();
    assert_eq!(owners(&mut attributor, 1, &[]).0, []);
    assert_eq!(owners(&mut attributor, 1, &[1, 2, 3]).0, []);
}

#[test]
fn threads_that_send_the_same_at_the_same_time_each_have_their_message() {
    let mut attributor = attributor();
    let other = Port {
        interface: 0,
        protocol: 0,
        number: 900,
    };
    let request = request();
    attributor.note_send(at(1), MY, 1, owner(1, 3), whole(&request));
    attributor.note_send(at(2), other, 1, owner(2, 4), whole(&request));
    // The second was done first, and went on before the first.
    let mut all = owners(&mut attributor, 3, &request).0;
    attributor.note_call(at(4), 2);
    all.extend(owners(&mut attributor, 5, &request).0);
    all.sort_by_key(|owner| owner.fd);
    assert_eq!(all, [owner(1, 3), owner(2, 4)]);
    assert_eq!(
        owners(&mut attributor, 6, &request).0,
        [],
        "a third is nobody's"
    );
}

#[test]
fn an_answer_is_of_the_socket_that_asked_though_one_before_it_had_its_port_id_and_number() {
    let mut attributor = attributor();
    let other = Port { number: 900, ..MY };
    let request = sample::message(libc::RTM_GETADDR, REQUEST, 7, &[0; 8]);
    attributor.note_send(at(1), MY, 1, owner(1, 3), whole(&request));
    assert_eq!(owners(&mut attributor, 2, &request).0, [owner(1, 3)]);
    // The socket is closed, and the next has its port id; a third sends the same and is
    // given the frame of the second.
    learn(&mut attributor, 3, 2, owner(2, 3));
    table(&mut attributor, &[(2, 812), (3, 900)]);
    attributor.note_send(at(4), other, 3, owner(3, 4), whole(&request));
    attributor.note_send(at(5), MY, 2, owner(2, 3), whole(&request));
    assert_eq!(owners(&mut attributor, 6, &request).0, [owner(3, 4)]);
    let answer = sample::message(libc::RTM_NEWADDR, 0, 7, &[0; 8]);
    let expected = (vec![owner(2, 3)], Certainty::Exact);
    assert_eq!(owners(&mut attributor, 7, &answer), expected);
}

#[test]
fn only_what_changes_rules_is_notified_to_others() {
    let mut attributor = attributor();
    let port = Port {
        protocol: libc::NETLINK_NETFILTER as u16,
        ..MY
    };
    let binding = PortBinding::bound(at(0), 1, owner(812, 3), Certainty::Port);
    attributor.add(1, port, binding, Groups::default);
    // NFT_MSG_DESTROYTABLE, NFT_MSG_GETSETELEM_RESET.
    for (number, kind, answers) in [(1, 26, false), (11, 33, true)] {
        let request = sample::message(10 << 8 | kind, REQUEST, number, &[0; 4]);
        attributor.note_send(at(number), port, 1, owner(812, 3), whole(&request));
        attribution(&mut attributor, &sample::frame(number + 1, 12, &request));
        let notification = sample::message(10 << 8 | kind, 0, number, &[0; 4]);
        let attribution = attribution(
            &mut attributor,
            &sample::frame(number + 2, 12, &notification),
        );
        assert_eq!(!attribution.owners.is_empty(), answers, "{kind}");
    }
}

#[test]
fn what_came_while_the_table_was_read_is_of_the_socket_that_ended_then() {
    let mut binding = PortBinding::bound(at(1), 7, owner(812, 3), Certainty::Port);
    binding.refresh((at(4), at(6)), None, MY, false);
    assert!(binding.is_in_force(at(5), true) && binding.is_in_force(at(5), false));
    assert!(!binding.is_in_force(at(7), true) && !binding.is_in_force(at(7), false));
}

#[test]
fn what_another_asks_for_does_not_take_the_answer_from_who_has_it() {
    let mut attributor = attributor();
    learn_unbound(&mut attributor, 1, 2, owner(812, 4));
    attributor.note_claim(at(1), 2, 812);
    let request = send(&mut attributor, 2);
    owners(&mut attributor, 3, &request);
    let expected = (vec![owner(812, 3)], Certainty::Exact);
    assert_eq!(owners(&mut attributor, 4, &newlink(7)), expected);
}

#[test]
fn a_socket_has_one_claim_whatever_it_asks_for() {
    let mut attributor = Attributor::default();
    learn_unbound(&mut attributor, 0, 1, owner(812, 3));
    for number in 1..10_000 {
        attributor.note_claim(at(0), 1, number);
    }
    assert_eq!(attributor.bindings.len(), 1);
}

/// So many sockets use port ids, or have none, and are gone at each look.
fn learn_many(attributor: &mut Attributor, is_bound: bool) {
    table(attributor, &[]);
    for cookie in 1..100_000 {
        let number = if is_bound { cookie as u32 } else { 0 };
        let binding = PortBinding::bound(at(1), cookie, owner(812, 3), Certainty::Port);
        attributor.add(cookie, Port { number, ..MY }, binding, Groups::default);
        if !is_bound {
            attributor.note_claim(at(1), cookie, cookie as u32);
        }
        if cookie % 1000 == 0 {
            attributor.refresh(at(2));
        }
    }
}

#[test]
fn what_has_ended_is_forgotten_where_it_is_too_much() {
    for is_bound in [true, false] {
        let mut attributor = Attributor::default();
        learn_many(&mut attributor, is_bound);
        let kept = (attributor.sockets.len(), attributor.bindings.len());
        assert!(kept.0 < 10_000 && kept.1 < 10_000, "{is_bound}: {kept:?}");
    }
}

#[test]
fn sends_without_a_frame_are_bounded_and_counted() {
    let mut attributor = attributor();
    let message = vec![7; 1 << 18];
    for _ in 0..100 {
        attributor.note_send(at(1), MY, 1, owner(812, 3), whole(&message));
    }
    let mut gaps = Gaps::default();
    attributor.add_gaps(&mut gaps);
    assert_eq!(gaps.forgotten_sends, 36);
    assert_eq!(attributor.take_refused().count(), 64);
}
