// SPDX-License-Identifier: GPL-2.0-or-later
//! Examples of the documents are run, each in a folder that goes with it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::{env, fs};

use super::examples::{Example, Kind, constant_part};

/// The checkout.
pub(crate) const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// The documents of the project, by their paths in it.
pub(crate) fn documents() -> Vec<String> {
    let mut all = vec!["README.md".to_owned(), "kmod/README.md".to_owned()];
    for entry in fs::read_dir(Path::new(ROOT).join("docs")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if name.ends_with(".md") {
            all.push(format!("docs/{name}"));
        }
    }
    all.sort();
    all
}

/// Where examples are run: what they write is gone with it.
pub(crate) struct Place {
    dir: tempfile::TempDir,
    path: std::ffi::OsString,
}

impl Place {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        for entry in fs::read_dir(ROOT).unwrap() {
            let entry = entry.unwrap();
            let link = dir.path().join(entry.file_name());
            std::os::unix::fs::symlink(entry.path(), link).unwrap();
        }
        let nlcap = Path::new(env!("CARGO_BIN_EXE_nlcap")).parent().unwrap();
        let path = env::var_os("PATH").unwrap();
        let path = [PathBuf::from(nlcap)]
            .into_iter()
            .chain(env::split_paths(&path));
        Self {
            path: env::join_paths(path).unwrap(),
            dir,
        }
    }

    fn run(&self, example: &Example) -> Output {
        // Both streams as a terminal shows them.
        let streams = match example.kind {
            Kind::Varies => " 2>&1",
            _ => "",
        };
        let script = format!("{{ {}\n}}{streams}", example.command);
        let mut command = Command::new("sh");
        command.args(["-c", &script]).env("PATH", &self.path);
        // Specifications and plugins of this machine have no part in it.
        command
            .current_dir(&self.dir)
            .env("HOME", self.dir.path())
            .env("TZ", "UTC")
            .env_remove("NLCAP_SPECS")
            .output()
            .unwrap()
    }

    /// Runs an example, whose output has to be what its document shows.
    pub(crate) fn check(&self, example: &Example, at: &str) {
        let output = self.run(example);
        let said = String::from_utf8_lossy(&output.stderr);
        let shown = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{at}: {said}{shown}");
        if example.output.is_empty() {
            return;
        }
        match example.kind {
            Kind::Varies => assert_eq!(
                constant_part(&shown),
                constant_part(&example.output),
                "{at}: {shown}"
            ),
            _ => assert_eq!(shown, example.output, "{at}: {said}"),
        }
    }
}
