//! Policies: what is malformed, what conditions say, and who wins.
//! Source: IAM User Guide, "IAM JSON policy element reference", "Policy evaluation logic".

use std::sync::Arc;

use auth::access::{Role, Roles, ServicePrincipals};
use auth::policy::{
    Context, Decision, Layer, NamedPolicy, Policies, Policy, PolicyKind, Principal, Question, ResourcePolicy, evaluate,
    may_assume, resource_allows,
};
use kernel::{Access, AccountId, BoxFuture, Caller, CallerKind, Cx, OsRng, Principals, Region, RoleRefused, Timestamp};
use proptest::prelude::*;
use serde_json::{Value, json};

fn parse(value: &Value, kind: PolicyKind) -> Result<Policy, String> {
    Policy::parse(&value.to_string(), kind).map_err(|malformed| malformed.to_string())
}

fn policy_of(statement: Value) -> Value {
    json!({"Version": "2012-10-17", "Statement": statement})
}

fn identity(statement: Value) -> NamedPolicy {
    NamedPolicy { name: "identity".to_owned(), policy: parse(&policy_of(statement), PolicyKind::Identity).unwrap() }
}

fn resource(statement: Value) -> NamedPolicy {
    NamedPolicy { name: "resource".to_owned(), policy: parse(&policy_of(statement), PolicyKind::Resource).unwrap() }
}

#[test]
fn identity_policies_are_refused_in_iams_words() {
    for (statement, expected) in [
        (json!({"Effect": "Allow", "Resource": "*"}), "Policy statement must contain actions."),
        (json!({"Effect": "Allow", "Action": [], "Resource": "*"}), "Policy statement must contain actions."),
        (json!({"Effect": "Allow", "Action": "s3:*"}), "Policy statement must contain resources."),
        (
            json!({"Effect": "Allow", "Action": "s3", "Resource": "*"}),
            "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.",
        ),
        (json!({"Effect": "Allow", "Action": "s 3:Get", "Resource": "*"}), "Vendor s 3 is not valid"),
        (
            json!({"Effect": "Allow", "Action": "arn:aws:s3", "Resource": "*"}),
            "Actions/Condition can contain only one colon.",
        ),
        (
            json!({"Effect": "Allow", "Action": "s3:*", "Resource": "my-bucket"}),
            "Resource my-bucket must be in ARN format or \"*\".",
        ),
        (
            json!({"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:iam:111111111111:user/x"}),
            "The policy failed legacy parsing",
        ),
        (
            json!({"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Principal": "*"}),
            "Policy document should not specify a principal.",
        ),
        (
            json!({"Sid": "a-b", "Effect": "Allow", "Action": "s3:*", "Resource": "*"}),
            "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*",
        ),
        (
            json!([
                {"Sid": "a", "Effect": "Allow", "Action": "s3:*", "Resource": "*"},
                {"Sid": "a", "Effect": "Allow", "Action": "s3:*", "Resource": "*"},
            ]),
            "Statement IDs (SID) in a single policy must be unique.",
        ),
        (
            json!({"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Condition": {"StringIs": {"a": "b"}}}),
            "Invalid Condition type : StringIs.",
        ),
        (json!({"Effect": "allow", "Action": "s3:*", "Resource": "*"}), "Syntax errors in policy."),
        (json!({"Effect": "Allow", "Action": 1, "Resource": "*"}), "Syntax errors in policy."),
        (json!({"Effect": "Allow", "Action": "s3:*", "Resource": "*", "X": 1}), "Syntax errors in policy."),
        (
            json!({"Effect": "Allow", "Action": "s3:*", "NotAction": "s3:*", "Resource": "*"}),
            "Syntax errors in policy.",
        ),
        (json!([]), "Syntax errors in policy."),
        (json!("x"), "Syntax errors in policy."),
    ] {
        assert_eq!(parse(&policy_of(statement.clone()), PolicyKind::Identity).unwrap_err(), expected, "{statement}");
    }
    for text in ["", "{", "[]", "\"x\"", r#"{"Version": "2013-01-01", "Statement": []}"#] {
        let malformed = Policy::parse(text, PolicyKind::Identity).unwrap_err();
        assert_eq!(malformed.to_string(), "Syntax errors in policy.", "{text}");
    }
}

