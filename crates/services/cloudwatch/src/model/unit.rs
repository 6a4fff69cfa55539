//! Units by their number on disk.

use api_cloudwatch::types::StandardUnit;
use wire::EnumValue;

/// In the order of the API; the number of a unit on disk is its place here. Nothing is ever put before another.
const UNITS: [&str; 27] = [
    "Seconds",
    "Microseconds",
    "Milliseconds",
    "Bytes",
    "Kilobytes",
    "Megabytes",
    "Gigabytes",
    "Terabytes",
    "Bits",
    "Kilobits",
    "Megabits",
    "Gigabits",
    "Terabits",
    "Percent",
    "Count",
    "Bytes/Second",
    "Kilobytes/Second",
    "Megabytes/Second",
    "Gigabytes/Second",
    "Terabytes/Second",
    "Bits/Second",
    "Kilobits/Second",
    "Megabits/Second",
    "Gigabits/Second",
    "Terabits/Second",
    "Count/Second",
    "None",
];

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Unit(u8);

impl Unit {
    pub(crate) const NONE: Self = Self(26);

    pub(crate) fn of_name(name: &str) -> Self {
        let found = UNITS.iter().position(|unit| *unit == name);
        found.and_then(|at| u8::try_from(at).ok()).map_or(Self::NONE, Self)
    }

    /// A value without a unit has the unit `None`.
    pub(crate) fn of(unit: Option<&StandardUnit>) -> Self {
        unit.map_or(Self::NONE, |unit| Self::of_name(unit.as_str()))
    }

    pub(crate) fn of_number(number: u64) -> Option<Self> {
        u8::try_from(number).ok().filter(|number| usize::from(*number) < UNITS.len()).map(Self)
    }

    pub(crate) fn number(self) -> u64 {
        self.0.into()
    }

    pub(crate) fn name(self) -> &'static str {
        UNITS.get(usize::from(self.0)).copied().unwrap_or("None")
    }

    pub(crate) fn standard(self) -> StandardUnit {
        StandardUnit::from_text(self.name().to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_unit_keeps_its_number() {
        for (number, name) in UNITS.iter().enumerate() {
            assert_eq!(Unit::of_name(name).number(), number as u64);
            assert_eq!(Unit::of_number(number as u64).unwrap().standard().as_str(), *name);
        }
        assert_eq!(Unit::of_number(27), None);
    }
}
