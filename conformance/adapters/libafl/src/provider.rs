/* SPDX-License-Identifier: MIT OR Apache-2.0 */
//! The crate's providers under ADAPTER.md's names.

use std::env;

use libafl_core::Error;
pub use shmem_providers::unix_shmem::memfd::MemfdShMemProvider;
use shmem_providers::{RcShMemProvider, ServedShMemProvider, ShMemProvider};

use crate::request::{Failure, Request};

#[derive(Clone, Copy, PartialEq)]
pub enum Kind {
    Sysv,
    Posix,
    Memfd,
    Served,
    Nop,
}

pub const NAMES: [(&str, Kind); 5] = [
    ("sysv", Kind::Sysv),
    ("posix", Kind::Posix),
    ("memfd", Kind::Memfd),
    ("served", Kind::Served),
    ("nop", Kind::Nop),
];

/// The provider of the service's clients: the crate's combination for Android, over the only provider with which the
/// service works on Linux.
pub type ServedProvider = RcShMemProvider<ServedShMemProvider<MemfdShMemProvider>>;

/// If this variable is set, the crate's served provider does not start a service.
const SERVICE_STARTED: &str = "AFL_SHMEM_SERVICE_STARTED";

pub fn kind(request: &Request) -> Result<Kind, Failure> {
    let name = request.text("provider")?;
    let known = NAMES.iter().find(|(known, _)| *known == name);
    known.map(|(_, kind)| *kind).ok_or_else(|| Failure::unsupported(format!("no provider `{name}`")))
}

/// Creates a provider. A served provider is only a client: the service is a separate role.
pub fn instance<P: ShMemProvider>(kind: Kind) -> Result<P, Error> {
    if kind == Kind::Served {
        // SAFETY: no other thread of this process accesses the environment at this time; the crate does the same.
        unsafe { env::set_var(SERVICE_STARTED, "true") };
    }
    P::new()
}

/// Evaluates an expression in which `$provider` is the provider type that `$kind` names.
macro_rules! with_provider {
    ($kind:expr, $provider:ident => $body:expr) => {
        match $kind {
            $crate::provider::Kind::Sysv => {
                type $provider = shmem_providers::UnixShMemProvider;
                $body
            }
            $crate::provider::Kind::Posix => {
                type $provider = shmem_providers::MmapShMemProvider;
                $body
            }
            $crate::provider::Kind::Memfd => {
                type $provider = $crate::provider::MemfdShMemProvider;
                $body
            }
            $crate::provider::Kind::Served => {
                type $provider = $crate::provider::ServedProvider;
                $body
            }
            $crate::provider::Kind::Nop => {
                type $provider = shmem_providers::NopShMemProvider;
                $body
            }
        }
    };
}
pub(crate) use with_provider;
