//! Every parser of bytes from outside, with inputs that reach deep into it.

pub struct Target {
    pub name: &'static str,
    pub run: fn(&[u8]),
    pub seeds: &'static [&'static [u8]],
}

const POLICY: &[u8] = br#"{"Version":"2012-10-17","Statement":[{"Sid":"a","Effect":"Allow","Principal":{"AWS":["123456789012"],"Service":"lambda.amazonaws.com"},"Action":["s3:Get*"],"NotResource":"arn:aws:s3:::b/${aws:username}","Condition":{"ForAnyValue:StringLikeIfExists":{"aws:PrincipalTag/x":["a*","?"]},"IpAddress":{"aws:SourceIp":"10.0.0.0/8"},"DateLessThan":{"aws:CurrentTime":"2026-01-01T00:00:00Z"}}}]}"#;
const AUTHORIZATION: &[u8] = b"AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, SignedHeaders=content-type;host;x-amz-date, Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7";
const PRESIGNED: &[u8] = b"X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKID%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature=aeeed9bb";
const CHUNKED: &[u8] = b"\x07400;chunk-signature=ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648\r\nabc\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n";
const HEAD: &[u8] = b"POST\nsqs.us-east-1.amazonaws.com:443\n/123456789012/queue\nAction=SendMessage\nx-amz-target:AmazonSQS.SendMessage\nauthorization:AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/sqs/aws4_request";
const JSON: &[u8] =
    br#"{"Name":"a","Count":12,"Big":1e3,"When":1422705600.123,"Tags":{"k":"v"},"List":[1,null,{"a":[]}],"Blob":"aGk="}"#;
const XML: &[u8] = b"<?xml version=\"1.0\"?><Thing xmlns=\"http://x/\"><Name a=\"1\">x &amp; &#x41;</Name><List><member>1</member></List></Thing>";
const FORM: &[u8] = b"Action=Send&Version=2020-01-01&Tags.member.1.Key=a&Tags.member.1.Value=%41+b&Map.entry.1.key=x";
const CBOR: &[u8] = b"\xbf\x64Name\x61a\x65Count\x1a\x00\x00\x00\x0c\x64When\xc1\xfb\x41\xd5\x33\x38\x00\x1f\x7c\xed\x64Tags\xa1\x61k\x61v\xff";
const ZIP: &[u8] = b"PK\x03\x04\x14\x00\x00\x00\x00\x00\x00\x00\x21\x00\xe8\xb7\xbe\x43\x01\x00\x00\x00\x01\x00\x00\x00\x01\x00\x00\x00aaPK\x01\x02\x14\x03\x14\x00\x00\x00\x00\x00\x00\x00\x21\x00\xe8\xb7\xbe\x43\x01\x00\x00\x00\x01\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xa4\x81\x00\x00\x00\x00aPK\x05\x06\x00\x00\x00\x00\x01\x00\x01\x00\x2f\x00\x00\x00\x20\x00\x00\x00\x00\x00";

