#include "exec/run_identity.hpp"

#include <set>

#include "cubemill/base/error.hpp"
#include "cubemill/base/secrets.hpp"
#include "cubemill/io/library_versions.hpp"
#include "exec/report_text.hpp"
#include "io/file_identity.hpp"

namespace cubemill {
namespace {

Json rule_json(const QaRule& rule) {
  Json json = {{"keep", {rule.keep_mask, rule.keep_value}}, {"list_keeps", rule.list_keeps != 0}};
  for (std::int32_t i = 0; i < rule.rejects; ++i)
    json["reject"].push_back({rule.reject_mask[i], rule.reject_value[i]});
  for (std::int32_t i = 0; i < rule.values; ++i) json["values"].push_back(rule.value[i]);
  return json;
}

/// Zeros for what GDAL opens and is no file; of remote files what opening them told.
FileIdentity identity_of(const SceneInput& input) {
  if (input.remote) return {0, 0, input.version};
  try {
    return file_identity(input.href);
  } catch (const IoError&) {
    return {};
  }
}

Json input_json(const SceneInput& input) {
  const FileIdentity file = identity_of(input);
  Json json = {{"asset", input.asset},
               {"href", without_secrets(input.href)},  // signed anew it is the same
               {"band", input.band},
               {"bytes", file.bytes},
               {"modified", file.modified}};
  if (!file.version.empty()) json["version"] = file.version;
  if (input.numbers.scale) json["scale"] = *input.numbers.scale;
  if (input.numbers.offset) json["offset"] = *input.numbers.offset;
  if (input.numbers.nodata) json["nodata"] = text("%.17g", *input.numbers.nodata);  // may be NaN
  if (input.valid_range) json["valid_range"] = {input.valid_range->low, input.valid_range->high};
  return json;
}

std::string name_of(const Json& element, std::size_t index) {
  for (const char* key : {"href", "id"})
    if (element.is_object() && element.contains(key)) return element[key].get<std::string>();
  return std::to_string(index + 1);
}

std::string path_to(const std::string& path, const std::string& name) {
  return path.empty() ? name : path + ", " + name;
}

std::optional<std::string> difference(const std::string& path, const Json& before,
                                      const Json& now) {
  if (before == now) return {};
  if (before.is_object() && now.is_object()) {
    std::set<std::string> keys;
    for (const auto* side : {&before, &now})
      for (const auto& [key, value] : side->items()) keys.insert(key);
    for (const std::string& key : keys)
      if (auto d =
              difference(path_to(path, key), before.value(key, Json()), now.value(key, Json())))
        return d;
    return {};
  }
  const bool lists = before.is_array() && now.is_array() && !before.empty() && !now.empty() &&
                     before.front().is_structured();
  if (!lists) return path + ": was " + before.dump() + ", is " + now.dump();
  for (std::size_t i = 0; i < std::min(before.size(), now.size()); ++i) {
    const std::string name = name_of(before[i], i), other = name_of(now[i], i);
    if (name != other) return path + ": was " + name + ", is " + other;
    if (auto d = difference(path_to(path, name), before[i], now[i])) return d;
  }
  return path + ": were " + std::to_string(before.size()) + ", are " + std::to_string(now.size());
}

}  // namespace

Json run_identity(const CompositeRequest& request, const SurveyResult& surveyed, const Plan& plan,
                  const std::vector<SkippedScene>& left_out) {
  const Survey& survey = surveyed.survey;
  Json json = recipe_json(request);
  for (const auto& [name, version] : library_versions()) json["versions"][name] = version;
  json["grid"] = grid_json(plan.grid);
  json["periods"] = plan.periods.labels();
  json["flags"] = rule_json(survey.qa);
  json["scenes"] = Json::array();
  for (const SurveyedScene& s : survey.surveyed) {
    Json scene = {{"id", survey.scenes[s.scene].id},
                  {"datetime", to_string(survey.scenes[s.scene].start)},
                  {"inputs", Json::array()}};
    for (const SceneInput& input : s.inputs) scene["inputs"].push_back(input_json(input));
    json["scenes"].push_back(std::move(scene));
  }
  json["left_out"] = Json::array();
  for (const SkippedScene& k : left_out) json["left_out"].push_back(skipped_json(k));
  return json;
}

std::optional<std::string> first_difference(const Json& before, const Json& now) {
  return difference("", before, now);
}

}  // namespace cubemill
