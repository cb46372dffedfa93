// The compressed bytes of remote blocks, asked for before a thread needs them. Chunks say which
// blocks they need; neighbours in a file become one range; what is needed first is asked first,
// within a budget of bytes. Does not decode. Thread-safe; answers may come after its end.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <unordered_map>
#include <vector>

#include "cubemill/io/raster.hpp"
#include "exec/range_merge.hpp"
#include "exec/range_source.hpp"

namespace cubemill {

/// What a chunk needs blocks for: flags are read first, they tell which other blocks are wanted.
enum class Stage : std::uint8_t { screening, filling };

struct NeededBlock {
  std::uint64_t number = 0;
  const RasterBand* raster = nullptr;
  BlockPlace place;
};

struct SuppliedBlock {
  std::span<const std::byte> bytes;
  std::shared_ptr<const void> keep;  ///< owns them
};

/// What the supply did.
struct SupplyTally {
  std::uint64_t ranges = 0, bytes = 0;  ///< asked for ahead
  std::uint64_t blocks = 0;             ///< in these
  std::uint64_t late = 0;               ///< blocks that a thread had to wait for in a read
  std::uint64_t peak_bytes = 0;         ///< in flight and held
};

class BlockSupply {
 public:
  struct Limits {
    std::uint64_t bytes = 0;  ///< in flight and held at once, but for what the oldest chunk needs
    MergeRule merge;
  };

  /// `decoded`: whether a block is there decoded, so that its bytes are not needed. `arrived` is
  /// called when something has come, from any thread.
  BlockSupply(RangeSource& source, Limits limits, std::function<bool(std::uint64_t)> decoded,
              std::function<void()> arrived);
  ~BlockSupply();
  BlockSupply(const BlockSupply&) = delete;
  BlockSupply& operator=(const BlockSupply&) = delete;

  /// Whether the blocks of this raster are fetched here: remote ones that are decoded by us.
  static bool serves(const RasterBand& raster);

  /// Says what a chunk needs. Once for every chunk and stage.
  void need(std::uint32_t chunk, Stage stage, const std::vector<NeededBlock>& blocks);
  /// Whether all of that is there, or has failed.
  bool complete(std::uint32_t chunk, Stage stage) const;
  /// Says that a chunk has what it needs: bytes that no other one needs are dropped.
  void done(std::uint32_t chunk, Stage stage);

  /// Asks for what is due: flags at once; other blocks when their chunk is at most `ahead` chunks
  /// after `oldest`, the earliest that is not filled – so that later ones still join their ranges;
  /// none of them where `ahead` is nothing.
  void ask(std::uint32_t oldest, std::optional<std::uint32_t> ahead);

  /// The bytes of a block; waits for them when nobody has said that it is needed. Throws IoError.
  SuppliedBlock take(std::uint64_t number, const RasterBand& raster, std::int64_t bx,
                     std::int64_t by);
  /// The same, from the store again.
  SuppliedBlock fetch(const RasterBand& raster, std::int64_t bx, std::int64_t by);

  SupplyTally tally() const;

 private:
  struct State;
  std::shared_ptr<State> state_;  // shared with what is called when an answer comes
};

}  // namespace cubemill
