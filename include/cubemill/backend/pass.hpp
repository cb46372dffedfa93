// The arguments of the pass over the pixels of one chunk, and its kernels for the instruction set
// of this machine. Plain, non-owning; made by exec from the plan and the windows that readers
// filled.
#pragma once
#include <cstdint>

#include "cubemill/pixel/accumulator.hpp"
#include "cubemill/pixel/coordinates.hpp"
#include "cubemill/pixel/index.hpp"
#include "cubemill/pixel/resampling.hpp"
#include "cubemill/pixel/run.hpp"
#include "cubemill/pixel/window.hpp"

namespace cubemill {

/// Bands that one run can hold, over all indices.
constexpr int max_slots = 16;

/// Segment tables of the chunk's window (see plan/lattice.hpp), and where the scene lies in their
/// coordinates.
struct CoordinateView {
  const CentreSegment* centres = nullptr;
  const BoxSegment* boxes = nullptr;
  std::int64_t segments = 0;  ///< a row
  std::int32_t spacing = 0;   ///< pixels a segment, a power of two; 0: nothing projects
  std::int64_t left = 0, top = 0;
  std::uint64_t id = 0;  ///< of the tables: the same id, the same tables
};

/// Bands of one scene with the same grid, method and storage: coordinates and weights are worked
/// out once for all.
struct BandGroup {
  Resampling method = Resampling::nearest;
  Storage storage = Storage::u16;
  CoordinateView where;
  std::int32_t bands = 0;
  std::int32_t slot[max_index_bands] = {};  ///< where each band's values go
  WindowView window[max_index_bands];
  double scale[max_index_bands] = {};
  double offset[max_index_bands] = {};
};

/// Scaled values of a run, NaN where missing: [slot][pixel].
using RunValues = double[max_slots][run_length];

/// The steps of the pass. Every instruction set gives the same bits.
struct PassKernels {
  const char* name;

  /// Samples and scales the bands of a group at pixels [x, x + count) of row y of the chunk's
  /// window (x a multiple of 32, count <= 32), only for the groups of eight pixels whose bit is set
  /// in `eights`.
  void (*sample)(const BandGroup& group, std::int64_t y, std::int32_t x, std::int32_t count,
                 unsigned eights, RunValues& values);

  /// Samples a window of QA classes (one byte a pixel) by nearest for a whole row into `classes`;
  /// pixels outside: qa_missing.
  void (*sample_classes)(const CoordinateView& where, const WindowView& window, std::int64_t y,
                         std::int32_t width, std::uint8_t* classes);

  /// The values of index `index` (position in AllIndices) of a run; `band[i]` points to the values
  /// of its i-th band.
  void (*evaluate)(std::int32_t index, const double* const* band, double* out);

  /// Adds the values of a run to its sums where good[i] is not 0. Arrays have run_length elements.
  void (*fold_packed)(const double* values, const std::uint8_t* good, PackedSum* sums);
  void (*fold_wide)(const double* values, const std::uint8_t* good, WideRun& sums);

  /// Means (NaN where nothing was folded) and counts of `count` pixels, for wide sums a multiple of
  /// run_length, as mean and count of the sums; leaves the sums empty, as long as they are at hand.
  void (*finish_packed)(PackedSum* sums, std::int32_t count, float* means, std::uint32_t* counts);
  /// Returns how many values were beyond what sums can hold.
  std::uint64_t (*finish_wide)(WideRun* sums, std::int32_t count, float* means,
                               std::uint32_t* counts);
};

/// The best kernels for this machine; the environment variable CUBEMILL_SIMD (`baseline`, `avx2`,
/// `avx512`) chooses by name, as far as the machine can.
const PassKernels& pass_kernels();

}  // namespace cubemill