pub const TARGETS: &[Target] = &[
    Target {
        name: "arn",
        run: kernel::fuzz::arn,
        seeds: &[b"arn:aws:lambda:us-east-1:123456789012:function:echo:prod", b"arn:aws:iam::1:role/a/b"],
    },
    Target {
        name: "timestamp",
        run: kernel::fuzz::timestamp,
        seeds: &[b"2015-01-31T12:00:00.123+09:00", b"Sat, 31 Jan 2015 12:00:00.123 GMT", b"20150131T120000Z"],
    },
    Target { name: "authorization", run: auth::fuzz::authorization, seeds: &[AUTHORIZATION] },
    Target { name: "presigned-query", run: auth::fuzz::presigned_query, seeds: &[PRESIGNED] },
    Target { name: "chunk-header", run: auth::fuzz::chunk_header, seeds: &[b"400;chunk-signature=ad80c730a21e5b8d"] },
    Target { name: "policy", run: auth::fuzz::policy, seeds: &[POLICY] },
    Target { name: "chunked-body", run: edge::fuzz::chunked_body, seeds: &[CHUNKED] },
    Target { name: "router-head", run: edge::fuzz::router_head, seeds: &[HEAD] },
    Target {
        name: "proxy-target",
        run: edge::fuzz::proxy_target,
        seeds: &[b"sqs.us-east-1.amazonaws.com:443", b"[2001:db8::1]:443", b"192.0.2.1:80", b"Example.COM.:1"],
    },
    Target { name: "json", run: wire::fuzz::fuzz_json, seeds: &[JSON] },
    Target { name: "cbor", run: wire::fuzz::fuzz_cbor, seeds: &[CBOR] },
    Target { name: "xml", run: wire::fuzz::fuzz_xml, seeds: &[XML] },
    Target { name: "query", run: wire::fuzz::fuzz_query, seeds: &[FORM] },
    Target { name: "rest", run: wire::fuzz::fuzz_rest, seeds: &[HEAD, JSON] },
    Target {
        name: "filter-pattern",
        run: service_logs::fuzz::filter_pattern,
        seeds: &[
            b"?ERROR -\"a b\" %x[0-9]+%",
            b"{ ($.a.b[0] = \"x*\" && $.n >= 5) || $.k IS NULL || !($.t IS TRUE) || $.z NOT EXISTS }",
            b"[ip, user, ..., status=4* && status != 404, bytes>1000]",
        ],
    },
    Target {
        name: "event-pattern",
        run: patterns::fuzz::pattern,
        seeds: &[
            b"{\"a\":[\"x\",1.5e3,null,{\"prefix\":\"p\"},{\"exists\":false}],\"$or\":[{\"b.c\":[{\"numeric\":[\">\",0,\"<=\",5]}]},{\"d\":{\"e\":[true]}}]}\n{\"a\":\"x\",\"b\":[{\"c\":3}]}",
            b"{\"a\":[{\"anything-but\":{\"suffix\":[\".png\"]}},{\"wildcard\":\"a*\\\\*\"},{\"cidr\":\"10.0.0.0/8\"},{\"equals-ignore-case\":\"x\"}]}\n{\"a\":[\"10.1.2.3\"]}",
        ],
    },
    Target { name: "log-page-token", run: service_logs::fuzz::page_token, seeds: &[b"f/123/s", b"b/0/s"] },
    Target { name: "log-chunk", run: service_logs::fuzz::stored_chunk, seeds: &[] },
    Target {
        name: "layer-arn",
        run: |bytes| service_lambda::model::layer::fuzz(&String::from_utf8_lossy(bytes)),
        seeds: &[b"arn:aws:lambda:us-east-1:123456789012:layer:tools:12"],
    },
    Target {
        name: "function-url",
        run: service_lambda::url::fuzz,
        seeds: &[
            b"http://x/a?b=c&b=%20\nhost:x\ncookie:a=1; b=2\ncontent-type:text/plain",
            br#"{"statusCode":200,"headers":{"a":"b"},"cookies":["c=1"],"body":"eA==","isBase64Encoded":true}"#,
        ],
    },
    Target {
        name: "queue-name",
        run: service_sqs::fuzz::queue_name,
        seeds: &[
            b"https://sqs.us-east-1.amazonaws.com/123456789012/jobs.fifo",
            b"arn:aws:sqs:us-east-1:123456789012:jobs",
        ],
    },
    Target {
        name: "receipt-handle",
        run: service_sqs::fuzz::receipt,
        seeds: &[b"AQEBAAEAAAAAAAAAAgAAAAAAAAADAAAAAAAAAG1rmQ4="],
    },
    Target {
        name: "redrive-policy",
        run: service_sqs::fuzz::redrive,
        seeds: &[
            b"{\"deadLetterTargetArn\":\"arn:aws:sqs:us-east-1:123456789012:dead\",\"maxReceiveCount\":\"3\"}",
            b"{\"redrivePermission\":\"byQueue\",\"sourceQueueArns\":[\"arn:aws:sqs:us-east-1:123456789012:jobs\"]}",
        ],
    },
    Target { name: "stored-message", run: service_sqs::fuzz::stored, seeds: &[] },
    Target {
        name: "trace-header",
        run: |bytes| service_lambda::model::trace::fuzz(&String::from_utf8_lossy(bytes)),
        seeds: &[b"Root=1-67b0c1d2-0123456789abcdef01234567;Parent=0123456789abcdef;Sampled=0;Lineage=1:87bd80c1:1|1:fc4edb32:0"],
    },
    Target { name: "zip", run: service_lambda::zip::fuzz, seeds: &[ZIP] },
    Target {
        name: "telemetry-frames",
        run: runtime::fuzz::fuzz_telemetry,
        seeds: &[b"\xa5\x5a\x00\x03\x00\x00\x00\x05hello"],
    },
    Target {
        name: "dns-questions",
        run: runtime::fuzz::fuzz_questions,
        seeds: &[b"\xab\xcd\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x03sqs\x09amazonaws\x03com\x00\x00\x01\x00\x01"],
    },
    Target { name: "channel-frames", run: runtime::fuzz::fuzz_frames, seeds: &[] },
    Target {
        name: "runtime-api-routes",
        run: runtime::fuzz::fuzz_routes,
        seeds: &[b"GET /2018-06-01/runtime/invocation/next", b"POST /2018-06-01/runtime/invocation/1-2/response"],
    },
];
