/* SPDX-License-Identifier: MIT OR Apache-2.0 */
//! The role `client`: `LlmpClient`.

use libafl_core::{ClientId, Error};
use ll_mp::{Flags, LlmpClient, Tag};
use serde_json::Value;
use shmem_providers::ShMemProvider;

use crate::description;
use crate::exchange::{Sink, Source, fill_slot};
use crate::message::Message;
use crate::provider::{instance, kind, with_provider};
use crate::receiver;
use crate::request::{Failure, Outcome, Request, fields};
use crate::sender::{FIRST_MAP, require_fixed_value};

pub const CONNECT_ARGUMENTS: &[&str] = &["provider", "port", "page_size", "timeout_ms"];
pub const PAIR_ARGUMENTS: &[&str] = &["provider", "sender_id"];
pub const OPEN_ARGUMENTS: &[&str] = &["provider", "sender", "receiver"];

pub trait Role: Sink + Source {
    fn connect_answer(&self) -> Outcome;
    fn pair_answer(&self) -> Outcome;
    /// Sends EXITING, and waits until another process has mapped the current page, as the crate requires of its users.
    fn quit(&mut self) -> Outcome;
}

struct Client<SP: ShMemProvider> {
    client: LlmpClient<SP::ShMem, SP>,
}

/// If no broker listens at the port, the crate retries forever, so `timeout_ms` has no effect.
pub fn connect(request: &Request) -> Result<Box<dyn Role>, Failure> {
    require_fixed_value(request, "page_size", FIRST_MAP)?;
    let port = request.port()?;
    request.timeout()?;
    let kind = kind(request)?;
    with_provider!(kind, P => {
        let client = LlmpClient::create_attach_to_tcp(instance::<P>(kind)?, port)?;
        Ok(Box::new(Client { client }))
    })
}

pub fn open(request: &Request) -> Result<Box<dyn Role>, Failure> {
    let out = description::argument(request, "sender")?;
    let broadcast = description::argument(request, "receiver")?;
    let kind = kind(request)?;
    with_provider!(kind, P => {
        let mut provider = instance::<P>(kind)?;
        let out = provider.shmem_from_description(out)?;
        let broadcast = provider.shmem_from_description(broadcast)?;
        let client = LlmpClient::on_existing_shmem(provider, out, None, broadcast, None)?;
        Ok(Box::new(Client { client }))
    })
}

/// Creates a client that reads its own channel. The crate leaves it to its users to give one end to another process.
pub fn pair(request: &Request) -> Result<Box<dyn Role>, Failure> {
    let id = ClientId(request.u32("sender_id")?);
    let kind = kind(request)?;
    with_provider!(kind, P => {
        let client = LlmpClient::new_p2p(instance::<P>(kind)?, id)?;
        Ok(Box::new(Client { client }))
    })
}

impl<SP: ShMemProvider> Sink for Client<SP> {
    fn send(&mut self, tag: Tag, flags: Flags, payload: &[u8]) -> Result<(), Failure> {
        Ok(self.client.send_buf_with_flags(tag, flags, payload)?)
    }

    fn send_in_place(&mut self, tag: Tag, flags: Flags, length: usize, seed: u64) -> Result<(), Failure> {
        // SAFETY: the crate has just allocated that many bytes, and the slot is sent next.
        unsafe {
            let slot = self.client.alloc_next(length)?;
            fill_slot(slot, tag, flags, length, seed);
            Ok(self.client.send(slot)?)
        }
    }
}

impl<SP: ShMemProvider> Source for Client<SP> {
    fn next(&mut self, take: &mut dyn FnMut(&Message)) -> Result<bool, Error> {
        receiver::next(self.client.receiver_mut(), take)
    }
}

impl<SP: ShMemProvider> Role for Client<SP> {
    fn connect_answer(&self) -> Outcome {
        let mut answer = self.pair_answer()?;
        answer.insert("client_id".into(), Value::from(self.client.sender().id().0));
        Ok(answer)
    }

    fn pair_answer(&self) -> Outcome {
        let description = description::of(self.client.sender().describe())?;
        Ok(fields([("description", description::to_json(&description))]))
    }

    fn quit(&mut self) -> Outcome {
        self.client.sender_mut().send_exiting()?;
        self.client.await_safe_to_unmap_blocking();
        Ok(fields([]))
    }
}
