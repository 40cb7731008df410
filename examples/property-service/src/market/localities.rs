use crate::domain::Locality;
use csv::{ByteRecord, ReaderBuilder, StringRecord};
use std::io::Read;

const COLUMNS: [&str; 8] =
    ["postcode", "locality", "state", "latitude", "longitude", "sa4_name", "lga", "remoteness"];
const STATES: [&str; 8] = ["NSW", "VIC", "QLD", "SA", "WA", "TAS", "NT", "ACT"];
const REMOTENESS: [&str; 6] = [
    "",
    "Major Cities of Australia",
    "Inner Regional Australia",
    "Outer Regional Australia",
    "Remote Australia",
    "Very Remote Australia",
];

/// Why a localities file was refused.
#[derive(Debug, thiserror::Error)]
pub enum LocalitiesError {
    #[error("localities, line {line}: {column} is {value:?}, expected {expected}")]
    Value { line: u64, column: &'static str, value: String, expected: &'static str },
    #[error("localities, line {line}: column {column} is missing")]
    MissingColumn { line: u64, column: &'static str },
    #[error(
        "localities, line {line}: {fields} fields, but the header names {columns}: the first left over is {value:?}"
    )]
    TooManyFields { line: u64, fields: usize, columns: usize, value: String },
    #[error("localities, line {line}: column {column} is not UTF-8: it begins {value:?}")]
    NotUtf8 { line: u64, column: String, value: String },
    #[error("localities: no row under the header")]
    NoRows,
    #[error("localities: {0}")]
    Unreadable(#[from] std::io::Error),
}

/// The localities the binary carries.
///
/// # Errors
///
/// Only if the file was changed for a wrong one before the build.
pub fn real_localities() -> Result<Vec<Locality>, LocalitiesError> {
    read_localities(include_str!("../../data/au_localities.csv").as_bytes())
}

/// Reads a localities file; ids are row numbers from 1.
///
/// # Errors
///
/// The first fault, with its line, its column and its value.
pub fn read_localities(mut source: impl Read) -> Result<Vec<Locality>, LocalitiesError> {
    let mut file = Vec::new();
    source.read_to_end(&mut file)?;
    let mut reader = ReaderBuilder::new().flexible(true).has_headers(false).from_reader(file.as_slice());
    let mut bytes = ByteRecord::new();
    let mut header: Option<Header> = None;
    let mut localities = Vec::new();
    while reader.read_byte_record(&mut bytes).map_err(std::io::Error::from)? {
        let line = line_of(&bytes, &file);
        let record = StringRecord::from_byte_record(bytes.clone()).map_err(|fault| {
            let field = fault.utf8_error().field();
            let column = header.as_ref().and_then(|header| header.names.get(field).map(String::from));
            LocalitiesError::NotUtf8 {
                line,
                column: column.unwrap_or_else(|| format!("{}", field + 1)),
                value: String::from_utf8_lossy(&bytes[field]).chars().take(20).collect(),
            }
        })?;
        match &header {
            None => header = Some(Header::of(&record)?),
            Some(header) => {
                let id = u32::try_from(localities.len() + 1).unwrap_or(u32::MAX);
                localities.push(Line { header, record: &record, line }.locality(id)?);
            }
        }
    }
    if header.is_none() {
        return Err(LocalitiesError::MissingColumn { line: 1, column: COLUMNS[0] });
    }
    if localities.is_empty() {
        return Err(LocalitiesError::NoRows);
    }
    Ok(localities)
}

/// The csv crate's own position is where it began to look: before any blank lines.
fn line_of(record: &ByteRecord, file: &[u8]) -> u64 {
    record.position().map_or(0, |position| {
        let rest = file.get(position.byte() as usize..).unwrap_or_default();
        let blank = rest.iter().take_while(|byte| matches!(byte, b'\n' | b'\r'));
        position.line() + blank.filter(|byte| **byte == b'\n').count() as u64
    })
}

/// Where each of `COLUMNS` stands in this file.
struct Header {
    names: StringRecord,
    places: [usize; COLUMNS.len()],
}

impl Header {
    fn of(record: &StringRecord) -> Result<Self, LocalitiesError> {
        let mut places = [0; COLUMNS.len()];
        for (place, column) in places.iter_mut().zip(COLUMNS) {
            *place = record
                .iter()
                .position(|name| name.trim_start_matches('\u{feff}').trim() == column)
                .ok_or(LocalitiesError::MissingColumn { line: 1, column })?;
        }
        Ok(Self { names: record.clone(), places })
    }
}

struct Line<'a> {
    header: &'a Header,
    record: &'a StringRecord,
    line: u64,
}

