// SPDX-License-Identifier: GPL-2.0-or-later
//! Which specifications there are.
//!
//! A folder may hold dozens of specifications of thousands of lines, of which a
//! file needs two: of each only the name is looked for at first, and it is read
//! when a message of its family is met.

use std::cell::{OnceCell, RefCell};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail};
use foldhash::HashMap;
use ynl::decode::Message;
use ynl::model::{Family, MemberKind, Protocol};
use ynl::table::{CONTENTS, Entry};

use crate::terminal::text::{self, Reason, escape, escape_os};

/// The environment variable with more files and folders, separated by colons.
pub(crate) const VARIABLE: &str = "NLCAP_SPECS";

/// The longest specification that is read, in bytes; the kernel's have 200 KiB.
const LONGEST: u64 = 1 << 24;

/// Where a specification comes from.
enum SpecSource {
    Table(&'static Entry),
    File(PathBuf),
}

struct Spec {
    name: String,
    /// The protocol's number, of netlink-raw.
    protonum: Option<u16>,
    source: SpecSource,
    family: OnceCell<Option<Family>>,
    /// The family with what those behind it say besides, where they do.
    joined: OnceCell<Option<Family>>,
}

impl Spec {
    fn new(name: &str, protonum: Option<u16>, source: SpecSource) -> Self {
        Self {
            name: name.to_owned(),
            protonum,
            source,
            family: OnceCell::new(),
            joined: OnceCell::new(),
        }
    }

    fn is_built_in(&self) -> bool {
        matches!(self.source, SpecSource::Table(_))
    }

    fn family(&self) -> Option<&Family> {
        let read = || match self.load() {
            Ok(family) => Some(family),
            Err(refusal) => {
                text::say(&format_args!(
                    "ignoring specification: {}",
                    escape(&format!("{refusal:#}"))
                ));
                None
            }
        };
        self.family.get_or_init(read).as_ref()
    }

    fn load(&self) -> anyhow::Result<Family> {
        Ok(match &self.source {
            SpecSource::Table(entry) => entry.family()?,
            SpecSource::File(path) => Family::load(path)?,
        })
    }

    /// Whether it has a message of that number. One of the table is not read for that.
    fn lists(&self, number: u16, to_kernel: bool) -> bool {
        match &self.source {
            SpecSource::Table(entry) => entry.lists(number, to_kernel),
            SpecSource::File(_) => self.family().is_some_and(|it| match to_kernel {
                true => it.request(number).is_some(),
                false => it.reply(number).is_some(),
            }),
        }
    }

    /// Whether it is about messages of that family, too.
    fn is_about(&self, spec: &Spec, family: &Family) -> bool {
        let Some(protocol) = self.protonum else {
            return spec.protonum.is_none() && self.name == spec.name;
        };
        let mut operations = family.operations.iter();
        let listed = |number: Option<u16>, to_kernel| {
            number.is_some_and(|number| {
                let of = |of: Option<u8>| {
                    let key = RawKey {
                        protocol,
                        kind: number,
                        to_kernel,
                        of,
                    };
                    key.is_of(family) && self.family().is_some_and(|it| key.is_of(it))
                };
                let is_diag = protocol == libc::NETLINK_SOCK_DIAG as u16;
                self.lists(number, to_kernel) && (!is_diag || (0..=u8::MAX).any(|it| of(Some(it))))
            })
        };
        spec.protonum == Some(protocol)
            && operations
                .any(|it| listed(it.request_number, true) || listed(it.reply_number, false))
    }
}

/// The specifications at hand, those that come first preferred.
///
/// What the first says of a message stands, those behind it add what it does not know
/// ([`Family::joined`]).
pub(crate) struct Specs {
    all: Vec<Spec>,
    /// Which one has a message of a protocol that is not generic.
    raw: RefCell<HashMap<RawKey, Option<usize>>>,
    /// Which one is the first of a generic family.
    generic: RefCell<HashMap<String, Option<usize>>>,
}

/// What decides which specification has a message of a protocol that is not generic.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct RawKey {
    pub(crate) protocol: u16,
    /// The number of the message.
    pub(crate) kind: u16,
    pub(crate) to_kernel: bool,
    /// Of sock_diag, whose messages all have one number, the address family.
    pub(crate) of: Option<u8>,
}

