#include "io/demo_pixels.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "io/demo_noise.hpp"
#include "io/demo_sky.hpp"

namespace cubemill::demo {
namespace {

// QA_PIXEL values as they occur in Collection 2 files (Landsat 8-9 Collection 2 Level 2 data format
// control book, table 6-3): flag bits with the confidences that come with them.
namespace qa {
constexpr std::uint16_t fill = 1, clear = 21824, water = 21952, snow = 30048, cirrus = 54596;
constexpr std::uint16_t cloud = 22280, cloud_over_shadow = 24344, cloud_and_cirrus = 55052,
                        cloud_unsure = 22080;
constexpr std::uint16_t dilated = 21826, dilated_water = 21890, shadow = 23888,
                        shadow_water = 23952;
constexpr std::uint16_t cloud_bit = 1U << 3;
}  // namespace qa

// The sun stands in the north-east: a pixel lies in the shadow of the cloud this many pixels up and
// to the right.
constexpr int shadow_columns = 19, shadow_rows = 13;
constexpr float rim = 0.055F;  // thickness of the dilated rim of a cloud

// Ground positions of the pixel centres of a scene: straight lines between nodes every 32 pixels.
// In another zone than the reference that is right to a centimetre.
class GroundPositions {
 public:
  explicit GroundPositions(const GeoBox& grid) : columns_(grid.width / step + 2) {
    const std::int64_t rows = (grid.height + shadow_rows) / step + 2;
    for (std::int64_t j = 0; j < rows; ++j)
      for (std::int64_t i = 0; i < columns_; ++i) {
        const Point p =
            grid.transform.apply(double(i * step) + 0.5, double(j * step - shadow_rows) + 0.5);
        x_.push_back(p.x), y_.push_back(p.y);
      }
    if (!grid.crs.same(reference_crs()))
      Transformer(grid.crs, reference_crs()).forward(x_.data(), y_.data(), x_.size());
  }

  /// `row` from -shadow_rows on: clouds are asked for above the scene too.
  Point at(std::int64_t column, std::int64_t row) const {
    const std::int64_t i = column / step, j = (row + shadow_rows) / step;
    const double fx = double(column % step) / step, fy = double((row + shadow_rows) % step) / step;
    const auto k = std::size_t(j * columns_ + i), below = k + std::size_t(columns_);
    const auto blend = [&](const std::vector<double>& v) {
      const double top = v[k] + fx * (v[k + 1] - v[k]),
                   bottom = v[below] + fx * (v[below + 1] - v[below]);
      return top + fy * (bottom - top);
    };
    return {blend(x_) - origin_.x, blend(y_) - origin_.y};
  }

 private:
  static constexpr std::int64_t step = 32;
  std::int64_t columns_;
  std::vector<double> x_, y_;
  Point origin_ = reference_origin();
};

// The first and last + 1 column of the footprint in a row.
class Footprint {
 public:
  explicit Footprint(const GeoBox& grid) : corners_(footprint(grid)), width_(grid.width) {}

  std::pair<std::int64_t, std::int64_t> columns(std::int64_t row) const {
    const double y = double(row) + 0.5;
    double left = HUGE_VAL, right = -HUGE_VAL;
    for (std::size_t i = 0; i < 4; ++i) {
      const Point a = corners_[i], b = corners_[(i + 1) % 4];
      if ((a.y <= y) == (b.y <= y)) continue;
      const double x = a.x + (y - a.y) / (b.y - a.y) * (b.x - a.x);
      left = std::min(left, x), right = std::max(right, x);
    }
    if (!(left < right)) return {0, 0};
    return {std::max<std::int64_t>(0, std::llround(left)),
            std::min(width_, std::int64_t(std::llround(right)))};
  }

