//! What a payload may cost to decode, whatever its bytes say.
//!
//! postcard has no bound of its own: nested values recurse as deep as there are bytes, until the stack ends and with it the
//! process; and a sequence of a type that takes no bytes (`Vec<()>`) runs as long as its length says, 2^64 rounds if that is
//! what was written. rmp-serde bounds arrays and maps but not enums. So both are read through this.

use std::cell::Cell;
use std::fmt;

use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error, MapAccess, SeqAccess, VariantAccess, Visitor,
};

/// As deep as `serde_json` lets values nest.
const DEPTH: usize = 128;
/// Elements that need no bytes of their own.
const FREE_ELEMENTS: usize = 4_096;

/// What is left to spend on one payload.
#[derive(Debug)]
pub(super) struct Budget {
    depth: Cell<usize>,
    elements: Cell<usize>,
}

impl Budget {
    pub(super) fn of(payload: &[u8]) -> Self {
        Self { depth: Cell::new(DEPTH), elements: Cell::new(payload.len().saturating_add(FREE_ELEMENTS)) }
    }

    fn spend<E: Error>(cell: &Cell<usize>, what: &'static str) -> Result<(), E> {
        let left = cell.get().checked_sub(1).ok_or_else(|| E::custom(what))?;
        cell.set(left);
        Ok(())
    }
}

/// A deserializer, or a part of one, that spends from a budget.
pub(super) struct Bounded<'b, T> {
    inner: T,
    budget: &'b Budget,
    /// The number of elements comes from the bytes and not from the type.
    counted: bool,
}

impl<'b, T> Bounded<'b, T> {
    pub(super) fn new(inner: T, budget: &'b Budget) -> Self {
        Self { inner, budget, counted: false }
    }

    fn deeper<V, R, E: Error>(
        self,
        visitor: V,
        counted: bool,
        read: impl FnOnce(T, Bounded<'b, V>) -> Result<R, E>,
    ) -> Result<R, E> {
        Budget::spend(&self.budget.depth, "nested too deep")?;
        let result = read(self.inner, Bounded { inner: visitor, budget: self.budget, counted });
        self.budget.depth.set(self.budget.depth.get() + 1);
        result
    }
}

/// Numbers contain nothing, in any format that is read through this.
macro_rules! deserialize_number {
    ($($method:ident)+) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
            self.inner.$method(visitor)
        }
    )+};
}

macro_rules! deserialize {
    ($($counted:literal: $($method:ident($($name:ident: $type:ty),*))+;)+) => {$($(
        fn $method<V: Visitor<'de>>(self, $($name: $type,)* visitor: V) -> Result<V::Value, D::Error> {
            self.deeper(visitor, $counted, |inner, visitor| inner.$method($($name,)* visitor))
        }
    )+)+};
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Bounded<'_, D> {
    type Error = D::Error;

    deserialize_number! {
        deserialize_bool deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128 deserialize_u8
        deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128 deserialize_f32 deserialize_f64
    }

    deserialize! {
        true: deserialize_any() deserialize_seq() deserialize_map() deserialize_ignored_any();
        false:
            deserialize_char() deserialize_str() deserialize_string() deserialize_bytes() deserialize_byte_buf()
            deserialize_option() deserialize_unit() deserialize_identifier()
            deserialize_unit_struct(name: &'static str)
            deserialize_newtype_struct(name: &'static str)
            deserialize_tuple(len: usize)
            deserialize_tuple_struct(name: &'static str, len: usize)
            deserialize_struct(name: &'static str, fields: &'static [&'static str])
            deserialize_enum(name: &'static str, variants: &'static [&'static str]);
    }

    fn is_human_readable(&self) -> bool {
        self.inner.is_human_readable()
    }
}

macro_rules! visit {
    ($($method:ident($type:ty))+) => {$(
        fn $method<E: Error>(self, value: $type) -> Result<V::Value, E> {
            self.inner.$method(value)
        }
    )+};
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Bounded<'_, V> {
    type Value = V::Value;

    visit! {
        visit_bool(bool) visit_i8(i8) visit_i16(i16) visit_i32(i32) visit_i64(i64) visit_i128(i128) visit_u8(u8) visit_u16(u16)
        visit_u32(u32) visit_u64(u64) visit_u128(u128) visit_f32(f32) visit_f64(f64) visit_char(char) visit_str(&str)
        visit_borrowed_str(&'de str) visit_string(String) visit_bytes(&[u8]) visit_borrowed_bytes(&'de [u8])
        visit_byte_buf(Vec<u8>)
    }

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.expecting(f)
    }

    fn visit_none<E: Error>(self) -> Result<V::Value, E> {
        self.inner.visit_none()
    }

    fn visit_unit<E: Error>(self) -> Result<V::Value, E> {
        self.inner.visit_unit()
    }

    fn visit_some<D: Deserializer<'de>>(self, some: D) -> Result<V::Value, D::Error> {
        self.inner.visit_some(Bounded::new(some, self.budget))
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, newtype: D) -> Result<V::Value, D::Error> {
        self.inner.visit_newtype_struct(Bounded::new(newtype, self.budget))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<V::Value, A::Error> {
        self.inner.visit_seq(Bounded { inner: seq, budget: self.budget, counted: self.counted })
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<V::Value, A::Error> {
        self.inner.visit_map(Bounded { inner: map, budget: self.budget, counted: self.counted })
    }

    fn visit_enum<A: EnumAccess<'de>>(self, data: A) -> Result<V::Value, A::Error> {
        self.inner.visit_enum(Bounded::new(data, self.budget))
    }
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Bounded<'_, S> {
    type Value = S::Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<S::Value, D::Error> {
        self.inner.deserialize(Bounded::new(deserializer, self.budget))
    }
}

impl<T> Bounded<'_, T> {
    fn count<E: Error>(&self) -> Result<(), E> {
        if self.counted { Budget::spend(&self.budget.elements, "more elements than bytes") } else { Ok(()) }
    }
}

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for Bounded<'_, A> {
    type Error = A::Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, A::Error> {
        let element = self.inner.next_element_seed(Bounded::new(seed, self.budget))?;
        if element.is_some() {
            self.count()?;
        }
        Ok(element)
    }

    fn size_hint(&self) -> Option<usize> {
        self.inner.size_hint()
    }
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Bounded<'_, A> {
    type Error = A::Error;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, A::Error> {
        let key = self.inner.next_key_seed(Bounded::new(seed, self.budget))?;
        if key.is_some() {
            self.count()?;
        }
        Ok(key)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        self.inner.next_value_seed(Bounded::new(seed, self.budget))
    }

    fn size_hint(&self) -> Option<usize> {
        self.inner.size_hint()
    }
}

impl<'de, 'b, A: EnumAccess<'de>> EnumAccess<'de> for Bounded<'b, A> {
    type Error = A::Error;
    type Variant = Bounded<'b, A::Variant>;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self::Variant), A::Error> {
        let (value, variant) = self.inner.variant_seed(Bounded::new(seed, self.budget))?;
        Ok((value, Bounded::new(variant, self.budget)))
    }
}

impl<'de, A: VariantAccess<'de>> VariantAccess<'de> for Bounded<'_, A> {
    type Error = A::Error;

    fn unit_variant(self) -> Result<(), A::Error> {
        self.inner.unit_variant()
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, A::Error> {
        self.inner.newtype_variant_seed(Bounded::new(seed, self.budget))
    }

    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, A::Error> {
        self.inner.tuple_variant(len, Bounded::new(visitor, self.budget))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, A::Error> {
        self.inner.struct_variant(fields, Bounded::new(visitor, self.budget))
    }
}
