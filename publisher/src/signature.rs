//! Signatures of webhooks by the scheme of Standard Webhooks, for senders and receivers.
//!
//! What is signed is the id, the time of sending and the body, joined by full stops, by
//! HMAC-SHA256 under a secret of 24 to 64 bytes; see the
//! [specification](https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md).
//! There are libraries for receivers in many languages; in Rust, [`verify`] does it.

use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use time::{Duration, OffsetDateTime};

/// The header with the id of a webhook, the same each time that it is sent.
pub const ID: &str = "webhook-id";

/// The header with the time of sending, in seconds since 1970.
pub const TIMESTAMP: &str = "webhook-timestamp";

/// The header with the signatures, with a space between them.
pub const SIGNATURE: &str = "webhook-signature";

/// How much a time of sending may differ from the clock of a receiver: what is older may be
/// sent again by somebody who has seen it once.
pub const TOLERANCE: Duration = Duration::minutes(5);

/// What sender and receiver know and nobody else. It is shown nowhere.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Vec<u8>);

impl Secret {
    /// A secret as people hand it to each other: `whsec_` and base64.
    ///
    /// # Errors
    /// It is not of that form, or not of 24 to 64 bytes.
    pub fn new(text: &str) -> Result<Self, InvalidSecret> {
        let encoded = text.strip_prefix("whsec_").ok_or(InvalidSecret)?;
        Self::from_bytes(BASE64_STANDARD.decode(encoded).map_err(|_| InvalidSecret)?)
    }

    /// A secret of these bytes, which are random.
    ///
    /// # Errors
    /// There are fewer than 24 or more than 64.
    pub fn from_bytes(bytes: impl Into<Vec<u8>>) -> Result<Self, InvalidSecret> {
        let bytes = bytes.into();
        if (24..=64).contains(&bytes.len()) { Ok(Self(bytes)) } else { Err(InvalidSecret) }
    }

    /// The signature of a webhook, as it stands in the header [`SIGNATURE`].
    #[must_use]
    pub fn sign(&self, id: &str, timestamp: i64, body: &[u8]) -> String {
        let signature = self.mac(id, &timestamp.to_string(), body).finalize().into_bytes();
        format!("v1,{}", BASE64_STANDARD.encode(signature))
    }

    fn mac(&self, id: &str, timestamp: &str, body: &[u8]) -> Hmac<Sha256> {
        #[expect(clippy::expect_used, reason = "HMAC takes keys of every length")]
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("a key of any length");
        for part in [id.as_bytes(), b".", timestamp.as_bytes(), b".", body] {
            mac.update(part);
        }
        mac
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// It is no secret of a webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the secret of a webhook is `whsec_` and 24 to 64 random bytes in base64")]
pub struct InvalidSecret;

/// What the headers of a request say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signed<'h> {
    /// The header [`ID`].
    pub id: &'h str,
    /// The header [`TIMESTAMP`].
    pub timestamp: &'h str,
    /// The header [`SIGNATURE`].
    pub signature: &'h str,
}

/// Makes sure that a request comes from who knows the secret, for receivers. The body is that
/// of the request, byte by byte, before anybody has parsed it.
///
/// Whoever has seen a request can send it again within the [tolerance](TOLERANCE): a receiver
/// also looks whether it has seen the ids of the messages.
///
/// ```
/// # use annals_publisher::signature::{Secret, Signed, verify};
/// # use time::OffsetDateTime;
/// # fn example(headers: &dyn Fn(&str) -> &'static str, body: &[u8])
/// # -> Result<(), Box<dyn std::error::Error>> {
/// let secret = Secret::new(&std::env::var("WEBHOOK_SECRET")?)?;
/// let signed = Signed {
///     id: headers("webhook-id"),
///     timestamp: headers("webhook-timestamp"),
///     signature: headers("webhook-signature"),
/// };
/// verify(&secret, signed, body, OffsetDateTime::now_utc())?; // else answer 401
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// See [`VerifyError`].
pub fn verify(
    secret: &Secret,
    signed: Signed<'_>,
    body: &[u8],
    now: OffsetDateTime,
) -> Result<(), VerifyError> {
    let Signed { id, timestamp, signature } = signed;
    let sent = timestamp.parse().map_err(|_| VerifyError::Timestamp)?;
    let sent = OffsetDateTime::from_unix_timestamp(sent).map_err(|_| VerifyError::Timestamp)?;
    if (now - sent).abs() > TOLERANCE {
        return Err(VerifyError::Timestamp);
    }
    let mac = secret.mac(id, timestamp, body);
    let fits = |signature: &str| {
        let encoded = signature.strip_prefix("v1,").unwrap_or_default();
        let decoded = BASE64_STANDARD.decode(encoded);
        // It takes the same time whichever byte differs.
        decoded.is_ok_and(|decoded| mac.clone().verify_slice(&decoded).is_ok())
    };
    // A sender whose secret is replaced signs by both for a while.
    if signature.split(' ').any(fits) { Ok(()) } else { Err(VerifyError::Signature) }
}

/// Why a request is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// The time of sending is none, or too far from the clock of the receiver.
    #[error("the time of sending is none, or more than five minutes from the clock here")]
    Timestamp,
    /// None of its signatures was made by this secret of this content.
    #[error("none of the signatures fits the content and the secret")]
    Signature,
}

