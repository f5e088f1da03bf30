/* SPDX-License-Identifier: MIT OR Apache-2.0 */
//! The environment variables by which a process hands a sender or a receiver over to another (RESUME-1).

use std::env;

use serde_json::Value;

use crate::request::{Failure, Fields, Request, wrong};

const SUFFIXES: [&str; 4] = ["", "_SIZE", "_OFFSET", "_CLIENT_ID"];

/// Refuses a name that no variable can have; Rust panics on such names.
pub fn check(name: &str) -> Result<(), Failure> {
    if name.is_empty() || name.contains(['=', '\0']) {
        return Err(wrong("name", "the name of an environment variable"));
    }
    Ok(())
}

/// Returns the variables for this name that are set in this process.
pub fn current(name: &str) -> Fields {
    let names = SUFFIXES.iter().map(|suffix| format!("{name}{suffix}"));
    names.filter_map(|name| env::var(&name).ok().map(|value| (name, Value::from(value)))).collect()
}

/// Sets the variables that a request contains, removes the others for its name, and returns the name.
pub fn set(request: &Request) -> Result<String, Failure> {
    let name = request.text("name")?;
    check(name)?;
    let variables = strings(request.object("environment")?)?;
    // SAFETY: no other thread of this process accesses the environment at this time.
    unsafe {
        SUFFIXES.iter().for_each(|suffix| env::remove_var(format!("{name}{suffix}")));
        variables.iter().for_each(|(name, value)| env::set_var(name, value));
    }
    Ok(name.to_owned())
}

fn strings(variables: &Fields) -> Result<Vec<(&str, &str)>, Failure> {
    variables.iter().map(|(name, value)| Ok((checked(name)?, string(value)?))).collect()
}

fn checked(name: &str) -> Result<&str, Failure> {
    check(name)?;
    Ok(name)
}

fn string(value: &Value) -> Result<&str, Failure> {
    let text = value.as_str().filter(|text| !text.contains('\0'));
    text.ok_or_else(|| wrong("environment", "an object of strings without NUL"))
}
