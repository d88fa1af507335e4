//! Joining the schemas of a union's members while the compiler runs.
//!
//! `#[derive(Event)]` calls these functions in constants, so a name which two
//! members share is a compile error and never a wrong event at run time.

use super::Schema;

/// The longest message which [`assert_distinct`] writes; longer names are cut.
const MESSAGE: usize = 512;

/// How many schemas all members have together.
#[must_use]
pub const fn count(members: &[&[Schema]]) -> usize {
    let mut sum = 0;
    let mut member = 0;
    while member < members.len() {
        sum += members[member].len();
        member += 1;
    }
    sum
}

/// All members' schemas in one array; `N` is what [`count`] says.
#[must_use]
pub const fn concat<const N: usize>(members: &[&[Schema]]) -> [Schema; N] {
    let mut joined = [Schema { name: "", oldest: 1, newest: 1 }; N];
    let mut at = 0;
    let mut member = 0;
    while member < members.len() {
        let mut schema = 0;
        while schema < members[member].len() {
            joined[at] = members[member][schema];
            at += 1;
            schema += 1;
        }
        member += 1;
    }
    joined
}

/// Refuses to compile when two members of `union` read the same stored name.
///
/// # Panics
/// When they do: in a constant that is a compile error, which names both.
pub const fn assert_distinct(union: &str, variants: &[&str], members: &[&[Schema]]) {
    let mut second = 1;
    while second < members.len() {
        let mut first = 0;
        while first < second {
            if let Some(name) = shared(members[first], members[second]) {
                refuse(union, name, variants[first], variants[second]);
            }
            first += 1;
        }
        second += 1;
    }
}

/// Whether one of the schemas has this stored name.
#[must_use]
pub fn contains(schemas: &[Schema], name: &str) -> bool {
    schemas.iter().any(|schema| schema.name == name)
}

const fn shared(left: &[Schema], right: &[Schema]) -> Option<&'static str> {
    let mut i = 0;
    while i < left.len() {
        let mut j = 0;
        while j < right.len() {
            if same(left[i].name, right[j].name) {
                return Some(left[i].name);
            }
            j += 1;
        }
        i += 1;
    }
    None
}

/// Equality of two strings, as `==` cannot be called in a constant.
#[must_use]
pub const fn same(left: &str, right: &str) -> bool {
    let (left, right) = (left.as_bytes(), right.as_bytes());
    if left.len() != right.len() {
        return false;
    }
    // From the end, because stored names share their prefixes.
    let mut at = left.len();
    while at > 0 {
        at -= 1;
        if left[at] != right[at] {
            return false;
        }
    }
    true
}

#[expect(clippy::panic, reason = "in a constant, a panic is a compile error with this message")]
const fn refuse(union: &str, name: &str, first: &str, second: &str) -> ! {
    let mut message = [0; MESSAGE];
    let parts = [
        "the union `",
        union,
        "` holds the stored name `",
        name,
        "` twice: `",
        first,
        "` and `",
        second,
        "` both read it; give one of them another name",
    ];
    let mut length = 0;
    let mut part = 0;
    while part < parts.len() {
        length = push(&mut message, length, parts[part]);
        part += 1;
    }
    match str::from_utf8(message.split_at(length).0) {
        Ok(message) => panic!("{}", message),
        // A long name was cut within a character.
        Err(_) => panic!("two members of this union read the same stored name"),
    }
}

const fn push(message: &mut [u8; MESSAGE], mut length: usize, part: &str) -> usize {
    let part = part.as_bytes();
    let mut at = 0;
    while at < part.len() && length < MESSAGE {
        message[length] = part[at];
        length += 1;
        at += 1;
    }
    length
}

#[cfg(test)]
mod tests {
    use super::{Schema, assert_distinct, concat, contains, count, same};

    const LEFT: &[Schema] = &[Schema { name: "a.one", oldest: 1, newest: 2 }];
    const RIGHT: &[Schema] = &[
        Schema { name: "b.one", oldest: 1, newest: 1 },
        Schema { name: "b.two", oldest: 3, newest: 3 },
    ];

    #[test]
    fn members_are_joined_in_order() {
        let joined = concat::<3>(&[LEFT, RIGHT]);
        assert_eq!(count(&[LEFT, RIGHT]), 3);
        assert_eq!(joined.map(|schema| schema.name), ["a.one", "b.one", "b.two"]);
        assert!(contains(&joined, "b.two"));
        assert!(!contains(&joined, "b"));
    }

    #[test]
    fn strings_are_the_same_only_when_every_byte_is() {
        assert!(same("a.one", "a.one"));
        assert!(same("", ""));
        assert!(!same("a.one", "b.one"));
        assert!(!same("a.one", "a.on"));
    }

    #[test]
    #[should_panic(
        expected = "the union `Bank` holds the stored name `a.one` twice: `Account` and `Card` both read it"
    )]
    fn a_shared_name_is_refused_with_both_members() {
        assert_distinct("Bank", &["Account", "Card"], &[LEFT, LEFT]);
    }
}
