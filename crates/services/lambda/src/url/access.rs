//! Who may call a function by its URL.

use auth::policy::{Context, Policy, PolicyKind, Principal, resource_allows};
use kernel::{Access, Cx, Timestamp};

use super::refused::Refused;
use crate::access::INVOKE;
use crate::functions::Function;
use crate::model::name::FunctionRef;
use crate::model::statement;

const INVOKE_URL: &str = "lambda:InvokeFunctionUrl";

/// The function's policy must allow `lambda:InvokeFunctionUrl`, and since October 2025 `lambda:InvokeFunction` too; AWS's
/// older accounts need only the first, and so does open access, which notes the second. Who signs and is of the function's
/// own account needs no policy of the function.
/// Source: Lambda Developer Guide, "Control access to Lambda function URLs"; recorded answers.
pub fn check(cx: &Cx, function: &Function, named: &FunctionRef, signed: bool, now: Timestamp) -> Result<(), Refused> {
    if signed && cx.account == named.account {
        return Ok(());
    }
    let auth_type = if signed { "AWS_IAM" } else { "NONE" };
    let context =
        Context::of(cx, now).with("lambda:FunctionUrlAuthType", auth_type).with("lambda:InvokedViaFunctionUrl", "true");
    let qualifier = named.qualifier.as_deref().unwrap_or_default();
    let record = function.policies.get(qualifier).ok_or(Refused::Forbidden)?;
    let policy = Policy::parse(&statement::document(&record.statements), PolicyKind::Resource);
    let policy = policy.map_err(|_| Refused::Forbidden)?;
    let principal = Principal::of(&cx.caller);
    let allows = |action| resource_allows(&policy, &principal, action, &named.qualified_arn(), &context).is_allow();
    if !allows(INVOKE_URL) {
        return Err(Refused::Forbidden);
    }
    if allows(INVOKE) {
        return Ok(());
    }
    match cx.access {
        Access::Strict => Err(Refused::Forbidden),
        Access::Open => {
            let words = "since October 2025 the policy of a new function URL must allow lambda:InvokeFunction, too \
                         (InvokedViaFunctionUrl)";
            cx.hint("AccessDeniedException", words);
            Ok(())
        }
    }
}
