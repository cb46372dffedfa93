// Sampling as the pass does it, eight pixels at a time: every resampling method and the QA classes,
// in four positions of the grids to each other. Rival: the element functions in a loop of one pixel
// after the other (for mode, a map from value to area), whose values ours must equal to the bit.
#include <cmath>
#include <cstring>
#include <map>
#include <string>

#include "cubemill/backend/mode.hpp"
#include "cubemill/pixel/qa_rule.hpp"
#include "cubemill/pixel/sample.hpp"
#include "in_turns.hpp"
#include "pass_scene.hpp"

namespace {

using namespace cubemill;
using namespace cubemill::bench;

constexpr unsigned all_eights = 15;

struct Place {
  std::size_t segment;
  std::int32_t k;
};
Place place_of(const CoordinateView& where, std::int64_t x, std::int64_t y) {
  return {std::size_t(y * where.segments + x / where.spacing),
          std::int32_t(x % where.spacing) - where.spacing / 2};
}

template <Resampling M>
double one_value(const BandGroup& g, int band, const Place& p) {
  if constexpr (M == Resampling::average)
    return sample_box<Storage::u16>(g.where.boxes[p.segment], p.k, g.where.left, g.where.top,
                                    g.window[band]);
  else
    return sample_point<Storage::u16, M>(g.where.centres[p.segment], p.k, g.where.left, g.where.top,
                                         g.window[band]);
}

template <>
double one_value<Resampling::mode>(const BandGroup& g, int band, const Place& p) {
  const BoxSegment& s = g.where.boxes[p.segment];
  const BoxSide x = box_side(s.u, s.width, p.k), y = box_side(s.v, s.height, p.k);
  std::map<double, double> areas;
  for (int r = 0; r < taps(y.end); ++r)
    for (int c = 0; c < taps(x.end); ++c) {
      const double v = stored_value<Storage::u16>(g.window[band], x.base - g.where.left + c,
                                                  y.base - g.where.top + r);
      const double area = overlap(y.begin, y.end, double(r)) * overlap(x.begin, x.end, double(c));
      if (!is_missing(v) && area > 0) areas[v] += area;
    }
  double largest = 0;
  for (const auto& [value, area] : areas) largest = std::max(largest, area);
  for (const auto& [value, area] : areas)
    if (area > largest - edge_tolerance) return value;
  return missing();
}

/// One run, pixel by pixel.
template <Resampling M>
void one_by_one(const BandGroup& g, std::int64_t y, std::int32_t x, RunValues& values) {
  for (int i = 0; i < run_length; ++i)
    for (int b = 0; b < g.bands; ++b)
      values[g.slot[b]][i] =
          one_value<M>(g, b, place_of(g.where, x + i, y)) * g.scale[b] + g.offset[b];
}

template <Resampling M>
void eight_by_eight(const BandGroup& g, std::int64_t y, std::int32_t x, RunValues& values) {
  if constexpr (M == Resampling::mode)
    sample_mode(g, y, x, run_length, all_eights, values);
  else
    pass_kernels().sample(g, y, x, run_length, all_eights, values);
}

const PassScene& scene_of(Geometry geometry) {
  static std::map<Geometry, PassScene> made;
  return made.try_emplace(geometry, geometry).first->second;
}

template <class Action>
void each_run(std::int64_t edge, Action action) {
  for (std::int64_t y = 0; y < edge; ++y)
    for (std::int32_t x = 0; x < edge; x += run_length) action(y, x);
}

bool same_bits(const RunValues& a, const RunValues& b, int slots) {
  for (int s = 0; s < slots; ++s)
    for (int i = 0; i < run_length; ++i)
      if (!(is_missing(a[s][i]) && is_missing(b[s][i])) &&
          std::memcmp(&a[s][i], &b[s][i], sizeof(double)) != 0)
        return false;
  return true;
}

template <Resampling M>
bool agree(const PassScene& scene, const BandGroup& group) {
  bool same = true;
  each_run(scene.edge, [&](std::int64_t y, std::int32_t x) {
    RunValues ours, rivals;
    eight_by_eight<M>(group, y, x, ours);
    one_by_one<M>(group, y, x, rivals);
    same &= same_bits(ours, rivals, group.bands);
  });
  return same;
}

double most_taps(Resampling method) {
  switch (method) {
    case Resampling::nearest:
      return 1;
    case Resampling::bilinear:
      return 2;
    case Resampling::cubic:
      return 4;
    default:
      return HUGE_VAL;  // all under the output pixel
  }
}

template <Resampling M>
void sample(benchmark::State& state, Geometry geometry) {
  const PassScene& scene = scene_of(geometry);
  const BandGroup group = scene.group(M);
  if (!agree<M>(scene, group)) return state.SkipWithError("not the bits of the element functions");
  alignas(64) RunValues values;
  const Work work{scene.edge * scene.edge * group.bands,
                  2.0 * group.bands * scene.source_pixels(most_taps(M)) + scene.table_bytes(M)};
  const auto run = [&](auto action) {
    each_run(scene.edge, [&](std::int64_t y, std::int32_t x) {
      action(group, y, x, values);
      benchmark::DoNotOptimize(values);
    });
  };
  in_turns(
      state, work, [&] { run(eight_by_eight<M>); }, [&] { run(one_by_one<M>); });
}

// ---- classes
// ---------------------------------------------------------------------------------------

void classes_one_by_one(const CoordinateView& where, const WindowView& window, std::int64_t y,
                        std::int32_t width, std::uint8_t* classes) {
  for (std::int32_t x = 0; x < width; ++x) {
    const Place p = place_of(where, x, y);
    const CentreSegment& s = where.centres[p.segment];
    const std::int64_t col = (at(s.u, p.k) >> 32) - where.left,
                       row = (at(s.v, p.k) >> 32) - where.top;
    classes[x] =
        window.contains(col, row) ? *window.at<std::uint8_t>(col, row) : std::uint8_t(qa_missing);
  }
}

void sample_classes(benchmark::State& state, Geometry geometry) {
  const PassScene& scene = scene_of(geometry);
  const CoordinateView where = scene.where();
  const WindowView window = scene.classes();
  std::vector<std::uint8_t> ours(std::size_t(scene.edge * scene.edge)), rivals(ours.size());
  const auto run = [&](auto action, std::vector<std::uint8_t>& to) {
    for (std::int64_t y = 0; y < scene.edge; ++y)
      action(where, window, y, std::int32_t(scene.edge), &to[std::size_t(y * scene.edge)]);
    benchmark::DoNotOptimize(to.data());
    benchmark::ClobberMemory();
  };
  run(pass_kernels().sample_classes, ours);
  run(classes_one_by_one, rivals);
  if (ours != rivals) return state.SkipWithError("not the classes of the nearest pixels");
  const Work work{scene.edge * scene.edge, scene.source_pixels(1) + double(ours.size()) +
                                               scene.table_bytes(Resampling::nearest)};
  in_turns(
      state, work, [&] { run(pass_kernels().sample_classes, ours); },
      [&] { run(classes_one_by_one, rivals); });
}

const bool registered = [] {
  for (const Geometry geometry :
       {Geometry::shift, Geometry::other_zone, Geometry::coarser_2, Geometry::coarser_33}) {
    const auto add = [&](const std::string& name, void (*function)(benchmark::State&, Geometry)) {
      benchmark::RegisterBenchmark((name + "/" + geometry_names[int(geometry)]).c_str(), function,
                                   geometry)
          ->UseManualTime()
          ->Unit(benchmark::kMillisecond);
    };
    add("sample/nearest", sample<Resampling::nearest>);
    add("sample/bilinear", sample<Resampling::bilinear>);
    add("sample/cubic", sample<Resampling::cubic>);
    add("sample/average", sample<Resampling::average>);
    add("sample/mode", sample<Resampling::mode>);
    add("sample_classes", sample_classes);
  }
  return true;
}();

}  // namespace
