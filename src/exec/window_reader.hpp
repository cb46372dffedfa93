// Brings source pixels into the windows of a chunk: blocks from the cache, from bytes that were
// fetched ahead, or read now; decoded, encoded for the pass, cut to the window. One a thread;
// threads share rasters, cache and supply. Does not know which blocks are wanted, and why.
#pragma once
#include <atomic>
#include <functional>
#include <string>
#include <vector>

#include "cubemill/base/error.hpp"
#include "cubemill/memory/block_cache.hpp"
#include "cubemill/pixel/window_layout.hpp"
#include "exec/block_encoder.hpp"
#include "exec/block_numbers.hpp"
#include "exec/block_supply.hpp"
#include "exec/skipped.hpp"
#include "exec/trace.hpp"

namespace cubemill {

/// What readers did, in all.
struct ReadTally {
  ReadCost cost;
  std::uint64_t blocks_decoded = 0;
  std::uint64_t blocks_left_out = 0;   ///< uses of blocks whose pixels could all not count
  std::uint64_t blocks_refetched = 0;  ///< that came damaged, and whole when asked for again
  std::uint64_t flags_seen = 0;        ///< valid flag samples
  std::uint64_t flags_masked = 0;      ///< of these, rejected by the mask
  std::uint64_t nanoseconds_encoding = 0;
  std::uint64_t nanoseconds_coordinates = 0;
  std::uint64_t nanoseconds_flags = 0;
  void add(const ReadTally& other);
};

/// A read that failed: which scene it cost.
class SceneError : public IoError {
 public:
  SceneError(const IoError& error, std::size_t scene, std::string asset, std::string href)
      : IoError(error),
        scene_(scene),
        asset_(std::move(asset)),
        href_(std::move(href)),
        failure_(details_of(error)) {}
  std::size_t scene() const { return scene_; }  ///< into Plan::scenes
  const std::string& asset() const { return asset_; }
  const std::string& href() const { return href_; }
  const FailureDetails& failure() const { return failure_; }

 private:
  std::size_t scene_;
  std::string asset_, href_;
  FailureDetails failure_;
};

/// The earliest chunks that are still on their way: later ones may be ahead of them.
struct OldestChunks {
  std::atomic<std::uint32_t> screening{0};  ///< whose flags are not all read
  std::atomic<std::uint32_t> filling{0};    ///< whose other bands are not all read
};

/// What all readers share.
struct Sources {
  const Plan& plan;
  const Survey& survey;
  const SceneBands& bands;
  const BlockNumbers& numbers;
  const FlagEncoder& flags;
  BlockCache& cache;
  BlockSupply* supply = nullptr;  ///< none: all is read when it is needed
  /// By planned scene: set when it could not be read and is to be left out.
  const std::vector<std::atomic<bool>>& left_out;
  const OldestChunks& oldest;
  Trace* trace = nullptr;
};

/// A window being filled: its memory, rim included.
struct Window {
  SourceWindow source;
  WindowLayout layout;
  std::size_t pixel_bytes = 2;
  std::byte* data = nullptr;

  std::ptrdiff_t stride() const { return layout.stride() * std::ptrdiff_t(pixel_bytes); }
  std::byte* at(std::int64_t col, std::int64_t row) const;
  WindowView view(std::uint16_t key) const;
  /// Surrounds the pixels with invalid ones.
  void fill_rim() const;
};

/// One input of a scene, used by a chunk.
struct BandUse {
  const ChunkScene* use = nullptr;
  std::size_t input = 0;
};

class WindowReader {
 public:
  explicit WindowReader(const Sources& sources) : s_(sources) {}

  /// Fills the window with the blocks that are wanted, row by row 1 or 0; what lies under others
  /// stays as it is. Throws SceneError.
  void fill(BandUse band, const Window& window, const std::vector<std::uint8_t>& wanted);
  ReadTally& tally() { return tally_; }

 private:
  void skip(BandUse band, std::int64_t bx, std::int64_t by);
  void fetch(BandUse band, const Window& window, std::int64_t bx, std::int64_t by);
  void decode(BandUse band, std::int64_t bx, std::int64_t by, std::uint64_t number,
              std::byte* native);
  void read_native(const RasterBand& raster, std::int64_t bx, std::int64_t by, std::uint64_t number,
                   std::byte* native);
  bool is_classified(BandUse band) const;
  void encode(BandUse band, const std::byte* native, std::ptrdiff_t stride, std::int64_t width,
              std::int64_t height, PixelRows out);
  BlockCache::NextUse next_use(BandUse band, std::int64_t bx, std::int64_t by) const;
  const SceneInput& source(BandUse band) const;
  std::ptrdiff_t native_stride(BandUse band) const;
  std::size_t native_bytes(BandUse band) const;

  const Sources& s_;
  std::vector<std::byte> native_;  // one decoded block
  ReadScratch scratch_;
  ReadTally tally_;
};

}  // namespace cubemill
