//! The process that outlives the tests and leaves nothing of them behind.

use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};

use super::TestServerError;

/// Stops the server and removes its directory once this process has ended.
///
/// No code of a process runs after SIGKILL, and statics are never dropped, so
/// this cannot be left to destructors. The watching shell reads from a pipe
/// whose other end only this process holds: the system closes it in any case.
/// Programs started later do not inherit that end, since it closes on exec.
#[derive(Debug)]
pub(super) struct Watchdog {
    shell: Child,
    pipe: ChildStdin,
}

impl Watchdog {
    /// Begins to watch over a directory of a server.
    pub(super) fn start(dir: &Path) -> Result<Self, TestServerError> {
        let mut command = Command::new("sh");
        command.args(["-c", include_str!("watchdog.sh"), "annals-watchdog"]).arg(dir);
        // Nothing waits for it, neither Ctrl-C nor who reads the tests' output.
        command.process_group(0).current_dir("/");
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut shell = command
            .spawn()
            .map_err(TestServerError::io("start a shell that watches the server"))?;
        match shell.stdin.take() {
            Some(pipe) => Ok(Self { shell, pipe }),
            None => Err(TestServerError::io("write to the shell that watches the server")(
                std::io::ErrorKind::BrokenPipe.into(),
            )),
        }
    }

    /// Names the process to stop from now on, or that none runs.
    pub(super) fn watch(&mut self, process: Option<u32>) -> Result<(), TestServerError> {
        let line = process.map_or_else(|| "\n".to_owned(), |id| format!("{id}\n"));
        let written = self.pipe.write_all(line.as_bytes());
        written.map_err(TestServerError::io("write to the shell that watches the server"))
    }

    /// Lets it do its work, and waits for the end of it and of the server.
    pub(super) fn finish(self, server: Option<Child>) {
        let Self { mut shell, pipe } = self;
        drop(pipe);
        // The one who started a process has to ask for its end.
        if let Some(mut server) = server {
            let _ = server.wait();
        }
        let _ = shell.wait();
    }
}
