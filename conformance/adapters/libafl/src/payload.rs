/* SPDX-License-Identifier: MIT OR Apache-2.0 */
//! Payloads, which requests give by seed and length, and digests.

use serde_json::Value;

const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

/// The mixing function of splitmix64.
fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// Fills `out` with the payload of a seed.
pub fn fill(out: &mut [u8], seed: u64) {
    let mut state = seed;
    for chunk in out.chunks_mut(8) {
        state = state.wrapping_add(GOLDEN);
        chunk.copy_from_slice(&mix(state).to_le_bytes()[..chunk.len()]);
    }
}

/// Returns the CRC-32 of `bytes`.
pub fn digest(bytes: &[u8]) -> Value {
    Value::from(crc32fast::hash(bytes))
}
