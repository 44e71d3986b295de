// SPDX-License-Identifier: GPL-2.0-or-later
//! Shows the Ethernet interfaces of a network namespace, asking the kernel over
//! the generic netlink family `nl_util`.
//!
//! | module | one thing |
//! |---|---|
//! | [`uapi`] | the family's numbers and names, generated |
//! | [`transport`] | datagrams to and from the kernel |
//! | [`request`] | what is sent, written by neli |
//! | [`wire`] | what is received, taken apart |
//! | [`netdev`] | one interface of an answer |
//! | [`client`] | a request and its answer; [`error`]: why there is none |
//! | [`interface`] | an interface as the user names it; `alternative`: one by a long name |
//! | [`text`] | the text that is printed; [`escape`]: fit for a terminal |

pub mod alternative;
pub mod client;
pub mod error;
pub mod escape;
pub mod interface;
pub mod netdev;
pub mod request;
pub mod text;
pub mod transport;
pub mod uapi;
pub mod wire;
