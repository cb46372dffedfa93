"""Thousands of items over a few small scenes in a bucket, and how soon a composite of them folds its first pixel."""

import datetime
import json
import os
import shutil
import subprocess
import time


class ManyItems:
    """A bucket `demo` in `root` with a day's scene for each item, of three files each. Most of them are other names of the
    same few."""

    def __init__(self, binary, root, count):
        self.root = root
        shutil.rmtree(root / "demo", ignore_errors=True)
        command = [binary, "demo", root / "demo", "--scenes", 20, "--size", 64]
        subprocess.run([str(word) for word in command], check=True, capture_output=True)
        self.document = json.loads((root / "demo/items.json").read_text())
        scenes = self.document["features"]
        self.document["features"] = [self._copy_of(scenes[k % len(scenes)], k) for k in range(count)]

    def _copy_of(self, scene, number):
        copy = json.loads(json.dumps(scene))
        copy["id"] += f"_{number}"
        day = datetime.datetime(2013, 1, 1, 14, 30) + datetime.timedelta(days=number % 1900, seconds=number)
        for name in {"datetime", "start_datetime", "end_datetime"} & copy["properties"].keys():
            copy["properties"][name] = day.strftime("%Y-%m-%dT%H:%M:%SZ")
        for asset in copy["assets"].values():
            source = self.root / "demo" / asset["href"]
            asset["href"] = asset["href"].removeprefix("./").replace(".TIF", f"_{number}.TIF")
            os.link(source, self.root / "demo" / asset["href"])
        return copy

    def catalog(self, place, path, count=None):
        """Writes the first items, with their assets at `place`."""
        whole = json.loads(json.dumps({**self.document, "features": self.document["features"][:count]}))
        for feature in whole["features"]:
            for asset in feature["assets"].values():
                asset["href"] = f"{place}/{asset['href']}"
        path.write_text(json.dumps(whole))
        return path


def first_fold(binary, catalog, environment, folder, timeout):
    """Seconds from the start of the process to the end of the first fold."""
    trace = folder / "trace.json"
    words = [binary, "composite", catalog, "-o", folder / "first_fold", "--overwrite", "--quiet"]
    words += ["--progress", "none", "--period", "all", "--threads", 2, "--trace", trace]
    command = [str(word) for word in words]
    begin = time.monotonic()
    subprocess.run(command, env=environment, check=True, capture_output=True, timeout=timeout)
    whole = time.monotonic() - begin
    spans = [span for span in json.loads(trace.read_text()) if "dur" in span]
    ends = [(span["ts"] + span["dur"]) / 1e6 for span in spans]
    return whole - max(ends) + min(end for end, span in zip(ends, spans) if span["name"] == "fold")
