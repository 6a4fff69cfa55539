//! SimulatePrincipalPolicy and SimulateCustomPolicy: the evaluator, asked by hand.

use api_iam::types as api;
use auth::policy::{Context, Decision, Layer, NamedPolicy, Policies, Principal, Question, ResourcePolicy, evaluate};
use kernel::{Arn, Cx};

use crate::directory::{Directory, Scope};
use crate::error::Error;
use crate::model::document;
use crate::model::names::split_path;
use crate::permissions::{self, Permissions};
use crate::records::{Group, Role};

/// What both operations ask.
struct Simulation {
    permissions: Permissions,
    resource_policy: Option<NamedPolicy>,
    resource_owner: String,
    caller: Principal,
    actions: Vec<String>,
    resources: Vec<String>,
    context: Context,
    marker: Option<String>,
    max_items: Option<i32>,
}

pub async fn principal(
    directory: &Directory,
    cx: &Cx,
    input: api::SimulatePrincipalPolicyRequest,
) -> Result<api::SimulatePolicyResponse, Error> {
    let scope = directory.scope(cx);
    let mut permissions = permissions_of(directory, &scope, &input.policy_source_arn)?;
    permissions.identity.extend(given("PolicyInputList", input.policy_input_list)?);
    if let Some(boundary) =
        given("PermissionsBoundaryPolicyInputList", input.permissions_boundary_policy_input_list)?.pop()
    {
        permissions.boundary = Some(boundary);
    }
    let caller = input.caller_arn.unwrap_or(input.policy_source_arn);
    let simulation = Simulation {
        permissions,
        resource_policy: resource_policy(input.resource_policy)?,
        resource_owner: input.resource_owner.unwrap_or_default(),
        caller: caller_of(&scope, &caller),
        actions: input.action_names,
        resources: input.resource_arns.unwrap_or_default(),
        context: context(input.context_entries),
        marker: input.marker,
        max_items: input.max_items,
    };
    run(directory, cx, "SimulatePrincipalPolicy", simulation)
}

pub async fn custom(
    directory: &Directory,
    cx: &Cx,
    input: api::SimulateCustomPolicyRequest,
) -> Result<api::SimulatePolicyResponse, Error> {
    let scope = directory.scope(cx);
    let boundary = given("PermissionsBoundaryPolicyInputList", input.permissions_boundary_policy_input_list)?.pop();
    let caller = input.caller_arn.unwrap_or_else(|| format!("arn:aws:iam::{}:user/simulated", scope.account));
    let simulation = Simulation {
        permissions: Permissions { identity: given("PolicyInputList", Some(input.policy_input_list))?, boundary },
        resource_policy: resource_policy(input.resource_policy)?,
        resource_owner: input.resource_owner.unwrap_or_default(),
        caller: caller_of(&scope, &caller),
        actions: input.action_names,
        resources: input.resource_arns.unwrap_or_default(),
        context: context(input.context_entries),
        marker: input.marker,
        max_items: input.max_items,
    };
    run(directory, cx, "SimulateCustomPolicy", simulation)
}

/// Errors: `Invalid`, an ARN of no user, group or role; `NoSuch`.
fn permissions_of(directory: &Directory, scope: &Scope, arn: &str) -> Result<Permissions, Error> {
    let invalid = || Error::Invalid(format!("Invalid Entity Arn: {arn} does not clearly define entity type and name."));
    let parsed: Arn = arn.parse().map_err(|_| invalid())?;
    let (word, rest) = parsed.resource_parts();
    let (_, name) = split_path(rest);
    if parsed.account != scope.account.as_str() || parsed.service != "iam" {
        return Err(invalid());
    }
    match word {
        "user" => permissions::of_user(&directory.store, scope, name),
        "group" => permissions::of::<Group>(&directory.store, scope, name),
        "role" => permissions::of::<Role>(&directory.store, scope, name),
        _ => Err(invalid()),
    }
}

/// Policies of the request, by the names that AWS gives them: `PolicyInputList.1`, …
fn given(list: &str, texts: Option<Vec<String>>) -> Result<Vec<NamedPolicy>, Error> {
    let texts = texts.unwrap_or_default().into_iter().enumerate();
    let read = |(at, text): (usize, String)| -> Result<NamedPolicy, Error> {
        Ok(NamedPolicy { name: format!("{list}.{}", at + 1), policy: document::check_permissions(&text)? })
    };
    texts.map(read).collect()
}

fn resource_policy(text: Option<String>) -> Result<Option<NamedPolicy>, Error> {
    let read = |text: String| -> Result<NamedPolicy, Error> {
        Ok(NamedPolicy { name: "ResourcePolicy".to_owned(), policy: document::check_resource(&text)? })
    };
    text.map(read).transpose()
}

