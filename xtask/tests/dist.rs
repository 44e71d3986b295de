// SPDX-License-Identifier: GPL-2.0-or-later
//! The files of `cargo xtask dist`, in folders with less than any distribution has.

mod common;

use common::{
    roots::{Root, dist, file},
    sh, text,
};
use std::{fs, process::Command};

const SAMPLE: &str = "captures/samples/nl_user-show-99.pcapng";

/// What `nlcap show` says of the sample.
fn expected() -> String {
    let golden = sh(&format!(
        "TZ=UTC {} show {}",
        built("nlcap").display(),
        common::root().join(SAMPLE).display()
    ));
    assert!(
        golden.contains("no such interface in this network namespace"),
        "{golden}"
    );
    golden
}

/// A program of this checkout, from where it is built.
fn built(name: &str) -> std::path::PathBuf {
    let own = std::env::current_exe().unwrap();
    let target = own.ancestors().find(|it| it.ends_with("debug")).unwrap();
    target.with_file_name("release").join(name)
}

/// A root with the tarball's files in it as in /usr/local, or in `/` itself.
fn unpacked(below: &str) -> Root {
    let root = Root::empty();
    let place = root.path().join(below);
    fs::create_dir_all(&place).unwrap();
    let tarball = file("nl-util-", "x86_64-linux.tar.xz");
    sh(&format!(
        "tar -xJf {} --strip-components=1 -C {}",
        tarball.display(),
        place.display()
    ));
    fs::copy(common::root().join(SAMPLE), root.path().join("sample")).unwrap();
    root
}

#[test]
fn the_sums_are_those_of_the_files() {
    let said = sh(&format!(
        "cd {} && sha256sum -c SHA256SUMS",
        dist().display()
    ));
    assert_eq!(said.lines().count(), 3, "{said}");
    assert!(said.lines().all(|line| line.ends_with(": OK")), "{said}");
}

#[test]
fn the_tarball_runs_in_an_empty_root() {
    let root = unpacked("");
    let out = root.run(&["/bin/nlcap", "show", "/sample"]);
    assert!(out.status.success(), "{}", text(&out.stderr));
    assert_eq!(text(&out.stdout), expected());
    let out = root.run(&["/bin/nlcap", "report", "/sample"]);
    assert!(
        text(&out.stdout).contains("nl_user"),
        "{}",
        text(&out.stderr)
    );
    // Without /proc: the kernel is asked alone.
    let out = root.run(&["/bin/nlcap", "families"]);
    assert!(
        text(&out.stdout).contains("nlctrl"),
        "{}",
        text(&out.stderr)
    );
    let out = root.run(&["/bin/nl_user", "--version"]);
    assert!(
        text(&out.stdout).starts_with("nl_user "),
        "{}",
        text(&out.stderr)
    );
}

/// As Alpine is: busybox, and no dynamic linker of GNU.
#[test]
fn the_tarball_is_installed_used_and_removed_where_there_is_no_glibc() {
    let root = unpacked("usr/local");
    let place = root.path();
    sh(&format!(
        "cd {} && mkdir bin tmp && cp /bin/busybox bin && ln -s busybox bin/sh",
        place.display()
    ));
    let linkers = ["lib", "lib64"].map(|it| place.join(it).exists());
    assert_eq!(linkers, [false, false]);
    root.sh("/bin/busybox --install -s /bin");
    assert_eq!(root.sh("nlcap show /sample"), expected());
    assert!(root.sh("nlcap completions bash").contains("complete -o"));
    assert!(root.sh("nlcap man show").contains(".SH NAME"));
    if root.may_trace() {
        let said = root.sh("nlcap trace --tap syscalls -- nlcap families 2>&1");
        assert!(said.contains("> nlctrl getfamily dump"), "{said}");
        let said = root.sh("nlcap record --tap syscalls -w /tmp/x -- nlcap families 2>&1");
        assert!(said.contains(" 0 lost"), "{said}");
        assert!(
            root.sh("nlcap show /tmp/x")
                .contains("< nlctrl getfamily done")
        );
    }
    // As the README of the tarball has it.
    let readme = root.sh("cat /usr/local/share/doc/nl-util/README");
    let remove = readme.lines().find(|line| line.contains("xargs rm"));
    let tarball = file("nl-util-", "x86_64-linux.tar.xz");
    let name = tarball.file_name().unwrap().to_str().unwrap();
    fs::copy(&tarball, place.join(name)).unwrap();
    let remove = remove.unwrap().trim().replace("~/.local", "/usr/local");
    assert!(remove.contains(name), "{remove}");
    root.sh(&remove);
    assert_eq!(root.sh("find /usr/local -type f"), "");
}

#[test]
fn lintian_finds_nothing_but_what_is_named() {
    let package = file("nl-util_", "_amd64.deb");
    let out = Command::new("lintian")
        .args(["--allow-root", "--fail-on=error,warning"])
        .arg(&package)
        .output()
        .expect("lintian runs");
    let said = text(&out.stdout);
    assert!(
        out.status.success() && said.is_empty(),
        "{said}{}",
        text(&out.stderr)
    );
}

/// As docs/install.md has it, but without a network and without optimization.
#[test]
fn cargo_installs_the_programs_from_the_source_without_a_network_kernel_or_lua() {
    let dir = tempfile::tempdir().unwrap();
    let place = dir.path().display();
    let source = file("nl-util-", "-source.tar.xz");
    let said = sh(&format!(
        "tar -xJf {} --strip-components=1 -C {place}
         cd {place}
         export CARGO_HOME={place}/home CARGO_TARGET_DIR={place}/target
         unset RUSTFLAGS
         for package in captures cli; do
             cargo install --quiet --debug --offline --locked --path $package --root {place}/to
         done
         to/bin/nlcap --version
         to/bin/nl_user --version
         cargo tree --offline --locked --prefix none -p nlcap -p nl_user",
        source.display()
    ));
    assert!(
        said.contains("nlcap ") && said.contains("nl_user "),
        "{said}"
    );
    for package in ["mlua", "xtask", "bindgen"] {
        let uses = said.lines().any(|line| line.starts_with(package));
        assert!(!uses, "{package}: {said}");
    }
}
