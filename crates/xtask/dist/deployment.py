"""Checks docs/deploy: every object against the schemas of the Kubernetes API, what refers to one
another, and the settings with the program itself.
Usage: deployment.py KUBECTL PROGRAM KUBERNETES-VERSION, at the top of the repository."""

import os
import re
import subprocess
import sys

import kubernetes_validate
import yaml

KUBECTL, PROGRAM, VERSION = sys.argv[1:]
DEPLOY = "docs/deploy/"
# Their schemas come with the operator, and not with Kubernetes.
FOREIGN = {"ServiceMonitor"}
# What the user creates by hand, with the keys; docs/install.md has the commands.
SECRETS = {
    "countersign-bootstrap": {"digest"},
    "countersign-database": {"url"},
    "countersign-database-owner": {"PGHOST", "PGDATABASE", "PGUSER", "PGPASSWORD"},
}
DIGEST = "ab" * 32
RELEASE = re.search(r'^version = "(.+)"$', open("Cargo.toml").read(), re.MULTILINE)[1]
faults = []


def expect(holds, fault):
    if not holds:
        faults.append(fault)


def accepted(place, settings):
    """The program accepts the settings: its health check finds no service (1), and nothing to
    object to (2)."""
    ours = {name: value for name, value in settings.items() if value is not None}
    environment = {"PATH": os.environ["PATH"], **ours}
    command = [PROGRAM, "healthcheck"]
    ran = subprocess.run(command, env=environment, cwd="/", capture_output=True, text=True)
    expect(ran.returncode == 1, f"{place}: the program says: {ran.stderr.strip()}")


def pods(overlay, workload, objects):
    """Checks the pods of a workload."""
    place = f"{overlay}: {workload['kind']} {workload['metadata']['name']}"
    pod = workload["spec"]["template"]["spec"]
    user = pod["securityContext"]
    expect(user["runAsNonRoot"] and user["runAsUser"] == 65532, f"{place} runs as another user")
    expect(pod["automountServiceAccountToken"] is False, f"{place} gets a token of the cluster")
    volumes = {volume["name"]: volume for volume in pod.get("volumes", [])}
    for volume in volumes.values():
        if "configMap" in volume:
            name = volume["configMap"]["name"]
            expect(("ConfigMap", name) in objects, f"{place}: there is no ConfigMap {name}")
        if "persistentVolumeClaim" in volume:
            name = volume["persistentVolumeClaim"]["claimName"]
            claim = ("PersistentVolumeClaim", name)
            expect(claim in objects, f"{place}: there is no claim {name}")
        if "secret" in volume:
            name = volume["secret"]["secretName"]
            expect(name in SECRETS, f"{place}: the Secret {name} is not documented")
    for container in pod["containers"] + pod.get("initContainers", []):
        part = f"{place}, {container['name']}"
        limits = container["securityContext"]
        expect(limits["readOnlyRootFilesystem"] is True, f"{part} may write to its image")
        expect(limits["allowPrivilegeEscalation"] is False, f"{part} may gain privileges")
        expect(limits["capabilities"]["drop"] == ["ALL"], f"{part} keeps capabilities")
        expect(container["image"] != "countersign", f"{part} has no registry")
        for mount in container.get("volumeMounts", []):
            expect(mount["name"] in volumes, f"{part} mounts no volume {mount['name']}")
        settings = {}
        for variable in container.get("env", []):
            if "value" in variable:
                settings[variable["name"]] = variable["value"]
                continue
            key = variable["valueFrom"]["secretKeyRef"]
            known = SECRETS.get(key["name"], set())
            expect(key["key"] in known, f"{part}: the Secret's key {key} is not documented")
            settings[variable["name"]] = DIGEST
        for group in container.get("envFrom", []):
            expect(group["secretRef"]["name"] in SECRETS, f"{part}: {group} is not documented")
        # A file of a Secret is not here, so the value stands for it.
        if settings.pop("COUNTERSIGN_DATABASE_URL_FILE", None):
            settings["COUNTERSIGN_DATABASE_URL"] = "postgres://countersign_service@db/countersign"
        if "countersign:" in container["image"]:
            accepted(part, settings)
            current = container["image"].endswith(":" + RELEASE)
            expect(current, f"{part}: the image is not of version {RELEASE}")
    return pod, workload["spec"]["template"]["metadata"]["labels"]


