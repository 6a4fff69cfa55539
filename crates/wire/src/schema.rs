//! The tables: what `models/*.api` say, as constants. Generated code fills them; the vector tests build them at run time.

/// The index of a shape in its model's table.
pub type ShapeId = u16;
/// The index of an operation in its model's table.
pub type OperationId = u16;

/// Everything that the codecs need to know about one service.
#[derive(Debug)]
pub struct Model {
    pub endpoint: Endpoint,
    pub shapes: &'static [Shape],
    pub operations: &'static [Operation],
    pub errors: &'static [crate::ErrorFacts],
    /// Operations that AWS has and this build does not serve: they answer an honest 501. Sorted by name; those of REST
    /// services have method and path after it: `GetLayerVersion GET /2018-10-31/layers/{LayerName}`.
    pub unserved: &'static [&'static str],
}

/// How the service is reached and how it words its errors.
#[derive(Debug)]
pub struct Endpoint {
    /// The room's name: `lambda`, `logs`, `sqs`.
    pub service: &'static str,
    /// As in `sdkId`: `CloudWatch Logs`.
    pub sdk_id: &'static str,
    pub api_version: &'static str,
    /// The name in a credential scope.
    pub signing_name: &'static str,
    /// The first label of the service's host names.
    pub endpoint_prefix: &'static str,
    /// `X-Amz-Target` before the dot, also the service name in rpcv2Cbor paths.
    pub target_prefix: &'static str,
    pub protocols: &'static [Protocol],
    pub xml_namespace: &'static str,
    pub error_style: ErrorStyle,
}

/// A protocol that the service answers. The first of the list is what today's SDKs send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Protocol {
    pub kind: ProtocolKind,
    /// awsJson and rpcv2Cbor beside awsQuery: `x-amzn-query-error` is sent.
    pub query_compatible: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProtocolKind {
    AwsJson10,
    AwsJson11,
    AwsQuery,
    RestJson1,
    RestXml,
    RpcV2Cbor,
    /// `application/x-amz-cbor-1.1`, as the Java SDK speaks to Kinesis: awsJson's targets and errors, CBOR bodies.
    AwsCbor11,
}

