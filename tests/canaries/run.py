#!/usr/bin/env python3
"""Shows that tests can fail: breaks one rule at a time and expects the test that covers it to notice.

Each *.patch here begins with the rule, what breaks it, the test program and the test. The patched copy of its one source
file is compiled as the build compiles the original, linked before the libraries of the test program (so that it takes
the original's place), and the test is run. Nothing of the source tree or the build is changed.

    run.py BUILD_FOLDER [--slice N] [NAME...]

--slice N: N of them, others every day. Called by ./dev canaries and, with a slice, by ./dev test.
"""

import argparse
import datetime
import json
import pathlib
import shlex
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
TEST_DEADLINE_S = 60


class Canary:
    def __init__(self, path):
        self.name = path.stem
        self.path = path
        head = path.read_text().split("\n--- ", 1)[0]
        self.fields = dict(line.split(": ", 1) for line in head.splitlines())
        diff = path.read_text().split("\n+++ b/", 1)[1]
        self.source = diff.split("\n", 1)[0]


def quiet(command, **options):
    return subprocess.run(command, capture_output=True, text=True, check=False, **options)


def fail_with(message, finished):
    print(f"canaries: {message}\n{finished.stdout[-3000:]}{finished.stderr[-3000:]}", file=sys.stderr)
    return False


def compile_command(build, source, mutant, target):
    """The build's own command for a file, for another file."""
    for entry in json.loads((build / "compile_commands.json").read_text()):
        if pathlib.Path(entry["file"]) != ROOT / source:
            continue
        words = shlex.split(entry["command"])
        words[words.index("-o") + 1] = str(target)
        words[words.index("-c") + 1] = str(mutant)
        # A file of dependencies would be the original's.
        return [word for word in words if word != "-MD"]
    raise SystemExit(f"canaries: the build has no {source}")


def link_command(build, program, objects, target):
    commands = quiet(["ninja", "-C", str(build), "-t", "commands", "-s", f"tests/{program}"]).stdout.splitlines()
    line = commands[-1].removeprefix(": && ").removesuffix(" && :")
    words = shlex.split(line)
    at = words.index("-o")
    words[at + 1] = str(target)
    return words[:at] + [str(o) for o in objects] + words[at:]


def caught(build, canary):
    folder = build / "canaries" / canary.name
    mutant = folder / canary.source
    mutant.parent.mkdir(parents=True, exist_ok=True)
    mutant.write_text((ROOT / canary.source).read_text())
    patched = quiet(["patch", "--quiet", "--strip=1", "--directory", str(folder), "--input", str(canary.path)])
    if patched.returncode != 0:
        return fail_with(f"{canary.name} does not fit {canary.source} any more; adapt {canary.path.name}", patched)
    target = folder / "mutant.o"
    compiled = quiet(compile_command(build, canary.source, mutant, target), cwd=build)
    if compiled.returncode != 0:
        return fail_with(f"{canary.name} does not compile", compiled)
    program = folder / "program"
    linked = quiet(link_command(build, canary.fields["Program"], [target], program), cwd=build)
    if linked.returncode != 0:
        return fail_with(f"{canary.name} does not link", linked)
    test = canary.fields["Test"]
    report = folder / "report.json"
    report.unlink(missing_ok=True)
    try:
        finished = quiet([str(program), f"--gtest_filter={test}", f"--gtest_output=json:{report}"],
                         timeout=TEST_DEADLINE_S)
    except subprocess.TimeoutExpired:
        print(f"caught  {canary.name}: {test} did not end")
        return True
    finally:
        program.unlink(missing_ok=True)
    if f"[  FAILED  ] {test}" not in finished.stdout and f"[ RUN      ] {test}" in finished.stdout:
        if finished.returncode < 0:
            print(f"caught  {canary.name}: {test} crashed")
            return True
        return fail_with(f"{canary.name} was NOT noticed by {test} ({canary.fields['Breaks it']})", finished)
    if f"[ RUN      ] {test}" not in finished.stdout:
        return fail_with(f"{canary.name} names a test that does not exist: {test}", finished)
    print(f"caught  {canary.name}: {canary.fields['Breaks it']}")
    return True


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--slice", type=int, default=0)
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    canaries = [Canary(path) for path in sorted(HERE.glob("*.patch"))]
    if options.names:
        canaries = [canary for canary in canaries if canary.name in options.names]
    if options.slice and options.slice < len(canaries):
        start = datetime.date.today().toordinal() * options.slice % len(canaries)
        canaries = (canaries + canaries)[start : start + options.slice]
    build = options.build.resolve()
    missed = [canary.name for canary in canaries if not caught(build, canary)]
    print(f"{len(canaries) - len(missed)} of {len(canaries)} broken rules were noticed")
    return 1 if missed or not canaries else 0


if __name__ == "__main__":
    sys.exit(main())
