// SPDX-License-Identifier: GPL-2.0-or-later
//! What a kernel says when it dies: its first words, where it was, and whose fault that is.

use std::fmt;

/// The panic in a kernel's log.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct LastWords {
    /// The line that says what happened.
    first: String,
    /// The functions of the trace, innermost first.
    functions: Vec<String>,
    fault: Fault,
}

/// Fault fault it is, as far as the trace shows.
#[derive(Debug, PartialEq, Eq)]
enum Fault {
    /// Pid 1 ended, by this wait status.
    Init(u32),
    /// This module, which was inserted at the start, is in the trace.
    Module(String),
    /// Neither.
    Kernel,
}

/// What a panic says of itself.
const PANIC: &str = "Kernel panic - not syncing: ";

/// Lines that say more than the panic that comes of them (`oops=panic`, `panic_on_warn`).
const HEADS: &[&str] = &[
    "BUG: ",
    "kernel BUG at",
    "WARNING: ",
    "UBSAN: ",
    "general protection fault",
    "divide error",
    "Unable to handle",
    "stack segment",
    "invalid opcode",
];

/// So many lines before the panic a report may begin.
const REPORT: usize = 150;

/// So many lines before its panic User-Mode Linux begins to show the registers.
const REGISTERS: usize = 12;

/// So many functions are shown.
const SHOWN: usize = 8;

/// Functions that report or deliver the fault, and are not where it is.
const MACHINERY: &[&str] = &[
    "panic",
    "vpanic",
    "_panic",
    "__warn",
    "die",
    "oops_end",
    "dump_stack",
    "dump_stack_lvl",
    "_printk",
    "print_report",
    "kasan_report",
    "end_report",
    "report_bug",
    "handle_bug",
    "check_panic_on_warn",
    "segv",
    "segv_handler",
    "sig_handler",
    "sig_handler_common",
    "hard_handler",
    "timer_real_alarm_handler",
    "unblock_signals",
    "relay_signal",
    "bus_handler",
    "page_fault_oops",
    "do_user_addr_fault",
    "exc_page_fault",
    "asm_exc_page_fault",
    "asm_exc_invalid_op",
    "exc_invalid_op",
    "__restore_rt",
];

impl LastWords {
    /// The panic in this log, where there is one; `module` is the one whose fault it may be.
    pub(super) fn of(log: &str, module: Option<&str>) -> Option<Self> {
        let lines: Vec<&str> = log.lines().map(without_time).collect();
        let panic = lines.iter().position(|line| line.starts_with(PANIC))?;
        let from = panic.saturating_sub(REPORT);
        let head = lines[from..panic]
            .iter()
            .rposition(|line| HEADS.iter().any(|it| line.contains(it)))
            .map(|at| from + at);
        let says_more = |at: &usize| {
            let panic = &lines[panic][PANIC.len()..];
            panic.starts_with("Fatal exception")
                || panic.contains("panic_on_warn")
                || lines[*at].contains("BUG")
        };
        let at = head.filter(says_more).unwrap_or(panic);
        let trace = lines[at.min(panic.saturating_sub(REGISTERS))..].iter();
        let trace: Vec<Frame> = trace.filter_map(|line| Frame::of(line)).collect();
        let first = lines[at].trim().to_owned();
        let is_module = |frame: &Frame| frame.module.is_some() && frame.module == module;
        let fault = match exit_code(lines[panic]) {
            Some(status) => Fault::Init(status),
            None => match trace.iter().find(|frame| is_module(frame)) {
                Some(frame) => Fault::Module(frame.module.unwrap_or_default().to_owned()),
                None => Fault::Kernel,
            },
        };
        Some(Self {
            first,
            functions: shown(&trace),
            fault,
        })
    }
}

