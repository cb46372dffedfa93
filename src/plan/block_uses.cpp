#include "plan/block_uses.hpp"

#include <algorithm>

#include "plan/plan_parts.hpp"

namespace cubemill {
namespace {

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

}  // namespace

double stored_block_bytes(const RasterInfo& info) {
  constexpr double usual_compression = 2.4;  // of DEFLATE
  const double blocks = double(info.blocks_across() * info.blocks_down());
  if (info.stored_bytes > 0) return double(info.stored_bytes) / blocks;
  return double(info.block_width) * info.block_height * double(size_of(info.type)) /
         usual_compression;
}

BlockUses::BlockUses(const Plan& plan, const Survey& survey, std::uint64_t most)
    : first_(first_blocks(plan, survey)), by_scene_(plan.order == Order::scene) {
  const std::uint64_t all = count_uses(plan, survey);
  take(plan, survey, all / most + 1);
  if (uses_.empty()) take(plan, survey, 1);
  if (uses_.empty()) return;
  share_ = double(uses_.size()) / double(all);
  link();
}

// Uses of one observation in `share`, the first among them, evenly but to no period.
void BlockUses::take(const Plan& plan, const Survey& survey, std::uint64_t share) {
  const std::uint64_t part = ~std::uint64_t(0) / share;
  each_window(plan, survey,
              [&](std::uint32_t chunk, const ChunkScene& use, std::size_t i, const RasterInfo& info,
                  const BlockRange& r) {
                constexpr std::uint64_t golden = 0x9e3779b97f4a7c15;  // 2^64 over the golden ratio
                if (plan.chunks[chunk].observation * golden > part) return;
                const std::uint64_t begin = first_[use.scene * survey.inputs.size() + i];
                const auto pixels = std::uint32_t(info.block_width * info.block_height);
                const auto decoded = pixels * std::uint32_t(size_of(info.type));
                const auto cached =
                    pixels * std::uint32_t(survey.inputs[i].flags
                                               ? 1
                                               : size_of(plan.scenes[use.scene].inputs[i].storage));
                for (std::int64_t y = r.top; y < r.bottom; ++y)
                  for (std::int64_t x = r.left; x < r.right; ++x)
                    uses_.push_back({begin + std::uint64_t(y * info.blocks_across() + x), chunk,
                                     BlockUse::never, decoded, cached});
              });
}

// Sets the next uses, and the bytes of all blocks.
void BlockUses::link() {
  std::vector<std::uint32_t> later(first_.back(), BlockUse::never);
  for (std::size_t u = uses_.size(); u-- > 0;) {
    uses_[u].next = std::exchange(later[uses_[u].block], uses_[u].chunk);
    if (uses_[u].next == BlockUse::never) once_ += uses_[u].decoded;
  }
}

BlockOfRaster BlockUses::place_of(std::uint64_t block) const {
  const auto after = std::upper_bound(first_.begin(), first_.end(), block);
  const auto raster = std::size_t(after - first_.begin()) - 1;
  return {raster, block - first_[raster]};
}

std::uint64_t bytes_decoded_again(const Plan& plan, const Survey& survey, std::uint64_t cache,
                                  std::uint64_t most_uses) {
  const BlockUses uses(plan, survey, most_uses);
  if (uses.share() == 0) return 0;
  std::uint64_t decoded = 0;
  uses.each_decoded(cache, [&](const BlockUse& use) { decoded += use.decoded; });
  return std::uint64_t(double(decoded - uses.decoded_once()) / uses.share());
}

}  // namespace cubemill
