//! Answers to DNS questions. Pure.
//!
//! Source: RFC 1035, sections 4 (messages) and 2.3.4 (sizes); RFC 2308, section 2.2 (a name without the type that was asked
//! for is an answer without records).

use std::net::Ipv4Addr;
use std::sync::Arc;

use kernel::strip_aws_suffix;

const HEADER: usize = 12;
const LABEL_BYTES_MAX: usize = 63;
const NAME_BYTES_MAX: usize = 255;
const TYPE_A: u16 = 1;
const TYPE_ANY: u16 = 255;
const CLASS_IN: u16 = 1;
/// Seconds for which an answer holds. Nothing ever changes it.
const TTL: u32 = 60;
/// Where the question's name begins, as a compressed name.
const POINTER_TO_QUESTION: u16 = 0xc000 | 12;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Code {
    NoError = 0,
    FormatError = 1,
    NoSuchName = 3,
    NotImplemented = 4,
    Refused = 5,
}

/// The names that there are.
#[derive(Clone, Debug)]
pub struct Names {
    /// Where AWS's names lead, and the server's own.
    pub platform: Ipv4Addr,
    /// Hosts that are the server's beside AWS's; those below them are too.
    pub own: Arc<[String]>,
}

impl Names {
    fn address(&self, name: &str) -> Option<Ipv4Addr> {
        if strip_aws_suffix(name).is_some() || self.own.iter().any(|own| is_at_or_below(name, own)) {
            return Some(self.platform);
        }
        // Names below it are itself too. Source: RFC 6761, section 6.3.
        is_at_or_below(name, "localhost").then_some(Ipv4Addr::LOCALHOST)
    }
}

fn is_at_or_below(name: &str, domain: &str) -> bool {
    let Some(cut) = name.len().checked_sub(domain.len()) else { return false };
    let ends = name.get(cut..).is_some_and(|end| end.eq_ignore_ascii_case(domain));
    ends && (cut == 0 || name[..cut].ends_with('.'))
}

/// The answer to a message, `None` where none is due: to what is no question, or too short to be answered.
pub fn answer(message: &[u8], names: &Names) -> Option<Vec<u8>> {
    let header = message.get(..HEADER)?;
    let flags = number(header, 2)?;
    let is_answer = flags & 0x8000 != 0;
    if is_answer {
        return None;
    }
    let (code, question, record) = match read(message) {
        Ok(question) => {
            let (code, record) = look_up(&question, names);
            (code, question.bytes, record)
        }
        Err(code) => (code, &[][..], None),
    };
    let mut out = Vec::with_capacity(HEADER + question.len() + 16);
    out.extend_from_slice(&header[..2]);
    // An answer with authority, recursion as it was asked for, and available.
    let flags = 0x8000 | (flags & 0x7800) | 0x0400 | (flags & 0x0100) | 0x0080 | code as u16;
    for number in [flags, u16::from(!question.is_empty()), u16::from(record.is_some()), 0, 0] {
        out.extend_from_slice(&number.to_be_bytes());
    }
    out.extend_from_slice(question);
    if let Some(address) = record {
        for number in [POINTER_TO_QUESTION, TYPE_A, CLASS_IN] {
            out.extend_from_slice(&number.to_be_bytes());
        }
        out.extend_from_slice(&TTL.to_be_bytes());
        out.extend_from_slice(&4_u16.to_be_bytes());
        out.extend_from_slice(&address.octets());
    }
    Some(out)
}

struct Question<'a> {
    name: String,
    kind: u16,
    class: u16,
    /// As it came.
    bytes: &'a [u8],
}

fn look_up(question: &Question<'_>, names: &Names) -> (Code, Option<Ipv4Addr>) {
    if question.class != CLASS_IN {
        return (Code::Refused, None);
    }
    let Some(address) = names.address(&question.name) else { return (Code::NoSuchName, None) };
    (Code::NoError, [TYPE_A, TYPE_ANY].contains(&question.kind).then_some(address))
}

