"""IAM: users, groups, roles, policies, keys, and what hangs on them."""

import json
import uuid

import pytest
from botocore.exceptions import ClientError

LAMBDA_TRUST = json.dumps({
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
})
READ = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}
WRITE = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:PutObject", "Resource": "*"}]}
BASIC = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
ACCOUNT = "000000000000"


@pytest.fixture
def iam(client):
    return client("iam")


def refused(code, call, **params):
    """Calls and answers the message of the error, which must have this code."""
    with pytest.raises(ClientError) as error:
        call(**params)
    assert error.value.response["Error"]["Code"] == code, error.value
    return error.value.response["Error"]["Message"]


@pytest.fixture
def role(iam, name):
    return iam.create_role(RoleName=name, AssumeRolePolicyDocument=LAMBDA_TRUST)["Role"]


@pytest.fixture
def user(iam, name):
    return iam.create_user(UserName=name)["User"]


@pytest.fixture
def group(iam, name):
    return iam.create_group(GroupName=name)["Group"]


@pytest.fixture
def policy(iam, name):
    return iam.create_policy(PolicyName=name, PolicyDocument=json.dumps(READ), Description="reads")["Policy"]


def test_a_user_has_path_id_and_arn(iam, name):
    made = iam.create_user(UserName=name, Path="/team/", Tags=[{"Key": "a", "Value": "1"}])["User"]
    assert made["Arn"] == f"arn:aws:iam::{ACCOUNT}:user/team/{name}"
    assert made["UserId"].startswith("AIDA") and len(made["UserId"]) == 21
    read = iam.get_user(UserName=name)["User"]
    assert read == made
    assert name in [u["UserName"] for u in iam.list_users(PathPrefix="/team/")["Users"]]
    message = refused("EntityAlreadyExists", iam.create_user, UserName=name)
    assert message == f"User with name {name} already exists."
    iam.update_user(UserName=name, NewUserName=name + "-2", NewPath="/")
    assert refused("NoSuchEntity", iam.get_user, UserName=name) == f"The user with name {name} cannot be found."
    iam.delete_user(UserName=name + "-2")


def test_root_is_a_user_without_a_name(gureum):
    iam = gureum.client("iam", key="222222222233")
    root = iam.get_user()["User"]
    assert (root["UserId"], root["Arn"]) == ("222222222233", "arn:aws:iam::222222222233:root")
    assert "UserName" not in root and "Path" not in root
    key = iam.create_access_key()["AccessKey"]
    assert "UserName" not in key
    mine = gureum.client("sts", key=key["AccessKeyId"], secret=key["SecretAccessKey"])
    assert mine.get_caller_identity()["Arn"] == root["Arn"]
    assert [k["AccessKeyId"] for k in iam.list_access_keys()["AccessKeyMetadata"]] == [key["AccessKeyId"]]
    iam.delete_access_key(AccessKeyId=key["AccessKeyId"])


def test_names_are_checked_in_aws_words(iam):
    message = refused("ValidationError", iam.create_user, UserName="a b")
    assert "at 'userName' failed to satisfy constraint: Member must satisfy regular expression pattern" in message


def test_tags_of_users_roles_policies_and_profiles(iam, user, role, policy, name):
    iam.create_instance_profile(InstanceProfileName=name)
    cases = [
        ("user", {"UserName": name}), ("role", {"RoleName": name}),
        ("policy", {"PolicyArn": policy["Arn"]}), ("instance_profile", {"InstanceProfileName": name}),
    ]
    calls = {
        "tag": ["tag_user", "tag_role", "tag_policy", "tag_instance_profile"],
        "untag": ["untag_user", "untag_role", "untag_policy", "untag_instance_profile"],
        "list": ["list_user_tags", "list_role_tags", "list_policy_tags", "list_instance_profile_tags"],
    }
    for at, (_, target) in enumerate(cases):
        tag, untag, listed = (getattr(iam, calls[word][at]) for word in ("tag", "untag", "list"))
        tag(**target, Tags=[{"Key": "k", "Value": "1"}, {"Key": "l", "Value": "2"}])
        tag(**target, Tags=[{"Key": "K", "Value": "3"}])
        untag(**target, TagKeys=["l"])
        assert listed(**target)["Tags"] == [{"Key": "K", "Value": "3"}]
        message = refused("InvalidInput", tag, **target, Tags=[{"Key": "x", "Value": ""}, {"Key": "X", "Value": ""}])
        assert message == "Duplicate tag keys found. Please note that Tag keys are case insensitive."