/// The functions worth showing: those that the unwinder is sure of, where it is of any but
/// the one that the registers name.
fn shown(trace: &[Frame<'_>]) -> Vec<String> {
    let is_unwound = trace.iter().filter(|frame| frame.is_sure).count() > 1;
    let mut names: Vec<String> = Vec::new();
    for frame in trace {
        let is_in_doubt = !frame.is_sure && (is_unwound || frame.is_start);
        if is_in_doubt || MACHINERY.contains(&frame.function) {
            continue;
        }
        // A function of Rust's by its path, every other as it is.
        let function = rustc_demangle::demangle(frame.function);
        let name = match frame.module {
            Some(module) => format!("{function:#} [{module}]"),
            None => format!("{function:#}"),
        };
        if names.last() != Some(&name) {
            names.push(name);
        }
    }
    names.truncate(SHOWN);
    names
}

/// A line of the log without its time and its caller's number.
fn without_time(line: &str) -> &str {
    let mut rest = line.trim_end();
    // `[    1.234567]`, and with it `[   T1]`.
    while let Some((head, tail)) = rest
        .strip_prefix('[')
        .and_then(|it| it.split_once(']'))
        .filter(|(head, _)| {
            head.trim_start_matches([' ', 'T', 'C'])
                .parse::<f64>()
                .is_ok()
        })
    {
        debug_assert!(!head.is_empty());
        rest = tail.strip_prefix(' ').unwrap_or(tail);
    }
    rest
}

/// The wait status of a pid 1 that ended.
fn exit_code(panic: &str) -> Option<u32> {
    let (_, code) = panic.split_once("Attempted to kill init! exitcode=0x")?;
    u32::from_str_radix(code.trim(), 16).ok()
}

/// A function in a trace: `? name+0x12/0x34 [module]`.
struct Frame<'a> {
    function: &'a str,
    module: Option<&'a str>,
    is_sure: bool,
    /// Its first byte: found on the stack, that is a pointer and no return address.
    is_start: bool,
}

impl<'a> Frame<'a> {
    fn of(line: &'a str) -> Option<Self> {
        let (head, tail) = line.split_once("+0x")?;
        let start = head.rfind(|c: char| !(c.is_ascii_alphanumeric() || "_.$".contains(c)));
        let function = &head[start.map_or(0, |at| at + 1)..];
        let (offset, rest) = tail.split_once("/0x")?;
        let is_hex = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_hexdigit());
        let (size, rest) = rest.split_at(
            rest.find(|c: char| !c.is_ascii_hexdigit())
                .unwrap_or(rest.len()),
        );
        if function.is_empty() || !is_hex(offset) || !is_hex(size) {
            return None;
        }
        let module = rest
            .trim_start()
            .strip_prefix('[')
            .and_then(|it| it.split(']').next())
            // With its taints or its build id behind it.
            .and_then(|it| it.split([' ', '(']).next());
        Some(Self {
            function,
            module,
            is_sure: !head.contains("? "),
            is_start: offset == "0",
        })
    }
}

