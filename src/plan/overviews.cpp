#include "cubemill/plan/overviews.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <string>

namespace cubemill {
namespace {

/// Parts of a flag pixel that are taken for rounding of the georeference.
constexpr double sliver = 1e-6;
/// Projections stretch by some tenths of a percent: what is as little coarser still fits.
constexpr double stretch = 1.01;

struct AxisMap {
  double scale = 1, offset = 0;
};
struct GridMap {
  AxisMap columns, rows;
};

// Pixels of `from` in pixels of `to`; nothing where rows of one do not run along rows of the other.
std::optional<GridMap> map_between(const GeoBox& from, const GeoBox& to) {
  if (!from.crs.same(to.crs)) return {};
  const Affine &s = from.transform, inverse = to.transform.inverse();
  const Affine m{inverse.a * s.a + inverse.b * s.d, inverse.a * s.b + inverse.b * s.e, 0,
                 inverse.d * s.a + inverse.e * s.d, inverse.d * s.b + inverse.e * s.e, 0};
  const bool turned =
      std::fabs(m.b) * double(from.height) > sliver || std::fabs(m.d) * double(from.width) > sliver;
  if (turned || !(m.a > 0) || !(m.e > 0)) return {};
  // The difference of the corners is small where both are large.
  const double x = s.c - to.transform.c, y = s.f - to.transform.f;
  return GridMap{{m.a, inverse.a * x + inverse.b * y}, {m.e, inverse.d * x + inverse.e * y}};
}

bool same_grid(const GeoBox& a, const GeoBox& b) {
  if (a.width != b.width || a.height != b.height) return false;
  const auto map = map_between(a, b);
  const auto close = [](const AxisMap& m, std::int64_t size) {
    return std::fabs(m.offset) < sliver && std::fabs((m.scale - 1) * double(size)) < sliver;
  };
  return map && close(map->columns, a.width) && close(map->rows, a.height);
}

// How many pixels an overview has put into one: its size is rounded, so the ratio of sizes is that
// number only about.
double factor_of(std::int64_t full, std::int64_t overview) {
  const double ratio = double(full) / double(overview), whole = std::round(ratio);
  return std::fabs(double(full) / whole - double(overview)) < 1 ? whole : ratio;
}

/// Pixels of a source grid that an output pixel is wide and high.
struct Reach {
  double columns = 0, rows = 0;
};

/// Measures output pixels in the middle of rasters.
class OutputPixels {
 public:
  explicit OutputPixels(const GeoBox& output) : output_(output) {}

  // Nothing fits where the raster's middle does not project.
  Reach in(const GeoBox& raster) {
    Transformers* const t = raster.crs.same(output_.crs) ? nullptr : &between(raster.crs);
    Point middle = raster.transform.apply(double(raster.width) / 2, double(raster.height) / 2);
    if (t) t->to_output.forward(&middle.x, &middle.y, 1);
    const Affine to_pixel = output_.transform.inverse();
    const Point at = to_pixel.apply(middle.x, middle.y);
    const auto source = [&](double column, double row) {
      Point p = output_.transform.apply(column, row);
      if (t) t->to_source.forward(&p.x, &p.y, 1);
      return p;
    };
    const Point p = source(at.x, at.y), right = source(at.x + 1, at.y),
                down = source(at.x, at.y + 1);
    const Affine inverse = raster.transform.inverse();
    const auto step = [&](const Point& to) {
      double x = to.x - p.x;
      const double y = to.y - p.y;
      if (raster.crs.geographic()) x -= 360 * std::round(x / 360);
      return Point{inverse.a * x + inverse.b * y, inverse.d * x + inverse.e * y};
    };
    const Point r = step(right), d = step(down);
    const Reach reach{std::hypot(r.x, d.x), std::hypot(r.y, d.y)};
    return std::isfinite(reach.columns) && std::isfinite(reach.rows) ? reach : Reach{};
  }

 private:
  struct Transformers {
    Transformer to_output, to_source;
  };
  Transformers& between(const Crs& crs) {
    const auto known = transformers_.find(crs.wkt());
    if (known != transformers_.end()) return known->second;
    return transformers_
        .emplace(crs.wkt(),
                 Transformers{Transformer(crs, output_.crs), Transformer(output_.crs, crs)})
        .first->second;
  }

  const GeoBox& output_;
  std::map<std::string, Transformers> transformers_;
};

/// The levels of one scene.
class SceneLevels {
 public:
  SceneLevels(const std::vector<Input>& inputs, const SurveyedScene& scene)
      : inputs_(inputs), scene_(scene) {
    for (std::size_t i = 0; i < inputs.size(); ++i)
      if (inputs[i].overviews) bands_.push_back(i);
  }

