//! Moving values between [`Doc`] and the generated types.

use std::collections::BTreeMap;

use bytes::Bytes;
use kernel::Timestamp;

use crate::Doc;

/// A map of the model. Sorted by key, so that answers are the same every time.
pub type Map<T> = BTreeMap<String, T>;

/// A type that stands for a shape. A slot of the wrong form, or an absent one, gives the type's empty value: validation,
/// which ran before, has refused what may not be absent.
pub trait Shaped: Sized + Send {
    fn from_slot(slot: Option<Doc>) -> Self;
    fn into_slot(self) -> Option<Doc>;
}

impl<T: Shaped> Shaped for Option<T> {
    fn from_slot(slot: Option<Doc>) -> Self {
        slot.map(|doc| T::from_slot(Some(doc)))
    }

    fn into_slot(self) -> Option<Doc> {
        self.and_then(T::into_slot)
    }
}

impl<T: Shaped> Shaped for Box<T> {
    fn from_slot(slot: Option<Doc>) -> Self {
        Box::new(T::from_slot(slot))
    }

    fn into_slot(self) -> Option<Doc> {
        T::into_slot(*self)
    }
}

impl<T: Shaped> Shaped for Vec<T> {
    fn from_slot(slot: Option<Doc>) -> Self {
        match slot {
            Some(Doc::List(items)) => items.into_iter().map(T::from_slot).collect(),
            _ => Self::new(),
        }
    }

    fn into_slot(self) -> Option<Doc> {
        Some(Doc::List(self.into_iter().map(T::into_slot).collect()))
    }
}

impl<T: Shaped> Shaped for Map<T> {
    fn from_slot(slot: Option<Doc>) -> Self {
        match slot {
            Some(Doc::Map(entries)) => entries.into_iter().map(|(key, value)| (key, T::from_slot(value))).collect(),
            _ => Self::new(),
        }
    }

    fn into_slot(self) -> Option<Doc> {
        Some(Doc::Map(self.into_iter().map(|(key, value)| (key, value.into_slot())).collect()))
    }
}

macro_rules! scalar {
    ($type:ty, $variant:ident, $value:ident => $from:expr, $back:expr) => {
        impl Shaped for $type {
            fn from_slot(slot: Option<Doc>) -> Self {
                match slot {
                    Some(Doc::$variant($value)) => $from,
                    _ => Self::default(),
                }
            }

            fn into_slot(self) -> Option<Doc> {
                let $value = self;
                Some(Doc::$variant($back))
            }
        }
    };
}

scalar!(bool, Bool, value => value, value);
scalar!(i32, Int, value => i32::try_from(value).unwrap_or_default(), i64::from(value));
scalar!(i64, Int, value => value, value);
scalar!(f64, Float, value => value, value);
scalar!(String, Str, value => value, value);
scalar!(Bytes, Blob, value => value, value);
scalar!(Timestamp, Time, value => value, value);
scalar!(serde_json::Value, Json, value => *value, Box::new(value));

impl Shaped for f32 {
    #[allow(clippy::cast_possible_truncation)] // A float of the model is 32 bits wide.
    fn from_slot(slot: Option<Doc>) -> Self {
        match slot {
            Some(Doc::Float(value)) => value as Self,
            _ => 0.0,
        }
    }

    fn into_slot(self) -> Option<Doc> {
        Some(Doc::Float(f64::from(self)))
    }
}

/// Events leave by [`crate::Answer::events`], never in a slot.
impl<T: Send + 'static> Shaped for crate::Events<T> {
    fn from_slot(_: Option<Doc>) -> Self {
        Self::default()
    }

    fn into_slot(self) -> Option<Doc> {
        None
    }
}

/// Stands where the model has a member that is never a value: an error among an event stream's events.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NoValue;

impl Shaped for NoValue {
    fn from_slot(_: Option<Doc>) -> Self {
        Self
    }

    fn into_slot(self) -> Option<Doc> {
        None
    }
}

/// An enum of the model: its known values, and whatever else was sent.
pub trait EnumValue: Sized {
    fn from_text(text: String) -> Self;
    fn as_str(&self) -> &str;
}

/// Declares an enum of the model: known values as variants, any other text kept as it came.
#[macro_export]
macro_rules! string_enum {
    ($(#[$meta:meta])* $name:ident { $($variant:ident = $text:literal),* $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($variant,)*
            /// A value that the model does not list.
            Other(String),
        }

        impl $crate::EnumValue for $name {
            fn from_text(text: String) -> Self {
                match text.as_str() {
                    $($text => Self::$variant,)*
                    _ => Self::Other(text),
                }
            }

            fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $text,)*
                    Self::Other(text) => text,
                }
            }
        }

        impl $name {
            /// The value as it stands on the wire.
            pub fn as_str(&self) -> &str {
                $crate::EnumValue::as_str(self)
            }
        }

        impl Default for $name {
            fn default() -> Self {
                Self::Other(String::new())
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                <Self as $crate::EnumValue>::from_text(text.to_owned())
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl $crate::Shaped for $name {
            fn from_slot(slot: Option<$crate::Doc>) -> Self {
                match slot {
                    Some($crate::Doc::Str(text)) => <Self as $crate::EnumValue>::from_text(text),
                    _ => Self::default(),
                }
            }

            fn into_slot(self) -> Option<$crate::Doc> {
                Some($crate::Doc::Str(self.as_str().to_owned()))
            }
        }
    };
}

/// Moves a struct to and from its slots: the fields in the order of the model's members.
#[macro_export]
macro_rules! structure {
    ($name:ident { $($field:ident),* $(,)? }) => {
        impl $crate::Shaped for $name {
            #[allow(unused_mut, unused_variables)]
            fn from_slot(slot: Option<$crate::Doc>) -> Self {
                let mut slots = match slot {
                    Some($crate::Doc::Struct(slots)) => slots.into_iter(),
                    _ => Vec::new().into_iter(),
                };
                Self { $($field: $crate::Shaped::from_slot(slots.next().flatten()),)* }
            }

            fn into_slot(self) -> Option<$crate::Doc> {
                Some($crate::Doc::Struct(vec![$($crate::Shaped::into_slot(self.$field),)*]))
            }
        }
    };
}

/// Moves a union to and from its slots: the variants in the order of the model's members.
#[macro_export]
macro_rules! union {
    ($name:ident { $($variant:ident),* $(,)? }) => {
        impl $crate::Shaped for $name {
            fn from_slot(slot: Option<$crate::Doc>) -> Self {
                let mut slots = match slot {
                    Some($crate::Doc::Struct(slots)) => slots.into_iter(),
                    _ => Vec::new().into_iter(),
                };
                $(if let Some(Some(doc)) = slots.next() {
                    return Self::$variant($crate::Shaped::from_slot(Some(doc)));
                })*
                Self::Unset
            }

            fn into_slot(self) -> Option<$crate::Doc> {
                let names = [$(stringify!($variant)),*];
                let (name, value) = match self {
                    $(Self::$variant(value) => (stringify!($variant), $crate::Shaped::into_slot(value)),)*
                    Self::Unset => return None,
                };
                let slots = names.iter().map(|n| if *n == name { value.clone() } else { None });
                Some($crate::Doc::Struct(slots.collect()))
            }
        }
    };
}