#[cfg(test)]
mod tests {
    use super::*;

    // The example that is published with the specification and its libraries.
    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const SENT: i64 = 1_614_265_330;
    const BODY: &[u8] = br#"{"test": 2432232314}"#;
    const PUBLISHED: Signed<'static> = Signed {
        id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
        timestamp: "1614265330",
        signature: "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    };

    fn secret() -> Secret {
        Secret::new(SECRET).unwrap()
    }

    fn at(seconds: i64) -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp(seconds).unwrap()
    }

    #[test]
    fn the_published_example_is_signed_and_verified() {
        assert_eq!(secret().sign(PUBLISHED.id, SENT, BODY), PUBLISHED.signature);
        assert_eq!(verify(&secret(), PUBLISHED, BODY, at(SENT)), Ok(()));
    }

    #[test]
    fn whatever_is_changed_is_found_out() {
        let refused = Err(VerifyError::Signature);
        assert_eq!(verify(&secret(), PUBLISHED, b"{}", at(SENT)), refused);
        let other = Signed { id: "msg_2", ..PUBLISHED };
        assert_eq!(verify(&secret(), other, BODY, at(SENT)), refused);
        let later = Signed { timestamp: "1614265331", ..PUBLISHED };
        assert_eq!(verify(&secret(), later, BODY, at(SENT)), refused);
        let stranger = Secret::from_bytes([7; 24]).unwrap();
        assert_eq!(verify(&stranger, PUBLISHED, BODY, at(SENT)), refused);
        for signature in ["", "v1,", "v1,%", "v1a,AAAA", "v2,AAAA", " , "] {
            let signed = Signed { signature, ..PUBLISHED };
            assert_eq!(verify(&secret(), signed, BODY, at(SENT)), refused, "{signature:?}");
        }
    }

    #[test]
    fn what_is_old_or_of_the_future_is_refused() {
        let tolerance = TOLERANCE.whole_seconds();
        for (off, fits) in [(0, true), (tolerance, true), (-tolerance, true)] {
            assert_eq!(verify(&secret(), PUBLISHED, BODY, at(SENT + off)).is_ok(), fits);
        }
        for off in [tolerance + 1, -tolerance - 1] {
            let verified = verify(&secret(), PUBLISHED, BODY, at(SENT + off));
            assert_eq!(verified, Err(VerifyError::Timestamp));
        }
        for timestamp in ["", "x", "99999999999999999999", "9999999999999"] {
            let signed = Signed { timestamp, ..PUBLISHED };
            assert_eq!(verify(&secret(), signed, BODY, at(SENT)), Err(VerifyError::Timestamp));
        }
    }

    #[test]
    fn one_of_several_signatures_is_enough() {
        let stranger = Secret::from_bytes([7; 24]).unwrap().sign(PUBLISHED.id, SENT, BODY);
        let signature = format!("{stranger} {}", PUBLISHED.signature);
        let signed = Signed { signature: &signature, ..PUBLISHED };
        assert_eq!(verify(&secret(), signed, BODY, at(SENT)), Ok(()));
    }

    #[test]
    fn a_secret_is_long_enough_and_shown_nowhere() {
        assert_eq!(format!("{:?}", secret()), "Secret(..)");
        assert_eq!(Secret::new(SECRET.trim_start_matches("whsec_")), Err(InvalidSecret));
        assert_eq!(Secret::new("whsec_AAAA"), Err(InvalidSecret));
        assert_eq!(Secret::new("whsec_%"), Err(InvalidSecret));
        assert_eq!(Secret::from_bytes([0; 65]), Err(InvalidSecret));
    }
}
