/* SPDX-License-Identifier: MIT OR Apache-2.0 */
//! The role of a provider: maps by themselves.

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
    named: u64,
}

impl Maps {
    pub fn create(&mut self, request: &Request) -> Outcome {
        let (kind, size) = (kind(request)?, request.usize("size")?);
        let (name, map) = self.keep(with_provider!(kind, P => {
            let mut provider = instance::<P>(kind)?;
            Box::new(Held::<P> { map: provider.new_shmem(size)?, provider })
        }));
        Ok(fields([("map", number(name)), ("description", map.description())]))
    }

    pub fn open(&mut self, request: &Request) -> Outcome {
        let (kind, description) = (kind(request)?, description::argument(request, "description")?);
        let (name, map) = self.keep(with_provider!(kind, P => {
            let mut provider = instance::<P>(kind)?;
            Box::new(Held::<P> { map: provider.shmem_from_description(description)?, provider })
        }));
        Ok(fields([("map", number(name)), ("size", number(map.bytes().len() as u64))]))
    }

    fn keep(&mut self, map: Box<dyn Map>) -> (u64, &mut dyn Map) {
        self.named += 1;
        (self.named, self.held.entry(self.named).or_insert(map).as_mut())
    }

    pub fn write(&mut self, request: &Request) -> Outcome {
        let seed = request.u64("seed")?;
        fill(self.part(request)?, seed);
        Ok(fields([]))
    }

    pub fn digest(&mut self, request: &Request) -> Outcome {
        Ok(fields([("digest", digest(self.part(request)?))]))
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

    fn part(&mut self, request: &Request) -> Result<&mut [u8], Failure> {
        let range = range(request)?;
        let bytes = self.map(request)?.bytes();
        bytes.get_mut(range).ok_or_else(|| Failure::refused("that is not inside the map"))
    }
}

fn unknown() -> Failure {
    Failure::refused("no such map is open")
}

fn range(request: &Request) -> Result<Range<usize>, Failure> {
    let (offset, length) = (request.usize("offset")?, request.usize("length")?);
    let end = offset.checked_add(length).ok_or_else(|| Failure::refused("that is not inside any map"))?;
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
        // SAFETY: the child calls nothing but the crate's own hand-over and drop, and ends.
        match unsafe { libc::fork() } {
            -1 => Err(Failure::refused(io::Error::last_os_error().to_string())),
            0 => self.drop_and_end(),
            child => {
                self.provider.post_fork(false)?;
                wait_for(child)
            }
        }
    }
}

impl<SP: ShMemProvider> Held<SP> {
    /// The forked child's life: nothing but its copy of the map is dropped.
    fn drop_and_end(&mut self) -> ! {
        let dropping = AssertUnwindSafe(|| {
            self.provider.post_fork(true).expect("the child could not take the provider over");
            // SAFETY: the process ends before anybody could use the map again.
            unsafe { ptr::drop_in_place(&raw mut self.map) };
        });
        let status = if catch_unwind(dropping).is_ok() { 0 } else { 1 };
        // SAFETY: ends the child without running what the parent registered.
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