impl RawKey {
    pub(crate) fn new(protocol: u16, message: &Message<'_>, to_kernel: bool) -> Self {
        let is_diag = protocol == libc::NETLINK_SOCK_DIAG as u16;
        Self {
            protocol,
            kind: message.kind,
            to_kernel,
            of: message.payload.first().copied().filter(|_| is_diag),
        }
    }

    /// The same of an answer to that request, whose address family is that of the answer.
    pub(crate) fn answering(self, request: &Message<'_>) -> Self {
        let asked = request.payload.first().copied();
        Self {
            of: self.of.and(asked).or(self.of),
            ..self
        }
    }

    /// Whether the specification has the message.
    fn is_of(self, family: &Family) -> bool {
        let (operation, said) = if self.to_kernel {
            let it = family.request(self.kind);
            (it, it.and_then(|it| it.request(false)))
        } else {
            let it = family.reply(self.kind);
            (it, it.and_then(|it| it.reply()))
        };
        let Some(operation) = operation else {
            return false;
        };
        let first = |message| {
            let header = operation.header_of(message)?;
            family[header].members.first().map(|it| &it.kind)
        };
        // Where an answer does not say of which address family it is, the request does.
        match (
            self.of,
            first(said).or_else(|| first(operation.request(false))),
        ) {
            (Some(of), Some(MemberKind::Scalar(scalar))) => scalar
                .names
                .is_none_or(|it| family[it.id].by_value(of.into()).is_some()),
            _ => true,
        }
    }
}

impl Specs {
    /// Those that were named, then those of the environment, the built-in ones,
    /// and those of the distribution.
    pub(crate) fn gather(named: &[PathBuf]) -> anyhow::Result<Self> {
        let mut specs = Self::only(named)?;
        if let Some(paths) = std::env::var_os(VARIABLE) {
            for path in std::env::split_paths(&paths).filter(|it| !it.as_os_str().is_empty()) {
                specs
                    .named(&path)
                    .with_context(|| format!("from ${VARIABLE}"))?;
            }
        }
        specs.built_in();
        for folder in places() {
            // Not there is the common case, and nobody asked for it.
            let _ = specs.folder(&folder);
        }
        Ok(specs)
    }

    /// Only those that were named.
    pub(crate) fn only(named: &[PathBuf]) -> anyhow::Result<Self> {
        let mut specs = Self::empty();
        for path in named {
            specs.named(path)?;
        }
        Ok(specs)
    }

    fn empty() -> Self {
        Self {
            all: Vec::new(),
            raw: RefCell::default(),
            generic: RefCell::default(),
        }
    }

    /// Only the built-in ones.
    #[cfg(any(test, feature = "fuzz"))]
    pub(crate) fn only_built_in() -> Self {
        let mut specs = Self::empty();
        specs.built_in();
        specs
    }

    fn built_in(&mut self) {
        self.all.extend(CONTENTS.iter().filter_map(|entry| {
            let (name, protonum) = entry.heading()?;
            Some(Spec::new(name, protonum, SpecSource::Table(entry)))
        }));
    }

    /// A file or a folder that was asked for: an error where it cannot be used.
    fn named(&mut self, path: &Path) -> anyhow::Result<()> {
        let about = || format!("cannot use specification {}", escape_os(path));
        let failed = |error| anyhow!("{}: {}", about(), Reason(error));
        let meta = fs::metadata(path).map_err(failed)?;
        if meta.is_dir() {
            let found = self.folder(path).map_err(failed)?;
            if found == 0 {
                bail!("no specifications (*.yaml) in {}", escape_os(path));
            }
            return Ok(());
        }
        let family = Family::load(path).with_context(about)?;
        let protonum = match family.protocol {
            Protocol::Raw { number } => Some(number.into()),
            _ => None,
        };
        let mut spec = Spec::new(&family.name, protonum, SpecSource::File(path.to_owned()));
        spec.family = OnceCell::from(Some(family));
        self.all.push(spec);
        Ok(())
    }

