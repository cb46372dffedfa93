"""What a composite can cost at least on nodes with a GPU: bytes and instructions counted, rates from data sheets.

    python3 bench/gpu_floor.py [--bench build/release/bench] [--runtime build/cuda_emulator/libcudart.so.13]
                               [--measured kernels.json]
    python3 bench/gpu_floor.py --table FILE

Counts what the fold kernel executes a pixel, by kernel_bench over the stand-in for the CUDA runtime, which interprets the
PTX; no GPU is needed. --measured: a file of kernel_bench --json from a machine with a GPU: its measured rates are put
beside the floors. --table: only what such a file, or one of scripts/gpu-check --json, says, as the tables of
docs/performance.md.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
METHODS = ("nearest", "bilinear", "cubic", "average", "mode")


@dataclass(frozen=True)
class Device:
    """Rates of a data sheet; the clock is the one that its TFLOPS are given for."""

    name: str
    multiprocessors: int
    ghz: float
    doubles: int  # operations a clock and multiprocessor
    memory: float  # GB/s
    bus: float  # GB/s one way
    source: str

    def doubles_rate(self):
        return 1e9 * self.multiprocessors * self.ghz * self.doubles

    def integers_rate(self):
        return 1e9 * self.multiprocessors * self.ghz * INTEGERS


# 32-bit integer additions, logic and comparisons a clock and multiprocessor, 7.5 to 9.0: CUDA C++ Programming Guide,
# "Throughput of Native Arithmetic Instructions"; the doubles' rates are from there too.
INTEGERS = 64
DEVICES = (
    Device("T4", 40, 1.59, 2, 320, 15.8, "NVIDIA T4 data sheet (8.1 TFLOPS FP32, PCIe 3 x16)"),
    Device("A10", 72, 1.695, 2, 600, 31.5, "NVIDIA A10 data sheet (31.2 TFLOPS FP32, PCIe 4 x16)"),
    Device("L4", 58, 2.04, 2, 300, 31.5, "NVIDIA L4 data sheet (30.3 TFLOPS FP32, PCIe 4 x16)"),
    Device("A100", 108, 1.41, 32, 2039, 31.5, "NVIDIA A100 80GB SXM data sheet (9.7 TFLOPS FP64, PCIe 4)"),
    Device("H100", 132, 1.98, 64, 3350, 63.0, "NVIDIA H100 SXM data sheet (34 TFLOPS FP64, PCIe 5)"),
)

# The main job with ZSTD on one core of the machine of docs/performance.md, sections 1 and 2: pixels of scenes, CPU
# seconds, their shares, and the decode floor.
JOB_PIXELS = 24 * 4100**2
JOB_SECONDS = 12.7
SHARES = {"decode": 0.37, "fold": 0.13}
FLOOR_SECONDS = 4.4
BUS_BYTES = 2 * 2 + 1  # of a pixel and scene: two bands of 16 bits and its class; sums come back once a period

DIVISION = 9  # of doubles: a seed and eight fused steps, in the SASS of the usual path
DIVISION_OF_INTEGERS = 20


# ---- counting --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Count:
    """A pixel's worth."""

    executed: float  # PTX instructions
    doubles: float  # slots of the double unit
    integers: float  # slots of everything else
    bytes: float  # that must move between memory and the device


def slots(operation, kind):
    """(double, other) slots of one PTX instruction, roughly: 64-bit integers need two."""
    if kind == "f64" and operation in ("add", "sub", "mul", "fma", "setp", "min", "max", "cvt"):
        return 1, 0
    if operation == "div":
        return (DIVISION, 0) if kind == "f64" else (0, DIVISION_OF_INTEGERS)
    return 0, 2 if kind in ("s64", "u64", "b64", "f64") and not operation.startswith(("ld", "st")) else 1


