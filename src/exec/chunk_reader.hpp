// Reads one chunk into a slab: flags first, then the blocks of the other bands under pixels that
// can count. One reader a thread; readers share the rasters, the cache and the coordinate tables.
#pragma once
#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "cubemill/backend/fold_backend.hpp"
#include "cubemill/base/error.hpp"
#include "cubemill/io/raster.hpp"
#include "cubemill/memory/block_cache.hpp"
#include "cubemill/pixel/window_layout.hpp"
#include "exec/block_encoder.hpp"
#include "exec/coordinate_cache.hpp"
#include "exec/skipped.hpp"
#include "exec/trace.hpp"

namespace cubemill {

/// A chunk that is ready to be folded.
struct ReadyChunk {
  std::uint32_t chunk = 0;
  StagedChunk staged;
};

/// What readers did, in all.
struct ReadTally {
  ReadCost cost;
  std::uint64_t blocks_decoded = 0;
  std::uint64_t blocks_left_out = 0;  ///< uses of blocks whose pixels could all not count
  std::uint64_t flags_seen = 0;       ///< valid flag samples
  std::uint64_t flags_masked = 0;     ///< of these, rejected by the mask
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

/// What all readers share.
struct Sources {
  const Plan& plan;
  const Survey& survey;
  /// By planned scene and input.
  const std::vector<std::vector<std::unique_ptr<RasterBand>>>& bands;
  const FlagEncoder& flags;
  BlockCache& cache;
  CoordinateCache& coordinates;
  const PassKernels& kernels;
  bool fuse_pixels = true;
  /// By planned scene: set when it could not be read and is to be left out.
  const std::vector<std::atomic<bool>>& left_out;
  /// The earliest chunk that is still being read: chunks from there on may be read out of order.
  const std::atomic<std::uint32_t>& oldest_reading;
  Trace* trace = nullptr;
};

class ChunkReader {
 public:
  explicit ChunkReader(Sources sources);

  /// Fills `slab`. Throws SceneError.
  ReadyChunk read(std::uint32_t chunk, Slab slab);
  const ReadTally& tally() const { return tally_; }

 private:
  struct Window;
  struct SceneWork;

  void read_flags(const Chunk& chunk, SceneWork& work);
  void sample_flags(const Chunk& chunk, SceneWork& work, const Window& window);
  std::vector<std::uint8_t> wanted_cells(const Chunk& chunk, const std::vector<SceneWork>& works,
                                         ReadyChunk& ready);
  void fill_window(const SceneWork& work, std::size_t input, const Window& window,
                   const std::vector<std::uint8_t>& wanted);
  void fetch_block(const SceneWork& work, std::size_t input, const Window& window, std::int64_t bx,
                   std::int64_t by);
  void encode(const SceneWork& work, std::size_t input, const std::byte* native,
              std::ptrdiff_t stride, std::int64_t width, std::int64_t height, PixelRows out);
  BlockCache::NextUse next_use(const SceneWork& work, std::size_t input, std::int64_t bx,
                               std::int64_t by) const;
  std::uint64_t block_number(const SceneWork& work, std::size_t input, std::int64_t bx,
                             std::int64_t by) const;
  CoordinateView coordinates(const SceneWork& work, std::size_t input) const;
  FoldScene fold_scene(const SceneWork& work) const;

  Sources s_;
  std::vector<std::uint64_t> first_block_;  // by (scene, input): where its blocks begin among all
  std::vector<std::byte> flags_;            // scratch: one scene's window of classes or raw flags
  std::vector<std::byte> native_;           // scratch: one decoded block
  ReadScratch scratch_;
  ReadTally tally_;
};

}  // namespace cubemill
