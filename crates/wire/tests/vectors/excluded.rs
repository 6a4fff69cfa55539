//! The vectors that do not apply to a server, each with its reason.

/// No more than these may ever be left out.
pub const MAX: usize = 70;

/// File, reason, cases.
pub const EXCLUDED: &[(&str, &str, &[&str])] = &[
    (
        "input/json",
        GZIP,
        &["SDKAppliedContentEncoding_awsJson1_1", "SDKAppendsGzipAndIgnoresHttpProvidedEncoding_awsJson1_1"],
    ),
    (
        "input/json_1_0",
        GZIP,
        &["SDKAppliedContentEncoding_awsJson1_0", "SDKAppendsGzipAndIgnoresHttpProvidedEncoding_awsJson1_0"],
    ),
    (
        "input/query",
        GZIP,
        &["SDKAppliedContentEncoding_awsQuery", "SDKAppendsGzipAndIgnoresHttpProvidedEncoding_awsQuery"],
    ),
    (
        "input/rest-json",
        GZIP,
        &["SDKAppliedContentEncoding_restJson1", "SDKAppendedGzipAfterProvidedEncoding_restJson1"],
    ),
    ("input/rest-xml", GZIP, &["SDKAppliedContentEncoding_restXml", "SDKAppendedGzipAfterProvidedEncoding_restXml"]),
    ("input/query", TOKEN, &["QueryProtocolIdempotencyTokenAutoFill"]),
    ("input/rest-json", TOKEN, &["RestJsonQueryIdempotencyTokenAutoFill"]),
    ("input/rest-xml", TOKEN, &["QueryIdempotencyTokenAutoFill"]),
    ("input/query", EMPTY, &["QueryEmptyQueryMaps"]),
    (
        "input/rest-json",
        EMPTY,
        &["RestJsonHttpPrefixHeadersAreNotPresent", "RestJsonNullAndEmptyHeaders", "RestJsonOmitsEmptyListQueryValues"],
    ),
    ("input/rest-xml", EMPTY, &["HttpPrefixHeadersAreNotPresent", "NullAndEmptyHeaders"]),
    (
        "input/rest-json",
        ABSENT_PAYLOAD,
        &["RestJsonHttpWithEmptyStructurePayload", "RestJsonHttpWithHeadersButNoPayload"],
    ),
    ("input/rest-json", ENDPOINT_PATH, &["RestJsonHostWithPath"]),
    ("input/rest-json", QUERY_MAP, &["RestJsonQueryParamsStringListMap", "RestJsonQueryPrecedence"]),
    (
        "input/rest-xml",
        QUERY_MAP,
        &[
            "AllQueryStringTypes",
            "RestXmlQueryStringEscaping",
            "RestXmlSupportsNaNFloatQueryValues",
            "RestXmlSupportsInfinityFloatQueryValues",
            "RestXmlSupportsNegativeInfinityFloatQueryValues",
            "RestXmlZeroAndFalseQueryValues",
            "RestXmlQueryParamsStringListMap",
            "RestXmlQueryPrecedence",
        ],
    ),
    ("output/json", REQUEST_HEADER, &["AwsJson11IntEnums"]),
    ("output/query", OFFSET, &["AwsQueryDateTimeWithNegativeOffset", "AwsQueryDateTimeWithPositiveOffset"]),
    ("output/rest-xml", NO_BODY, &["RestXmlHttpResponseCode"]),
    ("output/rest-json", NULLS, &["RestJsonDeserializesDenseSetMapAndSkipsNull"]),
    ("output/smithy-rpc-v2-cbor", NO_ANSWER, &["RpcV2CborPayloadWithUnsetUnion"]),
    ("output/smithy-rpc-v2-cbor", NULLS, &["RpcV2CborDeserializesDenseSetMapAndSkipsNull"]),
];

const GZIP: &str =
    "client only: the SDK compresses; the edge unpacks before the wire reads, and the body shown is not packed";
