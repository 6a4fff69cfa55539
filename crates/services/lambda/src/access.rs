//! Who may invoke, and which roles may be given to a function.

use api_iam::types::{
    ContextEntry, ContextKeyTypeEnum, GetRoleRequest, PolicyEvaluationDecisionType, SimulatePrincipalPolicyRequest,
};
use auth::policy::{Context, Policy, PolicyKind, Principal, may_assume, resource_allows};
use kernel::{Access, AccountId, Arn, CallerKind, Cx, Principals, Timestamp};
use percent_encoding::percent_decode_str;

use crate::error::Error;
use crate::functions::Function;
use crate::model::name::FunctionRef;
use crate::model::statement;

/// The principal that Lambda is when it assumes roles and writes logs.
pub const LAMBDA: &str = "lambda.amazonaws.com";

pub const INVOKE: &str = "lambda:InvokeFunction";

/// Whether the policy of what is invoked lets the caller in. Services and other accounts need it; the function's own account,
/// and Lambda itself for an event source mapping of that account, do not. Errors: AWS's refusal.
/// Source: Lambda Developer Guide, "Viewing resource-based IAM policies in Lambda".
pub fn check_invoke(cx: &Cx, function: &Function, named: &FunctionRef, now: Timestamp) -> Result<(), Error> {
    let own = (cx.caller.kind != CallerKind::Service || cx.caller.arn == LAMBDA) && cx.account == named.account;
    if own || policy_allows(cx, function, named, now) {
        return Ok(());
    }
    Err(Error::AccessDenied {
        caller: cx.caller.to_string(),
        action: INVOKE.to_owned(),
        resource: named.qualified_arn(),
    })
}

fn policy_allows(cx: &Cx, function: &Function, named: &FunctionRef, now: Timestamp) -> bool {
    let qualifier = named.qualifier.as_deref().unwrap_or_default();
    let Some(record) = function.policies.get(qualifier) else { return false };
    let Ok(policy) = Policy::parse(&statement::document(&record.statements), PolicyKind::Resource) else {
        return false;
    };
    let mut context = Context::of(cx, now).with("aws:SourceAccount", cx.account.as_str());
    if let Some(source) = &cx.source_arn {
        context = context.with("aws:SourceArn", source.as_ref());
    }
    let principal = Principal::of(&cx.caller);
    resource_allows(&policy, &principal, INVOKE, &named.qualified_arn(), &context).is_allow()
}

/// Errors in strict access what AWS says of a role that Lambda cannot assume; notes it in open access.
pub async fn check_role(
    cx: &Cx,
    iam: &api_iam::Client,
    principals: &dyn Principals,
    role_arn: &str,
    now: Timestamp,
) -> Result<(), Error> {
    let words = match role_account(role_arn) {
        Some(account) if account != cx.account => "Cross-account pass role is not allowed.",
        _ if is_assumable(cx, iam, principals, role_arn, now).await => return Ok(()),
        _ => "The role defined for the function cannot be assumed by Lambda.",
    };
    refuse_or_note(cx, words.to_owned())
}

fn role_account(role_arn: &str) -> Option<AccountId> {
    AccountId::parse(&role_arn.parse::<Arn>().ok()?.account).ok()
}

async fn is_assumable(
    cx: &Cx,
    iam: &api_iam::Client,
    principals: &dyn Principals,
    role_arn: &str,
    now: Timestamp,
) -> bool {
    let Some(name) = role_arn.rsplit('/').next() else { return false };
    let own = principals.as_service(LAMBDA, &cx.account, &cx.region);
    let found = iam.get_role(&own, GetRoleRequest { role_name: name.to_owned() }).await;
    let Some(trust) =
        found.ok().filter(|found| found.role.arn == role_arn).and_then(|f| f.role.assume_role_policy_document)
    else {
        return false;
    };
    let trust = percent_decode_str(&trust).decode_utf8_lossy();
    let Ok(trust) = Policy::parse(&trust, PolicyKind::Trust) else { return false };
    let context = Context::of(&own, now).with("aws:SourceAccount", cx.account.as_str());
    may_assume(&trust, &Principal::service(LAMBDA), &context).is_allow()
}

