// SPDX-License-Identifier: GPL-2.0-or-later
//! What `nlcap show` makes of any bytes, for libFuzzer: `cargo xtask soak decode`.
//!
//! The modules are those of the program itself.

#![no_main]
#![allow(
    dead_code,
    unused_imports,
    reason = "the fuzzer calls a part of the program"
)]

#[path = "../src/file/mod.rs"]
mod file;
#[path = "../src/messages/mod.rs"]
mod messages;
#[path = "../src/show/mod.rs"]
mod show;
#[path = "../src/terminal/mod.rs"]
mod terminal;
#[path = "../src/values/mod.rs"]
mod values;

libfuzzer_sys::fuzz_target!(|file: &[u8]| show::fuzz::all_views(file));