def test_a_role_shows_less_when_made_and_listed_than_when_read(iam, name):
    made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=LAMBDA_TRUST, Path="/p/")["Role"]
    assert made["AssumeRolePolicyDocument"] == json.loads(LAMBDA_TRUST)
    assert "MaxSessionDuration" not in made and "RoleLastUsed" not in made
    read = iam.get_role(RoleName=name)["Role"]
    assert read["MaxSessionDuration"] == 3600 and read["RoleLastUsed"] == {}
    listed = [r for r in iam.list_roles(PathPrefix="/p/")["Roles"] if r["RoleName"] == name]
    assert listed[0]["MaxSessionDuration"] == 3600 and "RoleLastUsed" not in listed[0]
    message = refused("EntityAlreadyExists", iam.create_role, RoleName=name, AssumeRolePolicyDocument=LAMBDA_TRUST)
    assert message == f"Role with name {name} already exists."


def test_a_roles_trust_duration_and_description_change(iam, role, name):
    other = LAMBDA_TRUST.replace("lambda", "events")
    iam.update_assume_role_policy(RoleName=name, PolicyDocument=other)
    iam.update_role(RoleName=name, MaxSessionDuration=7200, Description="one")
    read = iam.get_role(RoleName=name)["Role"]
    assert read["AssumeRolePolicyDocument"] == json.loads(other)
    assert (read["MaxSessionDuration"], read["Description"]) == (7200, "one")
    assert iam.update_role_description(RoleName=name, Description="two")["Role"]["Description"] == "two"
    no_principal = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole"}]})
    message = refused("MalformedPolicyDocument", iam.update_assume_role_policy, RoleName=name, PolicyDocument=no_principal)
    assert message == "Missing required field Principal"


def test_what_hangs_on_a_role_keeps_it(iam, role, name):
    iam.put_role_policy(RoleName=name, PolicyName="inline", PolicyDocument=json.dumps(READ))
    iam.attach_role_policy(RoleName=name, PolicyArn=BASIC)
    iam.create_instance_profile(InstanceProfileName=name)
    iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=name)
    message = refused("DeleteConflict", iam.delete_role, RoleName=name)
    assert message == "Cannot delete entity, must remove roles from instance profile first."
    iam.remove_role_from_instance_profile(InstanceProfileName=name, RoleName=name)
    message = refused("DeleteConflict", iam.delete_role, RoleName=name)
    assert message == "Cannot delete entity, must detach all policies first."
    iam.detach_role_policy(RoleName=name, PolicyArn=BASIC)
    message = refused("DeleteConflict", iam.delete_role, RoleName=name)
    assert message == "Cannot delete entity, must delete policies first."
    iam.delete_role_policy(RoleName=name, PolicyName="inline")
    iam.delete_role(RoleName=name)


