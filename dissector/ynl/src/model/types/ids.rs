// SPDX-License-Identifier: GPL-2.0-or-later
//! The ids by which a family's enums, structs, sets and sub-messages are named.

use std::ops::Index;

use super::{AttrSet, Enum, Family, Struct, SubMessage};

/// Index of an [`Enum`] in its [`Family`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EnumId(usize);

/// Index of a [`Struct`] in its [`Family`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StructId(usize);

/// Index of an [`AttrSet`] in its [`Family`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SetId(usize);

/// Index of a [`SubMessage`] in its [`Family`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SubMessageId(usize);

macro_rules! ids {
    ($($id:ident),+) => {$(
        impl $id {
            pub(crate) fn at(index: usize) -> Self {
                Self(index)
            }

            pub(crate) fn index(self) -> usize {
                self.0
            }
        }
    )+};
}

ids!(EnumId, StructId, SetId, SubMessageId);

impl Index<EnumId> for Family {
    type Output = Enum;
    fn index(&self, id: EnumId) -> &Enum {
        &self.enums[id.0]
    }
}

impl Index<StructId> for Family {
    type Output = Struct;
    fn index(&self, id: StructId) -> &Struct {
        &self.structs[id.0]
    }
}

impl Index<SetId> for Family {
    type Output = AttrSet;
    fn index(&self, id: SetId) -> &AttrSet {
        &self.sets[id.0]
    }
}

impl Index<SubMessageId> for Family {
    type Output = SubMessage;
    fn index(&self, id: SubMessageId) -> &SubMessage {
        &self.sub_messages[id.0]
    }
}
