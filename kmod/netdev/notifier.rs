// SPDX-License-Identifier: GPL-2.0-or-later

//! Interfaces that come, change and go.

use super::{Net, NetDev};
use crate::{
    bindings as c,
    genl::{Family, Registered, Registration},
};
use core::{
    ffi::c_void,
    mem::MaybeUninit,
    ptr,
    sync::atomic::{AtomicPtr, Ordering},
};
use kernel::{
    error::to_result,
    ffi::{c_int, c_ulong},
    prelude::*,
    types::Opaque,
};

/// What happened to an interface.
#[derive(Clone, Copy)]
pub(crate) enum Event {
    /// It was made, or moved into its network namespace.
    New,
    /// Its name, address, MTU, queue length, flags or state changed.
    Change,
    /// It was deleted, or moves out of its network namespace.
    Del,
}

/// Who is notified of events.
pub(crate) trait NetdevEvents {
    /// Takes note that all events in `net` are notified from now on: what happened since the
    /// family was registered may have been missed. Runs under RTNL; called at least once
    /// for each namespace.
    fn begin(family: Registered<'_>, net: &Net);

    /// Takes an event of `dev` in `net`. Runs under RTNL; may sleep.
    fn event(family: Registered<'_>, event: Event, net: &Net, dev: NetDev<'_>);
}

/// C's `struct notifier_block` for network interfaces, and what belongs to it.
#[repr(C)]
pub(crate) struct Notifier {
    /// The first member: the callback gets its address.
    block: Opaque<c::notifier_block>,
    /// What a [`NetdevEvents`] multicasts with.
    family: &'static Family,
    /// The task that is adding or removing the block, else null.
    ///
    /// The core replays the events of all interfaces to a block that comes or goes, on the
    /// task that asked for it. Those are no news, but for what [`NetdevEvents::begin`]
    /// makes of them. It does so under RTNL, which real events need as well, so that task
    /// has none of its own meanwhile.
    replaying: AtomicPtr<c_void>,
}

// SAFETY: Once made, the block is written to by the core alone, under its own locks.
unsafe impl Sync for Notifier {}

impl Notifier {
    /// A notifier that calls `T`, which multicasts to the groups of `family`.
    pub(crate) const fn const_new<T: NetdevEvents>(family: &'static Family) -> Self {
        // SAFETY: Integers, pointers, and functions that are `None` when null: zero is a
        // value of it.
        let mut block: c::notifier_block = unsafe { MaybeUninit::zeroed().assume_init() };
        block.notifier_call = Some(callback::<T>);
        Self {
            block: Opaque::new(block),
            family,
            replaying: AtomicPtr::new(ptr::null_mut()),
        }
    }

    /// Registers the notifier, in all network namespaces. It keeps its family registered.
    ///
    /// Fails with `EINVAL` for another family than that of [`Notifier::const_new`].
    pub(crate) fn register(&'static self, family: Registration) -> Result<Listening> {
        if !ptr::eq(self.family, family.family()) {
            return Err(EINVAL);
        }
        self.with_replays(|| {
            // SAFETY: A block made by `const_new` is valid, and static.
            to_result(unsafe { c::register_netdevice_notifier(self.block.get()) })
        })?;
        // INVARIANT: Just registered.
        Ok(Listening {
            notifier: self,
            _family: family,
        })
    }

    /// Runs what makes the core replay events, and knows those by it.
    fn with_replays<R>(&self, change: impl FnOnce() -> R) -> R {
        // Relaxed: a task finds its own store, and any other value is not its own.
        self.replaying.store(current(), Ordering::Relaxed);
        let result = change();
        self.replaying.store(ptr::null_mut(), Ordering::Relaxed);
        result
    }
}

/// A registered notifier; dropping it unregisters it, and then its family.
///
/// # Invariants
///
/// The notifier is registered.
pub(crate) struct Listening {
    notifier: &'static Notifier,
    /// Dropped after [`Listening::drop`]: no event finds the family gone.
    _family: Registration,
}

impl Drop for Listening {
    fn drop(&mut self) {
        let notifier = self.notifier;
        notifier.with_replays(|| {
            // SAFETY: Registered, by the type invariant. It waits for events being delivered.
            unsafe { c::unregister_netdevice_notifier(notifier.block.get()) }
        });
    }
}

/// Stands for the running task, and for no other that runs meanwhile.
fn current() -> *mut c_void {
    // SAFETY: The call does no more than read a pointer of this CPU.
    unsafe { c::nl_kernel_current() }
}

/// Hands an event to `T`.
///
/// # Safety
///
/// `block` must be that of a registered [`Notifier`], `info` that of an event, and RTNL
/// be held, as the core does.
unsafe extern "C" fn callback<T: NetdevEvents>(
    block: *mut c::notifier_block,
    event: c_ulong,
    info: *mut c_void,
) -> c_int {
    // CAST: It is 0.
    const DONE: c_int = c::NOTIFY_DONE as c_int;

    // SAFETY: The block is the first member of a `Notifier`, which is static.
    let notifier = unsafe { &*block.cast::<Notifier>() };
    // SAFETY: By this function's contract.
    let dev = unsafe { c::netdev_notifier_info_to_dev(info.cast()) };
    // SAFETY: As long as a notifier is registered, and when it comes and goes, its family is
    // registered, by `Notifier::register` and `Listening`. Under RTNL an interface stays, and
    // stays in its namespace.
    let (family, net) = unsafe {
        (
            Registered::new_unchecked(notifier.family),
            Net::from_raw(c::dev_net(dev)),
        )
    };
    let is_replayed = notifier.replaying.load(Ordering::Relaxed) == current();
    // CAST: An enum of small numbers.
    let event = match event as c::netdev_cmd {
        // Every namespace has an interface, its loopback.
        c::netdev_cmd_NETDEV_REGISTER if is_replayed => {
            T::begin(family, net);
            return DONE;
        }
        _ if is_replayed => return DONE,
        c::netdev_cmd_NETDEV_REGISTER => Event::New,
        // SAFETY: The interface is valid while its event is delivered.
        c::netdev_cmd_NETDEV_UNREGISTER if unsafe { c::nl_kernel_netdev_is_gone(dev) } => {
            // Repeated every second while somebody keeps a reference to it.
            return DONE;
        }
        c::netdev_cmd_NETDEV_UNREGISTER => Event::Del,
        c::netdev_cmd_NETDEV_UP
        | c::netdev_cmd_NETDEV_DOWN
        | c::netdev_cmd_NETDEV_CHANGE
        | c::netdev_cmd_NETDEV_CHANGEMTU
        | c::netdev_cmd_NETDEV_CHANGEADDR
        | c::netdev_cmd_NETDEV_CHANGENAME
        | c::netdev_cmd_NETDEV_CHANGE_TX_QUEUE_LEN => Event::Change,
        _ => return DONE,
    };
    if let Some(dev) = NetDev::new(dev) {
        T::event(family, event, net, dev);
    }
    DONE
}
