#!/usr/bin/env python3
"""Real manifests for ./dev test manifests, from the Go modules that carry them (sets.json). Nothing of it is committed.

    fetch.py GO KUBECTL CACHE [--show-sums]    prints the folder with one NAME.yaml for each set

A module is downloaded with `go mod download` and has to have the sum that sets.json names; so has what is made of it.
Of that, configurations of admission webhooks are left out: nothing here serves them, and those that fail closed would
refuse the writes that the test is about.
"""
import glob
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
WEBHOOKS = re.compile(r"^kind: (Validating|Mutating)WebhookConfiguration\s*$", re.MULTILINE)


def download(go, module, version, expected):
    """The folder of the unpacked module."""
    with tempfile.TemporaryDirectory() as elsewhere:  # outside of any module of ours
        done = subprocess.run([go, "mod", "download", "-json", f"{module}@{version}"], cwd=elsewhere,
                              capture_output=True, text=True, env={**os.environ, "GOFLAGS": "-mod=mod"})
    told = json.loads(done.stdout or "{}")
    if "Dir" not in told:
        sys.exit(f"{module}@{version} cannot be downloaded: {told.get('Error') or done.stderr}")
    if told["Sum"] != expected:
        sys.exit(f"{module}@{version} has the sum {told['Sum']}, not {expected}")
    return told["Dir"]


def render(kubectl, folder, copied, rendered):
    """What kustomize makes of a folder, from a copy: it takes a path with a host in it for an address."""
    with tempfile.TemporaryDirectory() as scratch:
        shutil.copytree(os.path.join(folder, copied), os.path.join(scratch, copied))
        done = subprocess.run([kubectl, "kustomize", os.path.join(scratch, rendered)], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{rendered} cannot be rendered: {done.stderr}")
    return done.stdout


def documents(text):
    for document in re.split(r"^---.*\n", text, flags=re.MULTILINE):
        meant = [line for line in document.splitlines() if line.strip() and not line.lstrip().startswith("#")]
        if meant and not WEBHOOKS.search(document):
            yield document if document.endswith("\n") else document + "\n"


def make(entry, go, kubectl):
    folder = download(go, entry["module"], entry["version"], entry["sum"])
    if "kustomize" in entry:
        texts = [render(kubectl, folder, entry["copy"], entry["kustomize"])]
    else:
        paths = sorted({path for pattern in entry["files"] for path in glob.glob(os.path.join(folder, pattern))})
        texts = [open(path, encoding="utf-8").read() for path in paths]
    found = [document for text in texts for document in documents(text)]
    if "namespace" in entry:  # published as to be applied into one that is there
        found.insert(0, f"apiVersion: v1\nkind: Namespace\nmetadata:\n  name: {entry['namespace']}\n")
    return "---\n".join(found)


def main():
    go, kubectl, cache = sys.argv[1:4]
    show_sums = "--show-sums" in sys.argv[4:]
    sources = b"".join(open(os.path.join(HERE, name), "rb").read() for name in ("sets.json", "fetch.py"))
    folder = os.path.join(cache, "manifests", hashlib.sha256(sources).hexdigest()[:16])
    if not os.path.isdir(folder) or show_sums:
        os.makedirs(os.path.dirname(folder), exist_ok=True)
        new = tempfile.mkdtemp(dir=os.path.dirname(folder))
        for entry in json.load(open(os.path.join(HERE, "sets.json"), encoding="utf-8"))["sets"]:
            text = make(entry, go, kubectl).encode()
            made = hashlib.sha256(text).hexdigest()
            print(f"manifests: {entry['name']} {entry['version']} {made}", file=sys.stderr)
            if made != entry["sha256"] and not show_sums:
                sys.exit(f"{entry['name']} is not as expected: {made}, not {entry['sha256']}")
            with open(os.path.join(new, entry["name"] + ".yaml"), "wb") as out:
                out.write(text)
        shutil.copy(os.path.join(HERE, "sets.json"), new)
        shutil.rmtree(folder, ignore_errors=True)
        os.rename(new, folder)
    print(folder)


if __name__ == "__main__":
    main()
