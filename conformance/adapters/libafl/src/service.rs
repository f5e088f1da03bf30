/* SPDX-License-Identifier: MIT OR Apache-2.0 */
//! The role `service`: `ShMemService` over memfd, because the crate itself chooses no provider for it on Linux.

use shmem_providers::ShMemService;

use crate::provider::MemfdShMemProvider;
use crate::request::Failure;

pub type Service = ShMemService<MemfdShMemProvider>;

pub fn open() -> Result<Service, Failure> {
    match Service::start() {
        ShMemService::Failed { err_msg, .. } => Err(Failure::refused(err_msg)),
        started => Ok(started),
    }
}
