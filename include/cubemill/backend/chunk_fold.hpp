// One chunk as readers hand it over, and its fold into the sums of its tile: sample → fuse → index
// → fold. Non-owning views; the caller keeps windows, classes and tables alive. `fold_chunk` is the
// CPU backend; different tiles may be folded at once.
#pragma once
#include <cstdint>
#include <vector>

#include "cubemill/backend/pass.hpp"

namespace cubemill {

/// One scene of a chunk.
struct FoldScene {
  const std::uint8_t* classes =
      nullptr;  ///< QaClass of every output pixel, class_stride(width) apart
  std::vector<BandGroup> groups;
};

/// An index and the slots of its bands.
struct FoldIndex {
  std::int32_t index = 0;
  std::vector<std::int32_t> slots;
};

struct FoldChunk {
  std::int64_t width = 0, height = 0;
  bool fuse_pixels = true;  ///< else band by band
  std::vector<FoldScene> scenes;
  const std::uint8_t* fused_classes =
      nullptr;  ///< by band: the first class of each pixel that is not missing
};

/// Sums of one index over a chunk's window, PackedSum or (32 pixels each) WideRun: row y begins at
/// pixel y·stride. The window begins at a whole run.
struct SumsView {
  AccumulatorKind kind = AccumulatorKind::packed;
  void* data = nullptr;
  std::int64_t stride = 0;
};

/// Folds a chunk. `sums`: one a index.
void fold_chunk(const FoldChunk& chunk, const std::vector<FoldIndex>& indices,
                const std::vector<SumsView>& sums, const PassKernels& kernels);

}  // namespace cubemill
