// SPDX-License-Identifier: GPL-2.0-or-later
//! What the supervisor learnt, held against frames.

use nl_dissector::decode::flags;

use super::super::owner::Known;
use super::super::tasks::Program;
use super::*;
use crate::file::sample;
use crate::file::writer::Frame;

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
            comm: b"ip".to_vec(),
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

/// Owners with one socket of port id 812.
fn owners() -> Owners {
    let mut owners = Owners::default();
    learn(&mut owners, 0, 1, owner(812, 3));
    owners
}

/// The socket `cookie` has port id 812 from the frame `number` on.
fn learn(owners: &mut Owners, number: u32, cookie: u64, owner: Owner) {
    let had = Had {
        since: at(number),
        owner,
        certainty: Certainty::Port,
    };
    owners.learn(cookie, cookie, MY, had, Groups::default);
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
    owners.sends(at(1), MY, owner(813, 3), whole(&request));
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
    owners.sends(at(2), MY, owner(812, 3), whole(&request));
    let elsewhere = known(&mut owners, &sample::frame(3, 16, &request)).owners;
    let ours = whose(&mut owners, 3, &request).0;
    let again = whose(&mut owners, 4, &request).0;
    assert_eq!([early, elsewhere, again], [vec![], vec![], vec![]]);
    assert_eq!(ours, [owner(812, 3)]);

    owners.sends(at(5), MY, owner(812, 3), whole(&request));
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
    let answer = sample::message(libc::RTM_NEWLINK, 0, 99, &[0; 16]);
    assert_eq!(whose(&mut owners, 4, &answer).0, [owner(812, 3)]);
    assert_eq!(whose(&mut owners, 6, &answer).0, [owner(812, 4)]);
}

#[test]
fn what_others_are_told_of_a_change_is_no_answer() {
    let mut owners = owners();
    let request = sample::message(libc::RTM_NEWLINK, REQUEST, 7, &[0; 16]);
    owners.sends(at(1), MY, owner(812, 3), whole(&request));
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
    owners.sends(at(1), MY, owner(812, 3), whole(&request));
    owners.calls(at(2), 812);
    // Much later it is sure.
    whose(&mut owners, 2000, &[]);
    owners.sends(at(2001), MY, owner(812, 3), whole(&request));
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
    owners.sends(at(1), MY, owner(1, 3), whole(&request));
    owners.sends(at(2), other, owner(2, 4), whole(&request));
    // The second was done first, and went on before the first.
    let mut all = whose(&mut owners, 3, &request).0;
    owners.calls(at(4), 2);
    all.extend(whose(&mut owners, 5, &request).0);
    all.sort_by_key(|owner| owner.fd);
    assert_eq!(all, [owner(1, 3), owner(2, 4)]);
    assert_eq!(whose(&mut owners, 6, &request).0, [], "a third is nobody's");
}
