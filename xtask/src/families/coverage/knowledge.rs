// SPDX-License-Identifier: GPL-2.0-or-later
//! What the specifications say of the attributes in the headers.
//!
//! An attribute is found by its C name, which YNL computes. Where a specification gives its
//! sets no prefix, because no code is made from it, a set is compared with the enums of the
//! headers by how their names end.

use super::super::{
    specs::{Origin, Spec},
    uapi::{
        Group, Uapi,
        members::{numbered, prefix},
    },
};
use std::{
    cmp::Reverse,
    collections::{BTreeSet, HashMap, HashSet},
};
use ynl::model::{ArrayElement, AttrKind, AttrSet, Attribute, Family, names::upper};

/// What is known of an attribute.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AttributeKnowledge {
    pub(crate) ours: bool,
    pub(crate) kernel: bool,
    /// Its type is more than bytes of unknown meaning.
    pub(crate) is_typed: bool,
}

/// What is known of all attributes, by their C names.
#[derive(Default)]
pub(crate) struct Knowledge {
    pub(crate) attributes: HashMap<String, AttributeKnowledge>,
    /// Sets of which no enum was found: `FILE: SET`.
    pub(crate) unmatched: BTreeSet<String>,
    /// Attributes whose number is another in the header.
    pub(crate) wrong: BTreeSet<String>,
    /// Sets without C names: `FILE: SET is PREFIX…, HEADER`.
    pub(crate) matched: Vec<String>,
}

