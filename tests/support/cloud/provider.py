"""A Terraform provider that makes nothing: it knows the schemas it is given, and says what would come of what is asked.

Terraform then holds every argument to them, evaluates every expression, and plans. The tools' own environment runs it:

    python provider.py SCHEMAS ADDRESS SOCKET

It prints what TF_REATTACH_PROVIDERS is to be, and serves until its standard input ends.
"""

import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
from tf.gen import tfplugin_pb2 as pb
from tf.gen import tfplugin_pb2_grpc as rpc
from tf.utils import read_dynamic_value, to_dynamic_value

ACCOUNT = "123456789012"
NUMBER = "987654321"
PROJECT = "some-project"
# What a cloud answers, by resource and attribute, in terms of what it was asked for.
ANSWERS = {
    "aws_ecr_repository.arn": f"arn:aws:ecr:eu-central-1:{ACCOUNT}:repository/{{name}}",
    "aws_ecr_repository.repository_url": f"{ACCOUNT}.dkr.ecr.eu-central-1.amazonaws.com/{{name}}",
    "aws_iam_openid_connect_provider.arn": f"arn:aws:iam::{ACCOUNT}:oidc-provider/{{url}}",
    "aws_iam_role.arn": f"arn:aws:iam::{ACCOUNT}:role/{{name}}",
    "aws_iam_role.id": "{name}",
    "aws_s3_bucket.arn": "arn:aws:s3:::{bucket}",
    "aws_s3_bucket.id": "{bucket}",
    "google_artifact_registry_repository.name": "{repository_id}",
    "google_artifact_registry_repository.registry_uri": f"{{location}}-docker.pkg.dev/{PROJECT}/{{repository_id}}",
    "google_iam_workload_identity_pool.name": (
        f"projects/{NUMBER}/locations/global/workloadIdentityPools/{{workload_identity_pool_id}}"
    ),
    "google_iam_workload_identity_pool_provider.name": (
        f"projects/{NUMBER}/locations/global/workloadIdentityPools/{{workload_identity_pool_id}}"
        "/providers/{workload_identity_pool_provider_id}"
    ),
    "google_service_account.email": f"{{account_id}}@{PROJECT}.iam.gserviceaccount.com",
    "google_service_account.member": f"serviceAccount:{{account_id}}@{PROJECT}.iam.gserviceaccount.com",
    "google_service_account.name": (
        f"projects/{PROJECT}/serviceAccounts/{{account_id}}@{PROJECT}.iam.gserviceaccount.com"
    ),
}


class Provider(rpc.ProviderServicer):
    """What Terraform asks a provider, as far as a plan of something new needs it."""

    def __init__(self, schemas: dict[str, Any]) -> None:
        self.schemas = schemas

    def GetProviderSchema(self, request: Any, context: Any) -> Any:
        """Everything it knows."""
        return pb.GetProviderSchema.Response(
            provider=schema_of(self.schemas["provider"]),
            resource_schemas={name: schema_of(schema) for name, schema in self.schemas["resources"].items()},
        )

    def ValidateProviderConfig(self, request: Any, context: Any) -> Any:
        """No objection: Terraform itself has held it to the schema."""
        return pb.ValidateProviderConfig.Response()

    def ValidateResourceConfig(self, request: Any, context: Any) -> Any:
        """No objection: Terraform itself has held it to the schema."""
        return pb.ValidateResourceConfig.Response()

    def ConfigureProvider(self, request: Any, context: Any) -> Any:
        """Nothing to log in to."""
        return pb.ConfigureProvider.Response()

    def PlanResourceChange(self, request: Any, context: Any) -> Any:
        """As asked, and with what follows from that."""
        planned = read_dynamic_value(request.proposed_new_state)
        asked = {name: value for name, value in (planned or {}).items() if isinstance(value, str)}
        asked |= {"url": asked["url"].removeprefix("https://")} if "url" in asked else {}
        for name in [name for name, value in (planned or {}).items() if value is None]:
            if answer := ANSWERS.get(f"{request.type_name}.{name}"):
                planned[name] = answer.format_map(asked)
        missing = [
            pb.Diagnostic(severity=pb.Diagnostic.ERROR, summary=f"{request.type_name} needs {name}, and it is null")
            for name, attribute in self.schemas["resources"][request.type_name]["attributes"].items()
            if planned and attribute["required"] and planned[name] is None
        ]
        return pb.PlanResourceChange.Response(planned_state=to_dynamic_value(planned), diagnostics=missing)

    def StopProvider(self, request: Any, context: Any) -> Any:
        """Nothing is under way."""
        return pb.StopProvider.Response()


def schema_of(schema: dict[str, Any]) -> Any:
    """A schema, as the protocol has it."""
    return pb.Schema(version=0, block=block_of(schema))


def block_of(schema: dict[str, Any]) -> Any:
    """The arguments of a resource or of a block in it."""
    return pb.Schema.Block(
        attributes=[
            pb.Schema.Attribute(
                name=name,
                type=json.dumps(attribute["type"]).encode(),
                required=attribute["required"],
                optional=attribute["optional"],
                computed=not attribute["required"],
            )
            for name, attribute in schema["attributes"].items()
        ],
        block_types=[
            pb.Schema.NestedBlock(
                type_name=name,
                block=block_of(nested["block"]),
                nesting=pb.Schema.NestedBlock.LIST,
                max_items=0 if nested["many"] else 1,
            )
            for name, nested in schema["blocks"].items()
        ],
    )


def main(schemas: str, address: str, socket: str) -> None:
    """Serve."""
    provider = Provider(json.loads(Path(schemas).read_text(encoding="utf-8")))
    server = grpc.server(ThreadPoolExecutor(max_workers=8))
    rpc.add_ProviderServicer_to_server(provider, server)
    server.add_insecure_port(f"unix://{socket}")
    server.start()
    reached = {"Network": "unix", "String": socket}
    how = {"Protocol": "grpc", "ProtocolVersion": 6, "Pid": os.getpid(), "Test": True, "Addr": reached}
    print(json.dumps({address: how}), flush=True)
    sys.stdin.read()
    server.stop(grace=0)


if __name__ == "__main__":
    main(*sys.argv[1:])
