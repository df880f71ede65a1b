"""The rows of what must not get past (rows.toml): which tests hold them, and how many of them have passed."""

import argparse
import re
import sys
import tomllib
import xml.etree.ElementTree
from pathlib import Path

HERE = Path(__file__).resolve().parent
HOSTS = ["sshd", "sudo", "su", "login", "libpam", "daemon"]
MATRIX = {1: 1, 2: 16, 3: 37, 4: 61, 5: 70, 6: 89, 7: 105}


def load(path=HERE / "rows.toml"):
    """The numbers that there must be, and the rows."""
    with open(path, "rb") as file:
        table = tomllib.load(file)
    return [number for first, last in table["numbers"] for number in range(first, last + 1)], table["row"]


def cells(row):
    """The host programs of a row, each with its tests."""
    return {host: row[host] for host in HOSTS if host in row}


def is_python(test):
    return "::" in test


def fits(test, name):
    """Whether a test that has run is one of those that `test` names."""
    if not is_python(test):
        return name == test
    if test.endswith("-*]"):
        return name.startswith(test[:-2])
    return name == test or name.startswith(f"{test}[")


def named(rows, python):
    """The tests that rows name, each once."""
    return sorted({test for row in rows for tests in cells(row).values() for test in tests if is_python(test) == python})


# What a test says when it fails may hold what no XML may, written out or by number, and Swift Testing writes it all the same.
ILLEGAL = re.compile(r"&#0*(?:[0-8]|1[124-9]|2\d|3[01]);|&#x0*(?:1?[0-8bcef]|1[9ad]);|[\x00-\x08\x0b\x0c\x0e-\x1f]", re.IGNORECASE)


def parse(path):
    """The root of an xUnit file."""
    return xml.etree.ElementTree.fromstring(ILLEGAL.sub("\N{REPLACEMENT CHARACTER}", Path(path).read_text(errors="replace")))


def count(path):
    """How many tests of an xUnit file have passed, failed and were skipped."""
    suites = list(parse(path).iter("testsuite"))
    total, failed, skipped = (
        sum(int(suite.get(name) or 0) for suite in suites for name in names)
        for names in (["tests"], ["failures", "errors"], ["skipped"]))
    return total - failed - skipped, failed, skipped


def cases(path):
    """What has run of an xUnit file: names as in rows.toml, and what was wrong with each, None if nothing was."""
    for case in parse(path).iter("testcase"):
        suite, name = case.get("classname", ""), case.get("name", "")
        wrong = next((child for kind in ("failure", "error", "skipped") for child in case.iter(kind)), None)
        swift = re.match(r"`(.*)`\(", name)
        key = f"{suite.rsplit('.', 1)[-1]}/{swift[1]}" if swift else f"{suite.replace('.', '/')}.py::{name}"
        yield key, wrong


def results(paths):
    """What has run, with whether each has passed."""
    found = {}
    for path in paths:
        for name, wrong in cases(path):
            found[name] = found.get(name, True) and wrong is None
    return found


def failures(path):
    """The tests of an xUnit file that have failed, a line each, and the first words of what they said."""
    for name, wrong in cases(path):
        if wrong is not None and wrong.tag != "skipped":
            words = (wrong.get("message") or wrong.text or "").split("\n")[0]
            yield f"{name}: {words[:300]}"


def judge(tests, found):
    """`passed`, `failed`, or `not run` if one of them has not run."""
    standing = "passed"
    for test in tests:
        outcomes = [passed for name, passed in found.items() if fits(test, name)]
        if False in outcomes:
            return "failed"
        if not outcomes:
            standing = "not run"
    return standing


def report(rows, found):
    """Prints rows passed of rows in all, in all and for each host program; returns whether none has failed."""
    total, passed = dict.fromkeys(["rows", *HOSTS], 0), dict.fromkeys(["rows", *HOSTS], 0)
    parts = {part: [0, 0] for part in MATRIX}
    failed = []
    for row in rows:
        standing = {host: judge(tests, found) for host, tests in cells(row).items()}
        lacks = row.get("lacks")
        for host, outcome in standing.items():
            total[host] += 1
            passed[host] += outcome == "passed" and not lacks
        holds = bool(standing) and set(standing.values()) == {"passed"} and not lacks
        total["rows"] += 1
        passed["rows"] += holds
        part = max(part for part, first in MATRIX.items() if row["number"] >= first)
        parts[part][0] += holds
        parts[part][1] += 1
        if "failed" in standing.values():
            failed.append(row["number"])
        if not holds:
            where = ", ".join(f"{host}: {outcome}" for host, outcome in standing.items() if outcome != "passed")
            print(f"  row {row['number']:3}  {row['says']}\n           {where or 'missing: ' + lacks}")
    print()
    for part, (held, all_of_it) in parts.items():
        print(f"  M{part}      {held:3} of {all_of_it}")
    for host in HOSTS:
        print(f"  {host:7} {passed[host]:3} of {total[host]}")
    print(f"\n{passed['rows']} rows passed of {total['rows']}")
    return not failed


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--python", action="store_true", help="name the end-to-end tests of all rows")
    parser.add_argument("--swift", action="store_true", help="write the filter for the Swift tests of all rows")
    parser.add_argument("--failed", action="store_true", help="say only which tests have failed")
    parser.add_argument("results", nargs="*", help="xUnit files of what has run")
    options = parser.parse_args()
    _, rows = load()
    if options.python:
        # Whole functions: the cases of a test have names that no shell should see.
        print("\n".join(sorted({re.sub(r"\[.*", "", test) for test in named(rows, True)})))
    elif options.failed:
        for path in options.results:
            for line in failures(path):
                print(line)
    elif options.swift:
        print("|".join(sorted({test.split("/")[0] for test in named(rows, False)})))
    else:
        sys.exit(0 if report(rows, results(options.results)) else 1)


if __name__ == "__main__":
    main()
