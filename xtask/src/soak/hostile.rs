// SPDX-License-Identifier: GPL-2.0-or-later
//! Hostile messages: shapes of the definition, mutated, and random bytes.
//!
//! Each is answered by an errno or by well-formed messages, and afterwards the module
//! still answers a plain request.

use super::socket::{Message, Read, Socket, judge};
use crate::netlink::{self, NLA_F_NESTED, NLM_F_ACK, NLM_F_DUMP, NLM_F_REQUEST, attr};
use anyhow::{Context, Result, ensure};
use fastrand::Rng;
use std::collections::BTreeMap;
use ynl::model::{AttrKind, AttrSet, Attribute, Family, SetId, nl_util};

/// Sends `count` messages.
pub(super) fn run(count: u64, seed: u64) -> Result<()> {
    let family = nl_util();
    let top = family
        .set("nl-util")
        .context("the definition has no top level")?;
    let mut socket = Socket::new(1 << 17)?;
    socket.set_blocking(false)?;
    let mut rng = Rng::with_seed(seed);
    let mut outcomes: BTreeMap<String, u64> = BTreeMap::new();
    for sent in 0..count {
        let bytes = message(&family, top, socket.family, &mut rng);
        let outcome = match socket.try_send(&bytes) {
            Err(errno) => format!("send: errno {errno}"),
            Ok(()) => answers(&family, top, &mut socket)
                .with_context(|| format!("message {sent} of seed {seed}: {bytes:02x?}"))?,
        };
        *outcomes.entry(outcome).or_default() += 1;
    }
    for (outcome, times) in &outcomes {
        println!("{times:>9}  {outcome}");
    }
    ensure!(outcomes.len() >= 4, "the messages are all alike");
    socket.set_blocking(true)?;
    socket.send(NLM_F_REQUEST, &[1, 1, 0, 0])?;
    match socket.read()? {
        Read::Messages(messages)
            if matches!(messages[..], [Message::Answer { command: 1, .. }]) => {}
        _ => anyhow::bail!("after them, L2_LIST is not answered"),
    }
    println!("{count} messages, each answered by an errno or well-formed");
    Ok(())
}

/// Reads all that a message brought: whether it was an answer, and of which kind.
fn answers(family: &Family, top: SetId, socket: &mut Socket) -> Result<String> {
    let mut outcome = "nothing".to_owned();
    loop {
        let messages = match socket.read()? {
            Read::Nothing => return Ok(outcome),
            Read::Lost => return Ok("lost".to_owned()),
            Read::Failed(errno) => anyhow::bail!("the socket fails: errno {errno}"),
            Read::Messages(messages) => messages,
        };
        for message in messages {
            outcome = match message {
                Message::Answer { command, attrs, .. } => {
                    ensure!((1..=2).contains(&command), "an answer of command {command}");
                    judge(family, top, &attrs)?;
                    format!("an answer of command {command}")
                }
                Message::Status(errno) => format!("errno {errno}"),
                Message::Done { errno, .. } => format!("the end of a dump, errno {errno}"),
                Message::Other => "the controller".to_owned(),
            };
        }
    }
}