/// Errors in strict access when the caller may not give the role to Lambda (`iam:PassRole`); notes it in open access.
/// Source: IAM User Guide, "Grant a user permissions to pass a role to an AWS service".
pub async fn check_pass_role(
    cx: &Cx,
    iam: &api_iam::Client,
    principals: &dyn Principals,
    role_arn: &str,
) -> Result<(), Error> {
    let Some(source) = Principal::of(&cx.caller).policy_arn() else { return Ok(()) };
    if cx.caller.kind == CallerKind::Root || may_pass(cx, iam, principals, &source, role_arn).await {
        return Ok(());
    }
    let refused = Error::PassRole { caller: cx.caller.to_string(), role: role_arn.to_owned() };
    match cx.access {
        Access::Strict => Err(refused),
        Access::Open => {
            cx.hint("AccessDeniedException", wire::ApiError::from(refused).message.unwrap_or_default());
            Ok(())
        }
    }
}

async fn may_pass(cx: &Cx, iam: &api_iam::Client, principals: &dyn Principals, source: &str, role_arn: &str) -> bool {
    let passed_to = ContextEntry {
        context_key_name: Some("iam:PassedToService".to_owned()),
        context_key_values: Some(vec![LAMBDA.to_owned()]),
        context_key_type: Some(ContextKeyTypeEnum::String),
    };
    let own = principals.as_service(LAMBDA, &cx.account, &cx.region);
    may(&own, iam, source, "iam:PassRole", role_arn, vec![passed_to]).await
}

/// Asks IAM, as any client would, whether the policies of a principal allow an action: it knows them. Who is not known may nothing.
async fn may(
    own: &Cx,
    iam: &api_iam::Client,
    source: &str,
    action: &str,
    resource: &str,
    context: Vec<ContextEntry>,
) -> bool {
    let question = SimulatePrincipalPolicyRequest {
        policy_source_arn: source.to_owned(),
        action_names: vec![action.to_owned()],
        resource_arns: Some(vec![resource.to_owned()]),
        context_entries: Some(context),
        ..SimulatePrincipalPolicyRequest::default()
    };
    let answer = iam.simulate_principal_policy(own, question).await;
    answer.ok().and_then(|answer| answer.evaluation_results).is_some_and(|results| {
        !results.is_empty() && results.iter().all(|r| r.eval_decision == PolicyEvaluationDecisionType::Allowed)
    })
}

/// What telling a target needs: the action, and the service as AWS's refusals name it. `None` for what can be no target.
fn telling(target: &str) -> Option<(&'static str, &'static str)> {
    match target.split(':').nth(2)? {
        "sqs" => Some(("sqs:SendMessage", "SQS")),
        "sns" => Some(("sns:Publish", "SNS")),
        "lambda" => Some((INVOKE, "Lambda")),
        "events" => Some(("events:PutEvents", "EventBridge")),
        "s3" => Some(("s3:PutObject", "S3")),
        _ => None,
    }
}

/// Errors in strict access when a function's role may not tell its dead-letter queue; notes it in open access.
/// Source: Lambda Developer Guide, "Adding a dead-letter queue", and AWS's answers that users have published.
pub async fn check_dead_letter(
    cx: &Cx,
    iam: &api_iam::Client,
    principals: &dyn Principals,
    role: &str,
    target: &str,
) -> Result<(), Error> {
    let Some((action, service)) = telling(target) else { return Ok(()) };
    let own = principals.as_service(LAMBDA, &cx.account, &cx.region);
    if may(&own, iam, role, action, target, Vec::new()).await {
        return Ok(());
    }
    let call = action.split(':').next_back().unwrap_or_default();
    refuse_or_note(cx, format!("The provided execution role does not have permissions to call {call} on {service}"))
}

/// The same of a destination. Source: as above; AWS's words for destinations are not recorded.
pub async fn check_destination(
    cx: &Cx,
    iam: &api_iam::Client,
    principals: &dyn Principals,
    role: &str,
    target: &str,
) -> Result<(), Error> {
    let own = principals.as_service(LAMBDA, &cx.account, &cx.region);
    if may_tell(&own, iam, role, target).await {
        return Ok(());
    }
    let call = telling(target).and_then(|(action, _)| action.split(':').next_back()).unwrap_or_default();
    refuse_or_note(cx, format!("The function's execution role does not have permissions to call {call} on {target}"))
}

/// Whether a role may tell a target of how an event ended.
pub async fn may_tell(own: &Cx, iam: &api_iam::Client, role: &str, target: &str) -> bool {
    match telling(target) {
        Some((action, _)) => may(own, iam, role, action, target, Vec::new()).await,
        None => false,
    }
}

fn refuse_or_note(cx: &Cx, words: String) -> Result<(), Error> {
    match cx.access {
        Access::Strict => Err(Error::invalid(words)),
        Access::Open => {
            cx.hint("InvalidParameterValueException", &words);
            Ok(())
        }
    }
}
