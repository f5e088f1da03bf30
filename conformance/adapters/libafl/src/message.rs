/* SPDX-License-Identifier: MIT OR Apache-2.0 */
//! Received messages in the format of answers: one by one, or totalled by sender.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::payload::digest;
use crate::request::{Fields, fields, number};

pub struct Message<'a> {
    pub tag: u32,
    pub sender: u32,
    pub flags: u32,
    pub payload: &'a [u8],
}

pub fn to_json(message: &Message) -> Value {
    Value::from(fields([
        ("tag", Value::from(message.tag)),
        ("sender", Value::from(message.sender)),
        ("flags", Value::from(message.flags)),
        ("length", number(message.payload.len() as u64)),
        ("digest", digest(message.payload)),
    ]))
}

/// The number and the digest of one sender's messages.
#[derive(Default)]
struct SenderTotal {
    count: u64,
    hasher: crc32fast::Hasher,
}

/// The messages that a drain received, totalled by sender.
#[derive(Default)]
pub struct Totals {
    received: u64,
    senders: BTreeMap<u32, SenderTotal>,
}

impl Totals {
    pub fn add(&mut self, message: &Message) {
        self.received += 1;
        let total = self.senders.entry(message.sender).or_default();
        total.count += 1;
        total.hasher.update(&message.tag.to_le_bytes());
        total.hasher.update(&message.flags.to_le_bytes());
        total.hasher.update(&(message.payload.len() as u64).to_le_bytes());
        total.hasher.update(message.payload);
    }

    pub fn fields(self) -> Fields {
        let senders = self.senders.into_iter().map(|(sender, total)| {
            let total = fields([("count", number(total.count)), ("digest", Value::from(total.hasher.finalize()))]);
            (sender.to_string(), Value::from(total))
        });
        fields([("received", number(self.received)), ("senders", Value::from(senders.collect::<Fields>()))])
    }
}
