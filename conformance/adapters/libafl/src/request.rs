/* SPDX-License-Identifier: MIT OR Apache-2.0 */
//! The arguments of a request, and the three kinds of answers.

use std::time::Duration;

use libafl_core::Error;
use serde_json::{Map, Value};

/// The further fields of an answer.
pub type Fields = Map<String, Value>;

/// Every answer except `ok`.
pub enum Failure {
    /// The implementation returned an error.
    Refused { error: String, fields: Fields },
    /// The implementation or this adapter does not have what is requested.
    Unsupported(String),
}

pub type Outcome = Result<Fields, Failure>;

impl Failure {
    pub fn refused(error: impl Into<String>) -> Self {
        Failure::Refused { error: error.into(), fields: Fields::new() }
    }

    pub fn unsupported(error: impl Into<String>) -> Self {
        Failure::Unsupported(error.into())
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Failure::refused(error.to_string())
    }
}

/// Fields from pairs: `fields([("map", number(1))])`.
pub fn fields<const N: usize>(pairs: [(&str, Value); N]) -> Fields {
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// A number as JSON; above 2^53 a string of digits, because not every JSON library represents larger numbers exactly.
pub fn number(value: u64) -> Value {
    if value <= 1 << 53 { Value::from(value) } else { Value::from(value.to_string()) }
}

pub struct Request {
    arguments: Map<String, Value>,
}

impl Request {
    pub fn parse(line: &[u8]) -> Result<Self, Failure> {
        match serde_json::from_slice(line) {
            Ok(Value::Object(arguments)) => Ok(Request { arguments }),
            Ok(_) => Err(Failure::refused("not a JSON object")),
            Err(error) => Err(Failure::refused(format!("not JSON: {error}"))),
        }
    }

    pub fn id(&self) -> Value {
        self.arguments.get("id").cloned().unwrap_or(Value::Null)
    }

    /// Returns `unsupported` if the request has an argument that is not in `known`.
    pub fn only(&self, known: &[&str]) -> Result<(), Failure> {
        let is_unknown =
            |name: &&String| !["id", "verb", "test"].contains(&name.as_str()) && !known.contains(&name.as_str());
        match self.arguments.keys().find(is_unknown) {
            Some(name) => Err(Failure::unsupported(format!("no argument `{name}`"))),
            None => Ok(()),
        }
    }

    pub fn value(&self, name: &str) -> Result<&Value, Failure> {
        self.arguments.get(name).ok_or_else(|| Failure::refused(format!("`{name}` is missing")))
    }

    pub fn has(&self, name: &str) -> bool {
        self.arguments.contains_key(name)
    }

    pub fn u64(&self, name: &str) -> Result<u64, Failure> {
        let value = self.value(name)?;
        let read = value.as_u64().or_else(|| value.as_str().and_then(|digits| digits.parse().ok()));
        read.ok_or_else(|| wrong(name, "a number from 0 to 2^64-1"))
    }

    pub fn u64_or(&self, name: &str, default: u64) -> Result<u64, Failure> {
        if self.has(name) { self.u64(name) } else { Ok(default) }
    }

    pub fn u32(&self, name: &str) -> Result<u32, Failure> {
        u32::try_from(self.u64(name)?).map_err(|_| wrong(name, "a number from 0 to 2^32-1"))
    }

    pub fn u32_or(&self, name: &str, default: u32) -> Result<u32, Failure> {
        if self.has(name) { self.u32(name) } else { Ok(default) }
    }

    pub fn port(&self) -> Result<u16, Failure> {
        u16::try_from(self.u64("port")?).map_err(|_| wrong("port", "a number from 0 to 65535"))
    }

    pub fn usize(&self, name: &str) -> Result<usize, Failure> {
        usize::try_from(self.u64(name)?).map_err(|_| wrong(name, "a size of this machine"))
    }

    pub fn timeout(&self) -> Result<Duration, Failure> {
        Ok(Duration::from_millis(self.u64("timeout_ms")?))
    }

    pub fn bool_or(&self, name: &str, default: bool) -> Result<bool, Failure> {
        match self.arguments.get(name) {
            None => Ok(default),
            Some(value) => value.as_bool().ok_or_else(|| wrong(name, "true or false")),
        }
    }

    pub fn text(&self, name: &str) -> Result<&str, Failure> {
        self.value(name)?.as_str().ok_or_else(|| wrong(name, "a string"))
    }

    pub fn object(&self, name: &str) -> Result<&Map<String, Value>, Failure> {
        self.value(name)?.as_object().ok_or_else(|| wrong(name, "an object"))
    }

    pub fn list(&self, name: &str) -> Result<&[Value], Failure> {
        match self.arguments.get(name) {
            None => Ok(&[]),
            Some(value) => value.as_array().map(Vec::as_slice).ok_or_else(|| wrong(name, "a list")),
        }
    }

    /// Treats an object inside a request as a request, so that its members are read with the same functions.
    pub fn nested(arguments: &Value) -> Result<Self, Failure> {
        let arguments = arguments.as_object().ok_or_else(|| Failure::refused("not an object"))?;
        Ok(Request { arguments: arguments.clone() })
    }
}

/// The refusal of an argument that is not what `expected` says.
pub fn wrong(name: &str, expected: &str) -> Failure {
    Failure::refused(format!("`{name}` is not {expected}"))
}