def test_inline_policies_come_back_as_they_were_put(iam, user, group, role, name):
    odd = {**READ, "Statement": [{**READ["Statement"][0], "Resource": ["arn:aws:s3:::a%3Ab/*"]}]}
    families = [
        ({"UserName": name}, iam.put_user_policy, iam.get_user_policy, iam.list_user_policies, iam.delete_user_policy),
        ({"GroupName": name}, iam.put_group_policy, iam.get_group_policy, iam.list_group_policies, iam.delete_group_policy),
        ({"RoleName": name}, iam.put_role_policy, iam.get_role_policy, iam.list_role_policies, iam.delete_role_policy),
    ]
    for target, put, get, listed, delete in families:
        put(**target, PolicyName="one", PolicyDocument=json.dumps(odd))
        assert get(**target, PolicyName="one")["PolicyDocument"] == odd
        assert listed(**target)["PolicyNames"] == ["one"]
        delete(**target, PolicyName="one")
        word = next(iter(target)).removesuffix("Name").lower()
        message = refused("NoSuchEntity", get, **target, PolicyName="one")
        assert message == f"The {word} policy with name one cannot be found."
        big = json.dumps({**READ, "Statement": [{**READ["Statement"][0], "Action": "s3:" + "a" * 11000}]})
        assert "Maximum policy size of" in refused("LimitExceeded", put, **target, PolicyName="two", PolicyDocument=big)


# The ledger's names for the calls above: "put_user_policy" "get_user_policy" "list_user_policies" "delete_user_policy"
# "put_group_policy" "get_group_policy" "list_group_policies" "delete_group_policy" "put_role_policy" "get_role_policy"
# "list_role_policies" "delete_role_policy".


def test_malformed_policies_are_named(iam, name):
    create = iam.create_policy
    for document, message in [
        ({**READ, "Version": "2008-10-17"}, "Policy document must be version 2012-10-17 or greater."),
        ({"Version": "2012-10-17"}, "Syntax errors in policy."),
        ({**READ, "Statement": [{"Effect": "Allow", "Resource": "*"}]}, "Policy statement must contain actions."),
        ({**READ, "Statement": [{"Effect": "Allow", "Action": "s3:*"}]}, "Policy statement must contain resources."),
    ]:
        assert refused("MalformedPolicyDocument", create, PolicyName=name, PolicyDocument=json.dumps(document)) == message


def test_a_managed_policy_is_made_read_and_listed(iam, policy, name):
    arn = policy["Arn"]
    assert arn == f"arn:aws:iam::{ACCOUNT}:policy/{name}"
    assert (policy["AttachmentCount"], policy["IsAttachable"], policy["DefaultVersionId"]) == (0, True, "v1")
    assert "Description" not in policy
    read = iam.get_policy(PolicyArn=arn)["Policy"]
    assert read["Description"] == "reads" and read["Tags"] == []
    names = [p["PolicyName"] for page in iam.get_paginator("list_policies").paginate(Scope="Local") for p in page["Policies"]]
    assert name in names
    assert iam.list_policies(Scope="AWS")["Policies"][0]["Arn"].startswith("arn:aws:iam::aws:policy/")
    message = refused("EntityAlreadyExists", iam.create_policy, PolicyName=name, PolicyDocument=json.dumps(READ))
    assert message == f"A policy called {name} already exists. Duplicate names are not allowed."
    iam.delete_policy(PolicyArn=arn)
    assert refused("NoSuchEntity", iam.get_policy, PolicyArn=arn) == f"Policy {arn} was not found."


def test_versions_of_a_policy(iam, policy):
    arn = policy["Arn"]
    made = iam.create_policy_version(PolicyArn=arn, PolicyDocument=json.dumps(WRITE), SetAsDefault=True)["PolicyVersion"]
    assert (made["VersionId"], made["IsDefaultVersion"]) == ("v2", True)
    assert iam.get_policy_version(PolicyArn=arn, VersionId="v2")["PolicyVersion"]["Document"] == WRITE
    assert [v["VersionId"] for v in iam.list_policy_versions(PolicyArn=arn)["Versions"]] == ["v2", "v1"]
    message = refused("DeleteConflict", iam.delete_policy_version, PolicyArn=arn, VersionId="v2")
    assert message == "Cannot delete the default version of a policy."
    assert "more than one version" in refused("DeleteConflict", iam.delete_policy, PolicyArn=arn)
    iam.set_default_policy_version(PolicyArn=arn, VersionId="v1")
    iam.delete_policy_version(PolicyArn=arn, VersionId="v2")
    refused("NoSuchEntity", iam.get_policy_version, PolicyArn=arn, VersionId="v2")


