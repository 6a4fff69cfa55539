"""Packages as a user would upload them: code, and the SDK that it brings along."""

import io
import os
import sysconfig
import zipfile

MODULES = os.path.join(os.environ["GUREUM_NODE_CLIENTS"], "node_modules")
SITE = sysconfig.get_paths()["purelib"]
# Of the clients of all services, those that tests of functions use.
SERVICES = ("iam", "lambda", "logs", "sqs", "sts")


def _archive(files, root, folders, wanted, prefix=""):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            info = zipfile.ZipInfo(name, (2024, 1, 1, 0, 0, 0))
            info.external_attr = 0o755 << 16
            archive.writestr(info, text, zipfile.ZIP_DEFLATED)
        for top in folders:
            at = os.path.join(root, top)
            for folder, _, names in [(root, [], [top])] if os.path.isfile(at) else os.walk(at):
                for name in names:
                    path = os.path.join(folder, name)
                    inside = os.path.relpath(path, root)
                    if wanted(inside):
                        archive.write(path, os.path.join(prefix, inside))
    return out.getvalue()


def with_javascript_sdk(files):
    """With @aws-sdk v3."""
    scopes = ["@aws-sdk", "@smithy", "@aws-crypto", "@aws", "tslib", "bowser", "fast-xml-parser", "strnum"]
    wanted = lambda path: path.endswith((".js", ".cjs", ".json")) and "dist-es" not in path  # noqa: E731
    return _archive(files, MODULES, scopes, wanted, "node_modules")


def with_javascript_sdk_v2(files):
    """With aws-sdk v2."""

    def wanted(path):
        if "/dist" in path or not path.endswith((".js", ".json")):
            return False
        return not path.startswith("aws-sdk/apis/") or path.split("/")[2].startswith((*SERVICES, "metadata"))

    others = [name for name in os.listdir(MODULES) if not name.startswith(("@", ".", "aws-sdk"))]
    return _archive(files, MODULES, ["aws-sdk", *others], wanted, "node_modules")


def with_boto3(files):
    """With boto3, and with the roots that botocore brings along."""

    def wanted(path):
        if path.endswith(".pyc") or not path.startswith("botocore/data/"):
            return not path.endswith(".pyc")
        parts = path.split("/")
        return len(parts) == 3 or parts[2] in SERVICES

    return _archive(files, SITE, ["boto3", "botocore", "s3transfer", "jmespath", "dateutil", "six.py", "urllib3"], wanted)
