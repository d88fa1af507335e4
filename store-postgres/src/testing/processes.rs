//! The processes of a server: which they are, signals to them, and their end.

use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::TestServerError;

/// One process, as the system lists it.
#[derive(Debug, Clone, Copy)]
struct Process {
    id: u32,
    parent: u32,
    /// It has ended, and only its parent has not yet asked how.
    ended: bool,
}

/// Sends a signal, named without `SIG`, to those of the processes that exist.
pub(super) fn signal(name: &str, ids: &[u32]) -> Result<(), TestServerError> {
    let mut command = Command::new("sh");
    command.args(["-c", r#"for id; do kill -s "$0" "$id"; done"#, name]);
    command.args(ids.iter().map(u32::to_string));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    // Its status tells of processes that ended by themselves: no failure.
    let status = command.status();
    status.map(|_| ()).map_err(TestServerError::io("send a signal to the server"))
}

/// The process and all that descend from it.
pub(super) fn family(root: u32) -> Result<Vec<u32>, TestServerError> {
    let all = list()?;
    let mut family = vec![root];
    let mut next = 0;
    while let Some(&parent) = family.get(next) {
        family.extend(all.iter().filter(|process| process.parent == parent).map(|it| it.id));
        next += 1;
    }
    Ok(family)
}

/// Waits until none of the processes runs. Tells whether that came in time.
pub(super) fn await_end(ids: &[u32], limit: Duration) -> Result<bool, TestServerError> {
    let began = Instant::now();
    loop {
        // One that nobody reaps has given back its memory and its sockets.
        if !list()?.iter().any(|process| ids.contains(&process.id) && !process.ended) {
            return Ok(true);
        }
        if began.elapsed() > limit {
            return Ok(false);
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// All processes of the machine, by Linux's `/proc` or the program `ps`.
fn list() -> Result<Vec<Process>, TestServerError> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let found: Vec<_> = entries.filter_map(|entry| read_proc(&entry)).collect();
    if found.is_empty() { by_ps() } else { Ok(found) }
}

/// One entry of `/proc`; nothing for what is no process or has just ended.
fn read_proc(entry: &fs::DirEntry) -> Option<Process> {
    let id = entry.file_name().to_str()?.parse().ok()?;
    let stat = fs::read_to_string(entry.path().join("stat")).ok()?;
    // The name of the program comes before, in brackets, and may hold any sign.
    let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace();
    let ended = matches!(fields.next()?, "Z" | "X");
    Some(Process { id, parent: fields.next()?.parse().ok()?, ended })
}

fn by_ps() -> Result<Vec<Process>, TestServerError> {
    let mut command = Command::new("ps");
    command.args(["-A", "-o", "pid=", "-o", "ppid=", "-o", "stat="]).stdin(Stdio::null());
    let output = command.output().map_err(TestServerError::io("list processes with ps"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    Ok(text.lines().filter_map(read_ps).collect())
}

fn read_ps(line: &str) -> Option<Process> {
    let mut fields = line.split_ascii_whitespace();
    let id = fields.next()?.parse().ok()?;
    let parent = fields.next()?.parse().ok()?;
    Some(Process { id, parent, ended: fields.next()?.starts_with('Z') })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_family_is_found_and_its_end_is_seen() {
        let mut command = Command::new("sh");
        let mut parent = command.args(["-c", "sleep 60 & wait"]).spawn().unwrap();
        let began = Instant::now();
        while family(parent.id()).unwrap().len() < 2 && began.elapsed().as_secs() < 10 {
            std::thread::sleep(Duration::from_millis(5));
        }
        let ids = family(parent.id()).unwrap();
        assert_eq!(ids.len(), 2);
        assert!(!await_end(&ids, Duration::from_millis(20)).unwrap());
        signal("KILL", &ids).unwrap();
        // The parent is not reaped yet and counts as ended.
        assert!(await_end(&ids, Duration::from_secs(10)).unwrap());
        parent.wait().unwrap();
    }

    #[test]
    fn a_line_of_ps_is_read() {
        let process = read_ps("  17     4 Ss+").unwrap();
        assert_eq!((process.id, process.parent, process.ended), (17, 4, false));
        assert!(read_ps("17 4 Z").unwrap().ended);
        assert!(read_ps("").is_none());
    }
}
