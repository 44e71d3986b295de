// SPDX-License-Identifier: GPL-2.0-or-later
//! Operations, notifications, events and multicast groups.

use super::{SetId, StructId};

/// C names around the operations.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OperationNames {
    /// What C names begin with: `NL_UTIL_C_`.
    pub c_prefix: String,
    /// The C enum's name; `None` for an anonymous one.
    pub c_enum_name: Option<String>,
    /// C name of the greatest number: `NL_UTIL_C_MAX`.
    pub c_max_name: String,
    /// C name of the number after it: `__NL_UTIL_C_MAX`.
    pub c_count_name: String,
    /// Notifications and events are an enum of their own in C.
    pub separate_async: bool,
    /// That enum's name; `None` for an anonymous one.
    pub c_async_enum_name: Option<String>,
}

/// An operation, a notification or an event.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Operation {
    /// Name in the specification: `l2-list`.
    pub name: String,
    /// Name in C: `NL_UTIL_C_L2_LIST`.
    pub c_name: String,
    /// Number of messages to the kernel; `None` if there are none.
    pub request_number: Option<u16>,
    /// Number of messages from the kernel; the same as the request's in the
    /// unified enum model, `None` if there are none in the directional one.
    pub reply_number: Option<u16>,
    /// The set of the attributes at the top of its messages.
    pub set: Option<SetId>,
    /// The struct between the generic netlink header and the attributes.
    pub fixed_header: Option<StructId>,
    /// Who may ask.
    pub flags: Vec<OpFlag>,
    /// The do form.
    pub r#do: Option<Exchange>,
    /// The dump form.
    pub dump: Option<Exchange>,
    /// It is a notification, which looks as the replies of this operation do.
    pub notify: Option<String>,
    /// It is an event, with these attributes.
    pub event: Option<Message>,
    /// The multicast group that it is sent to.
    pub group: Option<String>,
    /// What it does, and which errors it has.
    pub doc: String,
}

impl Operation {
    /// What is said of a request, for a dump or for one thing.
    pub fn request(&self, dump: bool) -> Option<&Message> {
        let form = if dump { &self.dump } else { &self.r#do };
        form.as_ref()?.request.as_ref()
    }

    /// What is said of an answer.
    pub fn reply(&self) -> Option<&Message> {
        let mut forms = [&self.r#do, &self.dump].into_iter().flatten();
        forms.find_map(|it| it.reply.as_ref())
    }

    /// The struct before the attributes of a message of it.
    pub fn header_of(&self, message: Option<&Message>) -> Option<StructId> {
        message.and_then(|it| it.fixed_header).or(self.fixed_header)
    }

    /// The set of the attributes of a message of it.
    pub fn set_of(&self, message: Option<&Message>) -> Option<SetId> {
        message.and_then(|it| it.set).or(self.set)
    }

    /// Whether the kernel sends it without being asked.
    pub fn is_async(&self) -> bool {
        self.notify.is_some() || self.event.is_some()
    }
}

/// Who may ask for an operation, or join a multicast group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OpFlag {
    /// `CAP_NET_ADMIN` in the initial user namespace (`GENL_ADMIN_PERM`).
    AdminPerm,
    /// `CAP_NET_ADMIN` in the network namespace's user namespace
    /// (`GENL_UNS_ADMIN_PERM`).
    UnsAdminPerm,
}

/// The do or the dump form of an operation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Exchange {
    /// What is asked.
    pub request: Option<Message>,
    /// What is answered.
    pub reply: Option<Message>,
}

/// The attributes at the top of a message, by name, in the order of the file.
/// See [`Family::attributes_of`](super::Family::attributes_of).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Message {
    /// The struct before the attributes, where it is not the operation's: the dumps of
    /// xfrm are asked for without the header that names a single state.
    pub fixed_header: Option<StructId>,
    /// The set of the attributes, where it is not the operation's.
    pub set: Option<SetId>,
    /// Names of attributes of the operation's set; in netlink-raw also of
    /// members of the fixed header.
    pub attributes: Vec<String>,
}

/// A multicast group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct McastGroup {
    /// Name of the group on the wire.
    pub name: String,
    /// C constant of that name.
    pub c_name: String,
    /// The group's number (netlink-raw only; generic netlink assigns them).
    pub number: Option<u32>,
    /// Who may join.
    pub flags: Vec<OpFlag>,
}
