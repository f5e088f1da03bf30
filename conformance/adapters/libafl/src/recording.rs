/* SPDX-License-Identifier: MIT OR Apache-2.0 */
//! A provider that records the first map that it creates or opens. A broker has no other way to return the first map of
//! its broadcast, and a sender's own `describe` fails if the sender was resumed at an invalid offset.

use std::sync::{Arc, Mutex, PoisonError};

use libafl_core::Error;
use shmem_providers::{ShMem, ShMemDescription, ShMemId, ShMemProvider};

#[derive(Clone, Debug, Default)]
pub struct Recording<SP> {
    inner: SP,
    first: Arc<Mutex<Option<ShMemDescription>>>,
}

impl<SP> Recording<SP> {
    pub fn over(inner: SP) -> Self {
        Recording { inner, first: Arc::default() }
    }

    pub fn first(&self) -> Option<ShMemDescription> {
        *self.first.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<SP: ShMemProvider> Recording<SP> {
    fn record(&self, map: &SP::ShMem) {
        self.first.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(map.description());
    }
}

impl<SP: ShMemProvider> ShMemProvider for Recording<SP> {
    type ShMem = SP::ShMem;

    fn new() -> Result<Self, Error> {
        Ok(Self::over(SP::new()?))
    }

    fn new_shmem(&mut self, size: usize) -> Result<Self::ShMem, Error> {
        let map = self.inner.new_shmem(size)?;
        self.record(&map);
        Ok(map)
    }

    fn shmem_from_id_and_size(&mut self, id: ShMemId, size: usize) -> Result<Self::ShMem, Error> {
        let map = self.inner.shmem_from_id_and_size(id, size)?;
        self.record(&map);
        Ok(map)
    }

    fn clone_ref(&mut self, map: &Self::ShMem) -> Result<Self::ShMem, Error> {
        self.inner.clone_ref(map)
    }

    fn pre_fork(&mut self) -> Result<(), Error> {
        self.inner.pre_fork()
    }

    fn post_fork(&mut self, is_child: bool) -> Result<(), Error> {
        self.inner.post_fork(is_child)
    }

    fn release_shmem(&mut self, map: &mut Self::ShMem) {
        self.inner.release_shmem(map);
    }
}
