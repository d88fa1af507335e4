//! Keeps passwords out of messages. The stores never repeat a URL; this is for one that was
//! typed where something else belongs, such as the name of a read model.

/// A message without what stands in URLs, and without passwords of connection strings.
pub(crate) fn redacted(text: &str) -> String {
    hide(&hide(text, "://"), "password=")
}

/// A place as a publisher calls it: of a URL only the server, because all else in it may be a
/// secret, the path too.
pub(crate) fn only_server(target: &str) -> String {
    match target.split_once("://") {
        Some((scheme, url)) if is_scheme(scheme) => format!("{scheme}://{}", server(url)),
        _ => redacted(target),
    }
}

fn is_scheme(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
}

fn server(url: &str) -> String {
    let (authority, rest) = url.split_at(url.find(['/', '?', '#']).unwrap_or(url.len()));
    let server = match (authority.split_once('@'), url.matches('@').count()) {
        (None, 0) => authority,
        (Some((_, server)), 1) => server,
        // A password may hold what ends a server elsewhere.
        _ => "",
    };
    let is_plain = |c: char| c.is_alphanumeric() || ".-_:,[]".contains(c);
    match (server, rest) {
        ("", _) => "...".to_owned(),
        (server, _) if !server.chars().all(is_plain) => "...".to_owned(),
        (server, "" | "/") => server.to_owned(),
        (server, _) => format!("{server}/..."),
    }
}

/// Leaves out what follows a mark, up to where a word ends.
fn hide(text: &str, mark: &str) -> String {
    let mut parts = text.split(mark);
    let mut told = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(|c: char| c.is_whitespace() || "'\"`".contains(c));
        told += mark;
        told += "...";
        told += &part[end.unwrap_or(part.len())..];
    }
    told
}

#[cfg(test)]
mod tests {
    use super::{only_server, redacted};

    #[test]
    fn a_url_in_a_message_is_cut() {
        let told = redacted("no `postgres://me:se/cr@et@host/db` here, nor password=secret there");
        assert_eq!(told, "no `postgres://...` here, nor password=... there");
        assert_eq!(redacted("nothing to hide"), "nothing to hide");
    }

    #[test]
    fn of_a_target_the_server_is_told() {
        for (target, told) in [
            ("memory", "memory"),
            ("a topic, password=secret", "a topic, password=..."),
            ("http://host:81", "http://host:81"),
            ("http://host/", "http://host"),
            ("https://host/services/secret", "https://host/..."),
            ("https://host?token=secret", "https://host/..."),
            ("kafka://me:secret@a:9092,b:9092/topic", "kafka://a:9092,b:9092/..."),
            ("a topic, password=secret at kafka://a:9092", "a topic, password=... at kafka://..."),
            ("https://me:se/cr@et@host/", "https://..."),
            ("https://me:se/cret@host/", "https://..."),
            ("https://host/@secret", "https://..."),
            ("https://secret here", "https://..."),
            ("https://", "https://..."),
        ] {
            assert_eq!(only_server(target), told, "{target}");
        }
    }
}
