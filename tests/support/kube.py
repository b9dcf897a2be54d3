"""A Kubernetes cluster whose control plane is real, and whose only node is a stand-in that runs nothing.

The API server checks, stores and converts manifests, and the controllers replace pods, exactly as in any cluster. Of
each pod that they make, the node says what a real one would: that it runs and is ready, that its command has ended, or
that it cannot start, because its image or its secret is not there. Bytes do not get from `kubectl port-forward` into a
pod, nothing balances requests, and network policies bind nobody.
"""

import json
import secrets
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from conftest import clean_environment, run

CONTEXT = "there"
CONTROLLERS = (
    *("deployment", "replicaset", "garbagecollector", "namespace", "serviceaccount"),
    *("clusterrole-aggregation", "disruption", "endpoint", "horizontalpodautoscaling"),
)
# No registry has an image of this digest.
MISSING = f"sha256:{64 * 'f'}"
SAID = "what the command says\n"
Manifest = dict[str, Any]


@dataclass(frozen=True)
class Api:
    """The API server, asked directly."""

    url: str
    token: str
    certificate: Path

    def ask(self, method: str, path: str, content: Manifest | None = None) -> Manifest:
        kind = "application/strategic-merge-patch+json" if method == "PATCH" else "application/json"
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": kind}
        data = json.dumps(content).encode() if content else None
        request = Request(f"{self.url}{path}", data, headers, method=method)  # noqa: S310 - of this machine
        trusted = ssl.create_default_context(cafile=str(self.certificate))
        with urlopen(request, timeout=10, context=trusted) as response:  # noqa: S310
            answer: Manifest = json.load(response)
            return answer

    def pods(self, namespace: str) -> list[Manifest]:
        items: list[Manifest] = self.ask("GET", f"/api/v1/namespaces/{namespace}/pods")["items"]
        return items


@dataclass
class Node:
    """Says of each pod what a node would, and notes how many were ready at any time.

    Attributes:
        api: the API server.
        exit_code: of the next commands that end.
        fewest: the smallest number of ready pods of a namespace since it was asked to note it.
        tried: pods whose commands have ended, as they were made.
    """

    api: Api
    exit_code: int = 0
    fewest: dict[str, int] = field(default_factory=dict)
    tried: list[Manifest] = field(default_factory=list)
    stopping: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        while not self.stopping.wait(0.1):
            # What changed meanwhile is looked at again.
            with suppress(HTTPError):
                for namespace in self.api.ask("GET", "/api/v1/namespaces")["items"]:
                    self.look_at(namespace["metadata"]["name"])

    def look_at(self, namespace: str) -> None:
        pods = self.api.pods(namespace)
        if namespace in self.fewest:
            self.fewest[namespace] = min(self.fewest[namespace], sum(is_ready(pod) for pod in pods))
        for number, pod in enumerate(pods):
            path = f"/api/v1/namespaces/{namespace}/pods/{pod['metadata']['name']}"
            if "deletionTimestamp" in pod["metadata"]:
                self.api.ask("DELETE", path, {"apiVersion": "v1", "kind": "DeleteOptions", "gracePeriodSeconds": 0})
            elif "nodeName" not in pod["spec"]:
                target = {"apiVersion": "v1", "kind": "Node", "name": "node"}
                binding = {"metadata": {"name": pod["metadata"]["name"]}, "target": target}
                self.api.ask("POST", f"{path}/binding", {"apiVersion": "v1", "kind": "Binding"} | binding)
            elif "podIP" not in pod["status"]:
                address = {"podIP": f"10.0.0.{number + 1}", "hostIP": "127.0.0.1"}
                self.api.ask("PATCH", f"{path}/status", {"status": address | self.status_of(pod)})

    def status_of(self, pod: Manifest) -> Manifest:
        (container,) = pod["spec"]["containers"]
        if why := self.hindrance(pod["metadata"]["namespace"], container):
            return status(container, "Pending", {"waiting": why}, ready=False)
        if pod["spec"]["restartPolicy"] == "Never":
            self.tried.append(pod)
            phase = "Failed" if self.exit_code else "Succeeded"
            return status(container, phase, {"terminated": {"exitCode": self.exit_code}}, ready=False)
        return status(container, "Running", {"running": {}}, ready=True)

    def hindrance(self, namespace: str, container: Manifest) -> Manifest | None:
        if container["image"].endswith(MISSING):
            return {"reason": "ImagePullBackOff", "message": f'Back-off pulling image "{container["image"]}"'}
        for setting in container.get("env", ()):
            secret = setting["valueFrom"]["secretKeyRef"]["name"]
            try:
                self.api.ask("GET", f"/api/v1/namespaces/{namespace}/secrets/{secret}")
            except HTTPError:
                return {"reason": "CreateContainerConfigError", "message": f'secret "{secret}" not found'}
        return None


