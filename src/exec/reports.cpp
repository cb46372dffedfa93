#include "exec/reports.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <nlohmann/json.hpp>

#include "cubemill/io/library_versions.hpp"

namespace cubemill {
namespace {

using Json = nlohmann::ordered_json;

Json number_or_null(const std::optional<double>& v) {
  if (!v) return nullptr;
  if (std::isnan(*v)) return "nan";
  return *v;
}

Json recipe_json(const CompositeRequest& r) {
  Json options = Json::object();
  for (const auto& [name, values] : r.options) options[name] = values;
  return {{"sources", r.recipe.sources}, {"options", options}};
}

Json grid_json(const GeoBox& g) {
  const Affine& t = g.transform;
  return {{"crs", g.crs.name()},
          {"transform", {t.a, t.b, t.c, t.d, t.e, t.f}},
          {"shape", {g.height, g.width}}};
}

const Scene& scene_of(const Survey& survey, const Plan& plan, std::size_t planned) {
  return survey.scenes[survey.surveyed[plan.scenes[planned].surveyed].scene];
}

Json scenes_json(const Survey& survey, const Plan& plan, const std::vector<SkippedScene>& skipped) {
  Json scenes = Json::array();
  std::vector<std::string> observation(plan.scenes.size());
  for (const Observation& o : plan.observations)
    for (const std::size_t s : o.scenes) observation[s] = to_string(o.date);
  for (std::size_t s = 0; s < plan.scenes.size(); ++s) {
    const Scene& scene = scene_of(survey, plan, s);
    scenes.push_back({{"id", scene.id},
                      {"datetime", to_string(scene.start)},
                      {"observation", observation[s]},
                      {"status", plan.used[s] ? "used" : "outside"}});
  }
  for (const Scene& scene : survey.scenes)
    if (std::any_of(skipped.begin(), skipped.end(),
                    [&](const SkippedScene& k) { return k.item == scene.id; }))
      scenes.push_back({{"id", scene.id},
                        {"datetime", to_string(scene.start)},
                        {"observation", nullptr},
                        {"status", "skipped"}});
  return scenes;
}

Json skipped_json(const std::vector<SkippedScene>& skipped) {
  Json list = Json::array();
  for (const SkippedScene& s : skipped)
    list.push_back({{"item", s.item}, {"asset", s.asset}, {"href", s.href}, {"reason", s.reason}});
  return list;
}

/// One entry for every input and every set of numbers that scenes have.
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

double coordinate_error(const Plan& plan) {
  double worst = 0;
  for (const auto& lattice : plan.lattices) worst = std::max(worst, lattice->largest_error());
  return worst;
}

Json lattices_json(const Survey& survey, const Plan& plan) {
  Json list = Json::array();
  for (std::size_t l = 0; l < plan.lattices.size(); ++l) {
    std::size_t count = 0;
    const GeoBox* grid = nullptr;
    for (const PlannedScene& s : plan.scenes)
      for (std::size_t i = 0; i < s.inputs.size(); ++i)
        if (s.inputs[i].lattice == l) {
          grid = &survey.surveyed[s.surveyed].inputs[i].info.grid;
          ++count;
        }
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
          {"threads", m.threads},
          {"window_edge", m.window_edge}};
}

std::string text(const char* format, auto... values) {
  char line[512];
  std::snprintf(line, sizeof line, format, values...);
  return line;
}

double mib(std::uint64_t bytes) { return double(bytes) / (1024.0 * 1024.0); }
double gib(double bytes) { return bytes / (1024.0 * 1024.0 * 1024.0); }

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

std::string counted(std::size_t n, const char* one, const char* many) {
  return std::to_string(n) + " " + (n == 1 ? one : many);
}

std::string joined(const std::vector<std::string>& parts, const char* separator = ", ") {
  std::string all;
  for (const std::string& p : parts) all += (all.empty() ? "" : separator) + p;
  return all;
}

/// Footprint of the output in longitude and latitude, closed ring.
std::vector<Point> footprint(const GeoBox& grid) {
  std::vector<Point> ring = grid.outline(grid.crs.geographic() ? 1 : 8);
  if (!grid.crs.geographic()) {
    Transformer t(grid.crs, Crs::parse("OGC:CRS84"), Transformer::Need::rough);
    for (Point& p : ring) t.forward(&p.x, &p.y, 1);
  }
  std::reverse(ring.begin(), ring.end());  // GeoJSON wants counter-clockwise
  ring.push_back(ring.front());
  for (Point& p : ring) p = {std::round(p.x * 1e7) / 1e7, std::round(p.y * 1e7) / 1e7};
  return ring;
}

Json band_json(const OutputFile& f, std::size_t b) {
  const CogWriter::BandStatistics& s = f.statistics[b];
  Json band = {{"name", f.spec.bands[b]}, {"description", f.stem + " " + f.spec.bands[b]}};
  band["data_type"] = f.spec.type == SampleType::f32   ? "float32"
                      : f.spec.type == SampleType::u16 ? "uint16"
                                                       : "uint32";
  if (f.spec.nodata_nan) band["nodata"] = "nan";
  Json statistics = {{"valid_percent", s.pixels ? 100.0 * double(s.valid) / double(s.pixels) : 0.0},
                     {"count", s.valid}};
  if (s.valid) {
    statistics["minimum"] = s.minimum, statistics["maximum"] = s.maximum;
    statistics["mean"] = s.mean, statistics["stddev"] = s.stddev;
  }
  band["statistics"] = statistics;
  return band;
}

/// FNV-1a over what the result is made of: a name that two equal recipes share.
std::string fingerprint(const std::string& s) {
  std::uint64_t h = 14695981039346656037u;
  for (const unsigned char c : s) h = (h ^ c) * 1099511628211u;
  return text("%016llx", static_cast<unsigned long long>(h));
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

}  // namespace

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

std::string report_json(const RunFacts& f) {
  const Survey& survey = f.survey.survey;
  const ReadTally& read = f.tally.read;
  Json report;
  report["recipe"] = recipe_json(f.request);
  Json versions = Json::object();
  for (const auto& [name, version] : library_versions()) versions[name] = version;
  report["versions"] = versions;
  report["grid"] = grid_json(f.plan.grid);
  report["periods"] = f.plan.periods.labels();
  report["product"] = survey.product.empty() ? Json(nullptr) : Json(survey.product);
  report["items"] = {{"met", f.catalog.items},
                     {"repeated", f.catalog.repeated},
                     {"outside_datetime", f.catalog.outside_datetime},
                     {"outside_where", f.catalog.outside_where},
                     {"outside_bbox", f.catalog.outside_bbox}};
  report["observations"] = used_observations(f.plan);
  report["scenes"] = scenes_json(survey, f.plan, f.survey.skipped);
  report["skipped"] = skipped_json(f.survey.skipped);
  report["scaling"] = scaling_json(survey);
  report["flags"] = survey.masked_flags;
  report["masked_share"] =
      read.flags_seen ? Json(double(read.flags_masked) / double(read.flags_seen)) : Json(nullptr);
  report["values_beyond"] = f.tally.values_beyond;
  report["coordinate_error_px"] = coordinate_error(f.plan);
  report["lattices"] = lattices_json(survey, f.plan);
  Json memory = memory_json(f.plan.memory);
  memory["peak_bytes"] = f.peak_bytes;
  memory["cache_peak_bytes"] = f.tally.cache_peak_bytes;
  report["memory"] = memory;
  report["order"] = {{"order", f.plan.order == Order::scene ? "scene" : "tile"},
                     {"reason", f.plan.order_reason}};
  report["read"] = {{"blocks", f.plan.blocks},
                    {"blocks_decoded", read.blocks_decoded},
                    {"blocks_from_cache", f.tally.cache_hits},
                    {"blocks_left_out", read.blocks_left_out},
                    {"bytes_read", read.cost.bytes_read},
                    {"bytes_decoded", read.cost.bytes_decoded},
                    {"requests", read.cost.requests}};
  Json seconds = Json::object();
  for (const auto& [name, s] : f.seconds) seconds[name] = seconds.value(name, 0.0) + s;
  report["seconds"] = seconds;
  const auto cpu = [](std::uint64_t ns) { return double(ns) * 1e-9; };
  report["cpu_seconds"] = {{"read", cpu(read.cost.nanoseconds_reading)},
                           {"decode", cpu(read.cost.nanoseconds_decoding)},
                           {"encode", cpu(read.nanoseconds_encoding)},
                           {"coordinates", cpu(read.nanoseconds_coordinates)},
                           {"flags", cpu(read.nanoseconds_flags)},
                           {"fold", cpu(f.tally.nanoseconds_folding)},
                           {"finish", cpu(f.tally.nanoseconds_finishing)},
                           {"write", cpu(f.tally.nanoseconds_writing)}};
  return report.dump(1) + "\n";
}

std::string item_json(const RunFacts& f) {
  const Survey& survey = f.survey.survey;
  const GeoBox& grid = f.plan.grid;
  const std::vector<Point> ring = footprint(grid);
  Json coordinates = Json::array();
  double w = 1e9, s = 1e9, e = -1e9, n = -1e9;
  for (const Point& p : ring) {
    coordinates.push_back({p.x, p.y});
    w = std::min(w, p.x), e = std::max(e, p.x), s = std::min(s, p.y), n = std::max(n, p.y);
  }
  const auto [first, last] = time_range(survey, f.plan, f.request.recipe);
  Json links = Json::array();
  std::string ids;
  for (std::size_t i = 0; i < f.plan.scenes.size(); ++i) {
    if (!f.plan.used[i]) continue;
    const Scene& scene = scene_of(survey, f.plan, i);
    ids += scene.id + "\n";
    links.push_back({{"rel", "derived_from"},
                     {"href", scene.self_href},
                     {"type", "application/geo+json"},
                     {"title", scene.id}});
  }
  Json assets = Json::object();
  for (const OutputFile& file : f.files) {
    Json bands = Json::array();
    for (std::size_t b = 0; b < file.spec.bands.size(); ++b) bands.push_back(band_json(file, b));
    assets[file.stem] = {{"href", "./" + file.stem + ".tif"},
                         {"type", "image/tiff; application=geotiff; profile=cloud-optimized"},
                         {"title", file.stem},
                         {"roles", {"data"}},
                         {"bands", bands}};
    assets[file.stem + "_quicklook"] = {{"href", "./" + file.stem + ".png"},
                                        {"type", "image/png"},
                                        {"title", file.stem + ", quick look"},
                                        {"roles", {"overview"}}};
  }
  std::vector<std::string> names;
  for (const IndexPlan& i : survey.indices) names.push_back(i.name);
  const Affine& t = grid.transform;
  Json properties = {
      {"datetime", nullptr},
      {"start_datetime", to_string(first)},
      {"end_datetime", to_string(last)},
      {"gsd", std::fabs(t.a)},
      {"proj:code", nullptr},
      {"proj:shape", {grid.height, grid.width}},
      {"proj:transform", {t.a, t.b, t.c, t.d, t.e, t.f}},
      {"processing:software", {{"cubemill", library_versions().front().second}}},
      {"processing:lineage",
       joined(f.request.recipe.reducers) + " of " + joined(names) + " per " +
           to_string(f.request.recipe.period) +
           (survey.masked_flags.empty() ? ", no mask"
                                        : ", without " + joined(survey.masked_flags))}};
  if (grid.crs.epsg())
    properties["proj:code"] = "EPSG:" + std::to_string(grid.crs.epsg());
  else
    properties["proj:wkt2"] = grid.crs.wkt();
  if (grid.crs.geographic()) properties.erase("gsd");
  Json options = recipe_json(f.request)["options"];
  for (const char* where : {"output", "like"}) options.erase(where);
  const std::string what = options.dump() + grid_json(grid).dump() + ids;
  const Json item = {
      {"type", "Feature"},
      {"stac_version", "1.1.0"},
      {"stac_extensions",
       {"https://stac-extensions.github.io/projection/v2.0.0/schema.json",
        "https://stac-extensions.github.io/processing/v1.2.0/schema.json"}},
      {"id",
       joined(names, "-") + "-" + to_string(f.request.recipe.period) + "-" + fingerprint(what)},
      {"bbox", {w, s, e, n}},
      {"geometry", {{"type", "Polygon"}, {"coordinates", Json::array({coordinates})}}},
      {"properties", properties},
      {"links", links},
      {"assets", assets}};
  return item.dump(1) + "\n";
}

std::vector<std::string> summary_lines(const RunFacts& f, const std::string& folder) {
  const Survey& survey = f.survey.survey;
  const Plan& p = f.plan;
  std::vector<std::string> lines;
  double total = 0;
  for (const auto& [name, s] : f.seconds) total += s;
  lines.push_back(text("%lld × %lld pixels, %s", static_cast<long long>(p.grid.width),
                       static_cast<long long>(p.grid.height), grid_text(p.grid).c_str()));
  lines.push_back(counted(used_scenes(p), "scene", "scenes") + " in " +
                  counted(used_observations(p), "observation", "observations") + ", " +
                  date_range(survey, p, f.request.recipe));
  if (!survey.masked_flags.empty())
    lines.push_back("masked out: " + joined(survey.masked_flags) +
                    (f.tally.read.flags_seen ? text(" (%.1f %% of the observed pixels)",
                                                    100.0 * double(f.tally.read.flags_masked) /
                                                        double(f.tally.read.flags_seen))
                                             : ""));
  for (const OutputFile& file : f.files) {
    if (file.counts) continue;
    std::string line = file.stem + ":";
    for (std::size_t b = 0; b < file.spec.bands.size() && b < 12; ++b) {
      const auto& s = file.statistics[b];
      line += s.valid ? text("  %s %.3f", file.spec.bands[b].c_str(), s.mean)
                      : text("  %s none", file.spec.bands[b].c_str());
    }
    if (file.spec.bands.size() > 12) line += "  …";
    lines.push_back(line);
  }
  lines.push_back(text("read %llu of %llu blocks, %.1f MiB; peak memory %.0f of %.0f MiB; %.1f s",
                       static_cast<unsigned long long>(f.tally.read.blocks_decoded),
                       static_cast<unsigned long long>(p.blocks), mib(f.tally.read.cost.bytes_read),
                       mib(f.peak_bytes), mib(p.memory.limit), total));
  for (const SkippedScene& s : f.survey.skipped)
    lines.push_back("skipped " + s.item + ": " + s.reason);
  lines.push_back("written to " + folder);
  return lines;
}

std::string plan_json(const CompositeRequest& request, const SurveyResult& result,
                      const CatalogCounts& catalog, const Plan& plan) {
  const Survey& survey = result.survey;
  Json j;
  j["recipe"] = recipe_json(request);
  j["grid"] = grid_json(plan.grid);
  j["periods"] = plan.periods.labels();
  j["product"] = survey.product.empty() ? Json(nullptr) : Json(survey.product);
  j["items"] = catalog.items;
  j["scenes"] = used_scenes(plan);
  j["observations"] = used_observations(plan);
  const double pixels = double(plan.grid.pixels()) * double(used_observations(plan));
  j["dataset"] = {{"bands", survey.all_bands},
                  {"bytes", pixels * double(survey.bytes_per_pixel_all_bands)}};
  std::size_t needed = 0;
  for (const SceneInput& in : survey.surveyed.front().inputs) needed += size_of(in.info.type);
  j["needed"] = {{"bands", survey.inputs.size()}, {"bytes", pixels * double(needed)}};
  const bool estimated =
      std::any_of(survey.surveyed.begin(), survey.surveyed.end(), [](const SurveyedScene& s) {
        return std::any_of(s.inputs.begin(), s.inputs.end(),
                           [](const SceneInput& i) { return i.estimated; });
      });
  j["estimated"] = estimated;
  j["headers_read"] = result.headers_read;
  j["read"] = {{"blocks", plan.blocks}, {"bytes_decoded", plan.block_bytes_decoded}};
  j["tiles"] = plan.tiles.size();
  j["chunks"] = plan.chunks.size();
  j["order"] = {{"order", plan.order == Order::scene ? "scene" : "tile"},
                {"reason", plan.order_reason}};
  j["memory"] = memory_json(plan.memory);
  j["scaling"] = scaling_json(survey);
  j["flags"] = survey.masked_flags;
  j["lattices"] = lattices_json(survey, plan);
  return j.dump(1) + "\n";
}

std::vector<std::string> plan_table(const CompositeRequest& request, const SurveyResult& result,
                                    const CatalogCounts& catalog, const Plan& plan) {
  const Json j = Json::parse(plan_json(request, result, catalog, plan));
  const std::string about = j["estimated"].get<bool>() ? "~" : "";
  const MemoryPlan& m = plan.memory;
  std::vector<std::string> lines;
  const auto row = [&](const std::string& name, const std::string& value) {
    lines.push_back(name + std::string(name.size() < 14 ? 14 - name.size() : 1, ' ') + value);
  };
  const Affine& t = plan.grid.transform;
  row("grid",
      text("%lld × %lld pixels, %s, corner %.10g %.10g", static_cast<long long>(plan.grid.width),
           static_cast<long long>(plan.grid.height), grid_text(plan.grid).c_str(), t.c, t.f));
  for (const Json& l : j["lattices"]) {
    const Json& o = l["offset_px"];
    row("  source grid",
        l["crs"].get<std::string>() +
            text(", %.7g, %zu rasters, offset ", l["resolution"][0].get<double>(),
                 l["rasters"].get<std::size_t>()) +
            (o.is_null() ? "unknown"
                         : text("%.6g %.6g px", o[0].get<double>(), o[1].get<double>())) +
            "; " + l["operation"].get<std::string>());
  }
  row("dataset size",
      about + text("%.2f GiB (%zu bands, as one cube)", gib(j["dataset"]["bytes"].get<double>()),
                   j["dataset"]["bands"].get<std::size_t>()));
  row("needed",
      about + text("%.2f GiB (%zu bands at full coverage)", gib(j["needed"]["bytes"].get<double>()),
                   j["needed"]["bands"].get<std::size_t>()));
  row("scenes", text("%zu of %llu items, %zu observations, %zu periods", used_scenes(plan),
                     static_cast<unsigned long long>(catalog.items), used_observations(plan),
                     plan.periods.size()));
  row("tiles", text("%zu of %lld px, %zu chunks", plan.tiles.size(),
                    static_cast<long long>(tile_size), plan.chunks.size()));
  row("blocks", about + text("%llu, %.2f GiB decoded", static_cast<unsigned long long>(plan.blocks),
                             gib(double(plan.block_bytes_decoded))));
  row("memory",
      text("%.0f of %.0f MiB: %.0f program, %llu × %.1f slabs, %.0f sums, %.0f output, %.0f cache",
           mib(m.planned), mib(m.limit), mib(m.process), static_cast<unsigned long long>(m.slabs),
           mib(m.slab_bytes), mib(m.accumulators), mib(m.output), mib(m.cache)));
  row("threads", text("%d, windows of %lld px", m.threads, static_cast<long long>(m.window_edge)));
  row("order",
      std::string(plan.order == Order::scene ? "scene" : "tile") + ": " + plan.order_reason);
  for (const Json& s : j["scaling"])
    row("band",
        s["band"].get<std::string>() + " = " + s["asset"].get<std::string>() + ", " +
            s["resampling"].get<std::string>() + ", nodata " + s["nodata"].dump() +
            (s.contains("scale")
                 ? ", × " + s["scale"].dump() + " + " + s["offset"].dump() + " (" +
                       s["from"].get<std::string>() + ")" +
                       (s["valid_range"].is_null() ? "" : ", valid " + s["valid_range"].dump())
                 : ""));
  row("masked out",
      result.survey.masked_flags.empty() ? "nothing" : joined(result.survey.masked_flags));
  return lines;
}

}  // namespace cubemill
