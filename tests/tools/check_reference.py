#!/usr/bin/env python3
"""Run `cubemill composite` on a demo archive with many options and compare with the numpy reference.

    check_reference.py BINARY ITEMS.json [--only NAME...]

The cases are those of tests/program/test_reference.py. Prints a line per case; the last line is 'N passed, N failed'.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "reference"), str(TESTS / "program")]
import cases  # noqa: E402
import compare  # noqa: E402
from composite import composite  # noqa: E402
from dates import read_items  # noqa: E402


def check(binary, items, name):
    """The difference between program and reference for one case."""
    case = cases.CASES[name]
    options = cases.options_of(case)
    with tempfile.TemporaryDirectory() as work:
        out = os.path.join(work, "out")
        words = [binary, "composite", items, "-o", out, "--progress", "none", *cases.arguments(case)]
        subprocess.run([str(word) for word in words], check=True, stdout=subprocess.DEVNULL)
        mean, count, _, _, _ = compare.read_outputs(out, options.index.split("=")[0])
    expected = composite(read_items(items), options)
    return compare.difference(
        mean, count, expected.mean, expected.count, expected.sensitivity, cases.allowed_share(case)
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary", help="the cubemill to test")
    parser.add_argument("items", help="items.json of a demo archive")
    parser.add_argument("--only", nargs="+", choices=list(cases.CASES), default=list(cases.CASES), metavar="NAME")
    arguments = parser.parse_args()
    failed = 0
    for name in arguments.only:
        difference = check(arguments.binary, arguments.items, name)
        failed += not difference.agrees
        print("ok  " if difference.agrees else "FAIL", f"{name}: {difference}", flush=True)
    print(f"{len(arguments.only) - failed} passed, {failed} failed")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
