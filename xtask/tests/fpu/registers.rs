// SPDX-License-Identifier: GPL-2.0-or-later
//! The registers of floating point and vectors: filled, left alone while the kernel does
//! something, and read again.

use std::{arch::asm, fmt, ptr};

/// The widest registers of this CPU that the kernel gives to programs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Width {
    /// xmm0 to xmm15.
    Sse2,
    /// ymm0 to ymm15.
    Avx,
    /// zmm0 to zmm31, k0 to k7.
    Avx512,
}

impl Width {
    pub(crate) fn of_this_cpu() -> Self {
        if is_x86_feature_detected!("avx512f") {
            Self::Avx512
        } else if is_x86_feature_detected!("avx") {
            Self::Avx
        } else {
            Self::Sse2
        }
    }
}

impl fmt::Display for Width {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sse2 => "SSE2's xmm0 to xmm15",
            Self::Avx => "AVX's ymm0 to ymm15",
            Self::Avx512 => "AVX-512's zmm0 to zmm31, k0 to k7",
        })
    }
}

/// What the registers hold; those that a [`Width`] lacks are 0.
#[repr(C, align(64))]
#[derive(Clone, PartialEq, Debug, Default)]
pub(crate) struct Registers {
    vectors: [[u64; 8]; 32],
    masks: [u64; 8],
    /// Of the x87, its top first.
    floats: [f64; 8],
}

impl Registers {
    /// As different from those of another seed as can be.
    pub(crate) fn of(seed: u64, width: Width) -> Self {
        let word = |place: u64| (seed ^ (place << 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let (count, words) = match width {
            Width::Sse2 => (16, 2),
            Width::Avx => (16, 4),
            Width::Avx512 => (32, 8),
        };
        let mut registers = Self::default();
        for (place, vector) in (0..).step_by(8).zip(&mut registers.vectors[..count]) {
            for (at, part) in (place..).zip(&mut vector[..words]) {
                *part = word(at);
            }
        }
        if width == Width::Avx512 {
            for (place, mask) in (256..).zip(&mut registers.masks) {
                *mask = word(place) & 0xffff;
            }
        }
        for (place, float) in (0_u32..).zip(&mut registers.floats) {
            *float = f64::from(seed as u32) + f64::from(place) / 8.0;
        }
        registers
    }
}

/// A system call, and a byte that is written right before it, which may be in a page that
/// is not there yet.
pub(crate) struct Interruption {
    pub(crate) call: i64,
    pub(crate) args: [i64; 3],
    pub(crate) touch: *mut u8,
}

/// Fills the registers, interrupts, and reads them; what the call returned.
///
/// # Safety
///
/// The CPU has the registers of `width`; `touch` can be written to; the call changes no
/// memory of this program's.
pub(crate) unsafe fn keep(
    width: Width,
    before: &Registers,
    interruption: &Interruption,
    after: &mut Registers,
) -> i64 {
    let [first, second, third] = interruption.args;
    let mut result = interruption.call;
    macro_rules! across {
        ([$($fill:literal),*] [$($read:literal),*]) => {
            // SAFETY: All registers that are written are given as clobbered; `before` and
            // `after` are large enough; the rest is the caller's promise.
            unsafe {
                asm!(
                    ".irp n,7,6,5,4,3,2,1,0", "fld qword ptr [r12 + 2112 + 8*\\n]", ".endr",
                    $($fill,)*
                    "mov byte ptr [r14], 1",
                    "syscall",
                    $($read,)*
                    ".irp n,0,1,2,3,4,5,6,7", "fstp qword ptr [r13 + 2112 + 8*\\n]", ".endr",
                    inout("rax") result,
                    in("rdi") first,
                    in("rsi") second,
                    in("rdx") third,
                    in("r12") ptr::from_ref(before),
                    in("r13") ptr::from_mut(after),
                    in("r14") interruption.touch,
                    clobber_abi("C"),
                );
            }
        };
    }
    match width {
        Width::Sse2 => across!(
            [".irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15", "movdqu xmm\\n, [r12 + 64*\\n]", ".endr"]
            [".irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15", "movdqu [r13 + 64*\\n], xmm\\n", ".endr"]
        ),
        Width::Avx => across!(
            [".irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15", "vmovdqu ymm\\n, [r12 + 64*\\n]", ".endr"]
            [".irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15", "vmovdqu [r13 + 64*\\n], ymm\\n", ".endr", "vzeroupper"]
        ),
        Width::Avx512 => across!(
            [".irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31",
             "vmovdqu64 zmm\\n, [r12 + 64*\\n]", ".endr",
             ".irp n,0,1,2,3,4,5,6,7", "kmovw k\\n, [r12 + 2048 + 8*\\n]", ".endr"]
            [".irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31",
             "vmovdqu64 [r13 + 64*\\n], zmm\\n", ".endr",
             ".irp n,0,1,2,3,4,5,6,7", "kmovw [r13 + 2048 + 8*\\n], k\\n", ".endr", "vzeroupper"]
        ),
    }
    result
}
