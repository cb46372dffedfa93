// The source blocks that chunks need, in the order of work, and which of them the cache does not
// have then. Of a large plan a part of the observations stands for all. Pure.
#pragma once
#include <cstdint>
#include <limits>
#include <map>
#include <utility>
#include <vector>

#include "cubemill/plan/plan.hpp"

namespace cubemill {

/// A block that a chunk needs.
struct BlockUse {
  static constexpr std::uint32_t never = std::numeric_limits<std::uint32_t>::max();

  std::uint64_t block = 0;
  std::uint32_t chunk = 0;
  std::uint32_t next = never;             ///< the chunk that needs it next
  std::uint32_t decoded = 0, cached = 0;  ///< its bytes
};

/// Bytes of a block in its file, about; where nobody has counted, as Landsat's are.
double stored_block_bytes(const RasterInfo& info);

/// A block among those of its raster, which is planned scene × inputs + input.
struct BlockOfRaster {
  std::size_t raster = 0;
  std::uint64_t block = 0;
};

class BlockUses {
 public:
  /// Where there are more than `most`, those of a part of the observations: planning is to stay a
  /// moment.
  BlockUses(const Plan& plan, const Survey& survey, std::uint64_t most);

  /// The part of all uses that is looked at; 0 where there are none.
  double share() const { return share_; }
  /// Bytes of all blocks, each decoded once.
  std::uint64_t decoded_once() const { return once_; }
  BlockOfRaster place_of(std::uint64_t block) const;

  /// Calls f(use) for each use whose block a cache of so many bytes does not hold, when what is
  /// needed last leaves it first (Belady 1966), as BlockCache does.
  template <class F>
  void each_decoded(std::uint64_t cache, F f) const {
    // In tile order all observations share the cache, in scene order it is one's at a time.
    const std::uint64_t room = by_scene_ ? cache : std::uint64_t(share_ * double(cache));
    std::map<std::pair<std::uint32_t, std::uint64_t>, std::uint32_t> held;  // (next chunk, block)
    std::uint64_t bytes = 0;
    for (const BlockUse& use : uses_) {
      if (held.erase({use.chunk, use.block}))
        bytes -= use.cached;
      else
        f(use);
      if (use.next == BlockUse::never) continue;
      held.emplace(std::pair(use.next, use.block), use.cached);
      for (bytes += use.cached; bytes > room; held.erase(std::prev(held.end())))
        bytes -= std::prev(held.end())->second;
    }
  }

 private:
  void take(const Plan& plan, const Survey& survey, std::uint64_t share);
  void link();

  std::vector<std::uint64_t> first_;  // of every raster: its first block among all
  std::vector<BlockUse> uses_;
  bool by_scene_;
  double share_ = 0;
  std::uint64_t once_ = 0;
};

}  // namespace cubemill
