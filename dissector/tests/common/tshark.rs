// SPDX-License-Identifier: GPL-2.0-or-later
//! The real tshark: the machine's, or that of the Debian in the folder that
//! `NL_UTIL_WIRESHARK` names (`cargo xtask test --full` does).

use std::{
    collections::{BTreeMap, BTreeSet},
    env, fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
    sync::LazyLock,
};

/// The checkout.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_owned()
}

fn debian() -> Option<PathBuf> {
    env::var_os("NL_UTIL_WIRESHARK").map(PathBuf::from)
}

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|it| std::os::unix::fs::MetadataExt::uid(&it) == 0)
}

/// The version in two numbers, `4.0`.
pub(crate) static VERSION: LazyLock<String> = LazyLock::new(|| {
    let text = Call::new().run(&["--version"]);
    let number = text
        .split(' ')
        .find(|it| it.starts_with(|c: char| c.is_ascii_digit()));
    let number = number.unwrap_or_else(|| panic!("no version: {text}"));
    number.split('.').take(2).collect::<Vec<_>>().join(".")
});

/// One run: a folder with the files that tshark is given, in which it is at home.
pub(crate) struct Call {
    folder: tempfile::TempDir,
    /// The folder's name as tshark sees it.
    inside: PathBuf,
}

impl Call {
    pub(crate) fn new() -> Self {
        let (folder, inside) = match debian() {
            None => {
                let folder = tempfile::tempdir().unwrap();
                let inside = folder.path().to_owned();
                (folder, inside)
            }
            Some(debian) => {
                let folder = tempfile::tempdir_in(debian.join("tmp")).unwrap();
                let inside = Path::new("/tmp").join(folder.path().file_name().unwrap());
                (folder, inside)
            }
        };
        // Another user's tshark looks into it, and writes its settings there.
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
        Self { folder, inside }
    }

    /// Where a copy of `file` lies for tshark.
    pub(crate) fn give(&self, file: &Path) -> PathBuf {
        if debian().is_none() {
            return file.to_owned();
        }
        let name = file.file_name().unwrap();
        let copy = self.folder.path().join(name);
        fs::copy(file, &copy).unwrap();
        fs::set_permissions(&copy, fs::Permissions::from_mode(0o644)).unwrap();
        self.inside.join(name)
    }

    /// From 4.4 on Wireshark loads no Lua as root, so its programs run as nobody.
    fn command(&self) -> Command {
        let mut command = match debian() {
            None => Command::new("tshark"),
            Some(debian) if is_root() => {
                let mut command = Command::new("chroot");
                command.args(["--userspec=65534:65534", "--groups="]);
                command.arg(debian).arg("/usr/bin/tshark");
                command
            }
            Some(debian) => {
                let mut command = Command::new("unshare");
                command.arg("--map-current-user");
                command
                    .arg(format!("--root={}", debian.display()))
                    .arg("/usr/bin/tshark");
                command
            }
        };
        // Without the caller's own settings.
        command
            .env("HOME", &self.inside)
            .env_remove("XDG_CONFIG_HOME");
        command
    }

    /// What tshark prints; it must succeed, and Lua must not complain.
    pub(crate) fn run<S: AsRef<std::ffi::OsStr>>(&self, args: &[S]) -> String {
        let out = self.command().args(args).output();
        let out = out.expect("tshark runs (`cargo xtask setup` installs it)");
        let error = String::from_utf8_lossy(&out.stderr);
        assert!(out.status.success() && !error.contains("Lua"), "{error}");
        // What a damaged file calls a text may be none.
        String::from_utf8_lossy(&out.stdout).into_owned()
    }
}

/// tshark with nl_util's plugin.
pub(crate) fn tshark(file: &Path, args: &[&str]) -> String {
    tshark_with(&[root().join("dissector/nl_util.lua")], file, args)
}

/// tshark with plugins.
pub(crate) fn tshark_with<P: AsRef<Path>>(plugins: &[P], file: &Path, args: &[&str]) -> String {
    let call = Call::new();
    let mut all = vec!["-n".to_owned()];
    for plugin in plugins {
        let script = call.give(plugin.as_ref());
        all.extend(["-X".to_owned(), format!("lua_script:{}", script.display())]);
    }
    all.extend(["-r".to_owned(), call.give(file).display().to_string()]);
    all.extend(args.iter().map(|it| (*it).to_owned()));
    call.run(&all)
}

/// In which frames each name stands in the tree.
pub(crate) fn frames_by_name<P: AsRef<Path>>(
    plugins: &[P],
    file: &Path,
) -> BTreeMap<String, BTreeSet<u32>> {
    let pdml = tshark_with(plugins, file, &["-T", "pdml"]);
    let mut frames = BTreeMap::<String, BTreeSet<u32>>::new();
    let mut number = 0;
    for line in pdml.lines() {
        if line.trim() == "<packet>" {
            number += 1;
        }
        let name = line
            .split_once(" name=\"")
            .and_then(|(_, it)| it.split_once('"'));
        if let Some((name, _)) = name {
            frames.entry(name.to_owned()).or_default().insert(number);
        }
    }
    frames
}

/// The frames that a filter finds in summary mode, where nobody looks at a tree.
pub(crate) fn found<P: AsRef<Path>>(plugins: &[P], file: &Path, filter: &str) -> BTreeSet<u32> {
    let column = "gui.column.format:\"No.\",\"%m\"";
    let text = tshark_with(plugins, file, &["-Y", filter, "-o", column]);
    text.lines().map(|it| it.trim().parse().unwrap()).collect()
}

/// Compares a text with its golden file. `BLESS=1` (`cargo xtask test --bless`) writes
/// it anew. Where a Wireshark shows something else than 4.0 does, the file lies in a
/// folder of the version's name.
pub(crate) fn compare(name: &str, text: &str) {
    let golden = root().join("dissector/tests/golden");
    let base = golden.join(format!("{name}.txt"));
    let own = golden.join(&*VERSION).join(format!("{name}.txt"));
    if env::var_os("BLESS").is_some() {
        let is_same = || fs::read_to_string(&base).is_ok_and(|it| it == text);
        if debian().is_none() {
            fs::create_dir_all(&golden).unwrap();
            return fs::write(base, text).unwrap();
        }
        if is_same() {
            let _ = fs::remove_file(own);
            return;
        }
        fs::create_dir_all(own.parent().unwrap()).unwrap();
        return fs::write(own, text).unwrap();
    }
    let file = if own.exists() { own } else { base };
    let expected = fs::read_to_string(&file).unwrap_or_else(|err| {
        panic!(
            "{}: {err}; `cargo xtask test --bless` makes it",
            file.display()
        )
    });
    let differs = expected
        .lines()
        .zip(text.lines())
        .position(|(old, new)| old != new);
    assert!(
        expected == text,
        "{name}: line {} differs; `cargo xtask test --bless`, then read the diff\n{text}",
        differs.unwrap_or(expected.lines().count()) + 1
    );
}