#[test]
fn trust_policies_are_refused_in_iams_words() {
    let service = json!({"Service": "lambda.amazonaws.com"});
    for (statement, expected) in [
        (json!({"Effect": "Allow", "Action": "sts:AssumeRole"}), "Missing required field Principal"),
        (
            json!({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": service, "Resource": "*"}),
            "Has prohibited field Resource",
        ),
        (
            json!({"Effect": "Allow", "Action": "s3:GetObject", "Principal": service}),
            "AssumeRole policy may only specify STS AssumeRole actions.",
        ),
        (
            json!({"Effect": "Allow", "Action": "sts:GetCallerIdentity", "Principal": service}),
            "AssumeRole policy may only specify STS AssumeRole actions.",
        ),
        (json!({"Effect": "Allow", "Principal": service}), "Missing required field Action"),
        (
            json!({"Effect": "Allow", "Action": "sts:Assume*", "Principal": {"AWS": "arn:aws:iam::111111111111:role/*"}}),
            "Invalid principal in policy: \"AWS\":\"arn:aws:iam::111111111111:role/*\"",
        ),
        (
            json!({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "arn:aws::iam::1:root"}}),
            "Invalid principal in policy: \"AWS\":\"arn:aws::iam::1:root\"",
        ),
        (
            json!({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda"}}),
            "Invalid principal in policy: \"SERVICE\":\"lambda\"",
        ),
    ] {
        assert_eq!(parse(&policy_of(statement.clone()), PolicyKind::Trust).unwrap_err(), expected, "{statement}");
    }
    for action in ["sts:AssumeRole", "sts:*", "STS:assumerolewithsaml", "sts:TagSession"] {
        let statement = json!({"Effect": "Allow", "Action": action, "Principal": {"AWS": ACCOUNT}});
        assert!(parse(&policy_of(statement), PolicyKind::Trust).is_ok(), "{action}");
    }
    let malformed = Policy::parse("trust.json", PolicyKind::Trust).unwrap_err();
    assert_eq!(malformed.to_string(), "This policy contains invalid Json");
}

const ACCOUNT: &str = "111111111111";

fn user() -> Principal {
    Principal::User { arn: "arn:aws:iam::111111111111:user/team/ann".to_owned() }
}

fn session() -> Principal {
    Principal::RoleSession { arn: "arn:aws:sts::111111111111:assumed-role/worker/s1".to_owned() }
}

/// Whether one allow with this condition lets a request with these context values through.
fn holds(operator: &str, key: &str, policy: &Value, sent: Option<&[&str]>) -> bool {
    let statement = json!({"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {operator: {key: policy}}});
    let context = Context::default().with("aws:username", "ann");
    let context = match sent {
        Some(values) => context.with_values("the:key", values.iter().map(|value| (*value).to_owned())),
        None => context,
    };
    let question =
        Question { principal: &user(), action: "s3:GetObject", resource: "arn:aws:s3:::b/k", context: &context };
    let policies = Policies { identity: &[identity(statement)], ..Policies::default() };
    evaluate(&question, &policies).is_allow()
}

#[test]
fn every_condition_operator() {
    for (operator, policy, sent, expected) in [
        ("StringEquals", json!("a"), &["a"][..], true),
        ("StringEquals", json!(["x", "a"]), &["a"], true),
        ("StringEquals", json!("A"), &["a"], false),
        ("StringEquals", json!("a*"), &["ab"], false),
        ("StringEquals", json!("${aws:username}"), &["ann"], true),
        ("StringEquals", json!("${aws:nobody}"), &[""], false),
        ("StringNotEquals", json!("a"), &["b"], true),
        ("StringNotEquals", json!(["a", "b"]), &["b"], false),
        ("StringEqualsIgnoreCase", json!("A"), &["a"], true),
        ("StringNotEqualsIgnoreCase", json!("A"), &["a"], false),
        ("StringLike", json!("a*"), &["ab"], true),
        ("StringLike", json!("a?"), &["a"], false),
        ("StringNotLike", json!("a*"), &["ab"], false),
        ("NumericEquals", json!(5), &["5.0"], true),
        ("NumericNotEquals", json!("5"), &["6"], true),
        ("NumericLessThan", json!("10"), &["9"], true),
        ("NumericLessThan", json!("10"), &["10"], false),
        ("NumericLessThanEquals", json!("10"), &["10"], true),
        ("NumericGreaterThan", json!("10"), &["10"], false),
        ("NumericGreaterThanEquals", json!("10"), &["10"], true),
        ("NumericEquals", json!("x"), &["x"], false),
        ("DateEquals", json!("2024-01-01T00:00:00Z"), &["1704067200"], true),
        ("DateNotEquals", json!("2024-01-01T00:00:00Z"), &["2024-01-02"], true),
        ("DateLessThan", json!("2024-01-01"), &["2023-12-31T23:59:59.999Z"], true),
        ("DateLessThanEquals", json!("1704067200"), &["2024-01-01T09:00+09:00"], true),
        ("DateGreaterThan", json!("2024-01-01T00:00:00Z"), &["2024-01-01T00:00:00Z"], false),
        ("DateGreaterThanEquals", json!("2024-01-01T00:00Z"), &["2024-01-01T00:00:00Z"], true),
        ("DateEquals", json!("never"), &["never"], false),
        ("Bool", json!(true), &["true"], true),
        ("Bool", json!("True"), &["true"], true),
        ("Bool", json!("false"), &["true"], false),
        ("BinaryEquals", json!("QmluYXJ5"), &["QmluYXJ5"], true),
        ("BinaryEquals", json!("QmluYXJ5"), &["QmluYXJ6"], false),
        ("IpAddress", json!("203.0.113.0/24"), &["203.0.113.9"], true),
        ("IpAddress", json!("203.0.113.0/24"), &["203.0.114.9"], false),
        ("IpAddress", json!("203.0.113.9"), &["203.0.113.9"], true),
        ("IpAddress", json!("0.0.0.0/0"), &["203.0.113.9"], true),
        ("IpAddress", json!("0.0.0.0/0"), &["::1"], false),
        ("IpAddress", json!("2001:db8::/32"), &["2001:db8:1::1"], true),
        ("IpAddress", json!("::/0"), &["2001:db8:1::1"], true),
        ("IpAddress", json!("203.0.113.0/33"), &["203.0.113.9"], false),
        ("NotIpAddress", json!("203.0.113.0/24"), &["203.0.113.9"], false),
        ("ArnEquals", json!("arn:aws:sqs:*:1:q*"), &["arn:aws:sqs:r:1:queue"], true),
        ("ArnLike", json!("arn:aws:sqs:*"), &["arn:aws:sqs:r:1:queue"], false),
        ("ArnNotEquals", json!("arn:aws:sqs:r:1:q"), &["arn:aws:sqs:r:1:q"], false),
        ("ArnNotLike", json!("arn:aws:sqs:r:1:*"), &["arn:aws:sqs:r:2:q"], true),
        ("Null", json!("true"), &[], true),
        ("Null", json!("false"), &["x"], true),
        ("Null", json!("true"), &["x"], false),
        ("ForAllValues:StringEquals", json!(["a", "b"]), &["a", "b"], true),
        ("ForAllValues:StringEquals", json!(["a", "b"]), &["a", "c"], false),
        ("ForAllValues:StringEquals", json!(["a"]), &[], true),
        ("ForAllValues:StringNotEquals", json!(["a"]), &["b", "c"], true),
        ("ForAllValues:StringNotEquals", json!(["a"]), &["b", "a"], false),
        ("ForAnyValue:StringEquals", json!(["a"]), &["b", "a"], true),
        ("ForAnyValue:StringEquals", json!(["a"]), &[], false),
        ("ForAnyValue:StringNotEquals", json!(["a"]), &["a", "b"], true),
        ("ForAnyValue:StringLike", json!(["a*"]), &["b", "c"], false),
    ] {
        assert_eq!(holds(operator, "THE:Key", &policy, Some(sent)), expected, "{operator} {policy} {sent:?}");
    }
}

#[test]
fn an_absent_key_fails_what_must_match() {
    for (operator, expected) in [
        ("StringEquals", false),
        ("StringNotEquals", true),
        ("NumericLessThan", false),
        ("Bool", false),
        ("IpAddress", false),
        ("NotIpAddress", true),
        ("ArnNotLike", true),
        ("StringEqualsIfExists", true),
        ("BoolIfExists", true),
        ("ForAllValues:StringEquals", true),
        ("ForAnyValue:StringEquals", false),
        ("ForAnyValue:StringEqualsIfExists", true),
    ] {
        assert_eq!(holds(operator, "the:key", &json!("x"), None), expected, "{operator}");
    }
    assert!(!holds("BoolIfExists", "the:key", &json!("true"), Some(&["false"])));
}

#[test]
fn unknown_operators_are_malformed() {
    for name in
        ["Null:StringEquals", "NullIfExists", "ForAnyValue:Null", "StringEqualsIfExistsIfExists", "stringequals", ""]
    {
        let statement = json!({"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {name: {"a": "b"}}});
        assert!(parse(&policy_of(statement), PolicyKind::Identity).is_err(), "{name}");
    }
}

fn ask(principal: &Principal, policies: &Policies<'_>) -> Decision {
    let context = Context::default();
    let resource = "arn:aws:sqs:us-east-1:111111111111:q";
    evaluate(&Question { principal, action: "sqs:SendMessage", resource, context: &context }, policies)
}

fn allow_all() -> NamedPolicy {
    identity(json!({"Sid": "All", "Effect": "Allow", "Action": "*", "Resource": "*"}))
}

fn allow_nothing_here() -> NamedPolicy {
    identity(json!({"Effect": "Allow", "Action": "s3:*", "Resource": "*"}))
}

fn resource_to(principal: Value) -> NamedPolicy {
    resource(json!({"Effect": "Allow", "Principal": principal, "Action": "sqs:*", "Resource": "*"}))
}

fn owned_by<'a>(policy: &'a NamedPolicy, account: &'static str) -> Option<ResourcePolicy<'a>> {
    Some(ResourcePolicy { policy, account, required: false })
}

#[test]
fn actions_and_resources_are_matched() {
    let question = |statement: Value| {
        let policies = [identity(statement)];
        ask(&user(), &Policies { identity: &policies, ..Policies::default() }).is_allow()
    };
    for (action, resource, expected) in [
        (json!("sqs:SendMessage"), json!("*"), true),
        (json!("SQS:sendmessage"), json!("*"), true),
        (json!("sqs:Send*"), json!("arn:aws:sqs:*:*:q"), true),
        (json!(["sqs:Receive*", "sqs:S???Message"]), json!("arn:aws:sqs"), true),
        (json!("sqs:Receive*"), json!("*"), false),
        (json!("*"), json!("arn:aws:sqs:us-east-1:111111111111:Q"), false),
    ] {
        let statement = json!({"Effect": "Allow", "Action": action, "Resource": resource});
        assert_eq!(question(statement), expected, "{action} {resource}");
    }
    assert!(question(json!({"Effect": "Allow", "NotAction": "iam:*", "NotResource": "arn:aws:sqs:*:*:other"})));
    assert!(!question(json!({"Effect": "Allow", "NotAction": "sqs:*", "Resource": "*"})));
    assert!(!question(json!({"Effect": "Allow", "Action": "*", "NotResource": "arn:aws:sqs:*:*:q"})));
}

#[test]
fn the_answer_names_the_statement() {
    let deny = identity(json!([
        {"Effect": "Allow", "Action": "s3:*", "Resource": "*"},
        {"Sid": "No", "Effect": "Deny", "Action": "sqs:*", "Resource": "*"},
    ]));
    let Decision::Allow(matched) = ask(&user(), &Policies { identity: &[allow_all()], ..Policies::default() }) else {
        panic!("everything is allowed")
    };
    assert_eq!((matched.layer, matched.sid.as_deref(), matched.statement), (Layer::Identity, Some("All"), 0));
    let policies = [allow_all(), deny];
    let decision = ask(&user(), &Policies { identity: &policies, ..Policies::default() });
    let Decision::ExplicitDeny(matched) = &decision else { panic!("{decision:?}") };
    assert_eq!((matched.sid.as_deref(), matched.statement), (Some("No"), 1));
}

#[test]
fn refusals_are_worded_as_aws_does() {
    let context = Context::default();
    let principal = user();
    let question =
        Question { principal: &principal, action: "sqs:SendMessage", resource: "arn:aws:sqs:r:1:q", context: &context };
    let implicit = evaluate(&question, &Policies::default());
    assert_eq!(
        implicit.denial(&question).unwrap(),
        "User: arn:aws:iam::111111111111:user/team/ann is not authorized to perform: sqs:SendMessage on resource: arn:aws:sqs:r:1:q because no identity-based policy allows the sqs:SendMessage action"
    );
    let deny = identity(json!({"Effect": "Deny", "Action": "*", "Resource": "*"}));
    let explicit = evaluate(&question, &Policies { identity: &[deny], ..Policies::default() });
    assert!(explicit.denial(&question).unwrap().ends_with(" with an explicit deny in an identity-based policy"));
}

#[test]
fn within_an_account_the_resource_may_grant_alone() {
    let (boundary, limit) = (allow_nothing_here(), [allow_nothing_here()]);
    let none: &[NamedPolicy] = &[];
    let role = json!({"AWS": "arn:aws:iam::111111111111:role/path/worker"});
    let this_session = json!({"AWS": "arn:aws:sts::111111111111:assumed-role/worker/s1"});
    let account = json!({"AWS": ACCOUNT});
    let ann = json!({"AWS": "arn:aws:iam::111111111111:user/team/ann"});
    for (principal, named, limited, expected) in [
        (user(), ann.clone(), false, true),
        (user(), ann, true, true),
        (user(), json!("*"), false, true),
        (user(), json!({"AWS": "arn:aws:iam::111111111111:user/bob"}), false, false),
        (user(), account.clone(), false, false),
        (session(), role.clone(), false, true),
        (session(), role, true, false),
        (session(), json!("*"), true, false),
        (session(), this_session.clone(), true, true),
        (session(), json!({"AWS": "arn:aws:iam::111111111111:role/other"}), false, false),
        (session(), json!({"AWS": "arn:aws:iam::222222222222:role/worker"}), false, false),
        (session(), account, false, false),
        (Principal::service("sns.amazonaws.com"), json!({"Service": "sns.amazonaws.com"}), false, true),
        (Principal::service("s3.amazonaws.com"), json!({"Service": "sns.amazonaws.com"}), false, false),
        (Principal::Anonymous, json!("*"), false, true),
        (Principal::Anonymous, this_session, false, false),
    ] {
        let policy = resource_to(named.clone());
        let policies = Policies {
            identity: none,
            boundary: limited.then_some(&boundary),
            session: limited.then_some(&limit),
            resource: owned_by(&policy, ACCOUNT),
        };
        assert_eq!(ask(&principal, &policies).is_allow(), expected, "{principal} named as {named}, limited: {limited}");
    }
}

#[test]
fn an_account_that_is_trusted_hands_the_permission_on() {
    let policy = resource_to(json!({"AWS": "arn:aws:iam::111111111111:root"}));
    let with = |identity: &[NamedPolicy]| {
        ask(&user(), &Policies { identity, resource: owned_by(&policy, ACCOUNT), ..Policies::default() })
    };
    assert!(with(&[allow_all()]).is_allow());
    assert_eq!(with(&[]), Decision::ImplicitDeny(Layer::Identity));
}

#[test]
fn across_accounts_both_sides_must_allow() {
    let policy = resource_to(json!({"AWS": ACCOUNT}));
    let silent = resource_to(json!({"AWS": "333333333333"}));
    let across = |identity: &[NamedPolicy], policy: &NamedPolicy| {
        ask(&user(), &Policies { identity, resource: owned_by(policy, "222222222222"), ..Policies::default() })
    };
    assert!(across(&[allow_all()], &policy).is_allow());
    assert_eq!(across(&[], &policy), Decision::ImplicitDeny(Layer::Identity));
    assert_eq!(across(&[allow_all()], &silent), Decision::ImplicitDeny(Layer::Resource));
    let direct = resource_to(json!({"AWS": "arn:aws:iam::111111111111:user/team/ann"}));
    assert_eq!(across(&[], &direct), Decision::ImplicitDeny(Layer::Identity));
}

#[test]
fn boundaries_and_session_policies_narrow() {
    let (all, nothing) = (allow_all(), allow_nothing_here());
    let identity = [allow_all()];
    let narrow = |boundary: Option<&NamedPolicy>, session: Option<&[NamedPolicy]>| {
        ask(&session_principal(), &Policies { identity: &identity, boundary, session, resource: None })
    };
    assert!(narrow(None, None).is_allow());
    assert!(narrow(Some(&all), Some(&[all.clone(), nothing.clone()])).is_allow());
    assert_eq!(narrow(Some(&nothing), None), Decision::ImplicitDeny(Layer::Boundary));
    assert_eq!(narrow(None, Some(std::slice::from_ref(&nothing))), Decision::ImplicitDeny(Layer::Session));
    assert_eq!(narrow(None, Some(&[])), Decision::ImplicitDeny(Layer::Session));
}

fn session_principal() -> Principal {
    session()
}

#[test]
fn root_may_everything_at_home_unless_the_resource_denies() {
    let root = Principal::Root { account: ACCOUNT.to_owned() };
    assert!(ask(&root, &Policies::default()).is_allow());
    let deny = resource(json!({"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"}));
    let policies = Policies { resource: owned_by(&deny, ACCOUNT), ..Policies::default() };
    assert!(matches!(ask(&root, &policies), Decision::ExplicitDeny(_)));
    let other = resource_to(json!({"AWS": "333333333333"}));
    let policies = Policies { resource: owned_by(&other, "222222222222"), ..Policies::default() };
    assert_eq!(ask(&root, &policies), Decision::ImplicitDeny(Layer::Resource));
}

#[test]
fn not_principal_denies_everyone_else() {
    let policy = resource(json!([
        {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"},
        {"Effect": "Deny", "NotPrincipal": {"AWS": "arn:aws:iam::111111111111:user/team/ann"}, "Action": "*", "Resource": "*"},
    ]));
    let policies = Policies { resource: owned_by(&policy, ACCOUNT), ..Policies::default() };
    assert!(ask(&user(), &policies).is_allow());
    assert!(matches!(ask(&session(), &policies), Decision::ExplicitDeny(_)));
}

#[test]
fn trust_says_who_may_assume() {
    let trust = |principal: Value, condition: Value| {
        let statement =
            json!({"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole", "Condition": condition});
        parse(&policy_of(statement), PolicyKind::Trust).unwrap()
    };
    let lambda = trust(json!({"Service": ["lambda.amazonaws.com"]}), json!({}));
    let context = Context::default();
    assert!(may_assume(&lambda, &Principal::service("lambda.amazonaws.com"), &context).is_allow());
    assert!(!may_assume(&lambda, &Principal::service("sns.amazonaws.com"), &context).is_allow());
    assert!(!may_assume(&lambda, &user(), &context).is_allow());
    let account = trust(json!({"AWS": ACCOUNT}), json!({"StringEquals": {"sts:ExternalId": "x"}}));
    assert!(!may_assume(&account, &user(), &context).is_allow());
    assert!(may_assume(&account, &user(), &context.with("sts:ExternalId", "x")).is_allow());
}

#[test]
fn a_lambda_permission_is_a_resource_policy() {
    let function = "arn:aws:lambda:us-east-1:111111111111:function:f";
    let policy = resource(json!({
        "Sid": "sns with spaces", "Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "lambda:InvokeFunction", "Resource": function,
        "Condition": {"ArnLike": {"AWS:SourceArn": "arn:aws:sns:us-east-1:111111111111:topic"}},
    }));
    let ask = |source: &str| {
        let context = Context::default().with("aws:SourceArn", source);
        let sns = Principal::service("sns.amazonaws.com");
        resource_allows(&policy.policy, &sns, "lambda:InvokeFunction", function, &context).is_allow()
    };
    assert!(ask("arn:aws:sns:us-east-1:111111111111:topic"));
    assert!(!ask("arn:aws:sns:us-east-1:111111111111:other"));
}

#[test]
fn a_resource_policy_may_name_nobody() {
    let statement =
        json!({"Effect": "Allow", "Principal": {"AWS": "logs.amazonaws.com"}, "Action": "logs:*", "Resource": "*"});
    let policy = resource(statement).policy;
    for principal in [Principal::service("logs.amazonaws.com"), user(), Principal::Anonymous] {
        let decision = resource_allows(&policy, &principal, "logs:PutLogEvents", "*", &Context::default());
        assert_eq!(decision, Decision::ImplicitDeny(Layer::Resource));
    }
}

#[test]
fn the_context_of_a_call_has_the_global_keys() {
    let account = AccountId::parse(ACCOUNT).unwrap();
    let caller = Caller {
        kind: CallerKind::AssumedRole,
        arn: "arn:aws:sts::111111111111:assumed-role/worker/s1".to_owned(),
        principal_id: "AROAX:s1".to_owned(),
        ..Caller::root(&account)
    };
    let mut cx = Cx::new("r", account, Region::default(), caller, Access::Strict);
    cx.source_ip = Some("10.1.2.3".parse().unwrap());
    let context = Context::of(&cx, Timestamp::from_secs(1_704_067_200));
    for (key, value) in [
        ("aws:PrincipalArn", "arn:aws:iam::111111111111:role/worker"),
        ("aws:PrincipalAccount", ACCOUNT),
        ("aws:PrincipalType", "AssumedRole"),
        ("aws:userid", "AROAX:s1"),
        ("aws:sourceip", "10.1.2.3"),
        ("aws:CurrentTime", "2024-01-01T00:00:00Z"),
        ("aws:EpochTime", "1704067200"),
        ("aws:SecureTransport", "false"),
    ] {
        assert_eq!(context.get(key), [value.to_owned()], "{key}");
    }
    assert!(context.get("aws:username").is_empty());
}

/// One role, which trusts Lambda.
struct OneRole;

impl Roles for OneRole {
    fn role<'a>(&'a self, role_arn: &'a str) -> BoxFuture<'a, Option<Role>> {
        let statement =
            json!({"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"});
        let trust_policy = Arc::new(parse(&policy_of(statement), PolicyKind::Trust).unwrap());
        let found = role_arn == "arn:aws:iam::111111111111:role/p/worker";
        Box::pin(std::future::ready(found.then(|| Role { role_id: "AROAX".to_owned(), trust_policy })))
    }
}

/// Polls a future that is ready at once.
fn now<T>(future: BoxFuture<'_, T>) -> T {
    let mut future = future;
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    match future.as_mut().poll(&mut cx) {
        std::task::Poll::Ready(value) => value,
        std::task::Poll::Pending => panic!("nothing here waits"),
    }
}

#[test]
fn services_act_as_roles_that_trust_them() {
    let principals = |access| ServicePrincipals::new(access, Arc::new(OneRole), Arc::new(OsRng));
    let region = Region::default();
    let (lambda, role) = ("lambda.amazonaws.com", "arn:aws:iam::111111111111:role/p/worker");
    let strict = principals(Access::Strict);
    let cx = now(strict.as_role(lambda, role, "s1", &region)).unwrap();
    assert_eq!(cx.caller.arn, "arn:aws:sts::111111111111:assumed-role/worker/s1");
    assert_eq!((cx.caller.principal_id.as_str(), cx.account.as_str()), ("AROAX:s1", ACCOUNT));
    let refused = |service: &str, role: &str| now(strict.as_role(service, role, "s", &region)).unwrap_err();
    assert!(matches!(refused("sns.amazonaws.com", role), RoleRefused::NotTrusted { .. }));
    let missing = "arn:aws:iam::111111111111:role/none";
    assert_eq!(refused(lambda, missing), RoleRefused::NoSuchRole(missing.to_owned()));
    for bad in ["", "worker", "arn:aws:iam::111111111111:user/x", "arn:aws:iam::1:role/x"] {
        assert!(matches!(refused(lambda, bad), RoleRefused::NoSuchRole(_)), "{bad}");
    }
    let open = now(principals(Access::Open).as_role(lambda, missing, "s", &region)).unwrap();
    assert_eq!(open.hints().len(), 1);
    assert_eq!(strict.as_service(lambda, &open.account, &region).caller.kind, CallerKind::Service);
}

fn any_statement() -> impl Strategy<Value = Value> {
    let action = prop_oneof![Just("*"), Just("sqs:*"), Just("sqs:Send*"), Just("s3:*")];
    let resource = prop_oneof![Just("*"), Just("arn:aws:sqs:*:*:q"), Just("arn:aws:s3:::*")];
    (any::<bool>(), action, resource, any::<bool>(), any::<bool>()).prop_map(|(allow, action, resource, not, key)| {
        let effect = if allow { "Allow" } else { "Deny" };
        let named = if not { "NotAction" } else { "Action" };
        let test = if key { "true" } else { "false" };
        json!({"Effect": effect, named: action, "Resource": resource, "Condition": {"Null": {"aws:username": test}}})
    })
}

fn named(statements: &[Value]) -> Vec<NamedPolicy> {
    statements.iter().map(|statement| identity(statement.clone())).collect()
}

proptest! {
    #[test]
    fn an_explicit_deny_always_wins(
        statements in proptest::collection::vec(any_statement(), 0..6), at in any::<prop::sample::Index>(), layer in 0..3_u8,
    ) {
        let deny = identity(json!({"Effect": "Deny", "Action": "sqs:*", "Resource": "*"}));
        let mut policies = named(&statements);
        let session = [deny.clone()];
        let mut applied = Policies::default();
        match layer {
            0 => policies.insert(at.index(policies.len() + 1), deny.clone()),
            1 => applied.boundary = Some(&deny),
            _ => applied.session = Some(&session),
        }
        applied.identity = &policies;
        for principal in [user(), session_principal(), Principal::Root { account: ACCOUNT.to_owned() }] {
            prop_assert!(matches!(ask(&principal, &applied), Decision::ExplicitDeny(_)));
        }
    }

    #[test]
    fn adding_a_deny_never_allows(statements in proptest::collection::vec(any_statement(), 0..6), more in any_statement()) {
        let mut more = more;
        more["Effect"] = json!("Deny");
        let before = named(&statements);
        let after = named(&[&statements[..], &[more]].concat());
        let ask = |identity: &[NamedPolicy]| ask(&user(), &Policies { identity, ..Policies::default() }).is_allow();
        prop_assert!(ask(&before) || !ask(&after));
    }

    #[test]
    fn a_boundary_never_adds(statements in proptest::collection::vec(any_statement(), 0..6), boundary in any_statement()) {
        let (policies, boundary) = (named(&statements), identity(boundary));
        let ask = |boundary| ask(&user(), &Policies { identity: &policies, boundary, ..Policies::default() }).is_allow();
        prop_assert!(ask(None) || !ask(Some(&boundary)));
    }
}
