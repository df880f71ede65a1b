"""Takes defences out one by one (mutants.toml), and has the test beside each of them miss it."""

import os
import re
import shutil
import subprocess
import sys
import time
import tomllib
import xml.etree.ElementTree
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
WORK = TOP / ".build-mutants"
TREE, INSTALLED = WORK / "tree", WORK / "installed"
SWIFT = os.environ.get("SWIFT", "swift")
sys.path.insert(0, str(TOP / "Tests" / "Attacks"))

import rows  # noqa: E402  # pylint: disable=wrong-import-position

# The daemon and the Swift tests are built for debugging: that takes seconds for each mutant, where the optimizer takes minutes.
# The module is the one that is shipped.
CONFIGURATION = "debug"
MODULE_TARGETS = ("PAMModule", "UnixSocket", "Wire", "pam_twostep", "CPOSIX", "CPAM")
# What a test says that did not hold; anything else that ends one is no assertion of its own.
ASSERTION = re.compile(r"assert|Assertion|Expectation failed|Issue recorded")


def sh(*command, **options):
    return subprocess.run(
        [str(word) for word in command], cwd=options.pop("cwd", TREE), check=False, text=True, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, **options)


def copy_sources():
    """A tree of our own to break, with the builds that it has already."""
    TREE.mkdir(parents=True, exist_ok=True)
    kept = [name for name in os.listdir(TREE) if name.startswith(".build")]
    for path in TREE.iterdir():
        if path.name not in kept:
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    for path in TOP.iterdir():
        if path.name.startswith(".build") or path.name == ".git":
            continue
        if path.is_dir():
            shutil.copytree(path, TREE / path.name, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(path, TREE / path.name)


def target(mutant):
    return Path(mutant["file"]).parts[1]


def build(mutant=None):
    """Builds what the mutant is in, and lays it out; returns what went wrong."""
    steps = []
    if mutant is None or not rows.is_python(mutant["test"]):
        steps.append([SWIFT, "build", "-c", CONFIGURATION, "--build-tests"])
    if mutant is None or rows.is_python(mutant["test"]):
        make = ["make", "--no-print-directory", f"CONFIGURATION={CONFIGURATION}"]
        if mutant is None or target(mutant) in MODULE_TARGETS:
            steps.append([*make, "module"])
        if mutant is None or target(mutant) not in ("PAMModule", "pam_twostep", "CPAM"):
            steps.append([*make, "daemon"])
        steps.append([*make, "install", f"DESTDIR={INSTALLED}", "PREFIX=/usr"])
    for step in steps:
        done = sh(*step)
        if done.returncode != 0:
            return done.stdout[-3000:]
    return ""


def run_python(*arguments):
    """Runs end-to-end tests with what was built, all that are not long, or these, long or not; returns their results and
    what was said."""
    if arguments:
        arguments = ("-m", "soak or not soak", *arguments)
    results = WORK / "results.xml"
    with open(results, "wb") as file:
        done = subprocess.run(
            [TOP / "packaging/as-root", TREE / "Tests/World/enter", INSTALLED, "/bin/bash", "-c", """
                cd /mnt/twostep/Tests/EndToEnd
                PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 -m pytest -q --tb=short --junitxml=/tmp/results.xml "$@" >&2
                cat /tmp/results.xml""", "mutants", *arguments],
            stdout=file, stderr=subprocess.PIPE, cwd=TREE, check=False, text=True, timeout=3600)
    try:
        return rows.results([results]), results.read_text(), done.stderr
    except xml.etree.ElementTree.ParseError:
        return {}, "", done.stderr


def run_swift(test):
    """Runs the suite of a Swift test, with a /run of its own."""
    results = WORK / "swift.xml"
    results.unlink(missing_ok=True)
    done = sh(
        TOP / "packaging/as-root", "env", f"CONFIGURATION={CONFIGURATION}", TOP / "Tests/World/swift-tests", shutil.which(SWIFT) or SWIFT,
        "--filter", test.split("/")[0], "--xunit-output", results)
    return (rows.results([results]) if results.exists() else {}), done.stdout, done.stdout


def judge(test):
    """Whether the test passes, fails by its own assertion, or does not come to either; and what was said."""
    found, said, log = run_python(test) if rows.is_python(test) else run_swift(test)
    outcomes = [passed for name, passed in found.items() if rows.fits(test, name)]
    if not outcomes:
        return "did not run", log[-2000:]
    if all(outcomes):
        return "passes", ""
    return ("fails" if ASSERTION.search(said) else "breaks"), log[-2000:]


def fail_when_whole(mutants):
    """The tests that do not pass with every defence in its place: they would miss nothing."""
    tests = sorted({mutant["test"] for mutant in mutants})
    found = run_python(*(test for test in tests if rows.is_python(test)))[0] if any(map(rows.is_python, tests)) else {}
    for suite in sorted({test.split("/")[0] for test in tests if not rows.is_python(test)}):
        found.update(run_swift(f"{suite}/")[0])
    return [test for test in tests if rows.judge([test], found) != "passed"]


def others_that_fail(test):
    """The tests of the whole end-to-end suite that fail besides the one that must."""
    found, _, _ = run_python()
    return sorted(name for name, passed in found.items() if not passed and not rows.fits(test, name))


def load():
    """The mutants; ends with what is wrong with their table, if anything is."""
    with open(TOP / "Tests/Mutants/mutants.toml", "rb") as file:
        mutants = tomllib.load(file)["mutant"]
    _, table = rows.load()
    there = {row["number"]: {test for tests in rows.cells(row).values() for test in tests} for row in table}
    names = [mutant["name"] for mutant in mutants]
    problems = [f"{name}: is there twice" for name in sorted(set(names)) if names.count(name) > 1]
    for mutant in mutants:
        if (count := (TOP / mutant["file"]).read_text().count(mutant["old"])) != 1:
            problems.append(f"{mutant['name']}: what it changes stands {count} times in {mutant['file']}")
        if not any(rows.fits(test, mutant["test"]) for test in there[mutant["row"]]):
            problems.append(f"{mutant['name']}: row {mutant['row']} does not name {mutant['test']}")
    if problems:
        sys.exit("\n".join(problems))
    return mutants


def main():
    mutants = load()
    if sys.argv[1:] == ["--check"]:
        print(f"{len(mutants)} mutants")
        return
    if only := os.environ.get("ONLY"):
        mutants = [mutant for mutant in mutants if mutant["name"] in only.split()]
        if not mutants:
            sys.exit(f"no mutant is called {only}")
    # Those of one target follow each other, and the Swift tests, which take longest to build, come last.
    mutants.sort(key=lambda mutant: (not rows.is_python(mutant["test"]), target(mutant)))
    copy_sources()
    print(f"{len(mutants)} mutants; building what is whole", flush=True)
    whole = build(None if any(not rows.is_python(mutant["test"]) for mutant in mutants) else {"test": "x::y", "file": "Sources/Wire"})
    if whole:
        sys.exit(whole)
    unfit = fail_when_whole(mutants)
    if unfit:
        sys.exit("fails without any mutant: " + ", ".join(unfit))
    killed, survivors = 0, []
    for mutant in mutants:
        start = time.monotonic()
        path = TREE / mutant["file"]
        original = path.read_text()
        path.write_text(original.replace(mutant["old"], mutant["new"]))
        try:
            wrong = build(mutant)
            standing, said = ("does not build", wrong) if wrong else judge(mutant["test"])
            others = others_that_fail(mutant["test"]) if standing == "fails" and os.environ.get("FULL") else []
        finally:
            path.write_text(original)
        took = time.monotonic() - start
        if standing == "fails" and not others:
            killed += 1
            print(f"  killed    {mutant['name']} by row {mutant['row']} ({took:.0f} s)", flush=True)
        else:
            survivors.append(mutant["name"])
            print(f"  SURVIVED  {mutant['name']}: {mutant['test']} {standing} ({took:.0f} s)\n{said}", flush=True)
            for name in others:
                print(f"            fails as well: {name}")
    print(f"\n{killed} mutants killed of {len(mutants)}" + (f"; not killed: {' '.join(survivors)}" if survivors else ""))
    sys.exit(bool(survivors))


if __name__ == "__main__":
    main()
