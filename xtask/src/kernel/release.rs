// SPDX-License-Identifier: GPL-2.0-or-later
//! What a kernel is made of: a source, and the image where it is not built here.

/// A source package and its version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Release {
    pub(super) package: String,
    pub(super) version: String,
    /// The kernel that was built of it, where it is not built here.
    pub(super) image: Option<Image>,
}

/// A kernel as a distribution ships it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Image {
    /// What `uname -r` says in it.
    pub(super) name: String,
    /// The packages whose programs build for it, as `NAME=VERSION`.
    pub(super) tools: Vec<String>,
}
