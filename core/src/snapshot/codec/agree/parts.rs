//! The compounds of a state: what they hold, and whether in an order.

use serde::ser::{self, Serialize};

use super::{Canon, Refused, Skips};

/// What stands inside a compound.
pub(super) struct Parts {
    skips: Skips,
    name: &'static str,
    parts: Vec<String>,
    /// Whether the parts have an order to speak of.
    ordered: bool,
}

impl Parts {
    pub(super) const fn new(canon: Canon, name: &'static str, ordered: bool) -> Self {
        Self { skips: canon.0, name, parts: Vec::new(), ordered }
    }

    fn add<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) -> Result<(), Refused> {
        let value = value.serialize(Canon(self.skips))?;
        self.parts.push(if name.is_empty() { value } else { format!("{name}:{value}") });
        Ok(())
    }

    fn close(mut self) -> String {
        if !self.ordered {
            self.parts.sort();
        }
        format!("{}({})", self.name, self.parts.join(","))
    }
}

/// The name of a part, or none.
macro_rules! name_of {
    () => {
        ""
    };
    ($name:ident) => {
        $name
    };
}

/// The compounds differ in the names of their methods alone.
macro_rules! compound {
    ($($trait:ident :: $method:ident($($name:ident: $type:ty)?) $(, $skip:ident)?;)*) => {
        $(impl ser::$trait for Parts {
            type Ok = String;
            type Error = Refused;

            fn $method<T: Serialize + ?Sized>(
                &mut self,
                $($name: $type,)?
                value: &T,
            ) -> Result<(), Refused> {
                self.add(name_of!($($name)?), value)
            }

            $(fn $skip(&mut self, _: &'static str) -> Result<(), Refused> {
                if self.skips == Skips::Refused { Err(Refused) } else { Ok(()) }
            })?

            fn end(self) -> Result<String, Refused> {
                Ok(self.close())
            }
        })*
    };
}

compound! {
    SerializeSeq::serialize_element();
    SerializeTuple::serialize_element();
    SerializeTupleStruct::serialize_field();
    SerializeTupleVariant::serialize_field();
    SerializeStruct::serialize_field(name: &'static str), skip_field;
    SerializeStructVariant::serialize_field(name: &'static str), skip_field;
}

impl ser::SerializeMap for Parts {
    type Ok = String;
    type Error = Refused;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Refused> {
        self.add("", key)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Refused> {
        // An entry is one part, so that sorting keeps it together.
        let key = self.parts.pop().ok_or(Refused)?;
        self.add(&key, value)
    }

    fn end(self) -> Result<String, Refused> {
        Ok(self.close())
    }
}
