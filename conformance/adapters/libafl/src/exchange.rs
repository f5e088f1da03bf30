/* SPDX-License-Identifier: MIT OR Apache-2.0 */
//! The verbs that sender, receiver and client have in common: they send and receive several messages.

use std::time::{Duration, Instant};
use std::{slice, thread};

use libafl_core::Error;
use ll_mp::{Flags, LlmpMsg, Tag};
use serde_json::Value;

use crate::message::{Message, Totals, to_json};
use crate::payload::fill;
use crate::request::{Failure, Fields, Outcome, Request, fields, number};

/// A larger payload is written directly to the slot, because the adapter has no memory for a copy.
const MAX_COPY: u64 = 1 << 30;
/// The number of polls without a message after which the thread sleeps between two polls.
const POLLS_WITHOUT_SLEEP: u32 = 2000;
const SLEEP: Duration = Duration::from_micros(50);

pub const SEND_ARGUMENTS: &[&str] = &["tag", "length", "seed", "flags", "count", "timeout_ms"];
pub const RECV_ARGUMENTS: &[&str] = &["count", "timeout_ms"];

/// A role that sends messages.
pub trait Sink {
    fn send(&mut self, tag: Tag, flags: Flags, payload: &[u8]) -> Result<(), Failure>;
    fn send_in_place(&mut self, tag: Tag, flags: Flags, length: usize, seed: u64) -> Result<(), Failure>;
}

/// A role that receives messages. `next` passes the next message to `take`; it returns false if there is none yet.
pub trait Source {
    fn next(&mut self, take: &mut dyn FnMut(&Message)) -> Result<bool, Error>;
}

/// The verb `send`. The crate never waits, so `timeout_ms` has no effect.
pub fn send(sink: &mut dyn Sink, request: &Request) -> Outcome {
    let (tag, flags) = (Tag(request.u32("tag")?), Flags(request.u32_or("flags", 0)?));
    let (length, seed) = (request.u64("length")?, request.u64("seed")?);
    request.timeout()?;
    let mut sent = 0;
    for i in 0..request.u64_or("count", 1)? {
        if let Err(failure) = send_one(sink, tag, flags, length, seed.wrapping_add(i)) {
            return Err(with_fields(failure, fields([("sent", number(sent))])));
        }
        sent += 1;
    }
    Ok(fields([("sent", number(sent))]))
}

fn send_one(sink: &mut dyn Sink, tag: Tag, flags: Flags, length: u64, seed: u64) -> Result<(), Failure> {
    if length > isize::MAX as u64 {
        return Err(Failure::unsupported("a slice in Rust cannot be that long"));
    }
    if length > MAX_COPY {
        return sink.send_in_place(tag, flags, length as usize, seed);
    }
    let mut payload = vec![0; length as usize];
    fill(&mut payload, seed);
    sink.send(tag, flags, &payload)
}

/// Sets tag, flags and payload of a slot that the crate allocated.
///
/// # Safety
/// The slot must be allocated, not yet sent, and have `length` bytes.
pub unsafe fn fill_slot(slot: *mut LlmpMsg, tag: Tag, flags: Flags, length: usize, seed: u64) {
    unsafe {
        (*slot).tag = tag;
        (*slot).flags = flags;
        fill(slice::from_raw_parts_mut((*slot).buf.as_mut_ptr(), length), seed);
    }
}

/// The verb `recv`.
pub fn recv(source: &mut dyn Source, request: &Request) -> Outcome {
    let mut messages = Vec::new();
    let end = receive(source, request, &mut |message| messages.push(to_json(message)))?;
    finish(end, fields([("messages", Value::from(messages))]))
}

/// The verb `drain`.
pub fn drain(source: &mut dyn Source, request: &Request) -> Outcome {
    let mut totals = Totals::default();
    let end = receive(source, request, &mut |message| totals.add(message))?;
    finish(end, totals.fields())
}

type End = Result<&'static str, Error>;

fn receive(source: &mut dyn Source, request: &Request, take: &mut dyn FnMut(&Message)) -> Result<End, Failure> {
    let timeout = request.timeout()?;
    for _ in 0..request.u64_or("count", 1)? {
        match wait_for_next(source, timeout, take) {
            Ok(true) => {}
            Ok(false) => return Ok(Ok("timeout")),
            Err(Error::ShuttingDown) => return Ok(Ok("exiting")),
            Err(error) => return Ok(Err(error)),
        }
    }
    Ok(Ok("none"))
}

fn wait_for_next(source: &mut dyn Source, timeout: Duration, take: &mut dyn FnMut(&Message)) -> Result<bool, Error> {
    let start = Instant::now();
    let mut polls = 0;
    while !source.next(take)? {
        if start.elapsed() >= timeout {
            return Ok(false);
        }
        polls += 1;
        if polls < POLLS_WITHOUT_SLEEP { thread::yield_now() } else { thread::sleep(SLEEP) }
    }
    Ok(true)
}

fn finish(end: End, mut answer: Fields) -> Outcome {
    match end {
        Ok(end) => {
            answer.insert("end".to_owned(), Value::from(end));
            Ok(answer)
        }
        Err(error) => Err(with_fields(error.into(), answer)),
    }
}

fn with_fields(failure: Failure, more: Fields) -> Failure {
    match failure {
        Failure::Refused { error, .. } => Failure::Refused { error, fields: more },
        unsupported => unsupported,
    }
}
