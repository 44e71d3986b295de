// SPDX-License-Identifier: GPL-2.0-or-later
//! The kernel's uapi headers: their enums and macros with their numbers, without a C
//! compiler.
//!
//! All headers are read at once. A name is looked up in the header that it stands in first,
//! then in the others: what they include says no more, for names are hardly ever there twice.

mod enums;
pub(crate) mod members;
pub(crate) mod text;
pub(crate) mod tokens;
mod value;

use anyhow::{Context, Result};
use std::{
    cell::RefCell,
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
};
use tokens::Kind;
use value::{Macro, Names, Num};

/// Headers, and the numbers of all that they name.
pub(crate) struct Uapi {
    headers: Vec<Header>,
    places: HashMap<String, Vec<Place>>,
    /// What was calculated; `None` where a name stands for no number, or stands for itself.
    numbers: RefCell<HashMap<Place, Option<Num>>>,
}

/// A header and a symbol in it.
type Place = (usize, usize);

struct Header {
    name: String,
    enums: Vec<Range>,
    symbols: Vec<Symbol>,
}

/// An enum: its tag, and which symbols are its members.
struct Range {
    tag: Option<String>,
    first: usize,
    end: usize,
}

struct Symbol {
    name: String,
    meaning: Meaning,
}

enum Meaning {
    /// A member of an enum with its number, as it is typed.
    Typed(String),
    /// A member so many behind another, or behind the enum's beginning.
    Counted(Option<usize>, i128),
    /// A member behind something that is not understood.
    Unknown,
    Macro(Macro),
}

/// A name with its number, where it has one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Constant<'a> {
    pub(crate) name: &'a str,
    pub(crate) value: Option<i128>,
}

/// An enum of a header, or the macros of one, in the order of the header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Group<'a> {
    /// The header's name: `linux/if_link.h`.
    pub(crate) header: &'a str,
    pub(crate) tag: Option<&'a str>,
    pub(crate) constants: Vec<Constant<'a>>,
}

impl Uapi {
    /// The headers of a kernel's source.
    pub(crate) fn of_source(source: &Path) -> Result<Self> {
        let folder = source.join("include/uapi");
        let mut paths = Vec::new();
        find_headers(&folder, &mut paths)?;
        let mut texts = Vec::new();
        for path in paths {
            let name = path
                .strip_prefix(&folder)
                .unwrap_or(&path)
                .display()
                .to_string();
            texts.push((name, read(&path)?));
        }
        anyhow::ensure!(
            !texts.is_empty(),
            "no headers in {}: it is no kernel's source",
            folder.display()
        );
        // What is met first holds where names are there twice: ours are in linux/.
        texts.sort_by_key(|(name, _)| (!name.starts_with("linux/"), name.clone()));
        Ok(Self::of_texts(texts))
    }

    /// Headers by their names and texts.
    pub(crate) fn of_texts(texts: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut uapi = Self {
            headers: Vec::new(),
            places: HashMap::new(),
            numbers: RefCell::default(),
        };
        for (name, text) in texts {
            uapi.add(name, &text);
        }
        uapi
    }

    /// One header more, behind the others.
    pub(crate) fn add(&mut self, name: String, text: &str) {
        let parts = text::parts(text);
        let mut header = Header {
            name,
            enums: Vec::new(),
            symbols: Vec::new(),
        };
        enums::read(&parts.code, &mut header);
        for define in parts.defines {
            // `#define X X` lets `#ifdef` see a member of an enum.
            if define.text.body != define.name {
                header.symbols.push(Symbol {
                    name: define.name,
                    meaning: Meaning::Macro(define.text),
                });
            }
        }
        let index = self.headers.len();
        for (at, symbol) in header.symbols.iter().enumerate() {
            let places = self.places.entry(symbol.name.clone()).or_default();
            places.push((index, at));
        }
        self.headers.push(header);
    }

    /// The names of all headers.
    pub(crate) fn headers(&self) -> impl Iterator<Item = &str> {
        self.headers.iter().map(|it| it.name.as_str())
    }

    /// Whether there is a header of that name.
    pub(crate) fn has(&self, header: &str) -> bool {
        self.headers.iter().any(|it| it.name == header)
    }