def matches(selector, labels):
    return bool(selector) and selector.items() <= labels.items()


def kubernetes(overlay):
    command = [KUBECTL, "kustomize", f"{DEPLOY}kubernetes/{overlay}"]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    documents = list(yaml.safe_load_all(text))
    objects = {(one["kind"], one["metadata"]["name"]): one for one in documents}
    expect(len(objects) == len(documents), f"{overlay}: two objects have one name")
    for (kind, name), one in objects.items():
        expect(one["metadata"].get("namespace") == "countersign", f"{overlay}: {kind} {name}")
        if kind in FOREIGN:
            continue
        try:
            kubernetes_validate.validate(one, VERSION, strict=True)
        except kubernetes_validate.ValidationError as error:
            faults.append(f"{overlay}: {kind} {name}: {error}")
    node, labels = pods(overlay, objects["Deployment", "countersign"], objects)
    ports = {port["name"] for port in node["containers"][0]["ports"]}
    service = objects["Service", "countersign"]
    expect(matches(service["spec"]["selector"], labels), f"{overlay}: the Service has no pods")
    for port in service["spec"]["ports"]:
        expect(port["targetPort"] in ports, f"{overlay}: the nodes have no port {port}")
    monitor = objects["ServiceMonitor", "countersign"]["spec"]
    served = {port["name"] for port in service["spec"]["ports"]}
    expect({one["port"] for one in monitor["endpoints"]} <= served, f"{overlay}: no such port")
    wanted = monitor["selector"]["matchLabels"]
    expect(matches(wanted, service["metadata"]["labels"]), f"{overlay}: no Service to monitor")
    policy = objects["NetworkPolicy", "countersign"]["spec"]
    selected = policy["podSelector"]["matchLabels"]
    expect(matches(selected, labels), f"{overlay}: the policy has no pods")
    for rule in policy["ingress"]:
        for port in rule["ports"]:
            expect(port["port"] in ports, f"{overlay}: the policy opens no port {port}")
    if overlay == "sqlite":
        spec = objects["Deployment", "countersign"]["spec"]
        expect(spec["replicas"] == 1, "sqlite: two processes on one file")
        expect(spec["strategy"]["type"] == "Recreate", "sqlite: two processes at an update")
        return
    _, other = pods(overlay, objects["Job", "countersign-migrate"], objects)
    expect(not matches(service["spec"]["selector"], other), "the Service sends to the Job's pods")
    expect(matches(selected, other), "the policy leaves the Job's pods out")
    budget = objects["PodDisruptionBudget", "countersign"]["spec"]["selector"]["matchLabels"]
    expect(matches(budget, labels) and not matches(budget, other), "the budget's pods are wrong")
    spread = node["topologySpreadConstraints"][0]["labelSelector"]["matchLabels"]
    expect(matches(spread, labels), "the nodes do not spread")


def compose():
    text = open(DEPLOY + "compose.yaml").read()
    # As Compose does it, with a value for each variable.
    values = {"COUNTERSIGN_BOOTSTRAP_TOKEN_DIGEST": DIGEST}
    text = re.sub(r"\$\{(\w+)(:[-?][^}]*)?\}", lambda found: values.get(found[1], "value"), text)
    file = yaml.safe_load(text)
    services = file["services"]
    for name, service in services.items():
        for other, wanted in service.get("depends_on", {}).items():
            expect(other in services, f"compose: there is no service {other}")
            healthy = wanted["condition"] == "service_healthy"
            expect(not healthy or "healthcheck" in services[other], f"compose: {other}")
        for volume in service.get("volumes", []):
            expect(volume.split(":")[0] in file["volumes"], f"compose: there is no {volume}")
        settings = service["environment"]
        if "POSTGRES_DB" not in settings:
            accepted(f"compose: {name}", settings)


for overlay in ("sqlite", "postgres"):
    kubernetes(overlay)
compose()
grants = open(DEPLOY + "kubernetes/postgres/grants.sql").read()
documented = "```sql\n" + grants + "```" in open("docs/operations.md").read()
expect(documented, "grants.sql differs from docs/operations.md")
accepted("countersign.toml", {"COUNTERSIGN_CONFIG": os.path.abspath("crates/app/dist/countersign.toml")})
if faults:
    sys.exit("\n".join(faults))
