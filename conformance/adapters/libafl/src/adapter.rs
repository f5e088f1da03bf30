/* SPDX-License-Identifier: MIT OR Apache-2.0 */
//! Dispatches each verb to the role that it belongs to.

use ll_mp::{Flags, Tag};
use serde_json::Value;

use crate::broker::{self, Broker};
use crate::client;
use crate::exchange::{RECV_ARGUMENTS, SEND_ARGUMENTS, drain, recv, send};
use crate::maps::Maps;
use crate::provider::NAMES;
use crate::receiver;
use crate::request::{Failure, Fields, Outcome, Request, fields, number, wrong};
use crate::sender;
use crate::service::{self, Service};

const RELEASE: &str = env!("CARGO_PKG_VERSION");
const ROLES: [&str; 7] = ["sender", "receiver", "broker", "client", "b2b", "service", "provider"];
const OPTIONS: [&str; 7] = ["keep_pages", "resume", "existing", "pair", "fork", "hooks", "exit_after"];

/// The roles of this process; most processes open only one.
#[derive(Default)]
pub struct Adapter {
    sender: Option<Box<dyn sender::Role>>,
    receiver: Option<Box<dyn receiver::Role>>,
    client: Option<Box<dyn client::Role>>,
    broker: Option<Broker>,
    maps: Maps,
    service: Option<Service>,
}

impl Adapter {
    pub fn answer(&mut self, request: &Request) -> Outcome {
        let verb = request.text("verb")?;
        match verb.split_once('.') {
            None if verb == "hello" => hello(request),
            Some(("sender", verb)) => self.sender(verb, request),
            Some(("receiver", verb)) => self.receiver(verb, request),
            Some(("client", verb)) => self.client(verb, request),
            Some(("broker", verb)) => self.broker(verb, request),
            Some(("map", verb)) => self.map(verb, request),
            Some(("service", verb)) => self.service(verb, request),
            _ => Err(no_such_verb()),
        }
    }

    fn sender(&mut self, verb: &str, request: &Request) -> Outcome {
        request.only(match verb {
            "open" => sender::OPEN_ARGUMENTS,
            "resume" => sender::RESUME_ARGUMENTS,
            "send" => SEND_ARGUMENTS,
            "alloc" => &["length", "timeout_ms"],
            "shrink" => &["length"],
            "commit" => &["tag", "seed", "flags"],
            "save" => &["name"],
            "cancel" | "exit" | "close" => &[],
            _ => return Err(no_such_verb()),
        })?;
        match verb {
            "open" => begin(&mut self.sender, || sender::open(request)).map(|sender| sender.open_answer()),
            "resume" => begin(&mut self.sender, || sender::resume(request)).map(|sender| sender.open_answer()),
            "close" => close(&mut self.sender),
            _ => call_open_sender(open(&mut self.sender)?.as_mut(), verb, request),
        }
    }

    fn receiver(&mut self, verb: &str, request: &Request) -> Outcome {
        request.only(match verb {
            "open" => receiver::OPEN_ARGUMENTS,
            "resume" => sender::RESUME_ARGUMENTS,
            "recv" | "drain" => RECV_ARGUMENTS,
            "save" => &["name"],
            "close" => &[],
            _ => return Err(no_such_verb()),
        })?;
        match verb {
            "open" => begin(&mut self.receiver, || receiver::open(request)).map(no_fields),
            "resume" => begin(&mut self.receiver, || receiver::resume(request)).map(no_fields),
            "recv" => recv(open(&mut self.receiver)?.as_mut(), request),
            "drain" => drain(open(&mut self.receiver)?.as_mut(), request),
            "save" => open(&mut self.receiver)?.save(request.text("name")?),
            _ => close(&mut self.receiver),
        }
    }

    fn client(&mut self, verb: &str, request: &Request) -> Outcome {
        request.only(match verb {
            "connect" => client::CONNECT_ARGUMENTS,
            "open" => client::OPEN_ARGUMENTS,
            "pair" => client::PAIR_ARGUMENTS,
            "send" => SEND_ARGUMENTS,
            "recv" | "drain" => RECV_ARGUMENTS,
            "close" => &["quit"],
            _ => return Err(no_such_verb()),
        })?;
        match verb {
            "connect" => begin(&mut self.client, || client::connect(request))?.connect_answer(),
            "open" => begin(&mut self.client, || client::open(request)).map(no_fields),
            "pair" => begin(&mut self.client, || client::pair(request))?.pair_answer(),
            "send" => send(open(&mut self.client)?.as_mut(), request),
            "recv" => recv(open(&mut self.client)?.as_mut(), request),
            "drain" => drain(open(&mut self.client)?.as_mut(), request),
            _ => self.close_client(request.bool_or("quit", true)?),
        }
    }

