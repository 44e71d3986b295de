// SPDX-License-Identifier: GPL-2.0-or-later
//! zsh: `clap_complete`'s completions, which leave a command's own options to the command.

use clap::Command;
use clap_complete::Generator;

use super::{subcommands, takes_command};

/// The generator.
pub(super) struct Zsh;

/// How a subcommand's arguments begin in what `clap_complete` writes.
const ARGUMENTS: &str = "_arguments \"${_arguments_options[@]}\" :";

impl Generator for Zsh {
    fn file_name(&self, name: &str) -> String {
        format!("_{name}")
    }

    fn generate(&self, command: &Command, to: &mut dyn std::io::Write) {
        let mut made = Vec::new();
        clap_complete::aot::Zsh.generate(command, &mut made);
        let mut text = String::from_utf8_lossy(&made).into_owned();
        for subcommand in subcommands(command).filter(|it| takes_command(it)) {
            let head = format!("({})\n{ARGUMENTS}", subcommand.get_name());
            // After the command's first word no option is ours any more.
            let bounded = head.replace(" :", " -A '-*' :");
            text = text.replacen(&head, &bounded, 1);
        }
        super::write(&text, to);
    }
}
