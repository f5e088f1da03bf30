/* SPDX-License-Identifier: MIT OR Apache-2.0 */
//! A logger, as LibAFL's users have one. What the crates compute for a record is computed, the text is made and dropped.

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

/// Once in a process.
pub fn install() {
    log::set_logger(&Logger).expect("a logger is there already");
    log::set_max_level(LevelFilter::Trace);
}
