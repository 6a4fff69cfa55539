//! The facts of an AWS API: names, types, constraints, bindings, errors. `botocore` reads them from botocore's JSON, `text`
//! keeps them as reviewable lines in `models/*.api`, `overlay` adds what botocore has lost.

pub mod botocore;
pub mod overlay;
pub mod text;

/// One service.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts {
    pub service: Service,
    pub operations: Vec<Operation>,
    /// Sorted by name.
    pub shapes: Vec<Shape>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Service {
    pub name: String,
    pub api_version: String,
    pub sdk_id: String,
    pub signing_name: String,
    pub endpoint_prefix: String,
    pub target_prefix: String,
    pub xml_namespace: String,
    /// `json1.0`, `json1.1`, `query`, `rest-json`, `rest-xml`, `cbor`; the first is what today's SDKs send.
    pub protocols: Vec<String>,
    pub query_compatible: bool,
    /// From the overlay's `style` lines.
    pub style: Style,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Style {
    pub namespace: String,
    pub framework_namespace: String,
    pub validation_code: String,
    pub validation_namespace: String,
    pub message_member: String,
    pub crc32: bool,
    pub request_id: String,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Operation {
    pub name: String,
    pub method: String,
    pub uri: String,
    pub status: u16,
    pub input: Option<String>,
    pub output: Option<String>,
    pub result_wrapper: String,
    pub errors: Vec<String>,
    pub host_prefix: String,
    pub checksum_required: bool,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Shape {
    pub name: String,
    pub kind: Kind,
    pub min: Option<i64>,
    pub max: Option<i64>,
    pub pattern: Option<String>,
    pub sensitive: bool,
    /// An enum that the service checks itself: from the overlay.
    pub open: bool,
    /// Set for errors.
    pub error: Option<ErrorFacts>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct ErrorFacts {
    pub code: String,
    pub status: u16,
    pub server_fault: bool,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub enum Kind {
    Boolean,
    Integer,
    Long,
    Float,
    Double,
    #[default]
    String,
    Enum(Vec<String>),
    Blob,
    Stream,
    /// `epoch`, `iso`, `http` or empty.
    Timestamp(String),
    List(Box<Member>),
    Map(Box<Member>, Box<Member>),
    Structure(Vec<Member>),
    Union(Vec<Member>),
    Document,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Member {
    pub name: String,
    pub shape: String,
    pub wire_name: Option<String>,
    pub query_name: Option<String>,
    /// `header`, `prefix`, `uri`, `query`, `status`, `payload` or empty.
    pub location: String,
    pub required: bool,
    pub flat: bool,
    pub xml_attribute: bool,
    pub xml_namespace: Option<String>,
    pub timestamp: String,
    pub json_value: bool,
    /// `payload`, `header` or empty.
    pub event: String,
    pub event_stream: bool,
}

impl Facts {
    pub fn shape(&self, name: &str) -> Option<&Shape> {
        self.shapes.binary_search_by(|s| s.name.as_str().cmp(name)).ok().map(|at| &self.shapes[at])
    }
}

impl Kind {
    pub fn members(&self) -> &[Member] {
        match self {
            Self::Structure(members) | Self::Union(members) => members,
            _ => &[],
        }
    }
}
