//! Which keys of `#[event(..)]` exist, and where.

use syn::meta::ParseNestedMeta;

/// Where an attribute stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Enum,
    Variant,
    Struct,
    Member,
    Field,
}

const ALL: [&str; 7] = ["prefix", "union", "name", "alias", "version", "upcast", "retired"];

impl Place {
    const fn keys(self) -> &'static [&'static str] {
        match self {
            Self::Enum => &["prefix", "union"],
            Self::Variant => &["name", "alias", "version", "upcast", "retired"],
            Self::Struct => &["name", "prefix", "alias", "version", "upcast", "retired"],
            Self::Member | Self::Field => &[],
        }
    }

    const fn noun(self) -> &'static str {
        match self {
            Self::Enum => "an enum",
            Self::Variant => "a variant",
            Self::Struct => "a struct",
            Self::Member => "a variant of a union",
            Self::Field => "a field",
        }
    }

    fn takes(self) -> String {
        let noun = self.noun();
        let keys: Vec<_> = self.keys().iter().map(|key| format!("`{key}`")).collect();
        match self {
            Self::Member => "its event type brings the names and versions".to_owned(),
            Self::Field => "fields take the attributes of serde only".to_owned(),
            Self::Enum | Self::Variant | Self::Struct => {
                format!("{noun} takes {}", keys.join(", "))
            }
        }
    }

    /// The key at hand, if it may stand here.
    pub(crate) fn key(self, meta: &ParseNestedMeta<'_>) -> syn::Result<&'static str> {
        let known = ALL.into_iter().find(|known| meta.path.is_ident(known));
        match known {
            Some(key) if self.keys().contains(&key) => Ok(key),
            Some(key) => Err(meta.error(format!(
                "`{key}` does not belong on {}; {}",
                self.noun(),
                self.takes()
            ))),
            None => {
                let path = &meta.path;
                let key = quote::quote!(#path).to_string().replace(' ', "");
                Err(meta.error(format!("there is no key `{key}`; {}", self.takes())))
            }
        }
    }
}
