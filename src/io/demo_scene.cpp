#include "io/demo_scene.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "io/demo_noise.hpp"

namespace cubemill::demo {
namespace {

constexpr double resolution = 30;
constexpr double row_overlap = 0.15, path_overlap = 0.30;  // shares of a scene's side
constexpr double tilt = 0.176;  // tan 10°: the orbit runs to the south-west
constexpr std::int64_t second = 1'000'000;
constexpr std::int64_t day = 86'400 * second;

std::string compact(Date date) {
  const CivilDate c = civil(date);
  char text[32];
  std::snprintf(text, sizeof text, "%04d%02d%02d", c.year, c.month, c.day);
  return text;
}

// The day of acquisition `k` of `count`. Paths come in pairs nine days apart; the first pair lies
// in the December before the year, the others are spread over the year, on the eight-day beat of
// the two satellites.
Date acquisition_date(int k, int count, int year) {
  const int pairs = (count + 1) / 2, pair = k / 2;
  const Date first = date_of({year - 1, 12, 10});
  if (pair > 0) {
    const double in_year = (pair - 0.5) * 348.0 / std::max(1, pairs - 1);
    return {first.days + 24 + 8 * std::int32_t(in_year / 8) + 9 * (k % 2)};
  }
  return {first.days + 9 * (k % 2)};
}

// A side near `size` that is no multiple of the block size.
std::int64_t side(Random& random, int size) {
  const std::int64_t length = size + random.integer(-size / 64, size / 64);
  return length % 256 == 0 ? length + 7 : length;
}

// The edge at or left of `value` whose distance from a multiple of 30 m is 15 m.
double snap(double value) { return std::floor((value - 15) / resolution) * resolution + 15; }

GeoBox scene_grid(const DemoScene& scene, const DemoOptions& options, Random& random) {
  const bool west = scene.path == 233, south = scene.row == 88;
  const double length = options.size * resolution;
  const double north = (south ? -1 : 1) * length * (1 - row_overlap) / 2;
  const double east = (west ? -1 : 1) * length * (1 - path_overlap) / 2 + tilt * north;
  Point centre = reference_origin();
  centre.x += east + double(random.integer(-options.size / 80, options.size / 80)) * resolution;
  centre.y += north + double(random.integer(-options.size / 80, options.size / 80)) * resolution;

  GeoBox grid;
  grid.crs = reference_crs();
  if (west && south) {  // the one whose centre lies in the next zone
    grid.crs = Crs::parse("EPSG:32618");
    Transformer(reference_crs(), grid.crs).forward(&centre.x, &centre.y, 1);
  }
  grid.width = side(random, options.size);
  grid.height = side(random, options.size);
  const double left = snap(centre.x - double(grid.width) * resolution / 2);
  const double top = snap(centre.y + double(grid.height) * resolution / 2);
  grid.transform = {resolution, 0, left, 0, -resolution, top};
  return grid;
}

DemoScene plan_scene(int index, int acquisitions, const DemoOptions& options) {
  DemoScene scene;
  const int k = index / 2;
  scene.acquisition = k;
  scene.path = k % 2 == 0 ? 233 : 232;
  scene.row = index % 2 == 0 ? 87 : 88;
  scene.seed = derive(options.seed, 10, std::uint64_t(index));
  scene.weather = derive(options.seed, 11, std::uint64_t(k));

  Random sky(scene.weather);
  const double u = sky.uniform();
  scene.cloudiness = 0.02 + 0.62 * u * u;  // mostly fair, sometimes overcast
  const Date date = acquisition_date(k, acquisitions, options.year);
  const std::int64_t overpass =
      (14 * 3600 + 32 * 60 + sky.integer(0, 40)) * second + sky.integer(0, second - 1);
  scene.datetime.microseconds = date.days * day + overpass + (scene.row == 88 ? 23'900'000 : 0);
  scene.day_of_year = date.days - date_of({civil(date).year, 1, 1}).days + 1;

  const bool ninth = (date.days / 8) % 2 != 0;
  scene.platform = ninth ? "landsat-9" : "landsat-8";
  const std::string head = std::string(ninth ? "LC09" : "LC08") + "_L2SP_" +
                           std::to_string(scene.path) + "0" + std::to_string(scene.row) + "_" +
                           compact(date);
  scene.id = head + "_02_T1";
  scene.file_stem = head + "_" + compact({date.days + 8}) + "_02_T1";
  Random place(derive(scene.seed, 1));
  scene.grid = scene_grid(scene, options, place);
  return scene;
}

}  // namespace

Crs reference_crs() { return Crs::parse("EPSG:32619"); }

Point reference_origin() {
  static const Point origin = [] {
    Point p{reference_longitude, reference_latitude};
    Transformer(Crs::parse("EPSG:4326"), reference_crs()).forward(&p.x, &p.y, 1);
    return p;
  }();
  return origin;
}

std::vector<DemoScene> plan_scenes(const DemoOptions& options) {
  const int acquisitions = (options.scenes + 1) / 2;
  std::vector<DemoScene> scenes;
  scenes.reserve(std::size_t(options.scenes));
  for (int i = 0; i < options.scenes; ++i) scenes.push_back(plan_scene(i, acquisitions, options));
  return scenes;
}

std::vector<Point> footprint(const GeoBox& grid) {
  constexpr double cut = 0.155, slope = 0.045;
  const auto w = double(grid.width), h = double(grid.height);
  return {{w * cut, h * 0.004},
          {w * 0.998, h * slope},
          {w * (1 - cut), h * 0.996},
          {w * 0.002, h * (1 - slope)}};
}

}  // namespace cubemill::demo