impl Knowledge {
    /// What `specs` say; sets without C names are looked for in `groups`.
    pub(crate) fn of(specs: &[Spec], uapi: &Uapi, groups: &[&Group<'_>]) -> Self {
        let mut knowledge = Self::default();
        let candidates: Vec<_> = groups.iter().map(|it| Candidate::of(it)).collect();
        for spec in specs {
            for set in spec.family.sets.iter().filter(|it| it.subset_of.is_none()) {
                knowledge.set(spec, set, uapi, &candidates);
            }
        }
        knowledge
    }

    pub(crate) fn get(&self, c_name: &str) -> AttributeKnowledge {
        self.attributes.get(c_name).copied().unwrap_or_default()
    }

    fn set(&mut self, spec: &Spec, set: &AttrSet, uapi: &Uapi, candidates: &[Candidate<'_>]) {
        if set.attributes.is_empty() {
            return;
        }
        let has_name = |it: &&Attribute| !uapi.numbers(&it.c_name).is_empty();
        if set.attributes.iter().any(|it| has_name(&it)) {
            for it in set.attributes.iter().filter(has_name) {
                let theirs = uapi.numbers(&it.c_name);
                let same = theirs
                    .iter()
                    .find(|(_, number)| *number == it.number.into());
                let (header, number) = *same.unwrap_or(&theirs[0]);
                self.one(spec, set, it, (it.c_name.as_str(), number, header));
            }
            return;
        }
        let place = format!("{}: {}", spec.file, set.name);
        let Some(found) = alike(set, &spec.family, candidates) else {
            self.unmatched.insert(place);
            return;
        };
        self.matched
            .push(format!("{place} is {}…, {}", found.prefix, found.header));
        let by_name: Vec<_> = set
            .attributes
            .iter()
            .map(|it| found.by_name(&upper(&it.name)))
            .collect();
        for (it, member) in set.attributes.iter().zip(&by_name) {
            let is_free = |it: &&(&str, i128)| !by_name.contains(&Some(**it));
            let mut same = found
                .members
                .iter()
                .filter(|member| member.1 == it.number.into());
            let member = member.or_else(|| same.find(is_free).copied());
            if let Some((c_name, number)) = member {
                self.one(spec, set, it, (c_name, number, found.header));
            }
        }
    }

    /// An attribute, and its name, its number and its header in C.
    fn one(&mut self, spec: &Spec, set: &AttrSet, it: &Attribute, theirs: (&str, i128, &str)) {
        let (c_name, number, header) = theirs;
        if number == it.number.into() {
            self.add(spec, c_name, it);
        } else {
            self.wrong.insert(format!(
                "{}: {}.{}: {c_name} is {} there, {number} in {header}",
                spec.file, set.name, it.name, it.number
            ));
        }
    }

    fn add(&mut self, spec: &Spec, c_name: &str, it: &Attribute) {
        let known = self.attributes.entry(c_name.to_owned()).or_default();
        match spec.origin {
            Origin::Ours => known.ours = true,
            Origin::Kernel => known.kernel = true,
        }
        known.is_typed |= is_typed(&spec.family, it);
    }
}

/// Whether the type says what the bytes mean.
fn is_typed(family: &Family, it: &Attribute) -> bool {
    match &it.kind {
        AttrKind::Binary { hint } => hint.is_some(),
        AttrKind::IndexedArray(ArrayElement::Binary { hint }) => hint.is_some(),
        AttrKind::Nest(set)
        | AttrKind::NestTypeValue { set, .. }
        | AttrKind::IndexedArray(ArrayElement::Nest(set)) => !family[*set].attributes.is_empty(),
        AttrKind::SubMessage { message, .. } => !family[*message].formats.is_empty(),
        _ => true,
    }
}

/// An enum that a set without C names may be.
struct Candidate<'a> {
    header: &'a str,
    prefix: String,
    members: Vec<(&'a str, i128)>,
    /// Of its tag and of its names.
    words: HashSet<String>,
    /// Its header's name without what parts its words.
    file: String,
}

impl<'a> Candidate<'a> {
    fn of(group: &Group<'a>) -> Self {
        let members = numbered(&group.constants);
        let prefix = prefix(&group.constants);
        let file = group.header.rsplit('/').next().unwrap_or_default();
        Self {
            header: group.header,
            words: words(&format!("{prefix}_{}", group.tag.unwrap_or_default())),
            prefix,
            members: (members.iter())
                .filter_map(|it| Some((it.name, it.value?)))
                .collect(),
            file: plain(file.trim_end_matches(".h")),
        }
    }

    /// The member whose name ends so, with a C name: the shortest.
    fn by_name(&self, upper_name: &str) -> Option<(&'a str, i128)> {
        let ends = |it: &&(&str, i128)| {
            let rest = it.0.strip_suffix(upper_name);
            rest.is_some_and(|it| it.ends_with('_'))
        };
        let found = self.members.iter().filter(ends);
        found.min_by_key(|it| it.0.len()).copied()
    }

    /// How well a set's attributes fit, by their numbers and C names; `None` where they do
    /// not: half or more are not there, or none has its number.
    fn fit(&self, attributes: &[(i128, String)]) -> Option<Fit> {
        let (mut named, mut same, mut exact) = (0, 0, 0);
        for (number, name) in attributes {
            let Some(member) = self.by_name(name) else {
                continue;
            };
            named += 1;
            same += usize::from(member.1 == *number);
            exact += usize::from(member.0.len() == self.prefix.len() + name.len());
        }
        (same > 0 && named * 2 >= attributes.len()).then_some(Fit {
            score: named + same + exact,
            named,
        })
    }
}

struct Fit {
    score: usize,
    /// How many attributes are called so.
    named: usize,
}

/// The words of a name, none in the plural.
fn words(text: &str) -> HashSet<String> {
    let words = text.split(['-', '_']).map(|it| it.to_uppercase());
    let words = words.map(|it| it.trim_end_matches('S').to_owned());
    words
        .filter(|it| !matches!(it.as_str(), "ATTR" | ""))
        .collect()
}

fn plain(name: &str) -> String {
    name.replace(['-', '_'], "").to_lowercase()
}

/// The enum that a set without C names is: most of its attributes are called what the ends of
/// members are.
fn alike<'c, 'a>(
    set: &AttrSet,
    family: &Family,
    candidates: &'c [Candidate<'a>],
) -> Option<&'c Candidate<'a>> {
    let of_set = words(&set.name);
    let of_family = plain(&family.name);
    let attributes: Vec<_> = (set.attributes.iter())
        .map(|it| (i128::from(it.number), upper(&it.name)))
        .collect();
    let fitting = candidates.iter().filter_map(|it| {
        let fit = it.fit(&attributes)?;
        let is_near = it.header == family.uapi_header || it.file.contains(&of_family);
        let shared = of_set.intersection(&it.words).count();
        let is_most = fit.named * 3 >= attributes.len() * 2 || shared > 0;
        let is_sure = fit.named > 1 || is_near || shared > 0;
        // Of two that fit alike, the one without more members.
        let rank = (fit.score, is_near, shared, Reverse(it.members.len()));
        (is_most && is_sure).then_some((it, rank))
    });
    fitting.max_by_key(|it| it.1).map(|it| it.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "
enum box_attrs { BOX_A_UNSPEC, BOX_A_SIZE, BOX_A_LID, BOX_A_STATS, __BOX_A_MAX };
enum box_lid_attrs { BOX_LID_UNSPEC, BOX_LID_NAME, BOX_LID_COLOUR, BOX_LID_WEIGHT, __BOX_LID_MAX };
enum box_bag_attrs { BOX_BAG_UNSPEC, BOX_BAG_NAME, BOX_BAG_COLOUR, BOX_BAG_STRAP, BOX_BAG_MORE };
";
    const SPEC: &str = "
name: box
doc: Made up.
protocol: netlink-raw
protonum: 31
attribute-sets:
  - name: box
    name-prefix: box-a-
    attributes:
      - {name: size, type: u32}
      - {name: lid, type: nest, nested-attributes: lid-attrs}
      - {name: stats, type: binary, value: 7}
  - name: lid-attrs
    attributes: [{name: name, type: string}, {name: colour, type: binary}, {name: bulk, type: u8}]
  - name: bag-attrs
    attributes: [{name: colour, type: binary, display-hint: hex}, {name: strap, type: u8, value: 3}]
  - name: other
    attributes: [{name: nothing, type: u8}, {name: like, type: u8}, {name: it, type: u8}]
operations: {list: []}
";

    #[test]
    fn attributes_are_known_by_their_names_or_by_their_numbers() {
        let uapi = Uapi::of_texts([("linux/box.h".to_owned(), HEADER.to_owned())]);
        let groups = uapi.enums();
        let groups: Vec<_> = groups.iter().collect();
        let spec = |origin| Spec {
            origin,
            file: "box.yaml".into(),
            text: SPEC.into(),
            family: Family::parse(SPEC, "box.yaml").unwrap_or_else(|err| panic!("{err}")),
        };
        let known = Knowledge::of(&[spec(Origin::Kernel)], &uapi, &groups);
        let is_typed = |name| known.attributes.get(name).map(|it| it.is_typed);
        assert_eq!(is_typed("BOX_A_SIZE"), Some(true));
        assert_eq!(is_typed("BOX_A_LID"), Some(true));
        assert_eq!(is_typed("BOX_A_STATS"), None);
        assert_eq!(is_typed("BOX_LID_NAME"), Some(true));
        assert_eq!(is_typed("BOX_LID_COLOUR"), Some(false));
        assert_eq!(is_typed("BOX_LID_WEIGHT"), Some(true));
        // It has another number there.
        assert_eq!(is_typed("BOX_BAG_COLOUR"), None);
        assert_eq!(is_typed("BOX_BAG_STRAP"), Some(true));
        assert_eq!(known.unmatched.len(), 1, "{:?}", known.unmatched);
        assert!(known.unmatched.contains("box.yaml: other"));
        let wrong: Vec<_> = known.wrong.iter().map(String::as_str).collect();
        assert_eq!(
            wrong,
            [
                "box.yaml: bag-attrs.colour: BOX_BAG_COLOUR is 1 there, 2 in linux/box.h",
                "box.yaml: box.stats: BOX_A_STATS is 7 there, 3 in linux/box.h",
            ]
        );
        let both = Knowledge::of(&[spec(Origin::Ours), spec(Origin::Kernel)], &uapi, &groups);
        let all = AttributeKnowledge {
            ours: true,
            kernel: true,
            is_typed: true,
        };
        assert_eq!(both.get("BOX_A_SIZE"), all);
        assert_eq!(both.get("BOX_A_STATS"), AttributeKnowledge::default());
    }
}
