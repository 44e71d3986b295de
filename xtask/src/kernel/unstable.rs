// SPDX-License-Identifier: GPL-2.0-or-later
//! What Debian unstable ships: its newest kernel source, its kernel.

use super::{
    apt::{Apt, Paragraph},
    release::{Image, Release},
};
use crate::{exit::UnavailableError, lock, paths};
use anyhow::{Context, Result};
use std::{fs, path::PathBuf, time::Duration};

/// How long an answer holds: the archive moves on about once a week, and each
/// version costs a kernel build.
const MAX_AGE: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// What can be asked for.
#[derive(Clone, Copy)]
pub(super) enum Question {
    /// The newest `linux-source-X.Y`.
    Source,
    /// The kernel that `linux-image-amd64` installs.
    Image,
}

impl Question {
    fn record(self) -> Result<PathBuf> {
        let name = match self {
            Self::Source => "newest",
            Self::Image => "image",
        };
        Ok(paths::cache()?.join("unstable").join(name))
    }

    /// The last answer.
    pub(super) fn recorded(self) -> Option<Release> {
        parse_record(&fs::read_to_string(self.record().ok()?).ok()?)
    }

    /// Asks again next time.
    pub(super) fn forget(self) -> Result<()> {
        match fs::remove_file(self.record()?) {
            Err(err) if err.kind() != std::io::ErrorKind::NotFound => {
                Err(err).context("cannot remove what is known of Debian unstable")
            }
            _ => Ok(()),
        }
    }

    /// The answer, asked for at most once a week. Where the archive does not answer,
    /// the last answer holds on, and that is said.
    pub(super) fn answer(self) -> Result<Release> {
        let record = self.record()?;
        let fresh = || {
            let age = fs::metadata(&record).ok()?.modified().ok()?.elapsed().ok();
            (age.unwrap_or_default() < MAX_AGE)
                .then(|| self.recorded())
                .flatten()
        };
        if let Some(release) = fresh() {
            return Ok(release);
        }
        let _lock = lock::hold_cache()?;
        if let Some(release) = fresh() {
            return Ok(release);
        }
        match self.ask() {
            Ok(release) => {
                fs::write(&record, to_record(&release))
                    .with_context(|| format!("cannot write {}", record.display()))?;
                Ok(release)
            }
            Err(err) => match self.recorded() {
                Some(old) => {
                    eprintln!(
                        "Debian unstable does not answer ({err:#}); going on with {} {}",
                        old.package, old.version
                    );
                    Ok(old)
                }
                None => Err(UnavailableError(format!("Debian unstable: {err:#}")).into()),
            },
        }
    }

    fn ask(self) -> Result<Release> {
        let apt = Apt::new()?;
        apt.update()?;
        match self {
            Self::Source => newest_of(&apt.show(&[r"^linux-source-[0-9.]+$"])?)
                .context("Debian unstable lists no linux-source-X.Y"),
            Self::Image => image(&apt),
        }
    }
}

/// A record is a line of words: the source package, its version, and of an image the
/// kernel's own name and the tools, as `NAME=VERSION`.
fn to_record(release: &Release) -> String {
    let mut words = vec![release.package.as_str(), &release.version];
    if let Some(image) = &release.image {
        words.push(&image.name);
        words.extend(image.tools.iter().map(String::as_str));
    }
    words.join(" ") + "\n"
}

fn parse_record(text: &str) -> Option<Release> {
    let mut words = text.split_whitespace().map(str::to_owned);
    Some(Release {
        package: words.next()?,
        version: words.next()?,
        image: words.next().map(|name| Image {
            name,
            tools: words.collect(),
        }),
    })
}

/// The dotted numbers of a version, as numbers.
fn numbers(text: &str) -> Option<Vec<u32>> {
    text.split('.').map(|part| part.parse().ok()).collect()
}

/// The highest `linux-source-X.Y`.
fn newest_of(packages: &[Paragraph]) -> Option<Release> {
    packages
        .iter()
        .filter_map(|paragraph| {
            let package = paragraph.field("Package")?.to_owned();
            let number = numbers(package.strip_prefix("linux-source-")?)?;
            let release = Release {
                version: paragraph.field("Version")?.to_owned(),
                package,
                image: None,
            };
            Some((number, release))
        })
        .max_by(|(a, _), (b, _)| a.cmp(b))
        .map(|(_, release)| release)
}

