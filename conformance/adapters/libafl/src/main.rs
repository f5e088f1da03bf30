/* SPDX-License-Identifier: MIT OR Apache-2.0 */
//! The conformance suite's adapter for LibAFL's published crates: it reads JSON lines and writes JSON lines.
//!
//! It does not catch panics of the crate: in the main thread and in the broker's thread a panic ends the process with
//! status 101; in a thread that the crate started it ends that thread, as in any program that uses the crate.

mod adapter;
mod broker;
mod broker_thread;
mod client;
mod description;
mod environment;
mod exchange;
mod hooks;
mod logging;
mod maps;
mod message;
mod payload;
mod provider;
mod receiver;
mod recording;
mod request;
mod sender;
mod service;

use std::io::{self, BufRead, Write};
use std::time::Duration;
use std::{process, thread};

use serde_json::Value;

use adapter::Adapter;
use request::{Failure, Outcome, Request};

/// The longest time for releasing the roles after standard input was closed.
const EXIT_TIMEOUT: Duration = Duration::from_secs(1);

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
    exit(adapter)
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

/// Releases everything and exits, also if the release hangs.
fn exit(adapter: Adapter) -> ! {
    thread::spawn(|| {
        thread::sleep(EXIT_TIMEOUT);
        process::exit(0);
    });
    drop(adapter);
    process::exit(0);
}
