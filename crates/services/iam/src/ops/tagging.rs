//! Tags of users, roles, managed policies and instance profiles.

use api_iam::types as api;
use kernel::Cx;
use store::Txn;

use super::{instance_profiles, managed_policies, views};
use crate::directory::{Directory, Scope, load, save};
use crate::error::Error;
use crate::model::tags;
use crate::records::{Role, Tag, User};

/// What carries tags, by the name or ARN that requests give. Service-linked roles may be tagged by anyone.
/// Source: IAM API Reference, "TagRole".
trait Tagged {
    fn read(directory: &Directory, cx: &Cx, name: &str) -> Result<Vec<Tag>, Error>;

    fn change(
        txn: &mut Txn,
        scope: &Scope,
        name: &str,
        body: impl FnOnce(&mut Vec<Tag>) -> Result<(), Error>,
    ) -> Result<(), Error>;
}

macro_rules! entity_tags {
    ($entity:ident) => {
        impl Tagged for $entity {
            fn read(directory: &Directory, cx: &Cx, name: &str) -> Result<Vec<Tag>, Error> {
                Ok(directory.entity::<$entity>(cx, name)?.common.tags)
            }

            fn change(
                txn: &mut Txn,
                scope: &Scope,
                name: &str,
                body: impl FnOnce(&mut Vec<Tag>) -> Result<(), Error>,
            ) -> Result<(), Error> {
                let mut entity: $entity = load(txn, &scope.account, name)?;
                body(&mut entity.common.tags)?;
                save(txn, &scope.account, &entity)
            }
        }
    };
}

entity_tags!(User);
entity_tags!(Role);

struct PolicyTags;

impl Tagged for PolicyTags {
    fn read(directory: &Directory, cx: &Cx, arn: &str) -> Result<Vec<Tag>, Error> {
        match managed_policies::find_own(&directory.store, &directory.scope(cx), arn) {
            Err(Error::PolicyOfAws(_)) => Ok(Vec::new()),
            found => Ok(found?.tags),
        }
    }

    fn change(
        txn: &mut Txn,
        scope: &Scope,
        arn: &str,
        body: impl FnOnce(&mut Vec<Tag>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let mut policy = managed_policies::find_own(txn, scope, arn)?;
        body(&mut policy.tags)?;
        Ok(txn.put_record(managed_policies::key(&scope.account, &policy.name), &policy)?)
    }
}

struct InstanceProfileTags;

impl Tagged for InstanceProfileTags {
    fn read(directory: &Directory, cx: &Cx, name: &str) -> Result<Vec<Tag>, Error> {
        Ok(instance_profiles::find(&directory.store, &cx.account, name)?.tags)
    }

    fn change(
        txn: &mut Txn,
        scope: &Scope,
        name: &str,
        body: impl FnOnce(&mut Vec<Tag>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let mut profile = instance_profiles::find(txn, &scope.account, name)?;
        body(&mut profile.tags)?;
        Ok(txn.put_record(instance_profiles::key(&scope.account, &profile.name), &profile)?)
    }
}

async fn tag<T: Tagged>(directory: &Directory, cx: &Cx, name: String, new: Vec<api::Tag>) -> Result<(), Error> {
    let scope = directory.scope(cx);
    let new = views::tags_of_request(Some(new));
    directory.change(move |txn| T::change(txn, &scope, &name, |tags| tags::merge(tags, new))).await
}

async fn untag<T: Tagged>(directory: &Directory, cx: &Cx, name: String, keys: Vec<String>) -> Result<(), Error> {
    let scope = directory.scope(cx);
    directory
        .change(move |txn| {
            T::change(txn, &scope, &name, |tags| {
                tags::remove(tags, &keys);
                Ok(())
            })
        })
        .await
}

macro_rules! for_tagged {
    ($tagged:ident, $name:ident, $tag:ident $tag_in:ident $tag_out:ident,
     $untag:ident $untag_in:ident $untag_out:ident, $list:ident $list_in:ident $list_out:ident $operation:literal) => {
        pub async fn $tag(directory: &Directory, cx: &Cx, input: api::$tag_in) -> Result<api::$tag_out, Error> {
            tag::<$tagged>(directory, cx, input.$name, input.tags).await?;
            Ok(api::$tag_out {})
        }

        pub async fn $untag(directory: &Directory, cx: &Cx, input: api::$untag_in) -> Result<api::$untag_out, Error> {
            untag::<$tagged>(directory, cx, input.$name, input.tag_keys).await?;
            Ok(api::$untag_out {})
        }

        pub async fn $list(directory: &Directory, cx: &Cx, input: api::$list_in) -> Result<api::$list_out, Error> {
            let mut tags = $tagged::read(directory, cx, &input.$name)?;
            tags.sort_by(|a, b| a.key.cmp(&b.key));
            let page = directory.question(cx, $operation, input.$name, input.marker, input.max_items).numbered(tags)?;
            Ok(api::$list_out { is_truncated: page.truncated(), tags: views::tags(&page.items), marker: page.marker })
        }
    };
}

for_tagged!(
    User, user_name,
    tag_user TagUserRequest TagUserResponse,
    untag_user UntagUserRequest UntagUserResponse,
    list_user ListUserTagsRequest ListUserTagsResponse "ListUserTags"
);
for_tagged!(
    Role, role_name,
    tag_role TagRoleRequest TagRoleResponse,
    untag_role UntagRoleRequest UntagRoleResponse,
    list_role ListRoleTagsRequest ListRoleTagsResponse "ListRoleTags"
);
for_tagged!(
    PolicyTags, policy_arn,
    tag_policy TagPolicyRequest TagPolicyResponse,
    untag_policy UntagPolicyRequest UntagPolicyResponse,
    list_policy ListPolicyTagsRequest ListPolicyTagsResponse "ListPolicyTags"
);
for_tagged!(
    InstanceProfileTags, instance_profile_name,
    tag_instance_profile TagInstanceProfileRequest TagInstanceProfileResponse,
    untag_instance_profile UntagInstanceProfileRequest UntagInstanceProfileResponse,
    list_instance_profile ListInstanceProfileTagsRequest ListInstanceProfileTagsResponse "ListInstanceProfileTags"
);
