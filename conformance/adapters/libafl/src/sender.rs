/* SPDX-License-Identifier: MIT OR Apache-2.0 */
//! The role `sender`: `LlmpSender`.

use std::{mem, ptr};

use libafl_core::{ClientId, Error};
use ll_mp::{Flags, LlmpClient, LlmpMsg, LlmpSender, LlmpSharedMap, Tag};
use serde_json::Value;
use shmem_providers::{ShMemDescription, ShMemProvider};

use crate::description;
use crate::environment;
use crate::exchange::{Sink, fill_slot};
use crate::provider::{instance, kind, with_provider};
use crate::recording::Recording;
use crate::request::{Failure, Fields, Outcome, Request, fields};

/// Bytes of the crate's first map, with its default feature `llmp_small_maps`.
pub const FIRST_MAP: u64 = 1 << 20;
/// Large enough for a page header; no message is ever written to that page.
const EMPTY_PAGE: usize = 4096;

pub const OPEN_ARGUMENTS: &[&str] = &["provider", "sender_id", "page_size", "receivers", "keep_pages"];
pub const RESUME_ARGUMENTS: &[&str] = &["provider", "name", "environment"];

pub trait Role: Sink {
    fn open_answer(&self) -> Fields;
    fn alloc(&mut self, length: usize) -> Outcome;
    fn shrink(&mut self, length: usize) -> Outcome;
    fn cancel(&mut self) -> Outcome;
    fn commit(&mut self, tag: Tag, flags: Flags, seed: u64) -> Outcome;
    fn exit(&mut self) -> Outcome;
    fn save(&self, name: &str) -> Outcome;
}

/// A slot between `alloc` and `commit`.
struct Allocated {
    slot: *mut LlmpMsg,
    length: usize,
}

struct Sender<SP: ShMemProvider> {
    sender: LlmpSender<SP::ShMem, SP>,
    provider: SP,
    first_map: ShMemDescription,
    allocated: Option<Allocated>,
    committer: Option<LlmpClient<SP::ShMem, SP>>,
}

pub fn open(request: &Request) -> Result<Box<dyn Role>, Failure> {
    require_fixed_value(request, "page_size", FIRST_MAP)?;
    require_fixed_value(request, "receivers", 1)?;
    let id = ClientId(request.u32("sender_id")?);
    let keep_pages = request.bool_or("keep_pages", false)?;
    let kind = kind(request)?;
    with_provider!(kind, P => create(instance::<P>(kind)?, |provider| LlmpSender::new(provider, id, keep_pages)))
}

/// Accepts an argument for which the crate has no setting only if it is the value that the crate uses.
pub fn require_fixed_value(request: &Request, name: &str, fixed: u64) -> Result<(), Failure> {
    if request.u64_or(name, fixed)? == fixed {
        return Ok(());
    }
    Err(Failure::unsupported(format!("`{name}` is always {fixed}")))
}

pub fn resume(request: &Request) -> Result<Box<dyn Role>, Failure> {
    let name = environment::set(request)?;
    let kind = kind(request)?;
    with_provider!(kind, P => create(instance::<P>(kind)?, |sp| LlmpSender::on_existing_from_env(sp, &name)))
}

/// Creates a sender over a provider, which is stored because `new_committer` needs it too.
fn create<SP, F>(provider: SP, make: F) -> Result<Box<dyn Role>, Failure>
where
    SP: ShMemProvider + 'static,
    F: FnOnce(Recording<SP>) -> Result<LlmpSender<SP::ShMem, Recording<SP>>, Error>,
{
    let provider = Recording::over(provider);
    let sender = make(provider.clone())?;
    let first_map = provider.first().ok_or_else(|| Failure::refused("the sender has no map"))?;
    Ok(Box::new(Sender { sender, provider, first_map, allocated: None, committer: None }))
}

impl<SP: ShMemProvider> Sender<SP> {
    /// Commits an allocated slot. Only `LlmpClient` has a public function for that, so the sender is swapped into a
    /// client without a broker.
    fn commit_slot(&mut self, slot: *mut LlmpMsg) -> Result<(), Failure> {
        let mut committer = match self.committer.take() {
            Some(committer) => committer,
            None => self.new_committer()?,
        };
        mem::swap(committer.sender_mut(), &mut self.sender);
        // SAFETY: the slot is the one that this sender allocated last.
        let sent = unsafe { committer.send(slot) };
        mem::swap(committer.sender_mut(), &mut self.sender);
        self.committer = Some(committer);
        Ok(sent?)
    }

    fn new_committer(&self) -> Result<LlmpClient<SP::ShMem, SP>, Failure> {
        let mut provider = self.provider.clone();
        let empty_page = LlmpSharedMap::new(ClientId(0), provider.new_shmem(EMPTY_PAGE)?);
        Ok(LlmpClient::new(provider, empty_page, self.sender.id())?)
    }

    fn take_allocated(&mut self) -> Result<Allocated, Failure> {
        self.allocated.take().ok_or_else(|| Failure::refused("no message is allocated"))
    }
}

impl<SP: ShMemProvider> Sink for Sender<SP> {
    fn send(&mut self, tag: Tag, flags: Flags, payload: &[u8]) -> Result<(), Failure> {
        Ok(self.sender.send_buf_with_flags(tag, flags, payload)?)
    }

    fn send_in_place(&mut self, tag: Tag, flags: Flags, length: usize, seed: u64) -> Result<(), Failure> {
        let slot = self.sender.alloc_next(length)?;
        // SAFETY: the crate has just allocated that many bytes.
        unsafe { fill_slot(slot, tag, flags, length, seed) };
        self.commit_slot(slot)
    }
}

impl<SP: ShMemProvider> Role for Sender<SP> {
    fn open_answer(&self) -> Fields {
        fields([("description", description::to_json(&self.first_map))])
    }

    fn alloc(&mut self, length: usize) -> Outcome {
        let slot = self.sender.alloc_next(length)?;
        self.allocated = Some(Allocated { slot, length });
        Ok(fields([]))
    }

    fn shrink(&mut self, length: usize) -> Outcome {
        let slot = self.allocated.as_ref().map_or(ptr::null_mut(), |allocated| allocated.slot);
        // SAFETY: the slot allocated last, or null, which the crate refuses.
        unsafe { self.sender.shrink_alloced(slot, length)? };
        if let Some(allocated) = &mut self.allocated {
            allocated.length = length;
        }
        Ok(fields([]))
    }

    fn cancel(&mut self) -> Outcome {
        let allocated = self.take_allocated()?;
        // SAFETY: the slot is allocated and not used after this.
        unsafe { self.sender.cancel_send(allocated.slot) };
        Ok(fields([]))
    }

    fn commit(&mut self, tag: Tag, flags: Flags, seed: u64) -> Outcome {
        let allocated = self.take_allocated()?;
        // SAFETY: the slot is allocated and has that length.
        unsafe { fill_slot(allocated.slot, tag, flags, allocated.length, seed) };
        self.commit_slot(allocated.slot)?;
        Ok(fields([]))
    }

    fn exit(&mut self) -> Outcome {
        self.sender.send_exiting()?;
        Ok(fields([]))
    }

    fn save(&self, name: &str) -> Outcome {
        environment::check(name)?;
        // SAFETY: no other thread of this process accesses the environment at this time.
        unsafe { self.sender.to_env(name)? };
        Ok(fields([("environment", Value::from(environment::current(name)))]))
    }
}
