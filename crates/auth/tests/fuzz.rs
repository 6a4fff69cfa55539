//! A few thousand inputs through every fuzz target: random bytes, and things that nearly make sense.

use proptest::prelude::*;

const POLICY: &str = r#"{"Version":"2012-10-17","Statement":[{"Sid":"a","Effect":"Allow","Principal":{"AWS":["*","123456789012"],"Service":"x.amazonaws.com"},"Action":["s3:Get*"],"Resource":"arn:aws:s3:::${aws:username, 'x'}/*","Condition":{"ForAllValues:StringLikeIfExists":{"aws:TagKeys":["a*"]},"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}}]}"#;
const HEADER: &str = "AWS4-HMAC-SHA256 Credential=AKID/20240101/us-east-1/s3/aws4_request, SignedHeaders=host;x-amz-date, Signature=0123456789abcdef";
const QUERY: &str = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKID%2F20240101%2Fr%2Fs3%2Faws4_request&X-Amz-Date=20240101T000000Z&X-Amz-Expires=1&X-Amz-SignedHeaders=host&X-Amz-Signature=ab";
const CHUNK: &str = "10000;chunk-signature=ad80c730";

/// Valid text with a few bytes changed, cut out or repeated.
fn spoiled(text: &'static str) -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..4_u8), 0..6).prop_map(move |changes| {
        let mut bytes = text.as_bytes().to_vec();
        for (at, byte, kind) in changes {
            if bytes.is_empty() {
                break;
            }
            let at = at.index(bytes.len());
            match kind {
                0 => bytes[at] = byte,
                1 => drop(bytes.remove(at)),
                2 => bytes.insert(at, bytes[at]),
                _ => bytes.truncate(at),
            }
        }
        bytes
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..120)) {
        auth::fuzz::authorization(&bytes);
        auth::fuzz::presigned_query(&bytes);
        auth::fuzz::chunk_header(&bytes);
        auth::fuzz::policy(&bytes);
    }

    #[test]
    fn spoiled_headers_never_panic(bytes in spoiled(HEADER)) {
        auth::fuzz::authorization(&bytes);
    }

    #[test]
    fn spoiled_queries_never_panic(bytes in spoiled(QUERY)) {
        auth::fuzz::presigned_query(&bytes);
    }

    #[test]
    fn spoiled_chunk_headers_never_panic(bytes in spoiled(CHUNK)) {
        auth::fuzz::chunk_header(&bytes);
    }

    #[test]
    fn spoiled_policies_never_panic(bytes in spoiled(POLICY)) {
        auth::fuzz::policy(&bytes);
    }
}
