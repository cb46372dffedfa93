#include <limits>
#include <map>
#include <utility>
#include <vector>

#include "plan/plan_parts.hpp"

namespace cubemill {
namespace {

constexpr std::uint32_t never = std::numeric_limits<std::uint32_t>::max();
// Uses of blocks that are followed, so that planning stays a moment.
constexpr std::uint64_t most_uses = 1 << 17;

/// A block that a chunk needs.
struct BlockUse {
  std::uint64_t block = 0;
  std::uint32_t chunk = 0;
  std::uint32_t next = never;             ///< the chunk that needs it next
  std::uint32_t decoded = 0, cached = 0;  ///< its bytes
};

/// Calls f(block, scene, input, chunk) for every block of every chunk, in the order of work; blocks
/// are numbered by (scene, input).
template <class F>
void each_use(const Plan& plan, const Survey& survey, F f) {
  std::vector<std::uint64_t> first{0};  // by (scene, input)
  const std::size_t inputs = survey.inputs.size();
  for (const PlannedScene& scene : plan.scenes)
    for (const SceneInput& in : survey.surveyed[scene.surveyed].inputs)
      first.push_back(first.back() +
                      std::uint64_t(in.info.blocks_across() * in.info.blocks_down()));
  for (std::uint32_t c = 0; c < plan.chunks.size(); ++c)
    for (std::uint32_t s = 0; s < plan.chunks[c].scenes; ++s) {
      const ChunkScene& use = plan.chunk_scenes[plan.chunks[c].first_scene + s];
      const auto& rasters = survey.surveyed[plan.scenes[use.scene].surveyed].inputs;
      for (std::size_t i = 0; i < inputs; ++i) {
        const RasterInfo& info = rasters[i].info;
        const BlockRange r = blocks_of(plan.windows[use.first_window + i], info);
        for (std::int64_t y = r.top; y < r.bottom; ++y)
          for (std::int64_t x = r.left; x < r.right; ++x)
            f(first[use.scene * inputs + i] + std::uint64_t(y * info.blocks_across() + x),
              use.scene, i, c);
      }
    }
}

/// Uses of one block in `share`, picked without regard to where it lies.
std::vector<BlockUse> sample_uses(const Plan& plan, const Survey& survey, std::uint64_t share) {
  std::vector<BlockUse> uses;
  each_use(plan, survey,
           [&](std::uint64_t block, std::uint32_t scene, std::size_t i, std::uint32_t chunk) {
             constexpr std::uint64_t golden = 0x9e3779b97f4a7c15;  // Knuth's multiplicative hash
             if ((block * golden >> 32) % share) return;
             const RasterInfo& info = survey.surveyed[plan.scenes[scene].surveyed].inputs[i].info;
             const auto pixels = std::uint32_t(info.block_width * info.block_height);
             const std::size_t stored =
                 survey.inputs[i].flags ? 1 : size_of(plan.scenes[scene].inputs[i].storage);
             uses.push_back({block, chunk, never, pixels * std::uint32_t(size_of(info.type)),
                             pixels * std::uint32_t(stored)});
           });
  return uses;
}

/// Sets the next uses; gives the bytes of all blocks, each decoded once.
std::uint64_t link(std::vector<BlockUse>& uses) {
  std::uint64_t once = 0;
  std::map<std::uint64_t, std::uint32_t> later;
  for (std::size_t u = uses.size(); u-- > 0;) {
    const auto [next, last] = later.try_emplace(uses[u].block, never);
    if (last) once += uses[u].decoded;
    uses[u].next = std::exchange(next->second, uses[u].chunk);
  }
  return once;
}

/// Bytes decoded when what is needed last leaves the cache first (Belady 1966), as BlockCache does.
std::uint64_t follow(const std::vector<BlockUse>& uses, std::uint64_t room) {
  std::map<std::pair<std::uint32_t, std::uint64_t>, std::uint32_t> held;  // (next chunk, block)
  std::uint64_t decoded = 0, bytes = 0;
  for (const BlockUse& use : uses) {
    if (held.erase({use.chunk, use.block}))
      bytes -= use.cached;
    else
      decoded += use.decoded;
    if (use.next == never) continue;
    held.emplace(std::pair(use.next, use.block), use.cached);
    for (bytes += use.cached; bytes > room; held.erase(std::prev(held.end())))
      bytes -= std::prev(held.end())->second;
  }
  return decoded;
}

}  // namespace

std::uint64_t bytes_decoded_again(const Plan& plan, const Survey& survey, std::uint64_t cache) {
  std::uint64_t all = 0;
  each_use(plan, survey, [&](auto...) { ++all; });
  const std::uint64_t share = all / most_uses + 1;
  std::vector<BlockUse> uses = sample_uses(plan, survey, share);
  const std::uint64_t once = link(uses);
  // A part of the blocks in the same part of the cache fares as all do (Waldspurger et al. 2015).
  return share * (follow(uses, cache / share) - once);
}

}  // namespace cubemill
