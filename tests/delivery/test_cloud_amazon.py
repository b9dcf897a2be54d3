"""What a module describes, made in an emulator of Amazon's services: accepted there, and enough for CI, and no more."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError
from ci_access import log_in, of_gitlab, outputs_of, stand_in
from conftest import Bake
from moto.server import ThreadedMotoServer
from terraforming import Plan, module
from test_storage import Environment, Settings, clone, lend, put

REGION = "eu-central-1"
PERSON = {"aws_access_key_id": "a-person", "aws_secret_access_key": "a-secret"}


class Amazon:
    """The services that a plan was made in."""

    def __init__(self, address: str, plan: Plan) -> None:
        self.address = address
        self.plan = plan

    def client(self, service: str, **credentials: Any) -> Any:
        address = f"http://{self.address}"
        return boto3.client(service, endpoint_url=address, region_name=REGION, **(credentials or PERSON))

    def make(self) -> None:
        """Make what the plan says, as Terraform's provider would."""
        self._bucket()
        self._identity()
        for repository in self.plan.all("aws_ecr_repository"):
            self.client("ecr").create_repository(
                repositoryName=repository["name"],
                imageTagMutability=repository["image_tag_mutability"],
                imageScanningConfiguration={
                    "scanOnPush": repository["image_scanning_configuration"][0]["scan_on_push"]
                },
            )

    def _bucket(self) -> None:
        storage, name = self.client("s3"), self.plan.one("aws_s3_bucket")["bucket"]
        storage.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
        blocked = self.plan.one("aws_s3_bucket_public_access_block")
        names = {
            "BlockPublicAcls": "block_public_acls",
            "BlockPublicPolicy": "block_public_policy",
            "IgnorePublicAcls": "ignore_public_acls",
            "RestrictPublicBuckets": "restrict_public_buckets",
        }
        storage.put_public_access_block(
            Bucket=name,
            PublicAccessBlockConfiguration={theirs: blocked[ours] for theirs, ours in names.items()},
        )
        (versions,) = self.plan.one("aws_s3_bucket_versioning")["versioning_configuration"]
        storage.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": versions["status"]})
        (rule,) = self.plan.one("aws_s3_bucket_lifecycle_configuration")["rule"]
        (old,), (parts,) = rule["noncurrent_version_expiration"], rule["abort_incomplete_multipart_upload"]
        storage.put_bucket_lifecycle_configuration(
            Bucket=name,
            LifecycleConfiguration={
                "Rules": [
                    {
                        "ID": rule["id"],
                        "Status": rule["status"],
                        "Filter": {},
                        "NoncurrentVersionExpiration": {"NoncurrentDays": old["noncurrent_days"]},
                        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": parts["days_after_initiation"]},
                    }
                ]
            },
        )

    def _identity(self) -> None:
        people = self.client("iam")
        provider = self.plan.one("aws_iam_openid_connect_provider")
        made = people.create_open_id_connect_provider(Url=provider["url"], ClientIDList=provider["client_id_list"])
        assert made["OpenIDConnectProviderArn"] == provider["arn"]
        for environment, name in self.plan.outputs["AWS_ROLE"].items():
            role = self.plan.at("aws_iam_role", environment)
            made = people.create_role(RoleName=role["name"], AssumeRolePolicyDocument=role["assume_role_policy"])
            assert made["Role"]["Arn"] == name
        for policy in self.plan.all("aws_iam_role_policy"):
            people.put_role_policy(RoleName=policy["role"], PolicyName=policy["name"], PolicyDocument=policy["policy"])


@pytest.fixture
def amazon(terraform: Any, tmp_path: Path) -> Iterator[Amazon]:
    """Amazon's services on this machine, with what the module of level 2 describes; they ask nobody for a password."""
    made = module("aws", "2", "github", "docker")
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    address = "{}:{}".format(*server.get_host_and_port())
    try:
        put(address, "POST", "/moto-api/reset")
        amazon = Amazon(address, terraform("aws").plan(made.write(tmp_path / "module"), *made.variables()))
        amazon.make()
        yield amazon
    finally:
        put(address, "POST", "/moto-api/reset-auth", "inf")
        server.stop()


def let_in(amazon: Amazon, environment: str = "automation") -> dict[str, str]:
    """The credentials that a job of CI gets for its token in an environment."""
    anybody = boto3.client(
        "sts", endpoint_url=f"http://{amazon.address}", region_name=REGION, config=Config(signature_version=UNSIGNED)
    )
    role = amazon.plan.outputs["AWS_ROLE"][environment]
    got = anybody.assume_role_with_web_identity(RoleArn=role, RoleSessionName="ci", WebIdentityToken=token())
    return {
        "aws_access_key_id": got["Credentials"]["AccessKeyId"],
        "aws_secret_access_key": got["Credentials"]["SecretAccessKey"],
        "aws_session_token": got["Credentials"]["SessionToken"],
    }


def token() -> str:
    """A token in the form of GitHub's; nobody checks its signature here."""
    claims = {"sub": "repo:owner/name:ref:refs/heads/main", "aud": "sts.amazonaws.com"}
    parts = (json.dumps(part).encode() for part in ({"alg": "RS256"}, claims, {}))
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)


def enforce(amazon: Amazon) -> None:
    """From now on a request needs a policy that allows it."""
    put(amazon.address, "POST", "/moto-api/reset-auth", "0")


