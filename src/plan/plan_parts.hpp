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

/// What keeping decoded blocks is good for.
struct CacheNeed {
  std::uint64_t useful = 0;  ///< bytes of blocks that are needed again, when there are most of them
  std::uint64_t again = 0;   ///< bytes that are decoded again when nothing is kept
};
CacheNeed cache_need(const Plan& plan, const Survey& survey);

/// Works out what the plan's order of work costs beyond folding, with the blocks counted and the
/// memory fitted.
OrderCost order_cost(const Plan& plan, const MemoryPlan& memory, const CacheNeed& need,
                     std::uint64_t bytes_decoded);

/// Bytes of the sums of one tile, all indices.
std::uint64_t tile_accumulator_bytes(const Plan& plan);

/// Bytes of the largest slab, and of the largest window of flags.
struct ChunkBytes {
  std::uint64_t slab = 0;
  std::uint64_t flags = 0;
  std::uint64_t coordinates = 0;  ///< tables of one chunk
};
ChunkBytes largest_chunk(const Plan& plan, const Survey& survey);

/// Fits slabs, threads, window edge and cache into the limit; cuts the chunks. Throws OutOfMemory.
void fit_memory(Plan& plan, const Survey& survey, const Limits& limits, const Surroundings& around);

}  // namespace cubemill
