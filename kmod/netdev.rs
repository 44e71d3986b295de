// SPDX-License-Identifier: GPL-2.0-or-later

//! Network devices, borrowed under RCU.
//!
//! A [`NetDev`] lives as long as the [`RcuGuard`] that it was found under: using
//! it after the critical section does not compile. No lock is taken, so fields may
//! change between two reads; each is read once, as C does with `READ_ONCE()`. What
//! needs the lock of all network configuration asks for an [`RtnlGuard`]. [`notifier`]
//! notifies of interfaces that come, change and go.
//!
//! C header: [`include/linux/netdevice.h`](srctree/include/linux/netdevice.h)

/// Reads a field of a [`NetDev`] once. The field must be of an integer or pointer type.
macro_rules! read_once {
    ($dev:expr, $field:ident) => {
        // SAFETY: The interface is valid by the type invariant, the field aligned and
        // initialised. A writer may race; a volatile read of a word is what C does too.
        unsafe { core::ptr::addr_of!((*$dev.0.as_ptr()).$field).read_volatile() }
    };
}

mod details;
pub(crate) mod notifier;

use crate::bindings as c;
use core::{
    ffi::CStr,
    marker::PhantomData,
    ptr::{self, NonNull},
    sync::atomic::{fence, Ordering},
};
use kernel::{ffi::c_ulong, types::Opaque};

/// Length of an Ethernet address in bytes.
pub(crate) const ETH_ALEN: usize = c::ETH_ALEN as usize;

/// Longest interface name in bytes, with its NUL.
pub(crate) const IFNAMSIZ: usize = c::IFNAMSIZ as usize;

/// Longest alias of an interface in bytes, with its NUL.
pub(crate) const IFALIASZ: usize = c::IFALIASZ as usize;

/// An RCU read-side critical section, from creation to drop.
///
/// Nothing may sleep while one exists: no `GFP_KERNEL` allocation, no mutex.
pub(crate) struct RcuGuard {
    /// The task that entered must leave: not `Send`.
    _not_send: PhantomData<*mut ()>,
}

impl RcuGuard {
    /// Enters a critical section.
    pub(crate) fn new() -> Self {
        // SAFETY: Sections nest and may be entered anywhere; `drop` leaves this one.
        unsafe { c::rcu_read_lock() };
        Self {
            _not_send: PhantomData,
        }
    }
}

impl Drop for RcuGuard {
    fn drop(&mut self) {
        // SAFETY: `new` entered, on this task, since the guard is not `Send`.
        unsafe { c::rcu_read_unlock() };
    }
}

/// The lock of all network configuration (RTNL), from creation to drop.
///
/// Dropping it may sleep: an [`RcuGuard`] must not outlive it, which it does not when it
/// was made after it.
pub(crate) struct RtnlGuard {
    /// The task that locked must unlock: not `Send`.
    _not_send: PhantomData<*mut ()>,
}

impl RtnlGuard {
    /// Takes the lock. May sleep.
    pub(crate) fn new() -> Self {
        // SAFETY: Handlers of requests run without it; `drop` releases it.
        unsafe { c::rtnl_lock() };
        Self {
            _not_send: PhantomData,
        }
    }
}

impl Drop for RtnlGuard {
    fn drop(&mut self) {
        // SAFETY: `new` locked, on this task, since the guard is not `Send`.
        unsafe { c::rtnl_unlock() };
    }
}

/// A network namespace: C's `struct net`.
///
/// # Invariants
///
/// A reference points at a namespace that somebody holds for the reference's lifetime.
#[repr(transparent)]
pub(crate) struct Net(Opaque<c::net>);

impl Net {
    /// Borrows the namespace at `net`.
    ///
    /// # Safety
    ///
    /// `net` must point at a namespace that is held for `'a`.
    pub(crate) unsafe fn from_raw<'a>(net: *mut c::net) -> &'a Self {
        // INVARIANT: Held, by this function's contract.
        // SAFETY: Valid for `'a` by that contract; `Self` is a transparent `Opaque`.
        unsafe { &*net.cast() }
    }

    /// C's structure; valid as long as `self` is borrowed.
    pub(crate) fn as_raw(&self) -> *mut c::net {
        self.0.get()
    }

    /// Number that changes whenever an interface comes to this namespace or leaves it.
    pub(crate) fn dev_base_seq(&self) -> u32 {
        // SAFETY: The namespace is held.
        unsafe { c::nl_kernel_dev_base_seq(self.as_raw()) }
    }

