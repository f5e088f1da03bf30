/* SPDX-License-Identifier: MIT OR Apache-2.0 */
//! The thread that runs a broker: `LlmpBroker`.

use std::net::TcpListener;
use std::num::NonZeroUsize;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use libafl_core::Error;
use ll_mp::{Broker, Listener, LlmpBroker, LlmpSharedMap, Tag};
use shmem_providers::{ShMemDescription, ShMemProvider};

use crate::hooks::Hooks;
use crate::provider::{Kind, instance};
use crate::recording::Recording;

/// The crate does not export this tag.
const EXITING: Tag = Tag(0x013C_5171);
/// The number of rounds without a message after which the broker sleeps between two rounds, to free the processor.
const ROUNDS_WITHOUT_SLEEP: u32 = 2000;
const SLEEP: Duration = Duration::from_micros(100);

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

/// A request to the thread.
pub enum Job {
    Attach(ShMemDescription, Reply<u32>),
    Link(u16, Reply<()>),
    Stop(Reply<()>),
    /// Drops the broker and ends the thread.
    Drop,
}

type BrokerOver<SP> = LlmpBroker<(Hooks, ()), <SP as ShMemProvider>::ShMem, Recording<SP>>;

struct Thread<SP: ShMemProvider> {
    broker: BrokerOver<SP>,
    provider: Recording<SP>,
    hooks: Hooks,
    jobs: mpsc::Receiver<Job>,
}

enum End {
    Stopped(Reply<()>),
    AllClientsLeft,
    Dropped,
}

/// Runs the broker until `Job::Drop`. Calls `ended` when the broker has ended by `exit_after` or was stopped.
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
    if let End::Dropped = end {
        return;
    }
    thread.send_exiting();
    ended();
    if let End::Stopped(reply) = end {
        let _ = reply.send(Ok(()));
    }
    thread.refuse_jobs();
}

fn open<SP: ShMemProvider>(setup: Setup, jobs: mpsc::Receiver<Job>) -> Result<(Thread<SP>, Opened), Error> {
    let provider = Recording::over(instance::<SP>(setup.kind)?);
    let mut broker = LlmpBroker::with_keep_pages(provider.clone(), (setup.hooks.clone(), ()), setup.keep_pages)?;
    let broadcast = provider.first().ok_or_else(|| Error::illegal_state("the broker created no map"))?;
    if let Some(clients) = setup.exit_after {
        broker.inner_mut().set_exit_cleanly_after(clients);
    }
    let port = if setup.listen { Some(listen(&mut broker)?) } else { None };
    Ok((Thread { broker, provider, hooks: setup.hooks, jobs }, Opened { broadcast, port }))
}

fn listen<SP: ShMemProvider>(broker: &mut BrokerOver<SP>) -> Result<u16, Error> {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let port = listener.local_addr()?.port();
    broker.inner_mut().launch_listener(Listener::Tcp(listener))?;
    Ok(port)
}

impl<SP: ShMemProvider> Thread<SP> {
    /// Runs the rounds of `LlmpBroker::loop_with_timeouts`, and handles jobs between them, which that loop cannot do.
    fn run(&mut self) -> End {
        let mut idle = 0;
        loop {
            let seen = self.hooks.seen();
            if let Some(end) = self.handle_jobs() {
                return end;
            }
            self.broker.broker_once().expect("An error occurred when brokering. Exiting.");
            if self.all_clients_left() {
                return End::AllClientsLeft;
            }
            idle = if self.hooks.seen() == seen { idle + 1 } else { 0 };
            if idle < ROUNDS_WITHOUT_SLEEP { thread::yield_now() } else { thread::sleep(SLEEP) }
        }
    }

    fn handle_jobs(&mut self) -> Option<End> {
        loop {
            match self.jobs.try_recv() {
                Ok(Job::Attach(description, reply)) => _ = reply.send(self.attach(description)),
                Ok(Job::Link(port, reply)) => _ = reply.send(self.broker.inner_mut().connect_b2b(("127.0.0.1", port))),
                Ok(Job::Stop(reply)) => return Some(End::Stopped(reply)),
                Ok(Job::Drop) | Err(mpsc::TryRecvError::Disconnected) => return Some(End::Dropped),
                Err(mpsc::TryRecvError::Empty) => return None,
            }
        }
    }

    fn attach(&mut self, description: ShMemDescription) -> Result<u32, Error> {
        let map = LlmpSharedMap::existing(self.provider.shmem_from_description(description)?);
        Ok(self.broker.inner_mut().register_client(map).0)
    }

    fn all_clients_left(&self) -> bool {
        let joined = self.broker.num_clients_seen() - self.broker.nb_listeners();
        !self.broker.has_clients() && self.broker.exit_after().is_some_and(|wanted| joined >= wanted.into())
    }

    fn send_exiting(&mut self) {
        let sent = self.broker.inner_mut().send_buf(EXITING, &[]);
        sent.expect("Error when shutting down broker: Could not send LLMP_TAG_EXITING msg.");
    }

    /// Keeps the broadcast, which clients may still read, and refuses all jobs until `Job::Drop`.
    fn refuse_jobs(&mut self) {
        let refusal = || Error::illegal_state("the broker has ended");
        while let Ok(job) = self.jobs.recv() {
            match job {
                Job::Attach(_, reply) => _ = reply.send(Err(refusal())),
                Job::Link(_, reply) | Job::Stop(reply) => _ = reply.send(Err(refusal())),
                Job::Drop => return,
            }
        }
    }
}
