use api_iam::Iam as _;
use api_iam::types as iam;
use auth::access::Keys as _;
use kernel::CallerKind;

use super::*;
use crate::model::linked_roles;

#[tokio::test]
async fn a_role_is_made_read_and_deleted() {
    let (world, cx) = (world(), a());
    let made = role(&world, &cx, "worker", service_trust("lambda.amazonaws.com")).await;
    assert_eq!(made.arn, "arn:aws:iam::111111111111:role/worker");
    assert_eq!((made.max_session_duration, &made.role_last_used), (None, &None));
    assert!(made.role_id.starts_with("AROA"));
    let get = || iam::GetRoleRequest { role_name: "worker".into() };
    let read = world.iam.get_role(&cx, get()).await.unwrap().role;
    assert_eq!((read.max_session_duration, read.role_last_used), (Some(3600), Some(iam::RoleLastUsed::default())));
    let again = iam::CreateRoleRequest {
        role_name: "Worker".into(),
        assume_role_policy_document: service_trust("lambda.amazonaws.com"),
        ..Default::default()
    };
    refused(world.iam.create_role(&cx, again).await, "EntityAlreadyExists", "Role with name Worker already exists.");
    world.iam.delete_role(&cx, iam::DeleteRoleRequest { role_name: "worker".into() }).await.unwrap();
    refused(world.iam.get_role(&cx, get()).await, "NoSuchEntity", "The role with name worker cannot be found.");
}

#[tokio::test]
async fn nothing_of_another_account_is_seen() {
    let (world, a, b) = (world(), a(), cx("222222222222"));
    role(&world, &a, "r", service_trust("lambda.amazonaws.com")).await;
    user(&world, &a, "u").await;
    policy(&world, &a, "p").await;
    let group = iam::CreateGroupRequest { group_name: "g".into(), ..Default::default() };
    world.iam.create_group(&a, group).await.unwrap();
    let profile = iam::CreateInstanceProfileRequest { instance_profile_name: "i".into(), ..Default::default() };
    world.iam.create_instance_profile(&a, profile).await.unwrap();
    world.directory.create_root_key(&a.account).await.unwrap();

    assert!(world.iam.list_roles(&b, Default::default()).await.unwrap().roles.is_empty());
    assert!(world.iam.list_users(&b, Default::default()).await.unwrap().users.is_empty());
    assert!(world.iam.list_groups(&b, Default::default()).await.unwrap().groups.is_empty());
    assert!(world.iam.list_instance_profiles(&b, Default::default()).await.unwrap().instance_profiles.is_empty());
    assert!(world.iam.list_access_keys(&b, Default::default()).await.unwrap().access_key_metadata.is_empty());
    let local = iam::ListPoliciesRequest { scope: Some(iam::PolicyScopeType::Local), ..Default::default() };
    assert_eq!(world.iam.list_policies(&b, local).await.unwrap().policies, Some(Vec::new()));
    let details = world.iam.get_account_authorization_details(&b, Default::default()).await.unwrap();
    assert_eq!((details.user_detail_list, details.role_detail_list), (Some(Vec::new()), Some(Vec::new())));
    let alias = iam::CreateAccountAliasRequest { account_alias: "alias-of-a".into() };
    world.iam.create_account_alias(&a, alias).await.unwrap();
    assert!(world.iam.list_account_aliases(&b, Default::default()).await.unwrap().account_aliases.is_empty());
    let everyone = iam::ListServiceSpecificCredentialsRequest { all_users: Some(true), ..Default::default() };
    let credential = iam::CreateServiceSpecificCredentialRequest {
        user_name: "u".into(),
        service_name: "codecommit.amazonaws.com".into(),
        ..Default::default()
    };
    world.iam.create_service_specific_credential(&a, credential).await.unwrap();
    let of = |answer: iam::ListServiceSpecificCredentialsResponse| answer.service_specific_credentials.unwrap().len();
    assert_eq!(of(world.iam.list_service_specific_credentials(&a, everyone.clone()).await.unwrap()), 1);
    assert_eq!(of(world.iam.list_service_specific_credentials(&b, everyone).await.unwrap()), 0);
}

