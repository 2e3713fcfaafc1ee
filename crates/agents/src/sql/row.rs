//! A row as any type that serde can read.
//!
//! Our own and not `serde_rusqlite`, which reads neither newtypes in a column nor a row as a map
//! of JSON values.

use rusqlite::{Row, types::ValueRef};
use serde::{
    Deserializer,
    de::{
        DeserializeOwned, DeserializeSeed, Error as _, IntoDeserializer, MapAccess, SeqAccess,
        Unexpected, Visitor,
        value::{Error, SeqDeserializer, StrDeserializer},
    },
    forward_to_deserialize_any,
};

/// Reads one row. The error names the column that does not fit.
pub(super) fn read<T: DeserializeOwned>(row: &Row<'_>, columns: &[String]) -> Result<T, String> {
    T::deserialize(RowDeserializer { row, columns }).map_err(|error| error.to_string())
}

/// A whole row: a map of its columns, or their sequence, or, for what is neither, the first.
#[derive(Clone, Copy)]
struct RowDeserializer<'a, 'stmt> {
    row: &'a Row<'stmt>,
    columns: &'a [String],
}

impl<'a> RowDeserializer<'a, '_> {
    fn value(self, index: usize) -> Result<Column<'a>, Error> {
        self.row.get_ref(index).map(Column).map_err(Error::custom)
    }

    /// Reads the value of one column.
    fn read<T>(
        self,
        index: usize,
        read: impl FnOnce(Column<'a>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.value(index).and_then(read).map_err(|error| {
            let column = self.columns.get(index).map_or("?", String::as_str);
            Error::custom(format_args!("column `{column}`: {error}"))
        })
    }
}

macro_rules! first_column {
    ($($method:ident)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            self.read(0, |value| value.$method(visitor))
        })*
    };
}

impl<'de> Deserializer<'de> for RowDeserializer<'_, '_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_map(Columns { row: self, next: 0 })
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.value(0)? {
            Column(ValueRef::Null) if self.columns.len() == 1 => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.value(0)? {
            Column(ValueRef::Blob(_)) if self.columns.len() == 1 => {
                self.read(0, |value| value.deserialize_seq(visitor))
            }
            _ => visitor.visit_seq(Columns { row: self, next: 0 }),
        }
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        _len: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_seq(Columns { row: self, next: 0 })
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_tuple(len, visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.read(0, |value| value.deserialize_enum(name, variants, visitor))
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }

    first_column! {
        deserialize_bool deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64
        deserialize_i128 deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64
        deserialize_u128 deserialize_f32 deserialize_f64 deserialize_char deserialize_str
        deserialize_string deserialize_bytes deserialize_byte_buf
    }

    forward_to_deserialize_any! { unit_struct map struct identifier ignored_any }
}

/// The columns of a row, one after the other.
struct Columns<'a, 'stmt> {
    row: RowDeserializer<'a, 'stmt>,
    next: usize,
}

impl<'de> MapAccess<'de> for Columns<'_, '_> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Error> {
        let Some(column) = self.row.columns.get(self.next) else { return Ok(None) };
        seed.deserialize(column.as_str().into_deserializer()).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        self.next += 1;
        self.row.read(self.next - 1, |value| seed.deserialize(value))
    }
}

impl<'de> SeqAccess<'de> for Columns<'_, '_> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Error> {
        if self.next == self.row.columns.len() {
            return Ok(None);
        }
        self.next_value_seed(seed).map(Some)
    }
}

/// The value of one column.
struct Column<'a>(ValueRef<'a>);

impl Column<'_> {
    fn text(bytes: &[u8]) -> Result<&str, Error> {
        std::str::from_utf8(bytes)
            .map_err(|_| Error::invalid_value(Unexpected::Bytes(bytes), &"UTF-8 text"))
    }
}

impl<'de> Deserializer<'de> for Column<'_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            ValueRef::Null => visitor.visit_unit(),
            ValueRef::Integer(integer) => visitor.visit_i64(integer),
            ValueRef::Real(real) => visitor.visit_f64(real),
            ValueRef::Text(text) => visitor.visit_str(Self::text(text)?),
            ValueRef::Blob(bytes) => visitor.visit_seq(SeqDeserializer::new(bytes.iter().copied())),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            ValueRef::Integer(0) => visitor.visit_bool(false),
            ValueRef::Integer(1) => visitor.visit_bool(true),
            ValueRef::Integer(other) => {
                Err(Error::invalid_value(Unexpected::Signed(other), &"0 or 1"))
            }
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            ValueRef::Blob(bytes) => visitor.visit_bytes(bytes),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_bytes(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            ValueRef::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.0 {
            ValueRef::Text(text) => {
                let variant: StrDeserializer<'_, Error> = Self::text(text)?.into_deserializer();
                visitor.visit_enum(variant)
            }
            _ => self.deserialize_any(visitor),
        }
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string unit unit_struct seq
        tuple tuple_struct map struct identifier ignored_any
    }
}
