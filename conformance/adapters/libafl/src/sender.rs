/* SPDX-License-Identifier: MIT OR Apache-2.0 */
//! The role of a sender: `LlmpSender`.

use std::{mem, ptr};

use libafl_core::{ClientId, Error};
use ll_mp::{Flags, LlmpClient, LlmpMsg, LlmpSender, LlmpSharedMap, Tag};
use serde_json::Value;
use shmem_providers::{ShMemDescription, ShMemProvider};

use crate::description;
use crate::environment;
use crate::exchange::{Sink, fill_slot};
use crate::noting::Noting;
use crate::provider::{instance, kind, with_provider};
use crate::request::{Failure, Fields, Outcome, Request, fields};

/// The crate's first map, by its default feature `llmp_small_maps`.
pub const FIRST_MAP: u64 = 1 << 20;
/// Large enough for a page's header: nothing is ever written to that page.
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
struct Reserved {
    slot: *mut LlmpMsg,
    length: usize,
}

struct Sender<SP: ShMemProvider> {
    sender: LlmpSender<SP::ShMem, SP>,
    provider: SP,
    first_map: ShMemDescription,
    reserved: Option<Reserved>,
    committer: Option<LlmpClient<SP::ShMem, SP>>,
}

pub fn open(request: &Request) -> Result<Box<dyn Role>, Failure> {
    only_what_the_crate_fixes(request, "page_size", FIRST_MAP)?;
    only_what_the_crate_fixes(request, "receivers", 1)?;
    let id = ClientId(request.u32("sender_id")?);
    let keep_pages = request.bool_or("keep_pages", false)?;
    let kind = kind(request)?;
    with_provider!(kind, P => over(instance::<P>(kind)?, |provider| LlmpSender::new(provider, id, keep_pages)))
}

/// The crate has no such setting: the one value that it works with anyway is granted.
pub fn only_what_the_crate_fixes(request: &Request, name: &str, fixed: u64) -> Result<(), Failure> {
    if request.u64_or(name, fixed)? == fixed {
        return Ok(());
    }
    Err(Failure::unsupported(format!("`{name}` is always {fixed}")))
}

pub fn resume(request: &Request) -> Result<Box<dyn Role>, Failure> {
    let name = environment::put(request)?;
    let kind = kind(request)?;
    with_provider!(kind, P => over(instance::<P>(kind)?, |provider| LlmpSender::on_existing_from_env(provider, &name)))
}

/// A sender over a provider, which is needed once more for the maps of `new_committer`.
fn over<SP, F>(provider: SP, make: F) -> Result<Box<dyn Role>, Failure>
where
    SP: ShMemProvider + 'static,
    F: FnOnce(Noting<SP>) -> Result<LlmpSender<SP::ShMem, Noting<SP>>, Error>,
{
    let provider = Noting::over(provider);
    let sender = make(provider.clone())?;
    let first_map = provider.first().ok_or_else(|| Failure::refused("the sender has no map"))?;
    Ok(Box::new(Sender { sender, provider, first_map, reserved: None, committer: None }))
}

impl<SP: ShMemProvider> Sender<SP> {
    /// Only `LlmpClient` lets its user commit a reserved slot, so a client without a broker lends its `send`.
    fn commit_slot(&mut self, slot: *mut LlmpMsg) -> Result<(), Failure> {
        let mut committer = match self.committer.take() {
            Some(committer) => committer,
            None => self.new_committer()?,
        };
        mem::swap(committer.sender_mut(), &mut self.sender);
        // SAFETY: the slot is the one that this very sender reserved last.
        let sent = unsafe { committer.send(slot) };
        mem::swap(committer.sender_mut(), &mut self.sender);
        self.committer = Some(committer);
        Ok(sent?)
    }

    fn new_committer(&self) -> Result<LlmpClient<SP::ShMem, SP>, Failure> {
        let mut provider = self.provider.clone();
        let nothing_to_read = LlmpSharedMap::new(ClientId(0), provider.new_shmem(EMPTY_PAGE)?);
        Ok(LlmpClient::new(provider, nothing_to_read, self.sender.id())?)
    }

    fn take_reserved(&mut self) -> Result<Reserved, Failure> {
        self.reserved.take().ok_or_else(|| Failure::refused("nothing is reserved"))
    }
}

impl<SP: ShMemProvider> Sink for Sender<SP> {
    fn send(&mut self, tag: Tag, flags: Flags, payload: &[u8]) -> Result<(), Failure> {
        Ok(self.sender.send_buf_with_flags(tag, flags, payload)?)
    }

    fn send_in_place(&mut self, tag: Tag, flags: Flags, length: usize, seed: u64) -> Result<(), Failure> {
        let slot = self.sender.alloc_next(length)?;
        // SAFETY: the crate has just reserved that many bytes.
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
        self.reserved = Some(Reserved { slot, length });
        Ok(fields([]))
    }

    fn shrink(&mut self, length: usize) -> Outcome {
        let slot = self.reserved.as_ref().map_or(ptr::null_mut(), |reserved| reserved.slot);
        // SAFETY: null, which the crate refuses, or the slot reserved last.
        unsafe { self.sender.shrink_alloced(slot, length)? };
        if let Some(reserved) = &mut self.reserved {
            reserved.length = length;
        }
        Ok(fields([]))
    }

    fn cancel(&mut self) -> Outcome {
        let reserved = self.take_reserved()?;
        // SAFETY: the slot is reserved and not used after this.
        unsafe { self.sender.cancel_send(reserved.slot) };
        Ok(fields([]))
    }

    fn commit(&mut self, tag: Tag, flags: Flags, seed: u64) -> Outcome {
        let reserved = self.take_reserved()?;
        // SAFETY: the slot is reserved and has that length.
        unsafe { fill_slot(reserved.slot, tag, flags, reserved.length, seed) };
        self.commit_slot(reserved.slot)?;
        Ok(fields([]))
    }

    fn exit(&mut self) -> Outcome {
        self.sender.send_exiting()?;
        Ok(fields([]))
    }

    fn save(&self, name: &str) -> Outcome {
        environment::check(name)?;
        // SAFETY: no other thread of this process reads the environment meanwhile.
        unsafe { self.sender.to_env(name)? };
        Ok(fields([("environment", Value::from(environment::taken(name)))]))
    }
}
