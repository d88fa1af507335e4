//! The files of one server, and the programs that work on them.

use std::ffi::OsStr;
use std::fs::{self, OpenOptions, Permissions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::TestServerError;
use super::account::Account;
use super::watchdog::Watchdog;

/// How many lines of a program's output an error carries.
const TAIL: usize = 20;

/// A directory with a server's data, its log and room for what tests write.
#[derive(Debug)]
pub(super) struct Cluster {
    pub(super) bin: PathBuf,
    pub(super) account: Account,
    pub(super) data: PathBuf,
    pub(super) log: PathBuf,
    /// Belongs to the server's user, who may write nowhere else.
    pub(super) room: PathBuf,
}

impl Cluster {
    /// Lays out a new directory, which has no data yet.
    pub(super) fn new(bin: PathBuf, dir: &Path) -> Result<Self, TestServerError> {
        let account = Account::for_owner_of(dir)?;
        let (data, log, room) = (dir.join("data"), dir.join("log"), dir.join("room"));
        if matches!(account, Account::Other { .. }) {
            // The other user has to get through it to what is his.
            set_mode(dir, 0o711)?;
        }
        for folder in [&data, &room] {
            let what = || format!("make the directory {}", folder.display());
            fs::create_dir(folder).map_err(|error| TestServerError::io(what())(error))?;
            set_mode(folder, 0o700)?;
            account.own(folder)?;
        }
        Ok(Self { bin, account, data, log, room })
    }

    /// A command for one of the server's programs, run as the server's user.
    pub(super) fn command(&self, program: &str) -> Command {
        let here = self.bin.join(program);
        // Clients and poolers may be installed in another place than servers.
        let program = if here.is_file() { here } else { PathBuf::from(program) };
        self.account.command(program, &self.room)
    }

    /// Fills the directory with the data of a new server.
    pub(super) fn init(&self, watchdog: &mut Watchdog) -> Result<(), TestServerError> {
        let mut command = self.command("initdb");
        command.args(["--no-sync", "--auth=trust", "--username=postgres", "--encoding=UTF8"]);
        command.args(["--locale=C", "--pgdata"]).arg(&self.data);
        run(command, "initdb", |id| watchdog.watch(id))
    }

    /// Fills the directory with a copy of another server's data.
    pub(super) fn copy(&self, from: &Path, watchdog: &mut Watchdog) -> Result<(), TestServerError> {
        let mut command = Command::new("cp");
        command.arg("-RP").arg(from.join(".")).arg(&self.data);
        run(command, "cp", |id| watchdog.watch(id))?;
        // They tell of the server that had the data before.
        for name in ["postmaster.pid", "postmaster.opts"] {
            let _ = fs::remove_file(self.data.join(name));
        }
        if let Account::Other { user, group, .. } = &self.account {
            let mut command = Command::new("chown");
            command.arg("-R").arg(format!("{user}:{group}")).arg(&self.data);
            run(command, "chown", |id| watchdog.watch(id))?;
        }
        set_mode(&self.data, 0o700)
    }

    /// Adds settings to those in the file; of two with one name the last holds.
    pub(super) fn configure(&self, settings: &[(String, String)]) -> Result<(), TestServerError> {
        let mut text = String::from("\n");
        for (name, value) in settings {
            text.push_str(&format!("{name} = '{}'\n", quote(value)));
        }
        let path = self.data.join("postgresql.conf");
        let file = OpenOptions::new().append(true).create(true).open(&path);
        let written = file.and_then(|mut file| file.write_all(text.as_bytes()));
        let what = format!("write {}", path.display());
        written.map_err(TestServerError::io(what))?;
        self.account.own(&path)
    }

    /// The major version of the data, such as 17.
    pub(super) fn major_version(&self) -> Result<u32, TestServerError> {
        let path = self.data.join("PG_VERSION");
        let text = fs::read_to_string(&path);
        let what = format!("read the version in {}", path.display());
        let text = text.map_err(TestServerError::io(&*what))?;
        let major = text.trim().split('.').next().unwrap_or_default().parse();
        major.map_err(|_| TestServerError::io(what)(std::io::ErrorKind::InvalidData.into()))
    }

    /// The last lines that the log has got since it had so many bytes.
    pub(super) fn log_since(&self, start: u64) -> String {
        let log = fs::read(&self.log).unwrap_or_default();
        let start = usize::try_from(start).unwrap_or(usize::MAX);
        tail(log.get(start..).unwrap_or_default())
    }
}

/// Runs a program to its end. The function is told which process runs.
pub(super) fn run(
    mut command: Command,
    name: &str,
    mut watch: impl FnMut(Option<u32>) -> Result<(), TestServerError>,
) -> Result<(), TestServerError> {
    let what = || format!("run {name}");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
    let child = command.spawn().map_err(|error| TestServerError::io(what())(error))?;
    watch(Some(child.id()))?;
    let output = child.wait_with_output();
    watch(None)?;
    let output = output.map_err(|error| TestServerError::io(what())(error))?;
    if output.status.success() {
        return Ok(());
    }
    let said = tail(&[output.stdout, output.stderr].concat());
    Err(TestServerError::Failed { program: name.to_owned(), output: said })
}

fn tail(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    let lines: Vec<_> = text.lines().collect();
    lines[lines.len().saturating_sub(TAIL)..].join("\n")
}

fn quote(value: &str) -> String {
    value.replace('\\', r"\\").replace('\'', "''").replace('\n', r"\n")
}

fn set_mode(path: impl AsRef<OsStr>, mode: u32) -> Result<(), TestServerError> {
    let path = Path::new(path.as_ref());
    let what = || format!("change who may enter {}", path.display());
    let changed = fs::set_permissions(path, Permissions::from_mode(mode));
    changed.map_err(|error| TestServerError::io(what())(error))
}
