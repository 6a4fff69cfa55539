//! The generated trait, operation by operation.

use std::sync::Arc;

use api_iam::types;
use kernel::Cx;
use wire::ApiError;

use crate::directory::Directory;
use crate::ops::{
    access_keys, account, attachments, authorization_details, boundaries, groups, inline_policies, instance_profiles,
    linked_roles, login_profiles, managed_policies, policy_versions, roles, service_credentials, simulate, tagging,
    users,
};

/// The IAM service.
pub struct Iam(pub(crate) Arc<Directory>);

impl Iam {
    pub fn new(directory: Arc<Directory>) -> Self {
        Self(directory)
    }
}

macro_rules! operations {
    ($(async fn $operation:ident($input:ident) -> $output:ident = $body:path;)*) => {
        impl api_iam::Iam for Iam {
            $(async fn $operation(&self, cx: &Cx, input: types::$input) -> Result<types::$output, ApiError> {
                Ok($body(&self.0, cx, input).await?)
            })*
        }
    };
}

operations! {
    async fn create_user(CreateUserRequest) -> CreateUserResponse = users::create;
    async fn get_user(GetUserRequest) -> GetUserResponse = users::get;
    async fn update_user(UpdateUserRequest) -> UpdateUserResponse = users::update;
    async fn delete_user(DeleteUserRequest) -> DeleteUserResponse = users::delete;
    async fn list_users(ListUsersRequest) -> ListUsersResponse = users::list;
    async fn list_groups_for_user(ListGroupsForUserRequest) -> ListGroupsForUserResponse = users::list_groups;
    async fn tag_user(TagUserRequest) -> TagUserResponse = tagging::tag_user;
    async fn untag_user(UntagUserRequest) -> UntagUserResponse = tagging::untag_user;
    async fn list_user_tags(ListUserTagsRequest) -> ListUserTagsResponse = tagging::list_user;
    async fn put_user_permissions_boundary(PutUserPermissionsBoundaryRequest) -> PutUserPermissionsBoundaryResponse = boundaries::put_user;
    async fn delete_user_permissions_boundary(DeleteUserPermissionsBoundaryRequest) -> DeleteUserPermissionsBoundaryResponse = boundaries::delete_user;
    async fn create_login_profile(CreateLoginProfileRequest) -> CreateLoginProfileResponse = login_profiles::create;
    async fn get_login_profile(GetLoginProfileRequest) -> GetLoginProfileResponse = login_profiles::get;
    async fn update_login_profile(UpdateLoginProfileRequest) -> UpdateLoginProfileResponse = login_profiles::update;
    async fn delete_login_profile(DeleteLoginProfileRequest) -> DeleteLoginProfileResponse = login_profiles::delete;
    async fn create_access_key(CreateAccessKeyRequest) -> CreateAccessKeyResponse = access_keys::create;
    async fn update_access_key(UpdateAccessKeyRequest) -> UpdateAccessKeyResponse = access_keys::update;
    async fn delete_access_key(DeleteAccessKeyRequest) -> DeleteAccessKeyResponse = access_keys::delete;
    async fn list_access_keys(ListAccessKeysRequest) -> ListAccessKeysResponse = access_keys::list;
    async fn get_access_key_last_used(GetAccessKeyLastUsedRequest) -> GetAccessKeyLastUsedResponse = access_keys::last_used;
    async fn create_group(CreateGroupRequest) -> CreateGroupResponse = groups::create;
    async fn get_group(GetGroupRequest) -> GetGroupResponse = groups::get;
    async fn update_group(UpdateGroupRequest) -> UpdateGroupResponse = groups::update;
    async fn delete_group(DeleteGroupRequest) -> DeleteGroupResponse = groups::delete;
    async fn list_groups(ListGroupsRequest) -> ListGroupsResponse = groups::list;
    async fn add_user_to_group(AddUserToGroupRequest) -> AddUserToGroupResponse = groups::add_user;
    async fn remove_user_from_group(RemoveUserFromGroupRequest) -> RemoveUserFromGroupResponse = groups::remove_user;
    async fn create_role(CreateRoleRequest) -> CreateRoleResponse = roles::create;
    async fn get_role(GetRoleRequest) -> GetRoleResponse = roles::get;
    async fn update_role(UpdateRoleRequest) -> UpdateRoleResponse = roles::update;
    async fn update_role_description(UpdateRoleDescriptionRequest) -> UpdateRoleDescriptionResponse = roles::update_description;
    async fn delete_role(DeleteRoleRequest) -> DeleteRoleResponse = roles::delete;
    async fn list_roles(ListRolesRequest) -> ListRolesResponse = roles::list;
    async fn update_assume_role_policy(UpdateAssumeRolePolicyRequest) -> UpdateAssumeRolePolicyResponse = roles::update_trust;
    async fn tag_role(TagRoleRequest) -> TagRoleResponse = tagging::tag_role;
    async fn untag_role(UntagRoleRequest) -> UntagRoleResponse = tagging::untag_role;
    async fn list_role_tags(ListRoleTagsRequest) -> ListRoleTagsResponse = tagging::list_role;
    async fn put_role_permissions_boundary(PutRolePermissionsBoundaryRequest) -> PutRolePermissionsBoundaryResponse = boundaries::put_role;
    async fn delete_role_permissions_boundary(DeleteRolePermissionsBoundaryRequest) -> DeleteRolePermissionsBoundaryResponse = boundaries::delete_role;
    async fn put_user_policy(PutUserPolicyRequest) -> PutUserPolicyResponse = inline_policies::put_user;
    async fn get_user_policy(GetUserPolicyRequest) -> GetUserPolicyResponse = inline_policies::get_user;
    async fn list_user_policies(ListUserPoliciesRequest) -> ListUserPoliciesResponse = inline_policies::list_user;
    async fn delete_user_policy(DeleteUserPolicyRequest) -> DeleteUserPolicyResponse = inline_policies::delete_user;
    async fn put_group_policy(PutGroupPolicyRequest) -> PutGroupPolicyResponse = inline_policies::put_group;
    async fn get_group_policy(GetGroupPolicyRequest) -> GetGroupPolicyResponse = inline_policies::get_group;
    async fn list_group_policies(ListGroupPoliciesRequest) -> ListGroupPoliciesResponse = inline_policies::list_group;
    async fn delete_group_policy(DeleteGroupPolicyRequest) -> DeleteGroupPolicyResponse = inline_policies::delete_group;
    async fn put_role_policy(PutRolePolicyRequest) -> PutRolePolicyResponse = inline_policies::put_role;
    async fn get_role_policy(GetRolePolicyRequest) -> GetRolePolicyResponse = inline_policies::get_role;
    async fn list_role_policies(ListRolePoliciesRequest) -> ListRolePoliciesResponse = inline_policies::list_role;
    async fn delete_role_policy(DeleteRolePolicyRequest) -> DeleteRolePolicyResponse = inline_policies::delete_role;
    async fn create_policy(CreatePolicyRequest) -> CreatePolicyResponse = managed_policies::create;
    async fn get_policy(GetPolicyRequest) -> GetPolicyResponse = managed_policies::get;
    async fn list_policies(ListPoliciesRequest) -> ListPoliciesResponse = managed_policies::list;
    async fn delete_policy(DeletePolicyRequest) -> DeletePolicyResponse = managed_policies::delete;
    async fn list_entities_for_policy(ListEntitiesForPolicyRequest) -> ListEntitiesForPolicyResponse = managed_policies::list_entities;
    async fn create_policy_version(CreatePolicyVersionRequest) -> CreatePolicyVersionResponse = policy_versions::create;
    async fn get_policy_version(GetPolicyVersionRequest) -> GetPolicyVersionResponse = policy_versions::get;
    async fn list_policy_versions(ListPolicyVersionsRequest) -> ListPolicyVersionsResponse = policy_versions::list;
    async fn set_default_policy_version(SetDefaultPolicyVersionRequest) -> SetDefaultPolicyVersionResponse = policy_versions::set_default;
    async fn delete_policy_version(DeletePolicyVersionRequest) -> DeletePolicyVersionResponse = policy_versions::delete;
    async fn tag_policy(TagPolicyRequest) -> TagPolicyResponse = tagging::tag_policy;
    async fn untag_policy(UntagPolicyRequest) -> UntagPolicyResponse = tagging::untag_policy;
    async fn list_policy_tags(ListPolicyTagsRequest) -> ListPolicyTagsResponse = tagging::list_policy;
    async fn attach_user_policy(AttachUserPolicyRequest) -> AttachUserPolicyResponse = attachments::attach_user;
    async fn detach_user_policy(DetachUserPolicyRequest) -> DetachUserPolicyResponse = attachments::detach_user;
    async fn list_attached_user_policies(ListAttachedUserPoliciesRequest) -> ListAttachedUserPoliciesResponse = attachments::list_user;
    async fn attach_group_policy(AttachGroupPolicyRequest) -> AttachGroupPolicyResponse = attachments::attach_group;
    async fn detach_group_policy(DetachGroupPolicyRequest) -> DetachGroupPolicyResponse = attachments::detach_group;
    async fn list_attached_group_policies(ListAttachedGroupPoliciesRequest) -> ListAttachedGroupPoliciesResponse = attachments::list_group;
    async fn attach_role_policy(AttachRolePolicyRequest) -> AttachRolePolicyResponse = attachments::attach_role;
    async fn detach_role_policy(DetachRolePolicyRequest) -> DetachRolePolicyResponse = attachments::detach_role;
    async fn list_attached_role_policies(ListAttachedRolePoliciesRequest) -> ListAttachedRolePoliciesResponse = attachments::list_role;
    async fn create_instance_profile(CreateInstanceProfileRequest) -> CreateInstanceProfileResponse = instance_profiles::create;
    async fn get_instance_profile(GetInstanceProfileRequest) -> GetInstanceProfileResponse = instance_profiles::get;
    async fn delete_instance_profile(DeleteInstanceProfileRequest) -> DeleteInstanceProfileResponse = instance_profiles::delete;
    async fn list_instance_profiles(ListInstanceProfilesRequest) -> ListInstanceProfilesResponse = instance_profiles::list;
    async fn list_instance_profiles_for_role(ListInstanceProfilesForRoleRequest) -> ListInstanceProfilesForRoleResponse = instance_profiles::list_for_role;
    async fn add_role_to_instance_profile(AddRoleToInstanceProfileRequest) -> AddRoleToInstanceProfileResponse = instance_profiles::add_role;
    async fn remove_role_from_instance_profile(RemoveRoleFromInstanceProfileRequest) -> RemoveRoleFromInstanceProfileResponse = instance_profiles::remove_role;
    async fn tag_instance_profile(TagInstanceProfileRequest) -> TagInstanceProfileResponse = tagging::tag_instance_profile;
    async fn untag_instance_profile(UntagInstanceProfileRequest) -> UntagInstanceProfileResponse = tagging::untag_instance_profile;
    async fn list_instance_profile_tags(ListInstanceProfileTagsRequest) -> ListInstanceProfileTagsResponse = tagging::list_instance_profile;
    async fn create_service_specific_credential(CreateServiceSpecificCredentialRequest) -> CreateServiceSpecificCredentialResponse = service_credentials::create;
    async fn list_service_specific_credentials(ListServiceSpecificCredentialsRequest) -> ListServiceSpecificCredentialsResponse = service_credentials::list;
    async fn update_service_specific_credential(UpdateServiceSpecificCredentialRequest) -> UpdateServiceSpecificCredentialResponse = service_credentials::update;
    async fn reset_service_specific_credential(ResetServiceSpecificCredentialRequest) -> ResetServiceSpecificCredentialResponse = service_credentials::reset;
    async fn delete_service_specific_credential(DeleteServiceSpecificCredentialRequest) -> DeleteServiceSpecificCredentialResponse = service_credentials::delete;
    async fn create_service_linked_role(CreateServiceLinkedRoleRequest) -> CreateServiceLinkedRoleResponse = linked_roles::create;
    async fn delete_service_linked_role(DeleteServiceLinkedRoleRequest) -> DeleteServiceLinkedRoleResponse = linked_roles::delete;
    async fn get_service_linked_role_deletion_status(GetServiceLinkedRoleDeletionStatusRequest) -> GetServiceLinkedRoleDeletionStatusResponse = linked_roles::deletion_status;
    async fn create_account_alias(CreateAccountAliasRequest) -> CreateAccountAliasResponse = account::create_alias;
    async fn delete_account_alias(DeleteAccountAliasRequest) -> DeleteAccountAliasResponse = account::delete_alias;
    async fn list_account_aliases(ListAccountAliasesRequest) -> ListAccountAliasesResponse = account::list_aliases;
    async fn get_account_summary(GetAccountSummaryRequest) -> GetAccountSummaryResponse = account::summary;
    async fn update_account_password_policy(UpdateAccountPasswordPolicyRequest) -> UpdateAccountPasswordPolicyResponse = account::update_password_policy;
    async fn get_account_password_policy(GetAccountPasswordPolicyRequest) -> GetAccountPasswordPolicyResponse = account::get_password_policy;
    async fn delete_account_password_policy(DeleteAccountPasswordPolicyRequest) -> DeleteAccountPasswordPolicyResponse = account::delete_password_policy;
    async fn simulate_principal_policy(SimulatePrincipalPolicyRequest) -> SimulatePolicyResponse = simulate::principal;
    async fn simulate_custom_policy(SimulateCustomPolicyRequest) -> SimulatePolicyResponse = simulate::custom;
    async fn get_account_authorization_details(GetAccountAuthorizationDetailsRequest) -> GetAccountAuthorizationDetailsResponse = authorization_details::get;
}
