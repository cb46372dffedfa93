// Folds tiles into the tiles of the next coarser level as they arrive, in any order, from any
// thread. Holds the tiles whose children are incomplete, a half (512×256) at a time, and gives each
// away when its last child is in. Not responsible for compressing or writing.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <vector>

#include "cubemill/io/cog_writer.hpp"
#include "io/cog_layout.hpp"

namespace cubemill {

/// Folds the first `columns` × `rows` samples of a tile, 2×2 to one, into `out`, whose rows are 512
/// samples apart.
void fold_quarter(SampleType type, OverviewRule rule, const std::byte* samples,
                  std::int64_t columns, std::int64_t rows, std::byte* out);

class OverviewFolder {
 public:
  OverviewFolder(const CogSpec& spec, std::vector<CogLevel> levels);
  ~OverviewFolder();

  struct Place {
    std::size_t level = 0;
    int band = 0;
    std::int64_t column = 0;
    std::int64_t row = 0;
  };

  /// A finished tile of an overview level; `samples` is null when all its children were empty.
  struct Finished {
    Place place;
    const std::byte* samples = nullptr;
  };

  /// Folds the tile at `place` (null: empty) into its parent. When that completes it, copies it to
  /// `out` (one tile of room, may be where `samples` are) and gives it; nothing at the last level.
  std::optional<Finished> fold(const Place& place, const std::byte* samples, std::byte* out);

  /// Bytes of one half of a tile.
  static std::size_t half_bytes(SampleType type);

 private:
  struct Pending;
  std::shared_ptr<Pending> pending(const Place& parent);
  std::byte* half(Pending& tile, std::size_t which);
  std::unique_ptr<std::byte[]> filled_half() const;
  Finished take(const Place& parent, Pending& tile, std::byte* out);

  SampleType type_;
  OverviewRule rule_;
  bool nodata_nan_;
  std::vector<CogLevel> levels_;
  std::mutex
      mutex_;  // guards the map and, in each pending tile, its count and the making of halves
  std::unordered_map<std::uint64_t, std::shared_ptr<Pending>> pending_;
};

}  // namespace cubemill
