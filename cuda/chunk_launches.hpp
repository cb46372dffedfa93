// The arguments of the launches that fold one chunk: an index each. Written in pinned memory as
// they go to the device, with the addresses that everything has there.
#pragma once
#include <cstddef>
#include <optional>
#include <vector>

#include "cubemill/backend/fold_backend.hpp"
#include "fold_launch.hpp"
#include "table_cache.hpp"

namespace cubemill::cuda {

struct ChunkLaunch {
  std::int32_t index = 0;
  std::optional<Shape> shape;
  FoldArgs arguments;  ///< without the sums
};

/// Where a chunk goes: its slab from one place to another, arguments likewise.
struct ChunkPlaces {
  const std::byte* slab;
  std::byte* device_slab;
  std::byte* arguments;
  std::byte* device_arguments;
};

/// Bytes of the arguments that the device looks up.
std::size_t argument_bytes(const FoldChunk& chunk, const std::vector<FoldIndex>& indices);

/// Writes them, and sees to it that the tables are on the device. Throws OutOfMemory.
std::vector<ChunkLaunch> write_launches(const FoldChunk& chunk, const FoldSpec& spec,
                                        const ChunkPlaces& places, TableCache& tables);

}  // namespace cubemill::cuda
