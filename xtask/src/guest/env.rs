// SPDX-License-Identifier: GPL-2.0-or-later
//! The command's environment: the caller's, without what cargo and rustup put
//! into it to run this program.

use std::{
    env,
    ffi::{OsStr, OsString},
    path::{Path, PathBuf},
};

/// Variables as the system has them.
type Vars = Vec<(OsString, OsString)>;

/// What `cargo run` sets for the program that it runs, and rustup for cargo.
/// <https://doc.rust-lang.org/cargo/reference/environment-variables.html>
const ADDED: &[&str] = &[
    "CARGO",
    "CARGO_BIN_NAME",
    "CARGO_CRATE_NAME",
    "CARGO_MAKEFLAGS",
    "CARGO_MANIFEST_DIR",
    "CARGO_MANIFEST_LINKS",
    "CARGO_MANIFEST_PATH",
    "CARGO_PRIMARY_PACKAGE",
    "OUT_DIR",
    "RUST_RECURSION_COUNT",
    "RUSTUP_TOOLCHAIN",
    "RUSTUP_TOOLCHAIN_SOURCE",
];

/// Folders that rustup names in the environment, even where the caller did not:
/// the variable, and its default below the home.
const HOMES: &[(&str, &str)] = &[("CARGO_HOME", ".cargo"), ("RUSTUP_HOME", ".rustup")];

/// The loader's search path, to which cargo adds its own folders.
const LIBRARIES: &str = "LD_LIBRARY_PATH";

/// The environment for the command: `vars` without the tools' additions, PATH
/// with `release` in front and the folders of `ip` and `insmod` at the end.
/// `target` is the target folder.
///
/// rustup adds its own folder to PATH where it was not in it. That cannot be
/// distinguished from the caller's own, and stays.
pub(super) fn of_command(vars: Vars, target: &Path, release: &Path) -> Vars {
    let value = |name: &str| vars.iter().find(|(key, _)| key == name).map(|(_, v)| v);
    let home = value("HOME").map(PathBuf::from);
    // CARGO is the program: SYSROOT/bin/cargo.
    let sysroot = value("CARGO").and_then(|cargo| Path::new(cargo).parent()?.parent());
    let is_default = |name: &OsStr, value: &OsStr| {
        HOMES.iter().any(|(key, below)| {
            name == *key
                && home
                    .as_ref()
                    .is_some_and(|home| home.join(below) == Path::new(value))
        })
    };
    let mut kept: Vars = Vec::new();
    for (name, value) in &vars {
        let text = name.to_string_lossy();
        if ADDED.contains(&text.as_ref())
            || text.starts_with("CARGO_PKG_")
            || is_default(name, value)
            || name == "PATH"
        {
            continue;
        }
        if name == LIBRARIES {
            let own = env::split_paths(value).filter(|dir| {
                let of_sysroot = sysroot.is_some_and(|root| {
                    *dir == root.join("lib") || dir.starts_with(root.join("lib/rustlib"))
                });
                !(dir.starts_with(target) || of_sysroot)
            });
            match env::join_paths(own) {
                Ok(own) if !own.is_empty() => kept.push((name.clone(), own)),
                _ => {}
            }
            continue;
        }
        kept.push((name.clone(), value.clone()));
    }
    kept.push(("PATH".into(), path(value("PATH"), release)));
    kept
}

fn path(old: Option<&OsString>, release: &Path) -> OsString {
    let mut dirs = vec![release.to_owned()];
    dirs.extend(old.into_iter().flat_map(env::split_paths));
    for sbin in ["/usr/sbin", "/sbin"].map(PathBuf::from) {
        if !dirs.contains(&sbin) {
            dirs.push(sbin);
        }
    }
    // A folder with a colon in its name cannot be said in a PATH.
    dirs.retain(|dir| !dir.as_os_str().as_encoded_bytes().contains(&b':'));
    env::join_paths(dirs).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(vars: &[(&str, &str)]) -> Vec<(String, String)> {
        let vars = vars.iter().map(|(k, v)| (k.into(), v.into())).collect();
        of_command(vars, Path::new("/t"), Path::new("/t/release"))
            .into_iter()
            .map(|(k, v)| (k.into_string().unwrap(), v.into_string().unwrap()))
            .collect()
    }

    #[test]
    fn what_cargo_and_rustup_added_is_gone_and_the_callers_own_stays() {
        let got = of(&[
            ("HOME", "/home/a"),
            ("CARGO", "/home/a/.rustup/toolchains/x/bin/cargo"),
            ("CARGO_PKG_VERSION", "1"),
            ("CARGO_MANIFEST_DIR", "/src"),
            ("RUSTUP_TOOLCHAIN", "x"),
            ("CARGO_HOME", "/home/a/.cargo"),
            ("RUSTUP_HOME", "/elsewhere"),
            ("CARGO_TERM_COLOR", "never"),
            ("CARGO_TARGET_DIR", "/t"),
            ("LANG", "C"),
            ("PATH", "/bin"),
        ]);
        let want = [
            ("HOME", "/home/a"),
            ("RUSTUP_HOME", "/elsewhere"),
            ("CARGO_TERM_COLOR", "never"),
            ("CARGO_TARGET_DIR", "/t"),
            ("LANG", "C"),
            ("PATH", "/t/release:/bin:/usr/sbin:/sbin"),
        ];
        assert_eq!(got, want.map(|(k, v)| (k.to_owned(), v.to_owned())));
    }

    #[test]
    fn the_loaders_path_keeps_what_is_not_cargos() {
        let cargo = ("CARGO", "/r/bin/cargo");
        let got = of(&[
            cargo,
            (
                LIBRARIES,
                "/t/debug/deps:/r/lib/rustlib/x/lib:/r/lib:/mine:/r/library",
            ),
            ("PATH", "/sbin:/usr/sbin"),
        ]);
        assert_eq!(
            got[0],
            (LIBRARIES.to_owned(), "/mine:/r/library".to_owned())
        );
        assert_eq!(got[1].1, "/t/release:/sbin:/usr/sbin");
        let got = of(&[cargo, (LIBRARIES, "/t/debug")]);
        assert!(got.iter().all(|(name, _)| name != LIBRARIES), "{got:?}");
    }
}