/// One message, and whatever is wrong with it.
fn message(family: &Family, top: SetId, kind: u16, rng: &mut Rng) -> Vec<u8> {
    if rng.u8(..16) == 0 {
        return noise(kind, rng);
    }
    let asked: Vec<_> = family
        .operations
        .iter()
        .filter(|op| !op.is_async())
        .collect();
    let op = asked[rng.usize(..asked.len())];
    let dump = op.dump.as_ref().filter(|_| rng.bool());
    let form = dump.or(op.r#do.as_ref());
    let flags = match rng.u8(..16) {
        0 => rng.u16(..),
        1 => NLM_F_REQUEST | NLM_F_DUMP,
        2 => NLM_F_REQUEST | NLM_F_ACK,
        _ if dump.is_some() => NLM_F_REQUEST | NLM_F_DUMP,
        _ => NLM_F_REQUEST,
    };
    let command = match (rng.u8(..16), op.request_number) {
        (0, _) | (_, None) => rng.u8(..),
        // CAST: The family's numbers are small.
        (_, Some(number)) => number as u8,
    };
    let mut body = vec![command, rng.u8(..3), 0, 0];
    let request = form.and_then(|form| form.request.as_ref());
    body.extend(match request {
        // What the operation takes, each once.
        Some(request) if rng.u8(..4) > 0 => family
            .attributes_of(op, request)
            .flat_map(|attribute| one(family, top, attribute, rng, 0))
            .collect(),
        _ => attributes(family, top, rng, 0),
    });
    for _ in 0..rng.u8(..4).saturating_sub(1) {
        mutate(&mut body, rng);
    }
    let mut bytes = netlink::message(kind, flags, rng.u32(..), &body);
    match rng.u8(..16) {
        // Lengths that lie.
        0 => bytes[..4].copy_from_slice(&rng.u32(..64).to_ne_bytes()),
        1 => bytes.truncate(rng.usize(..=bytes.len())),
        2 => bytes.extend((0..rng.usize(..20)).map(|_| rng.u8(..))),
        // Two in one datagram.
        3 => {
            bytes.resize(bytes.len().next_multiple_of(4), 0);
            bytes.extend(bytes.clone());
        }
        _ => {}
    }
    if bytes.is_empty() {
        bytes.push(0);
    }
    bytes
}

fn noise(kind: u16, rng: &mut Rng) -> Vec<u8> {
    let (length, flags, seq) = (rng.usize(0..200), rng.u16(..), rng.u32(..));
    let body: Vec<u8> = (0..length).map(|_| rng.u8(..)).collect();
    netlink::message(kind, NLM_F_REQUEST | flags, seq, &body)
}

/// Attributes of a set as they should be, in any order and number.
fn attributes(family: &Family, id: SetId, rng: &mut Rng, depth: u8) -> Vec<u8> {
    let set: &AttrSet = &family[id];
    (0..rng.u8(..4))
        .flat_map(|_| {
            // The first is the one that an interface is asked for by.
            let at = if rng.bool() {
                0
            } else {
                rng.usize(..set.attributes.len())
            };
            one(family, id, &set.attributes[at], rng, depth)
        })
        .collect()
}

/// An attribute of the set `id` as it should be, with any value.
fn one(family: &Family, id: SetId, attribute: &Attribute, rng: &mut Rng, depth: u8) -> Vec<u8> {
    let (flags, payload) = match &attribute.kind {
        AttrKind::Nest(inner) if depth < 8 => {
            // A set within itself is what no policy expects.
            let inner = if rng.u8(..16) == 0 { id } else { *inner };
            let flags = if rng.u8(..16) == 0 { 0 } else { NLA_F_NESTED };
            (flags, attributes(family, inner, rng, depth + 1))
        }
        AttrKind::Scalar(scalar) => {
            let value = match rng.u8(..8) {
                0 => rng.u64(..),
                _ => rng.u64(..4),
            };
            let size = scalar.width.size().unwrap_or(8);
            (0, value.to_le_bytes()[..size].to_vec())
        }
        AttrKind::String => {
            let mut text: Vec<u8> = (0..rng.usize(..18)).map(|_| rng.u8(..)).collect();
            text.push(0);
            (0, text)
        }
        _ => {
            let length = attribute.checks.exact_len.unwrap_or(200) as usize;
            (0, vec![rng.u8(..); length])
        }
    };
    attr(attribute.number | flags, &payload)
}

/// One thing wrong.
fn mutate(body: &mut Vec<u8>, rng: &mut Rng) {
    if body.len() <= 4 {
        return;
    }
    let at = rng.usize(4..body.len());
    match rng.u8(..6) {
        0 => body[at] ^= 1 << rng.u8(..8),
        1 => body[at] = rng.u8(..),
        // A length, a type.
        2 => body[at & !3] = rng.u8(..),
        3 => {
            let last = body.len() - 1;
            body[((at & !3) + 2).min(last)] = rng.u8(..);
        }
        4 => body.truncate(at),
        _ => {
            body.insert(at, rng.u8(..));
        }
    }
}
