// SPDX-License-Identifier: GPL-2.0-or-later
//! Which file a recording goes to, and opening it.

use std::ffi::{OsStr, OsString};
use std::fs::{File, OpenOptions};
use std::io::{self, IsTerminal};
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt, fchown};
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::errno::Errno;
use nix::unistd::geteuid;

use super::outlet::Outlet;
use super::signals::{ReceivedSignal, Signals};
use crate::terminal::text::{self, Reason};

/// A recording holds what only root may ask for, such as WireGuard's keys.
const MODE: u32 = 0o600;

/// S_IROTH of inode(7).
const OTHERS_READ: u32 = 0o004;

/// How many files of one command and second get names of their own.
const SAME_NAMES: u32 = 1000;

/// How often a FIFO is looked at for a reader.
const LOOK: Duration = Duration::from_millis(50);

/// Why the output could not be opened.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OutputError {
    #[error("cannot write to {path}: {reason}")]
    Open { path: String, reason: Reason },
    #[error(
        "{0} is a terminal and a recording is binary: write to a file, or to a pipe as in `nlcap record -w - -- CMD | wireshark -k -i -`"
    )]
    Terminal(String),
}

/// The output, or what came before it was open.
pub(crate) enum Opening {
    Output(Outlet),
    /// A signal that asks to come to an end.
    Signal(ReceivedSignal),
}

/// Opens FILE, `-` for standard output, or without one a new file named after the
/// command and the time. Waits for a FIFO's reader.
pub(crate) fn open(
    wanted: Option<&Path>,
    command: &OsStr,
    signals: &mut Signals,
) -> Result<Opening, OutputError> {
    let outlet = match wanted {
        Some(path) if path == Path::new("-") => stdout(),
        Some(path) => loop {
            match overwrite(path) {
                // A FIFO that nobody has opened for reading.
                Err(OutputError::Open { reason, .. })
                    if reason.0.raw_os_error() == Some(libc::ENXIO) && is_fifo(path) =>
                {
                    signals.wait(LOOK);
                    if let Some(received) = signals.pending().find(|it| it.is_ending()) {
                        return Ok(Opening::Signal(received));
                    }
                }
                done => break done,
            }
        },
        None => create(&default_name(command, &now())),
    }?;
    Ok(Opening::Output(outlet))
}

/// Opens FILE for text: a terminal will do.
pub(crate) fn open_text(path: &Path) -> Result<Outlet, OutputError> {
    let (file, new) = open_file(path);
    file.and_then(|file| Outlet::named(file, path.to_owned(), new))
        .map_err(cannot_open(text::escape_os(path)))
}

fn cannot_open(path: String) -> impl FnOnce(io::Error) -> OutputError {
    |error| OutputError::Open {
        path,
        reason: Reason(error),
    }
}

fn stdout() -> Result<Outlet, OutputError> {
    let shown = "standard output";
    if io::stdout().is_terminal() {
        return Err(OutputError::Terminal(shown.to_owned()));
    }
    Outlet::stdout().map_err(cannot_open(shown.to_owned()))
}

fn overwrite(path: &Path) -> Result<Outlet, OutputError> {
    let (file, new) = open_file(path);
    outlet(path, file, new)
}

/// Makes a file, or opens what is there as a shell's `>` does; whether it is new.
fn open_file(path: &Path) -> (io::Result<File>, bool) {
    match create_new(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            // With O_CREAT the kernel refuses what others have put into a folder for all
            // (fs.protected_regular and fs.protected_fifos, see proc_sys_fs(5)).
            let file = options().create(true).open(path);
            if let Ok(file) = &file {
                say_who_reads(path, file);
            }
            (file, false)
        }
        made => (made, true),
    }
}

/// Says who else can read what was there before.
fn say_who_reads(path: &Path, file: &File) {
    let Ok(about) = file.metadata() else {
        return;
    };
    let (kind, user, mode) = (about.file_type(), about.uid(), about.mode() & 0o7777);
    let ours = [
        Some(geteuid().as_raw()),
        sudo_caller().map(|(user, _)| user),
    ];
    // Root reads everything.
    let is_anothers = user != 0 && !ours.contains(&Some(user));
    let path = text::escape_os(path);
    if (kind.is_file() || kind.is_fifo()) && is_anothers {
        text::say(&format_args!(
            "{path} belongs to user {user}, who can read what is written to it"
        ));
    } else if kind.is_file() && mode & OTHERS_READ != 0 {
        text::say(&format_args!(
            "{path} can be read by all users (mode {mode:o}): recordings may contain secrets"
        ));
    }
}

/// Makes `stem`.pcapng, or `stem`-2.pcapng where that is there already.
fn create(stem: &OsStr) -> Result<Outlet, OutputError> {
    let mut path = PathBuf::new();
    for number in 1..SAME_NAMES {
        let mut name = stem.to_owned();
        if number > 1 {
            name.push(format!("-{number}"));
        }
        name.push(".pcapng");
        path = PathBuf::from(name);
        match create_new(&path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            made => return outlet(&path, made, true),
        }
    }
    outlet(&path, Err(Errno::EEXIST.into()), true)
}

fn outlet(path: &Path, file: io::Result<File>, new: bool) -> Result<Outlet, OutputError> {
    let shown = text::escape_os(path);
    if file.as_ref().is_ok_and(File::is_terminal) {
        return Err(OutputError::Terminal(shown));
    }
    file.and_then(|file| Outlet::named(file, path.to_owned(), new))
        .map_err(cannot_open(shown))
}

/// O_NONBLOCK for FIFOs: it means nothing for a file.
fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options
        .write(true)
        .mode(MODE)
        .custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY);
    options
}

/// Makes a file, which under sudo(8) is not root's but that of who called it.
fn create_new(path: &Path) -> io::Result<File> {
    let file = options().create_new(true).open(path)?;
    if let Some((user, group)) = sudo_caller()
        && let Err(error) = fchown(&file, Some(user), Some(group))
    {
        let path = text::escape_os(path);
        let reason = Reason(error);
        text::say(&format_args!(
            "cannot change the owner of {path} to user {user}: {reason}: it stays owned by root"
        ));
    }
    Ok(file)
}

/// The numbers of user and group that sudo(8) hands to root.
fn sudo_caller() -> Option<(u32, u32)> {
    let number = |name| std::env::var(name).ok()?.parse().ok();
    let caller = (number("SUDO_UID")?, number("SUDO_GID")?);
    geteuid().is_root().then_some(caller)
}

fn is_fifo(path: &Path) -> bool {
    path.metadata()
        .is_ok_and(|about| about.file_type().is_fifo())
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
    use std::fs;
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
        let made: Vec<_> = (0..3).map(|_| create(stem.as_os_str()).unwrap()).collect();
        let names: Vec<_> = made.iter().map(Outlet::shown).collect();
        let expected = ["", "-2", "-3"].map(|n| format!("{}{n}.pcapng", stem.display()));
        assert_eq!(names, expected);
    }

    #[test]
    fn a_new_file_is_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.pcapng");
        let outlet = overwrite(&path).unwrap();
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, MODE);
        drop(outlet);
        assert!(!path.exists(), "it never began");
    }

    #[test]
    fn a_path_that_cannot_be_opened_is_named_with_its_errno() {
        let error = overwrite(Path::new("/nowhere\x1b/x")).unwrap_err();
        let text = error.to_string();
        assert_eq!(
            text,
            r"cannot write to /nowhere\u{1b}/x: ENOENT: No such file or directory"
        );
    }
}