    /// The interface with index `ifindex`, of any type.
    pub(crate) fn by_index<'g>(&'g self, _: &'g RcuGuard, ifindex: u32) -> Option<NetDev<'g>> {
        // No interface has an index beyond C's `int`.
        let ifindex = i32::try_from(ifindex).ok()?;
        // SAFETY: The namespace is held, and the guard is the critical section asked for.
        let dev = unsafe { c::dev_get_by_index_rcu(self.0.get(), ifindex) };
        NetDev::new(dev)
    }

    /// All interfaces, in the order of their indices, which is that of `ip link`.
    pub(crate) fn devices<'g>(&'g self, rcu: &'g RcuGuard) -> Devices<'g> {
        self.devices_from(rcu, 1)
    }

    /// The interfaces whose index is `ifindex` or higher, in the order of their indices.
    pub(crate) fn devices_from<'g>(&'g self, _: &'g RcuGuard, ifindex: usize) -> Devices<'g> {
        Devices {
            net: self,
            next: ifindex,
        }
    }
}

/// Iterator over the interfaces of a namespace.
///
/// An interface that comes or goes on the way may be passed over; one that stays is
/// seen exactly once.
pub(crate) struct Devices<'g> {
    net: &'g Net,
    /// Lowest index that was not looked at yet.
    next: c_ulong,
}

impl<'g> Iterator for Devices<'g> {
    type Item = NetDev<'g>;

    fn next(&mut self) -> Option<NetDev<'g>> {
        // SAFETY: The namespace is held. `self` borrows the guard that it was made with, so
        // the interface found is not freed before the critical section ends.
        let dev = unsafe { c::nl_kernel_netdev_from(self.net.0.get(), &mut self.next) };
        let dev = NetDev::new(dev)?;
        self.next += 1;
        Some(dev)
    }
}

/// An interface: C's `struct net_device`.
///
/// # Invariants
///
/// The pointer is to a `net_device` that was found in an RCU critical section which
/// lasts for `'g`, or that RTNL, which is held for `'g`, keeps: it is not freed before.
#[derive(Clone, Copy)]
pub(crate) struct NetDev<'g>(NonNull<c::net_device>, PhantomData<&'g RcuGuard>);

impl<'g> NetDev<'g> {
    /// Takes what a lookup under a guard of lifetime `'g` returned.
    fn new(dev: *mut c::net_device) -> Option<Self> {
        // INVARIANT: The callers, in this file and below it, hold the guard for `'g`.
        NonNull::new(dev).map(|dev| Self(dev, PhantomData))
    }

    /// Whether it is an Ethernet interface: `ARPHRD_ETHER`, which loopback, nlmon and
    /// tunnels are not.
    pub(crate) fn is_ethernet(self) -> bool {
        u32::from(read_once!(self, type_)) == c::ARPHRD_ETHER
    }

    /// Interface index, from 1 on.
    pub(crate) fn ifindex(self) -> u32 {
        // CAST: The kernel gives out positive indices only.
        read_once!(self, ifindex) as u32
    }

    /// `IFF_*` flags as they stand in the structure; `dev_get_flags()`, which
    /// rtnetlink sends, computes some of them anew.
    pub(crate) fn flags(self) -> u32 {
        read_once!(self, flags)
    }

    /// MTU in bytes.
    pub(crate) fn mtu(self) -> u32 {
        read_once!(self, mtu)
    }

    /// Length of the transmit queue in packets.
    pub(crate) fn tx_queue_len(self) -> u32 {
        read_once!(self, tx_queue_len)
    }

    /// Operational state, an `IF_OPER_*` value, as rtnetlink sends it: down for an
    /// interface that is not running, whose state is not kept up.
    pub(crate) fn operstate(self) -> u32 {
        // SAFETY: The interface is valid by the type invariant; this tests one bit.
        if unsafe { c::netif_running(self.0.as_ptr()) } {
            read_once!(self, operstate)
        } else {
            c::IF_OPER_DOWN
        }
    }

    /// Name.
    ///
    /// The lock of renames (`netdev_rename_lock`) is not exported, so a rename can race
    /// with the copy; see [`copy_settled`].
    pub(crate) fn name(self) -> DevName {
        // SAFETY: The array is inside the interface, valid by the type invariant.
        let mut name =
            unsafe { copy_settled::<IFNAMSIZ>(ptr::addr_of!((*self.0.as_ptr()).name).cast()) };
        // A mix of two names need not have a NUL.
        name[IFNAMSIZ - 1] = 0;
        // INVARIANT: It ends with a NUL at the latest.
        DevName(name)
    }

