// SPDX-License-Identifier: GPL-2.0-or-later
//! Where messages hold keys and passwords.
//!
//! By numbers, not by names: numbers are the kernel's interface and never change, and a secret
//! is one also where no specification names it.

use std::ops::Range;

use super::fields::{Field, HEADER};
use super::record::Record;
use super::value::Value;
use super::{Endian, GENL_HEADER, Level, MESSAGE_HEADER, Message, protocols};

/// The attributes of a message that are secret, or have secrets in them.
#[derive(Debug, Clone, Copy)]
pub struct Secrets {
    /// Bytes between the netlink header and the attributes.
    header: usize,
    attributes: Attributes,
    /// The first byte behind the netlink header that is secret, as all behind it are, where there
    /// are no attributes.
    text_from: Option<usize>,
}

/// Attributes of a level that are secret, or have secrets in them.
pub(super) type Attributes = &'static [Place];

/// An attribute that is secret, or has secrets in it.
#[derive(Debug)]
pub(super) struct Place {
    /// `None` for every attribute of the level: their numbers are indexes.
    number: Option<u16>,
    what: What,
}

#[derive(Debug)]
enum What {
    /// The payload is secret from this byte on.
    Key { from: usize },
    /// The payload is an array of structs of `size` bytes, each secret from byte `from` on.
    Keys { from: usize, size: usize },
    /// Attributes.
    Nest(Attributes),
}

const fn key(number: u16) -> Place {
    key_from(number, 0)
}

const fn key_from(number: u16, from: usize) -> Place {
    let number = Some(number);
    let what = What::Key { from };
    Place { number, what }
}

const fn nest(number: u16, attributes: Attributes) -> Place {
    let number = Some(number);
    let what = What::Nest(attributes);
    Place { number, what }
}

const fn each(attributes: Attributes) -> Place {
    let what = What::Nest(attributes);
    Place { number: None, what }
}

/// Every attribute.
const ALL: Attributes = &[Place {
    number: None,
    what: What::Key { from: 0 },
}];

/// A family of generic netlink that carries secrets.
struct Family {
    name: &'static str,
    /// Bytes of its own header.
    header: usize,
    /// The operations that carry them; none stands for all.
    commands: &'static [u8],
    attributes: Attributes,
}

/// One without a header of its own, whose operations all have the same attributes.
const fn family(name: &'static str, attributes: Attributes) -> Family {
    Family {
        name,
        header: 0,
        commands: &[],
        attributes,
    }
}

/// One whose operations differ in what their attributes are.
const fn operations(name: &'static str, commands: &'static [u8], attributes: Attributes) -> Family {
    Family {
        commands,
        ..family(name, attributes)
    }
}

/// The families of generic netlink that carry secrets.
const FAMILIES: [Family; 14] = [
    // linux/wireguard.h: WGDEVICE_A_PRIVATE_KEY; of each of WGDEVICE_A_PEERS
    // WGPEER_A_PRESHARED_KEY.
    family("wireguard", &[key(3), nest(8, &[each(&[key(2)])])]),
    // linux/nl80211.h: NL80211_ATTR_KEY_DATA; NL80211_KEY_DATA and NL80211_KEY_LTF_SEED in
    // NL80211_ATTR_KEY and in each of NL80211_ATTR_KEYS; KEK and KCK in
    // NL80211_ATTR_REKEY_DATA; NL80211_ATTR_FILS_KEK, NL80211_ATTR_FILS_ERP_RRK,
    // NL80211_ATTR_PMK, NL80211_ATTR_SAE_PASSWORD.
    family(
        "nl80211",
        &[
            key(7),
            nest(80, &[key(1), key(11)]),
            nest(81, &[each(&[key(1), key(11)])]),
            nest(122, &[key(1), key(2)]),
            key(242),
            key(252),
            key(254),
            key(277),
        ],
    ),
    // linux/if_macsec.h: MACSEC_SA_ATTR_KEY in MACSEC_ATTR_SA_CONFIG.
    family("macsec", &[nest(3, &[key(4)])]),
    // linux/ovpn.h: OVPN_A_KEYCONF_CIPHER_KEY and _NONCE_TAIL, of both directions, in
    // OVPN_A_KEYCONF.
    family(
        "ovpn",
        &[nest(
            3,
            &[nest(5, &[key(1), key(2)]), nest(6, &[key(1), key(2)])],
        )],
    ),
    // linux/tipc_netlink.h: in TIPC_NLA_NODE TIPC_NLA_NODE_KEY, a struct tipc_aead_key.
    family("TIPCv2", &[nest(6, &[key_from(4, 36)])]),
    // linux/seg6_genl.h: SEG6_ATTR_SECRET.
    family("SEG6", &[key(4)]),
    // linux/cifs/cifs_netlink.h: CIFS_GENL_ATTR_SWN_PASSWORD.
    family("cifs", &[key(10)]),
    // linux/nl802154.h of the kernel's source: IEEE802154_ATTR_LLSEC_KEY_BYTES.
    family("802.15.4 MAC", &[key(48)]),
    // net/nl802154.h of the kernel's source: NL802154_KEY_ATTR_BYTES in NL802154_ATTR_SEC_KEY.
    family("nl802154", &[nest(48, &[key(4)])]),
    // fs/smb/server/ksmbd_netlink.h: the password's hash in struct ksmbd_login_response; all
    // behind that hash's length in struct ksmbd_spnego_authen_response, the session's key too.
    family("SMBD_GENL", &[key_from(5, 64), key_from(15, 68)]),
    // linux/drbd_genl.h: DRBD_A_NET_CONF_SHARED_SECRET in DRBD_NLA_NET_CONF.
    Family {
        header: 8,
        ..family("drbd", &[nest(5, &[key(1)])])
    },
    // linux/psp.h: of PSP_CMD_RX_ASSOC and PSP_CMD_TX_ASSOC, PSP_A_KEYS_KEY in
    // PSP_A_ASSOC_RX_KEY and PSP_A_ASSOC_TX_KEY.
    operations("psp", &[8, 9], &[nest(3, &[key(1)]), nest(4, &[key(1)])]),
    // linux/nfsd_netlink.h: of NFSD_CMD_THREADS_SET and _GET, NFSD_A_SERVER_FH_KEY.
    operations("nfsd", &[2, 3], &[key(6)]),
    // linux/ethtool_netlink.h: of ETHTOOL_MSG_WOL_SET, ETHTOOL_MSG_WOL_GET_REPLY and
    // ETHTOOL_MSG_WOL_NTF, ETHTOOL_A_WOL_SOPASS; of ETHTOOL_MSG_MODULE_FW_FLASH_ACT,
    // ETHTOOL_A_MODULE_FW_FLASH_PASSWORD.
    operations("ethtool", &[9, 10, 44], &[key(3)]),
];