 private:
  std::vector<Point> corners_;
  std::int64_t width_;
};

// What the sky does to a pixel.
struct Weather {
  float cloud = -1;   // thickness here
  float caster = -1;  // thickness where a shadow here would come from
  bool cirrus = false;
};

std::uint16_t qa_code(const Weather& weather, Cover cover) {
  const bool water = cover == Cover::water;
  const bool shaded = weather.caster > 0;
  if (weather.cloud > 0) {
    if (weather.cirrus) return qa::cloud_and_cirrus;
    return shaded && weather.cloud < 0.08F ? qa::cloud_over_shadow : qa::cloud;
  }
  if (shaded) return water ? qa::shadow_water : qa::shadow;
  if (weather.cloud > -0.012F) return qa::cloud_unsure;
  if (weather.cloud > -rim) return water ? qa::dilated_water : qa::dilated;
  if (weather.cirrus) return qa::cirrus;
  if (water) return qa::water;
  return cover == Cover::snow ? qa::snow : qa::clear;
}

float through(float reflectance, const Weather& weather, float cloud_reflectance) {
  if (weather.cloud <= 0 && weather.caster > 0) reflectance *= 0.5F;
  const float haze =
      weather.cloud > -rim ? std::clamp(0.12F + 3.5F * weather.cloud, 0.02F, 0.98F) : 0.0F;
  reflectance += haze * (cloud_reflectance - reflectance);
  return weather.cirrus ? reflectance + 0.035F : reflectance;
}

std::uint16_t digital_number(float reflectance, float noise) {
  const float dn = (reflectance + 0.2F) / 2.75e-5F + 4.0F * noise;
  return std::uint16_t(std::clamp(dn, 1.0F, 65535.0F));
}

// Squares of a value that real scenes hold here and there.
void spot(std::vector<std::uint16_t>& band, const DemoScene& scene, Random& random, int side,
          std::uint16_t value, std::vector<std::uint16_t>* other = nullptr) {
  const std::int64_t w = scene.grid.width, h = scene.grid.height;
  const std::int64_t left = random.integer(w / 4, 3 * w / 4),
                     top = random.integer(h / 4, 3 * h / 4);
  for (int y = 0; y < side; ++y)
    for (int x = 0; x < side; ++x) {
      const auto i = std::size_t((top + y) * w + left + x);
      band[i] = value;
      if (other) (*other)[i] = value;
    }
}

// Holes in one band where QA is clear, saturation, and dark pixels of negative reflectance. All lie
// inside the footprint.
void add_awkward_pixels(ScenePixels& pixels, const DemoScene& scene) {
  Random random(derive(scene.seed, 2));
  const std::int64_t count = std::max<std::int64_t>(6, scene.grid.pixels() / 200'000);
  for (std::int64_t i = 0; i < count; ++i) {
    spot(pixels.red, scene, random, 3, 0);
    spot(pixels.nir08, scene, random, 3, 0);
    spot(pixels.red, scene, random, 4, 0, &pixels.nir08);
    spot(pixels.red, scene, random, 1, 65535, &pixels.nir08);
    spot(pixels.red, scene, random, 2, 6500);
    spot(pixels.nir08, scene, random, 2, 7272);
  }
}

double percent_of_valid(const std::vector<std::uint16_t>& qa_pixel, std::uint16_t bit) {
  std::uint64_t valid = 0, set = 0;
  for (const std::uint16_t code : qa_pixel) {
    valid += code != qa::fill;
    set += code != qa::fill && (code & bit) != 0;
  }
  return valid ? 100.0 * double(set) / double(valid) : 0;
}

// Thickness of the clouds over a row and over the row that casts shadows on it; each row is
// computed once.
class CloudRows {
 public:
  CloudRows(const Sky& sky, const GroundPositions& positions, std::int64_t width)
      : sky_(sky), positions_(positions), width_(width), rows_(std::size_t(kept * pitch())) {
    for (std::int64_t row = -shadow_rows; row < 0; ++row) fill(row);
  }

  /// Computes `row`, the one after the last; `here` and `caster` are of this row then.
  void fill(std::int64_t row) {
    row_ = row;
    float* out = at(row);
    for (std::int64_t col = 0; col < pitch(); ++col) {
      const std::int64_t beyond = std::max<std::int64_t>(0, col - (width_ - 1));
      const Point p = positions_.at(col - beyond, row);
      out[col] = sky_.cloud(p.x + 30.0 * double(beyond), p.y);
    }
  }
  float here(std::int64_t col) const { return at(row_)[col]; }
  float caster(std::int64_t col) const { return at(row_ - shadow_rows)[col + shadow_columns]; }

 private:
  static constexpr std::int64_t kept = shadow_rows + 1;

  std::int64_t pitch() const { return width_ + shadow_columns; }
  std::size_t offset(std::int64_t row) const { return std::size_t((row + kept) % kept * pitch()); }
  float* at(std::int64_t row) { return rows_.data() + offset(row); }
  const float* at(std::int64_t row) const { return rows_.data() + offset(row); }

  const Sky& sky_;
  const GroundPositions& positions_;
  std::int64_t width_;
  std::int64_t row_ = 0;
  std::vector<float> rows_;
};

}  // namespace

ScenePixels render(const DemoScene& scene, const Landscape& landscape) {
  const std::int64_t w = scene.grid.width, h = scene.grid.height;
  const auto size = std::size_t(w * h);
  ScenePixels out{std::vector<std::uint16_t>(size, 0), std::vector<std::uint16_t>(size, 0),
                  std::vector<std::uint16_t>(size, qa::fill)};
  const GroundPositions positions(scene.grid);
  const Footprint inside(scene.grid);
  const Sky sky(scene.weather, scene.cloudiness, double(std::max(w, h)) * 30 * 2);
  const Season season(scene.day_of_year);
  CloudRows clouds(sky, positions, w);

  for (std::int64_t row = 0; row < h; ++row) {
    clouds.fill(row);
    const auto [first, last] = inside.columns(row);
    for (std::int64_t col = first; col < last; ++col) {
      const Point p = positions.at(col, row);
      const Surface surface = season.surface(landscape.at(p.x, p.y));
      const Weather weather{clouds.here(col), clouds.caster(col), sky.cirrus(p.x, p.y)};
      const auto i = std::size_t(row * w + col);
      const std::uint64_t noise = derive(scene.seed, 3, i);
      out.qa_pixel[i] = qa_code(weather, surface.cover);
      out.red[i] = digital_number(through(surface.red, weather, 0.68F), normal(noise));
      out.nir08[i] = digital_number(through(surface.nir, weather, 0.72F), normal(mix(noise)));
    }
  }
  out.cloud_cover = percent_of_valid(out.qa_pixel, qa::cloud_bit);
  add_awkward_pixels(out, scene);
  return out;
}

}  // namespace cubemill::demo
