//! What a variable is once a program has read an env file, for each of the programs that read them.
//!
//! Everybody writes `NAME=value`; nobody agrees on the rest. A quoted key reaches the process without
//! its quotes under dotenv and with them under `docker run --env-file`, and the events of the second
//! are refused. So each file here follows one real parser to the byte, faults included.
//!
//! All of it is pure: bytes in, nothing read or run. The cost grows with the size of the file, not
//! faster, whatever the file holds, and buffers that held values are wiped.

mod buffer;
mod cause;
mod commands;
mod compose;
mod compose_template;
mod dialect;
mod docker;
mod dotenv;
mod expand;
mod node;
mod phpdotenv;
mod python_dotenv;
mod read;
mod ruby_dotenv;
mod shell;
mod shell_word;
mod symfony;
mod symfony_lines;
mod systemd;
#[cfg(test)]
mod tests;
mod text;
mod variables;

pub use cause::{Cause, visible_cause};
pub use dialect::Dialect;
pub use expand::{Expanded, expanded};
pub use read::{Entry, Outside, Rejected, earlier_entries, entries, read};
