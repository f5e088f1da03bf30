/* SPDX-License-Identifier: MIT OR Apache-2.0 */
//! Converts descriptions of maps (ID-2) between JSON and the crate's type.

use libafl_core::Error;
use ll_mp::LlmpDescription;
use serde::Deserialize;
use serde_json::Value;
use shmem_providers::{ShMemDescription, ShMemId};

use crate::request::{Failure, Request, fields, number, wrong};

const ID_BYTES: usize = 20;

/// The crate's `LlmpDescription`: its fields are private, so it is converted by way of JSON.
#[derive(Deserialize)]
struct Described {
    shmem: ShMemDescription,
}

/// Returns the map's part of the description that a sender's or a receiver's `describe` returned.
pub fn of(described: Result<LlmpDescription, Error>) -> Result<ShMemDescription, Failure> {
    let json = serde_json::to_value(described?).map_err(|error| Failure::refused(error.to_string()))?;
    let read: Described = serde_json::from_value(json).map_err(|error| Failure::refused(error.to_string()))?;
    Ok(read.shmem)
}

pub fn to_json(description: &ShMemDescription) -> Value {
    let id = description.id.as_array();
    let name = match text_of(id) {
        Some(text) => ("id", Value::from(text)),
        None => ("raw", Value::from(id.iter().map(|byte| format!("{byte:02x}")).collect::<String>())),
    };
    Value::from(fields([("size", number(description.size as u64)), name]))
}

/// Returns the id as text if it is a terminated string and all bytes after it are zero.
fn text_of(id: &[u8; ID_BYTES]) -> Option<&str> {
    let end = id.iter().position(|&byte| byte == 0)?;
    if id[end..].iter().any(|&byte| byte != 0) {
        return None;
    }
    std::str::from_utf8(&id[..end]).ok()
}

pub fn argument(request: &Request, name: &str) -> Result<ShMemDescription, Failure> {
    let description = Request::nested(request.value(name)?)?;
    let id = if description.has("raw") { raw_id(description.text("raw")?)? } else { text_id(description.text("id")?)? };
    Ok(ShMemDescription { size: description.usize("size")?, id: ShMemId::from_array(&id) })
}

fn text_id(text: &str) -> Result<[u8; ID_BYTES], Failure> {
    let mut id = [0; ID_BYTES];
    if text.len() >= ID_BYTES || text.contains('\0') {
        return Err(wrong("id", "a string of at most 19 bytes"));
    }
    id[..text.len()].copy_from_slice(text.as_bytes());
    Ok(id)
}

fn raw_id(digits: &str) -> Result<[u8; ID_BYTES], Failure> {
    let mut id = [0; ID_BYTES];
    if digits.len() != 2 * ID_BYTES || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return Err(wrong("raw", "40 hexadecimal digits"));
    }
    for (byte, pair) in id.iter_mut().zip(digits.as_bytes().chunks(2)) {
        *byte = pair.iter().fold(0, |value, &digit| value << 4 | (digit as char).to_digit(16).unwrap_or(0) as u8);
    }
    Ok(id)
}
