//! From JSON to a checked policy.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::{
    Condition, Context, Effect, Element, MalformedPolicy as Malformed, Operator, Pattern, Policy, PolicyKind,
    PrincipalPattern, Statement, Version,
};

impl Policy {
    /// Reads a policy's text.
    /// Errors: [`Malformed`], the first that IAM would name.
    pub fn parse(text: &str, kind: PolicyKind) -> Result<Self, Malformed> {
        let invalid = if kind == PolicyKind::Trust { Malformed::InvalidJson } else { Malformed::Syntax };
        let value: Value = serde_json::from_str(text).map_err(|_| invalid.clone())?;
        let Value::Object(document) = value else { return Err(invalid) };
        only(&document, &["Version", "Id", "Statement"])?;
        let version = match document.get("Version") {
            None => Version::V2008,
            Some(version) => match version.as_str() {
                Some("2008-10-17") => Version::V2008,
                Some("2012-10-17") => Version::V2012,
                _ => return Err(Malformed::Syntax),
            },
        };
        let id = text_member(&document, "Id")?;
        let statements = match document.get("Statement") {
            Some(Value::Array(items)) if !items.is_empty() => items.iter().collect(),
            Some(one @ Value::Object(_)) => vec![one],
            _ => return Err(Malformed::Syntax),
        };
        let statements =
            statements.into_iter().map(|item| statement(item, version, kind)).collect::<Result<Vec<_>, _>>()?;
        check_sids(&statements, kind)?;
        Ok(Self { version, id, statements })
    }
}

fn only(object: &Map<String, Value>, known: &[&str]) -> Result<(), Malformed> {
    let unknown = object.keys().any(|key| !known.contains(&key.as_str()));
    if unknown { Err(Malformed::Syntax) } else { Ok(()) }
}

fn text_member(object: &Map<String, Value>, name: &str) -> Result<Option<String>, Malformed> {
    match object.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(Malformed::Syntax),
    }
}

fn check_sids(statements: &[Statement], kind: PolicyKind) -> Result<(), Malformed> {
    let mut seen = BTreeSet::new();
    for sid in statements.iter().filter_map(|statement| statement.sid.as_deref()) {
        // Policies of other resources (S3, KMS) take any text.
        if kind != PolicyKind::Resource && !sid.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return Err(Malformed::SidNotAlphanumeric);
        }
        if !sid.is_empty() && !seen.insert(sid) {
            return Err(Malformed::SidNotUnique);
        }
    }
    Ok(())
}

const STATEMENT_MEMBERS: [&str; 9] =
    ["Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"];

fn statement(value: &Value, version: Version, kind: PolicyKind) -> Result<Statement, Malformed> {
    let Value::Object(object) = value else { return Err(Malformed::Syntax) };
    only(object, &STATEMENT_MEMBERS)?;
    let effect = match object.get("Effect").and_then(Value::as_str) {
        Some("Allow") => Effect::Allow,
        Some("Deny") => Effect::Deny,
        _ => return Err(Malformed::Syntax),
    };
    Ok(Statement {
        sid: text_member(object, "Sid")?,
        effect,
        principals: principals(object, kind)?,
        actions: actions(object, kind)?,
        resources: resources(object, version, kind)?,
        conditions: conditions(object.get("Condition"), version)?,
    })
}

/// Reads `name` or `Not…name`, which exclude each other, each a text or a list of texts.
fn element(object: &Map<String, Value>, name: &str) -> Result<Element<String>, Malformed> {
    match (object.get(name), object.get(&format!("Not{name}"))) {
        (None, None) => Ok(Element::Unstated),
        (Some(value), None) => Ok(Element::AnyOf(texts(value)?)),
        (None, Some(value)) => Ok(Element::NoneOf(texts(value)?)),
        (Some(_), Some(_)) => Err(Malformed::Syntax),
    }
}

