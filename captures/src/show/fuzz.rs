// SPDX-License-Identifier: GPL-2.0-or-later
//! Everything that can be printed of a file, whatever its bytes are.

use std::cell::LazyCell;

use jiff::tz::TimeZone;

use super::options::Options;
use super::view::View;
use crate::file::reader::{FileInfo, read_while};
use crate::messages::event::Interpreter;
use crate::messages::specs::Specs;
use crate::terminal::paint::Paint;
use crate::terminal::text::is_unsafe;

thread_local! {
    static SPECS: LazyCell<Specs> = LazyCell::new(Specs::only_built_in);
}

/// Shows a file in each form: nothing that could drive a terminal is printed.
///
/// # Panics
///
/// Where something is.
pub(crate) fn all_views(file: &[u8]) {
    for form in 0..4 {
        let mut args = Options {
            added: true,
            ..Options::default()
        };
        match form {
            0 => args.attr = vec![String::from("a.b=c")],
            1 => (args.verbose, args.bytes) = (true, true),
            2 => args.json = true,
            _ => args.count = true,
        }
        SPECS.with(|specs| {
            let mut interpreter = Interpreter::new(specs, false);
            let mut view = View::new(&args, Paint(false), TimeZone::UTC);
            let look = |view: &mut View<'_>| {
                let text = view.text();
                assert!(!text.contains(|c| c != '\n' && is_unsafe(c)), "{text:?}");
            };
            // A file that is damaged is read up to the damage.
            let _ = read_while(file, &mut FileInfo::default(), &mut |packet| {
                view.packet(&mut interpreter, packet);
                look(&mut view);
                true
            });
            view.finish();
            look(&mut view);
        });
    }
}
