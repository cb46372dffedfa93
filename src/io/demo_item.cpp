#include "io/demo_item.hpp"

#include <cmath>

namespace cubemill::demo {
namespace {

using Json = nlohmann::ordered_json;

double rounded(double value, double places) { return std::round(value * places) / places; }

Json geometry(const GeoBox& grid) {
  std::vector<double> x, y;
  for (const Point& corner : footprint(grid)) {
    const Point p = grid.transform.apply(corner.x, corner.y);
    x.push_back(p.x), y.push_back(p.y);
  }
  Transformer(grid.crs, Crs::parse("EPSG:4326")).forward(x.data(), y.data(), x.size());
  Json ring = Json::array();
  for (std::size_t i = x.size(); i-- > 0;) ring.push_back({rounded(x[i], 1e6), rounded(y[i], 1e6)});
  ring.push_back(ring.front());  // counter-clockwise and closed, as GeoJSON asks
  return {{"type", "Polygon"}, {"coordinates", Json::array({ring})}};
}

Json bounding_box(const GeoBox& grid) {
  const Box box = project_box(grid.bounds(), grid.crs, Crs::parse("EPSG:4326"));
  return {rounded(box.left, 1e6), rounded(box.bottom, 1e6), rounded(box.right, 1e6),
          rounded(box.top, 1e6)};
}

Json asset(const DemoScene& scene, const DemoBand& band, const std::string& prefix) {
  Json a;
  a["title"] = band.flags ? "Pixel Quality Assessment Band (QA)"
                          : std::string("Surface reflectance, ") + band.key;
  a["href"] = prefix + file_name(scene, band);
  a["type"] = "image/vnd.stac.geotiff; cloud-optimized=true";
  if (band.flags) {
    a["roles"] = {"cloud", "cloud-shadow", "snow-ice", "water-mask"};
    a["raster:bands"] = {{{"nodata", 1},
                          {"data_type", "uint16"},
                          {"spatial_resolution", 30},
                          {"unit", "bit index"}}};
    return a;
  }
  const bool red = std::string(band.key) == "red";
  a["roles"] = {"data"};
  a["eo:bands"] = {{{"name", red ? "OLI_B4" : "OLI_B5"},
                    {"common_name", band.key},
                    {"center_wavelength", red ? 0.65 : 0.87},
                    {"full_width_half_max", red ? 0.04 : 0.03}}};
  a["raster:bands"] = {{{"nodata", 0},
                        {"data_type", "uint16"},
                        {"spatial_resolution", 30},
                        {"scale", 2.75e-05},
                        {"offset", -0.2}}};
  return a;
}

Json properties(const DemoScene& scene, double cloud_cover) {
  const Affine& t = scene.grid.transform;
  const double angle = scene.day_of_year * 6.283185307 / 365.25;
  Json p;
  p["datetime"] = to_string(scene.datetime);
  p["description"] = "Synthetic scene made by cubemill demo; not a measurement.";
  p["platform"] = scene.platform;
  p["instruments"] = {"oli", "tirs"};
  p["gsd"] = 30;
  p["eo:cloud_cover"] = rounded(cloud_cover, 100);
  p["view:off_nadir"] = 0;
  p["view:sun_azimuth"] = rounded(55 + 15 * std::cos(angle), 1e4);
  p["view:sun_elevation"] = rounded(42 + 17 * std::cos(angle), 1e4);
  p["proj:epsg"] = scene.grid.crs.epsg();
  p["proj:shape"] = {scene.grid.height, scene.grid.width};
  p["proj:transform"] = {t.a, t.b, t.c, t.d, t.e, t.f};
  p["landsat:wrs_path"] = std::to_string(scene.path);
  p["landsat:wrs_row"] = std::string("0").append(std::to_string(scene.row));
  p["landsat:wrs_type"] = "2";
  p["landsat:collection_category"] = "T1";
  p["landsat:collection_number"] = "02";
  p["landsat:correction"] = "L2SP";
  p["landsat:cloud_cover_land"] = rounded(cloud_cover, 100);
  return p;
}

}  // namespace

std::string file_name(const DemoScene& scene, const DemoBand& band) {
  return scene.file_stem + "_" + band.suffix + ".TIF";
}

Json stac_item(const DemoScene& scene, double cloud_cover, const std::string& prefix) {
  Json item;
  item["type"] = "Feature";
  item["stac_version"] = "1.0.0";
  item["stac_extensions"] = {"https://stac-extensions.github.io/eo/v1.0.0/schema.json",
                             "https://stac-extensions.github.io/projection/v1.0.0/schema.json",
                             "https://stac-extensions.github.io/raster/v1.0.0/schema.json",
                             "https://stac-extensions.github.io/view/v1.0.0/schema.json",
                             "https://landsat.usgs.gov/stac/landsat-extension/v1.1.1/schema.json"};
  item["id"] = scene.id;
  item["collection"] = "landsat-c2-l2";
  item["geometry"] = geometry(scene.grid);
  item["bbox"] = bounding_box(scene.grid);
  item["properties"] = properties(scene, cloud_cover);
  for (const DemoBand& band : demo_bands) item["assets"][band.key] = asset(scene, band, prefix);
  item["links"] = Json::array();
  return item;
}

}  // namespace cubemill::demo
