#!/usr/bin/env python3
"""Real trees for ./dev test renders, from the Go modules that carry them (trees.json). Nothing of it is committed.

    fetch.py GO CACHE    prints the folder of the trees; in it, `list` has a line "KIND FOLDER PATH" for each
"""
import hashlib
import json
import os
import shutil
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "manifests"))
from fetch import download  # noqa: E402


def main():
    go, cache = sys.argv[1:3]
    trees = open(os.path.join(HERE, "trees.json"), "rb").read()
    folder = os.path.join(cache, "trees", hashlib.sha256(trees).hexdigest()[:16])
    if not os.path.isdir(folder):
        os.makedirs(os.path.dirname(folder), exist_ok=True)
        new = tempfile.mkdtemp(dir=os.path.dirname(folder))
        lines = []
        for entry in json.loads(trees)["modules"]:
            module = download(go, entry["module"], entry["version"], entry["sum"])
            # Without the host in its name: kustomize would take the path for an address.
            name = entry["module"].removesuffix("/v2").removesuffix("/v3").rsplit("/", 1)[1]
            shutil.copytree(os.path.join(module, entry["copy"]), os.path.join(new, name, entry["copy"]), symlinks=True,
                            copy_function=shutil.copyfile)
            lines += [f"{kind} {name} {path}" for kind in ("kustomize", "helm", "plain") for path in entry[kind]]
        for at, folders, _ in os.walk(new):  # the module cache is read-only
            for below in folders:
                os.chmod(os.path.join(at, below), 0o755)
        with open(os.path.join(new, "list"), "w", encoding="utf-8") as out:
            out.write("\n".join(lines) + "\n")
        shutil.rmtree(folder, ignore_errors=True)
        os.rename(new, folder)
    print(folder)


if __name__ == "__main__":
    main()