    /// All enums of all headers.
    pub(crate) fn enums(&self) -> Vec<Group<'_>> {
        let mut all = Vec::new();
        for (index, header) in self.headers.iter().enumerate() {
            all.extend(header.enums.iter().map(|it| Group {
                header: &header.name,
                tag: it.tag.as_deref(),
                constants: self.constants(index, it.first..it.end),
            }));
        }
        all
    }

    /// The macros of a header that stand for numbers.
    pub(crate) fn defines(&self, header: &str) -> Option<Group<'_>> {
        let index = self.headers.iter().position(|it| it.name == header)?;
        let header = &self.headers[index];
        let first = header.enums.last().map_or(0, |it| it.end);
        let mut constants = self.constants(index, first..header.symbols.len());
        constants.retain(|it| it.value.is_some());
        Some(Group {
            header: &header.name,
            tag: None,
            constants,
        })
    }

    fn constants(&self, header: usize, range: std::ops::Range<usize>) -> Vec<Constant<'_>> {
        range
            .map(|at| Constant {
                name: &self.headers[header].symbols[at].name,
                value: self.number((header, at), 0).map(|it| it.value),
            })
            .collect()
    }

    /// All numbers that a name has, with the headers that say so.
    pub(crate) fn numbers(&self, name: &str) -> Vec<(&str, i128)> {
        let places = self.places.get(name).map_or(&[][..], Vec::as_slice);
        let number = |place: &Place| {
            let number = self.number(*place, 0)?;
            Some((self.headers[place.0].name.as_str(), number.value))
        };
        places.iter().filter_map(number).collect()
    }

    /// The text that a macro stands for, and the header that says so.
    pub(crate) fn text(&self, name: &str) -> Option<(&str, &str)> {
        self.places.get(name)?.iter().find_map(|(header, at)| {
            let header = &self.headers[*header];
            let Meaning::Macro(found) = &header.symbols[*at].meaning else {
                return None;
            };
            let all = tokens::tokens(&found.body);
            match all.first()?.kind {
                Kind::Text(text) => Some((header.name.as_str(), text)),
                Kind::Word(other) if other != name && all.len() == 1 => self.text(other),
                _ => None,
            }
        })
    }

    fn number(&self, place: Place, depth: usize) -> Option<Num> {
        if let Some(known) = self.numbers.borrow().get(&place) {
            return *known;
        }
        // Until it is known, it stands for nothing: also for itself.
        self.numbers.borrow_mut().insert(place, None);
        let (header, at) = place;
        let scope = Scope { uapi: self, header };
        let number = match &self.headers[header].symbols[at].meaning {
            Meaning::Typed(text) => value::number_at(text, &scope, depth),
            Meaning::Counted(None, steps) => Some(Num::int(*steps)),
            Meaning::Counted(Some(base), steps) => self
                .number((header, *base), depth)
                .map(|it| it.plus(*steps)),
            Meaning::Unknown => None,
            Meaning::Macro(Macro {
                parameters: None,
                body,
            }) => value::number_at(body, &scope, depth),
            Meaning::Macro(_) => None,
        };
        self.numbers.borrow_mut().insert(place, number);
        number
    }
}

/// A header, from which names are looked up.
struct Scope<'a> {
    uapi: &'a Uapi,
    header: usize,
}

impl Scope<'_> {
    /// The places of a name, those in this header first.
    fn places(&self, name: &str) -> impl Iterator<Item = Place> {
        let all = self.uapi.places.get(name).map_or(&[][..], Vec::as_slice);
        let here = move |it: &&Place| it.0 == self.header;
        let others = all.iter().filter(move |it| !here(it));
        all.iter().filter(here).chain(others).copied()
    }
}

impl Names for Scope<'_> {
    fn number(&self, name: &str, depth: usize) -> Option<Num> {
        self.places(name).find_map(|it| self.uapi.number(it, depth))
    }

    fn function(&self, name: &str) -> Option<Macro> {
        // linux/const.h pastes the suffix on unless an assembler reads it.
        if name == "_AC" {
            return Some(Macro {
                parameters: Some(vec!["number".to_owned(), "suffix".to_owned()]),
                body: "number##suffix".to_owned(),
            });
        }
        self.places(name).find_map(|(header, at)| {
            match &self.uapi.headers[header].symbols[at].meaning {
                Meaning::Macro(found) if found.parameters.is_some() => Some(found.clone()),
                _ => None,
            }
        })
    }
}

fn find_headers(folder: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    let entries = fs::read_dir(folder)
        .with_context(|| format!("cannot list the headers in {}", folder.display()))?;
    for entry in entries {
        let path = entry.context("cannot list headers")?.path();
        if path.is_dir() {
            find_headers(&path, found)?;
        } else if path.extension().is_some_and(|it| it == "h") {
            found.push(path);
        }
    }
    Ok(())
}

/// A source of the kernel; names of people in it may be in any encoding.
pub(crate) fn read(path: &Path) -> Result<String> {
    let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests;
