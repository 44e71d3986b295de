// SPDX-License-Identifier: GPL-2.0-or-later
//! The newest kernel source of Debian unstable.
//!
//! apt does the work, confined to a folder of the cache: the machine's own
//! lists, sources and packages are neither used nor changed. The mirror is the
//! one that `debian.rs` knows.

use super::source::Release;
use crate::{
    debian::{KEYS, mirror},
    exit::Unavailable,
    paths, run, setup,
};
use anyhow::{Context, Result};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

/// How long an answer holds: the archive moves on about once a week, and each
/// version costs a kernel build.
const MAX_AGE: Duration = Duration::from_secs(7 * 24 * 60 * 60);

fn record() -> Result<PathBuf> {
    Ok(paths::cache()?.join("unstable").join("newest"))
}

/// What was found last.
pub(super) fn recorded() -> Option<Release> {
    parse_record(&fs::read_to_string(record().ok()?).ok()?)
}

fn parse_record(text: &str) -> Option<Release> {
    let mut words = text.split_whitespace();
    let (package, version) = (words.next()?.to_owned(), words.next()?.to_owned());
    Some(Release { package, version })
}

/// Asks again next time.
pub(super) fn forget() -> Result<()> {
    match fs::remove_file(record()?) {
        Err(err) if err.kind() != std::io::ErrorKind::NotFound => {
            Err(err).context("cannot remove what is known of Debian unstable")
        }
        _ => Ok(()),
    }
}

/// The newest source, asked for at most once a week. Where the archive does
/// not answer, the last answer holds on, and that is said.
pub(super) fn newest() -> Result<Release> {
    let record = record()?;
    let fresh = || {
        let age = fs::metadata(&record).ok()?.modified().ok()?.elapsed().ok();
        (age.unwrap_or_default() < MAX_AGE).then(recorded).flatten()
    };
    if let Some(release) = fresh() {
        return Ok(release);
    }
    let _lock = setup::hold_cache(&paths::cache()?)?;
    if let Some(release) = fresh() {
        return Ok(release);
    }
    match ask() {
        Ok(release) => {
            let text = format!("{} {}\n", release.package, release.version);
            fs::write(&record, text)
                .with_context(|| format!("cannot write {}", record.display()))?;
            Ok(release)
        }
        Err(err) => match recorded() {
            Some(old) => {
                eprintln!(
                    "Debian unstable does not answer ({err:#}); going on with {} {}",
                    old.package, old.version
                );
                Ok(old)
            }
            None => Err(Unavailable(format!("no source of the newest kernel: {err:#}")).into()),
        },
    }
}

fn ask() -> Result<Release> {
    let apt = Apt::new()?;
    let log = apt.dir.join("apt.log");
    run::logged(
        // Else apt takes an archive that does not answer for a warning.
        apt.command("apt-get")
            .args(["-o", "APT::Update::Error-Mode=any", "update"]),
        &log,
        "reading Debian unstable's package lists",
        0,
        |_| true,
    )?;
    // A regular expression over names; apt-cache prints one block a version.
    let text = run::output(apt.command("apt-cache").args([
        "show",
        "--no-all-versions",
        r"^linux-source-[0-9.]+$",
    ]))?;
    newest_of(&text).context("Debian unstable lists no linux-source-X.Y")
}

/// The highest `linux-source-X.Y` among blocks of a Packages index.
fn newest_of(packages: &str) -> Option<Release> {
    let number = |package: &str| {
        let version = package.strip_prefix("linux-source-")?;
        let parts = version.split('.').map(|part| part.parse::<u32>().ok());
        parts.collect::<Option<Vec<_>>>()
    };
    let field = |block: &str, name: &str| {
        let mut lines = block.lines();
        lines.find_map(|line| Some(line.strip_prefix(name)?.strip_prefix(": ")?.to_owned()))
    };
    packages
        .split("\n\n")
        .filter_map(|block| {
            let release = Release {
                package: field(block, "Package")?,
                version: field(block, "Version")?,
            };
            Some((number(&release.package)?, release))
        })
        .max_by(|(a, _), (b, _)| a.cmp(b))
        .map(|(_, release)| release)
}

/// Fetches `release` and unpacks it into a folder of its own.
pub(super) fn fetch(release: &Release) -> Result<tempfile::TempDir> {
    let apt = Apt::new()?;
    let log = apt.dir.join("apt.log");
    let dir = tempfile::Builder::new()
        .prefix("fetch-")
        .tempdir_in(&apt.dir)
        .with_context(|| format!("cannot make a folder in {}", apt.dir.display()))?;
    run::logged(
        apt.command("apt-get")
            .arg("download")
            .arg(format!("{}={}", release.package, release.version))
            .current_dir(dir.path()),
        &log,
        &format!("fetching {} {}", release.package, release.version),
        0,
        |_| true,
    )
    .map_err(|err| Unavailable(format!("no source of the newest kernel: {err:#}")))?;
    let package = fs::read_dir(dir.path())
        .and_then(|mut entries| entries.next().transpose())
        .context("cannot read the folder of the fetched package")?
        .context("apt fetched no package")?
        .path();
    run::check(
        Command::new("dpkg-deb")
            .arg("--extract")
            .arg(&package)
            .arg(dir.path()),
    )?;
    Ok(dir)
}

/// apt, with state and sources of its own.
struct Apt {
    dir: PathBuf,
}

impl Apt {
    fn new() -> Result<Self> {
        let dir = paths::cache()?.join("unstable");
        let mirror = mirror()?;
        for sub in ["lists/partial", "archives/partial"] {
            fs::create_dir_all(dir.join(sub))
                .with_context(|| format!("cannot make {}", dir.display()))?;
        }
        // No tool but apt reads it, and apt only when told to.
        let line = format!("deb [signed-by={KEYS}] {mirror} unstable main\n");
        fs::write(dir.join("sources.list"), line)
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
        set("Dir::State::Status", Path::new("/var/lib/dpkg/status"));
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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_source_is_the_highest_number_not_the_last_word() {
        let packages = "Package: linux-source-7.9\nVersion: 7.9.1-1\n\n\
                        Package: linux-source-7.10\nSource: linux\nVersion: 7.10.2-3\n\n\
                        Package: linux-source\nVersion: 8.0\n\n\
                        Package: linux-source-6.12\nVersion: 6.12.9-1\n";
        let newest = newest_of(packages).unwrap();
        assert_eq!(
            (newest.package.as_str(), newest.version.as_str()),
            ("linux-source-7.10", "7.10.2-3")
        );
        assert_eq!(newest_of("Package: linux-source\nVersion: 1\n"), None);
        assert_eq!(parse_record("linux-source-7.10 7.10.2-3\n"), Some(newest));
        assert_eq!(parse_record("linux-source-7.10"), None);
    }
}
