// SPDX-License-Identifier: GPL-2.0-or-later
//! What a byte array in a project's tests is: a whole message, the body of one, or a part.
//!
//! Where the array is not a message with its header, the type that the test reads it as says
//! which message it belongs to; what is left of the message is made up.

use super::{
    expected::literals,
    message::{Message, genl, message, tiles},
    text::{Found, first, last},
};
use crate::netlink::attr;

/// What makes a message of a byte array, or knows that it is none.
pub(super) type Rule = fn(&Found<'_>) -> Option<Vec<u8>>;

/// Numbers that this program gives to families whose number the kernel chooses.
pub(super) const NL80211: u16 = 0x22;
pub(super) const ETHTOOL: u16 = 0x15;

/// struct ifinfomsg and struct tcamsg.
const IFINFOMSG: usize = 16;
const TCAMSG: usize = 4;

const AF_BRIDGE: u8 = 7;
const IFLA_AF_SPEC: u16 = 26;
const TCA_ACT_TAB: u16 = 1;

/// How an array becomes a message of rtnetlink.
enum Part {
    Whole,
    /// All behind the netlink header.
    Body(u16),
    /// A message about a queueing discipline, a class or a filter: the file's name says which.
    Tc,
    /// Attributes of a link, or of a bridge's: the file's name says it.
    Link,
    /// What is in this attribute of a link.
    OfLink(u16),
    /// What is in IFLA_AF_SPEC of such a link.
    AfSpec(u8),
    /// What is in TCA_ACT_TAB.
    Actions,
}

/// The types that netlink-packet-route reads, with RTM_NEW… of linux/rtnetlink.h.
const ROUTE: [(&str, Part); 18] = [
    ("NetlinkMessage", Part::Whole),
    ("LinkMessage", Part::Body(16)),
    ("AddressMessage", Part::Body(20)),
    ("RouteMessage", Part::Body(24)),
    ("NeighbourMessage", Part::Body(28)),
    ("RuleMessage", Part::Body(32)),
    ("TcMessage", Part::Tc),
    ("TcActionMessage", Part::Body(48)),
    ("PrefixMessage", Part::Body(52)),
    ("NeighbourTableMessage", Part::Body(64)),
    ("AddrLabelMessage", Part::Body(72)),
    ("NsidMessage", Part::Body(88)),
    ("StatsMessage", Part::Body(92)),
    ("NexthopMessage", Part::Body(104)),
    ("LinkAttribute", Part::Link),
    ("VecAfSpecBridge", Part::AfSpec(AF_BRIDGE)),
    ("VecAfSpecUnspec", Part::AfSpec(0)),
    ("TcAction", Part::Actions),
];

/// A message with its header.
fn whole(found: &Found<'_>) -> Option<Vec<u8>> {
    let length: [u8; 4] = found.bytes.get(..4)?.try_into().ok()?;
    let is_whole =
        found.bytes.len() >= 16 && u32::from_le_bytes(length) as usize == found.bytes.len();
    is_whole.then(|| found.bytes.clone())
}

/// netlink-packet-route: the first of its types behind the array.
pub(super) fn route(found: &Found<'_>) -> Option<Vec<u8>> {
    // Arrays without a name are addresses and the like of what a test expects, but for those
    // that are read where they stand.
    let part = if let Some(name) = found.name {
        // It is only the beginning of one.
        if found.rest.contains(&format!("{name}.extend")) {
            return None;
        }
        first(found.rest, &ROUTE)?
    } else {
        let call = found.before.trim_end().trim_end_matches("vec!");
        let call = call.trim_end_matches(['&', ' ', '\n']).strip_suffix('(')?;
        let kind = call.strip_suffix("::parse")?;
        last(&kind[kind.rfind(char::is_whitespace)?..], &ROUTE)?
    };
    part.message(found)
}

impl Part {
    fn message(&self, found: &Found<'_>) -> Option<Vec<u8>> {
        let bytes = &found.bytes[..];
        match *self {
            Self::Whole => whole(found),
            Self::Body(kind) => Some(message(kind, 0, bytes)),
            Self::Tc if found.path.contains("filter") => Some(message(44, 0, bytes)),
            Self::Tc if found.path.contains("class") => Some(message(40, 0, bytes)),
            Self::Tc => Some(message(36, 0, bytes)),
            Self::Link if found.path.contains("bridge") => link(AF_BRIDGE, bytes),
            Self::Link => link(0, bytes),
            Self::OfLink(kind) => link(0, &attr(kind, bytes)),
            Self::AfSpec(family) => link(family, &attr(IFLA_AF_SPEC, bytes)),
            Self::Actions => {
                let body = [&[0; TCAMSG][..], &attr(TCA_ACT_TAB, bytes)].concat();
                tiles(bytes).then(|| message(48, 0, &body))
            }
        }
    }
}

/// RTM_NEWLINK with these attributes.
fn link(family: u8, attributes: &[u8]) -> Option<Vec<u8>> {
    let mut body = vec![0; IFINFOMSG];
    body[0] = family;
    body.extend(attributes);
    tiles(attributes).then(|| message(16, 0, &body))
}

/// netlink-packet-xfrm: all arrays are whole messages.
pub(super) fn xfrm(found: &Found<'_>) -> Option<Vec<u8>> {
    whole(found)
}

/// netlink-packet-netfilter: whole messages of nf_tables, and bodies of conntrack's, whose type
/// the test puts together.
pub(super) fn netfilter(found: &Found<'_>) -> Option<Vec<u8>> {
    const CONNTRACK: [(&str, u16); 3] = [
        ("ConntrackMessageType::New", 0x100),
        ("ConntrackMessageType::Get", 0x101),
        ("ConntrackMessageType::Delete", 0x102),
    ];
    found.name?;
    whole(found).or_else(|| {
        let kind = first(found.rest, &CONNTRACK)?;
        Some(message(*kind, 0, &found.bytes))
    })
}

/// netlink-packet-audit: struct audit_rule_data, as in AUDIT_ADD_RULE.
pub(super) fn audit(found: &Found<'_>) -> Option<Vec<u8>> {
    found.name?;
    Some(message(1011, 1, &found.bytes))
}

/// netlink-packet-sock-diag: SOCK_DIAG_BY_FAMILY, whose requests and answers have the same type.
pub(super) fn sock_diag(found: &Found<'_>) -> Option<Vec<u8>> {
    let name = found.name?;
    let is_request = name.starts_with("REQ") || name.starts_with("SOCKET_INFO");
    let flags = if is_request { 0x301 } else { 2 };
    Some(message(20, flags, &found.bytes))
}

/// wl-nl80211: whole messages, generic netlink's bodies, and attributes, whose command is taken
/// from the file's name; elements of frames are none.
pub(super) fn nl80211(found: &Found<'_>) -> Option<Vec<u8>> {
    const COMMANDS: [(&str, u8); 10] = [
        ("auth_assoc", 37),
        ("connect", 46),
        ("control_port", 129),
        ("cqm", 63),
        ("disconnect", 48),
        ("key", 11),
        ("register_frame", 58),
        ("scan", 34),
        ("wowlan", 74),
        ("sae_auth", 37),
    ];
    enum Form {
        Body,
        Frame,
    }
    const FORMS: [(&str, Form); 4] = [
        ("GenlMessage", Form::Body),
        ("GenlHeader", Form::Body),
        ("Ieee80211Elements", Form::Frame),
        ("Ieee80211AuthFrame", Form::Frame),
    ];
    const NEW_WIPHY: u8 = 3;
    found.name?;
    if let Some(mut bytes) = whole(found) {
        bytes[4..6].copy_from_slice(&NL80211.to_ne_bytes());
        return Some(bytes);
    }
    // Both other forms may look like attributes by chance.
    let is_body = match first(found.rest, &FORMS) {
        Some(Form::Body) => true,
        Some(Form::Frame) => return None,
        None => false,
    };
    if !is_body && tiles(&found.bytes) {
        let file = found.path.rsplit('/').next()?.strip_suffix(".rs")?;
        let named = COMMANDS.iter().find(|(name, _)| file.starts_with(name));
        let command = named.map_or(NEW_WIPHY, |(_, command)| *command);
        return Some(genl(NL80211, command, &found.bytes));
    }
    let (header, attributes) = found.bytes.split_at_checked(4)?;
    let is_body = header[1] <= 1 && header[2..] == [0, 0] && tiles(attributes);
    is_body.then(|| message(NL80211, 0, &found.bytes))
}

/// ethtool: generic netlink's bodies, and attributes of the command that the test names.
pub(super) fn ethtool(found: &Found<'_>) -> Option<Vec<u8>> {
    const COMMANDS: [(&str, u8); 3] = [
        ("ChannelGet", 17),
        ("ChannelSet", 18),
        ("ChannelGetReply", 18),
    ];
    found.name?;
    if !tiles(&found.bytes) {
        return Some(message(ETHTOOL, 0, &found.bytes));
    }
    let command = first(found.rest, &COMMANDS)?;
    let mut bytes = genl(ETHTOOL, *command, &found.bytes);
    // What is written is a request.
    bytes[6] |= 1;
    Some(bytes)
}

/// jsimonetti/rtnetlink: tables of structs and of what they are in bytes. The function's name says
/// of which struct; those that are called invalid are not what they should be.
pub(super) fn jsimonetti(found: &Found<'_>) -> Option<Vec<u8>> {
    const TYPES: [(&str, Part); 7] = [
        ("LinkMessage", Part::Body(16)),
        ("AddressMessage", Part::Body(20)),
        ("RouteMessage", Part::Body(24)),
        ("NeighMessage", Part::Body(28)),
        ("RuleMessage", Part::Body(32)),
        // Bare structs: what is in IFLA_STATS64 and IFLA_STATS.
        ("LinkStats64", Part::OfLink(23)),
        ("LinkStats", Part::OfLink(7)),
    ];
    let (_, title) = found.before.rsplit_once("name: \"")?;
    if found.name? != "b" || title.starts_with("invalid") {
        return None;
    }
    let (_, function) = found.before.rsplit_once("func Test")?;
    let mut types = TYPES.iter();
    let (_, part) = types.find(|(name, _)| function.starts_with(name))?;
    part.message(found)
}

/// What a test expects of an array: in Rust what stands behind it, up to where it is compared or
/// to the next array; in Go what else is in its entry of the table. Of constants nothing is known.
fn expected(found: &Found<'_>) -> String {
    if found.path.ends_with(".go") {
        let entry = found.before.rsplit_once("name: \"").map_or("", |it| it.1);
        let entry = entry.split_once('\n').map_or("", |it| it.1);
        let ends = ["name: \"", "\n\tfor "].map(|it| found.rest.find(it));
        let end = ends.into_iter().flatten().min().unwrap_or(found.rest.len());
        let rest = &found.rest[..end];
        return format!("{entry}{rest}");
    }
    let is_variable = |name: &str| name.starts_with(|it: char| it.is_ascii_lowercase());
    if !found.name.is_some_and(is_variable) {
        return String::new();
    }
    let ends = ["assert", "\n    let raw", "\n    let buf"];
    let ends = ends.iter().filter_map(|it| found.rest.find(it));
    found.rest[..ends.min().unwrap_or(found.rest.len())].to_owned()
}

/// The messages of a source text, and how many of its arrays are none.
pub(super) fn messages(
    path: &str,
    text: &str,
    protocol: u8,
    least: usize,
    rule: Rule,
) -> (Vec<Message>, usize) {
    let text = super::text::without_comments(text);
    let mut left = 0;
    let mut all = Vec::new();
    for found in super::text::arrays(path, &text, least) {
        match rule(&found) {
            Some(bytes) => all.push(Message {
                protocol,
                bytes,
                from: format!("{path}:{}", found.name.unwrap_or("-")),
                expected: literals(&expected(&found)),
            }),
            None => left += 1,
        }
    }
    (all, left)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(path: &str, text: &str, rule: Rule) -> Vec<Vec<u8>> {
        let (all, _) = messages(path, text, 0, 4, rule);
        all.into_iter().map(|it| it.bytes).collect()
    }

    #[test]
    fn a_body_gets_the_header_of_the_type_that_the_test_reads() {
        let text = "fn t() {\n let raw = vec![1, 2, 3, 4];\n let expected = RuleMessage {};\n}\n";
        let found = all("src/a.rs", text, route);
        assert_eq!(found, [message(32, 0, &[1, 2, 3, 4])]);
        let text = "fn t() {\n let raw = vec![1, 2, 3, 4];\n raw.extend(x);\n RuleMessage\n}\n";
        assert!(all("src/a.rs", text, route).is_empty());
        let text = "fn t() {\n let raw = vec![1, 2, 3, 4];\n let e = TcMessage {};\n}\n";
        let found = all("src/tc/filter_u32.rs", text, route);
        assert_eq!(found, [message(44, 0, &[1, 2, 3, 4])]);
    }

    #[test]
    fn what_a_test_expects_is_no_message() {
        let text = "fn t() {\n let expected = LinkMessage { a: vec![1, 2, 3, 4] };\n \
                    LinkMessage::parse(&[5, 6, 7, 8]);\n}\n";
        assert_eq!(all("a.rs", text, route), [message(16, 0, &[5, 6, 7, 8])]);
    }

    #[test]
    fn a_table_of_go_has_the_type_of_its_function_and_what_is_no_message() {
        let text = "func TestRuleMessageMarshal() {\n{\nname: \"invalid attr\",\nb: []byte{\n5, 6, 7, 8,\n},\n},\n\
                    {\nname: \"full\",\nm: &RuleMessage{},\nb: []byte{\n1, 2, 3, 4,\n},\n},\n";
        let found = all("rule_test.go", text, jsimonetti);
        assert_eq!(found, [message(32, 0, &[1, 2, 3, 4])]);
    }

    #[test]
    fn attributes_of_nl80211_get_a_command() {
        let text = "fn t() {\n let raw = vec![5, 0, 1, 0, 9, 0, 0, 0];\n}\n";
        let attributes = [5, 0, 1, 0, 9, 0, 0, 0];
        assert_eq!(
            all("src/tests/scan.rs", text, nl80211),
            [genl(NL80211, 34, &attributes)]
        );
        // A body whose command and version could be an attribute's length.
        let text =
            "fn t() {\n let raw = vec![8, 0, 0, 0, 8, 0, 3, 0, 1, 0, 0, 0];\n GenlHeader\n}\n";
        let body = [8, 0, 0, 0, 8, 0, 3, 0, 1, 0, 0, 0];
        assert_eq!(
            all("src/tests/scan.rs", text, nl80211),
            [message(NL80211, 0, &body)]
        );
        // Two elements of a frame.
        let text = "fn t() {\n let raw = vec![0, 2, 65, 66, 1, 1, 2];\n}\n";
        assert!(all("src/tests/scan.rs", text, nl80211).is_empty());
    }
}
