/* SPDX-License-Identifier: MIT OR Apache-2.0 */
//! Sending and receiving by the dozen, which sender, receiver and client have in common.

use std::time::{Duration, Instant};
use std::{slice, thread};

use libafl_core::Error;
use ll_mp::{Flags, LlmpMsg, Tag};
use serde_json::Value;

use crate::payload::{Tally, digest, fill};
use crate::request::{Failure, Fields, Outcome, Request, fields, number};

/// Payloads above this are written into the slot itself: the adapter has no memory for a copy.
const LARGEST_COPY: u64 = 1 << 30;
/// Polls in a row before the thread sleeps between two of them.
const EAGER_POLLS: u32 = 2000;
const NAP: Duration = Duration::from_micros(50);

pub const SEND_ARGUMENTS: &[&str] = &["tag", "length", "seed", "flags", "count", "timeout_ms"];
pub const RECV_ARGUMENTS: &[&str] = &["count", "timeout_ms"];

/// Whatever has a sending side.
pub trait Sink {
    fn send(&mut self, tag: Tag, flags: Flags, payload: &[u8]) -> Result<(), Failure>;
    fn send_in_place(&mut self, tag: Tag, flags: Flags, length: usize, seed: u64) -> Result<(), Failure>;
}

pub struct Message<'a> {
    pub tag: u32,
    pub sender: u32,
    pub flags: u32,
    pub payload: &'a [u8],
}

/// Whatever has a receiving side. `take` is called with the next message; false: there is none yet.
pub trait Source {
    fn next(&mut self, take: &mut dyn FnMut(&Message)) -> Result<bool, Error>;
}

/// The verb `send`. The crate never waits, so that `timeout_ms` has nothing to limit.
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
        return Err(Failure::unsupported("no slice of Rust's is that long"));
    }
    if length > LARGEST_COPY {
        return sink.send_in_place(tag, flags, length as usize, seed);
    }
    let mut payload = vec![0; length as usize];
    fill(&mut payload, seed);
    sink.send(tag, flags, &payload)
}

/// Tags and fills a slot that the crate reserved.
///
/// # Safety
/// The slot is reserved, not yet sent, and `length` bytes long.
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
    let mut tally = Tally::default();
    let end = receive(source, request, &mut |message| tally.add(message))?;
    finish(end, tally.fields())
}

fn to_json(message: &Message) -> Value {
    Value::from(fields([
        ("tag", Value::from(message.tag)),
        ("sender", Value::from(message.sender)),
        ("flags", Value::from(message.flags)),
        ("length", number(message.payload.len() as u64)),
        ("digest", digest(message.payload)),
    ]))
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
        if polls < EAGER_POLLS { thread::yield_now() } else { thread::sleep(NAP) }
    }
    Ok(true)
}

fn finish(end: End, mut came: Fields) -> Outcome {
    match end {
        Ok(end) => {
            came.insert("end".to_owned(), Value::from(end));
            Ok(came)
        }
        Err(error) => Err(with_fields(error.into(), came)),
    }
}

fn with_fields(failure: Failure, more: Fields) -> Failure {
    match failure {
        Failure::Refused { error, .. } => Failure::Refused { error, fields: more },
        unsupported => unsupported,
    }
}
