// A look into JSON of others, which may have any shape. Pure; any thread.
#pragma once
#include <nlohmann/json.hpp>

namespace cubemill {

/// The member, or null where the value has none or is no object.
inline const nlohmann::json& member(const nlohmann::json& value, const char* key) {
  static const nlohmann::json nothing;
  if (!value.is_object()) return nothing;
  const auto found = value.find(key);
  return found == value.end() ? nothing : *found;
}

}  // namespace cubemill
