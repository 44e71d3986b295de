// SPDX-License-Identifier: GPL-2.0-or-later
//! Links nlcap at a fixed address: docs/architecture.md says why.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let variable = |name| std::env::var(name).unwrap_or_default();
    let features = variable("CARGO_CFG_TARGET_FEATURE");
    let is_static = features.split(',').any(|feature| feature == "crt-static");
    if is_static && variable("CARGO_CFG_TARGET_ENV") == "gnu" {
        // The compiler asks for a static program that can be anywhere (-static-pie).
        println!("cargo::rustc-link-arg-bins=-no-pie");
        println!("cargo::rustc-link-arg-bins=-static");
    }
}