    fn close_client(&mut self, quit: bool) -> Outcome {
        if quit {
            open(&mut self.client)?.quit()?;
        }
        close(&mut self.client)
    }

    fn broker(&mut self, verb: &str, request: &Request) -> Outcome {
        request.only(match verb {
            "open" => broker::OPEN_ARGUMENTS,
            "attach" => &["description"],
            "link" => &["port", "timeout_ms"],
            "wait" => &["timeout_ms"],
            "stop" => &[],
            _ => return Err(no_such_verb()),
        })?;
        match verb {
            "open" => begin(&mut self.broker, || broker::open(request)).map(|broker| broker.open_answer()),
            "attach" => open(&mut self.broker)?.attach(request),
            "link" => open(&mut self.broker)?.link(request),
            "wait" => open(&mut self.broker)?.wait(request),
            _ => open(&mut self.broker)?.stop(),
        }
    }

    fn map(&mut self, verb: &str, request: &Request) -> Outcome {
        request.only(match verb {
            "create" => &["provider", "size"],
            "open" => &["provider", "description"],
            "write" => &["map", "offset", "length", "seed"],
            "digest" => &["map", "offset", "length"],
            "fork" | "close" => &["map"],
            _ => return Err(no_such_verb()),
        })?;
        match verb {
            "create" => self.maps.create(request),
            "open" => self.maps.open(request),
            "write" => self.maps.write(request),
            "digest" => self.maps.digest(request),
            "fork" => self.maps.fork(request),
            _ => self.maps.close(request),
        }
    }

    fn service(&mut self, verb: &str, request: &Request) -> Outcome {
        request.only(&[])?;
        match verb {
            "open" => begin(&mut self.service, service::open).map(no_fields),
            "stop" => close(&mut self.service),
            _ => Err(no_such_verb()),
        }
    }
}

fn call_open_sender(sender: &mut dyn sender::Role, verb: &str, request: &Request) -> Outcome {
    match verb {
        "send" => send(sender, request),
        "alloc" => {
            request.timeout()?;
            sender.alloc(request.usize("length")?)
        }
        "shrink" => sender.shrink(request.usize("length")?),
        "cancel" => sender.cancel(),
        "commit" => {
            let (tag, flags) = (Tag(request.u32("tag")?), Flags(request.u32_or("flags", 0)?));
            sender.commit(tag, flags, request.u64("seed")?)
        }
        "exit" => sender.exit(),
        _ => sender.save(request.text("name")?),
    }
}

fn hello(request: &Request) -> Outcome {
    request.only(&["adapter"])?;
    if request.u64("adapter")? != 1 {
        return Err(wrong("adapter", "1"));
    }
    Ok(fields([
        ("adapter", number(1)),
        ("name", Value::from(format!("libafl-{RELEASE}"))),
        ("implementation", Value::from(format!("LibAFL: ll_mp and shmem_providers {RELEASE}"))),
        ("roles", Value::from(ROLES.to_vec())),
        ("providers", NAMES.iter().map(|(name, _)| Value::from(*name)).collect()),
        ("page_size", number(sender::FIRST_MAP)),
        ("options", Value::from(OPTIONS.to_vec())),
    ]))
}

fn no_such_verb() -> Failure {
    Failure::unsupported("no such verb")
}

fn open<T>(role: &mut Option<T>) -> Result<&mut T, Failure> {
    role.as_mut().ok_or_else(|| Failure::refused("not open"))
}

fn begin<T>(role: &mut Option<T>, start: impl FnOnce() -> Result<T, Failure>) -> Result<&mut T, Failure> {
    if role.is_some() {
        return Err(Failure::refused("already open"));
    }
    Ok(role.insert(start()?))
}

fn no_fields<T>(_: T) -> Fields {
    fields([])
}

fn close<T>(role: &mut Option<T>) -> Outcome {
    open(role)?;
    *role = None;
    Ok(fields([]))
}