#[tokio::test]
async fn lists_below_a_name_of_another_account_know_no_such_name() {
    let (world, a, b) = (world(), a(), cx("222222222222"));
    role(&world, &a, "x", service_trust("lambda.amazonaws.com")).await;
    user(&world, &a, "x").await;
    let arn = policy(&world, &a, "x").await;
    let group = iam::CreateGroupRequest { group_name: "x".into(), ..Default::default() };
    world.iam.create_group(&a, group).await.unwrap();
    let profile = iam::CreateInstanceProfileRequest { instance_profile_name: "x".into(), ..Default::default() };
    world.iam.create_instance_profile(&a, profile).await.unwrap();
    macro_rules! unknown_to_b {
        ($($operation:ident $input:ident $name:ident $value:expr;)*) => {$(
            let input = iam::$input { $name: $value.into(), ..Default::default() };
            world.iam.$operation(&a, input.clone()).await.unwrap();
            assert_eq!(world.iam.$operation(&b, input).await.unwrap_err().code, "NoSuchEntity");
        )*};
    }
    let get = iam::GetPolicyRequest { policy_arn: arn.clone() };
    refused(world.iam.get_policy(&b, get).await, "NoSuchEntity", &format!("Policy {arn} was not found."));
    unknown_to_b! {
        list_user_tags ListUserTagsRequest user_name "x";
        list_user_policies ListUserPoliciesRequest user_name "x";
        list_attached_user_policies ListAttachedUserPoliciesRequest user_name "x";
        list_groups_for_user ListGroupsForUserRequest user_name "x";
        list_access_keys ListAccessKeysRequest user_name Some("x".to_owned());
        get_group GetGroupRequest group_name "x";
        list_group_policies ListGroupPoliciesRequest group_name "x";
        list_attached_group_policies ListAttachedGroupPoliciesRequest group_name "x";
        list_role_tags ListRoleTagsRequest role_name "x";
        list_role_policies ListRolePoliciesRequest role_name "x";
        list_attached_role_policies ListAttachedRolePoliciesRequest role_name "x";
        list_instance_profiles_for_role ListInstanceProfilesForRoleRequest role_name "x";
        list_instance_profile_tags ListInstanceProfileTagsRequest instance_profile_name "x";
        list_policy_tags ListPolicyTagsRequest policy_arn arn.clone();
        list_policy_versions ListPolicyVersionsRequest policy_arn arn.clone();
        list_entities_for_policy ListEntitiesForPolicyRequest policy_arn arn.clone();
    }
}

#[tokio::test]
async fn attached_policies_block_and_are_counted() {
    let (world, cx) = (world(), a());
    user(&world, &cx, "u").await;
    let arn = policy(&world, &cx, "p").await;
    let attach = |arn: &str| iam::AttachUserPolicyRequest { user_name: "u".into(), policy_arn: arn.into() };
    refused(
        world.iam.attach_user_policy(&cx, attach("longpolicynamebutnoarn")).await,
        "ValidationError",
        "Invalid ARN:  Could not be parsed!",
    );
    refused(
        world.iam.attach_user_policy(&cx, attach(&format!("{arn}123"))).await,
        "NoSuchEntity",
        &format!("Policy {arn}123 does not exist or is not attachable."),
    );
    world.iam.attach_user_policy(&cx, attach(&arn)).await.unwrap();
    world.iam.attach_user_policy(&cx, attach(&arn)).await.unwrap();
    let get = || iam::GetPolicyRequest { policy_arn: arn.clone() };
    assert_eq!(world.iam.get_policy(&cx, get()).await.unwrap().policy.unwrap().attachment_count, Some(1));
    let delete = || iam::DeletePolicyRequest { policy_arn: arn.clone() };
    refused(
        world.iam.delete_policy(&cx, delete()).await,
        "DeleteConflict",
        "Cannot delete a policy attached to entities.",
    );
    let delete_user = || iam::DeleteUserRequest { user_name: "u".into() };
    refused(
        world.iam.delete_user(&cx, delete_user()).await,
        "DeleteConflict",
        "Cannot delete entity, must detach all policies first.",
    );
    let rename = iam::UpdateUserRequest { user_name: "u".into(), new_user_name: Some("v".into()), new_path: None };
    world.iam.update_user(&cx, rename).await.unwrap();
    let entities = iam::ListEntitiesForPolicyRequest { policy_arn: arn.clone(), ..Default::default() };
    let found = world.iam.list_entities_for_policy(&cx, entities).await.unwrap();
    assert_eq!(found.policy_users.unwrap()[0].user_name.as_deref(), Some("v"));
    let detach = iam::DetachUserPolicyRequest { user_name: "v".into(), policy_arn: arn.clone() };
    world.iam.detach_user_policy(&cx, detach).await.unwrap();
    world.iam.delete_policy(&cx, delete()).await.unwrap();
}

