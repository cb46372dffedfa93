// Reads chunks: flags first, then the blocks of the other bands under pixels that can count. In one
// go, or in two steps with time between them, in which the blocks can be fetched. One reader a
// thread; readers share rasters, cache, supply and coordinate tables.
#pragma once
#include <memory>
#include <optional>
#include <vector>

#include "cubemill/backend/fold_backend.hpp"
#include "exec/coordinate_cache.hpp"
#include "exec/window_reader.hpp"

namespace cubemill {

/// A chunk that is ready to be folded.
struct ReadyChunk {
  std::uint32_t chunk = 0;
  StagedChunk staged;
};

/// A chunk whose flags are read: which pixels count, and which blocks are wanted for them.
struct ScreenedChunk {
  struct Scene {
    std::uint32_t position = 0;                     ///< among the chunk's scenes
    std::vector<std::uint8_t> classes;              ///< packed, for the second step
    std::vector<std::vector<std::uint8_t>> wanted;  ///< by input; flags: empty
  };
  std::uint32_t chunk = 0;
  std::vector<Scene> scenes;  ///< those that were not left out
};

class ChunkReader {
 public:
  ChunkReader(const Sources& sources, CoordinateCache& coordinates, const PassKernels& kernels,
              bool fuse_pixels);

  /// Reads a chunk into `slab`. Throws SceneError.
  ReadyChunk read(std::uint32_t chunk, Slab slab);

  /// First step: reads the flags. Throws SceneError.
  ScreenedChunk screen(std::uint32_t chunk);
  /// The blocks that the second step needs, of rasters that are supplied.
  std::vector<NeededBlock> needed_blocks(const ScreenedChunk& screened) const;
  /// The blocks that the first step needs, of rasters that are supplied.
  std::vector<NeededBlock> needed_flags(std::uint32_t chunk) const;
  /// Second step: the other bands. Throws SceneError.
  ReadyChunk fill(const ScreenedChunk& screened, Slab slab);

  const ReadTally& tally() { return windows_.tally(); }

 private:
  struct SceneWork;
  /// The scenes of the chunk being read.
  struct Work {
    std::vector<SceneWork> scenes;
    std::uint8_t* fused = nullptr;  ///< classes of all of them, where bands are fused
  };

  SceneWork start(const Chunk& chunk, std::uint32_t position);
  ScreenedChunk screen_into(std::uint32_t chunk, Work& work,
                            const std::function<std::byte*(std::size_t)>& plane);
  ReadyChunk fill_from(const ScreenedChunk& screened, Work& work, Slab slab);
  void read_flags(const Chunk& chunk, SceneWork& work);
  Window reduced(const SceneWork& work, const Window& flags);
  void sample_flags(const Chunk& chunk, SceneWork& work, const Window& window);
  std::uint8_t* fuse(const Chunk& chunk, const std::vector<SceneWork>& works, std::byte* plane);
  void fill_bands(const ScreenedChunk::Scene& screened, SceneWork& work, Slab& slab);
  CoordinateView coordinates(const SceneWork& work, std::size_t input) const;
  FoldScene fold_scene(const SceneWork& work) const;
  void add_needed(const ChunkScene& use, std::size_t input, const std::vector<std::uint8_t>* wanted,
                  std::vector<NeededBlock>& needed) const;

  const Sources& s_;
  CoordinateCache& coordinates_;
  const PassKernels& kernels_;
  const bool fuse_pixels_;
  std::vector<std::byte> flags_;    // scratch: one scene's window of classes or raw flags
  std::vector<std::byte> reduced_;  // scratch: the same classes on the grid of overviews
  std::vector<std::byte> planes_;   // scratch: class planes of one chunk
  WindowReader windows_;
};

}  // namespace cubemill
