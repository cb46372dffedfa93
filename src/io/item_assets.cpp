#include "io/item_assets.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "cubemill/base/error.hpp"
#include "cubemill/io/href.hpp"
#include "io/item_storage.hpp"
#include "io/json_member.hpp"

namespace cubemill {
namespace {

using nlohmann::json;

const json& element(const json& list, std::size_t index) {
  static const json nothing;
  return list.is_array() && index < list.size() ? list[index] : nothing;
}

std::size_t length(const json& list) { return list.is_array() ? list.size() : 0; }

/// A number, also one that is written as a string: "nan", "inf", "-9999".
std::optional<double> number(const json& value) {
  if (value.is_number()) return value.get<double>();
  if (!value.is_string()) return std::nullopt;
  const std::string text = value.get<std::string>();
  char* rest = nullptr;
  const double result = std::strtod(text.c_str(), &rest);
  if (text.empty() || *rest != '\0') return std::nullopt;
  return result;
}

std::optional<double> first_of(std::initializer_list<const json*> values) {
  for (const json* value : values)
    if (const auto found = number(*value)) return found;
  return std::nullopt;
}

bool holds_pixels(const json& asset) {
  const json& type = member(asset, "type");
  const std::string media = type.is_string() ? type.get<std::string>() : std::string();
  if (media.starts_with("image/tiff") || media.starts_with("image/jp2")) return true;
  for (const char* other : {"text/", "application/json", "application/geo+json", "application/xml",
                            "application/pdf", "application/gml+xml"})
    if (media.starts_with(other)) return false;
  const json& roles = member(asset, "roles");
  const auto has_role = [&](const char* role) {
    return roles.is_array() && std::find(roles.begin(), roles.end(), json(role)) != roles.end();
  };
  return has_role("data") || !(has_role("metadata") || has_role("thumbnail"));
}

std::vector<BandNumbers> read_numbers(const json& asset, bool offset_applied) {
  const json &raster = member(asset, "raster:bands"), &common = member(asset, "bands");
  std::vector<BandNumbers> bands(std::max(length(raster), length(common)));
  const json &nodata = member(asset, "nodata"), &scale = member(asset, "raster:scale"),
             &offset = member(asset, "raster:offset");
  if (bands.empty() && first_of({&nodata, &scale, &offset}))
    bands.resize(std::max<std::size_t>(1, length(member(asset, "eo:bands"))));
  for (std::size_t i = 0; i < bands.size(); ++i) {
    const json &r = element(raster, i), &b = element(common, i);
    BandNumbers& band = bands[i];
    band.nodata = first_of({&member(r, "nodata"), &member(b, "nodata"), &nodata});
    band.scale =
        first_of({&member(r, "scale"), &member(b, "raster:scale"), &member(b, "scale"), &scale});
    band.offset = first_of(
        {&member(r, "offset"), &member(b, "raster:offset"), &member(b, "offset"), &offset});
    if (band.scale && !band.offset) band.offset = 0;
    if (band.offset && offset_applied) band.offset = 0;
  }
  return bands;
}

std::size_t bytes_of_type(const json& type) {
  static const std::map<std::string, std::size_t> sizes = {
      {"int8", 1},   {"uint8", 1},   {"int16", 2},   {"uint16", 2},   {"float16", 2},
      {"int32", 4},  {"uint32", 4},  {"float32", 4}, {"cint16", 4},   {"int64", 8},
      {"uint64", 8}, {"float64", 8}, {"cint32", 8},  {"cfloat32", 8}, {"cfloat64", 16}};
  if (!type.is_string()) return 0;
  const auto known = sizes.find(type.get<std::string>());
  return known == sizes.end() ? 0 : known->second;
}

/// Bytes of a pixel of all bands, as far as `data_type` says.
std::size_t read_pixel_bytes(const json& asset) {
  const json &raster = member(asset, "raster:bands"), &common = member(asset, "bands");
  const std::size_t whole = bytes_of_type(member(asset, "data_type"));
  const std::size_t bands = std::max(length(raster), length(common));
  if (bands == 0) return whole;
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < bands; ++i)
    bytes += std::max({bytes_of_type(member(element(raster, i), "data_type")),
                       bytes_of_type(member(element(common, i), "data_type")), whole});
  return bytes;
}

void add_name(const json& name, std::vector<std::string>& names) {
  if (!name.is_string()) return;
  const std::string text = name.get<std::string>();
  if (std::find(names.begin(), names.end(), text) == names.end()) names.push_back(text);
}

/// Names of the band of a one-band file. `eo:bands` of STAC before 0.9 counts in the item's list of
/// bands.
std::vector<std::string> read_names(const json& asset, const json& properties) {
  const json &eo = member(asset, "eo:bands"), &common = member(asset, "bands");
  std::vector<std::string> names;
  if (length(eo) > 1 || length(common) > 1) return names;
  json band = element(eo, 0);
  if (band.is_number_integer() && band >= 0)
    band = element(member(properties, "eo:bands"), band.get<std::size_t>());
  add_name(member(band, "name"), names);
  add_name(member(band, "common_name"), names);
  add_name(member(element(common, 0), "name"), names);
  add_name(member(element(common, 0), "eo:common_name"), names);
  return names;
}

std::string read_crs(const json& level) {
  if (const json& code = member(level, "proj:code"); code.is_string())
    return code.get<std::string>();
  const json& epsg = member(level, "proj:epsg");
  if (epsg.is_number_integer()) return "EPSG:" + std::to_string(epsg.get<std::int64_t>());
  if (epsg.is_string()) return "EPSG:" + epsg.get<std::string>();
  if (const json& wkt = member(level, "proj:wkt2"); wkt.is_string()) return wkt.get<std::string>();
  const json& projjson = member(level, "proj:projjson");
  return projjson.is_object() ? projjson.dump() : std::string();
}

/// Some catalogs (Landsat 8 L1) write the six numbers in GDAL's order [x0, width, 0, y0, 0,
/// -height]. Read as an Affine that is a pixel without height or origin; only a grid turned by 90°
/// could truly look so, and it has no width.
bool is_gdal_order(const std::array<double, 6>& t) {
  const bool turned = t[0] == 0 && std::fabs(t[1]) == std::fabs(t[3]);
  return t[2] == 0 && t[4] == 0 && t[1] != 0 && t[5] != 0 && !turned;
}

std::optional<std::array<double, 6>> read_transform(const json& level) {
  const json& list = member(level, "proj:transform");
  if (length(list) != 6 && length(list) != 9) return std::nullopt;
  std::array<double, 6> t{};
  for (std::size_t i = 0; i < t.size(); ++i) {
    const json& value = list[i];
    if (!value.is_number() || !std::isfinite(value.get<double>())) return std::nullopt;
    t[i] = value.get<double>();
  }
  if (list.size() == 6 && is_gdal_order(t)) t = {t[1], t[2], t[0], t[4], t[5], t[3]};
  if (t[0] * t[4] - t[1] * t[3] == 0) return std::nullopt;
  return t;
}

std::optional<std::array<std::int64_t, 2>> read_shape(const json& level) {
  const json& list = member(level, "proj:shape");
  if (length(list) != 2) return std::nullopt;
  for (const json& value : list)
    if (!value.is_number_integer() || value.get<std::int64_t>() <= 0) return std::nullopt;
  return std::array<std::int64_t, 2>{list[0].get<std::int64_t>(), list[1].get<std::int64_t>()};
}

/// An item's transform holds for its assets, but not for one that says another shape, and the other
/// way round.
ProjMetadata read_proj(const json& asset, const json& properties) {
  ProjMetadata proj{read_crs(asset), read_transform(asset), read_shape(asset)};
  const auto transform = read_transform(properties);
  const auto shape = read_shape(properties);
  if (proj.crs.empty()) proj.crs = read_crs(properties);
  const bool other_shape = proj.shape && shape && proj.shape != shape;
  const bool other_transform = proj.transform && transform && proj.transform != transform;
  if (!proj.transform && !other_shape) proj.transform = transform;
  if (!proj.shape && !other_transform) proj.shape = shape;
  return proj;
}

/// Other places of the asset, of the extension alternate-assets; one without a readable href is
/// none.
std::vector<AlternateHref> read_alternates(const json& asset, const json& properties,
                                           const std::string& base) {
  std::vector<AlternateHref> alternates;
  const json& list = member(asset, "alternate");
  if (!list.is_object()) return alternates;
  for (const auto& [name, alternate] : list.items()) {
    const json& href = member(alternate, "href");
    if (!href.is_string() || href.get_ref<const std::string&>().empty()) continue;
    const std::string resolved = resolve_href(href.get<std::string>(), base);
    alternates.push_back({name, resolved, read_storage(resolved, alternate, properties)});
  }
  return alternates;
}

bool says_offset_applied(const json& properties) {
  for (const char* key : {"earthsearch:boa_offset_applied", "sentinel:boa_offset_applied"})
    if (member(properties, key) == json(true)) return true;
  return false;
}

}  // namespace

std::map<std::string, SceneAsset> read_assets(const json& item, const std::string& base) {
  const json& properties = member(item, "properties");
  const bool offset_applied = says_offset_applied(properties);
  std::map<std::string, SceneAsset> assets;
  for (const auto& [key, asset] : member(item, "assets").items()) {
    const json& href = member(asset, "href");
    if (!href.is_string() || href.get_ref<const std::string&>().empty())
      throw InvalidInput("asset '" + key + "' lacks 'href'");
    if (!holds_pixels(asset)) continue;
    const std::string resolved = resolve_href(href.get<std::string>(), base);
    assets[key] = {key,
                   resolved,
                   read_names(asset, properties),
                   read_numbers(asset, offset_applied),
                   read_proj(asset, properties),
                   read_pixel_bytes(asset),
                   read_storage(resolved, asset, properties),
                   read_alternates(asset, properties, base)};
  }
  return assets;
}

}  // namespace cubemill
