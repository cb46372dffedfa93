#include "cubemill/backend/chunk_fold.hpp"

#include <gtest/gtest.h>

#include <deque>

#include "cubemill/backend/mode.hpp"
#include "cubemill/pixel/qa_rule.hpp"
#include "cubemill/pixel/window_layout.hpp"
#include "unit/backend/pass_fixture.hpp"

namespace cubemill::testing_pass {
namespace {

constexpr std::int64_t height = 4;
constexpr int slots = 3;  // red, nir, swir

/// A chunk of random scenes over one window, the sums that it is folded into, and what they must
/// become.
class RandomChunk {
 public:
  RandomChunk(std::int64_t width, int scenes, bool fuse_pixels, std::uint64_t seed)
      : random_(seed),
        output_(grid("EPSG:32618", {30, 0, 300015, 0, -30, 4000005}, width, height)) {
    chunk_.width = width, chunk_.height = height, chunk_.fuse_pixels = fuse_pixels;
    for (int s = 0; s < scenes; ++s) add_scene();
    fuse_classes();
  }

  /// The sums of every index after folding, as bytes.
  std::vector<std::vector<std::byte>> folded(const PassKernels& kernels) const {
    auto bytes = empty_sums();
    std::vector<SumsView> views;
    for (std::size_t i = 0; i < indices_.size(); ++i)
      views.push_back({kinds_[i], bytes[i].data(), stride()});
    fold_chunk(chunk_, indices_, views, kernels);
    return bytes;
  }

  std::vector<std::vector<std::byte>> expected() const {
    auto bytes = empty_sums();
    for (std::int64_t y = 0; y < height; ++y)
      for (std::int64_t x = 0; x < chunk_.width; ++x)
        for (std::size_t i = 0; i < indices_.size(); ++i) fold_one(i, x, y, bytes[i].data());
    return bytes;
  }

 private:
  std::int64_t stride() const { return class_stride(chunk_.width); }

  std::vector<std::vector<std::byte>> empty_sums() const {
    std::vector<std::vector<std::byte>> bytes;
    for (const AccumulatorKind kind : kinds_)
      bytes.emplace_back(std::size_t(stride() * height / run_length) * bytes_per_run(kind));
    return bytes;
  }

  BandGroup group(Resampling method, Storage storage, int bands, int first_slot) {
    // Somewhere over the window: it may cover it, a part of it, or nothing.
    const double left = 300015 - 30 * double(random_() % 40) - double(random_() % 30),
                 top = 4000005 + 30 * double(random_() % 4) + 7;
    const std::int64_t columns = 1 + std::int64_t(random_() % std::uint64_t(chunk_.width + 40));
    const GeoBox source = grid("EPSG:32618", {30, 0, left, 0, -30, top}, columns, 8);
    located_.emplace_back(Lattice(output_, source.crs, source.transform), source,
                          PixelWindow{0, 0, chunk_.width, height});
    BandGroup g{method, storage, located_.back().view, bands, {}, {}, {}, {}};
    if (random_() % 8 == 0) g.where.spacing = 0;  // nothing projects
    for (int b = 0; b < bands; ++b) {
      windows_.emplace_back(storage, whole(source), 0.3, std::uint16_t(random_()), random_);
      g.slot[b] = first_slot + b, g.window[b] = windows_.back().view, g.scale[b] = 2.75e-5,
      g.offset[b] = storage == Storage::u16 ? 0.0 : -0.2;
    }
    return g;
  }

  void add_scene() {
    std::vector<std::uint8_t>& classes =
        classes_.emplace_back(class_plane_bytes(chunk_.width, height), std::uint8_t(qa_missing));
    const std::uint64_t kinds = random_() % 4;  // now and then a scene without a good pixel
    for (std::int64_t y = 0; y < height; ++y)
      for (std::int64_t x = 0; x < chunk_.width; ++x)
        classes[std::size_t(y * stride() + x)] = std::uint8_t(random_() % (kinds ? 3 : 2));
    FoldScene scene{classes.data(), {}};
    scene.groups.push_back(group(Resampling::nearest, Storage::u16, 2, 0));
    scene.groups.push_back(
        group(random_() % 2 ? Resampling::average : Resampling::mode, Storage::f32, 1, 2));
    chunk_.scenes.push_back(std::move(scene));
  }