    /// Takes the files of a folder; their number.
    fn folder(&mut self, folder: &Path) -> std::io::Result<usize> {
        let mut paths: Vec<_> = fs::read_dir(folder)?
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| path.extension().is_some_and(|it| it == "yaml"))
            .collect();
        paths.sort();
        let before = self.all.len();
        for path in paths {
            let is_short = fs::metadata(&path).is_ok_and(|it| it.is_file() && it.len() <= LONGEST);
            if is_short && let Ok(text) = fs::read_to_string(&path) {
                self.push(&text, path);
            }
        }
        Ok(self.all.len() - before)
    }

    fn push(&mut self, text: &str, path: PathBuf) {
        let key = |key: &str| {
            let mut values = text.lines().filter_map(|line| line.strip_prefix(key));
            values.next().map(|it| it.trim().trim_matches(['"', '\'']))
        };
        // Another file that a folder happens to hold has none.
        let Some(name) = key("name:") else { return };
        let protonum = key("protonum:").and_then(|it| it.parse().ok());
        let source = SpecSource::File(path);
        self.all.push(Spec::new(name, protonum, source));
    }

    /// The generic netlink family of that name.
    pub(crate) fn generic(&self, name: &str) -> Option<&Family> {
        self.whole(self.first_generic(name)?)
    }

    /// The generic netlink family of that name, and where its specification is.
    pub(crate) fn with_source(&self, name: &str) -> Option<(&Family, String)> {
        let at = self.first_generic(name)?;
        let source = match &self.all[at].source {
            SpecSource::Table(_) => String::from("built in"),
            SpecSource::File(path) => escape_os(path),
        };
        Some((self.whole(at)?, source))
    }

    fn first_generic(&self, name: &str) -> Option<usize> {
        if let Some(known) = self.generic.borrow().get(name) {
            return *known;
        }
        let mut all = self.all.iter();
        let at = all.position(|it| it.protonum.is_none() && it.name == name);
        self.generic.borrow_mut().insert(name.to_owned(), at);
        at
    }

    /// A family with what those behind it say of its messages besides.
    fn whole(&self, at: usize) -> Option<&Family> {
        let (spec, behind) = self.all[at..].split_first()?;
        let family = spec.family()?;
        let joined = spec.joined.get_or_init(|| {
            let others = behind.iter().filter(|it| it.is_about(spec, family));
            others.filter_map(Spec::family).fold(None, |joined, other| {
                Some(joined.as_ref().unwrap_or(family).joined(other))
            })
        });
        joined.as_ref().or(Some(family))
    }

    /// The built-in family that has a message of a protocol that is not generic.
    pub(crate) fn own_raw(&self, key: RawKey) -> Option<&Family> {
        self.all[self.find_raw(key, Spec::is_built_in)?].family()
    }

    /// Which of some specifications has a message.
    fn find_raw(&self, key: RawKey, is_meant: impl Fn(&Spec) -> bool) -> Option<usize> {
        self.all.iter().position(|it| {
            it.protonum == Some(key.protocol)
                && is_meant(it)
                && it.lists(key.kind, key.to_kernel)
                && it.family().is_some_and(|it| key.is_of(it))
        })
    }

    /// The family that has a message of a protocol that is not generic.
    pub(crate) fn raw(&self, key: RawKey) -> Option<&Family> {
        let known = self.raw.borrow().get(&key).copied();
        let at = known.unwrap_or_else(|| {
            let at = self.find_raw(key, |_| true);
            self.raw.borrow_mut().insert(key, at);
            at
        });
        self.whole(at?)
    }
}

