"""STS: who a caller is, and credentials for a while."""

import json
from datetime import datetime, timedelta, timezone

import pytest
from botocore.exceptions import ClientError

ACCOUNT = "000000000000"


def trust(principal):
    return json.dumps({
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}],
    })


@pytest.fixture
def sts(client):
    return client("sts")


@pytest.fixture
def user_key(client, name):
    """A user's key, and the user."""
    iam = client("iam")
    user = iam.create_user(UserName=name)["User"]
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return key, user


def with_credentials(gureum, service, credentials):
    key, secret, token = (credentials[n] for n in ("AccessKeyId", "SecretAccessKey", "SessionToken"))
    return gureum.client(service, key=key, secret=secret, token=token)


def refused(code, call, **params):
    with pytest.raises(ClientError) as error:
        call(**params)
    assert error.value.response["Error"]["Code"] == code, error.value
    return error.value.response["Error"]["Message"]


def test_an_unknown_key_is_root_of_the_account(sts, client):
    identity = sts.get_caller_identity()
    assert (identity["Account"], identity["UserId"]) == (ACCOUNT, ACCOUNT)
    assert identity["Arn"] == f"arn:aws:iam::{ACCOUNT}:root"
    assert client("sts", key="123456789012").get_caller_identity()["Account"] == "123456789012"


def test_a_session_speaks_for_its_role(gureum, client, sts, name):
    role = client("iam").create_role(RoleName=name, Path="/p/", AssumeRolePolicyDocument=trust({"AWS": ACCOUNT}))["Role"]
    answer = sts.assume_role(RoleArn=role["Arn"], RoleSessionName="session-1")
    assert answer["AssumedRoleUser"] == {
        "AssumedRoleId": f"{role['RoleId']}:session-1",
        "Arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/{name}/session-1",
    }
    assert answer["Credentials"]["AccessKeyId"].startswith("ASIA")
    left = answer["Credentials"]["Expiration"] - datetime.now(timezone.utc)
    assert timedelta(minutes=55) < left <= timedelta(hours=1)
    identity = with_credentials(gureum, "sts", answer["Credentials"]).get_caller_identity()
    assert identity["Arn"] == answer["AssumedRoleUser"]["Arn"]
    assert identity["UserId"] == answer["AssumedRoleUser"]["AssumedRoleId"]


def test_a_wrong_secret_or_token_is_refused(gureum, client, sts, name):
    role = client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=trust({"AWS": ACCOUNT}))["Role"]
    good = sts.assume_role(RoleArn=role["Arn"], RoleSessionName="session-1")["Credentials"]
    wrong_secret = with_credentials(gureum, "sts", {**good, "SecretAccessKey": "x" * 40})
    refused("SignatureDoesNotMatch", wrong_secret.get_caller_identity)
    wrong_token = with_credentials(gureum, "sts", {**good, "SessionToken": "x" * 40})
    refused("InvalidClientTokenId", wrong_token.get_caller_identity)


def test_malformed_arns_and_names_are_named(sts):
    for arn in ["nothing-valid-in-here", "arn::b:::something/test-role", "arn:a:a::aaaaaaaaaa:"]:
        assert refused("ValidationError", sts.assume_role, RoleArn=arn, RoleSessionName="s1") == f"{arn} is invalid"
    message = refused("ValidationError", sts.assume_role, RoleArn="arn:a:b:::something/test-role", RoleSessionName="s:1")
    assert message.startswith("1 validation error detected: Value 's:1' at 'roleSessionName'")


def test_sessions_are_no_longer_than_the_role_and_the_chain_allow(gureum, client, user_key, name):
    key, user = user_key
    iam = client("iam")
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust({"AWS": [user["Arn"], ACCOUNT]}))["Role"]
    mine = client("sts", key=key["AccessKeyId"], secret=key["SecretAccessKey"])
    long = {"RoleArn": role["Arn"], "RoleSessionName": "s1", "DurationSeconds": 7200}
    message = refused("ValidationError", mine.assume_role, **long)
    assert message == "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
    iam.update_role(RoleName=name, MaxSessionDuration=7200)
    session = mine.assume_role(**long)["Credentials"]
    message = refused("ValidationError", with_credentials(gureum, "sts", session).assume_role, **long)
    assert message == "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining."


def test_a_users_session_token_speaks_for_the_user(gureum, client, user_key):
    key, user = user_key
    mine = client("sts", key=key["AccessKeyId"], secret=key["SecretAccessKey"])
    session = with_credentials(gureum, "sts", mine.get_session_token(DurationSeconds=900)["Credentials"])
    assert session.get_caller_identity()["Arn"] == user["Arn"]
    message = refused("AccessDenied", session.get_session_token)
    assert message == "Cannot call GetSessionToken with session credentials"


def test_a_federated_user_has_its_own_name(gureum, sts):
    policy = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]})
    assert sts.get_federation_token(Name="Somebody", DurationSeconds=900)["PackedPolicySize"] == 0
    answer = sts.get_federation_token(Name="Somebody", DurationSeconds=900, Policy=policy)
    assert answer["FederatedUser"] == {
        "FederatedUserId": f"{ACCOUNT}:Somebody", "Arn": f"arn:aws:sts::{ACCOUNT}:federated-user/Somebody",
    }
    assert 0 < answer["PackedPolicySize"] < 100
    identity = with_credentials(gureum, "sts", answer["Credentials"]).get_caller_identity()
    assert identity["Arn"] == answer["FederatedUser"]["Arn"]
    refused("MalformedPolicyDocument", sts.get_federation_token, Name="Somebody", Policy="{}")


