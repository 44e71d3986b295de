// SPDX-License-Identifier: GPL-2.0-or-later
//! Reports of scripts, which run thousands of processes of a few programs.

use super::*;
use crate::file::sample::script;
use crate::report::export::words;

#[test]
fn thousands_of_processes_of_a_program_are_one_row() {
    let all = (1..=3000).map(|pid| (pid, if pid % 3 == 0 { "tc" } else { "ip" }));
    let file = script(all.chain([(4000, "nl_user")]));
    let report = report_of(&[("script", &file)]);
    let recording = &report.groups[0].recordings[0];
    let rows: Vec<_> = (recording.processes.iter())
        .map(|it| (words::processes(it), it.sockets, it.messages))
        .collect();
    assert_eq!(
        rows,
        [
            (String::from("ip × 2,000"), Some(2000), 8000),
            (String::from("tc × 1,000"), Some(1000), 4000),
            (String::from("nl_user[4000]"), Some(1), 4),
        ]
    );
    let conversations: Vec<_> = (recording.conversations.iter())
        .map(|it| {
            (
                words::who(&it.who),
                words::asked(it),
                it.requests,
                it.answered,
            )
        })
        .collect();
    let row = |who: &str, asked: &str, count| (who.to_owned(), asked.to_owned(), count, count);
    assert_eq!(
        conversations,
        [
            row("ip", "route getroute", 2000),
            row("ip", "route getlink dump", 2000),
            row("tc", "route getroute", 1000),
            row("tc", "route getlink dump", 1000),
            row("nl_user[4000]", "route getroute", 1),
            row("nl_user[4000]", "route getlink dump", 1),
        ]
    );
    let failures: Vec<_> = (recording.failures.iter())
        .map(|it| (words::who(&it.who), it.count, it.requests.len()))
        .collect();
    let failure = |who: &str, count| (who.to_owned(), count, 1);
    assert_eq!(
        failures,
        [
            failure("ip", 2000),
            failure("tc", 1000),
            failure("nl_user[4000]", 1)
        ]
    );
    // The arrows are of single processes.
    assert_eq!(words::who(&recording.steps[60].who), "ip[16]");
    let left_out: Vec<_> = recording.left_out.iter().map(|it| it.list).collect();
    assert_eq!(left_out, [BoundedList::Steps]);
    let text = text(&report);
    assert!(!text.contains("not known["), "{text}");
    assert!(text.contains("left out: 11,940 messages of the exchange beyond the limit of 64"));
}

#[test]
fn processes_beyond_the_limit_are_called_that() {
    // Two thousand programs of one process each, and a second process of some.
    let names: Vec<&'static str> = (0..2000).map(|at| &*format!("p{at}").leak()).collect();
    let again = names.iter().take(10).zip(5000..);
    let all = names.iter().zip(1..).chain(again);
    let file = script(all.map(|(name, pid)| (pid, *name)));
    let report = report_of(&[("script", &file)]);
    let recording = &report.groups[0].recordings[0];
    let sum: u64 = recording.processes.iter().map(|it| it.messages).sum();
    assert_eq!((sum, recording.processes.len()), (2010 * 4, 1025));
    let row = |who: &str| {
        let mut all = recording.processes.iter();
        let row = all.find(|it| words::processes(it) == who);
        row.map(|it| it.messages)
    };
    assert_eq!(
        (row("p0 × 2"), row("others × 976")),
        (Some(8), Some(976 * 4))
    );
    let text = text(&report);
    assert!(
        text.contains("left out: 3,904 messages of processes beyond the limit of 1,024"),
        "{text}"
    );
    assert!(!text.lines().any(|it| it.contains("not known  ")), "{text}");
}
