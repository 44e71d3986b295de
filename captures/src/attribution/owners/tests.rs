// SPDX-License-Identifier: GPL-2.0-or-later
//! What the supervisor learnt, held against frames.

use std::io::Write;

use ynl::decode::flags;

use super::super::multicast::Copy;
use super::super::owner::{Known, Program};
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

/// Owners with one socket of port id 812, which is in the kernel's table.
fn owners() -> Owners {
    let mut owners = Owners::default();
    table(&mut owners, &[(1, 812)]);
    learn(&mut owners, 0, 1, owner(812, 3));
    owners
}

/// The kernel's table has these inodes, with their port ids.
fn table(owners: &mut Owners, rows: &[(u64, u32)]) {
    let mut file = tempfile::tempfile().unwrap();
    for (inode, port) in rows {
        writeln!(file, "0 0 {port} 00000000 0 0 0 2 0 {inode}").unwrap();
    }
    owners.tables.insert(0, Table::of(file));
}

/// The socket `cookie` has port id 812 from the frame `number` on.
fn learn(owners: &mut Owners, number: u32, cookie: u64, owner: Owner) {
    let had = Had::new(at(number), cookie, owner, Certainty::Port);
    owners.learn(cookie, MY, had, Groups::default);
}

/// The socket `cookie` has no port id yet.
fn learn_unbound(owners: &mut Owners, number: u32, cookie: u64, owner: Owner) {
    let had = Had::new(at(number), cookie, owner, Certainty::Port);
    owners.learn(cookie, Port { number: 0, ..MY }, had, Groups::default);
}

fn known(owners: &mut Owners, frame: &Frame<'_>) -> Known {
    owners.whose(frame).unwrap()
}

fn whose(owners: &mut Owners, number: u32, bytes: &[u8]) -> (Vec<Owner>, Certainty) {
    let known = known(owners, &sample::frame(number, 0, bytes));
    (known.owners, known.certainty)
}

const REQUEST: u16 = flags::REQUEST;

#[test]
fn a_request_and_its_answer_are_its_senders() {
    let mut owners = owners();
    let request = sample::message(libc::RTM_GETLINK, REQUEST, 7, &[0; 16]);
    owners.sends(at(1), MY, 1, owner(813, 3), whole(&request));
    let expected = (vec![owner(813, 3)], Certainty::Exact);
    assert_eq!(whose(&mut owners, 2, &request), expected);
    let answer = sample::message(libc::RTM_NEWLINK, 0, 7, &[0; 16]);
    assert_eq!(whose(&mut owners, 3, &answer), expected);
}

#[test]
fn the_same_bytes_of_somebody_else_are_not_ours() {
    let mut owners = owners();
    let request = sample::message(libc::RTM_GETLINK, REQUEST, 7, &[0; 16]);
    // Before the call, in another protocol, once more, and after its return.
    let early = whose(&mut owners, 1, &request).0;
    owners.sends(at(2), MY, 1, owner(812, 3), whole(&request));
    let elsewhere = known(&mut owners, &sample::frame(3, 16, &request)).owners;
    let ours = whose(&mut owners, 3, &request).0;
    let again = whose(&mut owners, 4, &request).0;
    assert_eq!([early, elsewhere, again], [vec![], vec![], vec![]]);
    assert_eq!(ours, [owner(812, 3)]);

    owners.sends(at(5), MY, 1, owner(812, 3), whole(&request));
    owners.calls(at(6), 812);
    assert_eq!(whose(&mut owners, 7, &request).0, []);
}

#[test]
fn an_answer_to_a_request_that_was_not_seen_is_known_by_its_port_id() {
    let mut owners = owners();
    let answer = sample::message(libc::RTM_NEWLINK, 0, 99, &[0; 16]);
    let expected = (vec![owner(812, 3)], Certainty::Port);
    assert_eq!(whose(&mut owners, 1, &answer), expected);
    // The port id is another protocol's.
    let other = known(&mut owners, &sample::frame(1, 16, &answer));
    assert_eq!(other.owners, []);
}

#[test]
fn a_port_id_is_its_sockets_from_then_on() {
    let mut owners = owners();
    learn(&mut owners, 5, 2, owner(812, 4));
    table(&mut owners, &[(2, 812)]);
    let answer = sample::message(libc::RTM_NEWLINK, 0, 99, &[0; 16]);
    assert_eq!(whose(&mut owners, 4, &answer).0, [owner(812, 3)]);
    assert_eq!(whose(&mut owners, 6, &answer).0, [owner(812, 4)]);
}

