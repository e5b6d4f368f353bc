"""Holds the manifests and the rendered chart against the schemas of Kubernetes, of the oldest
version that they run on and the newest, and the host's configuration in them against the
host. Values that make no sense have to be refused.

The schemas are those that the Python package kubernetes-validate carries; that of GRPCRoute
is in the Go module of the Gateway API.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

import jsonschema
import kubernetes_validate
import yaml

DEPLOY = pathlib.Path(__file__).resolve().parent.parent
CHART = DEPLOY / "helm/mortise"
HELM = os.environ.get("MORTISE_HELM", "helm")
VERSIONS = ("1.29", kubernetes_validate.latest_version())
GATEWAY_API = "sigs.k8s.io/gateway-api@v1.4.1"

ROUTE = {"grpcRoute": {"enabled": True, "parentRefs": [{"name": "gateway"}], "hostnames": ["turns.example.com"]}}
APPLICATION = {
    "host": {"mode": "sidecar"},
    "application": {"containers": [{"name": "app", "image": "example/app:1.0.0", "env": [{"name": "A", "value": "b"}]}]},
}
IN_CLEAR = {"adapter": {"tlsSecret": "", "tokenSecret": ""}}
PEERS = {"networkPolicy": {"from": [{"namespaceSelector": {"matchLabels": {"team": "apps"}}}], "probesFrom": [{"podSelector": {}}]}}
PLACED = {
    "imagePullSecrets": [{"name": "registry"}],
    "nodeSelector": {"disk": "ssd"},
    "tolerations": [{"key": "turns", "operator": "Exists"}],
    "affinity": {"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": []}},
    "podAnnotations": {"team": "platform"},
    "host": {"storage": {"className": "fast"}},
    "podDisruptionBudget": {"minAvailable": "50%"},
    "adapter": {"extraArgs": ["--max-in-flight-mib=64"]},
}
GOOD = {
    "defaults": {},
    "route": ROUTE,
    "sidecar": APPLICATION,
    "in clear": IN_CLEAR,
    "sidecar in clear": {**APPLICATION, **IN_CLEAR},
    "peers": PEERS,
    "placed": PLACED,
    "adapter alone": {"host": {"mode": "none"}},
    "host alone": {"adapter": {"enabled": False}, "host": {"adapterEndpoint": "https://storage.example.com:7443"}},
}
# Each with what the refusal has to name.
BAD = {
    "mode": ({"host": {"mode": "daemon"}}, "mode"),
    "replicas": ({"adapter": {"replicas": 0}}, "replicas"),
    "listen": ({"host": {"config": "[listen]\nadmin = \"0.0.0.0:7452\"\n"}}, "config"),
    "grace": ({"host": {"terminationGracePeriodSeconds": 5}}, "terminationGracePeriodSeconds"),
    "no parent": ({"grpcRoute": {"enabled": True}}, "parentRefs"),
    "no application": ({"host": {"mode": "sidecar"}}, "containers"),
    "typo": ({"hosts": {}}, "hosts"),
}


def main() -> None:
    subprocess.run([HELM, "lint", "--strict", "--quiet", "--kube-version", f"{VERSIONS[0]}.0", CHART], check=True)
    route = route_schema()
    found = set()
    for file in sorted((DEPLOY / "kubernetes").glob("*.yaml")):
        check(file.name, list(yaml.safe_load_all(file.read_text())), route)
    for name, values in GOOD.items():
        documents = rendered(values)
        check(name, documents, route)
        found |= {document["kind"] for document in documents}
    wanted = {"ConfigMap", "Deployment", "GRPCRoute", "NetworkPolicy", "PodDisruptionBudget", "Service", "StatefulSet"}
    assert found == wanted, found ^ wanted
    single()
    for name, (values, named) in BAD.items():
        error = refused(values)
        assert named in error, f"{name}: {error}"
    print(f"manifests: 2 files, {len(GOOD)} renderings fit Kubernetes {' and '.join(VERSIONS)}; {len(BAD)} values refused")


def template(values: dict) -> subprocess.CompletedProcess:
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        yaml.safe_dump(values, file)
        file.flush()
        command = [HELM, "template", "shop", CHART, "--values", file.name, "--kube-version", f"{VERSIONS[0]}.0"]
        return subprocess.run(command, capture_output=True, text=True)


def rendered(values: dict) -> list[dict]:
    result = template(values)
    assert result.returncode == 0, result.stderr
    return [document for document in yaml.safe_load_all(result.stdout) if document]


def refused(values: dict) -> str:
    result = template(values)
    assert result.returncode != 0, f"accepted: {values}"
    return result.stderr


def check(name: str, documents: list[dict], route: dict) -> None:
    assert documents, name
    for document in documents:
        title = f"{name}: {document['kind']} {document['metadata']['name']}"
        try:
            if document["kind"] == "GRPCRoute":
                jsonschema.validate(document, route)
                continue
            for version in VERSIONS:
                kubernetes_validate.validate(document, version, strict=True)
        except jsonschema.ValidationError as error:
            sys.exit(f"{title}: {'.'.join(map(str, error.path))}: {error.message}")
        if document["kind"] == "ConfigMap":
            configured(title, document["data"]["host.toml"])
        pods(title, document)


def single() -> None:
    """A kind with one pod has no budget: its node could not be drained."""
    budgets = [one for one in rendered(APPLICATION) if one["kind"] == "PodDisruptionBudget"]
    names = [budget["metadata"]["name"] for budget in budgets]
    assert names == ["shop-mortise-adapter"], names


def pods(title: str, document: dict) -> None:
    """What no schema knows: mounts have their volumes, probes their ports."""
    pod = document.get("spec", {}).get("template", {}).get("spec")
    if not pod:
        return
    claims = document["spec"].get("volumeClaimTemplates", [])
    volumes = {volume["name"] for volume in pod.get("volumes", [])}
    volumes |= {claim["metadata"]["name"] for claim in claims}
    for container in pod.get("initContainers", []) + pod["containers"]:
        ports = {port["name"] for port in container.get("ports", [])}
        for mount in container.get("volumeMounts", []):
            assert mount["name"] in volumes, f"{title}: {mount['name']} is no volume"
        for kind in ("startupProbe", "livenessProbe", "readinessProbe"):
            probe = container.get(kind, {})
            port = probe.get("httpGet", probe.get("tcpSocket", {})).get("port")
            assert port is None or port in ports, f"{title}: {kind} asks {port}"
        exposed(title, container.get("args", []))


def exposed(title: str, args: list[str]) -> None:
    """Where other pods reach an adapter, it has TLS and tokens, or says that it is meant."""
    if not any(arg.startswith("--listen=0.0.0.0") for arg in args):
        return
    has = {arg.split("=")[0] for arg in args}
    is_closed = {"--tls-cert", "--tls-key", "--token-file"} <= has
    assert is_closed != ("--insecure" in has), f"{title}: {args}"


def configured(title: str, text: str) -> None:
    """The host takes the configuration, and other pods do not reach its administration."""
    with tempfile.NamedTemporaryFile("w", suffix=".toml") as file:
        file.write(text)
        file.flush()
        host = pathlib.Path(os.environ["MORTISE_BIN_DIR"]) / "mortise-host"
        shown = subprocess.run([host, "config", "show", file.name], capture_output=True, text=True)
    assert shown.returncode == 0, f"{title}: {shown.stderr}\n{text}"
    assert 'admin = "127.0.0.1:7452"' in shown.stdout, f"{title}: {shown.stdout}"


def route_schema() -> dict:
    environment = {**os.environ, "GOFLAGS": "-mod=mod"}
    command = ["go", "mod", "download", "-json", GATEWAY_API]
    module = subprocess.run(command, capture_output=True, text=True, env=environment, cwd="/", check=True)
    folder = pathlib.Path(json.loads(module.stdout)["Dir"])
    file = folder / "config/crd/standard/gateway.networking.k8s.io_grpcroutes.yaml"
    definition = yaml.safe_load(file.read_text())
    version = next(version for version in definition["spec"]["versions"] if version["name"] == "v1")
    return closed(version["schema"]["openAPIV3Schema"])


def closed(schema: object) -> object:
    """The same schema, in which a field that it does not know is an error."""
    if isinstance(schema, list):
        return [closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    schema = {key: closed(value) for key, value in schema.items()}
    # What Kubernetes itself says of `metadata` is not repeated in a definition.
    if isinstance(schema.get("properties"), dict) and schema.get("type") == "object":
        schema.setdefault("additionalProperties", False)
    return schema


if __name__ == "__main__":
    main()
