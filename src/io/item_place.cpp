#include "io/item_place.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "cubemill/base/error.hpp"

namespace cubemill {
namespace {

using BBox = std::array<double, 4>;

constexpr double infinity = std::numeric_limits<double>::infinity();

struct Range {
  double low = infinity, high = -infinity;
  void add(double value) { low = std::min(low, value), high = std::max(high, value); }
  double span() const { return high - low; }
};

/// What the positions of a geometry span.
struct Extent {
  Range longitude;
  Range eastward;  ///< longitudes as 0…360
  Range latitude;

  void add(double lon, double lat) {
    longitude.add(lon);
    eastward.add(lon < 0 ? lon + 360 : lon);
    latitude.add(lat);
  }
};

void add_positions(const nlohmann::json& coordinates, Extent& extent) {
  if (!coordinates.is_array()) return;
  if (coordinates.size() >= 2 && coordinates[0].is_number() && coordinates[1].is_number())
    return extent.add(coordinates[0].get<double>(), coordinates[1].get<double>());
  for (const auto& part : coordinates) add_positions(part, extent);
}

void add_geometry(const nlohmann::json& geometry, Extent& extent) {
  if (!geometry.is_object()) return;
  if (const auto found = geometry.find("coordinates"); found != geometry.end())
    add_positions(*found, extent);
  if (const auto found = geometry.find("geometries"); found != geometry.end() && found->is_array())
    for (const auto& part : *found) add_geometry(part, extent);
}

/// Longitudes may be counted from 0 or from -180; latitudes get some room for rounding.
void check_degrees(const BBox& box, const char* what) {
  const auto outside = [](double value, double limit) { return !(std::fabs(value) <= limit); };
  if (outside(box[0], 360) || outside(box[2], 360) || outside(box[1], 90.001) ||
      outside(box[3], 90.001))
    throw InvalidInput(std::string("'") + what + "' is not in degrees of longitude and latitude");
}

/// A longitude counted from 0 to 360, in -180…180.
double wrapped(double longitude) { return longitude > 180 ? longitude - 360 : longitude; }

std::optional<BBox> read_bbox(const nlohmann::json& item) {
  const auto found = item.find("bbox");
  if (found == item.end() || found->is_null()) return std::nullopt;
  const bool flat = found->is_array() && found->size() == 4,
             tall = found->is_array() && found->size() == 6;
  if (!flat && !tall) throw InvalidInput("'bbox' must be 4 or 6 numbers");
  for (const auto& number : *found)
    if (!number.is_number()) throw InvalidInput("'bbox' must be 4 or 6 numbers");
  const auto at = [&](std::size_t i) { return (*found)[i].get<double>(); };
  BBox box = flat ? BBox{at(0), at(1), at(2), at(3)} : BBox{at(0), at(1), at(3), at(4)};
  check_degrees(box, "bbox");
  if (box[1] > box[3]) throw InvalidInput("'bbox' has its south north of its north");
  if (box[2] - box[0] < 360) box[0] = wrapped(box[0]), box[2] = wrapped(box[2]);
  return box;
}

}  // namespace

std::optional<BBox> read_place(const nlohmann::json& item) {
  std::optional<BBox> box = read_bbox(item);
  if (box && box->at(2) - box->at(0) <= 180) return box;

  Extent extent;
  if (const auto found = item.find("geometry"); found != item.end()) add_geometry(*found, extent);
  const bool has_geometry = std::isfinite(extent.longitude.span());
  if (!box && has_geometry) {
    box = BBox{extent.longitude.low, extent.latitude.low, extent.longitude.high,
               extent.latitude.high};
    check_degrees(*box, "geometry");
  }
  // Span 0 would be the outline of the whole world: its corners at -180 and 180 are one meridian.
  const double eastward = extent.eastward.span();
  if (box && box->at(2) - box->at(0) > 180 && eastward > 0 && eastward < 180)
    (*box)[0] = wrapped(extent.eastward.low), (*box)[2] = wrapped(extent.eastward.high);
  return box;
}

}  // namespace cubemill
