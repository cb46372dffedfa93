#include "exec/block_encoder.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>

#include "cubemill/base/wide_loops.hpp"

namespace cubemill {
namespace {

template <class In, class Out, class F>
void each_pixel(const std::byte* native, std::ptrdiff_t native_stride, std::int64_t width,
                std::int64_t height, PixelRows out, F f) {
  for (std::int64_t y = 0; y < height; ++y) {
    const In* in = reinterpret_cast<const In*>(native + y * native_stride);
    Out* o = reinterpret_cast<Out*>(out.data + y * out.stride);
    // Apart, or one and the same: then every pixel is read before it is written.
#pragma GCC ivdep
    for (std::int64_t x = 0; x < width; ++x) o[x] = f(in[x]);
  }
}

/// Integers of up to 16 bits as words xor key; 0 where a value cannot count.
template <class In>
void encode_words(const std::byte* native, std::ptrdiff_t stride, std::int64_t width,
                  std::int64_t height, const SceneInput& input, std::uint16_t key, PixelRows out) {
  if (!input.valid_range) {
    if (key == 0 && native == out.data) return;  // they are what they are to be
    each_pixel<In, std::uint16_t>(native, stride, width, height, out,
                                  [key](In v) { return std::uint16_t(std::uint16_t(v) ^ key); });
    return;
  }
  constexpr double least = std::numeric_limits<In>::min(), most = std::numeric_limits<In>::max();
  const double from = std::ceil(input.valid_range->low), to = std::floor(input.valid_range->high);
  const bool any = from <= most && to >= least;
  const In low = In(std::clamp(from, least, most)), high = In(std::clamp(to, least, most));
  each_pixel<In, std::uint16_t>(native, stride, width, height, out, [=](In v) {
    const std::uint16_t word = std::uint16_t(std::uint16_t(v) ^ key);
    return any & (v >= low) & (v <= high) ? word : std::uint16_t(0);
  });
}

template <class In, class Out>
void encode_floats(const std::byte* native, std::ptrdiff_t stride, std::int64_t width,
                   std::int64_t height, const SceneInput& input, PixelRows out) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  const ValueRange range = input.valid_range.value_or(ValueRange{-infinity, infinity});
  double nodata = input.numbers.nodata.value_or(std::numeric_limits<double>::quiet_NaN());
  // Written with few digits it means the nearest float.
  if (std::is_same_v<In, float> && std::fabs(nodata) < 0x1p128) nodata = double(float(nodata));
  each_pixel<In, Out>(native, stride, width, height, out, [=](In v) {
    const double value = double(v);
    const bool counts =
        (value >= range.low) & (value <= range.high) & (value != nodata) & (value - value == 0.0);
    return counts ? Out(v) : std::numeric_limits<Out>::quiet_NaN();
  });
}

template <class In>
void encode_as(const std::byte* native, std::ptrdiff_t stride, std::int64_t width,
               std::int64_t height, const SceneInput& input, const PlannedInput& planned,
               PixelRows out) {
  if constexpr (sizeof(In) <= 2)
    if (planned.storage == Storage::u16 || planned.storage == Storage::i16)
      return encode_words<In>(native, stride, width, height, input, planned.key, out);
  if (planned.storage == Storage::f32)
    return encode_floats<In, float>(native, stride, width, height, input, out);
  encode_floats<In, double>(native, stride, width, height, input, out);
}

/// Calls f with a value of the C++ type of `type`.
template <class F>
void with_type(PixelType type, F f) {
  switch (type) {
    case PixelType::u8:
      return f(std::uint8_t{});
    case PixelType::i8:
      return f(std::int8_t{});
    case PixelType::u16:
      return f(std::uint16_t{});
    case PixelType::i16:
      return f(std::int16_t{});
    case PixelType::u32:
      return f(std::uint32_t{});
    case PixelType::i32:
      return f(std::int32_t{});
    case PixelType::u64:
      return f(std::uint64_t{});
    case PixelType::i64:
      return f(std::int64_t{});
    case PixelType::f32:
      return f(float{});
    case PixelType::f64:
      return f(double{});
  }
}

}  // namespace

CUBEMILL_WIDE_LOOPS void encode_band(const std::byte* native, std::ptrdiff_t native_stride,
                                     std::int64_t width, std::int64_t height,
                                     const SceneInput& input, const PlannedInput& planned,
                                     PixelRows out) {
  with_type(input.info.type, [&](auto v) {
    encode_as<decltype(v)>(native, native_stride, width, height, input, planned, out);
  });
}

FlagEncoder::FlagEncoder(const QaRule& rule) : rule_(rule) {
  by_bits_ = rule.rejects == 0 && rule.values == 0 && rule.keep_mask <= 0xFFFF &&
             rule.keep_value <= 0xFFFF;
  for (std::uint32_t qa = 0; qa < table_.size(); ++qa) table_[qa] = cubemill::classify(rule, qa);
}

QaClass FlagEncoder::classify(double flags) const {
  return flags != flags ? qa_missing
                        : cubemill::classify(rule_, std::uint32_t(std::int64_t(flags)));
}

CUBEMILL_WIDE_LOOPS void FlagEncoder::encode(const std::byte* native, std::ptrdiff_t native_stride,
                                             std::int64_t width, std::int64_t height,
                                             PixelType type, const std::optional<double>& nodata,
                                             PixelRows out) const {
  with_type(type, [&](auto v) {
    using In = decltype(v);
    const double none = nodata.value_or(std::numeric_limits<double>::quiet_NaN());
    const bool held = none >= double(std::numeric_limits<In>::lowest()) &&
                      none <= double(std::numeric_limits<In>::max()) && none == std::floor(none);
    const In missing = held ? In(none) : In{};
    if constexpr (sizeof(In) == 2)
      if (by_bits_) {
        const auto mask = std::uint16_t(rule_.keep_mask), kept = std::uint16_t(rule_.keep_value);
        const std::uint16_t none_of_it = held ? 0 : 1;  // with a bit set it is never 0
        const auto missing_word = std::uint16_t(missing);
        each_pixel<std::uint16_t, std::uint8_t>(
            native, native_stride, width, height, out, [=](std::uint16_t qa) {
              const auto bad = std::uint16_t((qa & mask) ^ kept);
              const auto there = std::uint16_t((qa ^ missing_word) | none_of_it);
              return std::uint8_t(there == 0 ? qa_missing : bad == 0 ? qa_good : qa_masked);
            });
        return;
      }
    each_pixel<In, std::uint8_t>(native, native_stride, width, height, out, [&](In x) {
      if (held && x == missing) return std::uint8_t(qa_missing);
      if constexpr (sizeof(In) <= 2)
        return table_[std::uint16_t(x)];
      else
        return std::uint8_t(cubemill::classify(rule_, std::uint32_t(std::int64_t(x))));
    });
  });
}

}  // namespace cubemill
