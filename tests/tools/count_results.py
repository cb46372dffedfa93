#!/usr/bin/env python3
"""Add up JUnit reports (of ctest, GoogleTest and pytest) and print 'N passed, N failed, N skipped' as the last line.

Exits with 1 when a test failed or none ran.
"""

import argparse
import sys
import xml.etree.ElementTree as ElementTree


def outcome(case):
    """'failed', 'skipped' or 'passed' of one <testcase>."""
    if case.find("failure") is not None or case.find("error") is not None or case.get("status") == "fail":
        return "failed"
    if case.find("skipped") is not None or case.get("status") in ("notrun", "disabled"):
        return "skipped"
    return "passed"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("reports", nargs="*", help="JUnit XML files")
    parser.add_argument("--crashes", type=int, default=0, help="programs that ended without a report")
    arguments = parser.parse_args()
    counts = {"passed": 0, "failed": arguments.crashes, "skipped": 0}
    failures = [f"{arguments.crashes} test program(s) ended without a report"] if arguments.crashes else []
    for report in arguments.reports:
        for case in ElementTree.parse(report).iter("testcase"):
            result = outcome(case)
            counts[result] += 1
            if result == "failed":
                failures.append(f"{report.rsplit('/', 1)[-1]}: {case.get('classname')}.{case.get('name')}")
    for failure in failures:
        print("FAILED", failure)
    print("{passed} passed, {failed} failed, {skipped} skipped".format(**counts))
    sys.exit(counts["failed"] > 0 or counts["passed"] == 0)


if __name__ == "__main__":
    main()
