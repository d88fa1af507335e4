//! Messages over HTTP.

mod answer;
mod request;
mod retry_after;

use std::fmt;
use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Client, Url};
use time::OffsetDateTime;

use self::request::Request;
use crate::signature::{ID, SIGNATURE, Secret, TIMESTAMP};
use crate::{Message, NotTaken, Sink, Why};

/// How long a receiver has to answer.
const TIME_LIMIT: Duration = Duration::from_secs(5);

/// Sends messages by HTTP POST, signed; what is sent, and what each answer means, is told in
/// the documentation of the crate.
///
/// The body of an answer is read up to 64 KiB, for a second at most, and thrown away. Redirects
/// are not followed, and no proxy is looked for in the environment.
///
/// ```
/// # use std::time::Duration;
/// # use annals_publisher::WebhookSink;
/// # use annals_publisher::signature::Secret;
/// # fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let secret = Secret::new(&std::env::var("WEBHOOK_SECRET")?)?;
/// let sink = WebhookSink::new("https://partner.example/hook", secret)?
///     .time_limit(Duration::from_secs(2))
///     .batch(50);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct WebhookSink {
    client: Client,
    url: Url,
    name: Option<String>,
    secrets: Vec<Secret>,
    time_limit: Duration,
    most: usize,
}

/// No webhook can be sent to there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidWebhook {
    /// The text is not a URL of `http` or `https` with a host.
    #[error("it is not a URL of http or https")]
    Url,
    /// This build knows no TLS.
    #[error("enable one of the features `tls-..` of annals-publisher to send over https")]
    NoTls,
    /// The client cannot be made: most often there are no certificates, or no provider of
    /// cryptography is installed.
    #[error("the client of HTTP cannot be made: {0}")]
    Client(String),
}

impl WebhookSink {
    /// Sends to a URL, one message in each request, signed by a secret. Receivers have 5
    /// seconds to answer.
    ///
    /// # Errors
    /// See [`InvalidWebhook`].
    pub fn new(url: &str, secret: Secret) -> Result<Self, InvalidWebhook> {
        let url = Url::parse(url).map_err(|_| InvalidWebhook::Url)?;
        match url.scheme() {
            "http" => {}
            "https" if cfg!(feature = "_tls") => {}
            "https" => return Err(InvalidWebhook::NoTls),
            _ => return Err(InvalidWebhook::Url),
        }
        choose_cryptography();
        let agent = concat!("annals-publisher/", env!("CARGO_PKG_VERSION"));
        let client = Client::builder().redirect(Policy::none()).no_proxy().user_agent(agent);
        let client = client.build().map_err(|e| InvalidWebhook::Client(e.to_string()))?;
        let secrets = vec![secret];
        Ok(Self { client, url, name: None, secrets, time_limit: TIME_LIMIT, most: 1 })
    }

    /// Under another [target](Sink::target) than the URL: where already its path is a secret, or
    /// where the address changes and the receiver stays the same.
    #[must_use]
    pub fn named(self, target: impl Into<String>) -> Self {
        Self { name: Some(target.into()), ..self }
    }

    /// Signs by one more secret as well, while receivers go over to it.
    #[must_use]
    pub fn also_signed_by(mut self, secret: Secret) -> Self {
        self.secrets.push(secret);
        self
    }

    /// How long a receiver has to answer. Less than a lease, which ends the call too.
    #[must_use]
    pub fn time_limit(self, time_limit: Duration) -> Self {
        Self { time_limit, ..self }
    }

    /// Sends so many messages in one request at most, as a batch of CloudEvents; with 1, as by
    /// default, each alone. A batch that is refused is sent again one by one, so that only the
    /// message that is refused then is parked.
    #[must_use]
    pub fn batch(self, most: usize) -> Self {
        Self { most: most.max(1), ..self }
    }

    async fn send(&self, request: Request) -> Result<(), NotTaken> {
        let now = OffsetDateTime::now_utc();
        let timestamp = now.unix_timestamp();
        let sign = |secret: &Secret| secret.sign(&request.id, timestamp, request.body.as_bytes());
        let signatures: Vec<_> = self.secrets.iter().map(sign).collect();
        let post = self
            .client
            .post(self.url.clone())
            .timeout(self.time_limit)
            .header(reqwest::header::CONTENT_TYPE, request.content_type)
            .header(ID, request.id)
            .header(TIMESTAMP, timestamp)
            .header(SIGNATURE, signatures.join(" "))
            .body(request.body);
        match post.send().await {
            Ok(response) => answer::meaning(response, now).await,
            Err(error) => Err(answer::failure(error)),
        }
    }

    async fn one_by_one(&self, messages: &[Message]) -> Result<(), NotTaken> {
        for (nth, message) in messages.iter().enumerate() {
            self.send(Request::one(message)).await.map_err(|error| error.behind(nth))?;
        }
        Ok(())
    }
}

/// Where the application has chosen nothing, and the features of this build do not either.
fn choose_cryptography() {
    #[cfg(feature = "tls-rustls-ring")]
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // Somebody else may have been quicker, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
    }
}

impl Sink for WebhookSink {
    /// The [name](Self::named), or the URL without user, password, query and fragment, which may
    /// hold secrets. The path is told: it is in the log, in the status and in what is logged.
    fn target(&self) -> String {
        if let Some(name) = &self.name {
            return name.clone();
        }
        let (scheme, host) = (self.url.scheme(), self.url.host_str().unwrap_or_default());
        let port = self.url.port().map(|port| format!(":{port}")).unwrap_or_default();
        format!("{scheme}://{host}{port}{}", self.url.path())
    }

    fn most(&self) -> usize {
        self.most
    }

    async fn publish(&self, batch: &[Message]) -> Result<(), NotTaken> {
        if self.most == 1 || batch.len() < 2 {
            return self.one_by_one(batch).await;
        }
        match self.send(Request::batch(batch)).await {
            Err(error) if error.why() == Why::Refused => self.one_by_one(batch).await,
            answer => answer,
        }
    }
}

impl fmt::Debug for WebhookSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("WebhookSink");
        debug.field("target", &self.target()).field("time_limit", &self.time_limit);
        debug.field("batch", &self.most).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sink(url: &str) -> Result<WebhookSink, InvalidWebhook> {
        WebhookSink::new(url, Secret::from_bytes(*b"a secret of 24 bytes ...").unwrap())
    }

    #[test]
    fn no_secret_is_shown() {
        let sink = sink("http://ada:pass@host:81/hook?token=t0ken#part").unwrap();
        assert_eq!(sink.target(), "http://host:81/hook");
        let shown = format!("{sink:?}");
        assert!(!["pass", "t0ken", "a secret", "97, 32"].iter().any(|text| shown.contains(text)));
    }

    #[test]
    fn a_path_that_is_a_secret_is_not_shown_where_the_sink_has_a_name() {
        let sink = sink("http://host/services/t0ken").unwrap().named("the chat of operations");
        assert_eq!(sink.target(), "the chat of operations");
        assert!(!format!("{sink:?}").contains("t0ken"));
    }

    #[test]
    fn only_what_can_be_sent_to_is_taken() {
        for url in ["", "host/hook", "ftp://host/", "http://", "data:text/plain,x"] {
            assert_eq!(sink(url).err(), Some(InvalidWebhook::Url), "{url:?}");
        }
        if !cfg!(feature = "_tls") {
            assert_eq!(sink("https://host/").err(), Some(InvalidWebhook::NoTls));
        }
    }
}
