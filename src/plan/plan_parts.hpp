// The steps of making a plan, each a pure function over the plan so far. Internal to plan/.
#pragma once
#include "cubemill/plan/plan.hpp"

namespace cubemill {

/// Chooses how a raster's pixels are kept in windows: 16-bit words where a value is free to mean
/// "invalid", else floats.
struct StorageChoice {
  Storage storage = Storage::u16;
  std::uint16_t key = 0;
};
StorageChoice choose_storage(PixelType type, const BandNumbers& numbers,
                             const std::optional<ValueRange>& valid);

/// Source values that a band can have: the valid range within what the type holds.
ValueRange value_range(PixelType type, const std::optional<ValueRange>& valid);

/// Finds or makes the lattice of every input of every scene; sets Plan::scenes and lattices.
/// Throws InvalidInput when the bands of a scene do not cover the same ground.
void place_scenes(Plan& plan, const Survey& survey);

/// Chooses packed or wide sums for every index; sets Plan::accumulators.
void choose_accumulators(Plan& plan, const Survey& survey);

/// Cuts tiles × observations into chunks of at most `edge` output pixels a side, in the given
/// order; sets tiles, chunks, chunk_scenes, windows and uses.
void cut_chunks(Plan& plan, const Survey& survey, Order order, std::int64_t edge);

/// Counts the distinct source blocks under the grid; sets Plan::blocks and block_bytes_decoded.
void count_blocks(Plan& plan, const Survey& survey);

/// The source blocks under a window: columns [left, right), rows [top, bottom).
struct BlockRange {
  std::int64_t left = 0, top = 0, right = 0, bottom = 0;
};
BlockRange blocks_of(const SourceWindow& window, const RasterInfo& info);

/// Bytes of the blocks that are needed again, as the cache holds them, when there are most of them.
std::uint64_t useful_cache_bytes(const Plan& plan, const Survey& survey);

/// Works out the bytes that are decoded once more, in the plan's order, because a cache of so many
/// bytes could not keep their blocks. Where blocks are needed more than `most_uses` times in all, a
/// part of the observations stands for all: planning is to stay a moment.
std::uint64_t bytes_decoded_again(const Plan& plan, const Survey& survey, std::uint64_t cache,
                                  std::uint64_t most_uses = 1 << 17);

/// Works out what the plan's order of work costs beyond folding, with the blocks counted and the
/// memory fitted.
OrderCost order_cost(const Plan& plan, const Survey& survey, const MemoryPlan& memory);

/// Bytes of the sums of one tile, all indices.
std::uint64_t tile_accumulator_bytes(const Plan& plan);

/// Bytes of the largest slab, and of the largest window of flags.
struct ChunkBytes {
  std::uint64_t slab = 0;
  std::uint64_t flags = 0;
  std::uint64_t coordinates = 0;  ///< tables of one chunk
};
ChunkBytes largest_chunk(const Plan& plan, const Survey& survey);

/// What reading ahead of folding takes, where blocks come from a network.
struct LookAhead {
  std::uint64_t chunks = 0;    ///< that are screened while their blocks are on their way
  std::uint64_t screened = 0;  ///< bytes of their flags
  std::uint64_t fetched = 0;   ///< bytes of their blocks, compressed
  std::uint64_t bytes() const { return screened + fetched; }
};
/// Works out what is of use: a row of tiles of all observations of a period at a time, in scene
/// order two rows of one observation, so that all that is needed of a row of blocks is one range.
/// Nothing when all is local.
LookAhead useful_look_ahead(const Plan& plan, const Survey& survey);
/// Cuts it down to `bytes`; what the run cannot do without stays.
LookAhead within(const LookAhead& useful, std::uint64_t slabs, std::uint64_t bytes);

/// Fits slabs, threads, window edge and cache into the limit; cuts the chunks. Throws OutOfMemory.
void fit_memory(Plan& plan, const Survey& survey, const Limits& limits, const Surroundings& around);

}  // namespace cubemill
