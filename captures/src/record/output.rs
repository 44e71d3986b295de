// SPDX-License-Identifier: GPL-2.0-or-later
//! The file that a recording goes to.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, OpenOptions};
use std::io::{self, IsTerminal, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use crate::text::{self, Reason};

/// A recording holds what only root may ask for, such as WireGuard's keys.
const MODE: u32 = 0o600;

/// How many files of one command and second are told apart.
const SAME_NAMES: u32 = 1000;

/// Why the output could not be opened.
#[derive(Debug, thiserror::Error)]
pub(super) enum OutputError {
    #[error("cannot write to {path}: {reason}")]
    Open { path: String, reason: Reason },
    #[error(
        "{0} is a terminal: a recording is no text; give a file, or a pipe as in `nlcap record -w - -- CMD | wireshark -k -i -`"
    )]
    Terminal(String),
}

/// An open output.
#[derive(Debug)]
pub(super) struct Output {
    file: File,
    /// Where it is; None for standard output.
    path: Option<PathBuf>,
    /// Whether it was made by us.
    new: bool,
}

impl Output {
    /// Opens FILE, `-` for standard output, or without one a new file named after
    /// the command and the time.
    pub(super) fn open(wanted: Option<&Path>, command: &OsStr) -> Result<Self, OutputError> {
        let output = match wanted {
            Some(path) if path == Path::new("-") => Self::stdout(),
            Some(path) => Self::overwrite(path),
            None => Self::create(&default_name(command, &now())),
        }?;
        if output.file.is_terminal() {
            return Err(OutputError::Terminal(output.shown()));
        }
        Ok(output)
    }

    fn stdout() -> Result<Self, OutputError> {
        let file =
            io::stdout()
                .as_fd()
                .try_clone_to_owned()
                .map_err(|error| OutputError::Open {
                    path: String::from("standard output"),
                    reason: Reason(error),
                })?;
        Ok(Self {
            file: file.into(),
            path: None,
            new: false,
        })
    }

    fn overwrite(path: &Path) -> Result<Self, OutputError> {
        match create_new(path) {
            Ok(file) => Ok(Self {
                file,
                path: Some(path.to_owned()),
                new: true,
            }),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                let file = OpenOptions::new().write(true).truncate(true).open(path);
                let file = file.map_err(|error| cannot_open(path, error))?;
                Ok(Self {
                    file,
                    path: Some(path.to_owned()),
                    new: false,
                })
            }
            Err(error) => Err(cannot_open(path, error)),
        }
    }

    /// Makes `stem`.pcapng, or `stem`-2.pcapng where that is there already.
    fn create(stem: &OsStr) -> Result<Self, OutputError> {
        let mut path = PathBuf::new();
        for number in 1..SAME_NAMES {
            let mut name = stem.to_owned();
            if number > 1 {
                name.push(format!("-{number}"));
            }
            name.push(".pcapng");
            path = PathBuf::from(name);
            match create_new(&path) {
                Ok(file) => {
                    return Ok(Self {
                        file,
                        path: Some(path),
                        new: true,
                    });
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(cannot_open(&path, error)),
            }
        }
        Err(cannot_open(
            &path,
            io::Error::from_raw_os_error(libc::EEXIST),
        ))
    }

    /// Its name for a message.
    pub(super) fn shown(&self) -> String {
        self.path
            .as_ref()
            .map_or_else(|| String::from("standard output"), text::escape_os)
    }

    /// Removes the file again, where it is a new one.
    pub(super) fn discard(self) {
        if let (Some(path), true) = (self.path, self.new) {
            // What stays behind is an empty recording.
            let _ = fs::remove_file(path);
        }
    }
}

impl Write for &Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        (&self.file).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        (&self.file).flush()
    }
}

fn create_new(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(MODE)
        .open(path)
}

fn cannot_open(path: &Path, error: io::Error) -> OutputError {
    OutputError::Open {
        path: text::escape_os(path),
        reason: Reason(error),
    }
}

/// The local time as in 20260102-030405.
fn now() -> String {
    jiff::Zoned::now().strftime("%Y%m%d-%H%M%S").to_string()
}

/// The command's base name and the time.
fn default_name(command: &OsStr, time: &str) -> OsString {
    let mut name = Path::new(command)
        .file_name()
        .unwrap_or(OsStr::new("nlcap"))
        .to_owned();
    name.push("-");
    name.push(time);
    name
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn the_default_name_is_the_base_name_and_the_time() {
        let name = |command: &str| default_name(OsStr::new(command), "20260102-030405");
        assert_eq!(name("ip"), "ip-20260102-030405");
        assert_eq!(name("/usr/sbin/ip"), "ip-20260102-030405");
        assert_eq!(name("./a b"), "a b-20260102-030405");
        assert_eq!(name(".."), "nlcap-20260102-030405");
        assert_eq!(name(""), "nlcap-20260102-030405");
    }

    #[test]
    fn the_time_sorts_as_text() {
        let time = now();
        assert_eq!(time.len(), "20260102-030405".len());
        assert!(
            time.bytes().all(|b| b.is_ascii_digit() || b == b'-'),
            "{time}"
        );
    }

    #[test]
    fn a_file_of_the_default_name_is_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let stem = folder.path().join("ip-20260102-030405");
        let made: Vec<_> = (0..3)
            .map(|_| Output::create(stem.as_os_str()).unwrap().path.unwrap())
            .map(|path| path.file_name().unwrap().to_owned())
            .collect();
        let expected =
            ["", "-2", "-3"].map(|n| OsString::from(format!("ip-20260102-030405{n}.pcapng")));
        assert_eq!(made, expected);
    }

    #[test]
    fn a_new_file_is_for_its_owner_alone_and_an_existing_one_is_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.pcapng");
        let output = Output::open(Some(&path), OsStr::new("ip")).unwrap();
        assert!(output.new);
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            MODE
        );
        (&output).write_all(b"old and long").unwrap();

        let output = Output::open(Some(&path), OsStr::new("ip")).unwrap();
        assert!(!output.new);
        (&output).write_all(b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");

        output.discard();
        assert!(path.exists(), "a file that was there before is not removed");
    }

    #[test]
    fn a_new_file_is_removed_when_discarded() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.pcapng");
        Output::open(Some(&path), OsStr::new("ip"))
            .unwrap()
            .discard();
        assert!(!path.exists());
    }

    #[test]
    fn a_path_that_cannot_be_opened_is_named_with_its_errno() {
        let error = Output::open(Some(Path::new("/nowhere\x1b/x")), OsStr::new("ip")).unwrap_err();
        let text = error.to_string();
        assert_eq!(
            text,
            r"cannot write to /nowhere\u{1b}/x: ENOENT: No such file or directory"
        );
    }
}
