// One case of the kernel benchmark and its data: a chunk of an output grid of another zone than its
// scenes', two bands a scene, NDVI. Windows, classes and tables lie as the reader leaves them, so
// that the CPU and a device fold the very same bytes. Owns what its views point into.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "cubemill/backend/chunk_fold.hpp"
#include "cubemill/plan/lattice.hpp"

namespace cubemill::bench {

struct KernelCase {
  Resampling method = Resampling::nearest;
  Storage storage = Storage::u16;
  AccumulatorKind kind = AccumulatorKind::packed;
  int scenes = 1;
  bool fuse_pixels = true;
  std::int64_t width = 512, height = 512;  ///< pixels of the chunk; height may be many chunks'
  double coarser = 1;                      ///< output pixels are so much larger than source pixels

  std::string name() const;
};

class KernelData {
 public:
  static constexpr int bands = 2;

  explicit KernelData(const KernelCase& which);
  KernelData(const KernelData&) = delete;
  KernelData& operator=(const KernelData&) = delete;

  const KernelCase& which() const { return which_; }
  const FoldChunk& chunk() const { return chunk_; }
  static const std::vector<FoldIndex>& indices();  ///< NDVI alone

  /// Windows and classes in one piece, as in a slab.
  const std::vector<std::byte>& slab() const { return slab_; }
  const TileCoordinates& tables() const { return tables_; }
  std::int64_t pixels() const { return which_.width * which_.height; }
  std::size_t sum_bytes() const;
  /// Bytes that one fold cannot do without: source pixels under the chunk (each from one scene),
  /// classes, tables, and sums both ways.
  double bytes() const;

 private:
  std::size_t add_window(bool half_empty, int seed);
  std::size_t add_classes(bool half_empty);
  bool boxes() const;

  KernelCase which_;
  Lattice lattice_;
  TileCoordinates tables_;
  PixelWindow under_;
  Lattice::Origin origin_;
  std::vector<std::byte> slab_;
  FoldChunk chunk_;
};

/// Empty sums of a case, on the host.
class KernelSums {
 public:
  explicit KernelSums(const KernelData& data);
  std::vector<SumsView> views();
  std::vector<std::byte> bytes() const;
  void* data() { return words_.data(); }

 private:
  AccumulatorKind kind_;
  std::int64_t stride_;
  std::vector<std::uint64_t> words_;
};

}  // namespace cubemill::bench