  void fuse_classes() {
    fused_ = classes_[0];
    for (const auto& classes : classes_)
      for (std::size_t i = 0; i < fused_.size(); ++i)
        if (fused_[i] == qa_missing) fused_[i] = classes[i];
    if (!chunk_.fuse_pixels && classes_.size() > 1) chunk_.fused_classes = fused_.data();
  }

  double value(std::size_t scene, std::int32_t slot, std::int64_t x, std::int64_t y) const {
    for (const BandGroup& g : chunk_.scenes[scene].groups)
      for (int b = 0; b < g.bands; ++b)
        if (g.slot[b] == slot) {
          if (g.where.spacing == 0) return missing();
          if (g.method != Resampling::mode) return expected_value(g, b, x, y);
          RunValues run;
          sample_mode(g, y, std::int32_t(x / run_length * run_length),
                      std::int32_t(std::min<std::int64_t>(
                          run_length, chunk_.width - x / run_length * run_length)),
                      ~0u, run);
          return run[slot][x % run_length];
        }
    return missing();
  }

  // The rules of fusing, one pixel at a time. Returns the bands, or nothing where the pixel does
  // not count.
  std::vector<double> bands_of(const FoldIndex& index, std::int64_t x, std::int64_t y) const {
    const std::size_t at = std::size_t(y * stride() + x);
    std::vector<double> bands(index.slots.size(), missing());
    if (chunk_.fuse_pixels) {
      for (std::size_t s = 0; s < classes_.size(); ++s) {
        bool valid = classes_[s][at] != qa_missing;
        for (std::size_t b = 0; b < bands.size(); ++b) {
          bands[b] = value(s, index.slots[b], x, y);
          valid &= !is_missing(bands[b]);
        }
        if (valid) return classes_[s][at] == qa_good ? bands : std::vector<double>{};
      }
      return {};
    }
    for (std::size_t s = 0; s < classes_.size(); ++s)
      for (std::size_t b = 0; b < bands.size(); ++b)
        if (is_missing(bands[b])) bands[b] = value(s, index.slots[b], x, y);
    return fused_[at] == qa_good ? bands : std::vector<double>{};
  }

  void fold_one(std::size_t i, std::int64_t x, std::int64_t y, std::byte* sums) const {
    const std::vector<double> b = bands_of(indices_[i], x, y);
    if (b.empty()) return;
    const double v = b.size() == 2 ? (b[1] - b[0]) / (b[1] + b[0]) : b[0];
    const std::size_t at = std::size_t(y * stride() + x);
    if (kinds_[i] == AccumulatorKind::packed) {
      reinterpret_cast<PackedSum*>(sums)[at].merge({PackedSum::term(v)});
    } else {
      WideRun& run = reinterpret_cast<WideRun*>(sums)[at / run_length];
      WideSum sum = run.get(int(at % run_length));
      sum.add(v);
      run.set(int(at % run_length), sum);
    }
  }