/// The one question of a message. What follows it (EDNS) says nothing that counts here.
fn read(message: &[u8]) -> Result<Question<'_>, Code> {
    let part = |at: usize| number(message, at).ok_or(Code::FormatError);
    if part(2)? & 0x7800 != 0 {
        return Err(Code::NotImplemented);
    }
    if part(4)? != 1 {
        return Err(Code::FormatError);
    }
    let (mut at, mut name) = (HEADER, String::new());
    loop {
        let length = usize::from(*message.get(at).ok_or(Code::FormatError)?);
        at += 1;
        if length == 0 {
            break;
        }
        // Larger ones are pointers, and there is nothing yet to point to.
        if length > LABEL_BYTES_MAX || name.len() + length >= NAME_BYTES_MAX {
            return Err(Code::FormatError);
        }
        let label = message.get(at..at + length).ok_or(Code::FormatError)?;
        if !name.is_empty() {
            name.push('.');
        }
        name.push_str(&String::from_utf8_lossy(label));
        at += length;
    }
    let (kind, class) = (part(at)?, part(at + 2)?);
    let bytes = message.get(HEADER..at + 4).ok_or(Code::FormatError)?;
    Ok(Question { name, kind, class, bytes })
}

fn number(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

/// Any bytes are answered with what begins as they do and is an answer, or not at all.
#[doc(hidden)]
pub fn fuzz_questions(data: &[u8]) {
    let names = Names { platform: Ipv4Addr::new(169, 254, 100, 1), own: Arc::from([]) };
    if let Some(answered) = answer(data, &names) {
        assert_eq!(answered[..2], data[..2]);
        assert!(answered[2] & 0x80 != 0 && answered.len() <= HEADER + NAME_BYTES_MAX + 2 + 4 + 16);
        assert_eq!(answer(&answered, &names), None, "an answer is never answered");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLATFORM: Ipv4Addr = Ipv4Addr::new(169, 254, 100, 1);

    fn names() -> Names {
        Names { platform: PLATFORM, own: Arc::from(["aws.test".to_owned()]) }
    }

    fn question(name: &str, kind: u16) -> Vec<u8> {
        let mut message = vec![0xab, 0xcd, 0x01, 0x00, 0, 1, 0, 0, 0, 0, 0, 0];
        for label in name.split('.') {
            message.push(label.len() as u8);
            message.extend_from_slice(label.as_bytes());
        }
        message.push(0);
        message.extend_from_slice(&kind.to_be_bytes());
        message.extend_from_slice(&CLASS_IN.to_be_bytes());
        message
    }

    /// Code, count of records, and the last four bytes.
    fn asked(message: &[u8]) -> (u8, u8, [u8; 4]) {
        let answered = answer(message, &names()).unwrap();
        assert_eq!(answered[..2], message[..2]);
        (answered[3] & 0xf, answered[7], answered[answered.len() - 4..].try_into().unwrap())
    }

    #[test]
    fn aws_names_are_the_platform_and_localhost_is_itself() {
        for name in [
            "sqs.us-east-1.amazonaws.com",
            "S3.AmazonAWS.com",
            "x.lambda-url.us-east-1.on.aws",
            "aws.test",
            "x.AWS.test",
        ] {
            assert_eq!(asked(&question(name, TYPE_A)), (0, 1, PLATFORM.octets()), "{name}");
        }
        for name in ["localhost", "x.lambda-url.us-east-1.LocalHost"] {
            assert_eq!(asked(&question(name, TYPE_A)), (0, 1, [127, 0, 0, 1]), "{name}");
        }
    }

    #[test]
    fn there_is_no_other_name_and_no_other_address() {
        for name in ["example.com", "amazonaws.com.evil.org", "evil-amazonaws.com", "notlocalhost", "evilaws.test"] {
            assert_eq!(asked(&question(name, TYPE_A)).0, 3, "{name}");
        }
        let ipv6 = 28;
        let (code, records, _) = asked(&question("sqs.us-east-1.amazonaws.com", ipv6));
        assert_eq!((code, records), (0, 0));
    }

    #[test]
    fn what_is_asked_after_the_question_counts_for_nothing() {
        let mut edns = question("sts.amazonaws.com", TYPE_A);
        edns[11] = 1;
        edns.extend_from_slice(&[0, 0, 41, 0x10, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(asked(&edns), (0, 1, PLATFORM.octets()));
    }

    #[test]
    fn what_is_no_question_is_refused_or_ignored() {
        assert_eq!(answer(&[0; 11], &names()), None);
        assert_eq!(asked(&[0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]).0, 1);
        let mut pointing = question("a.b", TYPE_A);
        pointing[12] = 0xc0;
        assert_eq!(asked(&pointing).0, 1);
        let mut status = question("a.b", TYPE_A);
        status[2] |= 2 << 3;
        assert_eq!(asked(&status).0, 4);
    }
}
