#!/usr/bin/env python3
"""Writes definitions.json and resources.json from a real kube-apiserver: `./dev schemas`.

usage: generate.py KUBECTL KUBECONFIG FOLDER MODULE...

definitions.json: the OpenAPI v3 schemas, by name, of the groups below, without descriptions; only what their kinds use.
resources.json: the aggregated discovery items of these groups, each resource with the columns of its Table.
messages.json: for each definition its protobuf fields, as {number: [name, type]}, read from the generated.proto files of
the given Go modules, because kubectl writes some requests in protobuf. A type is string, bytes, bool, int or the name of a
definition; "*" before it says repeated, "%" a map of strings to it.
"""
import json
import pathlib
import re
import subprocess
import sys

GROUP_VERSIONS = [
    "v1", "apps/v1", "batch/v1", "autoscaling/v2", "networking.k8s.io/v1", "policy/v1",
    "rbac.authorization.k8s.io/v1", "storage.k8s.io/v1", "apiextensions.k8s.io/v1", "apiregistration.k8s.io/v1",
    "coordination.k8s.io/v1", "admissionregistration.k8s.io/v1", "scheduling.k8s.io/v1", "discovery.k8s.io/v1",
    "authorization.k8s.io/v1", "authentication.k8s.io/v1",
]
DISCOVERY = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json"
TABLE = "application/json;as=Table;g=meta.k8s.io;v=v1,application/json"


class Server:
    """The real server, asked through `kubectl proxy`, which lets us choose the Accept header."""

    def __init__(self, kubectl, kubeconfig):
        self.proxy = subprocess.Popen([kubectl, "--kubeconfig", kubeconfig, "proxy", "--port", "0"],
                                      stdout=subprocess.PIPE, text=True)
        self.base = "http://" + self.proxy.stdout.readline().split()[-1]

    def get(self, path, accept="application/json"):
        import urllib.request
        request = urllib.request.Request(self.base + path, headers={"Accept": accept})
        with urllib.request.urlopen(request) as response:
            return json.load(response)

    def stop(self):
        self.proxy.terminate()
        self.proxy.wait()


def is_named_member(parents):
    return bool(parents) and parents[-1] == "properties"


def stripped(schema, parents=()):
    """Without descriptions; a property that is called description stays."""
    if isinstance(schema, list):
        return [stripped(item, parents) for item in schema]
    if not isinstance(schema, dict):
        return schema
    return {key: stripped(value, parents + (key,)) for key, value in schema.items()
            if is_named_member(parents) or key != "description"}


def references(schema):
    if isinstance(schema, dict):
        for key, value in schema.items():
            if key == "$ref" and isinstance(value, str):
                yield value.rsplit("/", 1)[1]
            else:
                yield from references(value)
    elif isinstance(schema, list):
        for item in schema:
            yield from references(item)


def path_of(group_version):
    return ("/api/" if "/" not in group_version else "/apis/") + group_version


def kept_definitions(server):
    every, wanted = {}, []
    for group_version in GROUP_VERSIONS:
        document = server.get("/openapi/v3" + path_of(group_version))
        group, _, version = group_version.rpartition("/")
        for name, schema in document["components"]["schemas"].items():
            every[name] = schema
            for gvk in schema.get("x-kubernetes-group-version-kind", []):
                if (gvk["group"], gvk["version"]) != (group, version):
                    continue
                gvks = schema["x-kubernetes-group-version-kind"]
                if len(gvks) == 1 and (name not in wanted):
                    wanted.append(name)
    kept = {}
    while wanted:
        name = wanted.pop()
        if name in kept:
            continue
        kept[name] = stripped(every[name])
        wanted.extend(references(kept[name]))
    for schema in kept.values():
        if len(schema.get("x-kubernetes-group-version-kind", [])) > 1:
            del schema["x-kubernetes-group-version-kind"]  # DeleteOptions and its like are of every group
    return dict(sorted(kept.items()))


def columns(server, group_version, resource):
    if "list" not in resource["verbs"]:
        return []
    table = server.get(path_of(group_version) + "/" + resource["resource"] + "?limit=1", TABLE)
    return [{key: column[key] for key in ("name", "type", "format", "description", "priority")}
            for column in table.get("columnDefinitions", [])]


def kept_resources(server):
    items = []
    for item in server.get("/api", DISCOVERY)["items"] + server.get("/apis", DISCOVERY)["items"]:
        group = item["metadata"].get("name", "")
        versions = []
        for version in item["versions"]:
            group_version = (group + "/" if group else "") + version["version"]
            if group_version not in GROUP_VERSIONS:
                continue
            for resource in version["resources"]:
                resource["columns"] = columns(server, group_version, resource)
            versions.append(version)
        if versions:
            items.append({"metadata": {"name": group}, "versions": versions})
    return items


def proto_type(written, package, messages):
    """The type of a field as messages.json has it; None for what no JSON schema knows."""
    scalars = {"string": "string", "bytes": "bytes", "bool": "bool", "int32": "int", "int64": "int"}
    if written in scalars:
        return scalars[written]
    name = written[1:] if written.startswith(".") else package + "." + written
    return re.sub("^k8s.io", "io.k8s", name) if name in messages else None


def kept_messages(folders, definitions):
    """Of the definitions, and of messages that are only inlined into them."""
    texts = [path.read_text() for folder in folders for path in sorted(pathlib.Path(folder).rglob("generated.proto"))]
    messages = {}
    for text in texts:
        package = re.search(r"^package (.*);", text, re.M).group(1)
        text = re.sub(r"//.*", "", text)
        for name, body in re.findall(r"^message (\w+) \{(.*?)^\}", text, re.M | re.S):
            messages[package + "." + name] = (package, body)
    field = re.compile(r"^\s*(optional|repeated|map<string, ([\w.]+)>)\s*([\w.]+)?\s+(\w+) = (\d+);", re.M)
    kept, wanted = {}, [re.sub("^io.k8s", "k8s.io", name) for name in definitions]
    while wanted:
        message = wanted.pop()
        name = re.sub("^k8s.io", "io.k8s", message)
        if message not in messages or name in kept:
            continue
        package, body = messages[message]
        fields = {}
        for label, map_value, written, member, number in field.findall(body):
            kind = proto_type(map_value or written, package, messages)
            if kind is None:
                continue
            fields[number] = [member, ("%" if map_value else "*" if label == "repeated" else "") + kind]
            if kind.startswith("io.k8s"):
                wanted.append(re.sub("^io.k8s", "k8s.io", kind))
        kept[name] = fields
    return dict(sorted(kept.items()))


def write(path, items):
    """One member or item a line, so that a new version of Kubernetes is a readable change."""
    opening, closing = ("{", "}") if isinstance(items, dict) else ("[", "]")
    lines = ([json.dumps(key) + ":" + json.dumps(value, separators=(",", ":")) for key, value in items.items()]
             if isinstance(items, dict) else [json.dumps(item, separators=(",", ":")) for item in items])
    with open(path, "w", encoding="utf-8") as file:
        file.write(opening + "\n" + ",\n".join(lines) + "\n" + closing + "\n")


def main():
    kubectl, kubeconfig, folder = sys.argv[1:4]
    server = Server(kubectl, kubeconfig)
    try:
        definitions = kept_definitions(server)
        write(folder + "/definitions.json", definitions)
        write(folder + "/messages.json", kept_messages(sys.argv[4:], definitions))
        write(folder + "/resources.json", kept_resources(server))
    finally:
        server.stop()


main()
