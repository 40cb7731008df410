use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::postgres::types::Oid;
use sqlx::postgres::{PgArgumentBuffer, PgTypeInfo, PgValueRef, Postgres};
use sqlx::sqlite::{Sqlite, SqliteArgumentsBuffer, SqliteTypeInfo, SqliteValueRef};
use sqlx::{Decode, Encode, Type, TypeInfo, ValueRef};

/// A bind or a cell: what both databases can hold.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Null,
    Int(i64),
    Real(f64),
    Text(String),
}

impl Value {
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Int(_) => "an integer",
            Self::Real(_) => "a real",
            Self::Text(_) => "text",
        }
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<i32> for Value {
    fn from(value: i32) -> Self {
        Self::Int(value.into())
    }
}

impl From<u32> for Value {
    fn from(value: u32) -> Self {
        Self::Int(value.into())
    }
}

impl From<u8> for Value {
    fn from(value: u8) -> Self {
        Self::Int(value.into())
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Self::Real(value)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl Type<Sqlite> for Value {
    fn type_info() -> SqliteTypeInfo {
        <i64 as Type<Sqlite>>::type_info()
    }

    fn compatible(_: &SqliteTypeInfo) -> bool {
        true
    }
}

impl Encode<'_, Sqlite> for Value {
    fn encode_by_ref(&self, buffer: &mut SqliteArgumentsBuffer) -> Result<IsNull, BoxDynError> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Int(value) => <i64 as Encode<Sqlite>>::encode_by_ref(value, buffer),
            Self::Real(value) => <f64 as Encode<Sqlite>>::encode_by_ref(value, buffer),
            Self::Text(value) => <String as Encode<Sqlite>>::encode_by_ref(value, buffer),
        }
    }
}

impl<'r> Decode<'r, Sqlite> for Value {
    fn decode(value: SqliteValueRef<'r>) -> Result<Self, BoxDynError> {
        if value.is_null() {
            return Ok(Self::Null);
        }
        // A cell's own type, not its column's declared one: an expression has none.
        let name = value.type_info().name().to_owned();
        match name.as_str() {
            "INTEGER" | "INT4" | "BOOLEAN" => Ok(Self::Int(<i64 as Decode<Sqlite>>::decode(value)?)),
            "REAL" => Ok(Self::Real(<f64 as Decode<Sqlite>>::decode(value)?)),
            "TEXT" => Ok(Self::Text(<String as Decode<Sqlite>>::decode(value)?)),
            other => Err(format!("a cell of type {other} is none of integer, real and text").into()),
        }
    }
}

impl Type<Postgres> for Value {
    fn type_info() -> PgTypeInfo {
        // 0 asks the server to infer the type.
        PgTypeInfo::with_oid(Oid(0))
    }

    fn compatible(_: &PgTypeInfo) -> bool {
        true
    }
}

impl Encode<'_, Postgres> for Value {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Int(value) => <i64 as Encode<Postgres>>::encode_by_ref(value, buffer),
            Self::Real(value) => <f64 as Encode<Postgres>>::encode_by_ref(value, buffer),
            Self::Text(value) => <String as Encode<Postgres>>::encode_by_ref(value, buffer),
        }
    }

    /// sqlx keeps a prepared statement by its text, so what a text's first binds declare holds for later ones.
    /// That is sound here because the schema has no other types than these: a null leaves the type to the
    /// server, and the server infers what an integer, real or text of the same place declares.
    fn produces(&self) -> Option<PgTypeInfo> {
        Some(match self {
            Self::Null => <Self as Type<Postgres>>::type_info(),
            Self::Int(_) => <i64 as Type<Postgres>>::type_info(),
            Self::Real(_) => <f64 as Type<Postgres>>::type_info(),
            Self::Text(_) => <String as Type<Postgres>>::type_info(),
        })
    }
}

impl<'r> Decode<'r, Postgres> for Value {
    fn decode(value: PgValueRef<'r>) -> Result<Self, BoxDynError> {
        if value.is_null() {
            return Ok(Self::Null);
        }
        let name = value.type_info().name().to_owned();
        match name.as_str() {
            "INT8" => Ok(Self::Int(<i64 as Decode<Postgres>>::decode(value)?)),
            "INT4" => Ok(Self::Int(<i32 as Decode<Postgres>>::decode(value)?.into())),
            "INT2" => Ok(Self::Int(<i16 as Decode<Postgres>>::decode(value)?.into())),
            "BOOL" => Ok(Self::Int(<bool as Decode<Postgres>>::decode(value)?.into())),
            "FLOAT8" => Ok(Self::Real(<f64 as Decode<Postgres>>::decode(value)?)),
            "FLOAT4" => Ok(Self::Real(<f32 as Decode<Postgres>>::decode(value)?.into())),
            "TEXT" | "VARCHAR" | "NAME" | "CHAR" => {
                Ok(Self::Text(<String as Decode<Postgres>>::decode(value)?))
            }
            other => {
                Err(format!("a cell of type {other}: cast it to bigint, double precision or text").into())
            }
        }
    }
}
