//! Stored names: how one is made from a Rust name, and which are allowed.

use std::collections::HashMap;

use proc_macro2::Span;
use syn::ext::IdentExt;
use syn::{Ident, LitStr};

use crate::errors::Errors;

const LONGEST: usize = 128;

/// A stored name, and where a mistake about it should be shown.
pub(crate) struct Name {
    pub(crate) text: String,
    pub(crate) at: Span,
}

impl Name {
    pub(crate) fn written(literal: &LitStr) -> Self {
        Self { text: literal.value(), at: literal.span() }
    }

    pub(crate) fn made(prefix: &LitStr, ident: &Ident) -> Self {
        let words = snake_case(&ident.unraw().to_string());
        Self { text: format!("{}.{words}", prefix.value()), at: ident.span() }
    }

    fn check(&self, errors: &mut Errors) {
        if let Some(problem) = problem(&self.text) {
            errors.push(self.at, format!("the stored name `{}` {problem}", self.text));
        }
    }
}

/// Refuses a prefix with which no good name can be made.
pub(crate) fn check_prefix(prefix: &LitStr, errors: &mut Errors) {
    let text = prefix.value();
    if text.ends_with('.') {
        errors.push(prefix.span(), "leave out the dot at the end: the derive puts it there");
    } else if let Some(problem) = problem(&text) {
        errors.push(prefix.span(), format!("the prefix `{text}` {problem}"));
    }
}

fn problem(name: &str) -> Option<String> {
    if name.is_empty() {
        return Some("is empty: write something like `account.opened`".to_owned());
    }
    if name.len() > LONGEST {
        return Some(format!("has {} bytes, and the longest is {LONGEST}", name.len()));
    }
    let bad = name.chars().find(|&c| !c.is_ascii_graphic() || "\"'`,*".contains(c))?;
    Some(format!(
        "contains {bad:?}: only visible ASCII is allowed, without spaces, quotes, `,` and `*`"
    ))
}

/// The names of one type so far, each with the Rust name that it belongs to.
#[derive(Default)]
pub(crate) struct Taken(HashMap<String, Ident>);

impl Taken {
    /// Checks a name, and that it is the first of its kind.
    pub(crate) fn take(&mut self, name: &Name, owner: &Ident, errors: &mut Errors) {
        name.check(errors);
        if let Some(first) = self.0.get(&name.text) {
            let text = &name.text;
            let message = format!(
                "`{text}` is already a stored name of `{first}`: each name has one meaning forever"
            );
            errors.push(name.at, message);
        } else {
            self.0.insert(name.text.clone(), owner.clone());
        }
    }
}

/// `MoneyDeposited` becomes `money_deposited`, and `HTTPCalled` `http_called`.
fn snake_case(name: &str) -> String {
    let chars: Vec<char> = name.chars().collect();
    let mut snake = String::with_capacity(name.len() + 4);
    for (at, &c) in chars.iter().enumerate() {
        let before = at.checked_sub(1).map(|at| chars[at]);
        let ends_word = before.is_some_and(|b| b.is_lowercase() || b.is_numeric());
        let ends_acronym = before.is_some_and(char::is_uppercase)
            && chars.get(at + 1).is_some_and(|next| next.is_lowercase());
        if c.is_uppercase() && (ends_word || ends_acronym) {
            snake.push('_');
        }
        snake.extend(c.to_lowercase());
    }
    snake
}

#[cfg(test)]
mod tests {
    use super::{problem, snake_case};

    #[test]
    fn words_are_parted_by_underscores() {
        for (rust, stored) in [
            ("Opened", "opened"),
            ("MoneyDeposited", "money_deposited"),
            ("HTTPCalled", "http_called"),
            ("V2Opened", "v2_opened"),
            ("PaidByIBAN", "paid_by_iban"),
            ("Already_Parted", "already_parted"),
            ("A", "a"),
        ] {
            assert_eq!(snake_case(rust), stored);
        }
    }

    #[test]
    fn names_are_visible_ascii_without_what_filters_need() {
        for good in ["a", "account.opened", "Account/Opened:1", &"x".repeat(128)] {
            assert_eq!(problem(good), None, "{good}");
        }
        for bad in ["", "a b", "a,b", "a*", "a\"", "a'", "a`", "é", "a\n", &"x".repeat(129)] {
            assert!(problem(bad).is_some(), "{bad}");
        }
    }
}
