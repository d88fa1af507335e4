//! TLS, by the features that bring it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]

#[path = "helpers/log.rs"]
mod log;

use annals::EventStore;
use annals_postgres::testing::Server;
use annals_postgres::{ConnectError, MigrateError, PostgresStore};
use log::append;

const TLS: bool = cfg!(any(
    feature = "tls-rustls-ring",
    feature = "tls-rustls-aws-lc",
    feature = "tls-native-tls"
));

/// Makes an authority, and a certificate for `localhost` that it has signed.
const CERTIFICATES: &str = r#"
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=authority -keyout ca.key -out ca.crt
openssl req -newkey rsa:2048 -nodes -subj /CN=localhost -keyout server.key -out server.csr
printf 'subjectAltName=DNS:localhost\nbasicConstraints=CA:FALSE\n' > names
openssl x509 -req -in server.csr -days 2 -CA ca.crt -CAkey ca.key -CAcreateserial -extfile names -out server.crt
chmod 600 server.key
"#;

/// A server with a certificate for `localhost`.
async fn server() -> Server {
    let server = Server::start().await.unwrap();
    let mut shell = server.bin("bash");
    let made = shell.args(["-euc", CERTIFICATES]).current_dir(server.data_dir()).output().await;
    let made = made.unwrap();
    let said = String::from_utf8_lossy(&made.stderr);
    assert!(made.status.success(), "install the package `openssl`: {said}");
    log::execute(&server.url(), "ALTER SYSTEM SET ssl = on").await;
    server.restart().await.unwrap();
    server
}

fn url(server: &Server, host: &str, mode: &str) -> String {
    let certificate = server.data_dir().join("ca.crt");
    let certificate = certificate.display();
    let port = server.port();
    let parameters = format!("sslmode={mode}&sslrootcert={certificate}");
    format!("postgres://postgres@{host}:{port}/postgres?{parameters}")
}

async fn refused(url: String) -> ConnectError {
    match PostgresStore::migrate(url).await.unwrap_err() {
        MigrateError::Connect(error) => error,
        error => panic!("{error:?}"),
    }
}

#[tokio::test]
async fn without_a_feature_a_url_that_asks_for_tls_is_told_which_to_turn_on() {
    if TLS {
        return;
    }
    let url = Server::shared_url().await.unwrap();
    for mode in ["require", "verify-ca", "verify-full"] {
        let error = refused(format!("{url}?sslmode={mode}")).await;
        assert!(matches!(error, ConnectError::TlsNotBuilt), "{error:?}");
        assert!(error.to_string().contains("tls-rustls-ring"), "{error}");
    }
}

#[tokio::test]
async fn with_a_feature_a_store_is_encrypted_and_knows_its_server() {
    if !TLS {
        return;
    }
    let server = server().await;
    for mode in ["require", "verify-ca", "verify-full"] {
        let url = url(&server, "localhost", mode);
        PostgresStore::migrate(&*url).await.unwrap();
        let store = PostgresStore::connect(&*url).await.unwrap();
        store.append(append(1)).await.unwrap();
        let plain = "SELECT count(*) FROM pg_stat_ssl AS s JOIN pg_stat_activity AS a USING (pid)
                     WHERE a.application_name = 'annals' AND NOT s.ssl";
        assert_eq!(log::number(&server.url(), plain).await, 0, "{mode}");
        drop(store);
    }
    // The certificate is for another name than this one.
    let error = refused(url(&server, "127.0.0.1", "verify-full")).await;
    assert!(matches!(error, ConnectError::Tls { .. }), "{error:?}");
    // It is signed by nobody who is known.
    let url = url(&server, "localhost", "verify-full");
    let error = refused(url.split("&sslrootcert").next().unwrap().to_owned()).await;
    assert!(matches!(error, ConnectError::Tls { .. }), "{error:?}");
    // The file is not there.
    let error = refused(url.replace("ca.crt", "other.crt")).await;
    assert!(matches!(error, ConnectError::Tls { .. }), "{error:?}");
}

#[tokio::test]
async fn a_server_that_has_no_tls_is_told_from_one_that_is_not_there() {
    if !TLS {
        return;
    }
    let server = Server::start().await.unwrap();
    let error = refused(format!("{}?sslmode=require", server.url())).await;
    assert!(matches!(error, ConnectError::Tls { .. }), "{error:?}");
    assert!(error.to_string().contains("is it turned on there"), "{error}");
}