/// linux/xfrm.h: XFRMA_ALG_AUTH, XFRMA_ALG_CRYPT (struct xfrm_algo); XFRMA_ALG_AEAD (struct
/// xfrm_algo_aead), XFRMA_ALG_AUTH_TRUNC (struct xfrm_algo_auth).
const STATE: Attributes = &[
    key_from(1, 68),
    key_from(2, 68),
    key_from(18, 72),
    key_from(20, 72),
];

/// linux/inet_diag.h: INET_DIAG_MD5SIG, of struct tcp_diag_md5sig.
const SOCKET: Attributes = &[Place {
    number: Some(18),
    what: What::Keys {
        from: 20,
        size: 100,
    },
}];

/// XFRM_MSG_* of linux/xfrm.h, and bytes of struct xfrm_usersa_info and struct xfrm_usersa_id.
const NEWSA: u16 = 16;
const DELSA: u16 = 17;
const UPDSA: u16 = 26;
const USERSA_INFO: usize = 224;
const USERSA_ID: usize = 24;

/// TCPDIAG_GETSOCK to SOCK_DESTROY of linux/inet_diag.h and linux/sock_diag.h, and bytes of
/// struct inet_diag_msg.
const DIAG: std::ops::RangeInclusive<u16> = 18..=21;
const INET_DIAG_MSG: usize = 72;
const AF_INET: u8 = 2;
const AF_INET6: u8 = 10;

/// Of scsi/iscsi_if.h of the kernel's source ISCSI_UEVENT_SET_PARAM, _GET_CHAP,
/// _SET_FLASHNODE_PARAMS and _SET_CHAP: values behind the struct iscsi_uevent, passwords among
/// them.
const VALUES: [u16; 4] = [16, 33, 35, 41];
const ISCSI_UEVENT: usize = 56;

impl Secrets {
    /// Those of a message of a family of generic netlink; `None` where it has none.
    pub fn of_family(name: &str, message: &Message<'_>) -> Option<Self> {
        let family = FAMILIES.iter().find(|it| it.name == name)?;
        let command = message.payload.first()?;
        let has_any = family.commands.is_empty() || family.commands.contains(command);
        has_any.then_some(Self {
            header: GENL_HEADER + family.header,
            attributes: family.attributes,
            text_from: None,
        })
    }

    /// Those of a message of another protocol; `None` where it has none.
    pub fn of_protocol(protocol: u16, message: &Message<'_>) -> Option<Self> {
        let (header, attributes) = match (protocol, message.kind) {
            (protocols::XFRM, NEWSA | UPDSA) => (USERSA_INFO, STATE),
            // What the groups are told has the attributes of the state.
            (protocols::XFRM, DELSA) => (USERSA_ID, STATE),
            (protocols::SOCK_DIAG, kind) if DIAG.contains(&kind) && !message.is_request() => {
                let is_inet = matches!(message.payload, [AF_INET | AF_INET6, ..]);
                (INET_DIAG_MSG, is_inet.then_some(SOCKET)?)
            }
            (protocols::ISCSI, kind) if VALUES.contains(&kind) => {
                return Some(Self {
                    header: message.payload.len(),
                    // What is no struct to whoever has no specification.
                    attributes: ALL,
                    text_from: Some(ISCSI_UEVENT),
                });
            }
            _ => return None,
        };
        Some(Self {
            header,
            attributes,
            text_from: None,
        })
    }

