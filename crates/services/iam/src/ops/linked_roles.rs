//! Service-linked roles: one rule for every service of the table.

use api_iam::types as api;
use kernel::{AccountId, Cx, Timestamp, id};
use store::{Direction, KeyRange, Txn};

use super::boundaries::use_key;
use super::users::use_of;
use super::views;
use crate::directory::{Directory, check_quota, load, save};
use crate::error::{Error, Noun, Quota};
use crate::limits::{DELETION_TASKS_MAX, ROLES_MAX, SESSION_DURATION_S};
use crate::model::entity::EntityKind;
use crate::model::linked_roles::LinkedRole;
use crate::records::{self, Common, DeletionTask, Read, Role, kind};

pub async fn create(
    directory: &Directory,
    cx: &Cx,
    input: api::CreateServiceLinkedRoleRequest,
) -> Result<api::CreateServiceLinkedRoleResponse, Error> {
    let scope = directory.scope(cx);
    let suffix = input.custom_suffix.as_deref();
    let linked = LinkedRole::of(&input.aws_service_name, suffix)?;
    let policy = linked.policy_arn(scope.partition);
    let role = Role {
        common: Common {
            name: linked.role_name(suffix),
            id: id::iam(&*directory.rng, EntityKind::Role.id_prefix()),
            path: linked.path(),
            created: scope.now,
            attached: vec![policy.clone()],
            ..Common::default()
        },
        trust: linked.trust(),
        description: input.description.or_else(|| linked.description.map(str::to_owned)),
        session_duration_s: SESSION_DURATION_S,
        linked_to: Some(linked.service.to_owned()),
        ..Role::default()
    };
    let account = cx.account.clone();
    let role = directory
        .change(move |txn| {
            if txn.record::<Role>(&records::named(&account, EntityKind::Role.word(), &role.common.name))?.is_some() {
                return Err(Error::LinkedRoleTaken(role.common.name));
            }
            check_quota(txn, &account, EntityKind::Role.word(), Quota::Roles, ROLES_MAX)?;
            let key = use_key::<Role>(&account, kind::ATTACHMENT, &policy, &role.common.name);
            txn.put_record(key, &use_of(&role.common))?;
            save(txn, &account, &role)?;
            Ok(role)
        })
        .await?;
    let answer = api::Role { description: role.description.clone(), ..views::plain_role(&scope, &role) };
    Ok(api::CreateServiceLinkedRoleResponse { role: Some(answer) })
}

/// Deletes at once: nothing of the services that own such roles can be using them here.
pub async fn delete(
    directory: &Directory,
    cx: &Cx,
    input: api::DeleteServiceLinkedRoleRequest,
) -> Result<api::DeleteServiceLinkedRoleResponse, Error> {
    let scope = directory.scope(cx);
    let task = id::uuid(&*directory.rng);
    let deletion_task_id = directory
        .change(move |txn| {
            let role: Role = load(txn, &scope.account, &input.role_name)?;
            let Some(service) = &role.linked_to else { return Err(Error::NoSuch(Noun::Role, input.role_name)) };
            let task = format!("task/aws-service-role/{service}/{}/{task}", role.common.name);
            for arn in &role.common.attached {
                txn.delete(use_key::<Role>(&scope.account, kind::ATTACHMENT, arn, &role.common.name));
            }
            txn.delete(records::named(&scope.account, EntityKind::Role.word(), &role.common.name));
            remember(txn, &scope.account, &task, scope.now)?;
            Ok(task)
        })
        .await?;
    Ok(api::DeleteServiceLinkedRoleResponse { deletion_task_id })
}

/// Keeps the task, in place of the oldest when there are too many.
fn remember(txn: &mut Txn, account: &AccountId, task: &str, now: Timestamp) -> Result<(), Error> {
    let prefix = records::all(account, kind::DELETION_TASK);
    let range = KeyRange::prefix(&prefix);
    let kept = txn.scan_records::<DeletionTask>(&range, DELETION_TASKS_MAX + 1, Direction::Forward)?;
    if kept.len() >= DELETION_TASKS_MAX
        && let Some((key, _)) = kept.into_iter().min_by_key(|(_, task)| task.created)
    {
        txn.delete(key);
    }
    Ok(txn.put_record(prefix.part(task), &DeletionTask { created: now })?)
}

pub async fn deletion_status(
    directory: &Directory,
    cx: &Cx,
    input: api::GetServiceLinkedRoleDeletionStatusRequest,
) -> Result<api::GetServiceLinkedRoleDeletionStatusResponse, Error> {
    let key = records::all(&cx.account, kind::DELETION_TASK).part(&input.deletion_task_id);
    match directory.store.record::<DeletionTask>(&key)? {
        None => Err(Error::NoSuchDeletionTask(input.deletion_task_id)),
        Some(_) => Ok(api::GetServiceLinkedRoleDeletionStatusResponse {
            status: api::DeletionTaskStatusType::Succeeded,
            reason: None,
        }),
    }
}