  std::vector<std::size_t> choose(OutputPixels& output) const {
    std::vector<std::size_t> levels(inputs_.size());
    const bool any = std::any_of(bands_.begin(), bands_.end(), [&](std::size_t i) {
      return !scene_.inputs[i].info.overviews.empty();
    });
    if (!any || !flags_fit()) return levels;
    const RasterInfo& first = scene_.inputs[bands_.front()].info;
    const Reach reach = output.in(first.grid);
    for (std::size_t level = first.overviews.size() + 1; level-- > 0;) {
      const RasterInfo at = info_at_level(first, level);
      if (factor_of(first.grid.width, at.grid.width) > reach.columns * stretch ||
          factor_of(first.grid.height, at.grid.height) > reach.rows * stretch)
        continue;
      if (all_on(at.grid, levels)) return levels;
    }
    return std::vector<std::size_t>(inputs_.size());
  }

 private:
  // Whether flags can be brought to the grids of all bands.
  bool flags_fit() const {
    if (!inputs_.front().flags) return true;
    const GeoBox& flags = scene_.inputs.front().info.grid;
    return std::all_of(bands_.begin(), bands_.end(), [&](std::size_t i) {
      return map_between(scene_.inputs[i].info.grid, flags).has_value();
    });
  }

  bool all_on(const GeoBox& grid, std::vector<std::size_t>& levels) const {
    return std::all_of(bands_.begin(), bands_.end(), [&](std::size_t i) {
      const RasterInfo& info = scene_.inputs[i].info;
      for (levels[i] = 0; levels[i] <= info.overviews.size(); ++levels[i])
        if (same_grid(info_at_level(info, levels[i]).grid, grid)) return true;
      return false;
    });
  }

  const std::vector<Input>& inputs_;
  const SurveyedScene& scene_;
  std::vector<std::size_t> bands_;
};

OverviewAxis axis_of(const SceneInput& input, std::int64_t RasterSize::*side, std::int64_t own,
                     const AxisMap& map) {
  OverviewAxis axis{{own}, map.scale, map.offset};
  for (auto finer = input.finer.rbegin(); finer != input.finer.rend(); ++finer)
    axis.sizes.push_back((*finer).*side);
  return axis;
}

void add(std::vector<OverviewAxis>& axes, OverviewAxis axis) {
  if (std::find(axes.begin(), axes.end(), axis) == axes.end()) axes.push_back(std::move(axis));
}

}  // namespace

PixelRange flags_under(const OverviewAxis& axis, PixelRange pixels) {
  for (std::size_t i = 1; i < axis.sizes.size(); ++i) {
    const std::int64_t coarse = axis.sizes[i - 1], fine = axis.sizes[i];
    pixels = {pixels.first * fine / coarse, (pixels.last * fine + coarse - 1) / coarse};
  }
  return {std::int64_t(std::floor(double(pixels.first) * axis.scale + axis.offset + sliver)),
          std::int64_t(std::ceil(double(pixels.last) * axis.scale + axis.offset - sliver))};
}

PixelRange flags_under(const std::vector<OverviewAxis>& axes, PixelRange pixels) {
  PixelRange all = flags_under(axes.front(), pixels);
  for (std::size_t i = 1; i < axes.size(); ++i) {
    const PixelRange one = flags_under(axes[i], pixels);
    all = {std::min(all.first, one.first), std::max(all.last, one.last)};
  }
  return all;
}

std::optional<FlagCover> flag_cover(const std::vector<Input>& inputs, const SurveyedScene& scene) {
  if (!inputs.front().flags || inputs.front().method != Resampling::nearest) return {};
  FlagCover cover;
  for (std::size_t i = inputs.size(); i-- > 1;) {
    const SceneInput& in = scene.inputs[i];
    if (!inputs[i].overviews) continue;
    const auto map = map_between(in.full_grid(), scene.inputs.front().info.grid);
    if (!map) return {};
    cover.input = i;
    add(cover.columns, axis_of(in, &RasterSize::width, in.info.grid.width, map->columns));
    add(cover.rows, axis_of(in, &RasterSize::height, in.info.grid.height, map->rows));
  }
  const bool read = std::any_of(scene.inputs.begin(), scene.inputs.end(),
                                [](const SceneInput& in) { return !in.finer.empty(); });
  if (!read) return {};
  return cover;
}

std::vector<std::vector<std::size_t>> choose_levels(const Survey& survey, const GeoBox& output) {
  OutputPixels pixels(output);
  std::vector<std::vector<std::size_t>> levels;
  for (const SurveyedScene& scene : survey.surveyed)
    levels.push_back(SceneLevels(survey.inputs, scene).choose(pixels));
  return levels;
}

void set_level(SceneInput& input, std::size_t level) {
  std::vector<RasterSize> finer;
  if (level > 0) finer.push_back({input.info.grid.width, input.info.grid.height});
  for (std::size_t i = 0; i + 1 < level; ++i)
    finer.push_back({input.info.overviews[i].width, input.info.overviews[i].height});
  input.info = info_at_level(input.info, level);
  input.finer = std::move(finer);
}

}  // namespace cubemill
