//! Keeps passwords out of messages. The stores never repeat a URL; this is for one that was
//! typed where something else belongs, such as the name of a read model.

/// A message without what stands in URLs, and without passwords of connection strings.
pub(crate) fn redacted(text: &str) -> String {
    hide(&hide(text, "://"), "password=")
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
    use super::redacted;

    #[test]
    fn a_url_in_a_message_is_cut() {
        let told = redacted("no `postgres://me:se/cr@et@host/db` here, nor password=secret there");
        assert_eq!(told, "no `postgres://...` here, nor password=... there");
        assert_eq!(redacted("nothing to hide"), "nothing to hide");
    }
}