def test_policies_are_attached_to_users_groups_and_roles(iam, user, group, role, policy, name):
    arn = policy["Arn"]
    families = [
        ({"UserName": name}, iam.attach_user_policy, iam.detach_user_policy, iam.list_attached_user_policies),
        ({"GroupName": name}, iam.attach_group_policy, iam.detach_group_policy, iam.list_attached_group_policies),
        ({"RoleName": name}, iam.attach_role_policy, iam.detach_role_policy, iam.list_attached_role_policies),
    ]
    for target, attach, _, listed in families:
        assert refused("ValidationError", attach, **target, PolicyArn="longpolicynamebutnoarn") == "Invalid ARN:  Could not be parsed!"
        message = refused("NoSuchEntity", attach, **target, PolicyArn=arn + "x")
        assert message == f"Policy {arn}x does not exist or is not attachable."
        attach(**target, PolicyArn=arn)
        assert listed(**target)["AttachedPolicies"] == [{"PolicyName": name, "PolicyArn": arn}]
    assert iam.get_policy(PolicyArn=arn)["Policy"]["AttachmentCount"] == 3
    found = iam.list_entities_for_policy(PolicyArn=arn)
    assert [len(found[kind]) for kind in ("PolicyUsers", "PolicyGroups", "PolicyRoles")] == [1, 1, 1]
    assert refused("DeleteConflict", iam.delete_policy, PolicyArn=arn) == "Cannot delete a policy attached to entities."
    for target, _, detach, _ in families:
        detach(**target, PolicyArn=arn)
        assert refused("NoSuchEntity", detach, **target, PolicyArn=arn) == f"Policy {arn} was not found."


# The ledger's names for the calls above: "attach_user_policy" "detach_user_policy" "list_attached_user_policies"
# "attach_group_policy" "detach_group_policy" "list_attached_group_policies" "attach_role_policy" "detach_role_policy"
# "list_attached_role_policies".


def test_short_lists_come_in_pages_too(iam, role, name):
    tags = [{"Key": "é" * 120 + str(n), "Value": ""} for n in range(5)]
    iam.tag_role(RoleName=name, Tags=tags)
    for policy in ["AdministratorAccess", "PowerUserAccess", "IAMReadOnlyAccess"]:
        iam.attach_role_policy(RoleName=name, PolicyArn=f"arn:aws:iam::aws:policy/{policy}")
    pages = iam.get_paginator("list_attached_role_policies").paginate(RoleName=name, PaginationConfig={"PageSize": 2})
    names = [p["PolicyName"] for page in pages for p in page["AttachedPolicies"]]
    assert names == ["AdministratorAccess", "IAMReadOnlyAccess", "PowerUserAccess"]
    pages = iam.get_paginator("list_role_tags").paginate(RoleName=name, PaginationConfig={"PageSize": 2})
    assert [t for page in pages for t in page["Tags"]] == tags


def test_the_tenth_policy_of_a_role_is_the_last(iam, role, name):
    for n in range(11):
        document = json.dumps(READ)
        arn = iam.create_policy(PolicyName=f"{name}-{n}", PolicyDocument=document)["Policy"]["Arn"]
        if n < 10:
            iam.attach_role_policy(RoleName=name, PolicyArn=arn)
        else:
            message = refused("LimitExceeded", iam.attach_role_policy, RoleName=name, PolicyArn=arn)
            assert message == "Cannot exceed quota for PoliciesPerRole: 10"


def test_lambdas_own_policies_are_there(iam):
    for policy in ["service-role/AWSLambdaBasicExecutionRole", "service-role/AWSLambdaSQSQueueExecutionRole", "AdministratorAccess"]:
        arn = f"arn:aws:iam::aws:policy/{policy}"
        version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
        document = iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]
        assert document["Statement"][0]["Effect"] == "Allow"


