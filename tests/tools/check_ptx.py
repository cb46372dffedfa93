#!/usr/bin/env python3
"""Says where the PTX in a program, an object or a .ptx file breaks the rules for kernels of this project.

Whatever rounds differently from the CPU changes bits: a fused multiply-add, an approximation, a number flushed to zero,
an operation without a rounding mode (which may be fused later), an atomic sum of floats. What lies in local memory was
meant for registers; the kernels of Thrust and CUB, which work there by intention, are excepted from that.

Usage: check_ptx.py FILE…      (exit code 1 and a line for each offence)
"""

import ctypes
import re
import struct
import sys
from pathlib import Path

FATBIN = struct.pack("<I", 0xBA55ED50)
PTX, ZSTD, LZ4 = 1, 0x8000, 0x2000  # kind and flags of an entry

RULES = {
    "fused multiply-add": r"\b(fma|mad)\.[a-z0-9.]*f(32|64)\b",
    "float atomic": r"\b(atom|red)\.[a-z0-9.]*f(32|64)\b",
    "approximation": r"\.approx\b|\bdiv\.full\b",
    "flush to zero": r"\.ftz\b",
    "no rounding mode": r"\b(add|sub|mul)\.f(32|64)\b",
}
LOCAL_MEMORY = r"^\s*\.local\b"
LIBRARIES = re.compile(r"_Z\w*?N(3cub|6thrust)\d")


def decompressed(data, size, flags):
    """One entry's text."""
    if not flags & (ZSTD | LZ4):
        return data
    out = ctypes.create_string_buffer(size)
    if flags & ZSTD:
        library = ctypes.CDLL("libzstd.so.1")
        library.ZSTD_decompress.restype = ctypes.c_size_t
        written = library.ZSTD_decompress(out, ctypes.c_size_t(size), data, ctypes.c_size_t(len(data)))
    else:
        written = ctypes.CDLL("liblz4.so.1").LZ4_decompress_safe(data, out, len(data), size)
    if written != size:
        raise ValueError(f"an entry of PTX, {len(data)} bytes, does not unpack to {size} bytes")
    return out.raw


def entries(data):
    """The PTX texts in the fat binaries of a file."""
    at = data.find(FATBIN)
    while at >= 0:
        (header,), (bytes_,) = struct.unpack_from("<H", data, at + 6), struct.unpack_from("<Q", data, at + 8)
        end, entry = at + header + bytes_, at + header
        while entry < end:
            kind, size, payload, packed = struct.unpack_from("<H2xIQI", data, entry)
            (flags,), (unpacked,) = struct.unpack_from("<Q", data, entry + 40), struct.unpack_from("<Q", data, entry + 56)
            if kind == PTX:
                used = packed if flags & (ZSTD | LZ4) else payload
                yield decompressed(data[entry + size : entry + size + used], unpacked, flags).decode("ascii").rstrip("\0")
            entry += size + payload
        at = data.find(FATBIN, max(end, at + 4))


def functions(ptx):
    """The name and the lines of each kernel and device function."""
    for part in re.split(r"(?=^\s*(?:\.\w+\s+)*\.(?:entry|func)\b)", ptx, flags=re.MULTILINE)[1:]:
        name = re.search(r"\.(?:entry|func)\s+(?:\([^)]*\)\s*)?(\S+?)\s*\(", part)
        yield (name.group(1) if name else "?"), part.splitlines()


def offences(ptx):
    """A line for each place that breaks a rule."""
    for name, lines in functions(ptx):
        rules = dict(RULES) if LIBRARIES.match(name) else {**RULES, "local memory": LOCAL_MEMORY}
        for line in lines:
            code = line.split("//")[0]
            for rule, pattern in rules.items():
                if re.search(pattern, code):
                    yield f"{rule}: {name}: {code.strip()}"


def main(files):
    texts = []
    for file in map(Path, files):
        texts += [file.read_text()] if file.suffix == ".ptx" else list(entries(file.read_bytes()))
    kernels = sum(text.count(".entry") for text in texts)
    found = [offence for text in texts for offence in offences(text)]
    print(*found, f"{kernels} kernels, {len(found)} offences", sep="\n")
    return 1 if found or not kernels else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
