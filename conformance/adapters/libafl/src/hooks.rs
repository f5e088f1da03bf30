/* SPDX-License-Identifier: MIT OR Apache-2.0 */
//! A broker's hook that applies a list of rules.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use libafl_core::{ClientId, Error};
use ll_mp::{Flags, LlmpBrokerInner, LlmpHook, LlmpMsgHookResult, Tag};

use crate::request::{Failure, Request};

#[derive(Clone, Copy)]
enum Action {
    Handled,
    Tag(Tag),
    Flags(Flags),
    Add(Tag),
}

#[derive(Clone, Copy)]
struct Rule {
    tag: Tag,
    action: Action,
}

#[derive(Clone)]
pub struct Hooks {
    rules: Vec<Rule>,
    seen: Arc<AtomicU64>,
}

impl Hooks {
    pub fn argument(request: &Request) -> Result<Self, Failure> {
        let rules = request.list("hooks")?.iter().map(|rule| Request::nested(rule).and_then(|rule| rule_of(&rule)));
        Ok(Hooks { rules: rules.collect::<Result<_, _>>()?, seen: Arc::default() })
    }

    /// Returns the number of messages that the broker passed to the hook. Clones of one value share the counter.
    pub fn seen(&self) -> u64 {
        self.seen.load(Ordering::Relaxed)
    }
}

fn rule_of(rule: &Request) -> Result<Rule, Failure> {
    rule.only(&["tag", "do", "value"])?;
    let action = match rule.text("do")? {
        "handled" => Action::Handled,
        "tag" => Action::Tag(Tag(rule.u32("value")?)),
        "flags" => Action::Flags(Flags(rule.u32("value")?)),
        "add" => Action::Add(Tag(rule.u32("value")?)),
        other => return Err(Failure::unsupported(format!("a hook has no action `{other}`"))),
    };
    Ok(Rule { tag: Tag(rule.u32("tag")?), action })
}

impl<SHM, SP> LlmpHook<SHM, SP> for Hooks {
    fn on_new_message(
        &mut self,
        _broker: &mut LlmpBrokerInner<SHM, SP>,
        _client: ClientId,
        tag: &mut Tag,
        flags: &mut Flags,
        _payload: &mut [u8],
        more: &mut Vec<(Tag, Flags, Vec<u8>)>,
    ) -> Result<LlmpMsgHookResult, Error> {
        self.seen.fetch_add(1, Ordering::Relaxed);
        let original = *tag;
        let mut result = LlmpMsgHookResult::ForwardToClients;
        for rule in self.rules.iter().filter(|rule| rule.tag == original) {
            match rule.action {
                Action::Handled => result = LlmpMsgHookResult::Handled,
                Action::Tag(value) => *tag = value,
                Action::Flags(value) => *flags = value,
                Action::Add(value) => more.push((value, Flags(0), Vec::new())),
            }
        }
        Ok(result)
    }
}
