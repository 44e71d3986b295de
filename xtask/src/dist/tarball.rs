// SPDX-License-Identifier: GPL-2.0-or-later
//! The tarball that is unpacked into /usr/local or ~/.local.

use super::{
    archive,
    content::{Item, Role, write as write_file},
    release::{NAME, Release},
};
use anyhow::Result;
use std::path::Path;

/// For whom it is.
const MACHINE: &str = "x86_64-linux";

/// Where each file is, so that shells and man(1) find it below ~/.local and /usr/local, and
/// Wireshark its plugin below ~/.local.
fn folder(role: Role) -> String {
    let folder = match role {
        Role::Program => "bin",
        Role::ManPage => "share/man/man1",
        Role::BashCompletion => "share/bash-completion/completions",
        Role::ZshCompletion => "share/zsh/site-functions",
        Role::FishCompletion => "share/fish/vendor_completions.d",
        Role::WiresharkPlugin => "lib/wireshark/plugins",
        Role::WiresharkProfile => "share/nl-util/wireshark-profile",
        Role::Document => "share/doc/nl-util",
        Role::Licence => "share/doc/nl-util/LICENSES",
    };
    folder.to_owned()
}

/// Writes it into `out`.
pub(super) fn write(release: &Release, items: &[Item], work: &Path, out: &Path) -> Result<()> {
    let name = format!("{}-{MACHINE}", release.name());
    let tree = work.join("tarball").join(&name);
    for item in items {
        item.write(&tree, &folder(item.role))?;
    }
    let readme = format!("{}/README", folder(Role::Document));
    write_file(&tree.join(readme), text(release, &name).as_bytes(), 0o644)?;
    archive::write(&tree, release, &out.join(format!("{name}.tar.xz")))
}

/// What the tarball says of itself.
fn text(release: &Release, name: &str) -> String {
    format!(
        "{NAME} {version}, of commit {commit}\n\
         \n\
         nlcap records, traces and compares netlink conversations; nl_user asks the kernel module\n\
         nl_kernel. Both are static programs that run on any Linux of this processor.\n\
         \n\
         Install, for yourself:\n\
         \n\
         \x20 tar -xJf {name}.tar.xz --strip-components=1 -C ~/.local\n\
         \n\
         or as root, for everybody, with /usr/local in place of ~/.local. Programs, man pages and\n\
         completions of bash and fish are found in both, those of zsh in /usr/local.\n\
         \n\
         Wireshark finds its plugin below ~/.local. Wireshark 4.4 and later load none as root. The\n\
         profile is to be copied:\n\
         \n\
         \x20 mkdir -p ~/.config/wireshark/profiles\n\
         \x20 cp -r ~/.local/share/nl-util/wireshark-profile ~/.config/wireshark/profiles/nl-util\n\
         \n\
         Remove:\n\
         \n\
         \x20 tar -tJf {name}.tar.xz | grep -v '/$' | cut -d/ -f2- | (cd ~/.local && xargs rm -f)\n\
         \n\
         Licensed GPL-2.0-or-later; LICENSES/{others} names what is linked in.\n",
        version = release.version,
        commit = release.commit,
        others = super::licences::OTHERS,
    )
}