def test_permissions_boundaries(iam, user, role, name):
    message = refused("NoSuchEntity", iam.put_role_permissions_boundary, RoleName=name, PermissionsBoundary=BASIC + "x")
    assert message == f"Scope ARN: {BASIC}x does not exist or is not attachable."
    iam.put_user_permissions_boundary(UserName=name, PermissionsBoundary=BASIC)
    iam.put_role_permissions_boundary(RoleName=name, PermissionsBoundary=BASIC)
    for read in (iam.get_user(UserName=name)["User"], iam.get_role(RoleName=name)["Role"]):
        assert read["PermissionsBoundary"] == {
            "PermissionsBoundaryType": "PermissionsBoundaryPolicy", "PermissionsBoundaryArn": BASIC,
        }
    iam.delete_user_permissions_boundary(UserName=name)
    iam.delete_role_permissions_boundary(RoleName=name)
    refused("NoSuchEntity", iam.delete_user_permissions_boundary, UserName=name)
    refused("NoSuchEntity", iam.delete_role_permissions_boundary, RoleName=name)


def test_groups_hold_users(iam, user, group, name):
    iam.add_user_to_group(GroupName=name, UserName=name)
    assert [u["UserName"] for u in iam.get_group(GroupName=name)["Users"]] == [name]
    assert [g["GroupName"] for g in iam.list_groups_for_user(UserName=name)["Groups"]] == [name]
    assert name in [g["GroupName"] for g in iam.list_groups()["Groups"]]
    for call in (iam.delete_group, iam.delete_user):
        target = {"GroupName": name} if call == iam.delete_group else {"UserName": name}
        assert refused("DeleteConflict", call, **target) == "Cannot delete entity, must remove users from group first."
    iam.update_group(GroupName=name, NewGroupName=name + "-2")
    iam.remove_user_from_group(GroupName=name + "-2", UserName=name)
    iam.delete_group(GroupName=name + "-2")
    assert refused("NoSuchEntity", iam.get_group, GroupName=name) == f"The group with name {name} cannot be found."


def test_access_keys(iam, user, name, client):
    key = iam.create_access_key(UserName=name)["AccessKey"]
    assert key["AccessKeyId"].startswith("AKIA") and len(key["SecretAccessKey"]) == 40
    mine = client("sts", key=key["AccessKeyId"], secret=key["SecretAccessKey"])
    assert mine.get_caller_identity()["Arn"] == user["Arn"]
    assert iam.get_access_key_last_used(AccessKeyId=key["AccessKeyId"])["UserName"] == name
    listed = iam.list_access_keys(UserName=name)["AccessKeyMetadata"]
    assert [(k["AccessKeyId"], k["Status"]) for k in listed] == [(key["AccessKeyId"], "Active")]
    assert refused("DeleteConflict", iam.delete_user, UserName=name) == "Cannot delete entity, must delete access keys first."
    iam.update_access_key(UserName=name, AccessKeyId=key["AccessKeyId"], Status="Inactive")
    refused("InvalidClientTokenId", mine.get_caller_identity)
    iam.delete_access_key(UserName=name, AccessKeyId=key["AccessKeyId"])
    message = refused("NoSuchEntity", iam.delete_access_key, UserName=name, AccessKeyId=key["AccessKeyId"])
    assert message == f"The Access Key with id {key['AccessKeyId']} cannot be found."


def test_login_profiles(iam, user, name):
    made = iam.create_login_profile(UserName=name, Password="a-Password-1", PasswordResetRequired=True)["LoginProfile"]
    assert made["PasswordResetRequired"] is True
    message = refused("EntityAlreadyExists", iam.create_login_profile, UserName=name, Password="a-Password-1")
    assert message == f"Login Profile for user {name} already exists."
    iam.update_login_profile(UserName=name, PasswordResetRequired=False)
    assert iam.get_login_profile(UserName=name)["LoginProfile"]["PasswordResetRequired"] is False
    iam.delete_login_profile(UserName=name)
    message = refused("NoSuchEntity", iam.get_login_profile, UserName=name)
    assert message == f"Login Profile for User {name} cannot be found."


