// SPDX-License-Identifier: GPL-2.0-or-later
//! Programs of seccomp(2) filters, in classic BPF: which calls are intercepted.

/// A jump's distance to the verdicts, put in when the length is known.
pub(crate) enum Step {
    /// Load the word at this offset of `struct seccomp_data`.
    Load(u32),
    /// To the interception where the word is this value.
    InterceptIf(u32),
    /// To the interception where the word has one of these bits.
    InterceptIfAny(u32),
    /// To the end where the word is not this value.
    AllowUnless(u32),
    /// To the end where the word has one of these bits.
    AllowIfAny(u32),
    /// To the end where the word is less.
    AllowBelow(u32),
    /// To the end where the word is this or more.
    AllowFrom(u32),
    /// Over this many steps where the word is not this value.
    SkipUnless(u32, u8),
    /// To the end.
    Allow,
    /// To the interception.
    Intercept,
}

/// Offsets of `struct seccomp_data`: the number of the call, its table, and the low half of
/// an argument.
pub(crate) const NUMBER: u32 = 0;
pub(crate) const ARCH: u32 = 4;

/// Offset of the low half of an argument.
pub(crate) const fn argument(index: u32) -> u32 {
    let half = if cfg!(target_endian = "little") { 0 } else { 4 };
    16 + 8 * index + half
}

/// The program of these steps; `action` is what SECCOMP_RET_* there is for calls that are
/// intercepted.
pub(crate) fn assemble(steps: &[Step], action: u32) -> Vec<libc::sock_filter> {
    const LOAD: u16 = (libc::BPF_LD | libc::BPF_W | libc::BPF_ABS) as u16;
    const JUMP_IF_EQUAL: u16 = (libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K) as u16;
    const JUMP_IF_ANY: u16 = (libc::BPF_JMP | libc::BPF_JSET | libc::BPF_K) as u16;
    const JUMP_FROM: u16 = (libc::BPF_JMP | libc::BPF_JGE | libc::BPF_K) as u16;
    const JUMP: u16 = (libc::BPF_JMP | libc::BPF_JA) as u16;
    const RETURN: u16 = (libc::BPF_RET | libc::BPF_K) as u16;
    let filter = |code, jt, jf, k| libc::sock_filter { code, jt, jf, k };
    let mut program: Vec<_> = steps
        .iter()
        .enumerate()
        .map(|(at, step)| {
            // The verdicts follow the last step: to allow, then to intercept.
            let allow = (steps.len() - at - 1) as u8;
            let intercept = allow + 1;
            match *step {
                Step::Load(offset) => filter(LOAD, 0, 0, offset),
                Step::InterceptIf(value) => filter(JUMP_IF_EQUAL, intercept, 0, value),
                Step::InterceptIfAny(bits) => filter(JUMP_IF_ANY, intercept, 0, bits),
                Step::AllowIfAny(bits) => filter(JUMP_IF_ANY, allow, 0, bits),
                Step::AllowBelow(value) => filter(JUMP_FROM, 0, allow, value),
                Step::AllowFrom(value) => filter(JUMP_FROM, allow, 0, value),
                Step::Intercept => filter(JUMP, 0, 0, intercept.into()),
                Step::AllowUnless(value) => filter(JUMP_IF_EQUAL, 0, allow, value),
                Step::SkipUnless(value, over) => filter(JUMP_IF_EQUAL, 0, over, value),
                Step::Allow => filter(RETURN, 0, 0, libc::SECCOMP_RET_ALLOW),
            }
        })
        .collect();
    program.push(filter(RETURN, 0, 0, libc::SECCOMP_RET_ALLOW));
    program.push(filter(RETURN, 0, 0, action));
    program
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// What a program says to a call: the machine of the kernel in small.
    pub(crate) fn verdict(
        program: &[libc::sock_filter],
        arch: u32,
        number: u32,
        arguments: [u32; 4],
    ) -> u32 {
        let mut data = [0; 64];
        data[0..4].copy_from_slice(&number.to_ne_bytes());
        data[4..8].copy_from_slice(&arch.to_ne_bytes());
        for (index, value) in (0..).zip(arguments) {
            let at = argument(index) as usize;
            data[at..at + 4].copy_from_slice(&value.to_ne_bytes());
        }
        let (mut at, mut word) = (0, 0);
        loop {
            let step = program[at];
            at += 1;
            match u32::from(step.code) & 7 {
                libc::BPF_LD => {
                    let bytes = data[step.k as usize..][..4].try_into().unwrap();
                    word = u32::from_ne_bytes(bytes);
                }
                libc::BPF_JMP => {
                    let holds = match u32::from(step.code) & 0xf0 {
                        libc::BPF_JEQ => word == step.k,
                        libc::BPF_JGE => word >= step.k,
                        libc::BPF_JSET => word & step.k != 0,
                        _ => {
                            at += step.k as usize;
                            continue;
                        }
                    };
                    at += usize::from(if holds { step.jt } else { step.jf });
                }
                _ => return step.k,
            }
        }
    }
}