#[tokio::test]
async fn lists_come_in_pages_that_hold_everything_once() {
    let (world, cx) = (world(), a());
    for n in 0..7 {
        user(&world, &cx, &format!("user{n}")).await;
    }
    let (mut names, mut marker) = (Vec::new(), None);
    loop {
        let input = iam::ListUsersRequest { max_items: Some(3), marker, ..Default::default() };
        let page = world.iam.list_users(&cx, input).await.unwrap();
        assert_eq!(page.is_truncated, Some(page.marker.is_some()));
        names.extend(page.users.into_iter().filter_map(|user| user.user_name));
        marker = page.marker;
        if marker.is_none() {
            break;
        }
    }
    assert_eq!(names, (0..7).map(|n| format!("user{n}")).collect::<Vec<_>>());
    let forged = iam::ListUsersRequest { marker: Some("forged".into()), ..Default::default() };
    refused(world.iam.list_users(&cx, forged).await, "ValidationError", "Invalid Marker.");
}

#[tokio::test]
async fn renaming_a_group_keeps_its_members() {
    let (world, cx) = (world(), a());
    user(&world, &cx, "u").await;
    let create = iam::CreateGroupRequest { group_name: "g".into(), ..Default::default() };
    world.iam.create_group(&cx, create).await.unwrap();
    let add = iam::AddUserToGroupRequest { group_name: "g".into(), user_name: "u".into() };
    world.iam.add_user_to_group(&cx, add).await.unwrap();
    let rename = iam::UpdateGroupRequest { group_name: "g".into(), new_group_name: Some("h".into()), new_path: None };
    world.iam.update_group(&cx, rename).await.unwrap();
    let get = iam::GetGroupRequest { group_name: "h".into(), ..Default::default() };
    assert_eq!(world.iam.get_group(&cx, get).await.unwrap().users[0].user_name.as_deref(), Some("u"));
    let list = iam::ListGroupsForUserRequest { user_name: "u".into(), ..Default::default() };
    assert_eq!(world.iam.list_groups_for_user(&cx, list).await.unwrap().groups[0].group_name, "h");
    refused(
        world.iam.delete_group(&cx, iam::DeleteGroupRequest { group_name: "h".into() }).await,
        "DeleteConflict",
        "Cannot delete entity, must remove users from group first.",
    );
}

#[tokio::test]
async fn every_service_of_the_table_gets_its_linked_role() {
    let (world, cx) = (world(), a());
    for linked in linked_roles::table() {
        let create =
            iam::CreateServiceLinkedRoleRequest { aws_service_name: linked.service.into(), ..Default::default() };
        let role = world.iam.create_service_linked_role(&cx, create.clone()).await.unwrap().role.unwrap();
        assert_eq!(role.path, format!("/aws-service-role/{}/", linked.service));
        refused(
            world.iam.create_service_linked_role(&cx, create).await,
            "InvalidInput",
            &format!(
                "Service role name {} has been taken in this account, please try a different suffix.",
                role.role_name
            ),
        );
        let list = iam::ListAttachedRolePoliciesRequest { role_name: role.role_name.clone(), ..Default::default() };
        let attached = world.iam.list_attached_role_policies(&cx, list).await.unwrap().attached_policies.unwrap();
        assert_eq!(attached[0].policy_name.as_deref(), Some(linked.policy));
        refused(
            world.iam.delete_role(&cx, iam::DeleteRoleRequest { role_name: role.role_name.clone() }).await,
            "UnmodifiableEntity",
            &format!(
                "Cannot perform the operation on the protected role '{}' - this role is only modifiable by AWS",
                role.role_name
            ),
        );
        let delete = iam::DeleteServiceLinkedRoleRequest { role_name: role.role_name };
        let task = world.iam.delete_service_linked_role(&cx, delete).await.unwrap().deletion_task_id;
        let status = iam::GetServiceLinkedRoleDeletionStatusRequest { deletion_task_id: task };
        let status = world.iam.get_service_linked_role_deletion_status(&cx, status).await.unwrap();
        assert_eq!(status.status, iam::DeletionTaskStatusType::Succeeded);
    }
}