def test_instance_profiles(iam, role, name):
    made = iam.create_instance_profile(InstanceProfileName=name)["InstanceProfile"]
    assert made["InstanceProfileId"].startswith("AIPA") and made["Roles"] == []
    iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=name)
    message = refused("LimitExceeded", iam.add_role_to_instance_profile, InstanceProfileName=name, RoleName=name)
    assert message == "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1"
    assert iam.get_instance_profile(InstanceProfileName=name)["InstanceProfile"]["Roles"][0]["RoleName"] == name
    assert [p["InstanceProfileName"] for p in iam.list_instance_profiles_for_role(RoleName=name)["InstanceProfiles"]] == [name]
    assert name in [p["InstanceProfileName"] for p in iam.list_instance_profiles()["InstanceProfiles"]]
    message = refused("DeleteConflict", iam.delete_instance_profile, InstanceProfileName=name)
    assert message == "Cannot delete entity, must remove roles from instance profile first."
    iam.remove_role_from_instance_profile(InstanceProfileName=name, RoleName=name)
    iam.delete_instance_profile(InstanceProfileName=name)
    message = refused("NoSuchEntity", iam.get_instance_profile, InstanceProfileName=name)
    assert message == f"Instance Profile {name} cannot be found."


def test_service_specific_credentials(iam, user, name):
    made = iam.create_service_specific_credential(UserName=name, ServiceName="codecommit.amazonaws.com")
    made = made["ServiceSpecificCredential"]
    id = made["ServiceSpecificCredentialId"]
    assert made["ServiceUserName"] == f"{name}-at-{ACCOUNT}"
    iam.update_service_specific_credential(UserName=name, ServiceSpecificCredentialId=id, Status="Inactive")
    listed = iam.list_service_specific_credentials(UserName=name)["ServiceSpecificCredentials"]
    assert [(c["ServiceSpecificCredentialId"], c["Status"]) for c in listed] == [(id, "Inactive")]
    reset = iam.reset_service_specific_credential(UserName=name, ServiceSpecificCredentialId=id)
    assert reset["ServiceSpecificCredential"]["ServicePassword"] != made["ServicePassword"]
    message = refused("NoSuchEntity", iam.create_service_specific_credential, UserName=name, ServiceName="sqs.amazonaws.com")
    assert message == "No such service sqs.amazonaws.com is supported for Service Specific Credentials"
    iam.delete_service_specific_credential(UserName=name, ServiceSpecificCredentialId=id)


def test_service_linked_roles(gureum):
    # In an account of its own: such a role can be there once.
    iam = gureum.client("iam", key="333333333333")
    role = iam.create_service_linked_role(AWSServiceName="ecs.amazonaws.com")["Role"]
    assert role["Arn"] == "arn:aws:iam::333333333333:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS"
    message = refused("InvalidInput", iam.create_service_linked_role, AWSServiceName="ecs.amazonaws.com")
    assert message.startswith("Service role name AWSServiceRoleForECS has been taken in this account")
    # Whoever may can describe and tag it; the rest is its service's.
    iam.update_role_description(RoleName="AWSServiceRoleForECS", Description="ours")
    iam.tag_role(RoleName="AWSServiceRoleForECS", Tags=[{"Key": "a", "Value": "1"}])
    refused("UnmodifiableEntity", iam.attach_role_policy, RoleName="AWSServiceRoleForECS", PolicyArn=BASIC)
    message = refused("UnmodifiableEntity", iam.delete_role, RoleName="AWSServiceRoleForECS")
    assert message.endswith("this role is only modifiable by AWS")
    task = iam.delete_service_linked_role(RoleName="AWSServiceRoleForECS")["DeletionTaskId"]
    assert iam.get_service_linked_role_deletion_status(DeletionTaskId=task)["Status"] == "SUCCEEDED"
    refused("NoSuchEntity", iam.get_role, RoleName="AWSServiceRoleForECS")


