#include <gtest/gtest.h>

#include "cubemill/pixel/qa_rule.hpp"
#include "unit/backend/pass_fixture.hpp"

namespace cubemill::testing_pass {
namespace {

constexpr double untouched = -12345.0;

void fill(RunValues& values, double with) {
  std::fill(&values[0][0], &values[0][0] + max_slots * run_length, with);
}

std::string name_of(const testing::TestParamInfo<Geometry>& geometry) {
  return geometry.param.name;
}

class PassKernelsOver : public testing::TestWithParam<Geometry> {
 protected:
  std::mt19937_64 random_{20240611};

  // A window of source pixels that lies under the output, smaller than the raster now and then:
  // taps fall outside.
  Part part(const GeoBox& source) {
    Part p = whole(source);
    if (random_() % 3 == 0) return p;
    const auto cut = [&](std::int32_t& low, std::int32_t& high) {
      const std::int32_t length = high - low;
      low += std::int32_t(random_() % std::uint64_t(length / 2));
      high -= std::int32_t(random_() % std::uint64_t(length / 3));
    };
    cut(p.left, p.right), cut(p.top, p.bottom);
    return p;
  }

  // Compares all pixels of a group with the functions of one pixel; returns how many had a value.
  std::size_t compare(const PassKernels& kernels, const BandGroup& group, std::int64_t width,
                      std::int64_t height) {
    std::size_t seen = 0;
    RunValues values;
    for (std::int64_t y = 0; y < height; ++y)
      for (std::int64_t x = 0; x < width; x += run_length) {
        const auto count = std::int32_t(std::min<std::int64_t>(run_length, width - x));
        const unsigned eights = random_() % 4 ? 15u : unsigned(random_() % 16);
        fill(values, untouched);
        kernels.sample(group, y, std::int32_t(x), count, eights, values);
        for (std::int32_t i = 0; i < count; ++i)
          for (int b = 0; b < group.bands; ++b) {
            const double got = values[group.slot[b]][i];
            const double want =
                eights >> (i / 8) & 1 ? expected_value(group, b, x + i, y) : untouched;
            if (!same_bits(got, want)) {
              ADD_FAILURE() << kernels.name << ": band " << b << " at " << x + i << ", " << y
                            << ": " << got << " is not " << want;
              return seen;
            }
            seen += got == got && got != untouched;
          }
      }
    return seen;
  }
};

TEST_P(PassKernelsOver, GiveTheBitsOfTheElementFunctionsForEveryMethodAndStorage) {
  const Geometry& g = GetParam();
  const Lattice lattice(g.output, g.source.crs, g.source.transform);
  const std::int64_t most = std::min<std::int64_t>(g.output.width, 101),
                     height = std::min<std::int64_t>(g.output.height, 24);
  std::size_t seen = 0;
  for (const Resampling method :
       {Resampling::nearest, Resampling::bilinear, Resampling::cubic, Resampling::average})
    for (const Storage storage : {Storage::u16, Storage::i16, Storage::f32, Storage::f64})
      for (const double invalid : {0.0, 0.02, 0.5}) {
        const std::int64_t widths[] = {most, 1, 7, 8, 31, 32, 33};
        const std::int64_t width = std::min(most, widths[random_() % 7]);
        const std::int64_t x = random_() % 2 && g.output.width >= 32 + width ? 32 : 0;
        const PixelWindow window{
            x, std::int64_t(random_() % std::uint64_t(g.output.height - height + 1)), width,
            height};
        const Located at(lattice, g.source, window);
        if (at.view.spacing == 0) continue;
        const auto key = std::uint16_t(random_());
        const Part p = part(g.source);
        const RandomWindow one(storage, p, invalid, key, random_),
            two(storage, p, invalid, 0, random_);
        BandGroup group{method,       storage,  at.view, 2, {3, 0}, {one.view, two.view},
                        {2.75e-5, 1}, {-0.2, 0}};
        for (const PassKernels& kernels : all_kernels())
          seen += compare(kernels, group, width, height);
      }
  EXPECT_GT(seen, 1000u) << "the windows miss the output: the test says nothing";
}

TEST_P(PassKernelsOver, TakeTheClassesOfTheNearestFlags) {
  const Geometry& g = GetParam();
  const Lattice lattice(g.output, g.source.crs, g.source.transform);
  const std::int64_t height = std::min<std::int64_t>(g.output.height, 24);
  for (const std::int64_t width : {1, 7, 8, 31, 32, 33, 96}) {
    if (width > g.output.width) continue;
    const Located at(lattice, g.source, {0, 0, width, height});
    if (at.view.spacing == 0) continue;
    const Part p = part(g.source);
    std::vector<std::uint8_t> flags(std::size_t(p.right - p.left) * std::size_t(p.bottom - p.top));
    for (std::uint8_t& f : flags) f = std::uint8_t(random_() % 3);
    const WindowView view{flags.data(), p.right - p.left, p.left, p.top, p.right, p.bottom, 0};
    for (const PassKernels& kernels : all_kernels())
      for (std::int64_t y = 0; y < height; ++y) {
        std::vector<std::uint8_t> classes(std::size_t(width) + 1, 77);
        kernels.sample_classes(at.view, view, y, std::int32_t(width), classes.data());
        ASSERT_EQ(classes.back(), 77) << "written beyond the row";
        for (std::int64_t x = 0; x < width; ++x) {
          const CentreSegment& s =
              at.tables.centres[std::size_t(y * at.tables.segments + x / at.tables.spacing)];
          const int k = int(x % at.tables.spacing) - at.tables.spacing / 2;
          const std::int64_t col = (cubemill::at(s.u, k) >> 32) - at.view.left,
                             row = (cubemill::at(s.v, k) >> 32) - at.view.top;
          const bool inside = col >= p.left && col < p.right && row >= p.top && row < p.bottom;
          const std::uint8_t want =
              inside ? flags[std::size_t((row - p.top) * (p.right - p.left) + col - p.left)]
                     : std::uint8_t(qa_missing);
          ASSERT_EQ(classes[std::size_t(x)], want) << kernels.name << " at " << x << ", " << y;
        }
      }
  }
}

// Coordinates that run along rows, cross them slowly or fast, straight or bent, here and there just
// at the edge of a pixel.
TEST(PassKernels, TakeTheClassesAlongAnyCourse) {
  std::mt19937_64 random(20261127);
  const std::int64_t one = std::int64_t(1) << 32;
  const auto up_to = [&](double most) {
    return std::int64_t((double(random() % 2001) / 1000 - 1) * most * double(one));
  };
  const Part p{0, 0, 70, 40};
  std::vector<std::uint8_t> flags(70 * 40);
  for (std::uint8_t& f : flags) f = std::uint8_t(random() % 3);
  const WindowView view{flags.data(), 70, p.left, p.top, p.right, p.bottom, 0};
  for (int turn = 0; turn < 200000; ++turn) {
    const double slopes[] = {0, 1e-9, 1e-3, 0.05, 0.14, 0.5}, bends[] = {0, 0, 1e-9, 1e-5, 1e-3};
    CentreSegment s{{0, one + up_to(slopes[random() % 4]), up_to(bends[random() % 4])},
                    {0, up_to(slopes[random() % 6]), up_to(bends[random() % 5])}};
    // A pixel somewhere in the run lies where it shall, often on the edge or one unit off it.
    const std::int64_t k = std::int64_t(random() % 32) - 16;
    const auto place = [&](Quadratic& q, std::int64_t pixels) {
      const std::int64_t fraction = random() % 2 ? std::int64_t(random() % 3) - 1 : up_to(1);
      q.a = std::int64_t(random() % std::uint64_t(pixels)) * one + fraction - at(q, int(k));
    };
    place(s.u, 60), place(s.v, 40);
    const CoordinateView where{&s, nullptr, 1, 32, 0, 0, 1};
    for (const PassKernels& kernels : all_kernels()) {
      std::uint8_t classes[run_length];
      kernels.sample_classes(where, view, 0, run_length, classes);
      for (int i = 0; i < run_length; ++i) {
        const std::int64_t col = at(s.u, i - 16) >> 32, row = at(s.v, i - 16) >> 32;
        const bool inside = col >= 0 && col < 70 && row >= 0 && row < 40;
        ASSERT_EQ(classes[i],
                  inside ? flags[std::size_t(row * 70 + col)] : std::uint8_t(qa_missing))
            << kernels.name << ", turn " << turn << " at " << i;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Geometries, PassKernelsOver, testing::ValuesIn(geometries()), name_of);

}  // namespace
}  // namespace cubemill::testing_pass
