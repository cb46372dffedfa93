"""An object store that misbehaves as a test tells it (tests/tools/s3_stand), with a demo archive in a bucket, and the
catalogs and the environment in which the program finds it."""

import json
import os
import subprocess
import sys
import urllib.request
from pathlib import Path

STAND = Path(__file__).resolve().parents[1] / "tools/s3_stand/s3_stand.py"
KEYS = {"AWS_ACCESS_KEY_ID": "AK", "AWS_SECRET_ACCESS_KEY": "SK"}


def environment_of(endpoint, **more):
    """All that the program is told of a server; nothing of this machine's own identities."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return {
        **clean,
        "AWS_S3_ENDPOINT": endpoint,
        "AWS_HTTPS": "NO",
        "AWS_VIRTUAL_HOSTING": "FALSE",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        **more,
    }


class ObjectStore:
    """The stand over a folder of buckets, or before a real server; its faults are set and its requests are counted from
    outside."""

    def __init__(self, root, *arguments, upstream=False):
        command = [sys.executable, str(STAND), "--upstream" if upstream else "--root", str(root), "--exit-with-parent"]
        command += map(str, arguments)
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.endpoint = json.loads(self.process.stdout.readline())["endpoint"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()

    def control(self, name, text=None):
        address = f"http://{self.endpoint}/__{name}"
        with urllib.request.urlopen(address, data=None if text is None else text.encode(), timeout=20) as answer:
            return json.load(answer)

    def misbehave(self, *rules):
        """Answers by these rules from now on; what was counted and logged is forgotten."""
        self.control("faults", "\n".join(rules))
        self.control("reset", "")

    def counts(self):
        return self.control("stats")

    def hits(self):
        """How often the rules were applied."""
        return sum(rule["hits"] for rule in self.counts()["rules"])

    def requests(self):
        """The latest two thousand of them, each as the stand logs it."""
        return self.control("log?n=2000")

    def environment(self, **more):
        """All that the program is told of the store."""
        return environment_of(self.endpoint, **more)

    def place(self, scheme):
        """Where the buckets are, as an href says it."""
        return "s3:/" if scheme == "s3" else f"http://{self.endpoint}"


def catalog_of(archive, place, path):
    """Writes the archive's catalog with its assets at `place`; returns its path."""
    document = json.loads((archive / "items.json").read_text())
    for feature in document["features"]:
        for asset in feature["assets"].values():
            asset["href"] = f"{place}/{asset['href'].removeprefix('./')}"
    path.write_text(json.dumps(document))
    return path
