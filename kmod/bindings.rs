// SPDX-License-Identifier: GPL-2.0-or-later

//! The kernel's C interface, as bindgen reads it from `bindings.h`.
//!
//! Used by the safe layer alone: `genl` and `netdev`.

#![allow(
    clippy::all,
    clippy::undocumented_unsafe_blocks,
    dead_code,
    improper_ctypes,
    missing_docs,
    non_camel_case_types,
    non_snake_case,
    non_upper_case_globals,
    unnecessary_transmutes,
    unreachable_pub,
    unsafe_op_in_unsafe_fn
)]

// Types that the kernel's bindgen parameters leave to be written by hand.
type __kernel_size_t = usize;
type __kernel_ssize_t = isize;
type __kernel_ptrdiff_t = isize;

include!("bindings_generated.rs");
