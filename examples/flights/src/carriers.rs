//! The names behind the carriers' codes.

/// The table `airlines` of nycflights13: a code, a comma, a name.
const AIRLINES: &str = include_str!("../data/airlines.csv");

/// The name of a carrier; `None` for codes that came up later.
pub(crate) fn name(code: &str) -> Option<&'static str> {
    AIRLINES
        .lines()
        .skip(1)
        .filter_map(|line| line.split_once(','))
        .find_map(|(carrier, name)| (carrier == code).then_some(name))
}

#[cfg(test)]
mod tests {
    use super::name;

    #[test]
    fn a_code_has_a_name_and_the_header_is_none() {
        assert_eq!(name("UA"), Some("United Air Lines Inc."));
        assert_eq!(name("carrier"), None);
        assert_eq!(name("ZZ"), None);
    }
}
