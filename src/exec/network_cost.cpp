#include "exec/network_cost.hpp"

#include <algorithm>
#include <set>
#include <unordered_map>
#include <unordered_set>

#include "exec/range_merge.hpp"
#include "exec/wanted_blocks.hpp"
#include "io/remote_file.hpp"
#include "plan/block_uses.hpp"

namespace cubemill {
namespace {

/// As many uses of blocks are followed as takes a moment.
constexpr std::uint64_t most_uses = 1 << 17;
/// What no range reads across: GDAL reads block by block.
constexpr std::uint64_t far_apart = 1 << 20;

/// Bytes that GDAL's COGs put around a block.
constexpr std::uint64_t frame = 8;
/// What gaps may add to the bytes of blocks.
constexpr double most_gaps = MergeRule{}.waste / (1 - MergeRule{}.waste);

/// One input of one scene, and where its blocks lie: as in other files, where its own is not open.
struct Raster {
  const RasterInfo* info = nullptr;
  const RasterBand* band = nullptr;  // null: not open, or GDAL decodes
  std::uint32_t place = 0;
  bool remote = false, flags = false;

  std::uint64_t blocks() const {
    return std::uint64_t(info->blocks_across() * info->blocks_down());
  }
  BlockPlace usual(std::uint64_t block) const {
    const std::uint64_t size = std::uint64_t(stored_block_bytes(*info)) + frame;
    return {block * (size + (info->direct ? 0 : far_apart)), size};
  }
  BlockPlace at(std::uint64_t block) const {
    const auto across = std::uint64_t(info->blocks_across());
    if (!band) return usual(block);
    return *band->block_place(std::int64_t(block % across), std::int64_t(block / across));
  }
};

/// A block that is fetched.
struct Fetch {
  std::uint32_t chunk = 0, raster = 0;
  BlockPlace place;
};

class Costing {
 public:
  Costing(const Plan& plan, const Survey& survey, const NetworkFacts& facts)
      : plan_(plan), survey_(survey), facts_(facts) {
    for (const PlannedScene& scene : plan.scenes) add_rasters(scene);
  }

  NetworkCost sum() {
    for (const auto& [name, number] : numbers_)
      if (const auto fetched = facts_.fetched.find(name); fetched != facts_.fetched.end())
        places_[number].fetched = fetched->second;
    add_headers();
    add_blocks_once();
    follow();
    for (PlaceCost& place : places_) {
      place.requester_pays = facts_.requester_pays && facts_.requester_pays(place.place);
      add(place);
    }
    std::sort(places_.begin(), places_.end(),
              [](const PlaceCost& a, const PlaceCost& b) { return a.place < b.place; });
    cost_.places = std::move(places_);
    return std::move(cost_);
  }

 private:
  std::uint32_t number_of(const std::string& place) {
    const auto [found, fresh] = numbers_.emplace(place, std::uint32_t(places_.size()));
    if (fresh) places_.push_back({.place = place, .headers = {}, .blocks = {}, .fetched = {}});
    return found->second;
  }

  void add_rasters(const PlannedScene& scene) {
    const SurveyedScene& surveyed = survey_.surveyed[scene.surveyed];
    for (std::size_t i = 0; i < surveyed.inputs.size(); ++i) {
      const SceneInput& in = surveyed.inputs[i];
      Raster raster{.info = &in.info, .remote = in.remote, .flags = survey_.inputs[i].flags};
      if (in.remote) {
        raster.place = number_of(remote_place(in.href));
        raster.band = open_band(scene.surveyed, i);
        cost_.estimated |= !raster.band;
      }
      rasters_.push_back(raster);
    }
  }

  const RasterBand* open_band(std::size_t surveyed, std::size_t input) const {
    if (surveyed >= facts_.bands.size() || input >= facts_.bands[surveyed].size()) return nullptr;
    const RasterBand* const band = facts_.bands[surveyed][input].get();
    return band && band->block_place(0, 0) ? band : nullptr;
  }

  void add_headers() {
    std::set<std::string> files;
    for (const PlannedScene& scene : plan_.scenes)
      for (const SceneInput& in : survey_.surveyed[scene.surveyed].inputs) {
        if (!in.remote || !files.insert(in.href).second) continue;
        PlaceCost& place = places_[number_of(remote_place(in.href))];
        ++place.files;
        if (facts_.headers_are_there || (facts_.has_header && facts_.has_header(in.href))) continue;
        ++place.headers.requests;
        place.headers.bytes += RemoteFile::front_bytes;
      }
    if (facts_.headers_are_there)
      for (PlaceCost& place : places_) place.headers = place.fetched;
  }

