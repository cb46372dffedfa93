#include <limits>
#include <map>
#include <utility>
#include <vector>

#include "plan/plan_parts.hpp"

namespace cubemill {
namespace {

constexpr std::uint32_t never = std::numeric_limits<std::uint32_t>::max();

/// A block that a chunk needs.
struct BlockUse {
  std::uint64_t block = 0;
  std::uint32_t chunk = 0;
  std::uint32_t next = never;             ///< the chunk that needs it next
  std::uint32_t decoded = 0, cached = 0;  ///< its bytes
};

/// Where the blocks of every (scene, input) begin among all.
std::vector<std::uint64_t> first_blocks(const Plan& plan, const Survey& survey) {
  std::vector<std::uint64_t> first{0};
  for (const PlannedScene& scene : plan.scenes)
    for (const SceneInput& in : survey.surveyed[scene.surveyed].inputs)
      first.push_back(first.back() +
                      std::uint64_t(in.info.blocks_across() * in.info.blocks_down()));
  return first;
}

/// Calls f(chunk, use, input, raster, blocks) for every window of every chunk in the order of work.
template <class F>
void each_window(const Plan& plan, const Survey& survey, F f) {
  for (std::uint32_t c = 0; c < plan.chunks.size(); ++c)
    for (std::uint32_t s = 0; s < plan.chunks[c].scenes; ++s) {
      const ChunkScene& use = plan.chunk_scenes[plan.chunks[c].first_scene + s];
      const auto& rasters = survey.surveyed[plan.scenes[use.scene].surveyed].inputs;
      for (std::size_t i = 0; i < rasters.size(); ++i)
        f(c, use, i, rasters[i].info,
          blocks_of(plan.windows[use.first_window + i], rasters[i].info));
    }
}

std::uint64_t count_uses(const Plan& plan, const Survey& survey) {
  std::uint64_t uses = 0;
  each_window(plan, survey, [&](auto, auto, auto, auto&, const BlockRange& r) {
    uses += std::uint64_t((r.right - r.left) * (r.bottom - r.top));
  });
  return uses;
}

/// Uses of one observation in `share`, the first among them, evenly but to no period.
std::vector<BlockUse> sample_uses(const Plan& plan, const Survey& survey, std::uint64_t share) {
  const std::vector<std::uint64_t> first = first_blocks(plan, survey);
  const std::uint64_t part = ~std::uint64_t(0) / share;
  std::vector<BlockUse> uses;
  each_window(plan, survey,
              [&](std::uint32_t chunk, const ChunkScene& use, std::size_t i, const RasterInfo& info,
                  const BlockRange& r) {
                constexpr std::uint64_t golden = 0x9e3779b97f4a7c15;  // 2^64 over the golden ratio
                if (plan.chunks[chunk].observation * golden > part) return;
                const std::uint64_t begin = first[use.scene * survey.inputs.size() + i];
                const auto pixels = std::uint32_t(info.block_width * info.block_height);
                const auto decoded = pixels * std::uint32_t(size_of(info.type));
                const auto cached =
                    pixels * std::uint32_t(survey.inputs[i].flags
                                               ? 1
                                               : size_of(plan.scenes[use.scene].inputs[i].storage));
                for (std::int64_t y = r.top; y < r.bottom; ++y)
                  for (std::int64_t x = r.left; x < r.right; ++x)
                    uses.push_back({begin + std::uint64_t(y * info.blocks_across() + x), chunk,
                                    never, decoded, cached});
              });
  return uses;
}

/// Sets the next uses; gives the bytes of all blocks, each decoded once.
std::uint64_t link(std::vector<BlockUse>& uses, std::uint64_t blocks) {
  std::uint64_t once = 0;
  std::vector<std::uint32_t> later(blocks, never);
  for (std::size_t u = uses.size(); u-- > 0;) {
    uses[u].next = std::exchange(later[uses[u].block], uses[u].chunk);
    if (uses[u].next == never) once += uses[u].decoded;
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

std::uint64_t bytes_decoded_again(const Plan& plan, const Survey& survey, std::uint64_t cache,
                                  std::uint64_t most_uses) {
  const std::uint64_t all = count_uses(plan, survey);
  std::vector<BlockUse> uses = sample_uses(plan, survey, all / most_uses + 1);
  if (uses.empty()) uses = sample_uses(plan, survey, 1);
  if (uses.empty()) return 0;
  const double share = double(uses.size()) / double(all);
  // In tile order all observations share the cache, in scene order it is one's at a time.
  const std::uint64_t room =
      plan.order == Order::scene ? cache : std::uint64_t(share * double(cache));
  const std::uint64_t once = link(uses, first_blocks(plan, survey).back());
  return std::uint64_t(double(follow(uses, room) - once) / share);
}

}  // namespace cubemill