    /// Hardware address. A change can race as with [`NetDev::name`].
    pub(crate) fn address(self) -> [u8; ETH_ALEN] {
        let address = read_once!(self, dev_addr);
        // SAFETY: It points at MAX_ADDR_LEN bytes, more than ETH_ALEN, which are freed
        // after a grace period at the earliest, with the interface.
        unsafe { copy_settled(address) }
    }

    /// Broadcast address. A change can race as with [`NetDev::name`].
    pub(crate) fn broadcast(self) -> [u8; ETH_ALEN] {
        // SAFETY: The array, of MAX_ADDR_LEN bytes, more than ETH_ALEN, is inside the
        // interface, valid by the type invariant.
        unsafe { copy_settled(ptr::addr_of!((*self.0.as_ptr()).broadcast).cast()) }
    }

    /// Counters, as the driver sums them up now.
    pub(crate) fn stats(self) -> LinkStats {
        let mut stats = c::rtnl_link_stats64::default();
        // SAFETY: Both pointers are valid. Under RCU, as here, the call may be made for any
        // interface: sysfs does.
        unsafe { c::dev_get_stats(self.0.as_ptr(), &mut stats) };
        LinkStats(stats)
    }
}

/// Copies `N` bytes that another CPU may be changing.
///
/// Where nothing can be locked out, it copies until two copies agree. So what it
/// returns was there for some time, which a half-written value is only if its writer
/// was stopped between two stores (a virtual CPU that is not scheduled, say). A byte
/// is never invented: each is of the old value or of the new one.
///
/// # Safety
///
/// `src` must be valid for reads of `N` bytes.
unsafe fn copy_settled<const N: usize>(src: *const u8) -> [u8; N] {
    const TRIES: usize = 8;

    let src = src.cast::<[u8; N]>();
    // SAFETY: Readable by the contract; an array of bytes has no alignment.
    let mut copy = unsafe { src.read_volatile() };
    for _ in 0..TRIES {
        fence(Ordering::Acquire);
        // SAFETY: As above.
        let again = unsafe { src.read_volatile() };
        if again == copy {
            break;
        }
        copy = again;
    }
    copy
}

/// An interface's name.
///
/// # Invariants
///
/// The last byte is NUL.
#[derive(Clone, Copy)]
pub(crate) struct DevName([u8; IFNAMSIZ]);

impl DevName {
    /// The name as a C string.
    pub(crate) fn as_c_str(&self) -> &CStr {
        // There is a NUL, by the type invariant.
        CStr::from_bytes_until_nul(&self.0).unwrap_or_default()
    }

    /// The name for a log.
    pub(crate) fn printable(&self) -> PrintableName {
        let mut printable = PrintableName {
            text: [0; PrintableName::SIZE],
            len: 0,
        };
        for &byte in self.as_c_str().to_bytes() {
            match byte {
                b' '..=b'~' => printable.push(&[byte]),
                _ => {
                    let digit = |it: u8| if it < 10 { b'0' + it } else { b'a' - 10 + it };
                    printable.push(&[b'\\', b'x', digit(byte >> 4), digit(byte & 15)]);
                }
            }
        }
        printable
    }
}

/// An interface's name with every byte that is not printable ASCII as `\xNN`: userspace may
/// name an interface anything.
///
/// A text and no `Display` of its own: which trait the kernel prints by differs between
/// its versions.
pub(crate) struct PrintableName {
    text: [u8; Self::SIZE],
    len: usize,
}

impl PrintableName {
    /// Four bytes for each of the name, at most.
    const SIZE: usize = 4 * IFNAMSIZ;

    fn push(&mut self, bytes: &[u8]) {
        let end = self.len + bytes.len();
        if let Some(place) = self.text.get_mut(self.len..end) {
            place.copy_from_slice(bytes);
            self.len = end;
        }
    }

    /// The text.
    pub(crate) fn as_str(&self) -> &str {
        let text = self.text.get(..self.len).unwrap_or_default();
        // ASCII alone, by `printable`.
        core::str::from_utf8(text).unwrap_or_default()
    }
}

/// An interface's counters: C's `struct rtnl_link_stats64`.
pub(crate) struct LinkStats(c::rtnl_link_stats64);

impl LinkStats {
    /// Size in bytes; it grows with the kernel's version.
    pub(crate) const SIZE: usize = core::mem::size_of::<c::rtnl_link_stats64>();

    /// The structure as it goes on the wire.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        // SAFETY: The structure consists of u64 counters alone, hence without padding.
        unsafe { core::slice::from_raw_parts(ptr::from_ref(&self.0).cast(), Self::SIZE) }
    }
}