const TOKEN: &str = "client only: the SDK fills the token in, so what is sent is not what the parameters say";
const EMPTY: &str = "client only: an empty collection leaves no trace in what is sent";
const ABSENT_PAYLOAD: &str = "client only: an absent structure is sent as an empty one";
const ENDPOINT_PATH: &str = "client only: the endpoint has a path of its own, which is not in the model";
const QUERY_MAP: &str = "a client's view of query maps: a server puts every parameter into the map";
const REQUEST_HEADER: &str = "the vector wants a header of requests in an answer";
const OFFSET: &str = "client only: a time with an offset, which clients must understand and we never write";
const NO_BODY: &str = "wants the type of a body that is not there; S3 sends none";
const NO_ANSWER: &str = "client only: no body where the model has an output";
const NULLS: &str = "client only: nulls that clients must drop";

/// Cases whose body is one that clients must understand and that we would write in another form: both forms must read
/// alike.
const READ_ALIKE: &[&str] = &[
    // Times with an offset.
    "AwsJson11DateTimeWithNegativeOffset",
    "AwsJson11DateTimeWithPositiveOffset",
    "RestJsonDateTimeWithNegativeOffset",
    "RestJsonDateTimeWithPositiveOffset",
    "RestXmlDateTimeWithNegativeOffset",
    "RestXmlDateTimeWithPositiveOffset",
    // An empty body where we write an empty object, and the other way round.
    "handles_empty_output_shape",
    "AwsJson10HandlesEmptyOutputShape",
    "RestJsonEmptyInputAndEmptyOutputJsonObjectOutput",
    "RestJsonGreetingWithErrorsNoPayload",
    "RestJsonHttpResponseCodeWithNoPayload",
    "RestJsonIgnoreQueryParamsInResponseNoPayload",
    "RestJsonNoInputAndOutputNoPayload",
    // Members that the model does not know, nulls, and types inside unions.
    "handles_unexpected_json_output",
    "AwsJson10HandlesUnexpectedJsonOutput",
    "AwsJson11StructuresDontDeserializeNullValues",
    "RestJsonDoesntDeserializeNullStructureValues",
    "AwsJson10DeserializeAllowNulls",
    "AwsJson11DeserializeIgnoreType",
    "AwsJson10DeserializeIgnoreType",
    "RestJsonDeserializeIgnoreType",
];

/// Errors in old forms that clients must understand and we never write (`code`, URLs in types), or with members that the
/// result does not have: a client must find the same code and the same members in our form.
const NAMED_ALIKE: &[&str] = &[
    "AwsJson11FooErrorUsingXAmznErrorType",
    "AwsJson11FooErrorUsingXAmznErrorTypeWithUri",
    "AwsJson11FooErrorUsingXAmznErrorTypeWithUriAndNamespace",
    "AwsJson11FooErrorUsingCode",
    "AwsJson11FooErrorUsingCodeAndNamespace",
    "AwsJson11FooErrorUsingCodeUriAndNamespace",
    "AwsJson11FooErrorWithDunderTypeUriAndNamespace",
    "AwsJson10FooErrorUsingXAmznErrorType",
    "AwsJson10FooErrorUsingXAmznErrorTypeWithUri",
    "AwsJson10FooErrorUsingXAmznErrorTypeWithUriAndNamespace",
    "AwsJson10FooErrorUsingCode",
    "AwsJson10FooErrorUsingCodeAndNamespace",
    "AwsJson10FooErrorUsingCodeUriAndNamespace",
    "AwsJson10FooErrorWithDunderTypeUriAndNamespace",
    "RestJsonFooErrorUsingXAmznErrorTypeWithUri",
    "RestJsonFooErrorUsingXAmznErrorTypeWithUriAndNamespace",
    "RestJsonFooErrorUsingCode",
    "RestJsonFooErrorUsingCodeAndNamespace",
    "RestJsonFooErrorUsingCodeUriAndNamespace",
    "RestJsonFooErrorWithDunderType",
    "RestJsonFooErrorWithDunderTypeAndNamespace",
    "RestJsonFooErrorWithDunderTypeUriAndNamespace",
    "ComplexError",
    "InvalidGreetingError",
];

pub fn is_named_alike(id: &str) -> bool {
    NAMED_ALIKE.contains(&id)
}

pub fn is_read_alike(id: &str) -> bool {
    READ_ALIKE.contains(&id)
}