impl fmt::Display for LastWords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "its kernel died of `{}`", self.first)?;
        // Where the kernel buried pid 1 says nothing of why it ended.
        if !self.functions.is_empty() && !matches!(self.fault, Fault::Init(_)) {
            write!(f, " in {}", self.functions.join(" < "))?;
        }
        match &self.fault {
            Fault::Init(status) if status & 0x7f != 0 => write!(
                f,
                ": pid 1, which is xtask, ended by signal {}; a fault of xtask's, or of who \
                 ended it, not of the kernel's",
                status & 0x7f
            ),
            Fault::Init(status) => write!(
                f,
                ": pid 1, which is xtask, ended with status {}; a fault of xtask's, not of the \
                 kernel's",
                status >> 8 & 0xff
            ),
            Fault::Module(name) => {
                write!(f, ": the module {name} is in the trace, a fault of ours")
            }
            Fault::Kernel => write!(
                f,
                ": no module of ours is in the trace, a fault of the kernel's own"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report_of(log: &str) -> String {
        LastWords::of(log, Some("nl_kernel")).unwrap().to_string()
    }

    /// Of User-Mode Linux 6.12.117, whose dump of time stamps reads the clock of a port of
    /// netdevsim that has none.
    const OF_THE_KERNEL: &str = "\
[    9.240000] Modules linked in:
[    9.240000] Pid: 32, comm: python3 Not tainted 6.12.117
[    9.240000] RIP: 0033:mock_phc_index+0x0/0x20
[    9.240000] RSP: 000000007ff6f918  EFLAGS: 00010202
[    9.240000] R13: 000000007feda7a8 R14: 000000007ff4a000 R15: 00000000607808d8
[    9.240000] Kernel panic - not syncing: Kernel mode fault at addr 0xb8, ip 0x60362e90
[    9.240000] CPU: 0 UID: 0 PID: 32 Comm: python3 Not tainted 6.12.117 #1
[    9.240000] Stack:
[    9.240000]  6034edf7 7fed9888 60419b52 7ff4a000
[    9.240000] Call Trace:
[    9.240000]  [<6034edf7>] ? nsim_get_ts_info+0x17/0x20
[    9.240000]  [<60419b52>] ? __ethtool_get_ts_info+0x82/0xa0
[    9.240000]  [<6041af50>] ? ethnl_default_start+0x0/0x1d0
[    9.240000]  [<60404145>] ? netlink_dump+0x1f5/0x5b0
";

    #[test]
    fn a_fault_of_the_kernels_own_is_reported_with_where_it_was() {
        assert_eq!(
            report_of(OF_THE_KERNEL),
            "its kernel died of `Kernel panic - not syncing: Kernel mode fault at addr 0xb8, ip \
             0x60362e90` in mock_phc_index < nsim_get_ts_info < __ethtool_get_ts_info < \
             netlink_dump: no module of ours is in the trace, a fault of the kernel's own"
        );
    }

    #[test]
    fn a_fault_with_our_module_in_the_trace_is_ours() {
        let function = "_RINvNtNtCskgb5Y1lefqP_9nl_kernel4genl9operation13doit_callback\
                        NtB6_15NullDereferenceEB6_";
        let line = format!("{function}+0x13/0x30 [nl_kernel]");
        let log = OF_THE_KERNEL.replace("mock_phc_index+0x0/0x20", &line);
        let text = report_of(&log);
        let path = "nl_kernel::genl::operation::doit_callback::<nl_kernel::NullDereference> \
                    [nl_kernel] < ";
        assert!(text.contains(path), "{text}");
        assert!(text.ends_with("the module nl_kernel is in the trace, a fault of ours"));
        // Not where it is the module of somebody else.
        let other = LastWords::of(&log, Some("dummy")).unwrap().to_string();
        assert!(other.contains("the kernel's own"), "{other}");
    }

    #[test]
    fn the_end_of_pid_1_is_reported_by_how_it_ended() {
        let log = |status| {
            format!("[ 1.0] Kernel panic - not syncing: Attempted to kill init! exitcode={status}")
        };
        let text = report_of(&log("0x0000000b"));
        assert!(text.contains("pid 1, which is xtask, ended by signal 11; a fault of xtask's"));
        let text = report_of(&log("0x00000100"));
        assert!(text.contains("ended with status 1"), "{text}");
    }

    #[test]
    fn on_a_pc_the_report_before_the_panic_says_what_happened() {
        let log = "\
[    2.100000][   T40] BUG: kernel NULL pointer dereference, address: 0000000000000000\r
[    2.100000][   T40] #PF: supervisor read access in kernel mode\r
[    2.100000][   T40] Oops: Oops: 0000 [#1] PREEMPT SMP\r
[    2.100000][   T40] RIP: 0010:netlink_dump+0x12/0x30\r
[    2.100000][   T40] Call Trace:\r
[    2.100000][   T40]  ? __die+0x1e/0x60\r
[    2.100000][   T40]  genl_rcv_msg+0x259/0x270\r
[    2.100000][   T40]  entry_SYSCALL_64_after_hwframe+0x76/0x7e\r
[    2.100000][   T40] Kernel panic - not syncing: Fatal exception\r
";
        assert_eq!(
            report_of(log),
            "its kernel died of `BUG: kernel NULL pointer dereference, address: \
             0000000000000000` in netlink_dump < genl_rcv_msg < entry_SYSCALL_64_after_hwframe: \
             no module of ours is in the trace, a fault of the kernel's own"
        );
        let warned = log
            .replace(
                "BUG: kernel NULL pointer dereference, address: 0000000000000000",
                "WARNING: CPU: 1 PID: 40 at net/core/dev.c:7 dev_put+0x7/0x9",
            )
            .replace("Fatal exception", "kernel: panic_on_warn set ...");
        assert!(report_of(&warned).starts_with("its kernel died of `WARNING: CPU: 1"));
    }

    #[test]
    fn a_log_without_a_panic_has_no_last_words() {
        let log = OF_THE_KERNEL.replace("Kernel panic", "No panic");
        assert_eq!(LastWords::of(&log, None), None);
    }
}
