//! From a URL to options. What is wrong with a URL is told without repeating any of
//! it, because wherever it is taken apart wrongly a piece of the password may turn up.

use std::str::FromStr;

use sqlx::postgres::{PgConnectOptions, PgSslMode};

use crate::error::ConnectError;

/// The parameters that the driver knows. It would log the value of another one.
const KNOWN: [&str; 16] = [
    "sslmode",
    "ssl-mode",
    "sslrootcert",
    "ssl-root-cert",
    "ssl-ca",
    "sslcert",
    "ssl-cert",
    "sslkey",
    "ssl-key",
    "statement-cache-capacity",
    "host",
    "hostaddr",
    "port",
    "dbname",
    "user",
    "password",
];

/// Known as well, and set to our own unless the URL says otherwise.
const NAME: &str = "application_name";

pub(crate) fn options(url: &str) -> Result<PgConnectOptions, ConnectError> {
    if let Some(reason) = fault(url) {
        return Err(ConnectError::InvalidUrl { reason: reason.to_owned() });
    }
    let parsed = PgConnectOptions::from_str(url).map_err(|error| {
        let reason = match error {
            // These texts of the parsers hold nothing of the URL: what would have been
            // repeated is found out before.
            sqlx::Error::Configuration(reason) => reason.to_string(),
            _ => "it is not one".to_owned(),
        };
        ConnectError::InvalidUrl { reason }
    })?;
    if parsed.get_application_name().is_some() {
        return Ok(parsed);
    }
    Ok(parsed.application_name("annals"))
}

/// What is wrong with a URL, as far as the driver would repeat it, or misread it.
fn fault(url: &str) -> Option<&'static str> {
    let rest = match url.split_once("://") {
        Some(("postgres" | "postgresql", rest)) => rest,
        Some(_) => return Some("it begins with neither postgres:// nor postgresql://"),
        None => return Some("it does not begin with postgres://"),
    };
    let (authority, rest) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let path = rest.split('?').next().unwrap_or_default();
    if rest.contains('#')
        || (!authority.is_empty() && !authority.contains('@') && path.contains('@'))
    {
        return Some("the signs / ? # @ within a user or password are written %2F %3F %23 %40");
    }
    let query = rest.split_once('?').map_or("", |(_, query)| query);
    query.split('&').filter(|pair| !pair.is_empty()).find_map(|pair| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        let known = KNOWN.contains(&key) || key == NAME || key.starts_with("options");
        if !known {
            return Some("it has a parameter that is not known; a ? in a password is written %3F");
        }
        let mode = matches!(key, "sslmode" | "ssl-mode");
        (mode && PgSslMode::from_str(value).is_err()).then_some(
            "sslmode is one of disable, allow, prefer, require, verify-ca and verify-full",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_wrong_url_is_repeated() {
        let urls = [
            "",
            "s3cret",
            "mysql://u:s3cret@h/d",
            "postgres://u:s3cret@h:port/d",
            "postgres://u:s3cret@h:99999/d",
            "postgres://u:12/s3cret@h/d",
            "postgres://u:12?s3cret@h/d",
            "postgres://u:12#s3cret@h/d",
            "postgres://u:s3cret@[h/d",
            "postgres://u:s3cret@h/d?sslmode=s3cret",
            "postgres://u:p@h/d?pasword=s3cret",
            "postgres://u:p@h/d?s3cret",
            "postgres://u:p@h/d?port=s3cret",
            "postgres://u:p@h/d?hostaddr=s3cret",
            "postgres://u:s3cret%FF@h/d",
        ];
        for url in urls {
            let error = options(url).unwrap_err();
            assert!(matches!(error, ConnectError::InvalidUrl { .. }), "{url}: {error}");
            let told = format!("{error} {error:?}");
            assert!(!told.contains("s3cret"), "{told}");
            assert!(told.contains("postgres://user:password@host:port/database"), "{told}");
        }
    }

    #[test]
    fn usual_urls_are_understood() {
        let urls = [
            "postgres://h",
            "postgresql://u:p%40%2F@h:5433/d?sslmode=verify-full&sslrootcert=/etc/ca.pem",
            "postgres:///d?host=/run/postgresql&user=a@b",
            "postgres://u@h/d?options[search_path]=x&application_name=shop",
        ];
        for url in urls {
            options(url).unwrap();
        }
        assert_eq!(options(urls[0]).unwrap().get_application_name(), Some("annals"));
        assert_eq!(options(urls[3]).unwrap().get_application_name(), Some("shop"));
    }
}
