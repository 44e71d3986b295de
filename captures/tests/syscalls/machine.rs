// SPDX-License-Identifier: GPL-2.0-or-later
//! A folder of a test on this machine, and who runs programs there.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use pcap_file::pcapng::blocks::enhanced_packet::EnhancedPacketOption;
use pcap_file::pcapng::{Block, PcapNgReader};

/// The user nobody, and its group.
const NOBODY: u32 = 65534;

/// Bytes of the cooked header before the messages.
const COOKED: usize = 16;

/// What every program of the tests begins with: it writes down what it sends and receives.
const PRELUDE: &str = r#"
import errno, os, signal, socket, struct, sys, threading, time
lock = threading.Lock()
def note(way, what):
    with lock, open("truth", "a") as log: print(way, bytes(what).hex(), file=log)
def new(protocol=0): return socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, protocol)
def request(seq, index=1):
    return struct.pack("=IHHII", 32, 18, 1, seq, 0) + struct.pack("=BBHiII", 0, 0, 0, index, 0, 0)
def ask(s, seq):
    it = request(seq); s.sendto(it, (0, 0)); note("out", it)
    note("in", s.recv(65536))
def dump(s): s.sendto(struct.pack("=IHHII", 32, 18, 0x301, 1, 0) + bytes(16), (0, 0))
def headers(buffers):
    import ctypes
    class Piece(ctypes.Structure): _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]
    class Header(ctypes.Structure):
        _fields_ = [("name", ctypes.c_void_p), ("namelen", ctypes.c_uint), ("iov", ctypes.c_void_p), ("iovlen", ctypes.c_size_t),
                    ("control", ctypes.c_void_p), ("controllen", ctypes.c_size_t), ("flags", ctypes.c_int), ("hole", ctypes.c_int), ("count", ctypes.c_uint)]
    all = (Header * len(buffers))(); kept = []
    for header, buffer in zip(all, buffers):
        piece = Piece(ctypes.addressof(buffer), len(buffer)); kept.append(piece)
        header.iov, header.iovlen = ctypes.addressof(piece), 1
    return ctypes.CDLL(None), all, kept
def sendmmsg(s, messages):
    import ctypes
    buffers = [(ctypes.c_char * len(it)).from_buffer_copy(it) for it in messages]
    libc, all, kept = headers(buffers)
    assert libc.sendmmsg(s.fileno(), all, len(all), 0) == len(all)
def recvmmsg(s, number):
    import ctypes
    buffers = [(ctypes.c_char * 9000)() for _ in range(number)]
    libc, all, kept = headers(buffers)
    assert libc.recvmmsg(s.fileno(), all, number, 0, None) == number
    return [bytes(it)[:header.count] for it, header in zip(buffers, all)]
"#;

/// How a program has ended, and what it wrote.
pub(crate) struct Outcome {
    /// The exit code; None where a signal ended it.
    pub(crate) code: Option<i32>,
    /// The signal that ended it.
    pub(crate) signal: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl From<Output> for Outcome {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            signal: output.status.signal(),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

/// A frame of a recording.
pub(crate) struct Frame {
    pub(crate) time: Duration,
    pub(crate) protocol: u16,
    pub(crate) is_sent: bool,
    pub(crate) messages: Vec<u8>,
    pub(crate) original_length: u32,
    /// All of its comments.
    pub(crate) comment: String,
}

impl Frame {
    /// As programs note it.
    pub(crate) fn line(&self) -> String {
        let hex: String = self
            .messages
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        format!("{} {hex}", if self.is_sent { "out" } else { "in" })
    }

    /// Sequence number of its first message.
    pub(crate) fn sequence(&self) -> u32 {
        u32::from_ne_bytes(*self.messages[8..].first_chunk().unwrap())
    }
}

/// The lines of a text.
pub(crate) fn lines(text: &str) -> Vec<&str> {
    text.lines().collect()
}

/// A folder, and who runs programs there.
pub(crate) struct Machine {
    folder: tempfile::TempDir,
    is_nobody: bool,
}

impl Machine {
    /// As the one who runs the tests.
    pub(crate) fn own() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            is_nobody: false,
        }
    }

    /// Both, where root runs the tests: root, and a user without any privilege.
    pub(crate) fn all() -> Vec<Self> {
        let own = Self::own();
        // SAFETY: The call takes nothing and cannot fail.
        if unsafe { libc::geteuid() } != 0 {
            return vec![own];
        }
        let nobody = Self {
            is_nobody: true,
            ..Self::own()
        };
        fs::set_permissions(nobody.path(), fs::Permissions::from_mode(0o777)).unwrap();
        vec![own, nobody]
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a program; what was noted before is forgotten.
    pub(crate) fn python(&self, name: &str, program: &str) {
        self.forget();
        let path = self.path().join(name);
        fs::write(&path, format!("{PRELUDE}\n{program}\n")).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o644)).unwrap();
    }

    /// Forgets what programs have noted.
    pub(crate) fn forget(&self) {
        let _ = fs::remove_file(self.path().join("truth"));
    }

    /// What the program noted, sorted.
    pub(crate) fn truth(&self) -> Vec<String> {
        let noted = fs::read_to_string(self.path().join("truth")).unwrap_or_default();
        let mut all: Vec<_> = noted.lines().map(str::to_owned).collect();
        all.sort();
        all
    }

    /// A command line, without a shell.
    fn command(&self, line: &str) -> Command {
        let mut words = line.split(' ');
        let mut command = Command::new(words.next().unwrap());
        command
            .args(words)
            .current_dir(self.path())
            .stdin(Stdio::null());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        if self.is_nobody {
            command.uid(NOBODY).gid(NOBODY);
        }
        command
    }

    /// Runs a command line.
    pub(crate) fn run(&self, line: &str) -> Outcome {
        self.command(line).output().unwrap().into()
    }

    /// Runs nlcap.
    pub(crate) fn nlcap(&self, line: &str) -> Outcome {
        self.run(&format!("{} {line}", env!("CARGO_BIN_EXE_nlcap")))
    }

    /// Starts nlcap, in a process group of its own.
    pub(crate) fn start_nlcap(&self, line: &str) -> Child {
        let line = format!("{} {line}", env!("CARGO_BIN_EXE_nlcap"));
        self.command(&line).process_group(0).spawn().unwrap()
    }

    /// The frames of a recording, without what nlcap added.
    pub(crate) fn frames(&self, name: &str) -> Vec<Frame> {
        let mut all = self.all_frames(name);
        all.retain(|it| !it.comment.contains("added by nlcap"));
        all
    }

    /// The frames of a recording.
    pub(crate) fn all_frames(&self, name: &str) -> Vec<Frame> {
        let file = fs::File::open(self.path().join(name)).unwrap();
        let mut reader = PcapNgReader::new(file).unwrap();
        let mut all = Vec::new();
        while let Some(block) = reader.next_block() {
            let Block::EnhancedPacket(packet) = block.unwrap() else {
                continue;
            };
            let comments = packet.options.iter().filter_map(|option| match option {
                EnhancedPacketOption::Comment(text) => Some(text.to_string()),
                _ => None,
            });
            let cooked = &packet.data[..COOKED];
            all.push(Frame {
                time: packet.timestamp,
                protocol: u16::from_be_bytes([cooked[14], cooked[15]]),
                // PACKET_OUTGOING or PACKET_USER, as it is on nlmon.
                is_sent: cooked[..2] == [0, 7],
                messages: packet.data[COOKED..].to_vec(),
                original_length: packet.original_len - COOKED as u32,
                comment: comments.collect::<Vec<_>>().join("\n"),
            });
        }
        all
    }
}
