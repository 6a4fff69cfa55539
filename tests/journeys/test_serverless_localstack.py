"""The Serverless Framework with LocalStack's plugin, both untouched: it loads, finds the server and invokes a function."""

import os
import subprocess

from conftest import zipped

SERVICE = """
service: SERVICE
frameworkVersion: "3"
plugins: [serverless-localstack]
provider: { name: aws, runtime: nodejs20.x, region: us-east-1 }
custom: { localstack: { stages: [local] } }
functions: { hello: { handler: index.handler } }
"""
CODE = "exports.handler = async (event) => { console.log('greeting'); return { hello: event.name }; };"


def test_serverless_invokes_through_localstacks_plugin(gureum, name, tmp_path):
    functions = gureum.client("lambda")
    functions.create_function(
        FunctionName=f"{name}-local-hello", Runtime="nodejs20.x", Handler="index.handler", Role="arn:aws:iam::000000000000:role/any",
        Code={"ZipFile": zipped({"index.js": CODE})},
    )
    (tmp_path / "serverless.yml").write_text(SERVICE.replace("SERVICE", name))
    (tmp_path / "index.js").write_text(CODE)
    packages = os.path.join(os.environ["GUREUM_SERVERLESS"], "node_modules")
    os.symlink(packages, tmp_path / "node_modules")
    environment = {
        "PATH": os.environ["PATH"], "HOME": str(tmp_path), "EDGE_PORT": gureum.endpoint.rsplit(":", 1)[1],
        "SLS_TELEMETRY_DISABLED": "1", "SLS_NOTIFICATIONS_MODE": "off",
    }
    command = ["node", os.path.join(packages, "serverless/bin/serverless.js"), "invoke", "-f", "hello", "--stage", "local", "--log", "-d", '{"name":"구름"}']
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=100)
    said = done.stdout + done.stderr
    assert done.returncode == 0 and "serverless-localstack: Reconfigured endpoints" in said, said
    assert '"hello": "구름"' in said and "greeting" in said and "Duration:" in said
