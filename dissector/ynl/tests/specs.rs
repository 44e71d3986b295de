// SPDX-License-Identifier: GPL-2.0-or-later
//! The specifications that are ours, file by file.

use std::fs;
use std::path::Path;

use ynl::model::Family;

/// Reads all specifications in a folder and those in it; their number.
fn read(folder: &Path) -> usize {
    let mut number = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            number += read(&path);
        } else if path.extension().is_some_and(|it| it == "yaml") {
            let family = Family::load(&path).unwrap_or_else(|refusal| panic!("{refusal}"));
            assert!(
                family.oddities.is_empty(),
                "{path:?}: {:?}",
                family.oddities
            );
            number += 1;
        }
    }
    number
}

#[test]
fn every_file_is_a_specification_without_a_mistake() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("specs");
    assert!(read(&folder) > 20);
}
