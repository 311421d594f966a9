#!/usr/bin/env python3
"""Prints every rule of docs/rules.md with the tests that name it, and checks docs/asks.md: each row there names tests,
and each test that it names exists. Fails on a rule or row without a test. Called by ./dev rules."""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
RULE = re.compile(r"^- \*\*([AB]\d+)\*\* (.*)$", re.MULTILINE)
TEST = re.compile(r"\bTEST(?:_[FP])?\(\s*(\w+)\s*,\s*(\w+)\s*\)")
ROW = re.compile(r"^\| (\d+) \|(.*)\|$", re.MULTILINE)
PROGRAM = re.compile(r"add_executable\((\w+)")
ROOM = re.compile(r"foreach\(room ([\w ]+)\)")


def named_rules(test_name):
    """The rules in a test's name: A1_A2_pages_... names two."""
    return {part for part in test_name.split("_") if re.fullmatch(r"[AB]\d+", part)}


def tests_by_file():
    """("Suite.test", its path), those of the table of situations included."""
    for path in sorted((ROOT / "tests").rglob("*_test.cc")):
        for suite, name in TEST.findall(path.read_text()):
            yield f"{suite}.{name}", path.relative_to(ROOT)
    for path in sorted((ROOT / "tests/cluster").glob("situation*.cc")):
        for name in re.findall(r'"([a-z][a-z0-9_]+)"', path.read_text()):
            yield f"SituationTest.{name}", path.relative_to(ROOT)


def program_of(path):
    """The test program that a file belongs to, as tests/CMakeLists.txt has it."""
    folder = path.parts[1]
    return f"unit_{path.parts[2]}" if folder == "unit" else f"{folder}_tests"


def check_rules(tests):
    rules = RULE.findall((ROOT / "docs/rules.md").read_text())
    by_rule = {}
    for test, path in tests:
        for rule in named_rules(test.split(".")[1]):
            by_rule.setdefault(rule, []).append(f"{test}  ({path})")
    untested = [rule for rule, _ in rules if rule not in by_rule]
    for rule, words in rules:
        print(f"{rule}  {words}")
        for test in by_rule.get(rule, ["NO TEST NAMES IT"]):
            print(f"      {test}")
    unknown = sorted(set(by_rule) - {rule for rule, _ in rules})
    if unknown:
        print(f"tests name rules that docs/rules.md does not have: {', '.join(unknown)}")
    print(f"{len(rules)} rules, {len(untested)} without a test")
    return not untested and not unknown and rules


def mistakes_of(row, programs, tests):
    """What is wrong with the tests that one row names."""
    program, names = None, []
    for word in re.findall(r"`([\w.]+)`", row):
        if word in programs:
            program = word
            names.append(word)
        elif re.fullmatch(r"[A-Z]\w+\.\w+", word):
            names.append(word)
            if (program, word) not in tests:
                yield f"{program} has no test {word}"
    if not names and not re.search(r"\bas ask \d+", row):
        yield "names no test"


def check_asks(tests):
    listed = (ROOT / "tests/CMakeLists.txt").read_text()
    programs = set(PROGRAM.findall(listed)) | {f"unit_{room}" for room in ROOM.search(listed).group(1).split()}
    known = {(program_of(path), test) for test, path in tests}
    rows = ROW.findall((ROOT / "docs/asks.md").read_text())
    wrong = [(number, mistake) for number, row in rows for mistake in mistakes_of(row, programs, known)]
    for number, mistake in wrong:
        print(f"docs/asks.md, row {number}: {mistake}")
    print(f"{len(rows)} asks and incidents, {len({number for number, _ in wrong})} of them without their tests")
    return not wrong and rows


def main():
    tests = list(tests_by_file())
    good = [check_rules(tests), check_asks(tests)]
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