def test_a_key_tells_its_account(sts, user_key):
    assert sts.get_access_key_info(AccessKeyId=user_key[0]["AccessKeyId"])["Account"] == ACCOUNT
    assert sts.get_access_key_info(AccessKeyId="ASIAQNZGKIQY56JQ7WML")["Account"] == "029608264753"
    refused("ValidationError", sts.get_access_key_info, AccessKeyId="A" * 19)


def test_what_is_not_served_says_so(sts):
    with pytest.raises(ClientError) as error:
        sts.assume_role_with_web_identity(RoleArn="arn:aws:iam::000000000000:role/r", RoleSessionName="s1", WebIdentityToken="toke")
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501


def test_sessions_are_known_after_a_kill(fresh):
    server = fresh()
    role = server.client("iam").create_role(RoleName="r", AssumeRolePolicyDocument=trust({"AWS": ACCOUNT}))["Role"]
    session = server.client("sts").assume_role(RoleArn=role["Arn"], RoleSessionName="s1")["Credentials"]
    server.kill()
    server.start()
    arn = with_credentials(server, "sts", session).get_caller_identity()["Arn"]
    assert arn == f"arn:aws:sts::{ACCOUNT}:assumed-role/r/s1"


def test_temporary_keys_end_on_the_virtual_clock(fresh):
    server = fresh("--virtual-clock")
    role = server.client("iam").create_role(RoleName="r", AssumeRolePolicyDocument=trust({"AWS": ACCOUNT}))["Role"]
    session = server.client("sts").assume_role(RoleArn=role["Arn"], RoleSessionName="s1", DurationSeconds=900)
    mine = with_credentials(server, "sts", session["Credentials"])
    mine.get_caller_identity()
    server.cli("time", "advance", "14m")
    mine.get_caller_identity()
    server.cli("time", "advance", "2m")
    refused("ExpiredToken", mine.get_caller_identity)


class TestStrict:
    @pytest.fixture
    def strict(self, fresh):
        return fresh("--strict")

    @pytest.fixture
    def root(self, strict):
        key = json.loads((strict.folder / "state/gureum/root-key.json").read_text())
        return lambda service: strict.client(service, key=key["access_key_id"], secret=key["secret_access_key"])

    def user(self, strict, root, name):
        arn = root("iam").create_user(UserName=name)["User"]["Arn"]
        key = root("iam").create_access_key(UserName=name)["AccessKey"]
        return arn, strict.client("sts", key=key["AccessKeyId"], secret=key["SecretAccessKey"])

    def test_only_who_is_trusted_gets_the_role(self, strict, root):
        trusted, friend = self.user(strict, root, "friend")
        stranger_arn, stranger = self.user(strict, root, "stranger")
        role = root("iam").create_role(RoleName="r", AssumeRolePolicyDocument=trust({"AWS": trusted}))["Role"]
        assert friend.assume_role(RoleArn=role["Arn"], RoleSessionName="s1")["Credentials"]
        message = refused("AccessDenied", stranger.assume_role, RoleArn=role["Arn"], RoleSessionName="s1")
        assert message == f"User: {stranger_arn} is not authorized to perform: sts:AssumeRole on resource: {role['Arn']}"
        message = refused("AccessDenied", root("sts").assume_role, RoleArn=role["Arn"], RoleSessionName="s1")
        assert message == "Roles may not be assumed by root accounts."
        missing = role["Arn"] + "x"
        refused("AccessDenied", friend.assume_role, RoleArn=missing, RoleSessionName="s1")

    def test_conditions_of_the_trust_policy_are_asked(self, strict, root):
        arn, sts = self.user(strict, root, "u")
        document = json.loads(trust({"AWS": arn}))
        document["Statement"][0]["Condition"] = {"StringEquals": {"sts:ExternalId": "e-1"}}
        role = root("iam").create_role(RoleName="r", AssumeRolePolicyDocument=json.dumps(document))["Role"]
        ask = {"RoleArn": role["Arn"], "RoleSessionName": "s1"}
        refused("AccessDenied", sts.assume_role, **ask)
        refused("AccessDenied", sts.assume_role, **ask, ExternalId="e-2")
        assert sts.assume_role(**ask, ExternalId="e-1")["Credentials"]
        message = refused("AccessDenied", sts.assume_role, **ask, ExternalId="e-1", Tags=[{"Key": "a", "Value": "b"}])
        assert f"{arn} is not authorized to perform: sts:TagSession" in message


def test_open_access_says_what_aws_would_have_refused(client):
    answer = client("sts").assume_role(RoleArn=f"arn:aws:iam::{ACCOUNT}:role/missing", RoleSessionName="s1")
    headers = answer["ResponseMetadata"]["HTTPHeaders"]
    assert any("Roles may not be assumed by root accounts." in value for value in headers.values()), headers
