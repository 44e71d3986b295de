// SPDX-License-Identifier: GPL-2.0-or-later
//! How a name of a specification is spelt elsewhere.

/// A name as a lower-case identifier: `rx-packets` becomes `rx_packets`.
pub fn snake(name: &str) -> String {
    name.replace('-', "_").to_lowercase()
}

/// A name as a C constant, and as people see it: `rx-packets` becomes
/// `RX_PACKETS`.
pub fn upper(name: &str) -> String {
    name.replace('-', "_").to_uppercase()
}

/// A name as a Rust type or variant: `rx-packets` becomes `RxPackets`.
pub fn camel(name: &str) -> String {
    name.split(['-', '_', '.'])
        .flat_map(|word| {
            let mut letters = word.chars();
            letters
                .next()
                .map(|first| first.to_uppercase().chain(letters).collect::<String>())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_spelt_for_each_reader() {
        assert_eq!(snake("rtnl-link-stats64"), "rtnl_link_stats64");
        assert_eq!(upper("nl-util-a-netdev"), "NL_UTIL_A_NETDEV");
        assert_eq!(camel("l2-list"), "L2List");
        assert_eq!(camel("nl_util"), "NlUtil");
        assert_eq!(camel("--odd-"), "Odd");
    }
}
