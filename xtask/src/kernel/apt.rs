// SPDX-License-Identifier: GPL-2.0-or-later
//! apt for Debian unstable, confined to a folder of the cache: the machine's own
//! lists, sources and packages are neither used nor changed. The mirror is the one that
//! `debian.rs` knows.

use crate::{
    debian::{KEYS, mirror},
    exit::UnavailableError,
    paths, run,
};
use anyhow::{Context, Result, bail};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// apt, with state and sources of its own.
pub(super) struct Apt {
    dir: PathBuf,
}

impl Apt {
    pub(super) fn new() -> Result<Self> {
        let dir = paths::cache()?.join("unstable");
        let mirror = mirror()?;
        for sub in ["lists/partial", "archives/partial"] {
            fs::create_dir_all(dir.join(sub))
                .with_context(|| format!("cannot make {}", dir.display()))?;
        }
        // No tool but apt reads it, and apt only with these options. The status is that of a
        // machine without packages: what apt resolves depends on this one in nothing.
        let line = format!("deb [signed-by={KEYS}] {mirror} unstable main\n");
        fs::write(dir.join("sources.list"), line)
            .and_then(|()| fs::write(dir.join("status"), ""))
            .with_context(|| format!("cannot write into {}", dir.display()))?;
        Ok(Self { dir })
    }

    fn command(&self, program: &str) -> Command {
        let mut cmd = Command::new(program);
        let mut set = |name: &str, value: &Path| {
            cmd.arg("-o").arg(format!("{name}={}", value.display()));
        };
        set("Dir::Etc::SourceList", &self.dir.join("sources.list"));
        set("Dir::Etc::SourceParts", Path::new("-"));
        set("Dir::State", &self.dir);
        set("Dir::State::Lists", &self.dir.join("lists"));
        set("Dir::State::Status", &self.dir.join("status"));
        set("Dir::Cache", &self.dir);
        // A mirror may be a copy whose date has passed; what it says is signed.
        set("Acquire::Check-Valid-Until", Path::new("false"));
        set("Acquire::Languages", Path::new("none"));
        set("Acquire::Retries", Path::new("2"));
        set("Acquire::http::Timeout", Path::new("30"));
        // The cache may be where apt's own user cannot look.
        set("APT::Sandbox::User", Path::new("root"));
        cmd.env("LC_ALL", "C");
        cmd
    }

    fn logged(&self, cmd: &mut Command, title: &str) -> Result<()> {
        run::logged(cmd, &self.dir.join("apt.log"), title, 0, |_| true)
    }

    /// Reads the archive's package lists.
    pub(super) fn update(&self) -> Result<()> {
        let mut cmd = self.command("apt-get");
        // Else apt takes an archive that does not answer for a warning.
        cmd.args(["-o", "APT::Update::Error-Mode=any", "update"]);
        self.logged(&mut cmd, "reading Debian unstable's package lists")
    }

    /// What the lists say of packages: names, or a regular expression over names.
    pub(super) fn show(&self, packages: &[&str]) -> Result<Vec<Paragraph>> {
        let mut cmd = self.command("apt-cache");
        let text = run::output(cmd.args(["show", "--no-all-versions"]).args(packages))?;
        Ok(paragraphs(&text))
    }

    /// Fetches these packages, as `NAME=VERSION`, and unpacks them into a folder that
    /// goes with what is returned.
    pub(super) fn fetch(&self, packages: &[String]) -> Result<tempfile::TempDir> {
        let dir = self.folder()?;
        let mut cmd = self.command("apt-get");
        cmd.arg("download").args(packages).current_dir(dir.path());
        self.logged(&mut cmd, &format!("fetching {}", packages.join(", ")))
            .map_err(unavailable)?;
        self.extract(dir.path(), dir.path())?;
        Ok(dir)
    }

    /// Fetches these packages and all that they depend on, and unpacks them into `to`.
    pub(super) fn populate(&self, packages: &[String], to: &Path) -> Result<()> {
        let dir = self.folder()?;
        fs::create_dir(dir.path().join("partial")).context("cannot make a folder")?;
        let mut cmd = self.command("apt-get");
        cmd.arg("-o")
            .arg(format!("Dir::Cache::Archives={}", dir.path().display()))
            // Nothing is installed, so that nobody has to wait for dpkg's lock.
            .args(["-o", "Debug::NoLocking=1", "-o", "APT::Architecture=amd64"])
            .args(["--yes", "--download-only", "--no-install-recommends"])
            .arg("install")
            .args(packages);
        self.logged(&mut cmd, "fetching the tools of Debian unstable")
            .map_err(unavailable)?;
        self.extract(dir.path(), to)
    }

    /// Unpacks the packages that lie in `from` into `to`, and removes them.
    fn extract(&self, from: &Path, to: &Path) -> Result<()> {
        const SCRIPT: &str = r#"to=$1; shift
            for package; do echo "$package"; dpkg-deb --extract "$package" "$to"; rm "$package"; done"#;
        let mut packages = Vec::new();
        for entry in fs::read_dir(from).context("cannot read the folder of fetched packages")? {
            let path = entry.context("cannot read a folder")?.path();
            if path.extension().is_some_and(|it| it == "deb") {
                packages.push(path);
            }
        }
        if packages.is_empty() {
            bail!("apt fetched no package");
        }
        let mut cmd = Command::new("sh");
        cmd.args(["-euc", SCRIPT, "sh"]).arg(to).args(&packages);
        let (title, log) = (
            format!("unpacking {} packages", packages.len()),
            self.dir.join("apt.log"),
        );
        run::logged(&mut cmd, &log, &title, packages.len() as u64, |_| true)
    }

    fn folder(&self) -> Result<tempfile::TempDir> {
        tempfile::Builder::new()
            .prefix("fetch-")
            .tempdir_in(&self.dir)
            .with_context(|| format!("cannot make a folder in {}", self.dir.display()))
    }
}

fn unavailable(err: anyhow::Error) -> anyhow::Error {
    let again = "(has the archive moved on? `cargo xtask setup --kernel NAME` asks anew)";
    UnavailableError(format!("Debian unstable does not have it {again}: {err:#}")).into()
}

/// A package as the archive's index has it.
#[derive(Debug)]
pub(super) struct Paragraph(String);

impl Paragraph {
    /// A field of one line.
    pub(super) fn field(&self, name: &str) -> Option<&str> {
        let mut lines = self.0.lines();
        lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }
}

/// The paragraphs of a Packages index.
pub(super) fn paragraphs(text: &str) -> Vec<Paragraph> {
    text.split("\n\n")
        .map(|text| Paragraph(text.to_owned()))
        .collect()
}
