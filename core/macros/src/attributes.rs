//! Reading `#[event(..)]`: what was written, not yet what it means.

use proc_macro2::Span;
use syn::meta::ParseNestedMeta;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Attribute, Fields, LitInt, LitStr, Token, Type};

use crate::errors::Errors;
use crate::keys::Place;

/// Everything that the `#[event(..)]` attributes of one item say.
#[derive(Default)]
pub(crate) struct Attributes {
    pub(crate) prefix: Option<LitStr>,
    pub(crate) union: bool,
    pub(crate) name: Option<LitStr>,
    pub(crate) aliases: Vec<LitStr>,
    pub(crate) version: Option<Number>,
    pub(crate) upcasts: Vec<Upcast>,
    pub(crate) retired: bool,
}

/// A schema version, and where it was written.
#[derive(Clone, Copy)]
pub(crate) struct Number {
    pub(crate) value: u16,
    pub(crate) at: Span,
}

impl Parse for Number {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let explain = |at| syn::Error::new(at, "a schema version is a number from 1 to 65535");
        let number: LitInt = input.parse().map_err(|error| explain(error.span()))?;
        let at = number.span();
        match number.base10_parse() {
            Ok(0) | Err(_) => Err(explain(at)),
            Ok(value) => Ok(Self { value, at }),
        }
    }
}

/// One older payload: `1 = DepositedV1`.
pub(crate) struct Upcast {
    pub(crate) version: Number,
    pub(crate) shape: Type,
}

impl Parse for Upcast {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let version = input.parse()?;
        input.parse::<Token![=]>()?;
        Ok(Self { version, shape: input.parse()? })
    }
}

impl Attributes {
    pub(crate) fn read(attributes: &[Attribute], place: Place, errors: &mut Errors) -> Self {
        let mut read = Self::default();
        for attribute in attributes.iter().filter(|a| a.path().is_ident("event")) {
            if let Err(error) = attribute.parse_nested_meta(|meta| read.take(&meta, place)) {
                errors.add(error);
            }
        }
        read
    }

    fn take(&mut self, meta: &ParseNestedMeta<'_>, place: Place) -> syn::Result<()> {
        match place.key(meta)? {
            "prefix" => once(&mut self.prefix, meta),
            "name" => once(&mut self.name, meta),
            "version" => once(&mut self.version, meta),
            "alias" => {
                self.aliases.push(meta.value()?.parse()?);
                Ok(())
            }
            "upcast" => {
                let list;
                syn::parenthesized!(list in meta.input);
                let list = Punctuated::<_, Token![,]>::parse_terminated(&list)?;
                if list.is_empty() {
                    return Err(meta.error("`upcast` lists older shapes: `upcast(1 = OldShape)`"));
                }
                self.upcasts.extend(list);
                Ok(())
            }
            "union" => flag(&mut self.union, meta),
            // The last key that `Place` lets through.
            _ => flag(&mut self.retired, meta),
        }
    }
}

fn once<T: Parse>(slot: &mut Option<T>, meta: &ParseNestedMeta<'_>) -> syn::Result<()> {
    let value = meta.value()?.parse()?;
    if slot.replace(value).is_some() {
        return Err(meta.error("this key is given twice"));
    }
    Ok(())
}

fn flag(slot: &mut bool, meta: &ParseNestedMeta<'_>) -> syn::Result<()> {
    if !meta.input.is_empty() && !meta.input.peek(Token![,]) {
        return Err(meta.error("this key stands alone, without a value"));
    }
    *slot = true;
    Ok(())
}

/// Fields take no attributes of ours; one there would be lost in silence.
pub(crate) fn none_on(fields: &Fields, errors: &mut Errors) {
    for field in fields {
        Attributes::read(&field.attrs, Place::Field, errors);
    }
}