    /// All behind the header of generic netlink: of a family whose name is not known.
    pub fn of_unknown_family() -> Self {
        Self {
            header: GENL_HEADER,
            attributes: ALL,
            text_from: None,
        }
    }

    /// The secret bytes of a message, counted from its netlink header.
    pub fn ranges(self, message: &Message<'_>, endian: Endian) -> Vec<Range<usize>> {
        let mut ranges = Vec::new();
        if let Some(from) = self.text_from.filter(|it| *it < message.payload.len()) {
            ranges.push(MESSAGE_HEADER + from..MESSAGE_HEADER + message.payload.len());
        }
        let bytes = message.payload.get(self.header..).unwrap_or(&[]);
        let start = MESSAGE_HEADER + self.header;
        let level = Level::new(None, None, endian, bytes, start).hiding(self);
        level.push_secrets(&mut ranges);
        ranges
    }
}

/// What an attribute of that number is.
fn find(attributes: Attributes, number: u16) -> Option<&'static Place> {
    let mut all = attributes.iter();
    all.find(|it| it.number.is_none_or(|it| it == number))
}

/// The same in an attribute of that number.
pub(super) fn inside(attributes: Attributes, number: u16) -> Attributes {
    match find(attributes, number).map(|it| &it.what) {
        Some(What::Nest(inner)) => inner,
        _ => &[],
    }
}

impl Secrets {
    /// The struct before the attributes without what is secret in it.
    pub(super) fn cover_header<'a>(self, header: Record<'a>) -> Record<'a> {
        match self.text_from {
            Some(from) => header.hiding(from),
            None => header,
        }
    }
}

impl<'a> Level<'a> {
    /// The same attributes, without what is secret: it is read as [`Value::Secret`].
    pub fn hiding(mut self, secrets: Secrets) -> Self {
        self.secrets = secrets.attributes;
        self
    }

    /// Whether bytes that are no attribute may be secret, for such attributes are here.
    pub fn hides_rest(&self) -> bool {
        !self.secrets.is_empty()
    }

    /// Whether the payload of an attribute is secret, or has secrets in it.
    pub fn hides(&self, field: &Field<'_>) -> bool {
        self.place(field).is_some()
    }

    /// What an attribute is: one that is cut off may be what only looks like one, in the place of
    /// another.
    fn place(&self, field: &Field<'_>) -> Option<&'static Place> {
        const CUT: Place = key(0);
        let is_cut = field.missing > 0 && self.hides_rest();
        find(self.secrets, field.attribute.number).or(is_cut.then_some(&CUT))
    }

    /// Where secrets are in the message: of attributes, and all that is no attribute where
    /// one of them may have been meant.
    fn push_secrets(&self, out: &mut Vec<Range<usize>>) {
        if !self.hides_rest() {
            return;
        }
        for field in self.fields() {
            match field {
                Ok(field) => {
                    if let Some(place) = self.place(&field) {
                        place.push_ranges(self, &field, out);
                    }
                }
                Err(malformed) => out.push(malformed.offset..self.offset() + self.bytes().len()),
            }
        }
    }

    /// The value of an attribute without what is secret.
    pub(super) fn cover<'b>(&self, value: Value<'b>, field: &Field<'_>) -> Value<'b> {
        match self.place(field) {
            Some(place) => place.cover(value, field.attribute.payload),
            None => value,
        }
    }
}

impl Place {
    /// The value of the attribute without what is secret.
    fn cover<'a>(&self, value: Value<'a>, payload: &[u8]) -> Value<'a> {
        match (&self.what, value) {
            // What is in it is covered where it is read; what is no attributes may be anything.
            (What::Nest(_), Value::Nest(level)) if level.is_whole() => value,
            (What::Nest(_), Value::Indexed(all)) if all.is_whole() => value,
            (What::Nest(_), Value::Flag) => value,
            (What::Nest(_), _) => Value::Secret(payload.len()),
            (What::Key { from }, Value::Struct(record)) => Value::Struct(record.hiding(*from)),
            (What::Key { from }, _) => Value::Secret(payload.len().saturating_sub(*from)),
            (What::Keys { from, .. }, Value::Records(all)) => Value::Records(all.hiding(*from)),
            (What::Keys { .. }, _) => Value::Secret(payload.len()),
        }
    }

    /// The secret bytes of the attribute `field` of `level`.
    fn push_ranges(&self, level: &Level<'_>, field: &Field<'_>, out: &mut Vec<Range<usize>>) {
        let start = field.offset + HEADER;
        let end = start + field.attribute.payload.len();
        let mut push = |from: usize, to: usize| {
            if from < to {
                out.push(from..to);
            }
        };
        match self.what {
            What::Key { from } => push(start + from, end),
            What::Keys { from, size } => {
                for at in (start..end).step_by(size) {
                    push(at + from, end.min(at + size));
                }
            }
            What::Nest(_) => match level.inner(None, field) {
                Some(inner) if inner.is_whole() => inner.push_secrets(out),
                _ => push(start, end),
            },
        }
    }
}
