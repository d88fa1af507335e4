//! The one server that all tests of a process share.

use std::env;

use tokio::sync::OnceCell;

use super::{Server, TestServerError};

/// Names a server that runs already, as in many other tools.
const VARIABLE: &str = "DATABASE_URL";

/// Never dropped: the watchdog stops the server when the process has ended.
static SHARED: OnceCell<Shared> = OnceCell::const_new();

struct Shared {
    url: String,
    /// None where the environment names the server.
    _server: Option<Server>,
}

pub(super) async fn url() -> Result<&'static str, TestServerError> {
    let shared = SHARED.get_or_try_init(|| async {
        let named = env::var(VARIABLE).ok().filter(|url| !url.is_empty());
        match named {
            Some(url) => Ok(Shared { url, _server: None }),
            None => {
                let server = Server::start().await?;
                Ok(Shared { url: server.url(), _server: Some(server) })
            }
        }
    });
    shared.await.map(|shared| shared.url.as_str())
}
