#include "io/stac_item.hpp"

#include "cubemill/base/error.hpp"
#include "io/item_assets.hpp"
#include "io/item_place.hpp"

namespace cubemill {
namespace {

using nlohmann::json;

/// A member that must be there and of its type.
const json& require(const json& object, const char* key, json::value_t type,
                    const char* type_name) {
  const auto found = object.find(key);
  if (found == object.end() || found->is_null())
    throw InvalidInput(std::string("lacks '") + key + "'");
  if (found->type() != type) throw InvalidInput(std::string("'") + key + "' must be " + type_name);
  return *found;
}

std::string optional_string(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::optional<ParsedInstant> read_instant(const json& properties, const char* key) {
  const auto found = properties.find(key);
  if (found == properties.end() || found->is_null()) return std::nullopt;
  const auto instant =
      found->is_string() ? parse_instant(found->get_ref<const std::string&>()) : std::nullopt;
  if (!instant)
    throw InvalidInput(std::string("'") + key + "' is no date or time: " + found->dump());
  return instant;
}

void read_time(const json& properties, Scene& scene) {
  auto start = read_instant(properties, "datetime"), end = start;
  if (!start) {
    start = read_instant(properties, "start_datetime");
    end = read_instant(properties, "end_datetime");
  }
  if (!start || !end)
    throw InvalidInput("lacks 'datetime', or 'start_datetime' and 'end_datetime' in its place");
  if (end->instant < start->instant)
    throw InvalidInput("'end_datetime' is before 'start_datetime'");
  scene.start = start->instant;
  scene.end = end->instant;
  scene.has_time_of_day = start->has_time_of_day;
}

/// The collection, which STAC before 0.9 kept among the properties.
std::string read_collection(const json& item) {
  const std::string collection = optional_string(item, "collection");
  return collection.empty() ? optional_string(item.at("properties"), "collection") : collection;
}

/// The item's own address; that of its file where it does not say, nothing from standard input.
std::string read_self(const json& item, const std::string& base) {
  const std::string file = base.ends_with('/') ? std::string() : base;
  const auto links = item.find("links");
  if (links == item.end() || !links->is_array()) return file;
  for (const json& link : *links) {
    if (!link.is_object() || optional_string(link, "rel") != "self") continue;
    const std::string href = optional_string(link, "href");
    if (href.find("://") != std::string::npos || href.starts_with('/')) return href;
  }
  return file;
}

Scene read_parts(const json& item, const ItemOrigin& origin) {
  Scene scene;
  scene.id = require(item, "id", json::value_t::string, "a string").get<std::string>();
  if (scene.id.empty()) throw InvalidInput("'id' is empty");
  const json& properties = require(item, "properties", json::value_t::object, "an object");
  require(item, "assets", json::value_t::object, "an object");
  scene.collection = read_collection(item);
  scene.source = origin.file;
  read_time(properties, scene);
  scene.bbox = read_place(item);
  scene.assets = read_assets(item, origin.base);
  scene.self_href = read_self(item, origin.base);
  return scene;
}

}  // namespace

bool looks_like_item(const json& value) {
  return value.is_object() && optional_string(value, "type") == "Feature" &&
         (value.contains("stac_version") || value.contains("assets"));
}

bool is_feature_collection(const json& value) {
  return value.is_object() && optional_string(value, "type") == "FeatureCollection";
}

std::string describe(const json& value) {
  if (!value.is_object()) return "JSON without STAC Items";
  const std::string type = optional_string(value, "type");
  if (type == "Feature") return "a GeoJSON Feature without 'assets'";
  if (value.contains("stac_version"))  // before 1.0 neither had a type
    return value.contains("extent") ? "a STAC Collection" : "a STAC Catalog";
  return "JSON without STAC Items";
}

Scene read_scene(const json& item, const ItemOrigin& origin) {
  try {
    return read_parts(item, origin);
  } catch (const InvalidInput& error) {
    const std::string id = optional_string(item, "id");
    throw InvalidInput(origin.file + ":" + std::to_string(origin.line) + ": item " +
                       (id.empty() ? "" : "'" + id + "' ") + error.what());
  }
}

}  // namespace cubemill
