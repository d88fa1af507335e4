//! The append functions of the database, changed as text.

/// Adds a pause, by chance, behind every statement of the function.
pub(crate) fn with_pauses(definition: &str, chance: f64) -> String {
    // Neither PERFORM nor SELECT INTO: they would change what FOUND says.
    let pause = format!(
        ";\nIF random() < {chance} THEN
            IF pg_sleep(random() * 0.002) IS NULL THEN NULL; END IF; END IF;"
    );
    let (head, statements) = statements(definition);
    let (last, rest) = statements.split_last().unwrap();
    assert!(rest.len() > 3, "these are the statements of the function");
    format!("{head}{}{pause}{last}", rest.join(&pause))
}

/// Without the last line of defence, so that only readers can notice the first one gone.
pub(crate) fn without_the_guard(definition: &str) -> String {
    let guards = [
        ("RAISE EXCEPTION 'annals: the sequence", "RAISE DEBUG 'annals: the sequence"),
        ("coalesce(t.position, 0) <= s.position", "true"),
    ];
    let guard = guards.into_iter().find(|(guard, _)| definition.contains(guard));
    let (guard, nothing) = guard.expect("the function compares the sequence with the log");
    definition.replace(guard, nothing)
}

/// How the function takes the lock of a partition.
const LOCK: &str = "v_locked := pg_advisory_xact_lock(v_log, v_partitions[i]) IS NOT NULL";

pub(crate) fn without_the_lock(definition: &str) -> String {
    assert!(definition.contains(LOCK), "the function takes the lock so");
    definition.replace(LOCK, "v_locked := true")
}

/// The same of the function for one event.
pub(crate) fn one_without_the_lock(definition: &str) -> String {
    let lock = "pg_advisory_xact_lock(v_log, p_partition) IS NULL";
    assert!(definition.contains(lock), "the function takes the lock so");
    definition.replace(lock, "false")
}

pub(crate) fn with_the_lock_behind_the_positions(definition: &str) -> String {
    let (head, mut statements) = statements(&without_the_lock(definition));
    let ends = the_one(&statements, "pg_sequence_last_value");
    statements.insert(ends + 1, format!("\n{LOCK}"));
    head + &statements.join(";")
}

pub(crate) fn under_any_isolation(definition: &str) -> String {
    let check = "current_setting('transaction_isolation') <> 'read committed'";
    assert!(definition.contains(check), "the function checks the isolation");
    definition.replace(check, "false")
}

/// The place of the only statement with this in it.
fn the_one(statements: &[String], part: &str) -> usize {
    let mut found = statements.iter().enumerate().filter(|(_, text)| text.contains(part));
    let (place, _) = found.next().unwrap_or_else(|| panic!("no statement has {part}"));
    assert!(found.next().is_none(), "one statement has {part}");
    place
}

/// The definition up to the function's first statement, and what stands between the
/// semicolons behind it, comments left out.
fn statements(definition: &str) -> (String, Vec<String>) {
    let body = definition.find("\nBEGIN\n").expect("a body") + "\nBEGIN\n".len();
    let (head, body) = definition.split_at(body);
    let mut statements = vec![String::new()];
    let (mut text, mut quoted) = (body.chars().peekable(), false);
    while let Some(letter) = text.next() {
        if letter == '\'' {
            quoted = !quoted;
        }
        if !quoted && letter == '-' && text.peek() == Some(&'-') {
            text.by_ref().find(|letter| *letter == '\n');
        } else if !quoted && letter == ';' {
            statements.push(String::new());
        } else {
            statements.last_mut().unwrap().push(letter);
        }
    }
    (head.to_owned(), statements)
}
