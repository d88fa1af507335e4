//! Runs the program on parts of January.

use std::fmt::Write as _;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Command;

use flate2::read::GzDecoder;
use serde_json::Value;
use tempfile::TempDir;

const JANUARY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/data/flights-2013-01.csv.gz");

/// What the program printed, and how it ended.
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ended {
    #[track_caller]
    pub(crate) fn json(&self) -> Vec<Value> {
        assert_eq!(self.code, Some(0), "{}", self.stderr);
        serde_json::from_str(&self.stdout).unwrap()
    }

    /// Asserts that the program failed, and said this.
    #[track_caller]
    pub(crate) fn failed_with(&self, message: &str) {
        assert_eq!(self.code, Some(1), "{}", self.stderr);
        self.said(message);
    }

    #[track_caller]
    pub(crate) fn said(&self, message: &str) {
        assert!(self.stderr.contains(message), "{}", self.stderr);
    }
}

pub(crate) fn flights(args: &[&str]) -> Ended {
    let output = Command::new(env!("CARGO_BIN_EXE_flights")).args(args).output().unwrap();
    Ended {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A file that is removed with this value.
pub(crate) struct File {
    dir: TempDir,
}

impl File {
    pub(crate) fn of(content: impl AsRef<[u8]>) -> Self {
        let dir = TempDir::new().unwrap();
        fs::write(dir.path().join("flights.csv"), content).unwrap();
        Self { dir }
    }

    /// The header of January, and these rows of it.
    pub(crate) fn of_january(wanted: impl FnMut(&&str) -> bool) -> Self {
        let january = january();
        let (header, rows) = january.split_once('\n').unwrap();
        let mut text = format!("{header}\n");
        for row in rows.lines().filter(wanted) {
            writeln!(text, "{row}").unwrap();
        }
        Self::of(text)
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.dir.path().join("flights.csv")
    }

    /// Runs the program on this file.
    pub(crate) fn flights(&self, args: &[&str]) -> Ended {
        let path = self.path();
        let mut all = vec![path.to_str().unwrap()];
        all.extend(args);
        flights(&all)
    }
}

/// January as plain text.
pub(crate) fn january() -> String {
    let file = fs::File::open(Path::new(JANUARY)).unwrap();
    let mut text = String::new();
    GzDecoder::new(file).read_to_string(&mut text).unwrap();
    text
}
