// SPDX-License-Identifier: GPL-2.0-or-later
//! Every task of the project: `cargo xtask` lists them.

mod args;
mod bench;
mod browser;
mod cargo;
mod codegen;
mod debian;
mod demo;
mod dissector;
mod dist;
mod exit;
mod families;
mod guest;
mod kernel;
mod kmod;
mod lock;
mod netlink;
mod packages;
mod paths;
mod progress;
mod report;
mod room;
mod run;
mod samples;
mod screenshots;
mod setup;
mod soak;
mod test;
mod wait;

use args::{Args, Task};
use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    if std::process::id() == 1 {
        guest::init::main();
    }
    match dispatch(Args::parse().task) {
        Ok(code) => code,
        Err(err) => {
            let err = room::FullDisk::explain(err);
            eprintln!("xtask: {err:#}");
            exit::code_of(&err)
        }
    }
}

fn dispatch(task: Task) -> anyhow::Result<ExitCode> {
    match task {
        Task::Setup(args) => setup::task(&args)?,
        Task::Guest(args) => return guest::task(&args),
        Task::Kernel(args) => kernel::task(&args)?,
        Task::Kmod(action) => kmod::task(&action)?,
        Task::Codegen { check } => codegen::all(check)?,
        Task::Families(args) => return families::task(&args),
        Task::Dissector(args) => dissector::task(&args)?,
        Task::Test(args) => return test::task(&args),
        Task::Bench(args) => bench::task(&args)?,
        Task::Soak(args) => soak::task(&args)?,
        Task::Report(args) => report::task(&args)?,
        Task::Screenshots => screenshots::task()?,
        Task::Samples => samples::task()?,
        Task::Demo => demo::task()?,
        Task::Dist(args) => dist::task(&args)?,
    }
    Ok(ExitCode::SUCCESS)
}
