#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>

#include "cubemill/base/error.hpp"
#include "cubemill/plan/plan.hpp"

namespace cubemill {
namespace {

constexpr std::int64_t largest_side = 2'000'000;
constexpr std::int64_t largest_grid = std::int64_t(1)
                                      << 36;  // pixels: beyond any machine's disk with this output

/// A lattice of pixel corners: CRS, pixel size, and where a corner lies (0 <= x < rx).
struct Alignment {
  Crs crs;
  double rx = 0, ry = 0;
  double x = 0, y = 0;
};

double remainder_of(double value, double step) { return value - step * std::floor(value / step); }

// The raster whose grid speaks for a scene: its first band that is no flag band.
const RasterInfo& main_raster(const Survey& survey, const SurveyedScene& scene) {
  for (std::size_t i = 0; i < survey.inputs.size(); ++i)
    if (!survey.inputs[i].flags) return scene.inputs[i].info;
  return scene.inputs.front().info;
}

/// The alignment that most scenes share; the first one met where two are equal. Rotated grids have
/// none.
Alignment most_common(const Survey& survey) {
  std::map<std::tuple<std::string, double, double, double, double>, std::pair<int, Alignment>>
      votes;
  for (const SurveyedScene& s : survey.surveyed) {
    const GeoBox& g = main_raster(survey, s).grid;
    const Affine& t = g.transform;
    const double rx = std::hypot(t.a, t.d), ry = std::hypot(t.b, t.e);
    const Alignment a{g.crs, rx, ry, remainder_of(t.c, rx), remainder_of(t.f, ry)};
    auto& vote = votes[{g.crs.definition(), rx, ry, a.x, a.y}];
    ++vote.first;
    vote.second = a;
  }
  return std::max_element(
             votes.begin(), votes.end(),
             [](const auto& a, const auto& b) { return a.second.first < b.second.first; })
      ->second.second;
}

Box united(const Box& a, const Box& b) {
  return {std::min(a.left, b.left), std::min(a.bottom, b.bottom), std::max(a.right, b.right),
          std::max(a.top, b.top)};
}

Box union_of_scenes(const Survey& survey, const Crs& crs) {
  Box all{HUGE_VAL, HUGE_VAL, -HUGE_VAL, -HUGE_VAL};
  for (const SurveyedScene& s : survey.surveyed) {
    const GeoBox& g = main_raster(survey, s).grid;
    Box b = project_box(g.bounds(), g.crs, crs);
    if (crs.geographic() && std::isfinite(all.left)) {
      const double turn = 360 * std::round(((all.left + all.right) - (b.left + b.right)) / 720);
      b.left += turn, b.right += turn;
    }
    all = united(all, b);
  }
  return all;
}

// Snaps outwards, but not for the sake of rounding errors.
double down_to(double value, double origin, double step) {
  const double n = (value - origin) / step;
  return origin + step * (std::fabs(n - std::rint(n)) < 1e-6 ? std::rint(n) : std::floor(n));
}

GeoBox snapped(const Box& b, const Alignment& a) {
  const double left = down_to(b.left, a.x, a.rx), right = -down_to(-b.right, -a.x, a.rx);
  const double bottom = down_to(b.bottom, a.y, a.ry), top = -down_to(-b.top, -a.y, a.ry);
  GeoBox g{a.crs, {a.rx, 0, left, 0, -a.ry, top}, 0, 0};
  g.width = std::max<std::int64_t>(1, std::llround((right - left) / a.rx));
  g.height = std::max<std::int64_t>(1, std::llround((top - bottom) / a.ry));
  return g;
}

GeoBox cropped(const GeoBox& like, Box b) {
  if (like.crs.geographic()) {  // on the turn of the globe that the raster is on
    const Box l = like.bounds();
    const double turn = 360 * std::round(((l.left + l.right) - (b.left + b.right)) / 720);
    b.left += turn, b.right += turn;
  }
  const Affine inverse = like.transform.inverse();
  double c0 = HUGE_VAL, c1 = -HUGE_VAL, r0 = HUGE_VAL, r1 = -HUGE_VAL;
  for (const double x : {b.left, b.right})
    for (const double y : {b.bottom, b.top}) {
      const Point p = inverse.apply(x, y);
      c0 = std::min(c0, p.x), c1 = std::max(c1, p.x), r0 = std::min(r0, p.y),
      r1 = std::max(r1, p.y);
    }
  const double left = std::max(0.0, down_to(c0, 0, 1)), top = std::max(0.0, down_to(r0, 0, 1));
  const double right = std::min(double(like.width), -down_to(-c1, 0, 1));
  const double bottom = std::min(double(like.height), -down_to(-r1, 0, 1));
  if (!(left < right && top < bottom))
    throw InvalidInput("--bbox does not touch the grid of --like");
  GeoBox g = like;
  const Point origin = like.transform.apply(left, top);
  g.transform.c = origin.x, g.transform.f = origin.y;
  g.width = std::int64_t(right - left), g.height = std::int64_t(bottom - top);
  return g;
}

Alignment asked_alignment(const Survey& survey, const GridRequest& asked) {
  const Alignment usual = most_common(survey);
  Alignment a = usual;
  bool same_lattice = true;
  if (!asked.crs.empty()) {
    a.crs = Crs::parse(asked.crs);
    same_lattice = a.crs.same(usual.crs);
    if (!same_lattice && a.crs.geographic() != usual.crs.geographic() && !asked.resolution)
      throw InvalidInput("--crs " + a.crs.name() + " has other units than the scenes (" +
                         usual.crs.name() + "): give --resolution too");
  }
  if (asked.resolution) {
    same_lattice =
        same_lattice && (*asked.resolution)[0] == usual.rx && (*asked.resolution)[1] == usual.ry;
    a.rx = (*asked.resolution)[0], a.ry = (*asked.resolution)[1];
  }
  switch (asked.anchor.kind) {
    case Anchor::Kind::automatic:
      if (!same_lattice) a.x = a.y = 0;
      break;
    case Anchor::Kind::edge:
      a.x = a.y = 0;
      break;
    case Anchor::Kind::center:
      a.x = a.rx / 2, a.y = a.ry / 2;
      break;
    case Anchor::Kind::point:
      a.x = remainder_of(asked.anchor.x, a.rx), a.y = remainder_of(asked.anchor.y, a.ry);
      break;
  }
  return a;
}

void check_size(const GeoBox& g) {
  if (g.width <= largest_side && g.height <= largest_side && g.pixels() <= largest_grid) return;
  throw InvalidInput(
      "the output grid would be " + std::to_string(g.width) + " x " + std::to_string(g.height) +
      " pixels, too large to be meant: check --bbox, --crs and --resolution (units of " +
      g.crs.name() + ")");
}

}  // namespace

GeoBox choose_grid(const Survey& survey, const Recipe& recipe, const GeoBox* like) {
  std::optional<Box> area;
  const Crs target = like ? like->crs : asked_alignment(survey, recipe.grid).crs;
  if (recipe.bbox) area = project_box(*recipe.bbox, Crs::parse(recipe.bbox_crs), target);
  if (like) {
    const GeoBox g = area ? cropped(*like, *area) : *like;
    check_size(g);
    return g;
  }
  const Alignment alignment = asked_alignment(survey, recipe.grid);
  const Box box = area ? *area : union_of_scenes(survey, alignment.crs);
  const double columns = (box.right - box.left) / alignment.rx,
               rows = (box.top - box.bottom) / alignment.ry;
  if (!(columns < double(largest_side) * 10 && rows < double(largest_side) * 10))
    throw InvalidInput(
        "the output grid would be about " + std::to_string(std::int64_t(std::min(columns, 1e15))) +
        " x " + std::to_string(std::int64_t(std::min(rows, 1e15))) +
        " pixels, too large to be meant: check --bbox, --crs and --resolution (units of " +
        alignment.crs.name() + ")");
  const GeoBox g = snapped(box, alignment);
  check_size(g);
  return g;
}

}  // namespace cubemill
