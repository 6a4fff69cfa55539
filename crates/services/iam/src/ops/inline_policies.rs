//! Policies embedded in users, groups and roles.

use api_iam::types as api;
use kernel::Cx;

use crate::directory::{Directory, load_to_change, save};
use crate::error::Error;
use crate::model::entity::Entity;
use crate::model::{document, names};
use crate::paging::Page;
use crate::records::{Group, Role, User};

async fn put<E: Entity>(
    directory: &Directory,
    cx: &Cx,
    name: String,
    policy: String,
    text: String,
) -> Result<(), Error> {
    let account = cx.account.clone();
    document::check_permissions(&text)?;
    directory
        .change(move |txn| {
            let mut entity: E = load_to_change(txn, &account, &name)?;
            let inline = &mut entity.common_mut().inline;
            inline.insert(policy, text);
            let max = E::KIND.inline_chars_max();
            if inline.values().map(|text| document::chars(text)).sum::<usize>() > max {
                return Err(Error::InlinePoliciesTooLarge { kind: E::KIND, name, max });
            }
            save(txn, &account, &entity)
        })
        .await
}

/// The policy as answers carry it.
fn get<E: Entity>(directory: &Directory, cx: &Cx, name: &str, policy: &str) -> Result<String, Error> {
    let entity: E = directory.entity(cx, name)?;
    match entity.common().inline.get(policy) {
        Some(text) => Ok(names::encoded(text)),
        None => Err(Error::NoSuchInlinePolicy(E::KIND, policy.to_owned())),
    }
}

async fn delete<E: Entity>(directory: &Directory, cx: &Cx, name: String, policy: String) -> Result<(), Error> {
    let account = cx.account.clone();
    directory
        .change(move |txn| {
            let mut entity: E = load_to_change(txn, &account, &name)?;
            if entity.common_mut().inline.remove(&policy).is_none() {
                return Err(Error::NoSuchInlinePolicy(E::KIND, policy));
            }
            save(txn, &account, &entity)
        })
        .await
}

fn list<E: Entity>(
    directory: &Directory,
    cx: &Cx,
    operation: &str,
    name: String,
    marker: Option<String>,
    max_items: Option<i32>,
) -> Result<Page<String>, Error> {
    let entity: E = directory.entity(cx, &name)?;
    let policies = entity.common().inline.keys().cloned().collect();
    directory.question(cx, operation, name, marker, max_items).of(policies, String::clone)
}

macro_rules! for_entity {
    ($entity:ident, $name:ident, $put:ident $put_in:ident $put_out:ident, $get:ident $get_in:ident $get_out:ident,
     $delete:ident $delete_in:ident $delete_out:ident, $list:ident $list_in:ident $list_out:ident $operation:literal) => {
        pub async fn $put(directory: &Directory, cx: &Cx, input: api::$put_in) -> Result<api::$put_out, Error> {
            put::<$entity>(directory, cx, input.$name, input.policy_name, input.policy_document).await?;
            Ok(api::$put_out {})
        }

        pub async fn $get(directory: &Directory, cx: &Cx, input: api::$get_in) -> Result<api::$get_out, Error> {
            let policy_document = get::<$entity>(directory, cx, &input.$name, &input.policy_name)?;
            Ok(api::$get_out { $name: input.$name, policy_name: input.policy_name, policy_document })
        }

        pub async fn $delete(
            directory: &Directory,
            cx: &Cx,
            input: api::$delete_in,
        ) -> Result<api::$delete_out, Error> {
            delete::<$entity>(directory, cx, input.$name, input.policy_name).await?;
            Ok(api::$delete_out {})
        }

        pub async fn $list(directory: &Directory, cx: &Cx, input: api::$list_in) -> Result<api::$list_out, Error> {
            let page = list::<$entity>(directory, cx, $operation, input.$name, input.marker, input.max_items)?;
            Ok(api::$list_out { is_truncated: page.truncated(), policy_names: page.items, marker: page.marker })
        }
    };
}

for_entity!(
    User, user_name,
    put_user PutUserPolicyRequest PutUserPolicyResponse,
    get_user GetUserPolicyRequest GetUserPolicyResponse,
    delete_user DeleteUserPolicyRequest DeleteUserPolicyResponse,
    list_user ListUserPoliciesRequest ListUserPoliciesResponse "ListUserPolicies"
);
for_entity!(
    Group, group_name,
    put_group PutGroupPolicyRequest PutGroupPolicyResponse,
    get_group GetGroupPolicyRequest GetGroupPolicyResponse,
    delete_group DeleteGroupPolicyRequest DeleteGroupPolicyResponse,
    list_group ListGroupPoliciesRequest ListGroupPoliciesResponse "ListGroupPolicies"
);
for_entity!(
    Role, role_name,
    put_role PutRolePolicyRequest PutRolePolicyResponse,
    get_role GetRolePolicyRequest GetRolePolicyResponse,
    delete_role DeleteRolePolicyRequest DeleteRolePolicyResponse,
    list_role ListRolePoliciesRequest ListRolePoliciesResponse "ListRolePolicies"
);
