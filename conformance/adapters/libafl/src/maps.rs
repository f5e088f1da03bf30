/* SPDX-License-Identifier: MIT OR Apache-2.0 */
//! The role `provider`: maps without a channel.

use std::collections::BTreeMap;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::{io, ptr};

use shmem_providers::{ShMem, ShMemProvider};

use crate::description;
use crate::payload::{digest, fill};
use crate::provider::{instance, kind, with_provider};
use crate::request::{Failure, Outcome, Request, fields, number};

trait Map {
    fn bytes(&mut self) -> &mut [u8];
    fn description(&self) -> serde_json::Value;
    fn fork(&mut self) -> Outcome;
}

struct Held<SP: ShMemProvider> {
    map: SP::ShMem,
    provider: SP,
}

#[derive(Default)]
pub struct Maps {
    held: BTreeMap<u64, Box<dyn Map>>,
    last_number: u64,
}

impl Maps {
    pub fn create(&mut self, request: &Request) -> Outcome {
        let (kind, size) = (kind(request)?, request.usize("size")?);
        let (id, map) = self.keep(with_provider!(kind, P => {
            let mut provider = instance::<P>(kind)?;
            Box::new(Held::<P> { map: provider.new_shmem(size)?, provider })
        }));
        Ok(fields([("map", number(id)), ("description", map.description())]))
    }

    pub fn open(&mut self, request: &Request) -> Outcome {
        let (kind, description) = (kind(request)?, description::argument(request, "description")?);
        let (id, map) = self.keep(with_provider!(kind, P => {
            let mut provider = instance::<P>(kind)?;
            Box::new(Held::<P> { map: provider.shmem_from_description(description)?, provider })
        }));
        Ok(fields([("map", number(id)), ("size", number(map.bytes().len() as u64))]))
    }

    fn keep(&mut self, map: Box<dyn Map>) -> (u64, &mut dyn Map) {
        self.last_number += 1;
        (self.last_number, self.held.entry(self.last_number).or_insert(map).as_mut())
    }

    pub fn write(&mut self, request: &Request) -> Outcome {
        let seed = request.u64("seed")?;
        fill(self.range(request)?, seed);
        Ok(fields([]))
    }

    pub fn digest(&mut self, request: &Request) -> Outcome {
        Ok(fields([("digest", digest(self.range(request)?))]))
    }

    pub fn fork(&mut self, request: &Request) -> Outcome {
        self.map(request)?.fork()
    }

    pub fn close(&mut self, request: &Request) -> Outcome {
        self.held.remove(&request.u64("map")?).ok_or_else(unknown)?;
        Ok(fields([]))
    }

    fn map(&mut self, request: &Request) -> Result<&mut dyn Map, Failure> {
        let map = self.held.get_mut(&request.u64("map")?).ok_or_else(unknown)?;
        Ok(map.as_mut())
    }

    fn range(&mut self, request: &Request) -> Result<&mut [u8], Failure> {
        let range = requested_range(request)?;
        let bytes = self.map(request)?.bytes();
        bytes.get_mut(range).ok_or_else(|| Failure::refused("the range is not inside the map"))
    }
}

fn unknown() -> Failure {
    Failure::refused("no such map is open")
}

fn requested_range(request: &Request) -> Result<Range<usize>, Failure> {
    let (offset, length) = (request.usize("offset")?, request.usize("length")?);
    let end = offset.checked_add(length).ok_or_else(|| Failure::refused("offset + length overflows"))?;
    Ok(offset..end)
}

impl<SP: ShMemProvider> Map for Held<SP> {
    fn bytes(&mut self) -> &mut [u8] {
        &mut self.map
    }

    fn description(&self) -> serde_json::Value {
        description::to_json(&self.map.description())
    }

    fn fork(&mut self) -> Outcome {
        self.provider.pre_fork()?;
        // SAFETY: the child calls only the crate's post_fork and drop, and exits.
        match unsafe { libc::fork() } {
            -1 => Err(Failure::refused(io::Error::last_os_error().to_string())),
            0 => self.drop_and_exit(),
            child => {
                self.provider.post_fork(false)?;
                wait_for(child)
            }
        }
    }
}

impl<SP: ShMemProvider> Held<SP> {
    /// Runs in the forked child: drops its copy of the map, nothing else, and exits.
    fn drop_and_exit(&mut self) -> ! {
        let dropping = AssertUnwindSafe(|| {
            self.provider.post_fork(true).expect("post_fork failed in the child");
            // SAFETY: the process exits before the map could be used again.
            unsafe { ptr::drop_in_place(&raw mut self.map) };
        });
        let status = if catch_unwind(dropping).is_ok() { 0 } else { 1 };
        // SAFETY: exits without running exit handlers that the parent registered.
        unsafe { libc::_exit(status) }
    }
}

fn wait_for(child: libc::pid_t) -> Outcome {
    let mut status = 0;
    // SAFETY: `status` outlives the call.
    while unsafe { libc::waitpid(child, &raw mut status, 0) } < 0 {
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(Failure::refused(error.to_string()));
        }
    }
    if status == 0 {
        Ok(fields([]))
    } else {
        Err(Failure::refused(format!("the child ended with wait status {status}")))
    }
}
