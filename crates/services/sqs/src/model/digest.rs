//! MD5 of bodies and of attributes, which clients check.
//! Source: SQS Developer Guide, "Calculating the MD5 message digest for message attributes".

use md5::{Digest, Md5};

use super::message::{Attribute, Value};

pub(crate) fn of_body(body: &str) -> [u8; 16] {
    Md5::digest(body.as_bytes()).into()
}

/// The digest of attributes in the order of their names; none of none.
pub(crate) fn of_attributes<'a>(attributes: impl Iterator<Item = (&'a str, &'a Attribute)>) -> Option<String> {
    let mut sorted: Vec<_> = attributes.collect();
    if sorted.is_empty() {
        return None;
    }
    sorted.sort_by_key(|(name, _)| *name);
    let mut md5 = Md5::new();
    for (name, Attribute { data_type, value }) in sorted {
        part(&mut md5, name.as_bytes());
        part(&mut md5, data_type.as_bytes());
        md5.update([if matches!(value, Value::Text(_)) { 1 } else { 2 }]);
        part(&mut md5, value.bytes());
    }
    Some(hex::encode(md5.finalize()))
}

fn part(md5: &mut Md5, bytes: &[u8]) {
    md5.update(u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
    md5.update(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(value: &str) -> Attribute {
        Attribute { data_type: "String".to_owned(), value: Value::Text(value.to_owned()) }
    }

    #[test]
    fn digests_are_those_that_aws_was_recorded_to_answer() {
        assert_eq!(hex::encode(of_body("message-1")), "3d6b824fd8c1520e9a047d21fee6fb1f");
        let digest = |name, value| of_attributes([(name, &text(value))].into_iter());
        assert_eq!(digest("MyAttribute", "foobar").as_deref(), Some("adb59cd4678ea5a855436b949cd07ab6"));
        assert_eq!(digest("Foo", "Bar").as_deref(), Some("ae7155c6026991b6d54b11589678bf9c"));
        assert_eq!(digest("k", "x").as_deref(), Some("a45daa70926828a2f0a1db3418e6feb4"));
        assert_eq!(of_attributes(std::iter::empty()), None);
    }
}