def test_account_alias_password_policy_and_summary(gureum):
    iam = gureum.client("iam", key="444444444444")
    alias = "alias-" + uuid.uuid4().hex[:8]
    iam.create_account_alias(AccountAlias=alias)
    assert iam.list_account_aliases()["AccountAliases"] == [alias]
    other = gureum.client("iam", key="555555555555")
    message = refused("EntityAlreadyExists", other.create_account_alias, AccountAlias=alias)
    assert message == f"The account alias {alias} already exists."
    iam.delete_account_alias(AccountAlias=alias)
    refused("NoSuchEntity", iam.delete_account_alias, AccountAlias=alias)

    refused("NoSuchEntity", iam.get_account_password_policy)
    iam.update_account_password_policy(MinimumPasswordLength=12, MaxPasswordAge=90)
    policy = iam.get_account_password_policy()["PasswordPolicy"]
    assert (policy["MinimumPasswordLength"], policy["ExpirePasswords"]) == (12, True)
    iam.delete_account_password_policy()

    iam.create_user(UserName="one")
    summary = iam.get_account_summary()["SummaryMap"]
    assert (summary["Users"], summary["UsersQuota"], summary["RolesQuota"]) == (1, 5000, 1000)
    iam.delete_user(UserName="one")


def test_simulations_ask_the_evaluator(iam, user, name):
    iam.put_user_policy(UserName=name, PolicyName="read", PolicyDocument=json.dumps(READ))
    answer = iam.simulate_principal_policy(PolicySourceArn=user["Arn"], ActionNames=["s3:GetObject", "s3:PutObject"])
    assert [r["EvalDecision"] for r in answer["EvaluationResults"]] == ["allowed", "implicitDeny"]
    deny = json.dumps({**READ, "Statement": [{**READ["Statement"][0], "Effect": "Deny"}]})
    answer = iam.simulate_custom_policy(PolicyInputList=[json.dumps(READ), deny], ActionNames=["s3:GetObject"])
    assert answer["EvaluationResults"][0]["EvalDecision"] == "explicitDeny"


def test_everything_of_an_account_at_once(gureum):
    iam = gureum.client("iam", key="666666666666")
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=LAMBDA_TRUST)
    iam.put_role_policy(RoleName="r", PolicyName="p", PolicyDocument=json.dumps(READ))
    iam.attach_role_policy(RoleName="r", PolicyArn=BASIC)
    details = iam.get_account_authorization_details()
    assert details["RoleDetailList"][0]["RolePolicyList"] == [{"PolicyName": "p", "PolicyDocument": READ}]
    assert [p["Arn"] for p in details["Policies"]] == [BASIC]
    only_users = iam.get_account_authorization_details(Filter=["User"])
    assert only_users["RoleDetailList"] == []


def test_pages_hold_everything_once(gureum):
    iam = gureum.client("iam", key="777777777777")
    names = [f"user{n}" for n in range(7)]
    for name in names:
        iam.create_user(UserName=name)
    pages = list(iam.get_paginator("list_users").paginate(PaginationConfig={"PageSize": 3}))
    assert [len(page["Users"]) for page in pages] == [3, 3, 1]
    assert [u["UserName"] for page in pages for u in page["Users"]] == names
    refused("ValidationError", iam.list_users, Marker="forged")


def test_another_account_sees_nothing(gureum, role, policy, name):
    other = gureum.client("iam", key="888888888888")
    assert other.list_roles()["Roles"] == [] and other.list_policies(Scope="Local")["Policies"] == []
    refused("NoSuchEntity", other.get_role, RoleName=name)
    refused("NoSuchEntity", other.get_policy, PolicyArn=policy["Arn"])


def test_what_is_kept_survives_a_kill(fresh):
    server = fresh()
    iam = server.client("iam")
    role = iam.create_role(RoleName="r", AssumeRolePolicyDocument=LAMBDA_TRUST)["Role"]
    server.kill()
    server.start()
    assert server.client("iam").get_role(RoleName="r")["Role"]["RoleId"] == role["RoleId"]
