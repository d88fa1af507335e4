//! A history that is cut, changed or none at all: a typed error that says what
//! to do, and nothing is written.

use annals::history::ImportError;

use crate::support::{filled, refused, text};

const GOLDEN: &str = include_str!("../fixtures/history-v1.ndjson");

#[tokio::test]
async fn a_history_cut_at_any_byte_is_refused_whole() {
    // Without the line feed behind the end line it is whole.
    for cut in 0..GOLDEN.len() - 1 {
        let error = refused(&GOLDEN.as_bytes()[..cut]).await;
        let line = GOLDEN.as_bytes()[..cut].split(|b| *b == b'\n').count() as u64;
        let near = |found: u64| found == line || found + 1 == line;
        assert!(
            matches!(error, ImportError::Truncated { line } if near(line)),
            "cut at byte {cut}: {error:?}"
        );
    }
}

#[tokio::test]
async fn a_history_without_one_of_its_bytes_is_refused_whole() {
    for gone in 0..GOLDEN.len() - 1 {
        let mut bytes = GOLDEN.as_bytes().to_vec();
        let byte = bytes.remove(gone);
        let in_header = gone <= GOLDEN.find('\n').unwrap();
        let harmless = in_header && is_read(&bytes).await;
        if !harmless {
            let error = refused(&bytes).await;
            let payload = ["owner", "quoted", "1234567890"];
            let message = format!("{error} {error:?}");
            assert!(!payload.iter().any(|p| message.contains(p)), "{message}");
        }
        assert!(!harmless || byte != b'\n', "byte {gone}");
    }
}

/// The header is not hashed: a letter of the scope may be missing.
async fn is_read(bytes: &[u8]) -> bool {
    let store = annals_memory::MemoryStore::new();
    annals::history::import_text(&store, bytes).await.is_ok()
}

#[tokio::test]
async fn a_line_that_is_missing_or_doubled_or_moved_is_noticed() {
    let exported = text(&filled(1, 30).await).await;
    let lines: Vec<&str> = exported.lines().collect();
    for at in 1..lines.len() - 1 {
        let mut missing = lines.clone();
        missing.remove(at);
        refused(missing.join("\n")).await;
        let mut doubled = lines.clone();
        doubled.insert(at, lines[at]);
        refused(doubled.join("\n")).await;
        let mut moved = lines.clone();
        moved.swap(at, at - 1);
        refused(moved.join("\n")).await;
    }
}

#[tokio::test]
async fn what_is_no_history_is_told_apart() {
    let gzip: &[u8] = &[0x1f, 0x8b, 0x08, 0, 0, 0, 0, 0, 0, 3, 0xab, 0x56];
    for text in [
        gzip,
        b"hello",
        b"\n",
        b"[1,2]",
        b"{}\n{}",
        br#"{"annals":"end","events":0,"hash":"0"}"#,
        br#"["history",1,"01970000-0000-7000-8000-000000000001","log"]"#,
    ] {
        let error = refused(text).await;
        assert!(matches!(error, ImportError::NotHistory), "{error:?}");
    }
    let error = refused("").await;
    assert!(matches!(error, ImportError::Truncated { line: 0 }), "{error:?}");
}

#[tokio::test]
async fn a_damaged_line_is_told_by_its_number_and_what_was_expected() {
    for (from, to, expected) in [
        (r#""version":2"#, r#""version":"secret""#, "expected was u64 at column"),
        (r#""version":2"#, r#""version":0"#, "`version`: a number from 1 on"),
        (r#""version":2,"#, "", "missing field `version`"),
        (r#""version":2,"#, r#""version":2,"version":2,"#, "duplicate field `version`"),
        ("08:00:00.123456789Z", "secret", "`recorded_at`: a time such as"),
        ("08:00:00.123456789Z", "07:00:00Z", "a `recorded_at` not before"),
        ("59:59.5+02:00", "secret", "`occurred_at`: a time such as"),
        (r#"-000000000012""#, r#"-secret""#, "`id`: a UUID"),
        (r#""actor":"ada","#, r#""actor":["secret"],"#, "a string"),
        (r#""account-1","version":2"#, r#""secret","version":2"#, "a category, a `-`"),
        (r#""data":{"z""#, r#""date":{"z""#, "either `data` or `data_base64`"),
        (r#"{"z":1.0"#, r#"{"z":1.0.0"#, "a JSON object, but it is none"),
    ] {
        let changed = GOLDEN.replacen(from, to, 1);
        assert_ne!(changed, GOLDEN, "{from}");
        let message = refused(changed).await.to_string();
        assert!(message.contains("line 3") && message.contains(expected), "{message}");
        assert!(!message.contains("secret"), "{message}");
    }
}

#[tokio::test]
async fn payloads_that_could_not_be_read_are_refused() {
    let nul = GOLDEN.replace(r#"{"owner":"ada"}"#, r#"{"owner":"\u0000"}"#);
    let deep = GOLDEN.replace(r#"{"owner":"ada"}"#, &("[".repeat(200) + &"]".repeat(200)));
    for text in [nul, deep] {
        let error = refused(text).await;
        assert!(matches!(error, ImportError::Payload { line: 2, .. }), "{error:?}");
    }
    let codec = GOLDEN.replace(r#""msgpack""#, r#""cbor""#);
    let error = refused(codec).await;
    assert!(matches!(error, ImportError::Codec { line: 6, .. }), "{error:?}");
}

#[tokio::test]
async fn something_behind_the_end_is_refused() {
    let twice = format!("{GOLDEN}{GOLDEN}");
    let error = refused(twice).await;
    assert!(matches!(error, ImportError::Malformed { line: 8, .. }), "{error:?}");
}

#[tokio::test]
async fn an_overlong_line_is_refused() {
    let long = " ".repeat(annals::history::MAX_LINE_BYTES + 1);
    let error = refused(format!("{long}\n{GOLDEN}")).await;
    assert!(matches!(error, ImportError::LineTooLong { line: 1, .. }), "{error:?}");
}
