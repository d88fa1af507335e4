//! The versions of one event type: the newest, and the chain that leads to it.

use crate::attributes::{Attributes, Upcast};
use crate::errors::Errors;

/// Which versions are read: those of the chain, in order, and the newest.
pub(crate) struct Versions {
    pub(crate) newest: u16,
    pub(crate) chain: Vec<Upcast>,
}

impl Versions {
    pub(crate) fn resolve(attributes: &mut Attributes, errors: &mut Errors) -> Self {
        let newest = attributes.version.map_or(1, |version| version.value);
        let mut chain = std::mem::take(&mut attributes.upcasts);
        chain.sort_by_key(|upcast| upcast.version.value);
        check(newest, &chain, errors);
        Self { newest, chain }
    }

    pub(crate) fn oldest(&self) -> u16 {
        self.chain.first().map_or(self.newest, |oldest| oldest.version.value)
    }
}

/// The chain has no gap and ends just before the newest version.
fn check(newest: u16, chain: &[Upcast], errors: &mut Errors) {
    let Some(last) = chain.last() else {
        return;
    };
    if last.version.value >= newest {
        let value = last.version.value;
        let next = u32::from(value) + 1;
        let message = format!(
            "version {value} is listed as an older shape, but {newest} is the version written \
             today: write `version = {next}`"
        );
        errors.push(last.version.at, message);
    }
    for pair in chain.windows(2) {
        let (first, second) = (pair[0].version.value, pair[1].version.value);
        if first == second {
            errors.push(pair[1].version.at, format!("version {first} is listed twice"));
        }
    }
    let listed = |version| chain.iter().any(|upcast| upcast.version.value == version);
    let missing = (chain[0].version.value..newest).filter(|&version| !listed(version));
    // A typing error such as `version = 65535` must not write as many lines.
    for version in missing.take(3) {
        let at = chain.iter().rfind(|upcast| upcast.version.value < version).unwrap_or(last);
        let message = format!(
            "the shape of version {version} is missing: write `upcast(.., {version} = OldShape)`, \
             with the fields which the payload had then"
        );
        errors.push(at.version.at, message);
    }
}
