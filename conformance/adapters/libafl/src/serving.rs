/* SPDX-License-Identifier: MIT OR Apache-2.0 */
//! A broker at work in its thread: `LlmpBroker`.

use std::net::TcpListener;
use std::num::NonZeroUsize;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use libafl_core::Error;
use ll_mp::{Broker, Listener, LlmpBroker, LlmpSharedMap, Tag};
use shmem_providers::{ShMemDescription, ShMemProvider};

use crate::hooks::Hooks;
use crate::noting::Noting;
use crate::provider::{Kind, instance};

/// The crate keeps the name of this tag to itself.
const EXITING: Tag = Tag(0x013C_5171);
/// Rounds without a message before the broker sleeps between two of them, so that it leaves the processor to others.
const EAGER_ROUNDS: u32 = 2000;
const NAP: Duration = Duration::from_micros(100);

pub struct Setup {
    pub kind: Kind,
    pub keep_pages: bool,
    pub listen: bool,
    pub exit_after: Option<NonZeroUsize>,
    pub hooks: Hooks,
}

pub struct Opened {
    pub broadcast: ShMemDescription,
    pub port: Option<u16>,
}

pub type Reply<T> = mpsc::Sender<Result<T, Error>>;

/// What the thread is asked for while it serves.
pub enum Job {
    Attach(ShMemDescription, Reply<u32>),
    Link(u16, Reply<()>),
    Stop(Reply<()>),
    /// Drops the broker and ends the thread.
    Leave,
}

type Served<SP> = LlmpBroker<(Hooks, ()), <SP as ShMemProvider>::ShMem, Noting<SP>>;

struct Thread<SP: ShMemProvider> {
    broker: Served<SP>,
    provider: Noting<SP>,
    hooks: Hooks,
    jobs: mpsc::Receiver<Job>,
}

enum End {
    Stopped(Reply<()>),
    EveryoneLeft,
    Leave,
}

/// Serves until it is told to leave. `ended` is called when the broker has ended by itself or was stopped.
pub fn serve<SP: ShMemProvider>(setup: Setup, jobs: mpsc::Receiver<Job>, opened: &Reply<Opened>, ended: impl FnOnce()) {
    let mut thread = match open::<SP>(setup, jobs) {
        Ok((thread, answer)) => {
            let _ = opened.send(Ok(answer));
            thread
        }
        Err(error) => {
            let _ = opened.send(Err(error));
            return;
        }
    };
    let end = thread.run();
    if let End::Leave = end {
        return;
    }
    thread.say_exiting();
    ended();
    if let End::Stopped(reply) = end {
        let _ = reply.send(Ok(()));
    }
    thread.rest();
}

fn open<SP: ShMemProvider>(setup: Setup, jobs: mpsc::Receiver<Job>) -> Result<(Thread<SP>, Opened), Error> {
    let provider = Noting::over(instance::<SP>(setup.kind)?);
    let mut broker = LlmpBroker::with_keep_pages(provider.clone(), (setup.hooks.clone(), ()), setup.keep_pages)?;
    let broadcast = provider.first().ok_or_else(|| Error::illegal_state("the broker made no map"))?;
    if let Some(clients) = setup.exit_after {
        broker.inner_mut().set_exit_cleanly_after(clients);
    }
    let port = if setup.listen { Some(listen(&mut broker)?) } else { None };
    Ok((Thread { broker, provider, hooks: setup.hooks, jobs }, Opened { broadcast, port }))
}

fn listen<SP: ShMemProvider>(broker: &mut Served<SP>) -> Result<u16, Error> {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let port = listener.local_addr()?.port();
    broker.inner_mut().launch_listener(Listener::Tcp(listener))?;
    Ok(port)
}

impl<SP: ShMemProvider> Thread<SP> {
    /// The rounds of `LlmpBroker::loop_with_timeouts`, with a look at the jobs in between, which that loop has no room for.
    fn run(&mut self) -> End {
        let mut idle = 0;
        loop {
            let seen = self.hooks.seen();
            if let Some(end) = self.work_off_jobs() {
                return end;
            }
            self.broker.broker_once().expect("An error occurred when brokering. Exiting.");
            if self.everyone_left() {
                return End::EveryoneLeft;
            }
            idle = if self.hooks.seen() == seen { idle + 1 } else { 0 };
            if idle < EAGER_ROUNDS { thread::yield_now() } else { thread::sleep(NAP) }
        }
    }

    fn work_off_jobs(&mut self) -> Option<End> {
        loop {
            match self.jobs.try_recv() {
                Ok(Job::Attach(description, reply)) => _ = reply.send(self.attach(description)),
                Ok(Job::Link(port, reply)) => _ = reply.send(self.broker.inner_mut().connect_b2b(("127.0.0.1", port))),
                Ok(Job::Stop(reply)) => return Some(End::Stopped(reply)),
                Ok(Job::Leave) | Err(mpsc::TryRecvError::Disconnected) => return Some(End::Leave),
                Err(mpsc::TryRecvError::Empty) => return None,
            }
        }
    }

    fn attach(&mut self, description: ShMemDescription) -> Result<u32, Error> {
        let map = LlmpSharedMap::existing(self.provider.shmem_from_description(description)?);
        Ok(self.broker.inner_mut().register_client(map).0)
    }

    fn everyone_left(&self) -> bool {
        let came = self.broker.num_clients_seen() - self.broker.nb_listeners();
        !self.broker.has_clients() && self.broker.exit_after().is_some_and(|wanted| came >= wanted.into())
    }

    fn say_exiting(&mut self) {
        let sent = self.broker.inner_mut().send_buf(EXITING, &[]);
        sent.expect("Error when shutting down broker: Could not send LLMP_TAG_EXITING msg.");
    }

    /// Keeps the broadcast for whoever still reads it.
    fn rest(&mut self) {
        let refusal = || Error::illegal_state("the broker has ended");
        while let Ok(job) = self.jobs.recv() {
            match job {
                Job::Attach(_, reply) => _ = reply.send(Err(refusal())),
                Job::Link(_, reply) | Job::Stop(reply) => _ = reply.send(Err(refusal())),
                Job::Leave => return,
            }
        }
    }
}
