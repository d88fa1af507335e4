//! A password is told to the server and to nobody else.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

#[path = "helpers/log.rs"]
mod log;

use std::fmt::Write;
use std::sync::{Arc, Mutex};

use annals::EventStore;
use annals_postgres::testing::Server;
use annals_postgres::{ConnectError, PostgresStore};
use log::{append, execute};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// Keeps everything that is told, at every level.
#[derive(Clone, Default)]
struct Listener(Arc<Mutex<String>>);

struct Note<'a>(&'a mut String);

impl Visit for Note<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        writeln!(self.0, "{field}={value:?}").unwrap();
    }
}

impl Subscriber for Listener {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }
    fn new_span(&self, span: &Attributes<'_>) -> Id {
        span.record(&mut Note(&mut self.0.lock().unwrap()));
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, values: &Record<'_>) {
        values.record(&mut Note(&mut self.0.lock().unwrap()));
    }
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, event: &Event<'_>) {
        event.record(&mut Note(&mut self.0.lock().unwrap()));
    }
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

/// An error with everything behind it.
fn whole(error: &dyn std::error::Error) -> String {
    let mut text = format!("{error} {error:?}");
    let mut next = error.source();
    while let Some(source) = next {
        write!(text, " {source} {source:?}").unwrap();
        next = source.source();
    }
    text
}

#[tokio::test]
async fn a_password_stands_in_no_log_and_no_error() {
    let listener = Listener::default();
    tracing::subscriber::set_global_default(listener.clone()).unwrap();
    let server = Server::builder().setting("password_encryption", "scram-sha-256").start().await;
    let server = server.unwrap();
    execute(&server.url(), "CREATE ROLE app LOGIN SUPERUSER PASSWORD 'r1ght-s3cret'").await;
    listener.0.lock().unwrap().clear(); // The statement above was the test's own.
    let rules = "host all app 127.0.0.1/32 scram-sha-256\nhost all all 127.0.0.1/32 trust\n";
    std::fs::write(server.data_dir().join("pg_hba.conf"), rules).unwrap();
    execute(&server.url(), "SELECT pg_reload_conf()").await;
    let url = |password: &str, rest: &str| {
        format!("postgres://app:{password}@127.0.0.1:{}{rest}", server.port())
    };

    let mut told = String::new();
    let mut connect = async |url: String| {
        let builder = PostgresStore::builder(&url).read_from(&url).listen_url(&url);
        let builder = builder.read_timeout(std::time::Duration::from_secs(1));
        write!(told, "{builder:?}").unwrap();
        let migrated = builder.migrate().await;
        told.extend(migrated.as_ref().err().map(|error| whole(error)));
        let connected = builder.connect().await;
        told.extend(connected.as_ref().err().map(|error| whole(error)));
        told.extend(connected.as_ref().ok().map(|store| format!("{store:?}")));
        connected
    };
    let began = std::time::Instant::now();
    while PostgresStore::migrate(url("wr0ng-s3cret", "/postgres")).await.is_ok() {
        assert!(began.elapsed().as_secs() < 10, "the server has not read its rules");
    }

    let error = connect(url("wr0ng-s3cret", "/postgres")).await.unwrap_err();
    let ConnectError::Authentication { user } = &error else { panic!("{error:?}") };
    assert_eq!(user, "app");
    let error = connect(url("r1ght-s3cret", "/nowhere")).await.unwrap_err();
    assert!(matches!(error, ConnectError::NoSuchDatabase { .. }), "{error:?}");
    for rest in ["/d?sslmode=wr0ng-s3cret", "/d?pasword=wr0ng-s3cret", ":/d?wr0ng-s3cret"] {
        let error = connect(url("wr0ng-s3cret", rest)).await.unwrap_err();
        assert!(matches!(error, ConnectError::InvalidUrl { .. }), "{error:?}");
    }
    let store = connect(url("r1ght-s3cret", "/postgres")).await.unwrap();
    store.append(append(1)).await.unwrap();
    server.kill().await.unwrap();
    let error = store.stream_head(&log::stream(1)).await.unwrap_err();
    let error = whole(&error);

    let logged = listener.0.lock().unwrap().clone();
    assert!(logged.contains("annals"), "nothing was listened to");
    for text in [told, error, logged] {
        assert!(!text.contains("s3cret"), "{text}");
    }
}
