#!/usr/bin/env python3
"""Prints every rule of docs/rules.md with the tests that name it; fails on one without. Called by ./dev rules."""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
RULE = re.compile(r"^- \*\*([AB]\d+)\*\* (.*)$", re.MULTILINE)
TEST = re.compile(r"\bTEST(?:_[FP])?\(\s*(\w+)\s*,\s*(\w+)\s*\)")


def named_rules(test_name):
    """The rules in a test's name: A1_A2_pages_... names two."""
    return {part for part in test_name.split("_") if re.fullmatch(r"[AB]\d+", part)}


def main():
    rules = RULE.findall((ROOT / "docs/rules.md").read_text())
    tests = {}
    for path in sorted((ROOT / "tests").rglob("*_test.cc")):
        for suite, name in TEST.findall(path.read_text()):
            for rule in named_rules(name):
                tests.setdefault(rule, []).append(f"{suite}.{name}  ({path.relative_to(ROOT)})")
    untested = [rule for rule, _ in rules if rule not in tests]
    for rule, words in rules:
        print(f"{rule}  {words}")
        for test in tests.get(rule, ["NO TEST NAMES IT"]):
            print(f"      {test}")
    unknown = sorted(set(tests) - {rule for rule, _ in rules})
    if unknown:
        print(f"tests name rules that docs/rules.md does not have: {', '.join(unknown)}")
    print(f"{len(rules)} rules, {len(untested)} without a test")
    return 1 if untested or unknown or not rules else 0


if __name__ == "__main__":
    sys.exit(main())
