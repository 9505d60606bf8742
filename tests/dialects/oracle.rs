//! How the real parsers are asked: all files at once, since starting a program for each takes too long.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use data_encoding::BASE64;

/// What a file sets. `None` when it is refused.
pub type Answer = Option<BTreeMap<Vec<u8>, Vec<u8>>>;

const MISSING: &str = "is missing or does not run: run tests/setup/dialects";

/// A script beside this file.
pub fn script(name: &str) -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/dialects/oracles");
    tests.join(name)
}

/// Something that tests/setup/dialects installs.
pub fn tool(path: &str) -> PathBuf {
    let tools = std::env::var_os("STRAGGLER_TOOLS").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("target/test-tools"),
        PathBuf::from,
    );
    let tool = tools.join("dialects").join(path);
    assert!(tool.exists(), "{} {MISSING}", tool.display());
    tool
}

pub fn node() -> PathBuf {
    tool("node_modules/node/bin/node")
}

pub fn python() -> PathBuf {
    tool("python/bin/python")
}

pub fn ruby() -> PathBuf {
    "/usr/bin/ruby".into()
}

/// The code of Ruby's dotenv.
pub fn gem() -> PathBuf {
    let gems = tool("debian/usr/share/rubygems-integration/all/gems");
    let mut gems = fs::read_dir(&gems).unwrap().map(|gem| gem.unwrap().path());
    let gem = gems.next().unwrap();
    assert!(gems.next().is_none(), "several gems");
    gem.join("lib")
}

pub fn php() -> PathBuf {
    "/usr/bin/php".into()
}

/// The code of PHP's packages.
pub fn php_packages() -> PathBuf {
    tool("debian/usr/share/php")
}

/// Asks a script that takes one file per line, in base64, and gives one answer per line.
pub fn ask<A: AsRef<OsStr>>(program: &Path, arguments: &[A], files: &[Vec<u8>]) -> Vec<Answer> {
    let directory = tempfile::tempdir().unwrap();
    let input = directory.path().join("files");
    let lines: String = files.iter().map(|f| BASE64.encode(f) + "\n").collect();
    fs::write(&input, lines).unwrap();
    let output = Command::new(program)
        .args(arguments)
        .env_clear()
        .stdin(File::open(&input).unwrap())
        .stderr(Stdio::null())
        .output()
        .unwrap_or_else(|error| panic!("{} {MISSING} ({error})", program.display()));
    assert!(
        output.status.success(),
        "{} with {:?} {MISSING}",
        program.display(),
        arguments[0].as_ref()
    );
    let text = String::from_utf8(output.stdout).unwrap();
    let answers: Vec<_> = text.lines().map(answer).collect();
    assert_eq!(answers.len(), files.len(), "not every file was answered");
    answers
}

fn answer(line: &str) -> Answer {
    let pairs = line.strip_prefix("set")?.split_whitespace();
    let decoded = pairs.map(|pair| {
        let (name, value) = pair.split_once(':').unwrap();
        let decode = |text: &str| BASE64.decode(text.as_bytes()).unwrap();
        (decode(name), decode(value))
    });
    Some(decoded.collect())
}

/// Reads files in a shell. Nothing but assignments must be in them.
///
/// Also checks that the shell had nothing to say about them.
pub fn source(shell: &str, options: &[&str], files: &[&[u8]]) -> Vec<Answer> {
    let directory = tempfile::tempdir().unwrap();
    for (index, file) in files.iter().enumerate() {
        fs::write(directory.path().join(index.to_string()), file).unwrap();
    }
    let output = Command::new(shell)
        .args(options)
        .arg(script("shell.sh"))
        .arg(files.len().to_string())
        .current_dir(directory.path())
        .env_clear()
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|error| panic!("{shell} {MISSING} ({error})"));
    complaints(&String::from_utf8_lossy(&output.stderr), files);
    let mut answers = Vec::new();
    let mut variables = BTreeMap::new();
    for entry in output.stdout.split_inclusive(|&b| b == 0) {
        let entry = &entry[..entry.len() - 1];
        if entry.is_empty() {
            let done = std::mem::take(&mut variables);
            answers.push(
                done.contains_key(&b"ORACLE_WAS_HERE"[..])
                    .then(|| without_its_own(done)),
            );
        } else if let Some(equals) = entry.iter().position(|&b| b == b'=') {
            variables.insert(entry[..equals].to_vec(), entry[equals + 1..].to_vec());
        }
    }
    assert_eq!(answers.len(), files.len(), "not every file was answered");
    answers
}

fn without_its_own(mut variables: BTreeMap<Vec<u8>, Vec<u8>>) -> BTreeMap<Vec<u8>, Vec<u8>> {
    for name in ["ORACLE_WAS_HERE", "PWD", "OLDPWD", "SHLVL", "_", "LINENO"] {
        variables.remove(name.as_bytes());
    }
    variables
}

fn complaints(stderr: &str, files: &[&[u8]]) {
    let mut file = &b""[..];
    for line in stderr.lines() {
        if let Some(index) = line.strip_prefix("file ") {
            file = files[index.parse::<usize>().unwrap()];
        } else {
            // The empty lines of files with Windows line endings are commands that are not found.
            let carriage_return = line.contains("\r: not found")
                || line.contains("\r: command not found")
                || line.contains("$'\\r': command not found");
            assert!(carriage_return, "`{}` runs: {line}", file.escape_ascii());
        }
    }
}
