use super::error::StoreError;
use super::value::Value;

/// One row of an answer, its cells in the order they were selected.
#[derive(Clone, Debug, PartialEq)]
pub struct Row(pub(super) Vec<Value>);

impl Row {
    /// # Errors
    ///
    /// The cell is not there or holds something else.
    pub fn int(&self, column: usize) -> Result<i64, StoreError> {
        match self.0.get(column) {
            Some(Value::Int(value)) => Ok(*value),
            _ => Err(self.wrong(column, "an integer")),
        }
    }

    /// An integer that fits the type asked for.
    ///
    /// # Errors
    ///
    /// The cell is not there, holds something else, or does not fit.
    pub fn narrow<T: TryFrom<i64>>(&self, column: usize) -> Result<T, StoreError> {
        T::try_from(self.int(column)?).map_err(|_| self.wrong(column, std::any::type_name::<T>()))
    }

    /// # Errors
    ///
    /// The cell is not there or holds something else; an integer is taken for a real.
    pub fn real(&self, column: usize) -> Result<f64, StoreError> {
        match self.0.get(column) {
            Some(Value::Real(value)) => Ok(*value),
            Some(Value::Int(value)) => Ok(*value as f64),
            _ => Err(self.wrong(column, "a real")),
        }
    }

    /// # Errors
    ///
    /// The cell is not there or holds something else.
    pub fn text(&self, column: usize) -> Result<&str, StoreError> {
        match self.0.get(column) {
            Some(Value::Text(value)) => Ok(value),
            _ => Err(self.wrong(column, "text")),
        }
    }

    #[cfg(test)]
    pub fn values(&self) -> &[Value] {
        &self.0
    }

    pub(super) fn wrong(&self, column: usize, expected: &'static str) -> StoreError {
        let found = match self.0.get(column) {
            None => format!("nothing (the row has {} columns)", self.0.len()),
            Some(Value::Null) => "null".to_owned(),
            Some(value) => format!("{} ({value:?})", value.kind()),
        };
        StoreError::Column { column, found, expected }
    }
}
