// SPDX-License-Identifier: GPL-2.0-or-later
//! The user that a command runs as.
//!
//! # Design decisions
//!
//! Names and groups come from id(1): nlcap is a static program, and a static libc
//! cannot load what the machine's administrator has put behind names (LDAP, SSSD).

use std::process::Command;

use nix::unistd::{Gid, Uid, setgroups, setresgid, setresuid};

use crate::sys::process::{
    Capabilities, capabilities, clear_ambient_capabilities, set_capabilities,
};
use crate::terminal::text;

/// User, group, and other groups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    user: Uid,
    group: Gid,
    groups: Vec<Gid>,
}

/// Why there is no such user.
#[derive(Debug, thiserror::Error)]
#[error("cannot run the command as user {name}: {why}")]
pub(crate) struct UserError {
    name: String,
    why: String,
}

impl Identity {
    /// The user of this name or number, with its groups; or UID:GID.
    pub(crate) fn of(name: &str) -> Result<Self, UserError> {
        let fail = |why: String| UserError {
            name: text::escape(name),
            why,
        };
        if let Some((user, group)) = name.split_once(':') {
            let number = |text: &str| {
                text.parse()
                    .map_err(|_| fail(String::from("not a user name or UID:GID")))
            };
            return Ok(Self {
                user: Uid::from_raw(number(user)?),
                group: Gid::from_raw(number(group)?),
                groups: Vec::new(),
            });
        }
        let ask = |what: &str| -> Result<Vec<u32>, UserError> {
            let output = Command::new("id").arg(what).args(["--", name]).output();
            let output = output.map_err(|error| fail(format!("cannot run id(1): {error}")))?;
            if !output.status.success() {
                let error = String::from_utf8_lossy(&output.stderr).into_owned();
                return Err(fail(text::escape(error.trim())));
            }
            let numbers = String::from_utf8_lossy(&output.stdout);
            let numbers: Result<Vec<_>, _> = numbers.split_whitespace().map(str::parse).collect();
            numbers.map_err(|error| fail(format!("unexpected output of id(1): {error}")))
        };
        let one = |what| -> Result<u32, UserError> {
            let numbers = ask(what)?;
            numbers
                .first()
                .copied()
                .ok_or_else(|| fail(String::from("id(1) printed nothing")))
        };
        Ok(Self {
            user: Uid::from_raw(one("-u")?),
            group: Gid::from_raw(one("-g")?),
            groups: ask("-G")?.into_iter().map(Gid::from_raw).collect(),
        })
    }

    /// Becomes this user, for good, with no capability of ours.
    pub(super) fn assume(&self) -> nix::Result<()> {
        setgroups(&self.groups)?;
        setresgid(self.group, self.group, self.group)?;
        setresuid(self.user, self.user, self.user)?;
        // Where we are not root but have capabilities, the change of the user takes none away,
        // and those that are inherited it never does.
        clear_ambient_capabilities()?;
        set_capabilities(match self.user.is_root() {
            // A program that root begins gets all.
            true => Capabilities {
                inheritable: 0,
                ..capabilities()?
            },
            false => Capabilities::default(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_has_its_group_and_groups() {
        let root = Identity::of("root").unwrap();
        assert_eq!(
            (root.user, root.group),
            (Uid::from_raw(0), Gid::from_raw(0))
        );
        assert!(root.groups.contains(&Gid::from_raw(0)));
    }

    #[test]
    fn numbers_are_taken_as_they_are() {
        let identity = Identity::of("65534:7").unwrap();
        assert_eq!(identity.user, Uid::from_raw(65534));
        assert_eq!(identity.group, Gid::from_raw(7));
        assert_eq!(identity.groups, []);
    }

    #[test]
    fn a_user_that_is_not_there_is_an_error_of_one_line() {
        for name in ["no-such-user", "-x", "1:x", ""] {
            let error = Identity::of(name).unwrap_err().to_string();
            assert!(
                error.starts_with("cannot run the command as user"),
                "{error}"
            );
            assert_eq!(error.lines().count(), 1, "{error}");
        }
    }
}
