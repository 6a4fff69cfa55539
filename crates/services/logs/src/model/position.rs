//! Where an event stands in its log group, and the numbers that AWS shows for it.

/// Orders the events of a log group: by their time, then by their arrival.
///
/// As a number it is AWS's event id, whose upper bits are the timestamp; so are the numbers in page tokens.
/// Units: times in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Position {
    /// 48 bits.
    pub timestamp: u64,
    /// 48 bits.
    pub ingestion: u64,
    pub stream: u32,
    /// Of the PutLogEvents call, counted within the stream; 40 bits.
    pub sequence: u64,
    /// Of the event within its call; 24 bits.
    pub index: u32,
}

const TIME_MAX: u64 = (1 << 48) - 1;
const SEQUENCE_MAX: u64 = (1 << 40) - 1;
const INDEX_MAX: u32 = (1 << 24) - 1;
const BILLION: u64 = 1_000_000_000;
/// Digits of an event id of our time.
const DIGITS: usize = 56;

impl Position {
    /// Before every event of this time, after every event of an earlier one. Times that are out of range are cut.
    pub(crate) fn start_of(timestamp: i64) -> Self {
        Self { timestamp: u64::try_from(timestamp).unwrap_or(0).min(TIME_MAX), ..Self::default() }
    }

    /// The event id: 56 decimal digits.
    pub(crate) fn id(self) -> String {
        let mut limbs = self.limbs();
        let mut groups = Vec::with_capacity(7);
        while limbs.iter().any(|limb| *limb != 0) {
            let mut remainder = 0u64;
            for limb in &mut limbs {
                let value = (remainder << 32) | u64::from(*limb);
                *limb = low32(value / BILLION);
                remainder = value % BILLION;
            }
            groups.push(remainder);
        }
        let digits: String = groups.iter().rev().map(|group| format!("{group:09}")).collect();
        format!("{:0>DIGITS$}", digits.trim_start_matches('0'))
    }

    /// Reads an event id. `None` for anything else.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if text.is_empty() || text.len() > 58 {
            return None;
        }
        let mut limbs = [0u32; 6];
        for digit in text.bytes() {
            let mut carry = u64::from(digit.checked_sub(b'0').filter(|digit| *digit < 10)?);
            for limb in limbs.iter_mut().rev() {
                let value = u64::from(*limb) * 10 + carry;
                *limb = low32(value);
                carry = value >> 32;
            }
            if carry != 0 {
                return None;
            }
        }
        let [a, b, c, d, e, f] = limbs.map(u64::from);
        Some(Self {
            timestamp: (a << 16) | (b >> 16),
            ingestion: ((b & 0xFFFF) << 32) | c,
            stream: low32(d),
            sequence: (e << 8) | (f >> 24),
            index: low32(f & u64::from(INDEX_MAX)),
        })
    }

    /// 192 bits, most significant first.
    fn limbs(self) -> [u32; 6] {
        let timestamp = self.timestamp.min(TIME_MAX);
        let ingestion = self.ingestion.min(TIME_MAX);
        let sequence = self.sequence.min(SEQUENCE_MAX);
        [
            low32(timestamp >> 16),
            low32(((timestamp & 0xFFFF) << 16) | (ingestion >> 32)),
            low32(ingestion),
            self.stream,
            low32(sequence >> 8),
            low32(((sequence & 0xFF) << 24) | u64::from(self.index.min(INDEX_MAX))),
        ]
    }
}

#[allow(clippy::cast_possible_truncation)] // The lower half is what is wanted.
fn low32(value: u64) -> u32 {
    value as u32
}

/// A token of GetLogEvents: `f/<number>/s` reads on towards newer events, `b/<number>/s` towards older ones.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Token {
    Forward(Position),
    Backward(Position),
}

impl Token {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (direction, rest) = text.split_once('/')?;
        let position = Position::parse(rest.strip_suffix("/s")?)?;
        match direction {
            "f" => Some(Self::Forward(position)),
            "b" => Some(Self::Backward(position)),
            _ => None,
        }
    }
}

impl std::fmt::Display for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Forward(position) => write!(f, "f/{}/s", position.id()),
            Self::Backward(position) => write!(f, "b/{}/s", position.id()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn position() -> impl Strategy<Value = Position> {
        (0..=TIME_MAX, 0..=TIME_MAX, any::<u32>(), 0..=SEQUENCE_MAX, 0..=INDEX_MAX).prop_map(
            |(timestamp, ingestion, stream, sequence, index)| Position {
                timestamp,
                ingestion,
                stream,
                sequence,
                index,
            },
        )
    }

    #[test]
    fn an_id_begins_as_those_of_aws_do() {
        // AWS's documentation shows an event of 2014-03-28T19:36:18.988Z with this id.
        let known = Position::parse("31132629274945519779805322857203735586714454643391594505").unwrap();
        assert_eq!(known.timestamp, 1_396_035_378_988);
        assert_eq!(known.id(), "31132629274945519779805322857203735586714454643391594505");
        assert_eq!(Position::default().id(), "0".repeat(56));
    }

    #[test]
    fn what_is_no_token_is_refused() {
        for bad in ["", "invalid-token", "f/", "f//s", "f/12x/s", "f/1/e", "x/1/s", "f/-1/s", "b/1"] {
            assert_eq!(Token::parse(bad), None, "{bad}");
        }
        assert_eq!(Token::parse(&format!("f/{}/s", "9".repeat(58))), None);
    }

    proptest! {
        #[test]
        fn ids_read_back_and_sort_as_their_positions(a in position(), b in position()) {
            prop_assert_eq!(Position::parse(&a.id()), Some(a));
            let number = |p: Position| format!("{:0>58}", p.id());
            prop_assert_eq!(number(a).cmp(&number(b)), a.cmp(&b));
            prop_assert_eq!(Token::parse(&Token::Backward(a).to_string()), Some(Token::Backward(a)));
        }

        #[test]
        fn any_text_is_read_without_a_panic(text in "\\PC{0,70}") {
            let _ = Token::parse(&text);
        }
    }
}
