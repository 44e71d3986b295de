// SPDX-License-Identifier: GPL-2.0-or-later
//! The generated source against the checked-in one, and what is refused.

use super::*;
use ynl::model::{NL_UTIL_YAML, nl_util};

/// The project's specification with one text in place of another.
fn changed(old: &str, new: &str) -> Family {
    let text = NL_UTIL_YAML.replacen(old, new, 1);
    assert_ne!(text, NL_UTIL_YAML, "{old:?} is not in the specification");
    Family::parse(&text, "changed.yaml").unwrap()
}

fn refusal(old: &str, new: &str) -> String {
    emit(&changed(old, new)).unwrap_err().to_string()
}

#[test]
fn the_file_in_the_module_is_what_the_specification_makes() {
    let text = emit(&nl_util()).unwrap();
    assert!(
        text == include_str!("../../../../kmod/uapi/nl_util.rs"),
        "kmod/uapi/nl_util.rs is stale; run `cargo xtask codegen`"
    );
}

#[test]
fn a_request_with_nothing_listed_is_refused_whatever_it_carries() {
    let text = emit(&nl_util()).unwrap();
    assert!(!text.contains("REPLY_WITH_NLMSG_ERR_DO_POLICY"), "{text}");
    let text = emit(&changed("do: {}", "do: { request: { attributes: [] } }")).unwrap();
    let all = "static REPLY_WITH_NLMSG_ERR_DO_POLICY: [Policy; nl_util::LEN] = [Policy::REJECT; \
               nl_util::LEN];";
    assert!(text.contains(all), "{text}");
    assert!(
        text.contains("Some(&REPLY_WITH_NLMSG_ERR_DO_POLICY)"),
        "{text}"
    );
}

#[test]
fn an_enum_of_the_family_becomes_numbers() {
    let text = emit(&changed("    header: linux/if.h\n", "")).unwrap();
    assert!(text.contains("pub(crate) mod device_flags {"), "{text}");
    assert!(
        text.contains("pub(crate) const MULTICAST: u32 = 4096;"),
        "{text}"
    );
}

#[test]
fn the_table_is_in_the_order_of_the_numbers() {
    let text = emit(&changed(
        "do: {}\n    -\n      name: l2-new-ntf",
        "value: 0\n      do: {}\n    -\n      name: l2-new-ntf\n      value: 4",
    ))
    .unwrap();
    let place = |entry| text.find(&format!("SplitOp::{entry}<T>>()")).unwrap();
    assert!(place("doit::<ReplyWithNlmsgErrDo") < place("doit::<L2ListDo"));
    assert!(place("doit::<L2ListDo") < place("dumpit::<L2ListDump"));
    assert!(place("dumpit::<L2ListDump") < place("doit::<L2IidDo"));
}

#[test]
fn what_has_no_check_in_the_layer_is_an_error_not_a_hole() {
    let place = "attribute-sets[netdev].attributes";
    for (old, new, expected) in [
        (
            "max-len: 15",
            "min-len: 1",
            "[ifname]: the kernel module cannot have a string",
        ),
        (
            "exact-len: 6",
            "min-len: 6",
            "[ifbrd]: the kernel module cannot have such `checks`",
        ),
        (
            "exact-len: 6",
            "exact-len: 40000",
            "[ifbrd]: the kernel module cannot have an `exact-len`",
        ),
        (
            "name: ifmtu\n        type: u32",
            "name: ifmtu\n        type: u64",
            "[ifmtu]: the kernel module cannot have an attribute of this type",
        ),
        (
            "name: ifmtu\n        type: u32",
            "name: ifmtu\n        type: u32\n        byte-order: big-endian",
            "[ifmtu]: the kernel module cannot have an attribute of this type",
        ),
        (
            "name: ifmtu\n        type: u32",
            "name: ifmtu\n        type: u32\n        checks: { min: 68 }",
            "[ifmtu]: the kernel module cannot have such `checks`",
        ),
    ] {
        let text = refusal(old, new);
        assert!(text.starts_with(&format!("{place}{expected}")), "{text}");
    }
}

#[test]
fn what_has_no_place_in_the_table_is_an_error() {
    for (new, expected) in [
        ("flags: [admin-perm]\n      do: {}", "everybody"),
        ("notify: l2-list", "a notification that no group gets"),
    ] {
        let text = refusal("do: {}", new);
        assert!(
            text.starts_with("operations[reply-with-nlmsg-err]: "),
            "{text}"
        );
        assert!(text.contains(expected), "{text}");
    }
    let closed = refusal("name: l2\n", "name: l2\n      flags: [admin-perm]\n");
    assert!(closed.starts_with("mcast-groups[l2]: "), "{closed}");
    let long = NL_UTIL_YAML.replace(" l2\n", " sixteen-letters-\n");
    let long = emit(&Family::parse(&long, "long.yaml").unwrap()).unwrap_err();
    assert!(long.to_string().contains("beyond 15 bytes"), "{long}");
    let global = refusal("kernel-policy: split", "kernel-policy: global");
    assert!(global.starts_with("kernel-policy: "), "{global}");
    let own = refusal("    header: linux/if_link.h\n", "");
    assert!(own.contains("a struct of its own"), "{own}");
}

#[test]
fn names_that_rust_cannot_tell_apart_are_an_error() {
    let text = refusal(
        "name: ifmtu",
        "name: if-name\n        type: u32\n      -\n        name: if_name",
    );
    assert!(text.contains("whose name is taken"), "{text}");
    let text = refusal("name: ifmtu", "name: len");
    assert!(text.contains("whose name is taken"), "{text}");
}
