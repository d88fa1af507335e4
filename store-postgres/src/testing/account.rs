//! As whom the programs of the server run.

use std::ffi::OsStr;
use std::os::unix::fs::{MetadataExt, chown};
use std::path::Path;
use std::process::{Command, Stdio};
use std::{env, fs};

use super::TestServerError;

/// The user as whom the programs run.
#[derive(Debug, Clone)]
pub(super) enum Account {
    /// The user of the tests.
    Own,
    /// Another one, since PostgreSQL refuses root.
    Other { name: String, user: u32, group: u32, by: Switch },
}

/// The program that becomes another user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Switch {
    Setpriv,
    Runuser,
    Su,
}

impl Account {
    /// The right user for a server whose directory the tests have just made.
    pub(super) fn for_owner_of(dir: &Path) -> Result<Self, TestServerError> {
        let owner = fs::metadata(dir).map_err(TestServerError::io("look at a new directory"))?;
        // A new directory belongs to the effective user, which std does not tell.
        if owner.uid() == 0 { Self::other() } else { Ok(Self::Own) }
    }

    fn other() -> Result<Self, TestServerError> {
        for name in ["postgres", "nobody"] {
            let (Some(user), Some(group)) = (id("-u", name), id("-g", name)) else { continue };
            for by in [Switch::Setpriv, Switch::Runuser, Switch::Su] {
                let account = Self::Other { name: name.to_owned(), user, group, by };
                // Tried and not only found: the setpriv of busybox lacks options.
                if account.works() {
                    return Ok(account);
                }
            }
        }
        let output = "PostgreSQL refuses to run as root, and none of setpriv, runuser and su \
                      could become the user postgres or nobody";
        Err(TestServerError::Failed { program: "setpriv".to_owned(), output: output.to_owned() })
    }

    fn works(&self) -> bool {
        let mut command = self.command("true", Path::new("/"));
        let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        quiet.status().is_ok_and(|status| status.success())
    }

    /// The command that runs the program as this user, at home in a directory.
    pub(super) fn command(&self, program: impl AsRef<OsStr>, home: &Path) -> Command {
        let mut command = match self {
            Self::Own => Command::new(program),
            Self::Other { name, user, group, by } => {
                let mut command = match by {
                    Switch::Setpriv => setpriv(*user, *group),
                    Switch::Runuser => runuser(name),
                    Switch::Su => su(name),
                };
                command.arg(program);
                command
            }
        };
        // The home of root is closed to others, and a warning to each program.
        command.env("HOME", home).env("PATH", path()).current_dir(home);
        command
    }

    /// Makes the user the owner of a path, where it is not the user of the tests.
    pub(super) fn own(&self, path: &Path) -> Result<(), TestServerError> {
        let Self::Other { user, group, .. } = self else { return Ok(()) };
        let what = || format!("give {} to the user of the server", path.display());
        chown(path, Some(*user), Some(*group)).map_err(|error| TestServerError::io(what())(error))
    }
}

fn setpriv(user: u32, group: u32) -> Command {
    let mut command = Command::new("setpriv");
    command.args([format!("--reuid={user}"), format!("--regid={group}")]);
    command.args(["--init-groups", "--"]);
    command
}

fn runuser(name: &str) -> Command {
    let mut command = Command::new("runuser");
    command.args(["-u", name, "--"]);
    command
}

fn su(name: &str) -> Command {
    let mut command = Command::new("su");
    command.args(["-s", "/bin/sh", "-c", r#"exec "$@""#, "--", name, "sh"]);
    command
}

/// The search path, with the folders of services, which users often lack.
fn path() -> std::ffi::OsString {
    let mut path = env::var_os("PATH").unwrap_or_else(|| "/usr/local/bin:/usr/bin:/bin".into());
    path.push(":/usr/local/sbin:/usr/sbin:/sbin");
    path
}

/// What `id` says about a user; nothing where there is no such user.
fn id(option: &str, name: &str) -> Option<u32> {
    let output = Command::new("id").args([option, name]).stdin(Stdio::null()).output().ok()?;
    String::from_utf8(output.stdout).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_become_a_user_passes_arguments_on() {
        let dir = tempfile::tempdir().unwrap();
        let Account::Other { name, user, group, .. } = Account::for_owner_of(dir.path()).unwrap()
        else {
            return;
        };
        for by in [Switch::Setpriv, Switch::Runuser, Switch::Su] {
            let account = Account::Other { name: name.clone(), user, group, by };
            let mut command = account.command("sh", Path::new("/"));
            command.args(["-c", r#"id -u; printf '%s|' "$@""#, "sh", "-D", "a b"]);
            let output = command.output().unwrap();
            let said = String::from_utf8(output.stdout).unwrap();
            assert_eq!(said, format!("{user}\n-D|a b|"), "{by:?}");
        }
    }
}