  std::mt19937_64 random_;
  GeoBox output_;
  FoldChunk chunk_;
  // NDVI, and two bands as they are; nir serves two indices.
  std::vector<FoldIndex> indices_ = {{0, {0, 1}}, {1, {1}}, {1, {2}}};
  std::vector<AccumulatorKind> kinds_ = {AccumulatorKind::packed, AccumulatorKind::wide,
                                         AccumulatorKind::wide};
  std::deque<Located> located_;
  std::deque<RandomWindow> windows_;
  std::deque<std::vector<std::uint8_t>> classes_;
  std::vector<std::uint8_t> fused_;
};

void check(bool fuse_pixels) {
  std::size_t folded = 0;
  for (const std::int64_t width : {1, 7, 8, 31, 32, 33, 100, 512})
    for (int scenes = 1; scenes <= 4; ++scenes)
      for (std::uint64_t seed = 0; seed < 3; ++seed) {
        const RandomChunk chunk(width, scenes, fuse_pixels,
                                1000 * std::uint64_t(width) + 10 * seed + std::uint64_t(scenes));
        const auto expected = chunk.expected();
        for (const PassKernels& kernels : all_kernels()) {
          const auto got = chunk.folded(kernels);
          for (std::size_t i = 0; i < expected.size(); ++i)
            ASSERT_TRUE(got[i] == expected[i])
                << kernels.name << ": index " << i << ", width " << width << ", " << scenes
                << " scenes, seed " << seed;
        }
        for (const auto& bytes : expected)
          for (const std::byte b : bytes) folded += b != std::byte{0};
      }
  EXPECT_GT(folded, 10000u) << "nothing was folded: the test says nothing";
}

TEST(FoldChunk, FusesByPixelAsTheRuleSaysPixelByPixel) { check(true); }
TEST(FoldChunk, FusesByBandAsTheRuleSaysPixelByPixel) { check(false); }

/// Two scenes of one pixel, each one band in its own window of 1 × 1.
struct OnePixel {
  PackedSum fold(bool fuse_pixels, QaClass first, double first_value, QaClass second,
                 double second_value) {
    const GeoBox g = grid("EPSG:32618", {30, 0, 300000, 0, -30, 4000000}, 1, 1);
    const Located at(Lattice(g, g.crs, g.transform), g, {0, 0, 1, 1});
    const double values[] = {first_value, second_value};
    std::uint8_t classes[3][32] = {{first}, {second}, {first == qa_missing ? second : first}};
    FoldChunk chunk{1, 1, fuse_pixels, {}, classes[2]};
    for (int s = 0; s < 2; ++s)
      chunk.scenes.push_back({classes[s],
                              {{Resampling::nearest,
                                Storage::f64,
                                at.view,
                                1,
                                {0},
                                {{&values[s], 1, 0, 0, 1, 1, 0}},
                                {1},
                                {0}}}});
    std::vector<PackedSum> sums(32);
    fold_chunk(chunk, {{1, {0}}}, {{AccumulatorKind::packed, sums.data(), 32}}, pass_kernels());
    return sums[0];
  }
};

TEST(FoldChunk, LooksAtValidityWhenItFusesAndNeverAtTheMask) {
  OnePixel p;
  // The first scene is valid but cloudy: the second, clear one must not take its place.
  for (const bool by_pixel : {true, false}) {
    EXPECT_EQ(p.fold(by_pixel, qa_masked, 0.5, qa_good, 0.25).count(), 0u);
    EXPECT_EQ(p.fold(by_pixel, qa_good, 0.5, qa_masked, 0.25).mean(), 0.5);
    EXPECT_EQ(p.fold(by_pixel, qa_missing, 0.5, qa_missing, 0.25).count(), 0u);
  }
}

TEST(FoldChunk, GoesOnToTheNextSceneWhereABandIsInvalidUnderTheMask) {
  OnePixel p;
  // By pixel a cloudy pixel without a value is no valid pixel; by band its flags are, and they say
  // cloud.
  EXPECT_EQ(p.fold(true, qa_masked, missing(), qa_good, 0.25).mean(), 0.25);
  EXPECT_EQ(p.fold(false, qa_masked, missing(), qa_good, 0.25).count(), 0u);
  // By band flags and bands may come from different scenes.
  EXPECT_EQ(p.fold(false, qa_good, missing(), qa_masked, 0.25).mean(), 0.25);
  EXPECT_EQ(p.fold(true, qa_good, missing(), qa_masked, 0.25).count(), 0u);
  EXPECT_EQ(p.fold(false, qa_missing, 0.5, qa_good, 0.25).mean(), 0.5);
  EXPECT_EQ(p.fold(true, qa_missing, 0.5, qa_good, 0.25).mean(), 0.25);
}

TEST(FoldChunk, FoldsNothingWithoutScenes) {
  std::vector<PackedSum> sums(32);
  fold_chunk({1, 1, true, {}, nullptr}, {{1, {0}}}, {{AccumulatorKind::packed, sums.data(), 32}},
             pass_kernels());
  EXPECT_EQ(sums[0].bits, 0u);
}

}  // namespace
}  // namespace cubemill::testing_pass
