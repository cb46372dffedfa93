#include "exec/report_parts.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>

#include "cubemill/base/secrets.hpp"
#include "cubemill/io/href.hpp"
#include "exec/report_text.hpp"

namespace cubemill {
namespace {

Json number_or_null(const std::optional<double>& v) {
  if (!v) return nullptr;
  if (std::isnan(*v)) return "nan";
  return *v;
}

/// What an order of work was estimated to cost; null: it was not looked at.
Json order_cost_json(const OrderCost& cost) {
  if (!cost.looked_at) return nullptr;
  return {{"fits", cost.fits},
          {"seconds", cost.seconds},
          {"decoded_bytes", cost.decoded},
          {"spilled_bytes", cost.spilled},
          {"disk_bytes", cost.disk}};
}

}  // namespace

Json recipe_json(const CompositeRequest& r) {
  const auto open = [](std::vector<std::string> texts) {
    for (std::string& t : texts) t = without_secrets(t);
    return texts;
  };
  Json options = Json::object();
  for (const auto& [name, values] : r.options) options[name] = open(values);
  return {{"sources", open(r.recipe.sources)}, {"options", options}};
}

Json places_json(const Survey& survey) {
  std::map<std::string, std::size_t> assets;
  for (const SurveyedScene& s : survey.surveyed) {
    std::set<std::string> hrefs;  // a file may be several inputs
    for (const SceneInput& in : s.inputs)
      if (hrefs.insert(in.href).second) ++assets[place_of(in.href)];
  }
  Json list = Json::array();
  for (const auto& [place, count] : assets) list.push_back({{"place", place}, {"assets", count}});
  return list;
}

Json skipped_json(const SkippedScene& s) {
  Json json = {{"item", s.item}, {"asset", s.asset}, {"href", s.href}, {"reason", s.reason}};
  if (!s.failure.range.empty()) json["range"] = s.failure.range;
  if (s.failure.status) json["status"] = s.failure.status;
  if (s.failure.attempts) json["attempts"] = s.failure.attempts;
  return json;
}

SkippedScene skipped_from(const Json& json) {
  const auto words = [&](const char* key) { return json.value(key, std::string()); };
  return {words("item"),
          words("asset"),
          words("href"),
          words("reason"),
          {words("range"), json.value("status", 0), json.value("attempts", 0)}};
}

Json grid_json(const GeoBox& g) {
  const Affine& t = g.transform;
  return {{"crs", g.crs.definition()},
          {"transform", {t.a, t.b, t.c, t.d, t.e, t.f}},
          {"shape", {g.height, g.width}}};
}

const Scene& scene_of(const Survey& survey, const Plan& plan, std::size_t planned) {
  return survey.scenes[survey.surveyed[plan.scenes[planned].surveyed].scene];
}

Json scaling_json(const Survey& survey) {
  Json list = Json::array();
  for (std::size_t i = 0; i < survey.inputs.size(); ++i) {
    std::vector<std::pair<Json, std::size_t>> kinds;
    for (const SurveyedScene& s : survey.surveyed) {
      const SceneInput& in = s.inputs[i];
      Json entry = {{"band", survey.inputs[i].role},
                    {"asset", in.asset},
                    {"resampling", to_string(survey.inputs[i].method)},
                    {"nodata", number_or_null(in.numbers.nodata)}};
      if (!survey.inputs[i].flags) {
        entry["scale"] = *in.numbers.scale;
        entry["offset"] = *in.numbers.offset;
        entry["from"] = in.numbers_from;
        entry["valid_range"] =
            in.valid_range ? Json({in.valid_range->low, in.valid_range->high}) : Json(nullptr);
      }
      const auto known =
          std::find_if(kinds.begin(), kinds.end(), [&](const auto& k) { return k.first == entry; });
      if (known == kinds.end())
        kinds.emplace_back(std::move(entry), 1);
      else
        ++known->second;
    }
    for (auto& [entry, count] : kinds) {
      entry["scenes"] = count;
      list.push_back(std::move(entry));
    }
  }
  return list;
}

Json lattices_json(const Survey& survey, const Plan& plan) {
  Json list = Json::array();
  for (std::size_t l = 0; l < plan.lattices.size(); ++l) {
    std::size_t count = 0;
    const GeoBox* grid = nullptr;
    for (const PlannedScene& s : plan.scenes)
      for (std::size_t i = 0; i < s.inputs.size(); ++i)
        if (s.inputs[i].lattice == l && !(s.cover && survey.inputs[i].flags)) {
          grid = &survey.surveyed[s.surveyed].inputs[i].info.grid;
          ++count;
        }
    if (!grid) continue;  // only overviews of such rasters are read
    // Where pixel (0, 0) of the output lies between the corners of source pixels.
    const PixelWindow first{0, 0, 1, 1};
    Json shift = nullptr;
    if (plan.lattices[l]->spacing_at(first) > 0) {
      const auto t = plan.lattices[l]->tables(first, false);
      const CentreSegment& c = t.centres.front();
      const auto fraction = [](std::int64_t q) {
        const double f = double((q - edge_tolerance_q32 - half_q32) & (one_q32 - 1)) * 0x1p-32;
        return f > 1 - 1e-6 ? 0.0 : std::round(f * 1e6) / 1e6;
      };
      shift = {fraction(at(c.u, -t.spacing / 2)), fraction(at(c.v, -t.spacing / 2))};
    }
    list.push_back({{"crs", grid->crs.name()},
                    {"resolution",
                     {std::hypot(grid->transform.a, grid->transform.d),
                      std::hypot(grid->transform.b, grid->transform.e)}},
                    {"rasters", count},
                    {"operation", plan.lattices[l]->operation()},
                    {"offset_px", shift}});
  }
  return list;
}

namespace {

/// How an input of a scene is read.
struct Level {
  double pixel;        ///< in full times the whole number that was put into one
  std::size_t factor;  ///< that number; 1: in full
  auto operator<=>(const Level&) const = default;
};

Level level_of(const SceneInput& in) {
  const Affine& t = in.full_grid().transform;
  // The grid of full resolution is worked out of the overview's: without its rounding.
  const double pixel = std::stod(text("%.12g", std::hypot(t.a, t.d)));
  if (in.finer.empty()) return {pixel, 1};
  const auto factor =
      std::size_t(std::llround(double(in.finer.front().width) / double(in.info.grid.width)));
  return {pixel * double(factor), factor};
}

bool overviews_asked_for(const Survey& survey) {
  return std::any_of(survey.inputs.begin(), survey.inputs.end(),
                     [](const Input& i) { return i.overviews; });
}

std::string unit_of(const SceneInput& in) { return in.info.grid.crs.geographic() ? "°" : " m"; }

}  // namespace

Json levels_json(const Survey& survey) {
  if (!overviews_asked_for(survey)) return nullptr;
  Json list = Json::array();
  for (std::size_t i = 0; i < survey.inputs.size(); ++i) {
    std::map<Level, std::size_t> scenes;
    for (const SurveyedScene& s : survey.surveyed) ++scenes[level_of(s.inputs[i])];
    for (const auto& [level, count] : scenes)
      list.push_back({{"band", survey.inputs[i].role},
                      {"factor", level.factor},
                      {"resolution", level.pixel},
                      {"scenes", count}});
  }
  return list;
}

std::string levels_text(const Survey& survey) {
  if (!overviews_asked_for(survey)) return {};
  std::map<std::pair<bool, std::string>, std::size_t> scenes;  // by (in full, pixel)
  std::set<std::string> flags;
  for (const SurveyedScene& s : survey.surveyed)
    for (std::size_t i = 0, bands = 0; i < s.inputs.size(); ++i) {
      const SceneInput& in = s.inputs[i];
      const Level level = level_of(in);
      const std::string pixel = text("%.7g", level.pixel) + unit_of(in);
      if (survey.inputs[i].flags) flags.insert(pixel);
      if (survey.inputs[i].overviews && bands++ == 0) ++scenes[{level.factor == 1, pixel}];
    }
  std::string line;
  const bool mixed = scenes.size() > 1;
  for (const auto& [level, count] : scenes) {
    const auto& [full, pixel] = level;
    line += (line.empty() ? "" : ", ") +
            (full ? "in full (" + pixel + ")" : "from their overviews of " + pixel) +
            (mixed ? " for " + counted(count, "scene", "scenes") : "");
  }
  line = "bands are read " + line;
  if (!flags.empty()) line += ", flags at " + joined({flags.begin(), flags.end()});
  return line;
}

Json memory_json(const MemoryPlan& m) {
  return {{"limit_bytes", m.limit},
          {"planned_bytes", m.planned},
          {"process_bytes", m.process},
          {"slabs", m.slabs},
          {"slab_bytes", m.slab_bytes},
          {"accumulator_bytes", m.accumulators},
          {"coordinate_bytes", m.coordinates},
          {"output_bytes", m.output},
          {"cache_bytes", m.cache},
          {"cache_useful_bytes", m.cache_useful},
          {"fetched_bytes", m.fetched},
          {"screened_bytes", m.screened},
          {"look_ahead_chunks", m.look_ahead},
          {"threads", m.threads},
          {"window_edge", m.window_edge}};
}

Json network_cost_json(const NetworkCost& cost) {
  const auto traffic = [](const Traffic& t) {
    return Json{{"requests", t.requests}, {"bytes", t.bytes}};
  };
  const auto json = [&](const PlaceCost& c) {
    return Json{{"requests", c.headers.requests + c.blocks.requests},
                {"bytes", c.headers.bytes + c.blocks.bytes},
                {"files", c.files},
                {"headers", traffic(c.headers)},
                {"blocks", traffic(c.blocks)},
                {"fetched", traffic(c.fetched)},
                {"requester_pays", c.requester_pays}};
  };
  Json all = json(cost);
  all["estimated"] = cost.estimated;
  all["places"] = Json::array();
  for (const PlaceCost& place : cost.places) {
    Json entry = {{"place", place.place}};
    entry.update(json(place));
    all["places"].push_back(std::move(entry));
  }
  return all;
}

Json order_json(const Plan& plan) {
  return {{"order", plan.order == Order::scene ? "scene" : "tile"},
          {"reason", plan.order_reason},
          {"tile", order_cost_json(plan.tile_order)},
          {"scene", order_cost_json(plan.scene_order)}};
}

std::size_t used_scenes(const Plan& plan) {
  return std::size_t(std::count(plan.used.begin(), plan.used.end(), 1));
}

std::size_t used_observations(const Plan& plan) {
  return std::size_t(
      std::count_if(plan.observations.begin(), plan.observations.end(), [&](const Observation& o) {
        return std::any_of(o.scenes.begin(), o.scenes.end(),
                           [&](std::size_t s) { return plan.used[s] != 0; });
      }));
}

std::pair<Instant, Instant> time_range(const Survey& survey, const Plan& plan,
                                       const Recipe& recipe) {
  Instant first{std::numeric_limits<std::int64_t>::max()},
      last{std::numeric_limits<std::int64_t>::min()};
  for (std::size_t s = 0; s < plan.scenes.size(); ++s)
    if (plan.used[s]) {
      first = std::min(first, scene_of(survey, plan, s).start);
      last = std::max(last, scene_of(survey, plan, s).end);
    }
  constexpr std::int64_t day = 86'400'000'000;
  if (recipe.datetime.first) first = {recipe.datetime.first->days * day};
  if (recipe.datetime.last) last = {(recipe.datetime.last->days + 1) * day - 1'000'000};
  return {first, last};
}

std::string date_range(const Survey& survey, const Plan& plan, const Recipe& recipe) {
  const auto [first, last] = time_range(survey, plan, recipe);
  return to_string(utc_date(first)) + " … " + to_string(utc_date(last));
}

std::string grid_text(const GeoBox& grid) {
  const char* const unit = grid.crs.geographic() ? "°" : " m";
  const double rx = std::fabs(grid.transform.a), ry = std::fabs(grid.transform.e);
  return grid.crs.name() + " · " +
         (rx == ry ? text("%.7g%s", rx, unit) : text("%.7g × %.7g%s", rx, ry, unit));
}

}  // namespace cubemill
