// SPDX-License-Identifier: GPL-2.0-or-later

//! Module of the tests: faults on request, for the kernel's checkers to find, and an
//! interface with a permanent address.
//!
//! It stands on the safe layer of `nl_kernel`, and so do its faults as far as that lets
//! them: they are what a handler could do in spite of it. Each is an operation of the
//! family `nl_tests`, and so a message to it is the request for one.

#![allow(dead_code, unused_imports, reason = "the safe layer offers more")]

use core::{hint::black_box, mem::MaybeUninit};
use kernel::{new_mutex, prelude::*, sync::Mutex};

mod bindings;
mod genl;
mod netdev;

use bindings as c;
use genl::{DoOp, ExtAck, Family, GenlInfo, Policy, Registration, SplitOp};
use netdev::{Net, RcuGuard};

module! {
    type: NlTests,
    name: "nl_tests",
    description: "Faults for the kernel's checkers to find",
    license: "GPL",
}

static OPS: [SplitOp; 9] = [
    SplitOp::doit::<Control>(),
    SplitOp::doit::<SleepUnderRcu>(),
    SplitOp::doit::<LockInversion>(),
    SplitOp::doit::<UseAfterFree>(),
    SplitOp::doit::<Leak>(),
    SplitOp::doit::<ArithmeticOverflow>(),
    SplitOp::doit::<OutOfBounds>(),
    SplitOp::doit::<UnbalancedReference>(),
    SplitOp::doit::<NullDereference>(),
];

static FAMILY: Family = Family::const_new(&THIS_MODULE, c"nl_tests", 1, &OPS, &[]);

/// The module while it is loaded.
struct NlTests {
    _family: Registration,
    _device: Device,
}

impl kernel::Module for NlTests {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        Ok(Self {
            _device: Device::new()?,
            _family: FAMILY.register()?,
        })
    }
}

/// The interface `perm0`, whose permanent address is 02:00:00:00:07:01.
struct Device(*mut c::net_device);

// SAFETY: It is touched when it is made and when it is dropped, which the kernel's own
// locks allow on any task.
unsafe impl Send for Device {}
// SAFETY: As above.
unsafe impl Sync for Device {}

impl Device {
    fn new() -> Result<Self> {
        let address = [2, 0, 0, 0, 7, 1];
        // SAFETY: A text that ends with a NUL, and six bytes, both read before it returns.
        let dev = unsafe { c::nl_tests_device_new(c"perm0".as_ptr().cast(), address.as_ptr()) };
        if dev.is_null() {
            return Err(ENOMEM);
        }
        Ok(Self(dev))
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        // SAFETY: Made by `new`, and not freed before.
        unsafe { c::nl_tests_device_free(self.0) }
    }
}

/// What went wrong where nothing should.
fn failed(errno: Error) -> ExtAck<'static> {
    ExtAck::new(errno, c"a step failed that should not")
}

/// Two locks, of a class each.
struct Locks {
    first: Pin<KBox<Mutex<u32>>>,
    second: Pin<KBox<Mutex<u32>>>,
}

impl Locks {
    fn new() -> Result<Self> {
        Ok(Self {
            first: KBox::pin_init(new_mutex!(1, "nl_tests::first"), GFP_KERNEL)?,
            second: KBox::pin_init(new_mutex!(2, "nl_tests::second"), GFP_KERNEL)?,
        })
    }

    fn forwards(&self) -> u32 {
        let first = self.first.lock();
        let second = self.second.lock();
        *first + *second
    }

    fn backwards(&self) -> u32 {
        let second = self.second.lock();
        let first = self.first.lock();
        *first + *second
    }
}

/// Takes a reference to the loopback interface of `net`.
fn hold_loopback(net: &Net) -> (*mut c::net_device, c::netdevice_tracker) {
    // SAFETY: A pointer, or nothing where references are not tracked: zero is a value of it.
    let mut tracker: c::netdevice_tracker = unsafe { MaybeUninit::zeroed().assume_init() };
    // SAFETY: The namespace is held by who sent the request. The tracker's place is written
    // to before the call returns.
    let dev =
        unsafe { c::netdev_get_by_index(net.as_raw(), 1, &mut tracker, c::nl_kernel_gfp_kernel) };
    (dev, tracker)
}

/// The control: what the faults do, without the faults. No checker has anything to say of this.
struct Control;

impl DoOp for Control {
    const CMD: u8 = 1;
    const POLICY: Option<&'static [Policy]> = None;