#[test]
fn a_port_id_that_was_asked_for_in_vain_is_anothers() {
    let answer = sample::message(libc::RTM_NEWLINK, 0, 99, &[0; 16]);
    // It got another one, or has none, or got it.
    for (rows, expected) in [
        (&[(2, 900), (9, 812)][..], vec![]),
        (&[(9, 812)], vec![]),
        (&[(2, 812)], vec![owner(812, 4)]),
    ] {
        let mut owners = Owners::default();
        table(&mut owners, rows);
        learn_unbound(&mut owners, 0, 2, owner(812, 4));
        owners.claims(at(0), 2, 812);
        assert_eq!(whose(&mut owners, 1, &answer).0, expected, "{rows:?}");
    }
    // The next call on the socket tells too.
    let mut owners = owners();
    learn_unbound(&mut owners, 1, 2, owner(812, 4));
    owners.claims(at(1), 2, 812);
    assert_eq!(whose(&mut owners, 2, &answer).0, [owner(812, 3)]);
    owners.claims(at(3), 2, 812);
    learn_unbound(&mut owners, 4, 2, owner(812, 4));
    assert_eq!(owners.ports[&MY].len(), 1);
}

#[test]
fn a_port_id_is_its_sockets_until_that_is_closed() {
    let answer = sample::message(libc::RTM_NEWLINK, 0, 99, &[0; 16]);
    let mut owners = owners();
    table(&mut owners, &[]);
    owners.look_between(at(5), || at(5));
    assert_eq!(whose(&mut owners, 4, &answer).0, [owner(812, 3)]);
    assert_eq!(whose(&mut owners, 6, &answer).0, []);
    // Somebody else has it now: since when is not known, but ours was not seen again.
    let mut owners = self::owners();
    table(&mut owners, &[(9, 812)]);
    assert_eq!(whose(&mut owners, 1, &answer).0, []);
}

#[test]
fn requests_end_with_their_socket() {
    let mut owners = owners();
    let request = sample::message(libc::RTM_GETLINK, REQUEST, 7, &[0; 16]);
    owners.sends(at(1), MY, 1, owner(812, 3), whole(&request));
    whose(&mut owners, 2, &request);
    let answer = sample::message(libc::RTM_NEWLINK, 0, 7, &[0; 16]);
    owners.ends(at(4), 812);
    // The process that has ended, and one that was given its number.
    table(&mut owners, &[(9, 812)]);
    assert_eq!(whose(&mut owners, 3, &answer).0, [owner(812, 3)]);
    assert_eq!(whose(&mut owners, 5, &answer).0, []);
}

#[test]
fn an_answer_is_its_requests_though_another_has_the_port_id_when_it_is_read() {
    let mut owners = owners();
    let request = sample::message(libc::RTM_GETLINK, REQUEST, 7, &[0; 16]);
    owners.sends(at(1), MY, 1, owner(812, 3), whole(&request));
    whose(&mut owners, 2, &request);
    table(&mut owners, &[(9, 812)]);
    owners.look_between(at(5), || at(5));
    let answer = sample::message(libc::RTM_NEWLINK, 0, 7, &[0; 16]);
    assert_eq!(whose(&mut owners, 3, &answer).0, [owner(812, 3)]);
    assert_eq!(whose(&mut owners, 6, &answer).0, []);
}

#[test]
fn a_socket_that_its_process_left_to_another_has_not_ended() {
    let answer = sample::message(libc::RTM_NEWLINK, 0, 99, &[0; 16]);
    let mut owners = owners();
    owners.ends(at(1), 812);
    assert_eq!(whose(&mut owners, 2, &answer).0, [owner(812, 3)]);
}

#[test]
fn an_answer_is_its_requests_though_the_port_id_is_another_sockets_by_now() {
    let mut owners = owners();
    let request = sample::message(libc::RTM_GETLINK, REQUEST, 7, &[0; 16]);
    owners.sends(at(1), MY, 1, owner(812, 3), whole(&request));
    // Closed, and made anew before the frames are read.
    learn(&mut owners, 5, 2, owner(812, 4));
    let expected = (vec![owner(812, 3)], Certainty::Exact);
    assert_eq!(whose(&mut owners, 2, &request), expected);
    let answer = sample::message(libc::RTM_NEWLINK, 0, 7, &[0; 16]);
    assert_eq!(whose(&mut owners, 3, &answer), expected);
}

#[test]
fn what_is_known_exactly_is_not_looked_for() {
    let mut owners = owners();
    let request = sample::message(libc::RTM_GETLINK, REQUEST, 7, &[0; 16]);
    owners.sends(at(1), MY, 1, owner(812, 3), whole(&request));
    whose(&mut owners, 2, &request);
    let answer = sample::message(libc::RTM_NEWLINK, 0, 7, &[0; 16]);
    whose(&mut owners, 3, &answer);
    assert_eq!(owners.looked, Duration::ZERO);
}