def status(container: Manifest, phase: str, state: Manifest, *, ready: bool) -> Manifest:
    said = {"name": container["name"], "image": container["image"], "imageID": "", "restartCount": 0}
    conditions = [{"type": kind, "status": str(ready)} for kind in ("Ready", "ContainersReady")]
    return {
        "phase": phase,
        "conditions": conditions,
        "containerStatuses": [said | {"state": state, "ready": ready, "started": ready}],
    }


def is_ready(pod: Manifest) -> bool:
    """Whether a pod gets requests: it is ready, and not about to end."""
    if "deletionTimestamp" in pod["metadata"]:
        return False
    conditions = pod["status"].get("conditions", ())
    return any((each["type"], each["status"]) == ("Ready", "True") for each in conditions)


class NodeServer(BaseHTTPRequestHandler):
    """What the API server asks a node: the output of a command, and a way to a port."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(SAID.encode())

    def do_POST(self) -> None:
        # The way opens, and leads nowhere.
        self.send_response_only(101)
        for name, value in (("Connection", "Upgrade"), ("Upgrade", "SPDY/3.1")):
            self.send_header(name, value)
        self.send_header("X-Stream-Protocol-Version", "portforward.k8s.io")
        self.end_headers()
        while self.connection.recv(4096):
            pass
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


class Ingress(BaseHTTPRequestHandler):
    """The service of a namespace, as users see it: it answers with the model of a pod that is ready."""

    api: Api

    def do_GET(self) -> None:
        pods = [pod for pod in self.api.pods(self.path.split("/")[1]) if is_ready(pod)]
        self.send_response(200 if pods else 503)
        self.end_headers()
        version = pods[0]["metadata"]["labels"]["app.kubernetes.io/version"] if pods else None
        self.wfile.write(json.dumps({"model_version": version}).encode())

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


@dataclass(frozen=True)
class Cluster:
    """A cluster, for those who use it.

    Attributes:
        node: its only one.
        configuration: of kubectl, for the administrator.
        deployer: of kubectl, for somebody who has no right before the administrator gives one.
        kubectl: the command.
        ingress: the address of all services; a namespace is a folder there.
    """

    node: Node
    configuration: Path
    deployer: Path
    kubectl: Path
    ingress: str

    def __call__(self, *arguments: str, check: bool = True) -> str:
        """What kubectl prints."""
        command = [str(self.kubectl), "--kubeconfig", str(self.configuration), *arguments]
        return run(command, self.configuration.parent, check=check, environment=clean_environment()).stdout

    def read(self, *arguments: str) -> Manifest:
        answer: Manifest = json.loads(self(*arguments, "--output", "json"))
        return answer


@contextmanager
def cluster(programs: Path, kubectl: Path, folder: Path) -> Iterator[Cluster]:
    """Start a cluster, and end it.

    Args:
        programs: where `cluster/control-plane` put them.
        kubectl: the command.
        folder: for what the cluster keeps.
    """
    database, peers, port, other, kubelet = free_ports(5)
    api = Api(f"https://127.0.0.1:{port}", secrets.token_hex(), folder / "certificates" / "apiserver.crt")
    deployer = replace(api, token=secrets.token_hex())
    users = f"{api.token},administrator,administrator,system:masters\n{deployer.token},deployer,deployer\n"
    (folder / "tokens.csv").write_text(users)
    run(["openssl", "genrsa", "-out", str(folder / "accounts.key"), "2048"], folder)
    configuration = write_configuration(folder / "administrator", api)
    etcd, peer = f"http://127.0.0.1:{database}", f"http://127.0.0.1:{peers}"
    commands = {
        "etcd": {
            "data-dir": folder / "etcd",
            "listen-client-urls": etcd,
            "advertise-client-urls": etcd,
            "listen-peer-urls": peer,
            "initial-advertise-peer-urls": peer,
            "initial-cluster": f"default={peer}",
        },
        "kube-apiserver": {
            "etcd-servers": etcd,
            "bind-address": "127.0.0.1",
            "advertise-address": "127.0.0.1",
            "secure-port": port,
            "cert-dir": folder / "certificates",
            "token-auth-file": folder / "tokens.csv",
            "authorization-mode": "RBAC",
            "service-cluster-ip-range": "10.96.0.0/16",
            "service-account-issuer": "https://kubernetes.default.svc",
            "service-account-key-file": folder / "accounts.key",
            "service-account-signing-key-file": folder / "accounts.key",
            "endpoint-reconciler-type": "none",
        },
        "kube-controller-manager": {
            "kubeconfig": configuration,
            "bind-address": "127.0.0.1",
            "port": 0,
            "secure-port": other,
            "cert-dir": folder / "certificates",
            "leader-elect": "false",
            "controllers": ",".join(CONTROLLERS),
            "horizontal-pod-autoscaler-sync-period": "1s",
        },
    }
    with ExitStack() as stack:
        for program, settings in commands.items():
            stack.enter_context(running(programs / program, settings, folder / f"{program}.log"))
            if program == "kube-apiserver":
                await_ready(api, folder / f"{program}.log")
        at = stack.enter_context(serving(type("Service", (Ingress,), {"api": api})))
        certificate = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate.load_cert_chain(api.certificate, api.certificate.with_suffix(".key"))
        stack.enter_context(serving(NodeServer, kubelet, certificate))
        introduce(api, kubelet)
        node = Node(api)
        stack.callback(node.stopping.set)
        threading.Thread(target=node.run, daemon=True).start()
        theirs = write_configuration(folder / "deployer", deployer)
        yield Cluster(node, configuration, theirs, kubectl, f"http://127.0.0.1:{at}")


def free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        servers = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [server.getsockname()[1] for server in servers]


def write_configuration(configuration: Path, api: Api) -> Path:
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "it", "cluster": {"server": api.url, "certificate-authority": str(api.certificate)}}],
        "users": [{"name": "me", "user": {"token": api.token}}],
        "contexts": [{"name": CONTEXT, "context": {"cluster": "it", "user": "me"}}],
        "current-context": CONTEXT,
    }
    configuration.write_text(json.dumps(content))
    return configuration


@contextmanager
def running(program: Path, settings: dict[str, Any], log: Path) -> Iterator[None]:
    command = [str(program), *(f"--{name}={value}" for name, value in settings.items())]
    with log.open("w") as output, subprocess.Popen(command, stdout=output, stderr=output) as process:
        try:
            yield
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


@contextmanager
def serving(
    handler: type[BaseHTTPRequestHandler], port: int = 0, certificate: ssl.SSLContext | None = None
) -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", port), handler) as server:
        server.daemon_threads = True
        if certificate:
            server.socket = certificate.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def await_ready(api: Api, log: Path) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        with suppress(OSError, ValueError):
            if api.ask("GET", "/api/v1/namespaces/default"):
                return
        time.sleep(0.2)
    raise AssertionError(f"the API server does not start:\n{log.read_text()[-3000:]}")


def introduce(api: Api, port: int) -> None:
    """Make the node known, and where it is asked."""
    api.ask("POST", "/api/v1/nodes", {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "node"}})
    status = {
        "addresses": [{"type": "InternalIP", "address": "127.0.0.1"}],
        "daemonEndpoints": {"kubeletEndpoint": {"Port": port}},
        "conditions": [{"type": "Ready", "status": "True"}],
    }
    api.ask("PATCH", "/api/v1/nodes/node/status", {"status": status})
