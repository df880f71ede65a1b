"""The table of rows: each row of the matrix once, each test that it names there, and each reason in its list."""

import ast
import re
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "Attacks"))

import rows  # noqa: E402  # pylint: disable=wrong-import-position

NUMBERS, ROWS = rows.load()


def test_each_row_of_the_matrix_is_there_once_and_no_other():
    assert sorted(row["number"] for row in ROWS) == sorted(NUMBERS)
    assert len(set(NUMBERS)) == len(NUMBERS) == 100


def test_each_row_has_a_test_or_a_reason():
    for row in ROWS:
        assert rows.cells(row) or "lacks" in row, row["number"]
        assert set(row) <= {"number", "says", "lacks", *rows.HOSTS}, row["number"]


def functions():
    for path in HERE.glob("test_*.py"):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.FunctionDef):
                yield f"{path.name}::{node.name}"


def test_each_end_to_end_test_that_is_named_is_there():
    there = set(functions())
    missing = [test for test in rows.named(ROWS, True) if re.sub(r"\[.*", "", test) not in there]
    assert missing == []


def test_each_swift_test_that_is_named_is_there():
    there = {}
    for path in HERE.parent.glob("*Tests/**/*.swift"):
        text = path.read_text()
        for name in re.findall(r"func `([^`]+)`", text):
            there.setdefault(name, "")
            there[name] += text
    missing = []
    for test in rows.named(ROWS, False):
        suite, name = test.split("/", 1)
        if not re.search(rf"\b(struct|class|enum|extension) {suite}\b", there.get(name, "")):
            missing.append(test)
    assert missing == []


def test_each_row_that_does_not_pass_stands_in_the_list_with_its_reason():
    listed = re.findall(r"^\| (\d+) \| (.*?) \| (.*?) \|$", (HERE.parent / "Attacks" / "not-run.md").read_text(), re.M)
    assert {int(number): reason for number, _, reason in listed} == {
        row["number"]: row["lacks"] for row in ROWS if "lacks" in row}