def count(asked, method):
    """What kernel_bench executes in the case of 16 bits, packed sums and one scene."""
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        command = [asked.bench / "kernel_bench", "--quick", "--once", "--cases", f"{method} u16 packed 1"]
        environment = {**os.environ, "LD_PRELOAD": str(asked.runtime), "PTXEMU_MIX": "1"}
        done = subprocess.run(
            [*command, "--json", file.name], env=environment, capture_output=True, text=True, check=True
        )
        case = json.load(file)["cases"][0]
    executed = doubles = others = 0
    for operation, kind, times in re.findall(r"^ptxemu mix: (\w+)\.(\w+) (\d+)", done.stderr, re.MULTILINE):
        double, other = slots(operation, kind)
        executed += int(times)
        doubles += double * int(times)
        others += other * int(times)
    pixels = case["pixels"]
    return Count(executed / pixels, doubles / pixels, others / pixels, case["bytes"] / pixels)


# ---- floors ----------------------------------------------------------------------------------------------------------


def roofs(device, one):
    """Pixels of scenes a second that each part lets through."""
    return {
        "memory": 1e9 * device.memory / one.bytes,
        "doubles": device.doubles_rate() / one.doubles,
        "integers": device.integers_rate() / one.integers,
        "bus": 1e9 * device.bus / BUS_BYTES,
    }


def table(head, rows):
    print("| " + " | ".join(head) + " |\n|" + "---|" * len(head))
    for row in rows:
        print("| " + " | ".join(map(str, row)) + " |")
    print()


def print_counts(counts):
    print("Counted a pixel of one scene (16 bits, packed sums; another zone, pixels of one size):\n")
    table(
        ("method", "PTX instructions", "double slots", "other slots", "bytes"),
        [(m, f"{c.executed:.0f}", f"{c.doubles:.0f}", f"{c.integers:.0f}", f"{c.bytes:.1f}") for m, c in counts.items()],
    )


def print_roofs(counts):
    print("Roofs, 10⁹ pixels of scenes a second, and the lowest (bus: a chunk that is sent for one fold):\n")
    rows = []
    for device in DEVICES:
        for method, one in counts.items():
            found = roofs(device, one)
            lowest = min(found, key=found.get)
            rows.append((device.name, method, *(f"{1e-9 * rate:.2f}" for rate in found.values()), lowest))
    table(("", "method", "memory", "doubles", "integers", "bus", "bound by"), rows)


def stages_ns():
    """CPU nanoseconds a pixel of a scene: all on the CPU, without the fold, the inflate alone."""
    whole = 1e9 * JOB_SECONDS / JOB_PIXELS
    return whole, whole * (1 - SHARES["fold"]), min(whole * SHARES["decode"], 1e9 * FLOOR_SECONDS / JOB_PIXELS)


def print_nodes(counts):
    whole, without_fold, inflate = stages_ns()
    print(f"CPU of the main job, ns a pixel of a scene: all {whole:.1f}, without the fold {without_fold:.1f}, ", end="")
    print(f"inflate alone {inflate:.1f}.")
    print(f"Times faster on the same cores while the GPU keeps up: {whole / without_fold:.2f}, {whole / inflate:.1f}.\n")
    rows = []
    for device in DEVICES:
        for method in ("bilinear", "average"):
            rate = min(roofs(device, counts[method]).values())
            cores = (f"{rate * 1e-9 * ns:.0f}" for ns in (without_fold, inflate))
            rows.append((device.name, method, f"{1e-9 * rate:.2f}", *cores, f"{JOB_PIXELS / rate:.2f}"))
    table(("", "method", "Gpx/s", "cores that keep it busy, fold alone on it", "all but inflate on it", "main job's pixels, s"), rows)


# ---- what was measured -----------------------------------------------------------------------------------------------


def read_measured(path):
    """(kernel_bench's document, composites of gpu-check by method) of a file of either."""
    found = json.loads(path.read_text(encoding="utf-8"))
    return (found["kernels"], found.get("composites", {})) if isinstance(found["kernels"], dict) else (found, {})


def print_device(device):
    print(f"{device['name']}: copy {1e-9 * device['copy_bytes_per_second']:.0f} GB/s, ", end="")
    print(f"bus {1e-9 * device['to_device_bytes_per_second']:.1f} GB/s, a launch {1e6 * device['launch_seconds']:.1f} µs\n")