/// How a service words and shapes errors where services differ.
#[derive(Clone, Copy, Debug)]
pub struct ErrorStyle {
    /// Before the code in `__type`, e.g. `com.amazonaws.sqs#`; empty for a bare code.
    pub namespace: &'static str,
    /// Before framework errors (`UnknownOperationException`, `SerializationException`): `com.amazon.coral.service#` or empty.
    pub framework_namespace: &'static str,
    /// The code of constraint violations: `ValidationException`, `ValidationError`, `InvalidParameterException`.
    pub validation_code: &'static str,
    /// Before `validation_code` in `__type`, e.g. `com.amazon.coral.validate#`.
    pub validation_namespace: &'static str,
    /// `Message` or `message` for errors that have no shape.
    pub message_member: &'static str,
    /// `x-amz-crc32` on every answer (DynamoDB).
    pub crc32: bool,
    pub request_id: RequestIdStyle,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestIdStyle {
    /// `x-amzn-requestid`, a UUID.
    Uuid,
    /// `x-amzn-requestid`, 52 characters of base32 (DynamoDB, Kinesis).
    Base32,
    /// `x-amz-request-id`, 16 hexadecimal digits, and `x-amz-id-2` (S3).
    S3,
}

#[derive(Debug)]
pub struct Operation {
    pub name: &'static str,
    pub method: &'static str,
    /// `/2015-03-31/functions/{FunctionName}/invocations`, with `{Key+}` for greedy labels and `?literal` queries.
    pub uri: &'static str,
    /// The HTTP status of success.
    pub status: u16,
    pub input: Option<ShapeId>,
    pub output: Option<ShapeId>,
    /// awsQuery: the element around the result, e.g. `GetRoleResult`; empty when the body has none.
    pub result_wrapper: &'static str,
    /// Indexes into `Model::errors`.
    pub errors: &'static [u16],
    /// The first label before the host (`streaming-` of StartLiveTail).
    pub host_prefix: &'static str,
    /// The body must carry a checksum header (S3).
    pub checksum_required: bool,
}

#[derive(Debug)]
pub struct Shape {
    pub name: &'static str,
    pub kind: Kind,
    /// Length of strings, lists, maps, blobs; value of numbers.
    pub min: Option<i64>,
    pub max: Option<i64>,
    pub pattern: Option<&'static str>,
    /// Its value is never shown in messages.
    pub sensitive: bool,
}

#[derive(Debug)]
pub enum Kind {
    Boolean,
    Integer,
    Long,
    Float,
    Double,
    String,
    /// Values in the order in which AWS's messages list them.
    Enum(&'static [&'static str]),
    Blob,
    /// A blob that is never held whole (`streaming` in the model).
    Stream,
    Timestamp(TimestampFormat),
    List(&'static Member),
    /// Key, value.
    Map(&'static Member, &'static Member),
    Structure(&'static [Member]),
    /// Exactly one member is set.
    Union(&'static [Member]),
    /// Any JSON.
    Document,
}

/// How a timestamp stands on the wire; `Default` leaves it to the protocol and the place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimestampFormat {
    Default,
    Epoch,
    Iso8601,
    HttpDate,
}

/// A member of a structure, or of a list or map (`member`, `key`, `value`).
#[derive(Debug)]
pub struct Member {
    /// As in the model: `FunctionName`.
    pub name: &'static str,
    pub shape: ShapeId,
    /// On the wire: `locationName` where the model has one, else the name.
    pub wire_name: &'static str,
    /// awsQuery, where it differs from what the rules make of `wire_name`.
    pub query_name: Option<&'static str>,
    pub location: Location,
    pub required: bool,
    /// Lists and maps without a wrapping element (`flattened`).
    pub flat: bool,
    pub xml_attribute: bool,
    /// `uri`, or `prefix=uri`.
    pub xml_namespace: Option<&'static str>,
    /// Overrides the shape's format.
    pub timestamp: TimestampFormat,
    /// A JSON document in a header or string (`jsonvalue`).
    pub json_value: bool,
    /// The event payload of an event stream (`eventpayload`) or its header (`eventheader`).
    pub event: EventPlace,
    /// The member is an event stream.
    pub event_stream: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventPlace {
    None,
    Payload,
    Header,
}

/// Where a member of an input or output stands in HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Location {
    Body,
    Header,
    /// All headers with this prefix, as a map.
    Prefix,
    Uri,
    /// One query parameter, or for a map all of them.
    Query,
    Status,
    /// The whole body.
    Payload,
}

/// A member with nothing special: the base that generated tables start from.
pub const MEMBER: Member = Member {
    name: "",
    shape: 0,
    wire_name: "",
    query_name: None,
    location: Location::Body,
    required: false,
    flat: false,
    xml_attribute: false,
    xml_namespace: None,
    timestamp: TimestampFormat::Default,
    json_value: false,
    event: EventPlace::None,
    event_stream: false,
};

/// A shape with no constraints.
pub const SHAPE: Shape = Shape { name: "", kind: Kind::String, min: None, max: None, pattern: None, sensitive: false };

impl Shape {
    /// The items of a list; none for every other shape.
    pub fn list_item(&self) -> Option<&'static Member> {
        match self.kind {
            Kind::List(item) => Some(item),
            _ => None,
        }
    }
}

impl Model {
    /// A service without anything.
    pub(crate) const EMPTY: Self = Self {
        endpoint: Endpoint {
            service: "",
            sdk_id: "",
            api_version: "",
            signing_name: "",
            endpoint_prefix: "",
            target_prefix: "",
            protocols: &[],
            xml_namespace: "",
            error_style: ErrorStyle {
                namespace: "",
                framework_namespace: "",
                validation_code: "ValidationException",
                validation_namespace: "",
                message_member: "message",
                crc32: false,
                request_id: RequestIdStyle::Uuid,
            },
        },
        shapes: &[],
        operations: &[],
        errors: &[],
        unserved: &[],
    };

    pub fn shape(&self, id: ShapeId) -> &'static Shape {
        &self.shapes[usize::from(id)]
    }

    /// The members of a structure or union; none for every other shape.
    pub fn members(&self, id: ShapeId) -> &'static [Member] {
        match self.shape(id).kind {
            Kind::Structure(members) | Kind::Union(members) => members,
            _ => &[],
        }
    }

    pub fn operation(&self, id: OperationId) -> &'static Operation {
        &self.operations[usize::from(id)]
    }

    pub fn find_operation(&self, name: &str) -> Option<OperationId> {
        let at = self.operations.iter().position(|o| o.name == name)?;
        OperationId::try_from(at).ok()
    }

    /// Whether AWS has an operation of this name that is not served here.
    pub fn is_unserved(&self, name: &str) -> bool {
        self.unserved.binary_search_by_key(&name, |entry| entry.split(' ').next().unwrap_or_default()).is_ok()
    }
}
