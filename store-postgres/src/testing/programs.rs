//! Where the programs of a PostgreSQL server are.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs};

use super::TestServerError;

/// Names the folder of the programs, before all other places.
const FOLDER: &str = "ANNALS_POSTGRES_BIN";

/// Folders whose entries differ by the major version, and what follows these.
const BY_VERSION: [(&str, &str, &str); 5] = [
    ("/usr/lib/postgresql", "", "bin"),
    ("/usr", "pgsql-", "bin"),
    ("/opt/homebrew/opt", "postgresql@", "bin"),
    ("/usr/local/opt", "postgresql@", "bin"),
    ("/Applications/Postgres.app/Contents/Versions", "", "bin"),
];

/// The folder that holds `initdb` and `postgres`.
///
/// A folder that the caller or the environment names is the only one looked
/// into: a test that asks for a version must not run on another.
pub(super) fn find(named: Option<&Path>) -> Result<PathBuf, TestServerError> {
    let named = named.map(Path::to_owned).or_else(|| env::var_os(FOLDER).map(PathBuf::from));
    if let Some(folder) = named {
        return complete(&folder)
            .ok_or_else(|| TestServerError::NotFound { searched: vec![folder] });
    }
    if let Some(found) = on_path().or_else(by_pg_config) {
        return Ok(found);
    }
    let mut searched = vec![PathBuf::from("PATH")];
    for (parent, prefix, rest) in BY_VERSION {
        let folders = versions(Path::new(parent), prefix, rest);
        if let Some(found) = folders.iter().find_map(|folder| complete(folder)) {
            return Ok(found);
        }
        searched.push(Path::new(parent).join(format!("{prefix}*")).join(rest));
    }
    Err(TestServerError::NotFound { searched })
}

/// The folder itself when both programs are in it.
fn complete(folder: &Path) -> Option<PathBuf> {
    let both = folder.join("initdb").is_file() && folder.join("postgres").is_file();
    both.then(|| folder.to_owned())
}

/// The first folder of the `PATH` with an `initdb`, by way of a link or not.
fn on_path() -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    let initdb =
        env::split_paths(&path).map(|folder| folder.join("initdb")).find(|file| file.is_file())?;
    // A link leads to the folder where the client programs are as well.
    let real = fs::canonicalize(&initdb).ok();
    let real = real.as_deref().and_then(Path::parent).and_then(complete);
    real.or_else(|| initdb.parent().and_then(complete))
}

fn by_pg_config() -> Option<PathBuf> {
    let mut command = Command::new("pg_config");
    let output = command.arg("--bindir").stdin(Stdio::null()).output().ok()?;
    let folder = String::from_utf8(output.stdout).ok()?;
    // It also comes with the client library alone, so the programs are checked.
    complete(Path::new(folder.trim()))
}

/// The folders `parent/prefix*/rest`, the highest version first.
fn versions(parent: &Path, prefix: &str, rest: &str) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(parent) else { return Vec::new() };
    let names = entries.flatten().map(|entry| entry.file_name());
    let mut found: Vec<_> =
        names.filter_map(|name| Some((version(&name, prefix)?, parent.join(name)))).collect();
    found.sort_by_key(|(version, _)| std::cmp::Reverse(*version));
    found.into_iter().map(|(_, folder)| folder.join(rest)).collect()
}

/// The number that follows the prefix; a folder such as `latest` has none.
fn version(name: &OsStr, prefix: &str) -> Option<u32> {
    let rest = name.to_str()?.strip_prefix(prefix)?;
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    rest[..end].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_version_is_first() {
        let parent = tempfile::tempdir().unwrap();
        for name in ["pgsql-9.6", "pgsql-17", "pgsql-16", "pgsql-latest", "other"] {
            fs::create_dir(parent.path().join(name)).unwrap();
        }
        let found = versions(parent.path(), "pgsql-", "bin");
        let expected = ["pgsql-17", "pgsql-16", "pgsql-9.6"];
        let expected: Vec<_> =
            expected.iter().map(|name| parent.path().join(name).join("bin")).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn a_folder_without_postgres_is_not_taken() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("initdb"), "").unwrap();
        assert!(matches!(find(Some(folder.path())), Err(TestServerError::NotFound { .. })));
        fs::write(folder.path().join("postgres"), "").unwrap();
        assert_eq!(find(Some(folder.path())).unwrap(), folder.path());
    }
}