impl Line<'_> {
    fn locality(&self, id: u32) -> Result<Locality, LocalitiesError> {
        let (fields, columns) = (self.record.len(), self.header.names.len());
        if fields > columns {
            let value = self.record[columns].to_owned();
            return Err(LocalitiesError::TooManyFields { line: self.line, fields, columns, value });
        }
        Ok(Locality {
            id,
            postcode: self.text(0, "four digits", |text| {
                text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_digit())
            })?,
            name: self.text(1, "a name", |text| !text.is_empty())?,
            state: self.text(2, "NSW, VIC, QLD, SA, WA, TAS, NT or ACT", |text| STATES.contains(&text))?,
            latitude: self.degrees(3, "degrees from -90 to 90", 90.0)?,
            longitude: self.degrees(4, "degrees from -180 to 180", 180.0)?,
            region: self.text(5, "a region or nothing", |_| true)?,
            lga: self.text(6, "an area or nothing", |_| true)?,
            remoteness: self
                .text(7, "an ABS remoteness class or nothing", |text| REMOTENESS.contains(&text))?,
        })
    }

    fn text(
        &self,
        column: usize,
        expected: &'static str,
        accepts: impl Fn(&str) -> bool,
    ) -> Result<String, LocalitiesError> {
        let text = self.field(column)?;
        if accepts(text) { Ok(text.to_owned()) } else { Err(self.wrong(column, expected)) }
    }

    /// `NaN` and `inf` parse as floats: the range refuses them.
    fn degrees(&self, column: usize, expected: &'static str, limit: f64) -> Result<f64, LocalitiesError> {
        match self.field(column)?.parse::<f64>() {
            Ok(degrees) if degrees.abs() <= limit => Ok(degrees),
            _ => Err(self.wrong(column, expected)),
        }
    }

    fn field(&self, column: usize) -> Result<&str, LocalitiesError> {
        self.record
            .get(self.header.places[column])
            .map(str::trim)
            .ok_or(LocalitiesError::MissingColumn { line: self.line, column: COLUMNS[column] })
    }

    fn wrong(&self, column: usize, expected: &'static str) -> LocalitiesError {
        let value = self.record.get(self.header.places[column]).unwrap_or_default().to_owned();
        LocalitiesError::Value { line: self.line, column: COLUMNS[column], value, expected }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "postcode,locality,state,latitude,longitude,sa4_name,lga,remoteness\n";
    const GOOD: &str = "2026,Bondi,NSW,-33.89195,151.26099,Sydney,Waverley,Major Cities of Australia\n";

    fn fault(rows: &str) -> String {
        read_localities(format!("{HEADER}{rows}").as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn the_embedded_file_is_whole() {
        let localities = real_localities().unwrap();
        assert_eq!(localities.len(), 18_525);
        let bondi = localities.iter().find(|l| l.name == "Bondi" && l.state == "NSW").unwrap();
        assert_eq!((bondi.postcode.as_str(), bondi.latitude), ("2026", -33.89195));
        assert!(localities.iter().zip(1..).all(|(locality, id)| locality.id == id));
        assert_eq!(localities.iter().filter(|locality| locality.region.is_empty()).count(), 114);
    }

    #[test]
    fn a_wrong_value_is_named_with_its_line_and_column() {
        let cases = [
            ("2026,Bondi,NSW,south,151.2,,,\n", "line 3: latitude is \"south\""),
            ("2026,Bondi,NSW,-33.8,NaN,,,\n", "line 3: longitude is \"NaN\""),
            ("2026,Bondi,NSW,-93.8,151.2,,,\n", "line 3: latitude is \"-93.8\""),
            ("2026,Bondi,NZ,-33.8,151.2,,,\n", "line 3: state is \"NZ\""),
            ("2026, ,NSW,-33.8,151.2,,,\n", "line 3: locality is \" \""),
            ("20 26,Bondi,NSW,-33.8,151.2,,,\n", "line 3: postcode is \"20 26\""),
            ("2026,Bondi,NSW,-33.8,151.2,,,Far\n", "line 3: remoteness is \"Far\""),
            ("2026,Bondi,NSW,-33.8,151.2,,\n", "line 3: column remoteness is missing"),
            ("2026,Bondi,NSW\n", "line 3: column latitude is missing"),
            ("2026,Bondi,NSW,-33.8,151.2,,,,extra\n", "line 3: 9 fields, but the header names 8"),
        ];
        for (row, expected) in cases {
            let message = fault(&format!("{GOOD}{row}"));
            assert!(message.contains(expected), "{row:?} gave {message:?}");
        }
    }

    #[test]
    fn blank_lines_do_not_shift_the_line_number() {
        let bad = "2026,Bondi,NSW,x,151.2,,,";
        for rows in
            [format!("{GOOD}\n\n{bad}\n"), format!("{GOOD}\r\n\r\n{bad}\r\n"), format!("{GOOD}\n\n{bad}")]
        {
            let message = fault(&rows);
            assert!(message.contains("line 5: latitude"), "{message}");
        }
    }

    #[test]
    fn columns_may_come_in_any_order_but_must_all_be_there() {
        let moved = "state,locality,postcode,lga,latitude,longitude,sa4_name,remoteness\nNSW,Bondi,2026,,-33.8,151.2,,\n";
        assert_eq!(read_localities(moved.as_bytes()).unwrap()[0].postcode, "2026");
        let short = read_localities("postcode,locality,state\n2026,Bondi,NSW\n".as_bytes()).unwrap_err();
        assert!(short.to_string().contains("line 1: column latitude is missing"), "{short}");
    }

    #[test]
    fn an_empty_file_a_bare_header_and_bytes_that_are_no_text_are_refused() {
        assert!(matches!(read_localities(&b""[..]), Err(LocalitiesError::MissingColumn { line: 1, .. })));
        assert!(matches!(read_localities(HEADER.as_bytes()), Err(LocalitiesError::NoRows)));
        let mut bytes = HEADER.as_bytes().to_vec();
        bytes.extend(b"2026,Bond\xff,NSW,-33.8,151.2,,,\n");
        let message = read_localities(bytes.as_slice()).unwrap_err().to_string();
        assert!(message.contains("line 2: column locality is not UTF-8"), "{message}");
    }

    #[test]
    fn a_reader_that_fails_is_reported_not_panicked_on() {
        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
                Err(std::io::Error::other("the disk is gone"))
            }
        }
        let message = read_localities(Broken).unwrap_err().to_string();
        assert!(message.contains("the disk is gone"), "{message}");
    }
}
