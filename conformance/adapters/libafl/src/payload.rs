/* SPDX-License-Identifier: MIT OR Apache-2.0 */
//! Payloads, which are known by seed and length, and digests of them.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::exchange::Message;
use crate::request::{Fields, fields, number};

const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

/// splitmix64's mixing of one word.
fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

pub fn fill(out: &mut [u8], seed: u64) {
    let mut state = seed;
    for chunk in out.chunks_mut(8) {
        state = state.wrapping_add(GOLDEN);
        chunk.copy_from_slice(&mix(state).to_le_bytes()[..chunk.len()]);
    }
}

pub fn digest(bytes: &[u8]) -> Value {
    Value::from(crc32fast::hash(bytes))
}

/// What one sender's messages come to.
#[derive(Default)]
struct Sum {
    count: u64,
    hasher: crc32fast::Hasher,
}

/// What a drain received, by sender.
#[derive(Default)]
pub struct Tally {
    received: u64,
    senders: BTreeMap<u32, Sum>,
}

impl Tally {
    pub fn add(&mut self, message: &Message) {
        self.received += 1;
        let sum = self.senders.entry(message.sender).or_default();
        sum.count += 1;
        sum.hasher.update(&message.tag.to_le_bytes());
        sum.hasher.update(&message.flags.to_le_bytes());
        sum.hasher.update(&(message.payload.len() as u64).to_le_bytes());
        sum.hasher.update(message.payload);
    }

    pub fn fields(self) -> Fields {
        let sums = self.senders.into_iter().map(|(sender, sum)| {
            let sum = fields([("count", number(sum.count)), ("digest", Value::from(sum.hasher.finalize()))]);
            (sender.to_string(), Value::from(sum))
        });
        fields([("received", number(self.received)), ("senders", Value::from(sums.collect::<Fields>()))])
    }
}
