/* SPDX-License-Identifier: MIT OR Apache-2.0 */
//! A logger, because LibAFL's users have one: it evaluates the arguments of every record, formats the text and discards
//! it.

use std::fmt::{self, Write};

use log::{LevelFilter, Log, Metadata, Record};

struct Nowhere;

impl Write for Nowhere {
    fn write_str(&mut self, _: &str) -> fmt::Result {
        Ok(())
    }
}

struct Logger;

impl Log for Logger {
    fn enabled(&self, _: &Metadata) -> bool {
        true
    }

    fn log(&self, record: &Record) {
        let _ = Nowhere.write_fmt(*record.args());
    }

    fn flush(&self) {}
}

/// Installs the logger. Must be called once per process.
pub fn install() {
    log::set_logger(&Logger).expect("a logger is already installed");
    log::set_max_level(LevelFilter::Trace);
}