    fn doit<'a>(info: &'a GenlInfo) -> Result<(), ExtAck<'a>> {
        let memory = KBox::new([1_u8; 24], GFP_KERNEL).map_err(|_| failed(ENOMEM))?;
        let rcu = RcuGuard::new();
        let count = info.net().devices(&rcu).count();
        drop(rcu);
        let locks = Locks::new().map_err(failed)?;
        black_box((count, locks.forwards(), locks.forwards(), memory));
        let (dev, mut tracker) = hold_loopback(info.net());
        if !dev.is_null() {
            // SAFETY: Held, with that tracker, just now.
            unsafe { c::netdev_put(dev, &mut tracker) };
        }
        Ok(())
    }
}

/// Allocates, and so may sleep, in an RCU read-side critical section.
struct SleepUnderRcu;

impl DoOp for SleepUnderRcu {
    const CMD: u8 = 2;
    const POLICY: Option<&'static [Policy]> = None;

    fn doit<'a>(_info: &'a GenlInfo) -> Result<(), ExtAck<'a>> {
        let rcu = RcuGuard::new();
        black_box(KBox::new(1_u32, GFP_KERNEL).map_err(|_| failed(ENOMEM))?);
        drop(rcu);
        Ok(())
    }
}

/// Takes two locks in both orders.
struct LockInversion;

impl DoOp for LockInversion {
    const CMD: u8 = 3;
    const POLICY: Option<&'static [Policy]> = None;

    fn doit<'a>(_info: &'a GenlInfo) -> Result<(), ExtAck<'a>> {
        let locks = Locks::new().map_err(failed)?;
        black_box((locks.forwards(), locks.backwards()));
        Ok(())
    }
}

/// Reads memory that it freed.
struct UseAfterFree;

impl DoOp for UseAfterFree {
    const CMD: u8 = 4;
    const POLICY: Option<&'static [Policy]> = None;

    fn doit<'a>(_info: &'a GenlInfo) -> Result<(), ExtAck<'a>> {
        let memory = KBox::new([1_u8; 24], GFP_KERNEL).map_err(|_| failed(ENOMEM))?;
        let place = black_box(memory.as_ptr());
        drop(memory);
        // SAFETY: None: this is the fault.
        black_box(unsafe { place.read_volatile() });
        Ok(())
    }
}

/// Forgets memory.
struct Leak;

impl DoOp for Leak {
    const CMD: u8 = 5;
    const POLICY: Option<&'static [Policy]> = None;

    fn doit<'a>(_info: &'a GenlInfo) -> Result<(), ExtAck<'a>> {
        // Several: a copy of the last one's address may stay on a stack.
        for _ in 0..8 {
            let memory = KBox::new([1_u8; 24], GFP_KERNEL).map_err(|_| failed(ENOMEM))?;
            black_box(KBox::leak(memory));
        }
        Ok(())
    }
}

/// Adds beyond an integer's end.
struct ArithmeticOverflow;

impl DoOp for ArithmeticOverflow {
    const CMD: u8 = 6;
    const POLICY: Option<&'static [Policy]> = None;

    fn doit<'a>(_info: &'a GenlInfo) -> Result<(), ExtAck<'a>> {
        let most = black_box(u8::MAX);
        black_box(most + 1);
        Ok(())
    }
}

/// Writes behind the memory that it has.
struct OutOfBounds;

impl DoOp for OutOfBounds {
    const CMD: u8 = 7;
    const POLICY: Option<&'static [Policy]> = None;

    fn doit<'a>(_info: &'a GenlInfo) -> Result<(), ExtAck<'a>> {
        let mut memory = KBox::new([1_u8; 24], GFP_KERNEL).map_err(|_| failed(ENOMEM))?;
        let place = black_box(memory.as_mut_ptr());
        // SAFETY: None: this is the fault.
        unsafe { place.add(24).write_volatile(1) };
        Ok(())
    }
}

/// Keeps a reference to an interface.
struct UnbalancedReference;

impl DoOp for UnbalancedReference {
    const CMD: u8 = 8;
    const POLICY: Option<&'static [Policy]> = None;

    fn doit<'a>(info: &'a GenlInfo) -> Result<(), ExtAck<'a>> {
        black_box(hold_loopback(info.net()));
        Ok(())
    }
}

/// Reads at address 0, which ends the guest.
struct NullDereference;

impl DoOp for NullDereference {
    const CMD: u8 = 9;
    const POLICY: Option<&'static [Policy]> = None;

    fn doit<'a>(_info: &'a GenlInfo) -> Result<(), ExtAck<'a>> {
        let nowhere = black_box(core::ptr::null::<u8>());
        // SAFETY: None: this is the fault.
        black_box(unsafe { nowhere.read_volatile() });
        Ok(())
    }
}
