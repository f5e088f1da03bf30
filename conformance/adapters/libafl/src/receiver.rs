/* SPDX-License-Identifier: MIT OR Apache-2.0 */
//! The role `receiver`: `LlmpReceiver`.

use libafl_core::Error;
use ll_mp::LlmpReceiver;
use serde_json::Value;
use shmem_providers::ShMemProvider;

use crate::description;
use crate::environment;
use crate::exchange::Source;
use crate::message::Message;
use crate::provider::{instance, kind, with_provider};
use crate::request::{Failure, Outcome, Request, fields};

pub const OPEN_ARGUMENTS: &[&str] = &["provider", "description"];

pub trait Role: Source {
    fn save(&self, name: &str) -> Outcome;
}

struct Receiver<SP: ShMemProvider> {
    receiver: LlmpReceiver<SP::ShMem, SP>,
}

pub fn open(request: &Request) -> Result<Box<dyn Role>, Failure> {
    let description = description::argument(request, "description")?;
    let kind = kind(request)?;
    with_provider!(kind, P => {
        let mut provider = instance::<P>(kind)?;
        let map = provider.shmem_from_description(description)?;
        let receiver = LlmpReceiver::on_existing_shmem(provider, map, None)?;
        Ok(Box::new(Receiver { receiver }))
    })
}

pub fn resume(request: &Request) -> Result<Box<dyn Role>, Failure> {
    let name = environment::set(request)?;
    let kind = kind(request)?;
    with_provider!(kind, P => {
        let receiver = LlmpReceiver::on_existing_from_env(instance::<P>(kind)?, &name)?;
        Ok(Box::new(Receiver { receiver }))
    })
}

/// Passes the receiver's next message to `take`. Returns false if there is none.
pub fn next<SP: ShMemProvider>(
    receiver: &mut LlmpReceiver<SP::ShMem, SP>,
    take: &mut dyn FnMut(&Message),
) -> Result<bool, Error> {
    let Some((sender, tag, flags, payload)) = receiver.recv_buf_with_flags()? else {
        return Ok(false);
    };
    take(&Message { tag: tag.0, sender: sender.0, flags: flags.0, payload });
    Ok(true)
}

impl<SP: ShMemProvider> Source for Receiver<SP> {
    fn next(&mut self, take: &mut dyn FnMut(&Message)) -> Result<bool, Error> {
        next(&mut self.receiver, take)
    }
}

impl<SP: ShMemProvider> Role for Receiver<SP> {
    fn save(&self, name: &str) -> Outcome {
        environment::check(name)?;
        // SAFETY: no other thread of this process accesses the environment at this time.
        unsafe { self.receiver.to_env(name)? };
        Ok(fields([("environment", Value::from(environment::current(name)))]))
    }
}