#[test]
fn a_socket_that_is_bound_unseen_is_found_by_its_inode() {
    let answer = sample::message(libc::RTM_NEWLINK, 0, 99, &[0; 16]);
    let mut owners = Owners::default();
    table(&mut owners, &[(2, 812)]);
    assert_eq!(whose(&mut owners, 1, &answer).0, []);
    learn_unbound(&mut owners, 2, 2, owner(812, 4));
    owners.calls(at(2), 1);
    let expected = (vec![owner(812, 4)], Certainty::Port);
    assert_eq!(whose(&mut owners, 3, &answer), expected);
    assert_eq!(whose(&mut owners, 4, &answer), expected);
    // That there was a request is told, once.
    let mut gaps = Gaps::default();
    owners.add_gaps(&mut gaps);
    assert_eq!(gaps.untold, 1);
}

/// Members of group 7, by the cookies of their sockets.
fn members(owners: &mut Owners, cookies: &[u64]) {
    for &cookie in cookies {
        learn_unbound(owners, 0, cookie, owner(cookie as i32, 3));
        owners.groups(cookie, |groups| groups.join(7));
    }
}

#[test]
fn a_multicast_is_of_those_members_that_have_a_port_id() {
    let mut owners = Owners::default();
    members(&mut owners, &[1, 2, 3]);
    // The first has one, the second asked for one, the third has not; a fourth has ended.
    table(&mut owners, &[(1, 900)]);
    owners.claims(at(0), 2, 0);
    members(&mut owners, &[4]);
    owners.claims(at(0), 4, 0);
    owners.sockets.get_mut(&4).unwrap().ended = Some(at(1));
    let told = sample::message(libc::RTM_NEWLINK, 0, 0, &[0; 16]);
    let frame = sample::frame(2, 0, &told);
    let known = owners.multicast(&frame, Copy::First(7)).unwrap();
    assert_eq!(known.owners, [owner(1, 3), owner(2, 3)]);
    // There are as many copies of theirs as there are members.
    let mut another = |number| owners.multicast(&frame, Copy::Another(7, number)).unwrap();
    assert_eq!(another(2).owners.len(), 2);
    assert_eq!((another(3).owners, another(3).is_copy), (vec![], true));
}

#[test]
fn after_the_clock_was_set_what_is_there_is_known_still() {
    let mut owners = Owners::default();
    table(&mut owners, &[(1, 812)]);
    learn(&mut owners, 1000, 1, owner(812, 3));
    let request = sample::message(libc::RTM_GETLINK, REQUEST, 7, &[0; 16]);
    owners.sends(at(1001), MY, 1, owner(812, 3), whole(&request));
    owners.begin_anew(at(1));
    let expected = (vec![owner(812, 3)], Certainty::Exact);
    assert_eq!(whose(&mut owners, 2, &request), expected);
    let answer = sample::message(libc::RTM_NEWLINK, 0, 7, &[0; 16]);
    assert_eq!(whose(&mut owners, 3, &answer), expected);
    assert!(owners.clock_was_set);
}

#[test]
fn what_others_are_told_of_a_change_is_no_answer() {
    let mut owners = owners();
    let request = sample::message(libc::RTM_NEWLINK, REQUEST, 7, &[0; 16]);
    owners.sends(at(1), MY, 1, owner(812, 3), whole(&request));
    whose(&mut owners, 2, &request);
    let told = sample::message(libc::RTM_NEWLINK, 0, 7, &[0; 16]);
    assert_eq!(whose(&mut owners, 3, &told).0, []);
    let acknowledged = sample::message(2, 0, 7, &[0; 20]);
    let expected = (vec![owner(812, 3)], Certainty::Exact);
    assert_eq!(whose(&mut owners, 4, &acknowledged), expected);
}

#[test]
fn a_message_that_the_tap_never_sees_was_refused() {
    let mut owners = owners();
    let request = sample::message(libc::RTM_GETLINK, REQUEST, 7, &[0; 16]);
    owners.sends(at(1), MY, 1, owner(812, 3), whole(&request));
    owners.calls(at(2), 812);
    // Much later it is sure.
    whose(&mut owners, 2000, &[]);
    owners.sends(at(2001), MY, 1, owner(812, 3), whole(&request));
    let told: Vec<_> = owners
        .refused()
        .map(|told| (told.time, told.event))
        .collect();
    let refused = Event::Refused(request);
    assert_eq!(told, [(at(1), refused.clone()), (at(2001), refused)]);
}