fn texts(value: &Value) -> Result<Vec<String>, Malformed> {
    match value {
        Value::String(text) => Ok(vec![text.clone()]),
        Value::Array(items) => {
            items.iter().map(|item| item.as_str().map(str::to_owned).ok_or(Malformed::Syntax)).collect()
        }
        _ => Err(Malformed::Syntax),
    }
}

impl Element<String> {
    fn try_map<T>(self, read: impl Fn(&str) -> Result<T, Malformed>) -> Result<Element<T>, Malformed> {
        let all = |items: Vec<String>| items.iter().map(|item| read(item)).collect::<Result<Vec<T>, _>>();
        Ok(match self {
            Self::Unstated => Element::Unstated,
            Self::AnyOf(items) => Element::AnyOf(all(items)?),
            Self::NoneOf(items) => Element::NoneOf(all(items)?),
        })
    }

    fn is_empty(&self) -> bool {
        match self {
            Self::Unstated => true,
            Self::AnyOf(items) | Self::NoneOf(items) => items.is_empty(),
        }
    }
}

fn actions(object: &Map<String, Value>, kind: PolicyKind) -> Result<Element<Pattern>, Malformed> {
    let element = element(object, "Action")?;
    if element.is_empty() {
        return Err(if kind == PolicyKind::Trust { Malformed::NoTrustedActions } else { Malformed::NoActions });
    }
    element.try_map(|action| {
        check_action(action)?;
        // Variables stand for nothing in an action.
        let pattern = Pattern::new(action, Version::V2008);
        if kind == PolicyKind::Trust && !is_for_trust(&pattern) {
            return Err(Malformed::NotAnAssumeRoleAction);
        }
        Ok(pattern)
    })
}

fn check_action(action: &str) -> Result<(), Malformed> {
    if action == "*" {
        return Ok(());
    }
    let (vendor, name) = action.split_once(':').ok_or(Malformed::ActionWithoutVendor)?;
    if vendor.is_empty() || !vendor.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
        return Err(Malformed::InvalidVendor(vendor.to_owned()));
    }
    if name.contains(':') { Err(Malformed::ActionWithTwoColons) } else { Ok(()) }
}

/// Whether an action of a trust policy stands for one that trust policies are asked about.
fn is_for_trust(action: &Pattern) -> bool {
    const ASKED: [&str; 6] = [
        "sts:AssumeRole",
        "sts:AssumeRoleWithSAML",
        "sts:AssumeRoleWithWebIdentity",
        "sts:SetContext",
        "sts:SetSourceIdentity",
        "sts:TagSession",
    ];
    action.as_str() != "*" && ASKED.iter().any(|asked| action.is_like_ignoring_case(asked, &Context::default()))
}

fn resources(object: &Map<String, Value>, version: Version, kind: PolicyKind) -> Result<Element<Pattern>, Malformed> {
    let element = element(object, "Resource")?;
    match kind {
        PolicyKind::Trust if !matches!(element, Element::Unstated) => return Err(Malformed::ResourceInTrustPolicy),
        PolicyKind::Identity if element.is_empty() => return Err(Malformed::NoResources),
        _ => {}
    }
    element.try_map(|resource| {
        if kind == PolicyKind::Identity && resource != "*" {
            if !resource.starts_with("arn:") && !resource.starts_with('*') {
                return Err(Malformed::ResourceNotArn(resource.to_owned()));
            }
            // An ARN that breaks off is completed by wildcards; one that left a part out has a resource for an account.
            if resource.split(':').nth(4).is_some_and(|account| account.contains('/')) {
                return Err(Malformed::LegacyParsing);
            }
        }
        Ok(Pattern::new(resource, version))
    })
}

