#include "cubemill/plan/lattice.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <tuple>
#include <utility>

namespace cubemill {
namespace {

GeoBox box(const char* crs, double resolution, double left, double top, std::int64_t width,
           std::int64_t height) {
  return {Crs::parse(crs), {resolution, 0, left, 0, -resolution, top}, width, height};
}

std::int64_t at_middle(const Quadratic& q) { return at(q, 0); }
double number(std::int64_t q) { return double(q) * 0x1p-32; }

struct Truth {
  Transformer transformer;
  GeoBox output;
  Affine source;
  Lattice::Origin origin;
  // Source pixel coordinates, in the lattice's, of a point of the output grid.
  Point operator()(double column, double row) {
    Point p = output.transform.apply(column, row);
    transformer.forward(&p.x, &p.y, 1);
    return {(p.x - source.c) / source.a + double(origin.left),
            (p.y - source.f) / source.e + double(origin.top)};
  }
};

// Largest difference of centres and box corners from PROJ at random pixels.
double worst_difference(const GeoBox& output, const char* source_crs, const Affine& source) {
  const Crs crs = Crs::parse(source_crs);
  const Lattice lattice(output, crs, source);
  Truth truth{Transformer(output.crs, crs), output, source, *lattice.origin_of(crs, source)};
  std::mt19937_64 random(7);
  double worst = 0;
  for (int i = 0; i < 3000; ++i) {
    const std::int64_t x = std::int64_t(random() % std::uint64_t(output.width));
    const std::int64_t y = std::int64_t(random() % std::uint64_t(output.height));
    const TileCoordinates t = lattice.tables(
        {x / 32 * 32, y, std::min<std::int64_t>(32, output.width - x / 32 * 32), 1}, true);
    const std::int64_t s = x % 32 / t.spacing;
    const int k = int(x % 32 % t.spacing) - t.spacing / 2;
    const CentreSegment& c = t.centres[std::size_t(s)];
    const Point centre = truth(double(x) + 0.5, double(y) + 0.5);
    worst = std::max({worst, std::fabs(number(at(c.u, k) - edge_tolerance_q32) - centre.x),
                      std::fabs(number(at(c.v, k) - edge_tolerance_q32) - centre.y)});
    const BoxSegment& b = t.boxes[std::size_t(s)];
    const Point p = truth(double(x), double(y)), q = truth(double(x) + 1, double(y) + 1);
    const double left = number(at(b.u, k) - edge_tolerance_q32);
    const double width = b.width[0] + k * (b.width[1] + k * b.width[2]);
    worst = std::max({worst, std::fabs(left - std::min(p.x, q.x)),
                      std::fabs(left + width - std::max(p.x, q.x))});
  }
  return worst;
}

TEST(Lattice, AgreesWithProjAcrossUtmZones) {
  const GeoBox output = box("EPSG:32718", 30, 700000, 6800000, 7607, 6685);
  EXPECT_LT(worst_difference(output, "EPSG:32619", {30, 0, 200015, 0, -30, -3200015}), 1e-7);
  EXPECT_LT(worst_difference(output, "EPSG:32618", {30, 0, 700015, 0, -30, -3200015}), 1e-7);
}

TEST(Lattice, AgreesWithProjForDegreesAndForCoarseOutput) {
  EXPECT_LT(worst_difference(box("EPSG:4326", 0.0003, -44.2, -20.1, 1400, 1300), "EPSG:32623",
                             {30, 0, 583485, 0, -30, -2222685}),
            1e-7);
  // A kilometre from 30 m: 33 source pixels an output pixel, so the lattice must refine itself.
  EXPECT_LT(worst_difference(box("EPSG:3577", 1000, -500000, -3000000, 700, 600), "EPSG:28355",
                             {25, 0, 500000, 0, -25, 7000000}),
            1e-7);
}

TEST(Lattice, ReportsTheErrorItMeasured) {
  const GeoBox output = box("EPSG:32718", 30, 700000, 6800000, 1024, 1024);
  const Lattice lattice(output, Crs::parse("EPSG:32619"), {30, 0, 200015, 0, -30, -3200015});
  EXPECT_EQ(lattice.largest_error(), 0);
  lattice.tables({512, 512, 512, 512}, false);
  EXPECT_GT(lattice.largest_error(), 0);
  EXPECT_LT(lattice.largest_error(), Lattice::error_limit);
}

TEST(Lattice, GivesTheSameBitsForAnySplitOfACell) {
  const GeoBox output = box("EPSG:32718", 30, 700000, 6800000, 900, 700);
  const Lattice one(output, Crs::parse("EPSG:32619"), {30, 0, 200015, 0, -30, -3200015});
  const Lattice two(output, Crs::parse("EPSG:32619"), {30, 0, 260015, 0, -30, -3500015});
  const TileCoordinates whole = one.tables({512, 512, 388, 188}, true);
  const TileCoordinates part = two.tables({608, 600, 64, 50}, true);
  ASSERT_EQ(whole.spacing, part.spacing);
  for (std::int64_t y = 0; y < 50; ++y)
    for (std::int64_t s = 0; s < part.segments; ++s) {
      const std::size_t a = std::size_t((y + 88) * whole.segments + s + 96 / whole.spacing);
      const std::size_t b = std::size_t(y * part.segments + s);
      EXPECT_EQ(whole.centres[a].u.a, part.centres[b].u.a);
      EXPECT_EQ(whole.centres[a].v.c, part.centres[b].v.c);
      EXPECT_EQ(whole.boxes[a].u.b, part.boxes[b].u.b);
      EXPECT_EQ(whole.boxes[a].width[0], part.boxes[b].width[0]);
    }
}

// Coordinates of an output pixel's centre, and where its box begins and ends.
struct Places {
  std::int64_t u, v, left, top;
  double width, height;
};

Places places(const TileCoordinates& t, std::int64_t x, std::int64_t y) {
  const auto i = std::size_t((y - t.window.y) * t.segments + (x - t.window.x) / t.spacing);
  const int k = int((x - t.window.x) % t.spacing) - t.spacing / 2;
  const CentreSegment& c = t.centres[i];
  const BoxSegment& b = t.boxes[i];
  const auto size = [k](const double(&s)[3]) { return s[0] + k * (s[1] + k * s[2]); };
  return {at(c.u, k), at(c.v, k), at(b.u, k), at(b.v, k), size(b.width), size(b.height)};
}

TEST(Lattice, TakesOneSegmentARowWhereGridsDifferByAShift) {
  const GeoBox output = box("EPSG:32718", 30, 700000, 6800000, 1300, 600);
  // The same zone, and its other half: a shift of ten thousand kilometres by PROJ.
  for (const auto& [crs, top] : {std::pair("EPSG:32718", 6799991.0), {"EPSG:32618", -3200009.0}}) {
    const Lattice lattice(output, Crs::parse(crs), {30, 0, 700006, 0, -30, top});
    const Lattice::Origin origin =
        *lattice.origin_of(Crs::parse(crs), {30, 0, 700006, 0, -30, top});
    for (const PixelWindow& w : {PixelWindow{512, 0, 512, 512}, PixelWindow{1024, 512, 276, 88},
                                 PixelWindow{512, 100, 64, 3}, PixelWindow{608, 100, 64, 3}}) {
      const TileCoordinates t = lattice.tables(w, true);
      EXPECT_EQ(t.spacing, w.x == 608 ? 32 : 512);
      for (std::int64_t y = w.y; y < w.y + w.height; y += 29)
        for (std::int64_t x = w.x; x < w.x + w.width; ++x) {
          const Places p = places(t, x, y);
          const auto difference = [](std::int64_t q, double wanted) {
            return std::fabs(number(q - edge_tolerance_q32) - wanted);
          };
          const double left = double(x + origin.left) - 0.2, upper = double(y + origin.top) - 0.3;
          ASSERT_LT(difference(p.u, left + 0.5), 1e-9);
          ASSERT_LT(difference(p.v, upper + 0.5), 1e-9);
          ASSERT_LT(difference(p.left, left), 1e-9);
          ASSERT_LT(difference(p.top, upper), 1e-9);
          ASSERT_EQ(p.width, 1);
          ASSERT_EQ(p.height, 1);
        }
    }
    EXPECT_LT(lattice.largest_error(), 2e-9);
  }
}

TEST(Lattice, GivesTheSameBitsForAnySplitOfAShift) {
  const GeoBox output = box("EPSG:32618", 30, 300000, 4000000, 900, 600);
  // Exact in fixed point, and not: then segments stay short.
  for (const auto& [resolution, spacing] : {std::pair(10.0, 512), {22.0, 32}, {75.0, 32}}) {
    const Lattice lattice(output, output.crs, {resolution, 0, 300004, 0, -resolution, 4000003});
    const TileCoordinates whole = lattice.tables({512, 512, 388, 88}, true);
    EXPECT_EQ(whole.spacing, spacing);
    for (const PixelWindow& w : {PixelWindow{640, 520, 128, 9}, PixelWindow{544, 599, 32, 1}}) {
      const TileCoordinates part = lattice.tables(w, true);
      for (std::int64_t y = w.y; y < w.y + w.height; ++y)
        for (std::int64_t x = w.x; x < w.x + w.width; ++x) {
          const Places a = places(whole, x, y), b = places(part, x, y);
          ASSERT_EQ(std::tie(a.u, a.v, a.left, a.top), std::tie(b.u, b.v, b.left, b.top));
          ASSERT_EQ(std::tie(a.width, a.height), std::tie(b.width, b.height));
        }
    }
  }
}

TEST(Lattice, TakesATieToThePixelRightAndBelow) {
  // Pixel corners at 0 mod 30 on a grid at 15 mod 30: every centre lies on a corner of four source
  // pixels.
  const GeoBox output = box("EPSG:32618", 30, 300000, 4000000, 300, 300);
  const Affine source{30, 0, 299985, 0, -30, 4000015};
  const Lattice lattice(output, output.crs, source);
  const Lattice::Origin origin = *lattice.origin_of(output.crs, source);
  const TileCoordinates t = lattice.tables({0, 0, 300, 300}, false);
  for (std::int64_t y = 0; y < 300; ++y)
    for (int x = 0; x < 300; ++x) {
      const CentreSegment& c = t.centres[std::size_t(y * t.segments + x / t.spacing)];
      const int k = x % t.spacing - t.spacing / 2;
      ASSERT_EQ((at(c.u, k) >> 32) - origin.left, x + 1);
      ASSERT_EQ((at(c.v, k) >> 32) - origin.top, y + 1);
    }
}

TEST(Lattice, ServesRastersThatDifferByWholePixelsOnly) {
  const GeoBox output = box("EPSG:32618", 30, 300000, 4000000, 100, 100);
  const Lattice lattice(output, output.crs, {30, 0, 300015, 0, -30, 4000015});
  const auto a = lattice.origin_of(output.crs, {30, 0, 300015, 0, -30, 4000015});
  const auto b = lattice.origin_of(output.crs, {30, 0, 300015 + 90, 0, -30, 4000015 - 60});
  ASSERT_TRUE(a && b);
  EXPECT_EQ(b->left - a->left, 3);
  EXPECT_EQ(b->top - a->top, 2);
  EXPECT_FALSE(lattice.origin_of(output.crs, {30, 0, 300000, 0, -30, 4000015}));
  EXPECT_FALSE(lattice.origin_of(output.crs, {60, 0, 300015, 0, -60, 4000015}));
  EXPECT_FALSE(lattice.origin_of(Crs::parse("EPSG:32619"), {30, 0, 300015, 0, -30, 4000015}));
}

TEST(Lattice, ServesRastersInDegreesOnAnyTurnOfTheGlobe) {
  // Pixel sizes that 360 is no multiple of; sources counted from 0 to 360, from -180 to 180, all
  // around.
  const GeoBox output = box("EPSG:32701", 30, 300000, 8000000, 100, 100);  // 177 degrees west
  Transformer to(output.crs, Crs::parse("EPSG:4326"));
  Point p = output.transform.apply(50.5, 50.5);
  to.forward(&p.x, &p.y, 1);
  const double size = 0.00027;
  for (const double left : {p.x - 0.1, p.x - 0.1 + 360, p.x - 0.1 - 360, p.x - 300}) {
    const std::int64_t width = left == p.x - 300 ? 1'200'000 : 1000;
    const Affine source{size, 0, left, 0, -size, p.y + 0.1};
    const Lattice lattice(output, Crs::parse("EPSG:4326"), source, width);
    const auto origin = lattice.origin_of(Crs::parse("EPSG:4326"), source, width);
    ASSERT_TRUE(origin) << left;
    const TileCoordinates t = lattice.tables({32, 50, 32, 1}, false);
    const std::size_t segment = std::size_t(18 / t.spacing);
    const double column =
        number(at(t.centres[segment].u, 18 % t.spacing - t.spacing / 2) - edge_tolerance_q32) -
        double(origin->left);
    EXPECT_NEAR(column, std::remainder(p.x - left, 360) / size + (width > 1000 ? 360 / size : 0),
                1e-6)
        << left;
  }
}

TEST(Lattice, LeavesOutPlacesTooFarAwayToCount) {
  // A gnomonic source: towards its horizon coordinates grow beyond every raster.
  const GeoBox output = box("EPSG:4326", 0.0001, 89.9, 0.02, 600, 400);
  const Lattice lattice(output, Crs::parse("+proj=gnom +lat_0=0 +lon_0=0 +datum=WGS84"),
                        {0.5, 0, 0, 0, -0.5, 0});
  const TileCoordinates t = lattice.tables({0, 0, 512, 400}, true);
  for (std::size_t i = 0; i < t.centres.size(); ++i)
    for (int k = -t.spacing / 2; k <= t.spacing / 2; ++k) {
      const std::int64_t u = at(t.centres[i].u, k) >> 32;
      ASSERT_TRUE(u < (std::int64_t(1) << 30) && u >= -(std::int64_t(1) << 29)) << u;
    }
}

TEST(Lattice, CoversWithItsFootprintWhatTheTablesPointAt) {
  const GeoBox output = box("EPSG:32718", 30, 700000, 6800000, 1500, 1500);
  const Lattice lattice(output, Crs::parse("EPSG:32619"), {30, 0, 200015, 0, -30, -3200015});
  for (const PixelWindow w :
       {PixelWindow{0, 0, 512, 512}, {512, 1024, 256, 32}, {1024, 512, 476, 300}}) {
    const PixelWindow f = lattice.footprint(w);
    const TileCoordinates t = lattice.tables(w, true);
    for (std::int64_t y = 0; y < w.height; ++y)
      for (std::int64_t x = 0; x < w.width; ++x) {
        const BoxSegment& b = t.boxes[std::size_t(y * t.segments + x / t.spacing)];
        const int k = int(x % t.spacing) - t.spacing / 2;
        const std::int64_t u = at(b.u, k) >> 32, v = at(b.v, k) >> 32;
        ASSERT_TRUE(u - 2 >= f.x && u + 3 < f.x + f.width && v - 2 >= f.y &&
                    v + 3 < f.y + f.height);
      }
  }
}

TEST(Lattice, LeavesOutWhatCannotBeProjected) {
  // Beyond the disc of a geostationary view nothing projects.
  const GeoBox output = {Crs::parse("+proj=geos +h=35785831 +lon_0=0 +datum=WGS84"),
                         {20000, 0, -6000000, 0, -20000, 6000000},
                         600,
                         600};
  const Lattice lattice(output, Crs::parse("EPSG:4326"), {0.1, 0, -180, 0, -0.1, 90});
  const TileCoordinates t = lattice.tables({0, 0, 512, 512}, false);
  ASSERT_EQ(t.spacing, 1);
  EXPECT_EQ(t.centres[0].u.a, nowhere_q32);
  EXPECT_NE(t.centres[std::size_t(300 * t.segments + 300)].u.a, nowhere_q32);
}

TEST(ScaledLattice, IsTheLatticeOfTheOverview) {
  const GeoBox output = box("EPSG:32719", 75, 200000, -3000000, 700, 600);
  const Crs crs = Crs::parse("EPSG:32718");
  const Affine raster{30, 0, 760015, 0, -30, -2990005};
  const GeoBox overview = GeoBox{crs, raster, 1001, 803}.resized(501, 401);
  const Lattice full(output, crs, raster);
  const Lattice own(output, crs, overview.transform);
  const Lattice::Origin at = *full.origin_of(crs, raster);
  const Lattice::Origin zero = *own.origin_of(crs, overview.transform);
  Lattice::Scaling scaling{501 / 1001., 401 / 803., 0, 0};
  scaling.left = -double(at.left) * scaling.columns, scaling.top = -double(at.top) * scaling.rows;
  const Lattice scaled(full, scaling);
  EXPECT_FALSE(scaled.origin_of(crs, raster));
  EXPECT_EQ(full.operation(), scaled.operation());
  EXPECT_LE(scaled.largest_error(), Lattice::error_limit);
  const PixelWindow window{32, 64, 320, 200};
  const TileCoordinates a = scaled.tables(window, true), b = own.tables(window, true);
  ASSERT_EQ(b.spacing, a.spacing);
  for (std::size_t i = 0; i < a.centres.size(); ++i) {
    EXPECT_NEAR(number(at_middle(b.centres[i].u)) - double(zero.left),
                number(at_middle(a.centres[i].u)), 2e-7);
    EXPECT_NEAR(number(at_middle(b.centres[i].v)) - double(zero.top),
                number(at_middle(a.centres[i].v)), 2e-7);
    EXPECT_NEAR(b.boxes[i].width[0], a.boxes[i].width[0], 2e-7);
  }
  const PixelWindow p = scaled.footprint(window), q = own.footprint(window);
  EXPECT_NEAR(double(q.x - zero.left), double(p.x), 1);
  EXPECT_NEAR(double(q.width), double(p.width), 1);
}

}  // namespace
}  // namespace cubemill
