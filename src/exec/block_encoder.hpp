// Turns decoded blocks into what windows hold: words with 0 for invalid, floats with NaN, or QA
// classes. Pure.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>

#include "cubemill/pixel/qa_rule.hpp"
#include "cubemill/plan/plan.hpp"

namespace cubemill {

/// Where pixels go: rows of `stride` bytes.
struct PixelRows {
  std::byte* data = nullptr;
  std::ptrdiff_t stride = 0;
};

/// Encodes `width` × `height` pixels of input.info.type from `native` (rows `native_stride` bytes
/// apart) into `planned.storage`. Nodata, values outside the valid range and values that are not
/// finite become invalid. Pixels of one size before and after may be encoded where they lie.
void encode_band(const std::byte* native, std::ptrdiff_t native_stride, std::int64_t width,
                 std::int64_t height, const SceneInput& input, const PlannedInput& planned,
                 PixelRows out);

/// Classifies flags: by bits where the rule keeps one pattern of bits (as most do), else by a table
/// for types of up to 16 bits.
class FlagEncoder {
 public:
  explicit FlagEncoder(const QaRule& rule);
  /// Writes one QaClass a pixel. `nodata`: of this scene's flag band.
  void encode(const std::byte* native, std::ptrdiff_t native_stride, std::int64_t width,
              std::int64_t height, PixelType type, const std::optional<double>& nodata,
              PixelRows out) const;
  QaClass classify(double flags) const;

 private:
  QaRule rule_;
  bool by_bits_ = false;  // keep_mask and keep_value say all, for words
  std::array<std::uint8_t, 65536> table_;
};

}  // namespace cubemill
