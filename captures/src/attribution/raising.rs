// SPDX-License-Identifier: GPL-2.0-or-later
//! Programs whose files give them a privilege that their caller has not.

use std::ffi::{CStr, OsStr};
use std::fmt;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::sys::memory::Memory;
use crate::sys::process::has_attribute;
use crate::sys::seccomp::Call;
use crate::terminal::text;

/// File capabilities, capabilities(7).
const CAPABILITIES: &CStr = c"security.capability";

/// The longest path that is read, as of PATH_MAX.
const LONGEST: usize = 4096;

/// What is read of a path at once: no more than is in its page.
const PIECE: usize = 256;

/// The program that the call, execve(2) or execveat(2), is about to run, where its file
/// would give it more privilege than its caller has.
pub(super) fn program(memory: Memory, call: &Call) -> Option<PathBuf> {
    let root = PathBuf::from(format!("/proc/{}", memory.tid()));
    let (folder, at) = match i64::from(call.number) {
        libc::SYS_execveat if call.arguments[0] as i32 != libc::AT_FDCWD => {
            let fd = call.arguments[0] as i32;
            (root.join("fd").join(fd.to_string()), call.arguments[1])
        }
        libc::SYS_execveat => (root.join("cwd"), call.arguments[1]),
        _ => (root.join("cwd"), call.arguments[0]),
    };
    let name = path(memory, at)?;
    let proc_path = match name.strip_prefix("/") {
        Ok(below) => root.join("root").join(below),
        Err(_) if name.as_os_str().is_empty() => folder,
        Err(_) => folder.join(&name),
    };
    raises(&proc_path, &root).then_some(name)
}

/// Whether a program's file would give it more privilege than a process has, whose folder in
/// /proc is `process`.
pub(crate) fn raises(program: &Path, process: &Path) -> bool {
    let (Ok(file), Ok(process)) = (fs::metadata(program), fs::metadata(process)) else {
        return false;
    };
    let mode = file.mode();
    let sets_user = mode & libc::S_ISUID != 0 && file.uid() != process.uid();
    let runs_group = mode & libc::S_IXGRP != 0;
    let sets_group = mode & libc::S_ISGID != 0 && runs_group && file.gid() != process.gid();
    file.is_file() && (sets_user || sets_group || has_attribute(program, CAPABILITIES))
}

/// What there is to say of a program that does not get the privilege of its file.
pub(crate) struct LostPrivilege<'a>(pub(crate) &'a Path);

impl fmt::Display for LostPrivilege<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let program = text::escape_os(self.0);
        write!(
            f,
            "{program} loses its set-user-ID/file capabilities (no_new_privs); run nlcap with sudo to keep them"
        )
    }
}

/// A path in the task's memory.
fn path(memory: Memory, mut at: u64) -> Option<PathBuf> {
    let mut all = Vec::new();
    while all.len() < LONGEST {
        let piece = PIECE - (at as usize % PIECE);
        let bytes = memory.read(at, piece).ok()?;
        if let Some(end) = bytes.iter().position(|byte| *byte == 0) {
            all.extend_from_slice(&bytes[..end]);
            return Some(Path::new(OsStr::from_bytes(&all)).to_owned());
        }
        at += piece as u64;
        all.extend(bytes);
    }
    None
}
