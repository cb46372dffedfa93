#include "io/cog_tile.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "cubemill/base/wide_loops.hpp"
#include "io/cog_sample.hpp"

namespace cubemill {
namespace {

// On the bits: no instruction set may change a NaN's payload on the way.
void copy_row(const float* from, std::int64_t count, float* to) {
  const auto* bits = reinterpret_cast<const std::uint32_t*>(from);
  auto* out = reinterpret_cast<std::uint32_t*>(to);
  for (std::int64_t x = 0; x < count; ++x)
    out[x] = (bits[x] & 0x7fffffffu) > 0x7f800000u ? 0x7fc00000u : bits[x];
}
template <class T>
void copy_row(const T* from, std::int64_t count, T* to) {
  std::copy_n(from, count, to);
}

}  // namespace

CUBEMILL_WIDE_LOOPS void copy_canonical(const CogSpec& spec, const std::byte* samples,
                                        std::int64_t columns, std::int64_t rows, std::byte* out) {
  if (columns < CogWriter::tile || rows < CogWriter::tile) fill_empty(spec, out);
  with_sample_type(spec.type, [&](auto sample) {
    using T = decltype(sample);
    const T* from = reinterpret_cast<const T*>(samples);
    T* to = reinterpret_cast<T*>(out);
    for (std::int64_t y = 0; y < rows; ++y)
      copy_row(from + y * CogWriter::tile, columns, to + y * CogWriter::tile);
  });
}

void fill_empty(const CogSpec& spec, std::byte* out) {
  with_sample_type(spec.type, [&](auto sample) {
    using T = decltype(sample);
    std::fill_n(reinterpret_cast<T*>(out), tile_samples, fill_sample<T>(spec.nodata_nan));
  });
}

TileWorkspace::TileWorkspace(const CogSpec& spec)
    : codec(spec.compression, spec.type),
      samples(std::make_unique_for_overwrite<std::byte[]>(tile_bytes(spec.type))) {}

std::unique_ptr<TileWorkspace> WorkspacePool::take() {
  {
    const std::lock_guard lock(mutex_);
    if (!free_.empty()) {
      auto workspace = std::move(free_.back());
      free_.pop_back();
      return workspace;
    }
    free_.reserve(free_.capacity() + 1);  // room for its return, which must not fail
  }
  return std::make_unique<TileWorkspace>(spec_);
}

void WorkspacePool::give(std::unique_ptr<TileWorkspace> workspace) noexcept {
  const std::lock_guard lock(mutex_);
  free_.push_back(std::move(workspace));
}

}  // namespace cubemill
