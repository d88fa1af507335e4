//! Which changes of a type are seen, and which types can be looked through.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::Shape;

/// Types of the same name, each in a module of its own.
macro_rules! shapes {
    ($($module:ident { $($item:item)+ })*) => {
        $(mod $module {
            #![allow(dead_code, reason = "only their shapes are looked at")]
            use super::*;
            $(#[derive(Deserialize)] $item)+
        })*
    };
}

shapes! {
    base { pub(super) struct A { open: bool, cents: u32 } }
    renamed_struct { pub(super) struct B { open: bool, cents: u32 } }
    reordered { pub(super) struct A { cents: u32, open: bool } }
    renamed_field { pub(super) struct A { open: bool, amount: u32 } }
    wider { pub(super) struct A { open: bool, cents: u64 } }
    added { pub(super) struct A { open: bool, cents: u32, owner: String } }
    optional { pub(super) struct A { open: bool, cents: Option<u32> } }
    variants { pub(super) enum A { Low(u32), High { at: i64 }, None } }
    variants_reordered { pub(super) enum A { High { at: i64 }, Low(u32), None } }
    variant_renamed { pub(super) enum A { Little(u32), High { at: i64 }, None } }
    payload_changed { pub(super) enum A { Low(u32), High { at: i32 }, None } }
    variant_to_tuple { pub(super) enum A { Low(u32), High(i64), None } }
    newtype { pub(super) struct A(u32); }
    tree { pub(super) struct A { children: Vec<A>, value: u8 } }
    wider_tree { pub(super) struct A { children: Vec<A>, value: u16 } }
    mutual { pub(super) struct A { other: Option<Box<B>> } pub(super) struct B { back: Vec<A>, n: u8 } }
    wider_mutual { pub(super) struct A { other: Option<Box<B>> } pub(super) struct B { back: Vec<A>, n: u16 } }
}

fn print<T: DeserializeOwned>() -> u64 {
    let shape = Shape::of::<T>();
    assert!(!shape.opaque, "{} is opaque", std::any::type_name::<T>());
    assert_eq!(Shape::of::<T>(), shape);
    shape.fingerprint
}

#[test]
fn every_change_of_a_type_is_seen() {
    let prints = [
        print::<base::A>(),
        print::<reordered::A>(),
        print::<renamed_field::A>(),
        print::<wider::A>(),
        print::<added::A>(),
        print::<optional::A>(),
        print::<variants::A>(),
        print::<variants_reordered::A>(),
        print::<variant_renamed::A>(),
        print::<payload_changed::A>(),
        print::<variant_to_tuple::A>(),
        print::<newtype::A>(),
        print::<tree::A>(),
        print::<wider_tree::A>(),
        print::<mutual::A>(),
        print::<wider_mutual::A>(),
    ];
    assert_eq!(prints.iter().collect::<HashSet<_>>().len(), prints.len());
}

#[test]
fn a_change_is_seen_through_every_container() {
    #[derive(Deserialize)]
    #[expect(dead_code, reason = "only its shape is looked at")]
    enum Holds<T> {
        Nothing,
        Newtype(T),
        Pair(u8, T),
        Fields { a: u8, b: T },
    }
    macro_rules! outers {
        ($($name:ident = $outer:ty;)*) => {
            $({
                type $name<T> = $outer;
                assert_ne!(print::<$name<base::A>>(), print::<$name<wider::A>>(), stringify!($outer));
            })*
        };
    }
    outers! {
        Boxed = Box<T>;
        Many = Vec<T>;
        Mapped = HashMap<String, T>;
        ById = BTreeMap<uuid::Uuid, T>;
        Maybe = Option<T>;
        Last = (u8, String, T);
        AfterId = (uuid::Uuid, T);
        AfterDate = (time::Date, std::num::NonZeroU64, T);
        AfterEnum = (Holds<u8>, T);
        Four = [T; 4];
        Held = Holds<T>;
        Deep = Option<Vec<HashMap<u8, (bool, Box<T>)>>>;
    }
}

#[test]
fn the_name_of_a_struct_may_change() {
    assert_eq!(print::<base::A>(), print::<renamed_struct::B>());
}

#[test]
fn types_of_other_crates_and_of_no_content_are_looked_through() {
    #[derive(PartialEq, Eq, Hash, Deserialize)]
    #[serde(try_from = "String")]
    struct Email;
    impl TryFrom<String> for Email {
        type Error = &'static str;
        fn try_from(_: String) -> Result<Self, &'static str> {
            Err("no address")
        }
    }
    #[derive(Deserialize)]
    struct Nothing {}
    #[derive(Deserialize)]
    #[serde(transparent)]
    struct Forest(#[expect(dead_code, reason = "only its shape")] Vec<Forest>);

    assert_eq!(print::<Email>(), print::<String>());
    print::<Nothing>();
    print::<()>();
    print::<std::marker::PhantomData<u8>>();
    print::<Forest>();
    print::<uuid::Uuid>();
    print::<time::OffsetDateTime>();
    print::<std::time::Duration>();
    print::<std::net::IpAddr>();
    print::<Result<u8, String>>();
    print::<HashMap<Email, HashSet<uuid::Uuid>>>();
}

#[test]
fn what_looks_at_data_first_is_opaque() {
    #![expect(dead_code, reason = "only their shapes are looked at")]
    #[derive(Deserialize)]
    struct Flat {
        a: u8,
        #[serde(flatten)]
        rest: base::A,
    }
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Untagged {
        A(u8),
    }
    #[derive(Deserialize)]
    #[serde(tag = "kind")]
    enum Tagged {
        A { a: u8 },
    }
    #[derive(Deserialize)]
    struct Holds {
        before: u8,
        flat: Vec<Flat>,
    }
    assert!(Shape::of::<Flat>().opaque);
    assert!(Shape::of::<Untagged>().opaque);
    assert!(Shape::of::<Tagged>().opaque);
    assert!(Shape::of::<serde_json::Value>().opaque);
    assert!(Shape::of::<Holds>().opaque);
}

#[test]
fn the_initial_value_of_an_opaque_type_tells_more() {
    #[derive(Default, Serialize, Deserialize)]
    struct Inner {
        cents: u32,
    }
    #[derive(Default, Serialize, Deserialize)]
    struct Old {
        #[serde(flatten)]
        inner: Inner,
    }
    #[derive(Default, Serialize, Deserialize)]
    struct New {
        #[serde(flatten)]
        inner: Inner,
        owner: String,
    }
    let of = |shape: Shape| shape.fingerprint;
    assert_eq!(of(Shape::of::<Old>()), of(Shape::of::<New>()));
    let old = Shape::of::<Old>().with_default(&Old::default());
    assert_ne!(old, Shape::of::<New>().with_default(&New::default()));
    // Keys and kinds count, values do not.
    assert_eq!(old, Shape::of::<Old>().with_default(&Old { inner: Inner { cents: 7 } }));
    let plain = Shape::of::<base::A>();
    assert_eq!(plain.with_default(&1), plain);
}

#[test]
fn a_type_without_an_end_is_given_up() {
    #[derive(Deserialize)]
    #[expect(dead_code, reason = "only its shape is looked at")]
    struct Wide<T> {
        a: T,
        b: T,
        c: T,
        d: T,
        e: T,
        f: T,
        g: T,
    }
    assert!(Shape::of::<Wide<Wide<Wide<Wide<Wide<u8>>>>>>().opaque);
}

#[test]
fn fingerprints_stay_what_they_are() {
    // Should this fail, then every stored snapshot is discarded by the change.
    assert_eq!(print::<base::A>(), 13_739_697_143_940_773_346);
    assert_eq!(print::<variants::A>(), 3_917_798_708_386_018_449);
}
