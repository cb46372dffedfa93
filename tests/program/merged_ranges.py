"""How few requests and bytes the block tables of files allow, when all blocks are wanted and known from the begin."""

import struct
from collections import namedtuple

FRONT = 32768  # bytes with which a file is opened
LONGEST, GAP, WASTE = 4 << 20, 512 << 10, 1 / 32  # as in src/exec/range_merge.hpp
FRAME = 4  # bytes before and behind every block: GDAL's COG leaders and trailers
TILE_OFFSETS, TILE_BYTE_COUNTS = 324, 325
MOST_RANGES, MOST_BYTES = 1.2, 1.05  # of a clean run, in those that are needed

Block = namedtuple("Block", "offset size")
Needed = namedtuple("Needed", "files ranges bytes")  # `bytes` with those of the fronts


def blocks_of(path):
    """The blocks of a classic little-endian TIFF's first directory, with their frames."""
    data = path.read_bytes()
    assert data[:4] == b"II*\0"
    (at,) = struct.unpack_from("<I", data, 4)
    (entries,) = struct.unpack_from("<H", data, at)
    tables = {}
    for entry in range(entries):
        tag, kind, count, value = struct.unpack_from("<HHII", data, at + 2 + 12 * entry)
        if tag in (TILE_OFFSETS, TILE_BYTE_COUNTS):
            form = {3: "H", 4: "I"}[kind]
            place = value if count * struct.calcsize(form) > 4 else at + 2 + 12 * entry + 8
            tables[tag] = struct.unpack_from(f"<{count}{form}", data, place)
    places = zip(tables[TILE_OFFSETS], tables[TILE_BYTE_COUNTS])
    return sorted(Block(offset - FRAME, size + 2 * FRAME) for offset, size in places if size)


def merged(blocks):
    """The ranges that the rule makes of blocks that are all known."""
    ranges, gaps = [], 0
    for offset, size in blocks:
        if ranges:
            first, long = ranges[-1]
            gap = offset - first - long
            whole = long + gap + size
            if gap <= GAP and whole <= LONGEST and gaps + gap <= WASTE * whole:
                ranges[-1], gaps = Block(first, whole), gaps + gap
                continue
        ranges.append(Block(offset, size))
        gaps = 0
    return ranges


def needed_of(files):
    """What a run that wants all blocks of the files needs."""
    ranges = [block for file in files for block in merged(blocks_of(file))]
    return Needed(len(files), len(ranges), sum(block.size for block in ranges) + FRONT * len(files))