fn principals(object: &Map<String, Value>, kind: PolicyKind) -> Result<Element<PrincipalPattern>, Malformed> {
    let (value, negated) = match (object.get("Principal"), object.get("NotPrincipal")) {
        (None, None) if kind == PolicyKind::Identity => return Ok(Element::Unstated),
        (None, None) => return Err(Malformed::NoPrincipal),
        _ if kind == PolicyKind::Identity => return Err(Malformed::PrincipalInIdentityPolicy),
        (Some(value), None) => (value, false),
        (None, Some(value)) => (value, true),
        (Some(_), Some(_)) => return Err(Malformed::Syntax),
    };
    let patterns = match value {
        Value::String(text) if text == "*" => vec![PrincipalPattern::Everyone],
        Value::String(text) => {
            return Err(Malformed::InvalidPrincipal { kind: "STAR", value: text.clone() });
        }
        Value::Object(by_kind) if !by_kind.is_empty() => {
            let lists = by_kind.iter().map(|(named, value)| principals_of(named, value, kind));
            lists.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect()
        }
        _ => return Err(Malformed::Syntax),
    };
    Ok(if negated { Element::NoneOf(patterns) } else { Element::AnyOf(patterns) })
}

fn principals_of(named: &str, value: &Value, kind: PolicyKind) -> Result<Vec<PrincipalPattern>, Malformed> {
    let invalid = |kind: &'static str, value: &str| Malformed::InvalidPrincipal { kind, value: value.to_owned() };
    let read = |text: &String| match named {
        "AWS" => PrincipalPattern::of_aws(text).ok_or_else(|| invalid("AWS", text)),
        "Service" if is_service_name(text) => Ok(PrincipalPattern::Service(text.clone())),
        "Service" => Err(invalid("SERVICE", text)),
        "Federated" if text == "*" || text.is_empty() => Err(invalid("FEDERATED", text)),
        "Federated" => Ok(PrincipalPattern::Federated(text.clone())),
        "CanonicalUser" => Ok(PrincipalPattern::Other(text.clone())),
        _ => Err(Malformed::Syntax),
    };
    // Some services keep names that name nobody (CloudWatch Logs: `{"AWS": "logs.amazonaws.com"}`); others word it themselves.
    let lenient = |text: &String| match read(text) {
        Err(Malformed::InvalidPrincipal { .. }) if kind == PolicyKind::Resource => {
            Ok(PrincipalPattern::Other(text.clone()))
        }
        other => other,
    };
    texts(value)?.iter().map(lenient).collect()
}

/// `lambda.amazonaws.com`, also with a region or China's domain. Which services exist is not known here.
fn is_service_name(text: &str) -> bool {
    let domains = [".amazonaws.com", ".amazonaws.com.cn", ".amazon.com", ".aws.internal", ".aws"];
    let name = domains.iter().find_map(|domain| text.strip_suffix(domain)).unwrap_or_default();
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_'))
}

fn conditions(value: Option<&Value>, version: Version) -> Result<Vec<Condition>, Malformed> {
    let by_operator = match value {
        None => return Ok(Vec::new()),
        Some(Value::Object(by_operator)) => by_operator,
        Some(_) => return Err(Malformed::Syntax),
    };
    let mut conditions = Vec::new();
    for (name, by_key) in by_operator {
        let operator = Operator::parse(name).ok_or_else(|| Malformed::UnknownOperator(name.clone()))?;
        let Value::Object(by_key) = by_key else { return Err(Malformed::Syntax) };
        for (key, value) in by_key {
            let values = scalars(value)?.iter().map(|text| Pattern::new(text, version)).collect();
            conditions.push(Condition { operator, key: key.clone(), values });
        }
    }
    Ok(conditions)
}

/// The values of a condition: texts, numbers and booleans, one or a list.
fn scalars(value: &Value) -> Result<Vec<String>, Malformed> {
    let one = |value: &Value| match value {
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) => Ok(number.to_string()),
        Value::Bool(truth) => Ok(truth.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => Err(Malformed::Syntax),
    };
    match value {
        Value::Array(items) => items.iter().map(one).collect(),
        single => one(single).map(|text| vec![text]),
    }
}