def speed(case):
    return f"{1e-9 * case['pixels'] / case['device_seconds']:.1f}"


def print_kernels(found):
    """Chunks of 16 bits, one scene: the device, the same without what a launch costs, and the CPU."""
    cases = {case["name"]: case for case in found["cases"]}
    copy = found["device"]["copy_bytes_per_second"]
    rows = []
    for method in METHODS:
        packed, wide = (cases[f"{method} u16 {kind} 1"] for kind in ("packed", "wide"))
        tall = cases.get(f"{method} u16 packed 1 tall")
        best = tall or packed
        rows.append((
            method, f"{1e6 * packed['device_seconds']:.1f}", f"{1e6 * wide['device_seconds']:.1f}", speed(packed),
            tall and speed(tall) or "", f"{best['bytes'] / best['device_seconds'] / copy:.0%}",
            f"{packed['cpu_wall_seconds_all_threads'] / packed['device_seconds']:.0f}",
        ))  # fmt: skip
    for name in ("finish packed", "finish wide"):
        one = cases.get(name)
        if one and one["device_seconds_in_cache"]:
            share = one["bytes"] / one["device_seconds"] / copy
            rows.append((name, f"{1e6 * one['device_seconds']:.1f}", "", speed(one), "", f"{share:.0%}", ""))
    cores = found["threads"]
    head = ("", "512² px, µs", "wide sums, µs", "Gpx/s", "16 chunks at once, Gpx/s", "of the copy", f"× {cores} cores")
    table(head, rows)


def print_composites(composites):
    rows = [
        (method, *(f"{one[backend][cost]:.2f}" for cost in ("wall_seconds", "cpu_seconds") for backend in ("cpu", "cuda")))
        for method, one in composites.items()
    ]
    table(("composite", "CPU, s", "GPU, s", "CPU, CPU s", "GPU, CPU s"), rows)


def print_table(path):
    kernels, composites = read_measured(path)
    print_device(kernels["device"])
    print_kernels(kernels)
    if composites:
        print_composites(composites)


def print_beside_floors(path, counts):
    """Measured rates next to the roofs, without the bus, of the data sheet whose name fits."""
    found, _ = read_measured(path)
    print_device(found["device"])
    sheet = next((device for device in DEVICES if device.name in found["device"]["name"]), None)
    if not sheet:
        print("no data sheet for it here")
        return
    rows = []
    for case in found["cases"]:
        words = case["name"].split()
        if words[1:4] != ["u16", "packed", "1"] or words[4:] not in ([], ["tall"]):
            continue
        roof = {name: rate for name, rate in roofs(sheet, counts[words[0]]).items() if name != "bus"}
        lowest = min(roof, key=roof.get)
        share = case["pixels"] / case["device_seconds"] / roof[lowest]
        rows.append((case["name"], speed(case), f"{1e-9 * roof[lowest]:.1f}", lowest, f"{share:.0%}"))
    table(("case", "Gpx/s", "roof", "of", "reached"), rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bench", type=Path, default=ROOT / "build/release/bench")
    parser.add_argument("--runtime", type=Path, default=ROOT / "build/cuda_emulator/libcudart.so.13")
    parser.add_argument("--measured", type=Path)
    parser.add_argument("--table", type=Path)
    asked = parser.parse_args()
    if asked.table:
        return print_table(asked.table)
    asked.bench, asked.runtime = asked.bench.absolute(), asked.runtime.absolute()
    if not asked.runtime.is_file():
        sys.exit(f"gpu_floor: {asked.runtime} is not there: tests/tools/cuda_emulator/build build/cuda_emulator")
    counts = {method: count(asked, method) for method in METHODS}
    print_counts(counts)
    print_roofs(counts)
    print_nodes(counts)
    for device in DEVICES:
        print(f"{device.name}: {device.source}")
    if asked.measured:
        print()
        print_beside_floors(asked.measured, counts)


if __name__ == "__main__":
    main()
