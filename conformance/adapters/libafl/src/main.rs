/* SPDX-License-Identifier: MIT OR Apache-2.0 */
//! The conformance suite's adapter for LibAFL's published crates: JSON lines in, JSON lines out.
//!
//! A panic of the crate's is let through: in the main thread and in the broker's it ends the process with status 101,
//! in a thread that the crate itself started it ends that thread, as in any program that uses the crate.

mod adapter;
mod broker;
mod client;
mod description;
mod environment;
mod exchange;
mod hooks;
mod logging;
mod maps;
mod noting;
mod payload;
mod provider;
mod receiver;
mod request;
mod sender;
mod service;
mod serving;

use std::io::{self, BufRead, Write};
use std::time::Duration;
use std::{process, thread};

use serde_json::Value;

use adapter::Adapter;
use request::{Failure, Outcome, Request};

/// How long it may take to release what is held, once nobody asks any more.
const LEAVING: Duration = Duration::from_secs(1);

fn main() -> io::Result<()> {
    logging::install();
    let mut adapter = Adapter::default();
    let mut input = io::stdin().lock();
    let mut line = Vec::new();
    while input.read_until(b'\n', &mut line)? > 0 {
        let answer = answer(&mut adapter, &line);
        let mut output = io::stdout().lock();
        writeln!(output, "{answer}")?;
        output.flush()?;
        line.clear();
    }
    leave(adapter)
}

fn answer(adapter: &mut Adapter, line: &[u8]) -> Value {
    match Request::parse(line) {
        Ok(request) => to_json(request.id(), adapter.answer(&request)),
        Err(failure) => to_json(Value::Null, Err(failure)),
    }
}

fn to_json(id: Value, outcome: Outcome) -> Value {
    let (result, error, mut fields) = match outcome {
        Ok(fields) => ("ok", None, fields),
        Err(Failure::Refused { error, fields }) => ("refused", Some(error), fields),
        Err(Failure::Unsupported(error)) => ("unsupported", Some(error), request::Fields::new()),
    };
    fields.insert("id".to_owned(), id);
    fields.insert("result".to_owned(), Value::from(result));
    if let Some(error) = error {
        fields.insert("error".to_owned(), Value::from(error));
    }
    Value::Object(fields)
}

/// Releases everything; whatever hangs in that does not keep the process.
fn leave(adapter: Adapter) -> ! {
    thread::spawn(|| {
        thread::sleep(LEAVING);
        process::exit(0);
    });
    drop(adapter);
    process::exit(0);
}
