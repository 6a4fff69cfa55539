/// The domains whose names mean AWS: a host below one of them is ours, wherever it is asked for.
pub const AWS_SUFFIXES: [&str; 4] = ["amazonaws.com", "on.aws", "api.aws", "localhost.localstack.cloud"];

/// The part of `host` before an AWS suffix, without the dot: `sqs.us-east-1.amazonaws.com` → `sqs.us-east-1`.
/// The suffix itself gives the empty string, any other host `None`. Case counts for nothing.
pub fn strip_aws_suffix(host: &str) -> Option<&str> {
    AWS_SUFFIXES.iter().find_map(|suffix| {
        let cut = host.len().checked_sub(suffix.len())?;
        if !host.is_char_boundary(cut) || !host[cut..].eq_ignore_ascii_case(suffix) {
            return None;
        }
        match &host[..cut] {
            "" => Some(""),
            before => before.strip_suffix('.'),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_below_a_suffix_are_aws() {
        assert_eq!(strip_aws_suffix("sqs.us-east-1.amazonaws.com"), Some("sqs.us-east-1"));
        assert_eq!(strip_aws_suffix("S3.LocalHost.localstack.cloud"), Some("S3"));
        assert_eq!(strip_aws_suffix("on.aws"), Some(""));
        assert_eq!(strip_aws_suffix("evil-amazonaws.com"), None);
        assert_eq!(strip_aws_suffix("amazonaws.com.evil.org"), None);
        assert_eq!(strip_aws_suffix(""), None);
    }
}
