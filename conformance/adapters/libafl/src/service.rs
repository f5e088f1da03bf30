/* SPDX-License-Identifier: MIT OR Apache-2.0 */
//! The role of the service that hands maps out: `ShMemService`, over memfd, as the crate's own choice for Linux is none.

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
