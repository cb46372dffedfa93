#include <algorithm>
#include <set>
#include <utility>

#include "cubemill/pixel/window_layout.hpp"
#include "plan/block_uses.hpp"
#include "plan/plan_parts.hpp"

namespace cubemill {
namespace {

/// More chunks than this need not be known ahead: their flags would fill the memory.
constexpr std::uint64_t most_chunks = 4096;
/// What is kept of a screened chunk beside its flags.
constexpr std::uint64_t screened_overhead = 1024;

/// Chunks between two uses of a row of blocks, about.
std::uint64_t chunks_in_a_row(const Plan& plan) {
  std::set<std::pair<std::uint64_t, std::int64_t>> rows;  // of a period, or of an observation
  for (const Chunk& chunk : plan.chunks) {
    const Tile& tile = plan.tiles[chunk.tile];
    rows.emplace(plan.order == Order::scene ? chunk.observation : tile.period, tile.window.y);
  }
  const std::uint64_t row = plan.chunks.size() / rows.size() + 1;
  return plan.order == Order::scene ? 2 * row : row;
}

}  // namespace

LookAhead useful_look_ahead(const Plan& plan, const Survey& survey) {
  double classes = 0, stored = 0;
  bool remote = false;
  for (const Chunk& chunk : plan.chunks)
    for (std::uint32_t c = 0; c < chunk.scenes; ++c) {
      const ChunkScene& use = plan.chunk_scenes[chunk.first_scene + c];
      classes += double(class_plane_bytes(chunk.window.width, chunk.window.height)) / 4;
      const auto& inputs = survey.surveyed[plan.scenes[use.scene].surveyed].inputs;
      for (std::size_t i = 0; i < inputs.size(); ++i) {
        if (!inputs[i].remote) continue;
        remote = true;
        const BlockRange r = blocks_of(plan.windows[use.first_window + i], inputs[i].info);
        stored +=
            double((r.right - r.left) * (r.bottom - r.top)) * stored_block_bytes(inputs[i].info);
      }
    }
  if (!remote) return {};
  LookAhead useful;
  const double count = double(plan.chunks.size());
  useful.chunks = std::min<std::uint64_t>(
      {chunks_in_a_row(plan) * 5 / 2 + 32, most_chunks, plan.chunks.size()});
  useful.screened =
      std::uint64_t(double(useful.chunks) * (classes / count + double(screened_overhead)));
  useful.fetched = std::uint64_t(1.5 * double(useful.chunks) * stored / count) + (8 << 20);
  return useful;
}

LookAhead within(const LookAhead& useful, std::uint64_t slabs, std::uint64_t bytes) {
  if (useful.chunks == 0 || useful.bytes() <= bytes) return useful;
  const std::uint64_t least = std::min(useful.chunks, 2 * slabs);
  const double share = double(bytes) / double(useful.bytes());
  LookAhead cut;
  cut.chunks = std::max(least, std::uint64_t(share * double(useful.chunks)));
  const double kept = double(cut.chunks) / double(useful.chunks);
  cut.screened = std::uint64_t(kept * double(useful.screened));
  cut.fetched = std::uint64_t(kept * double(useful.fetched));
  return cut;
}

}  // namespace cubemill