  // Every block that is needed, once, and what ranges may read across: others of the file, and some
  // that turn out to be needed later.
  void add_blocks_once() {
    for (std::size_t s = 0; s < plan_.scenes.size(); ++s)
      for (std::size_t i = 0; i < survey_.inputs.size(); ++i)
        if (const Raster& raster = rasters_[s * survey_.inputs.size() + i]; raster.remote)
          places_[raster.place].blocks.bytes +=
              std::uint64_t((1 + most_gaps) * double(needed_bytes(raster, plan_.uses[s], i)));
  }

  std::uint64_t needed_bytes(const Raster& raster, const std::vector<SceneUse>& uses,
                             std::size_t input) {
    const std::int64_t across = raster.info->blocks_across();
    std::uint64_t bytes = 0;
    seen_.assign(raster.blocks(), false);
    for (const SceneUse& use : uses) {
      const BlockRectangle r =
          block_rectangle(plan_.windows[use.first_window + input], *raster.info);
      for (std::int64_t y = r.top; y < r.bottom; ++y)
        for (std::int64_t x = r.left; x < r.right; ++x) {
          const auto block = std::uint64_t(y * across + x);
          if (!seen_[block]) bytes += raster.at(block).size;
          seen_[block] = true;
        }
    }
    return bytes;
  }

  // Ranges, and what is fetched again because it had to leave the cache. Blocks that chunks on
  // their way need are kept as they came.
  void follow() {
    const BlockUses uses(plan_, survey_, most_uses);
    if (uses.share() == 0) return;
    std::vector<Fetch> flags, bands;
    std::unordered_set<std::uint64_t> before;
    std::vector<Traffic> again(places_.size());
    uses.each_decoded(plan_.memory.cache, [&](const BlockUse& use) {
      const BlockOfRaster block = uses.place_of(use.block);
      const Raster& raster = rasters_[block.raster];
      if (!raster.remote) return;
      const BlockPlace place = raster.at(block.block);
      if (place.size == 0) return;
      if (!before.insert(use.block).second) again[raster.place].bytes += place.size;
      (raster.flags ? flags : bands).push_back({use.chunk, std::uint32_t(block.raster), place});
    });
    const auto ahead = std::uint32_t(std::max<std::uint64_t>(plan_.memory.look_ahead, 1));
    // Flags are announced by windows, the first two at once. Of other blocks those of half a window
    // are known at least, where the network is quick nearly all (exec/read_queue.hpp).
    count_ranges(flags, again, [&](std::uint32_t chunk) {
      return std::max(2 * ahead, (chunk / ahead + 1) * ahead);
    });
    count_ranges(bands, again, [&](std::uint32_t chunk) { return chunk + ahead * 5 / 8 + 1; });
    for (std::size_t p = 0; p < places_.size(); ++p) {
      places_[p].blocks.requests += std::uint64_t(double(again[p].requests) / uses.share());
      places_[p].blocks.bytes +=
          std::uint64_t((1 + most_gaps) * double(again[p].bytes) / uses.share());
    }
  }

  // `knows_until`: the chunk that is not known yet when a block of a chunk is asked for.
  template <class F>
  void count_ranges(const std::vector<Fetch>& fetches, std::vector<Traffic>& counts,
                    F knows_until) const {
    std::unordered_map<std::uint32_t, WantedBlocks> wanted;  // by raster
    std::size_t known = 0;
    for (const Fetch& fetch : fetches) {
      for (const std::uint32_t end = knows_until(fetch.chunk);
           known < fetches.size() && fetches[known].chunk < end; ++known)
        wanted[fetches[known].raster].emplace(fetches[known].place.offset,
                                              WantedBlock{fetches[known].place.size, known});
      WantedBlocks& file = wanted[fetch.raster];
      const auto seed = file.find(fetch.place.offset);
      if (seed == file.end()) continue;  // came with another
      const MergedRange range = merge_around(file, seed, {}, ~std::uint64_t(0));
      file.erase(range.first, range.last);
      ++counts[rasters_[fetch.raster].place].requests;
    }
  }

  void add(const PlaceCost& place) {
    const auto plus = [](Traffic& sum, const Traffic& more) {
      sum.requests += more.requests, sum.bytes += more.bytes;
    };
    cost_.files += place.files;
    plus(cost_.headers, place.headers);
    plus(cost_.blocks, place.blocks);
    plus(cost_.fetched, place.fetched);
    cost_.requester_pays |= place.requester_pays;
  }

  const Plan& plan_;
  const Survey& survey_;
  const NetworkFacts& facts_;
  std::vector<bool> seen_;       // scratch
  std::vector<Raster> rasters_;  // planned scene × inputs + input
  std::map<std::string, std::uint32_t> numbers_;
  std::vector<PlaceCost> places_;
  NetworkCost cost_;
};

}  // namespace

NetworkCost network_cost(const Plan& plan, const Survey& survey, const NetworkFacts& facts) {
  return Costing(plan, survey, facts).sum();
}

}  // namespace cubemill