#[tokio::test]
async fn a_users_key_speaks_for_the_user_until_it_is_deleted() {
    let (world, cx) = (world(), a());
    let made = user(&world, &cx, "u").await;
    let create = || iam::CreateAccessKeyRequest { user_name: Some("u".into()) };
    let key = world.iam.create_access_key(&cx, create()).await.unwrap().access_key;
    let found = world.directory.lookup(&key.access_key_id).unwrap();
    assert_eq!((found.caller.arn, found.caller.principal_id), (made.arn, made.user_id));
    assert_eq!((found.account, found.secret_access_key), (cx.account.clone(), key.secret_access_key));
    world.iam.create_access_key(&cx, create()).await.unwrap();
    refused(
        world.iam.create_access_key(&cx, create()).await,
        "LimitExceeded",
        "Cannot exceed quota for AccessKeysPerUser: 2",
    );
    let off = iam::UpdateAccessKeyRequest {
        user_name: Some("u".into()),
        access_key_id: key.access_key_id.clone(),
        status: iam::StatusType::Inactive,
    };
    world.iam.update_access_key(&cx, off).await.unwrap();
    assert!(!world.directory.lookup(&key.access_key_id).unwrap().active);
    let delete = iam::DeleteAccessKeyRequest { user_name: Some("u".into()), access_key_id: key.access_key_id.clone() };
    world.iam.delete_access_key(&cx, delete).await.unwrap();
    assert!(world.directory.lookup(&key.access_key_id).is_none());
}

#[tokio::test]
async fn root_keys_are_made_listed_and_deleted() {
    let world = world();
    let owner = account("111111111111");
    let key = world.directory.create_root_key(&owner).await.unwrap();
    assert_eq!(caller_of(&world, &key.access_key_id).kind, CallerKind::Root);
    assert_eq!(world.directory.root_keys(&owner).unwrap()[0].access_key_id, key.access_key_id);
    world.directory.create_root_key(&owner).await.unwrap();
    assert!(world.directory.create_root_key(&owner).await.is_err());
    world.directory.delete_root_key(&owner, &key.access_key_id).await.unwrap();
    assert!(world.directory.lookup(&key.access_key_id).is_none());
}

#[tokio::test]
async fn a_policy_keeps_five_versions_and_its_default() {
    let (world, cx) = (world(), a());
    let arn = policy(&world, &cx, "p").await;
    let create = || iam::CreatePolicyVersionRequest {
        policy_arn: arn.clone(),
        policy_document: PERMISSIONS.into(),
        set_as_default: None,
    };
    for _ in 0..4 {
        world.iam.create_policy_version(&cx, create()).await.unwrap();
    }
    refused(
        world.iam.create_policy_version(&cx, create()).await,
        "LimitExceeded",
        "A managed policy can have up to 5 versions. Before you create a new version, you must delete an existing version.",
    );
    let version = |id: &str| iam::DeletePolicyVersionRequest { policy_arn: arn.clone(), version_id: id.into() };
    refused(
        world.iam.delete_policy_version(&cx, version("v1")).await,
        "DeleteConflict",
        "Cannot delete the default version of a policy.",
    );
    let default = iam::SetDefaultPolicyVersionRequest { policy_arn: arn.clone(), version_id: "v3".into() };
    world.iam.set_default_policy_version(&cx, default).await.unwrap();
    world.iam.delete_policy_version(&cx, version("v1")).await.unwrap();
    // Numbers are never used twice.
    let made = world.iam.create_policy_version(&cx, create()).await.unwrap().policy_version.unwrap();
    assert_eq!(made.version_id.as_deref(), Some("v6"));
    let list = iam::ListPolicyVersionsRequest { policy_arn: arn.clone(), ..Default::default() };
    let versions = world.iam.list_policy_versions(&cx, list).await.unwrap().versions.unwrap();
    let ids: Vec<_> = versions.iter().filter_map(|version| version.version_id.as_deref()).collect();
    assert_eq!(ids, ["v6", "v5", "v4", "v3", "v2"]);
}

#[tokio::test]
async fn aws_policies_can_be_attached_but_not_changed() {
    let (world, cx) = (world(), a());
    role(&world, &cx, "r", service_trust("lambda.amazonaws.com")).await;
    let arn = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole";
    let attach = iam::AttachRolePolicyRequest { role_name: "r".into(), policy_arn: arn.into() };
    world.iam.attach_role_policy(&cx, attach).await.unwrap();
    let get = iam::GetPolicyRequest { policy_arn: arn.into() };
    let shown = world.iam.get_policy(&cx, get).await.unwrap().policy.unwrap();
    assert_eq!((shown.policy_id.as_deref(), shown.attachment_count), (Some("ANPAJNCQGXC42545SKXIK"), Some(1)));
    let unknown = "arn:aws:iam::aws:policy/AWSLambdaFullAccess";
    let attach = iam::AttachRolePolicyRequest { role_name: "r".into(), policy_arn: unknown.into() };
    refused(
        world.iam.attach_role_policy(&cx, attach).await,
        "NoSuchEntity",
        &format!("Policy {unknown} does not exist or is not attachable."),
    );
    let delete = iam::DeletePolicyRequest { policy_arn: arn.into() };
    assert_eq!(world.iam.delete_policy(&cx, delete).await.unwrap_err().code, "AccessDenied");
}

