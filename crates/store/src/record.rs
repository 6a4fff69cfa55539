use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A value on disk: one byte that says which version wrote it, then JSON.
///
/// Records of any released version open for ever: when the shape changes, `VERSION` grows by one and `migrate` learns
/// to read the version before.
pub trait Record: Serialize + DeserializeOwned {
    const VERSION: u8;

    /// Reads the JSON that an older version wrote. Errors: unless overridden there is no older version.
    fn migrate(version: u8, _json: &[u8]) -> Result<Self, RecordError> {
        Err(RecordError::NoMigration { version, known: Self::VERSION })
    }
}

#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    #[error("the record is empty")]
    Empty,
    #[error("the record is of version {version}, written by a newer gureum; this one reads up to {known}")]
    Newer { version: u8, known: u8 },
    #[error("the record is of version {version}, which this gureum (version {known}) cannot read")]
    NoMigration { version: u8, known: u8 },
    #[error("the record is damaged")]
    Json(#[from] serde_json::Error),
}

pub(crate) fn encode<R: Record>(record: &R) -> Result<Bytes, RecordError> {
    let mut bytes = Vec::with_capacity(256);
    bytes.push(R::VERSION);
    serde_json::to_writer(&mut bytes, record)?;
    Ok(bytes.into())
}

pub(crate) fn decode<R: Record>(bytes: &[u8]) -> Result<R, RecordError> {
    let (&version, json) = bytes.split_first().ok_or(RecordError::Empty)?;
    if version > R::VERSION {
        Err(RecordError::Newer { version, known: R::VERSION })
    } else if version < R::VERSION {
        R::migrate(version, json)
    } else {
        Ok(serde_json::from_slice(json)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Serialize, Deserialize, PartialEq)]
    struct Role {
        name: String,
        path: String,
    }

    impl Record for Role {
        const VERSION: u8 = 2;

        fn migrate(version: u8, json: &[u8]) -> Result<Self, RecordError> {
            match version {
                1 => Ok(Role { name: serde_json::from_slice(json)?, path: "/".to_owned() }),
                _ => Err(RecordError::NoMigration { version, known: Self::VERSION }),
            }
        }
    }

    #[test]
    fn a_record_reads_back() {
        let role = Role { name: "a".to_owned(), path: "/p/".to_owned() };
        let bytes = encode(&role).unwrap();
        assert_eq!(bytes[0], 2);
        assert_eq!(decode::<Role>(&bytes).unwrap(), role);
    }

    #[test]
    fn an_older_record_is_migrated() {
        assert_eq!(decode::<Role>(b"\x01\"a\"").unwrap(), Role { name: "a".to_owned(), path: "/".to_owned() });
    }

    #[test]
    fn newer_unknown_empty_and_damaged_records_are_refused() {
        assert!(matches!(decode::<Role>(b"\x03{}"), Err(RecordError::Newer { version: 3, known: 2 })));
        assert!(matches!(decode::<Role>(b"\x00{}"), Err(RecordError::NoMigration { version: 0, .. })));
        assert!(matches!(decode::<Role>(b""), Err(RecordError::Empty)));
        assert!(matches!(decode::<Role>(b"\x02{"), Err(RecordError::Json(_))));
    }
}
