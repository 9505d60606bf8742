//! The env-file dialects beside the programs they follow: the same files, the same variables.
//!
//! Each test needs its program, which tests/setup/dialects installs. Compose has none in the package
//! registries; its rules are in the unit tests only.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "all of this is a test, also what stands outside of its functions"
)]

mod compare;
mod corpus;
mod docker;
mod generate;
mod oracle;
mod properties;

use straggler::envfile::{Dialect, Outside, earlier_entries, entries};

use compare::{compare, compare_by};

/// What is made by hand, and as many more.
fn files(salt: u64, more: usize) -> Vec<Vec<u8>> {
    let mut files = corpus::files();
    let more = generate::files(salt, generate::count(more), &files);
    files.extend(corpus::long_files());
    files.extend(more);
    files
}

#[test]
#[ignore = "needs the real program, which tests/run installs"]
fn dotenv() {
    let files = files(1, 12_000);
    for version in ["dotenv17", "dotenv18"] {
        let package = oracle::tool("node_modules").join(version);
        let script = oracle::script("dotenv.js");
        let answers = oracle::ask(&oracle::node(), &[script, package], &files);
        compare(Dialect::Dotenv, &files, &answers);
    }
}

#[test]
#[ignore = "needs the real program, which tests/run installs"]
fn node() {
    let files = files(2, 12_000);
    let answers = oracle::ask(&oracle::node(), &[oracle::script("node.js")], &files);
    compare(Dialect::Node, &files, &answers);
}

#[test]
#[ignore = "needs the real program, which tests/run installs"]
fn python_dotenv() {
    let mut files = files(3, 12_000);
    // Its search for a comment takes a time that grows with the square of a run of blanks.
    let blanks = [b' '; 5_000];
    files.retain(|file| !file.windows(blanks.len()).any(|part| part == blanks));
    let script = oracle::script("python_dotenv.py");
    let answers = oracle::ask(&oracle::python(), &[&script], &files);
    compare(Dialect::PythonDotenv, &files, &answers);

    let before = oracle::tool("python-dotenv-1.2.2");
    let answers = oracle::ask(&oracle::python(), &[script, before], &files);
    compare_by(Dialect::PythonDotenv, &files, &answers, |file| {
        earlier_entries(Dialect::PythonDotenv, file, Outside::Empty).unwrap()
    });
}

#[test]
#[ignore = "needs the real program, which tests/run installs"]
fn ruby_dotenv() {
    let files = files(7, 12_000);
    let script = oracle::script("ruby_dotenv.rb");
    let answers = oracle::ask(&oracle::ruby(), &[script, oracle::gem()], &files);
    compare(Dialect::RubyDotenv, &files, &answers);
}

#[test]
#[ignore = "needs the real program, which tests/run installs"]
fn phpdotenv() {
    let files = files(8, 12_000);
    let script = oracle::script("phpdotenv.php");
    let answers = oracle::ask(&oracle::php(), &[script, oracle::php_packages()], &files);
    compare(Dialect::Phpdotenv, &files, &answers);
}

#[test]
#[ignore = "needs the real program, which tests/run installs"]
fn symfony() {
    let files = files(9, 12_000);
    let script = oracle::script("symfony.php");
    let answers = oracle::ask(&oracle::php(), &[script, oracle::php_packages()], &files);
    compare(Dialect::Symfony, &files, &answers);
}

#[test]
#[ignore = "needs the real program, which tests/run installs"]
fn systemd() {
    let files = files(4, 12_000);
    let script = oracle::script("systemd.py");
    let answers = oracle::ask(&oracle::python(), &[script], &files);
    compare(Dialect::Systemd, &files, &answers);
}

/// What we take to be assignments only is run by real shells, and they agree with us and each other.
#[test]
#[ignore = "needs the real program, which tests/run installs"]
fn shell() {
    let mut files = files(5, 12_000);
    files.retain(|file| entries(Dialect::Shell, file, Outside::Empty).is_ok());
    assert!(files.len() > 4_000, "only {} files can be run", files.len());
    let texts: Vec<_> = files.iter().map(Vec::as_slice).collect();
    for (shell, options) in [("dash", &[][..]), ("bash", &["--posix"][..])] {
        compare(
            Dialect::Shell,
            &files,
            &oracle::source(shell, options, &texts),
        );
    }
}

#[test]
#[ignore = "needs the real program, which tests/run installs"]
fn docker() {
    let files = files(6, 3_000);
    compare(Dialect::Docker, &files, &docker::ask(&files));
}