def refused(ask: Any, **asked: Any) -> bool:
    with pytest.raises(ClientError) as refusal:
        ask(**asked)
    return "AccessDenied" in str(refusal.value)


def test_amazon_takes_what_the_module_describes(amazon: Amazon) -> None:
    storage, bucket = amazon.client("s3"), amazon.plan.one("aws_s3_bucket")["bucket"]
    storage.put_bucket_policy(Bucket=bucket, Policy=amazon.plan.one("aws_s3_bucket_policy")["policy"])
    assert storage.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    blocked = storage.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert set(blocked.values()) == {True}
    kept = amazon.client("ecr").describe_repositories()["repositories"]
    assert {(one["imageTagMutability"], one["imageScanningConfiguration"]["scanOnPush"]) for one in kept} == {
        ("IMMUTABLE", True)
    }
    assert amazon.plan.outputs["IMAGE_REPOSITORY"] in {one["repositoryUri"] for one in kept}


def test_ci_takes_the_role_with_its_token_and_may_no_more(amazon: Amazon) -> None:
    bucket = amazon.plan.one("aws_s3_bucket")["bucket"]
    amazon.client("s3").create_bucket(Bucket="other", CreateBucketConfiguration={"LocationConstraint": REGION})
    credentials = let_in(amazon)
    enforce(amazon)
    storage = amazon.client("s3", **credentials)
    storage.put_object(Bucket=bucket, Key="files/one", Body=b"content")
    assert storage.get_object(Bucket=bucket, Key="files/one")["Body"].read() == b"content"
    assert [one["Key"] for one in storage.list_objects_v2(Bucket=bucket)["Contents"]] == ["files/one"]
    assert refused(storage.delete_object, Bucket=bucket, Key="files/one")
    assert refused(storage.put_bucket_versioning, Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})
    assert refused(storage.put_object, Bucket="other", Key="files/one", Body=b"content")
    assert refused(storage.list_objects_v2, Bucket="other")
    assert refused(storage.list_buckets)
    registry = amazon.client("ecr", **credentials)
    assert registry.get_authorization_token()["authorizationData"]
    assert refused(registry.create_repository, repositoryName="other")
    assert refused(amazon.client("iam", **credentials).create_user, UserName="somebody")


@pytest.mark.parametrize("where", ["dependencies", "production", "staging", "test"])
def test_an_environment_that_trains_nothing_may_read_data_and_add_none(where: str, amazon: Amazon) -> None:
    bucket = amazon.plan.one("aws_s3_bucket")["bucket"]
    amazon.client("s3").put_object(Bucket=bucket, Key="files/md5/one", Body=b"content")
    storage = amazon.client("s3", **let_in(amazon, where))
    enforce(amazon)
    assert storage.get_object(Bucket=bucket, Key="files/md5/one")["Body"].read() == b"content"
    assert refused(storage.put_object, Bucket=bucket, Key="files/md5/one", Body=b"evil")
    assert refused(storage.put_object, Bucket=bucket, Key=f"{where}/two", Body=b"evil")


def access(amazon: Amazon, environment: str = "automation") -> Settings:
    """The environment of a job that has taken the role."""
    credentials = {name.upper(): value for name, value in let_in(amazon, environment).items()}
    return credentials | {"AWS_ENDPOINT_URL": f"http://{amazon.address}", "AWS_DEFAULT_REGION": REGION}


def test_the_role_is_enough_for_dvc(amazon: Amazon, bake: Bake, environment: Environment, tmp_path: Path) -> None:
    project = lend(environment("aws"), bake(cloud="aws"))
    settings, reading = access(amazon), access(amazon, "staging")
    enforce(amazon)
    project.run("make", "push", check=True, **settings)
    other = clone(project.path, tmp_path / "clone", environment("aws"))
    other.run("make", "pull", check=True, **reading)
    assert other.text("data/raw/penguins.csv") == project.text("data/raw/penguins.csv")


def test_a_role_that_may_not_add_is_not_enough_for_dvc(amazon: Amazon, bake: Bake, environment: Environment) -> None:
    project = lend(environment("aws"), bake(cloud="aws"))
    settings = access(amazon, "production")
    enforce(amazon)
    assert "denied" in project.run("make", "push", check=False, **settings).stderr.lower()


# The image registry: what `make login` of a project does


def test_a_job_of_gitlab_gets_into_the_registry(
    amazon: Amazon, bake: Bake, environment: Environment, tmp_path: Path
) -> None:
    """Amazon's library takes the role with the token in a file."""
    project, docker = bake(cloud="aws", maturity_level="2", ci_provider="gitlab"), stand_in(tmp_path / "bin")
    (tmp_path / "job").mkdir()
    settings = {
        **of_gitlab(project, tmp_path / "job", CLOUD_TOKEN=token(), **outputs_of(amazon.plan, "automation")),
        "AWS_ENDPOINT_URL": f"http://{amazon.address}",
        "AWS_EC2_METADATA_DISABLED": "true",
        "IMAGE_REPOSITORY": amazon.plan.outputs["IMAGE_REPOSITORY"],
    }
    host = settings["IMAGE_REPOSITORY"].partition("/")[0]
    assert log_in(project, environment("aws"), docker, **settings) == f"logged in to {host} as AWS\n"
    assert (docker / "called").read_text() == f"login --username AWS --password-stdin {host}\n"
    assert (docker / "typed").read_text() == "123456789012-auth-token"
