#include <algorithm>
#include <cmath>

#include "cubemill/base/secrets.hpp"
#include "cubemill/io/library_versions.hpp"
#include "exec/report_parts.hpp"
#include "exec/report_text.hpp"
#include "exec/reports.hpp"

namespace cubemill {
namespace {

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

}  // namespace

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
                     {"href", without_secrets(scene.self_href)},
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
  for (const char* where : {"output", "like", "prefer", "href-replace"}) options.erase(where);
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

}  // namespace cubemill
