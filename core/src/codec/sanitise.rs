//! Takes the stored content out of the messages of serde.

/// Longer texts say nothing more; an enum may list hundreds of variants.
const LONGEST: usize = 256;

/// Stands for everything which a type's own validation may say: it usually
/// quotes what it refused.
const OTHER: &str = "the type or its own validation refused the content";

/// serde quotes what it found between one of these and `, expected `.
const FOUND: [&str; 5] =
    ["invalid type: ", "invalid value: ", "invalid length ", "unknown variant ", "unknown field "];

/// The part of serde's `message` that speaks of the type alone.
pub(super) fn without_content(message: &str) -> String {
    const EXPECTED: &str = ", expected ";
    if is_about_a_field(message) {
        return cut(message);
    }
    if !FOUND.iter().any(|prefix| message.starts_with(prefix)) {
        return OTHER.to_owned();
    }
    // The last one: what was found may itself contain these words.
    match message.rsplit_once(EXPECTED) {
        Some((_, expected)) => cut(&format!("expected {expected}")),
        None => OTHER.to_owned(),
    }
}

/// Whether the message is one of the two that name nothing but a field of the
/// type. A message of the user's own that goes on after the name is not.
fn is_about_a_field(message: &str) -> bool {
    ["missing field `", "duplicate field `"].iter().any(|prefix| {
        message
            .strip_prefix(prefix)
            .and_then(|rest| rest.strip_suffix('`'))
            .is_some_and(|name| !name.contains('`'))
    })
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}..", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{LONGEST, OTHER, without_content};

    #[test]
    fn only_what_the_type_asked_for_is_kept() {
        for (message, kept) in [
            ("invalid type: string \"secret\", expected u64", "expected u64"),
            ("invalid value: string \"secret, expected x\", expected a date", "expected a date"),
            ("invalid length 3, expected a tuple of size 2", "expected a tuple of size 2"),
            ("unknown variant `secret`, expected `A` or `B`", "expected `A` or `B`"),
            ("unknown field `secret`, expected `a`", "expected `a`"),
            ("missing field `cents`", "missing field `cents`"),
            ("duplicate field `cents`", "duplicate field `cents`"),
            ("unknown field `secret`, there are no fields", OTHER),
            ("missing field `cents` in `secret`", OTHER),
            ("secret is no email address", OTHER),
            ("wrong msgpack marker FixPos(42)", OTHER),
        ] {
            assert_eq!(without_content(message), kept);
        }
    }

    #[test]
    fn long_texts_are_cut_between_characters() {
        let message = format!("invalid type: null, expected {}", "ä".repeat(1_000));
        assert_eq!(without_content(&message).chars().count(), LONGEST + 2);
    }
}
