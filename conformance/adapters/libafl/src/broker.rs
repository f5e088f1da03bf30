/* SPDX-License-Identifier: MIT OR Apache-2.0 */
//! The role `broker`: handles its requests, and forwards them to the broker's thread.

use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process;
use std::sync::mpsc;
use std::thread::{self, JoinHandle};

use serde_json::Value;

use crate::broker_thread::{Job, Opened, Reply, Setup, serve};
use crate::description;
use crate::hooks::Hooks;
use crate::provider::{kind, with_provider};
use crate::request::{Failure, Fields, Outcome, Request, fields, wrong};
use crate::sender::{FIRST_MAP, require_fixed_value};

pub const OPEN_ARGUMENTS: &[&str] = &["provider", "page_size", "keep_pages", "listen", "exit_after", "hooks"];

/// The exit status of a Rust program whose main thread panicked.
const PANICKED: i32 = 101;

pub struct Broker {
    opened: Opened,
    jobs: mpsc::Sender<Job>,
    ended: mpsc::Receiver<()>,
    has_ended: bool,
    thread: Option<JoinHandle<()>>,
}

pub fn open(request: &Request) -> Result<Broker, Failure> {
    require_fixed_value(request, "page_size", FIRST_MAP)?;
    let setup = Setup {
        kind: kind(request)?,
        keep_pages: request.bool_or("keep_pages", true)?,
        listen: request.bool_or("listen", true)?,
        exit_after: exit_after(request)?,
        hooks: Hooks::argument(request)?,
    };
    let (opened_sender, opened) = mpsc::channel();
    let (ended_sender, ended) = mpsc::channel();
    let (jobs, jobs_receiver) = mpsc::channel();
    let thread = thread::spawn(move || run(setup, jobs_receiver, &opened_sender, ended_sender));
    let opened = wait_for(&opened)?;
    Ok(Broker { opened, jobs, ended, has_ended: false, thread: Some(thread) })
}

fn exit_after(request: &Request) -> Result<Option<NonZeroUsize>, Failure> {
    if !request.has("exit_after") {
        return Ok(None);
    }
    let clients = NonZeroUsize::new(request.usize("exit_after")?);
    clients.map(Some).ok_or_else(|| wrong("exit_after", "a number of at least 1: the crate accepts no other"))
}

/// The body of the thread. A panic of the broker ends the process, as it does for LibAFL, which runs the broker in the
/// main thread.
fn run(setup: Setup, jobs: mpsc::Receiver<Job>, opened: &Reply<Opened>, ended: mpsc::Sender<()>) {
    let serving = AssertUnwindSafe(|| {
        with_provider!(setup.kind, P => serve::<P>(setup, jobs, opened, move || _ = ended.send(())));
    });
    if catch_unwind(serving).is_err() {
        process::exit(PANICKED);
    }
}

/// Waits for a reply of the thread. If the thread panicked before it replied, the process is about to exit.
fn wait_for<T>(reply: &mpsc::Receiver<Result<T, libafl_core::Error>>) -> Result<T, Failure> {
    match reply.recv() {
        Ok(result) => Ok(result?),
        Err(mpsc::RecvError) => loop {
            thread::park();
        },
    }
}

impl Broker {
    pub fn open_answer(&self) -> Fields {
        let mut answer = fields([("description", description::to_json(&self.opened.broadcast))]);
        if let Some(port) = self.opened.port {
            answer.insert("port".to_owned(), Value::from(port));
        }
        answer
    }

    fn call<T>(&self, job: impl FnOnce(Reply<T>) -> Job) -> Result<T, Failure> {
        let (reply, answer) = mpsc::channel();
        let _ = self.jobs.send(job(reply));
        wait_for(&answer)
    }

    pub fn attach(&self, request: &Request) -> Outcome {
        let description = description::argument(request, "description")?;
        let id = self.call(|reply| Job::Attach(description, reply))?;
        Ok(fields([("client_id", Value::from(id))]))
    }

    /// The crate waits for the other broker without a timeout, so `timeout_ms` has no effect.
    pub fn link(&self, request: &Request) -> Outcome {
        let port = request.port()?;
        request.timeout()?;
        self.call(|reply| Job::Link(port, reply))?;
        Ok(fields([]))
    }

    pub fn wait(&mut self, request: &Request) -> Outcome {
        let timeout = request.timeout()?;
        self.has_ended = self.has_ended || self.ended.recv_timeout(timeout).is_ok();
        if self.has_ended { Ok(fields([])) } else { Err(Failure::refused("the broker has not ended")) }
    }

    pub fn stop(&self) -> Outcome {
        self.call(Job::Stop)?;
        Ok(fields([]))
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        let _ = self.jobs.send(Job::Drop);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