/// A role's ARN asks as a session of it; a group's as one of its users.
fn caller_of(scope: &Scope, arn: &str) -> Principal {
    let name = arn.rsplit('/').next().unwrap_or_default();
    if arn.ends_with(":root") {
        Principal::Root { account: scope.account.to_string() }
    } else if arn.contains(":role/") {
        let arn = format!("arn:{}:sts::{}:assumed-role/{name}/simulation", scope.partition, scope.account);
        Principal::RoleSession { arn }
    } else if arn.contains(":assumed-role/") {
        Principal::RoleSession { arn: arn.to_owned() }
    } else {
        Principal::User { arn: arn.replace(":group/", ":user/") }
    }
}

fn context(entries: Option<Vec<api::ContextEntry>>) -> Context {
    entries.unwrap_or_default().into_iter().fold(Context::default(), |context, entry| {
        let key = entry.context_key_name.unwrap_or_default();
        context.with_values(&key, entry.context_key_values.unwrap_or_default())
    })
}

fn run(
    directory: &Directory,
    cx: &Cx,
    operation: &str,
    simulation: Simulation,
) -> Result<api::SimulatePolicyResponse, Error> {
    let resources = if simulation.resources.is_empty() { vec!["*".to_owned()] } else { simulation.resources.clone() };
    let pairs = simulation.actions.iter().flat_map(|action| resources.iter().map(move |resource| (action, resource)));
    let results: Vec<(usize, api::EvaluationResult)> =
        pairs.map(|(action, resource)| ask(cx, &simulation, action, resource)).enumerate().collect();
    let parameters = format!("{:?} {resources:?}", simulation.actions);
    let page = directory
        .question(cx, operation, parameters, simulation.marker, simulation.max_items)
        .of(results, |(at, _)| format!("{at:08}"))?;
    Ok(api::SimulatePolicyResponse {
        is_truncated: page.truncated(),
        evaluation_results: Some(page.items.into_iter().map(|(_, result)| result).collect()),
        marker: page.marker,
    })
}

fn ask(cx: &Cx, simulation: &Simulation, action: &str, resource: &str) -> api::EvaluationResult {
    let Simulation { permissions, caller, context, .. } = simulation;
    let owner = account_in(&simulation.resource_owner).unwrap_or(cx.account.as_str());
    let policies = Policies {
        identity: &permissions.identity,
        boundary: permissions.boundary.as_ref(),
        session: None,
        resource: simulation.resource_policy.as_ref().map(|policy| ResourcePolicy {
            policy,
            account: owner,
            required: false,
        }),
    };
    let decision = evaluate(&Question { principal: caller, action, resource, context }, &policies);
    let boundary = permissions.boundary.as_ref().map(|_| api::PermissionsBoundaryDecisionDetail {
        allowed_by_permissions_boundary: Some(decision != Decision::ImplicitDeny(Layer::Boundary)),
    });
    let (eval_decision, matched) = match decision {
        Decision::Allow(matched) => (api::PolicyEvaluationDecisionType::Allowed, Some(matched)),
        Decision::ExplicitDeny(matched) => (api::PolicyEvaluationDecisionType::ExplicitDeny, Some(matched)),
        Decision::ImplicitDeny(_) => (api::PolicyEvaluationDecisionType::ImplicitDeny, None),
    };
    let statement = matched.filter(|matched| !matched.policy.is_empty()).map(|matched| api::Statement {
        source_policy_type: Some(source(&matched.policy)),
        source_policy_id: Some(matched.policy),
        ..api::Statement::default()
    });
    api::EvaluationResult {
        eval_action_name: action.to_owned(),
        eval_resource_name: Some(resource.to_owned()),
        eval_decision,
        matched_statements: Some(statement.into_iter().collect()),
        missing_context_values: Some(Vec::new()),
        permissions_boundary_decision_detail: boundary,
        ..api::EvaluationResult::default()
    }
}

fn account_in(arn: &str) -> Option<&str> {
    arn.split(':').nth(4).filter(|account| !account.is_empty())
}

/// Where a matched policy comes from, told by its name.
fn source(policy: &str) -> api::PolicySourceType {
    if policy.contains(":iam::aws:policy/") {
        api::PolicySourceType::AwsManaged
    } else if policy.starts_with("arn:") {
        api::PolicySourceType::UserManaged
    } else if policy == "ResourcePolicy" {
        api::PolicySourceType::Resource
    } else {
        api::PolicySourceType::None
    }
}
