#include <algorithm>
#include <cmath>

#include "cubemill/base/error.hpp"
#include "plan/plan_parts.hpp"

namespace cubemill {
namespace {

std::size_t lattice_for(Plan& plan, const GeoBox& source, Lattice::Origin& origin) {
  for (std::size_t i = 0; i < plan.lattices.size(); ++i)
    if (const auto found =
            plan.lattices[i]->origin_of(source.crs, source.transform, source.width)) {
      origin = *found;
      return i;
    }
  plan.lattices.push_back(
      std::make_unique<Lattice>(plan.grid, source.crs, source.transform, source.width));
  origin = plan.lattices.back()->origin_of(source.crs, source.transform, source.width).value();
  return plan.lattices.size() - 1;
}

// The lattice of an overview: that of its raster, scaled. `raster` is where the raster lies in it.
std::size_t lattice_for(Plan& plan, const SceneInput& in, std::size_t of,
                        const Lattice::Origin& raster, Lattice::Origin& origin) {
  Lattice::Scaling s;
  s.columns = double(in.info.grid.width) / double(in.finer.front().width);
  s.rows = double(in.info.grid.height) / double(in.finer.front().height);
  // The origin is split into whole pixels of the overview and the rest, which is the lattice's own.
  const auto split = [](std::int64_t at, double scale, std::int64_t& whole) {
    const double pixels = double(at) * scale;
    whole = std::int64_t(std::floor(pixels + 1e-9));
    return double(whole) - pixels;
  };
  s.left = split(raster.left, s.columns, origin.left);
  s.top = split(raster.top, s.rows, origin.top);
  for (std::size_t i = 0; i < plan.lattices.size(); ++i)
    if (plan.lattices[i]->scaled_from() == plan.lattices[of].get() &&
        plan.lattices[i]->scaling() == s)
      return i;
  plan.lattices.push_back(std::make_unique<Lattice>(*plan.lattices[of], s));
  return plan.lattices.size() - 1;
}

// Bands of one scene may have other pixel sizes, but must cover the same ground to a pixel of the
// coarser one.
void check_same_ground(const Scene& scene, const SceneInput& a, const SceneInput& b) {
  const auto disagree = [&](const std::string& what) {
    throw InvalidInput(scene.id + ": the grids of assets '" + a.asset + "' and '" + b.asset +
                       "' disagree (" + what + "): " + a.href + ", " + b.href);
  };
  const GeoBox p = a.full_grid(), q = b.full_grid();
  if (!p.crs.same(q.crs)) disagree(p.crs.name() + " and " + q.crs.name());
  const Box s = p.bounds(), t = q.bounds();
  const double pixel = std::max(
      {std::hypot(p.transform.a, p.transform.d), std::hypot(p.transform.b, p.transform.e),
       std::hypot(q.transform.a, q.transform.d), std::hypot(q.transform.b, q.transform.e)});
  const double off = std::max({std::fabs(s.left - t.left), std::fabs(s.right - t.right),
                               std::fabs(s.top - t.top), std::fabs(s.bottom - t.bottom)});
  if (off > pixel * 1.0001)
    disagree("their corners are up to " + std::to_string(off / pixel) + " pixels apart");
}

}  // namespace

void place_scenes(Plan& plan, const Survey& survey) {
  for (std::size_t i = 0; i < survey.surveyed.size(); ++i) {
    const SurveyedScene& s = survey.surveyed[i];
    PlannedScene planned{i, {}, flag_cover(survey.inputs, s)};
    for (std::size_t k = 0; k < s.inputs.size(); ++k) {
      const SceneInput& in = s.inputs[k];
      if (k > 0) check_same_ground(survey.scenes[s.scene], s.inputs[0], in);
      PlannedInput p;
      p.lattice = lattice_for(plan, in.full_grid(), p.origin);
      if (!in.finer.empty()) {
        const Lattice::Origin raster = p.origin;
        p.lattice = lattice_for(plan, in, p.lattice, raster, p.origin);
      }
      const StorageChoice choice = choose_storage(in.info.type, in.numbers, in.valid_range);
      p.storage = choice.storage, p.key = choice.key;
      planned.inputs.push_back(p);
    }
    if (planned.cover) {  // flags are brought to the grid of the bands
      const PlannedInput& band = planned.inputs[planned.cover->input];
      planned.inputs[0].lattice = band.lattice, planned.inputs[0].origin = band.origin;
    }
    plan.scenes.push_back(std::move(planned));
  }
}

}  // namespace cubemill
