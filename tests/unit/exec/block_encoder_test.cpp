#include "exec/block_encoder.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>
#include <random>
#include <vector>

#include "cubemill/pixel/sample.hpp"
#include "plan/plan_parts.hpp"

namespace cubemill {
namespace {

const double none = missing();

template <class T>
constexpr PixelType type_of() {
  if constexpr (std::is_same_v<T, float>) return PixelType::f32;
  if constexpr (std::is_same_v<T, double>) return PixelType::f64;
  constexpr bool s = std::is_signed_v<T>;
  return sizeof(T) == 1   ? s ? PixelType::i8 : PixelType::u8
         : sizeof(T) == 2 ? s ? PixelType::i16 : PixelType::u16
         : sizeof(T) == 4 ? s ? PixelType::i32 : PixelType::u32
         : s              ? PixelType::i64
                          : PixelType::u64;
}

template <Storage S>
std::vector<double> read_back(const std::vector<std::byte>& data, std::int64_t count,
                              std::uint16_t key) {
  const WindowView view{data.data(), count, 0, 0, std::int32_t(count), 1, key};
  std::vector<double> values;
  for (std::int64_t i = 0; i < count; ++i) values.push_back(stored_value<S>(view, i, 0));
  return values;
}

/// Pixels encoded as the plan chooses and read as the pass does; NaN where invalid.
template <class T>
std::vector<double> through(const std::vector<T>& pixels, std::optional<double> nodata,
                            std::optional<ValueRange> valid = {}) {
  SceneInput input;
  input.info.type = type_of<T>();
  input.numbers.nodata = nodata;
  input.valid_range = valid;
  const StorageChoice choice = choose_storage(input.info.type, input.numbers, valid);
  PlannedInput planned;
  planned.storage = choice.storage, planned.key = choice.key;
  std::vector<std::byte> out(pixels.size() * 8);
  encode_band(reinterpret_cast<const std::byte*>(pixels.data()), 0, std::int64_t(pixels.size()), 1,
              input, planned, {out.data(), 0});
  const auto count = std::int64_t(pixels.size());
  if (size_of(choice.storage) == sizeof(T)) {  // where they lie they become the same
    std::vector<std::byte> in_place(out.size());
    std::memcpy(in_place.data(), pixels.data(), pixels.size() * sizeof(T));
    encode_band(in_place.data(), 0, count, 1, input, planned, {in_place.data(), 0});
    EXPECT_EQ(std::memcmp(in_place.data(), out.data(), pixels.size() * sizeof(T)), 0);
  }
  switch (choice.storage) {
    case Storage::u16:
      return read_back<Storage::u16>(out, count, choice.key);
    case Storage::i16:
      return read_back<Storage::i16>(out, count, choice.key);
    case Storage::f32:
      return read_back<Storage::f32>(out, count, choice.key);
    default:
      return read_back<Storage::f64>(out, count, choice.key);
  }
}

void expect_values(const std::vector<double>& got, const std::vector<double>& want) {
  ASSERT_EQ(got.size(), want.size());
  for (std::size_t i = 0; i < got.size(); ++i)
    EXPECT_TRUE(got[i] == want[i] || (std::isnan(got[i]) && std::isnan(want[i])))
        << "pixel " << i << ": " << got[i] << " is not " << want[i];
}

template <class T>
class BlockEncoder : public testing::Test {};
using Types = testing::Types<std::uint8_t, std::int8_t, std::uint16_t, std::int16_t, std::uint32_t,
                             std::int32_t, std::uint64_t, std::int64_t, float, double>;
TYPED_TEST_SUITE(BlockEncoder, Types);

TYPED_TEST(BlockEncoder, KeepsEveryValueButNodata) {
  using T = TypeParam;
  const T low = std::numeric_limits<T>::lowest(), high = std::numeric_limits<T>::max();
  const std::vector<T> pixels = {low, T(0), T(1), T(7), T(100), high};
  std::vector<double> all;
  for (const T v : pixels) all.push_back(double(v));
  expect_values(through<T>(pixels, {}), all);
  for (std::size_t i = 0; i < pixels.size(); ++i) {
    std::vector<double> want = all;
    for (std::size_t j = 0; j < pixels.size(); ++j)
      if (pixels[j] == pixels[i]) want[j] = none;
    expect_values(through<T>(pixels, double(pixels[i])), want);
  }
  expect_values(through<T>(pixels, std::nan("")), all);
}

TYPED_TEST(BlockEncoder, IncludesTheEndsOfTheValidRange) {
  using T = TypeParam;
  const std::vector<T> pixels = {T(0), T(9), T(10), T(11), T(99), T(100), T(101)};
  expect_values(through<T>(pixels, {}, ValueRange{10, 100}), {none, none, 10, 11, 99, 100, none});
  expect_values(through<T>(pixels, 11.0, ValueRange{10, 100}),
                {none, none, 10, none, 99, 100, none});
  expect_values(through<T>(pixels, {}, ValueRange{9.5, 99.5}),
                {none, none, 10, 11, 99, none, none});
  expect_values(through<T>(pixels, 0.0, ValueRange{-1e300, 100}), {none, 9, 10, 11, 99, 100, none});
}

TYPED_TEST(BlockEncoder, CountsNothingWhereTheValidRangeIsBeyondTheType) {
  using T = TypeParam;
  if (std::is_floating_point_v<T> || sizeof(T) > 2) return;
  const T low = std::numeric_limits<T>::lowest(), high = std::numeric_limits<T>::max();
  expect_values(through<T>({low, T(5), high}, {}, ValueRange{70000, 80000}), {none, none, none});
  expect_values(through<T>({low, T(5), high}, 5.0, ValueRange{-80000, -70000}), {none, none, none});
}

TEST(BlockEncoderOfFloats, LeavesOutWhatIsNotFinite) {
  constexpr float infinity = std::numeric_limits<float>::infinity();
  expect_values(through<float>({infinity, -infinity, std::nanf(""), 0.5f}, {}),
                {none, none, none, 0.5});
  expect_values(
      through<double>({infinity, -infinity, std::nan(""), 0.5}, 0.0, ValueRange{-1e308, HUGE_VAL}),
      {none, none, none, 0.5});
}

TEST(BlockEncoderOfFloats, KnowsNodataThatWasWrittenWithFewerDigits) {
  // A catalog says -3.4028235e38 or -9999.9; the pixels hold the nearest float.
  expect_values(through<float>({-std::numeric_limits<float>::max(), 1.0f}, -3.4028235e38),
                {none, 1});
  expect_values(through<float>({-9999.9f, -9999.0f}, -9999.9), {none, -9999});
  expect_values(through<float>({1.0f}, 1e300), {1});
}

TEST(BlockEncoderOfWords, ObeysStrides) {
  const std::uint16_t native[] = {1, 2, 3, 4, 5, 6, 7, 8};
  std::uint16_t out[12];
  std::fill_n(out, 12, std::uint16_t(99));
  SceneInput input;
  input.info.type = PixelType::u16;
  PlannedInput planned;
  planned.storage = Storage::u16, planned.key = 6;
  encode_band(reinterpret_cast<const std::byte*>(native), 8, 3, 2, input, planned,
              {reinterpret_cast<std::byte*>(out), 12});
  const std::vector<std::uint16_t> want = {1 ^ 6, 2 ^ 6, 3 ^ 6, 99, 99, 99,
                                           5 ^ 6, 0,     7 ^ 6, 99, 99, 99};
  EXPECT_EQ(std::vector<std::uint16_t>(out, out + 12), want);
}

template <class T>
std::vector<int> classes(const FlagEncoder& encoder, const std::vector<T>& pixels,
                         std::optional<double> nodata) {
  std::vector<std::uint8_t> out(pixels.size());
  encoder.encode(reinterpret_cast<const std::byte*>(pixels.data()), 0, std::int64_t(pixels.size()),
                 1, type_of<T>(), nodata, {reinterpret_cast<std::byte*>(out.data()), 0});
  return {out.begin(), out.end()};
}

TEST(FlagEncoder, ClassifiesFlagsOfEveryType) {
  QaRule rule;
  rule.keep_mask = 8;  // bit 3 must be 0
  const FlagEncoder encoder(rule);
  const std::vector<int> want = {qa_missing, qa_good, qa_masked, qa_good, qa_masked};
  EXPECT_EQ(classes<std::uint8_t>(encoder, {1, 2, 8, 64, 12}, 1.0), want);
  EXPECT_EQ(classes<std::int8_t>(encoder, {1, 2, 8, 64, 12}, 1.0), want);
  EXPECT_EQ(classes<std::uint16_t>(encoder, {1, 2, 8, 64, 12}, 1.0), want);
  EXPECT_EQ(classes<std::int16_t>(encoder, {1, 2, 8, 64, 12}, 1.0), want);
  EXPECT_EQ(classes<std::uint32_t>(encoder, {1, 2, 8, 64, 12}, 1.0), want);
  EXPECT_EQ(classes<std::int32_t>(encoder, {1, 2, 8, 64, 12}, 1.0), want);
  EXPECT_EQ(classes<std::uint64_t>(encoder, {1, 2, 8, 64, 12}, 1.0), want);
  EXPECT_EQ(classes<std::int64_t>(encoder, {1, 2, 8, 64, 12}, 1.0), want);
}

TEST(FlagEncoder, KnowsNoNodataThatTheTypeCannotHold) {
  const FlagEncoder all(QaRule{});
  EXPECT_EQ(classes<std::uint8_t>(all, {0, 255}, {}), (std::vector<int>{qa_good, qa_good}));
  EXPECT_EQ(classes<std::uint8_t>(all, {0, 255}, 256.0), (std::vector<int>{qa_good, qa_good}));
  EXPECT_EQ(classes<std::uint8_t>(all, {0, 255}, -1.0), (std::vector<int>{qa_good, qa_good}));
  EXPECT_EQ(classes<std::uint8_t>(all, {0, 255}, 0.5), (std::vector<int>{qa_good, qa_good}));
  EXPECT_EQ(classes<std::uint8_t>(all, {0, 255}, std::nan("")),
            (std::vector<int>{qa_good, qa_good}));
  EXPECT_EQ(classes<std::uint8_t>(all, {0, 255}, 255.0), (std::vector<int>{qa_good, qa_missing}));
  EXPECT_EQ(classes<std::int16_t>(all, {-32768, 0}, -32768.0),
            (std::vector<int>{qa_missing, qa_good}));
}

TEST(FlagEncoder, GivesEveryWordTheClassOfTheRule) {
  std::vector<std::uint16_t> words(65536);
  std::iota(words.begin(), words.end(), std::uint16_t{0});
  std::mt19937 random(1);
  const auto word = [&] { return std::uint32_t(random()); };
  for (int round = 0; round < 20; ++round) {
    QaRule rule;
    if (round % 2) rule.keep_mask = word() & 0x11, rule.keep_value = word() & rule.keep_mask;
    rule.rejects = round % 5;
    for (std::int32_t i = 0; i < rule.rejects; ++i) {  // single bits, and a pair now and then
      rule.reject_mask[i] = (round % 4 == 3 ? 3u : 1u) << (word() % 15);
      rule.reject_value[i] = round % 7 == 6 ? 0 : rule.reject_mask[i];
    }
    const std::vector<int> found = classes(FlagEncoder(rule), words, 1.0);
    for (std::uint32_t qa = 0; qa < 65536; ++qa)
      ASSERT_EQ(found[qa], qa == 1 ? int(qa_missing) : int(classify(rule, qa)))
          << round << " " << qa;
  }
}

TEST(FlagEncoder, LooksAtAllBitsOfWideFlags) {
  QaRule rule;
  rule.keep_mask = 0x80000000u, rule.keep_value = 0x80000000u;
  const FlagEncoder encoder(rule);
  EXPECT_EQ(classes<std::uint32_t>(encoder, {0x80000001u, 0x7FFFFFFFu, 0}, 0.0),
            (std::vector<int>{qa_good, qa_masked, qa_missing}));
  EXPECT_EQ(classes<std::int32_t>(encoder, {-1, 1}, {}), (std::vector<int>{qa_good, qa_masked}));
}

TEST(FlagEncoder, ClassifiesNumbersAsItClassifiesPixels) {
  QaRule rule;
  rule.values = 2, rule.value[0] = 4, rule.value[1] = 65535, rule.list_keeps = 1;
  const FlagEncoder encoder(rule);
  EXPECT_EQ(encoder.classify(4), qa_good);
  EXPECT_EQ(encoder.classify(65535), qa_good);
  EXPECT_EQ(encoder.classify(5), qa_masked);
  EXPECT_EQ(encoder.classify(none), qa_missing);
  EXPECT_EQ(classes<std::uint16_t>(encoder, {4, 65535, 5}, {}),
            (std::vector<int>{qa_good, qa_good, qa_masked}));
}

}  // namespace
}  // namespace cubemill