/// Where the kernel's specifications are, where a distribution has them: as
/// `make -C tools/net/ynl install` puts them, and in the kernel's source.
fn places() -> Vec<PathBuf> {
    const IN_SOURCE: &str = "Documentation/netlink/specs";
    let mut places = vec![
        PathBuf::from("/usr/local/share/ynl/specs"),
        PathBuf::from("/usr/share/ynl/specs"),
    ];
    if let Ok(system) = nix::sys::utsname::uname() {
        let modules = Path::new("/lib/modules").join(system.release());
        places.extend(["source", "build"].map(|it| modules.join(it).join(IN_SOURCE)));
    }
    places.push(Path::new("/usr/src/linux").join(IN_SOURCE));
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(protocol: u16, kind: u16, of: Option<u8>) -> RawKey {
        RawKey {
            protocol,
            kind,
            to_kernel: true,
            of,
        }
    }

    /// Bytes of the header of a message, and its name.
    fn header(protocol: u16, kind: u16) -> Option<(String, usize)> {
        let specs = Specs::only_built_in();
        let family = specs.raw(request(protocol, kind, None))?;
        let operation = family.request(kind)?;
        let length = operation.fixed_header.map_or(0, |id| family[id].size);
        Some((operation.name.clone(), length))
    }

    #[test]
    fn all_that_is_built_in_can_be_read() {
        for spec in &Specs::only_built_in().all {
            let family = spec.load().unwrap();
            assert_eq!((&family.name, family.oddities.len()), (&spec.name, 0));
        }
    }

    #[test]
    fn a_specification_is_read_when_the_first_message_of_it_is_met() {
        let specs = Specs::only_built_in();
        let read = || -> Vec<_> {
            let read = specs.all.iter().filter(|it| it.family.get().is_some());
            let paths = read.map(|it| match &it.source {
                SpecSource::Table(entry) => entry.path,
                SpecSource::File(_) => "a file",
            });
            paths.collect()
        };
        assert!(read().is_empty());
        let route = libc::NETLINK_ROUTE as u16;
        assert!(specs.raw(request(route, libc::RTM_GETLINK, None)).is_some());
        // Ours and the kernel's of links, and no others.
        let read = read();
        assert!(read.contains(&"own/route/link") && read.contains(&"kernel/rt-link"));
        let others = [
            "kernel/tc",
            "own/route/tc",
            "own/route/route",
            "own/xfrm",
            "kernel/ethtool",
        ];
        assert!(others.iter().all(|it| !read.contains(it)), "{read:?}");
    }

    #[test]
    fn attributes_have_their_numbers_by_linuxs_headers() {
        let specs = Specs::only_built_in();
        let route = libc::NETLINK_ROUTE as u16;
        for (kind, number, name) in [
            (libc::RTM_GETLINK, libc::IFLA_IFNAME, "ifname"),
            (libc::RTM_NEWLINK, libc::IFLA_EXT_MASK, "ext-mask"),
            (libc::RTM_NEWLINK, libc::IFLA_XDP, "xdp"),
            (libc::RTM_NEWLINK, libc::IFLA_PERM_ADDRESS, "perm-address"),
            (
                libc::RTM_SETLINK,
                libc::IFLA_PROTO_DOWN_REASON,
                "proto-down-reason",
            ),
            (libc::RTM_NEWADDR, libc::IFA_CACHEINFO, "cacheinfo"),
            (libc::RTM_NEWADDR, libc::IFA_FLAGS, "flags"),
            (libc::RTM_NEWROUTE, libc::RTA_METRICS, "metrics"),
            (libc::RTM_GETROUTE, libc::RTA_EXPIRES, "expires"),
            (libc::RTM_NEWNEIGH, libc::NDA_LLADDR, "lladdr"),
            (libc::RTM_NEWNEIGH, libc::NDA_SRC_VNI, "src-vni"),
            (libc::RTM_NEWQDISC, libc::TCA_STAB, "stab"),
            (libc::RTM_NEWTFILTER, libc::TCA_CHAIN, "chain"),
        ] {
            let family = specs.raw(request(route, kind, None)).unwrap();
            let set = family.request(kind).and_then(|it| it.set).unwrap();
            let attribute = family[set].by_number(number);
            assert_eq!(attribute.map(|it| it.name.as_str()), Some(name), "{kind}");
        }
    }

    #[test]
    fn messages_have_their_names_and_headers_by_linuxs_headers() {
        let route = libc::NETLINK_ROUTE as u16;
        for (kind, name, length) in [
            (libc::RTM_GETLINK, "getlink", 16),
            (libc::RTM_NEWADDR, "newaddr", 8),
            (libc::RTM_NEWROUTE, "newroute", 12),
            (libc::RTM_NEWNEIGH, "newneigh", 12),
            (libc::RTM_NEWRULE, "newrule", 12),
            (libc::RTM_NEWQDISC, "newqdisc", 20),
            (libc::RTM_GETTCLASS, "gettclass", 20),
            (libc::RTM_NEWTFILTER, "newtfilter", 20),
            (libc::RTM_NEWACTION, "newaction", 4),
            (libc::RTM_NEWPREFIX, "newprefix", 12),
            (libc::RTM_NEWNDUSEROPT, "newnduseropt", 16),
            (libc::RTM_NEWADDRLABEL, "newaddrlabel", 12),
            (84, "newmdb", 8),
            (libc::RTM_NEWNSID, "newnsid", 4),
            (92, "newstats", 12),
            (100, "newchain", 20),
            (104, "newnexthop", 8),
            (108, "newlinkprop", 16),
            (112, "newvlan", 8),
            (120, "newtunnel", 8),
        ] {
            assert_eq!(header(route, kind), Some((name.into(), length)), "{kind}");
        }
        // Structs of linux/xfrm.h by sizeof.
        let xfrm = libc::NETLINK_XFRM as u16;
        for (kind, name, length) in [
            (16, "newsa", 224),
            (18, "getsa", 24),
            (19, "newpolicy", 168),
            (21, "getpolicy", 64),
            (22, "allocspi", 232),
            (23, "acquire", 280),
            (24, "expire", 232),
            (27, "polexpire", 176),
            (28, "flushsa", 1),
            (29, "flushpolicy", 0),
            (30, "newae", 48),
            (32, "report", 60),
            (38, "mapping", 64),
            (40, "getdefault", 3),
        ] {
            assert_eq!(header(xfrm, kind), Some((name.into(), length)), "{kind}");
        }
        let netfilter = libc::NETLINK_NETFILTER as u16;
        let newtable = (libc::NFNL_SUBSYS_NFTABLES << 8 | libc::NFT_MSG_NEWTABLE) as u16;
        assert_eq!(
            header(netfilter, newtable),
            Some(("nft-newtable".into(), 4))
        );
        assert_eq!(header(netfilter, newtable + 34), None);
        let audit = libc::NETLINK_AUDIT as u16;
        assert_eq!(header(audit, 1000), Some(("get".into(), 44)));
        assert_eq!(header(audit, 1011).unwrap().1, 12 + 4 * 256 + 4 + 8970);
    }

    #[test]
    fn a_message_about_sockets_has_the_headers_of_their_family() {
        let specs = Specs::only_built_in();
        let diag = libc::NETLINK_SOCK_DIAG as u16;
        const AF_SMC: i32 = 43;
        // Structs of linux/*_diag.h by sizeof.
        for (of, asks, answers) in [
            (libc::AF_INET, 56, 72),
            (libc::AF_INET6, 56, 72),
            (libc::AF_UNIX, 24, 16),
            (libc::AF_NETLINK, 20, 28),
            (libc::AF_PACKET, 20, 16),
            (libc::AF_VSOCK, 24, 32),
            (libc::AF_XDP, 20, 16),
            (AF_SMC, 52, 64),
            (libc::AF_TIPC, 8, 0),
        ] {
            let key = request(diag, 20, Some(of as u8));
            let family = specs.raw(key).unwrap();
            let operation = family.request(20).unwrap();
            let length = |said| family[operation.header_of(said).unwrap()].size;
            let lengths = (length(operation.request(true)), length(operation.reply()));
            assert_eq!(lengths, (asks, answers), "{of}");
        }
        assert!(
            specs
                .raw(request(diag, 20, Some(libc::AF_BLUETOOTH as u8)))
                .is_none()
        );
        // struct inet_diag_req.
        let family = specs.raw(request(diag, 18, Some(2))).unwrap();
        let old = family.request(18).unwrap();
        assert_eq!(family[old.fixed_header.unwrap()].size, 60);
    }
}