#[tokio::test]
async fn policies_have_sizes() {
    let (world, cx) = (world(), a());
    user(&world, &cx, "u").await;
    let long = PERMISSIONS.replace("s3:GetObject", &format!("s3:{}", "a".repeat(2_100)));
    let put =
        iam::PutUserPolicyRequest { user_name: "u".into(), policy_name: "p".into(), policy_document: long.clone() };
    refused(
        world.iam.put_user_policy(&cx, put).await,
        "LimitExceeded",
        "Maximum policy size of 2048 bytes exceeded for user u",
    );
    let longer = PERMISSIONS.replace("s3:GetObject", &format!("s3:{}", "a".repeat(6_200)));
    let create = iam::CreatePolicyRequest { policy_name: "p".into(), policy_document: longer, ..Default::default() };
    refused(world.iam.create_policy(&cx, create).await, "LimitExceeded", "Cannot exceed quota for PolicySize: 6144");
}

#[tokio::test]
async fn service_credentials_follow_aws_texts() {
    let (world, cx) = (world(), a());
    user(&world, &cx, "u").await;
    let create = |service: &str| iam::CreateServiceSpecificCredentialRequest {
        user_name: "u".into(),
        service_name: service.into(),
        ..Default::default()
    };
    refused(
        world.iam.create_service_specific_credential(&cx, create("lambda.amazonaws.com")).await,
        "NoSuchEntity",
        "No such service lambda.amazonaws.com is supported for Service Specific Credentials",
    );
    let made = world.iam.create_service_specific_credential(&cx, create("codecommit.amazonaws.com")).await.unwrap();
    let made = made.service_specific_credential.unwrap();
    assert_eq!(made.service_user_name.as_deref(), Some("u-at-111111111111"));
    refused(
        world.iam.delete_user(&cx, iam::DeleteUserRequest { user_name: "u".into() }).await,
        "DeleteConflict",
        "Cannot delete entity, must remove referenced objects first.",
    );
    let reset = iam::ResetServiceSpecificCredentialRequest {
        user_name: Some("u".into()),
        service_specific_credential_id: "satisfiesregexbutstillinvalid".into(),
    };
    refused(
        world.iam.reset_service_specific_credential(&cx, reset).await,
        "NoSuchEntity",
        "No such credential satisfiesregexbutstillinvalid exists",
    );
}

#[tokio::test]
async fn simulation_asks_groups_boundaries_and_policies() {
    let (world, cx) = (world(), a());
    let made = user(&world, &cx, "u").await;
    let create = iam::CreateGroupRequest { group_name: "g".into(), ..Default::default() };
    world.iam.create_group(&cx, create).await.unwrap();
    let add = iam::AddUserToGroupRequest { group_name: "g".into(), user_name: "u".into() };
    world.iam.add_user_to_group(&cx, add).await.unwrap();
    let put = iam::PutGroupPolicyRequest {
        group_name: "g".into(),
        policy_name: "read".into(),
        policy_document: PERMISSIONS.into(),
    };
    world.iam.put_group_policy(&cx, put).await.unwrap();
    let simulate = || iam::SimulatePrincipalPolicyRequest {
        policy_source_arn: made.arn.clone(),
        action_names: vec!["s3:GetObject".into(), "s3:PutObject".into()],
        ..Default::default()
    };
    let decisions = |answer: iam::SimulatePolicyResponse| -> Vec<String> {
        let results = answer.evaluation_results.unwrap();
        results.iter().map(|result| result.eval_decision.to_string()).collect()
    };
    let answer = world.iam.simulate_principal_policy(&cx, simulate()).await.unwrap();
    assert_eq!(decisions(answer), ["allowed", "implicitDeny"]);
    let boundary = iam::PutUserPermissionsBoundaryRequest {
        user_name: "u".into(),
        permissions_boundary: "arn:aws:iam::aws:policy/AmazonSQSFullAccess".into(),
    };
    world.iam.put_user_permissions_boundary(&cx, boundary).await.unwrap();
    let answer = world.iam.simulate_principal_policy(&cx, simulate()).await.unwrap();
    assert_eq!(decisions(answer), ["implicitDeny", "implicitDeny"]);
}