fn image(apt: &Apt) -> Result<Release> {
    let meta = apt.show(&["linux-image-amd64"])?;
    let (name, version) = meta
        .first()
        .and_then(image_of)
        .context("Debian unstable's linux-image-amd64 names no image")?;
    let source = source_of(&name)
        .with_context(|| format!("Debian's kernel {name} does not name its version"))?;
    let headers = apt.show(&[&format!("linux-headers-{name}")])?;
    let gcc = headers
        .first()
        .and_then(compiler_of)
        .with_context(|| format!("the headers of Debian's kernel {name} name no compiler"))?;
    // Of what makes the Rust metadata, and the module. Their versions are in the key.
    let tools = apt.show(&[&gcc, "rustc", "bindgen"])?;
    let tools: Option<Vec<String>> = tools
        .iter()
        .map(|it| Some(format!("{}={}", it.field("Package")?, it.field("Version")?)))
        .collect();
    Ok(Release {
        package: source,
        version,
        image: Some(Image {
            name,
            tools: tools.context("Debian unstable lacks a compiler")?,
        }),
    })
}

/// The kernel's own name (`uname -r`) and the version of its packages, of what
/// `linux-image-amd64` depends on.
fn image_of(meta: &Paragraph) -> Option<(String, String)> {
    meta.field("Depends")?.split(", ").find_map(|dependency| {
        let (package, version) = dependency.split_once(" (= ")?;
        let name = package.strip_prefix("linux-image-")?;
        Some((name.to_owned(), version.strip_suffix(')')?.to_owned()))
    })
}

/// `linux-source-7.2` of `7.2.13+deb14-amd64`.
fn source_of(name: &str) -> Option<String> {
    let version = numbers(name.split(['+', '-']).next()?)?;
    let [major, minor, ..] = version[..] else {
        return None;
    };
    Some(format!("linux-source-{major}.{minor}"))
}

/// `gcc-16` of headers that depend on `gcc-16-for-host`.
fn compiler_of(headers: &Paragraph) -> Option<String> {
    let mut dependencies = headers.field("Depends")?.split(", ");
    let gcc = dependencies.find_map(|it| it.strip_suffix("-for-host"))?;
    gcc.starts_with("gcc-").then(|| gcc.to_owned())
}

#[cfg(test)]
mod tests {
    use super::{super::apt::paragraphs, *};

    #[test]
    fn the_newest_source_is_the_highest_number_not_the_last_word() {
        let packages = "Package: linux-source-7.9\nVersion: 7.9.1-1\n\n\
                        Package: linux-source-7.10\nSource: linux\nVersion: 7.10.2-3\n\n\
                        Package: linux-source\nVersion: 8.0\n\n\
                        Package: linux-source-6.12\nVersion: 6.12.9-1\n";
        let newest = newest_of(&paragraphs(packages)).unwrap();
        assert_eq!(
            (newest.package.as_str(), newest.version.as_str()),
            ("linux-source-7.10", "7.10.2-3")
        );
        let other = "Package: linux-source\nVersion: 1\n";
        assert_eq!(newest_of(&paragraphs(other)), None);
        assert_eq!(parse_record(&to_record(&newest)), Some(newest));
        assert_eq!(parse_record("linux-source-7.10"), None);
    }

    #[test]
    fn an_image_is_known_by_what_its_packages_depend_on() {
        let meta = "Package: linux-image-amd64\nVersion: 7.2.13-1\n\
                    Depends: linux-base-amd64 (= 7.2.13-1), \
                    linux-image-7.2.13+deb14-amd64 (= 7.2.13-1)\n";
        assert_eq!(
            image_of(&paragraphs(meta)[0]),
            Some(("7.2.13+deb14-amd64".into(), "7.2.13-1".into()))
        );
        assert_eq!(
            source_of("7.2.13+deb14-amd64").as_deref(),
            Some("linux-source-7.2")
        );
        assert_eq!(source_of("7.3-amd64").as_deref(), Some("linux-source-7.3"));
        assert_eq!(source_of("cloud"), None);
        let headers = "Depends: linux-base (>= 4.12~), gcc-16-for-host, linux-kbuild-7.2.13\n";
        assert_eq!(
            compiler_of(&paragraphs(headers)[0]).as_deref(),
            Some("gcc-16")
        );
        let release = Release {
            package: "linux-source-7.2".into(),
            version: "7.2.13-1".into(),
            image: Some(Image {
                name: "7.2.13+deb14-amd64".into(),
                tools: vec!["gcc-16=16.2.0-4".into(), "rustc=1.97.1+dfsg1-1".into()],
            }),
        };
        assert_eq!(parse_record(&to_record(&release)), Some(release));
    }
}
