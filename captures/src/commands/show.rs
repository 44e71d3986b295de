// SPDX-License-Identifier: GPL-2.0-or-later
//! `nlcap show`: the messages of a capture file, a line for each.

use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, Read, Write};
use std::path::Path;

use anyhow::anyhow;

use super::args::ShowArgs;
use crate::exit::Exit;
use crate::file::reader::{FileInfo, ReadError, Remarks, read_while};
use crate::messages::event::Interpreter;
use crate::messages::specs::Specs;
use crate::show::view::View;
use crate::terminal::text::{self, Reason, escape_os};

/// Bytes gathered for one write(2).
const BUFFER: usize = 1 << 17;

/// Runs `nlcap show`.
pub(crate) fn run(args: &ShowArgs) -> anyhow::Result<Exit> {
    let specs = args.view.specs()?;
    let options = args.view.options();
    let stdout = io::stdout();
    let is_terminal = stdout.is_terminal();
    let mut show = Show {
        out: BufWriter::with_capacity(BUFFER, stdout.lock()),
        view: View::for_output(&options, is_terminal),
        prompt: is_terminal,
        failed: None,
    };
    let mut exit = Exit::Success;
    for path in &args.files {
        let mut about = FileInfo::default();
        let end = open(path).and_then(|file| show.file(&specs, file, &mut about));
        if matches!(end, Err(ReadError::Stopped)) {
            break;
        }
        // What was read comes before what is said of the rest.
        show.flush();
        let path = escape_os(path);
        say_remarks(&path, &about.remarks);
        if let Some(dropped @ 1..) = about.dropped {
            let lost = text::count(dropped, "frame");
            text::say(&format_args!(
                "{path}: the recorder lost {lost}: messages are missing"
            ));
        }
        if let Err(error) = end {
            text::say(&format_args!("cannot read {path}: {error}"));
            exit = Exit::Failed;
        }
        if show.failed.is_some() {
            break;
        }
    }
    show.finish();
    match show.failed {
        // Who reads the pipe has seen enough.
        Some(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(anyhow!("cannot write the messages: {}", Reason(error)))
        }
        Some(_) => Ok(exit),
        None => {
            show.view.say_if_none_matches();
            Ok(exit)
        }
    }
}

/// A file to read, and whether it may be a while until there is more of it.
pub(super) fn open(path: &Path) -> Result<(Box<dyn Read>, bool), ReadError> {
    if path == Path::new("-") {
        return Ok((Box::new(io::stdin().lock()), true));
    }
    let file = File::open(path).map_err(|error| ReadError::Io(Reason(error)))?;
    let is_regular = file.metadata().is_ok_and(|it| it.is_file());
    Ok((Box::new(file), !is_regular))
}

/// Says what was skipped of the file of that name.
pub(super) fn say_remarks(name: &str, remarks: &Remarks) {
    for line in remarks.lines() {
        text::say(&format_args!("{name}: {line}"));
    }
}

struct Show<'a, W: Write> {
    out: BufWriter<W>,
    view: View<'a>,
    /// Somebody watches: each packet is written at once.
    prompt: bool,
    failed: Option<io::Error>,
}

impl<W: Write> Show<'_, W> {
    /// Shows a file.
    fn file(
        &mut self,
        specs: &Specs,
        (file, live): (impl Read, bool),
        about: &mut FileInfo,
    ) -> Result<(), ReadError> {
        let mut interpreter = Interpreter::new(specs, self.view.options.secrets);
        let prompt = self.prompt || live;
        read_while(file, about, &mut |packet| {
            self.view.packet(&mut interpreter, packet);
            self.write();
            if prompt {
                self.flush();
            }
            self.failed.is_none()
        })
    }

    fn write(&mut self) {
        if self.failed.is_none() && !self.view.text.is_empty() {
            self.failed = self.out.write_all(self.view.text.as_bytes()).err();
        }
        self.view.text.clear();
    }

    fn flush(&mut self) {
        if self.failed.is_none() {
            self.failed = self.out.flush().err();
        }
    }

    fn finish(&mut self) {
        self.view.finish();
        self.write();
        self.flush();
    }
}
