#include "io/item_storage.hpp"

#include "cubemill/io/href.hpp"
#include "io/json_member.hpp"

namespace cubemill {
namespace {

using nlohmann::json;

std::string text_of(const json& value) {
  return value.is_string() ? value.get<std::string>() : std::string();
}

/// The scheme that holds for an href; null where none does. The extension's text has one reference,
/// its examples a list.
const json& scheme_for(const std::string& href, const json& refs, const json& schemes) {
  static const json nothing;
  const json* without_bucket = &nothing;
  for (const json& ref : refs.is_array() ? refs : json::array({refs})) {
    const json& scheme = member(schemes, text_of(ref).c_str());
    const std::string bucket = text_of(member(scheme, "bucket"));
    if (!bucket.empty() && bucket == bucket_of(href)) return scheme;
    if (bucket.empty() && without_bucket->is_null()) without_bucket = &scheme;
  }
  return *without_bucket;
}

AssetStorage storage_of(const json& region, const json& requester_pays) {
  return {text_of(region), requester_pays == json(true)};
}

const json& first_said(const json& first, const json& second) {
  return first.is_null() ? second : first;
}

}  // namespace

AssetStorage read_storage(const std::string& href, const json& holder, const json& properties) {
  if (const json& refs = member(holder, "storage:refs"); !refs.is_null()) {
    const json& scheme = scheme_for(href, refs, member(properties, "storage:schemes"));
    return storage_of(member(scheme, "region"), member(scheme, "requester_pays"));
  }
  const auto said = [&](const char* key) -> const json& {
    return first_said(member(holder, key), member(properties, key));
  };
  return storage_of(said("storage:region"), said("storage:requester_pays"));
}

}  // namespace cubemill