#[test]
fn where_not_all_is_told_nobody_is_known_for_sure() {
    let mut owners = owners();
    let request = sample::message(libc::RTM_GETLINK, REQUEST, 7, &[0; 16]);
    assert_eq!(whose(&mut owners, 1, &request), (vec![], Certainty::Exact));
    owners.is_blind = true;
    assert_eq!(
        whose(&mut owners, 2, &request),
        (vec![], Certainty::Unknown)
    );
}

#[test]
fn frames_without_a_message_are_nobodys() {
    let mut owners = owners();
    assert_eq!(whose(&mut owners, 1, &[]).0, []);
    assert_eq!(whose(&mut owners, 1, &[1, 2, 3]).0, []);
}

#[test]
fn threads_that_send_the_same_at_the_same_time_each_have_their_message() {
    let mut owners = owners();
    let other = Port {
        interface: 0,
        protocol: 0,
        number: 900,
    };
    let request = sample::message(libc::RTM_GETLINK, REQUEST, 7, &[0; 16]);
    owners.sends(at(1), MY, 1, owner(1, 3), whole(&request));
    owners.sends(at(2), other, 1, owner(2, 4), whole(&request));
    // The second was done first, and went on before the first.
    let mut all = whose(&mut owners, 3, &request).0;
    owners.calls(at(4), 2);
    all.extend(whose(&mut owners, 5, &request).0);
    all.sort_by_key(|owner| owner.fd);
    assert_eq!(all, [owner(1, 3), owner(2, 4)]);
    assert_eq!(whose(&mut owners, 6, &request).0, [], "a third is nobody's");
}

#[test]
fn an_answer_is_of_the_socket_that_asked_though_one_before_it_had_its_port_id_and_number() {
    let mut owners = owners();
    let other = Port { number: 900, ..MY };
    let request = sample::message(libc::RTM_GETADDR, REQUEST, 7, &[0; 8]);
    owners.sends(at(1), MY, 1, owner(1, 3), whole(&request));
    assert_eq!(whose(&mut owners, 2, &request).0, [owner(1, 3)]);
    // The socket is closed, and the next has its port id; a third sends the same and is
    // given the frame of the second.
    learn(&mut owners, 3, 2, owner(2, 3));
    table(&mut owners, &[(2, 812), (3, 900)]);
    owners.sends(at(4), other, 3, owner(3, 4), whole(&request));
    owners.sends(at(5), MY, 2, owner(2, 3), whole(&request));
    assert_eq!(whose(&mut owners, 6, &request).0, [owner(3, 4)]);
    let answer = sample::message(libc::RTM_NEWADDR, 0, 7, &[0; 8]);
    let expected = (vec![owner(2, 3)], Certainty::Exact);
    assert_eq!(whose(&mut owners, 7, &answer), expected);
}

#[test]
fn only_what_changes_rules_is_told_to_others() {
    let mut owners = owners();
    let port = Port {
        protocol: libc::NETLINK_NETFILTER as u16,
        ..MY
    };
    let had = Had::new(at(0), 1, owner(812, 3), Certainty::Port);
    owners.learn(1, port, had, Groups::default);
    // NFT_MSG_DESTROYTABLE, NFT_MSG_GETSETELEM_RESET.
    for (number, kind, answers) in [(1, 26, false), (11, 33, true)] {
        let request = sample::message(10 << 8 | kind, REQUEST, number, &[0; 4]);
        owners.sends(at(number), port, 1, owner(812, 3), whole(&request));
        known(&mut owners, &sample::frame(number + 1, 12, &request));
        let told = sample::message(10 << 8 | kind, 0, number, &[0; 4]);
        let known = known(&mut owners, &sample::frame(number + 2, 12, &told));
        assert_eq!(!known.owners.is_empty(), answers, "{kind}");
    }
}

#[test]
fn what_came_while_the_table_was_read_is_of_the_socket_that_ended_then() {
    let mut had = Had::new(at(1), 7, owner(812, 3), Certainty::Port);
    had.look((at(4), at(6)), None, MY, false);
    assert!(had.is_open(at(5), true) && had.is_open(at(5), false));
    assert!(!had.is_open(at(7), true) && !had.is_open(at(7), false));
}

#[test]
fn what_another_asks_for_does_not_take_the_answer_from_who_has_it() {
    let mut owners = owners();
    learn_unbound(&mut owners, 1, 2, owner(812, 4));
    owners.claims(at(1), 2, 812);
    let request = sample::message(libc::RTM_GETLINK, REQUEST, 7, &[0; 16]);
    owners.sends(at(2), MY, 1, owner(812, 3), whole(&request));
    whose(&mut owners, 3, &request);
    let answer = sample::message(libc::RTM_NEWLINK, 0, 7, &[0; 16]);
    let expected = (vec![owner(812, 3)], Certainty::Exact);
    assert_eq!(whose(&mut owners, 4, &answer), expected);
}
