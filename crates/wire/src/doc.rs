use bytes::Bytes;
use kernel::Timestamp;

/// A value between the wire and the typed structs. Its form follows the shape that it was read by.
#[derive(Clone, Debug, PartialEq)]
pub enum Doc {
    Bool(bool),
    /// Integer and long.
    Int(i64),
    /// Float and double.
    Float(f64),
    /// String and enum.
    Str(String),
    Blob(Bytes),
    Time(Timestamp),
    /// A `None` is a null in a list, which only sparse lists may hold.
    List(Vec<Option<Doc>>),
    /// In the order of the wire.
    Map(Vec<(String, Option<Doc>)>),
    /// Structures and unions: one slot per member of the shape, in its order.
    Struct(Vec<Option<Doc>>),
    /// A document, or a `jsonvalue`. Boxed: it is rare, and would more than double the size of every slot.
    Json(Box<serde_json::Value>),
}

impl Doc {
    /// A structure of `members` slots, all absent.
    pub fn empty(members: usize) -> Self {
        Self::Struct(vec![None; members])
    }
}
