// Options by name, as texts, and what they become. Knows neither cxxopts nor files.
#pragma once
#include <initializer_list>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "cubemill/base/error.hpp"
#include "cubemill/exec/composite.hpp"

namespace cubemill {

using Values = std::map<std::string, std::vector<std::string>>;

/// Reads options by name; each is given once unless it is repeatable. Throws InvalidInput.
class OptionReader {
 public:
  explicit OptionReader(const Values& values) : values_(values) {}

  std::string one(const std::string& name, const std::string& otherwise = "") const {
    const auto v = values_.find(name);
    if (v == values_.end()) return otherwise;
    if (v->second.size() != 1)
      throw InvalidInput("--" + name + " is given " + std::to_string(v->second.size()) + " times");
    return v->second.front();
  }
  std::vector<std::string> many(const std::string& name) const {
    const auto v = values_.find(name);
    return v == values_.end() ? std::vector<std::string>{} : v->second;
  }
  bool has(const std::string& name) const { return values_.count(name) > 0; }

  template <class T>
  T choice(const std::string& name,
           std::initializer_list<std::pair<const char*, T>> allowed) const {
    const std::string given = one(name, allowed.begin()->first);
    std::string names;
    for (const auto& [text, value] : allowed) {
      if (given == text) return value;
      names += (names.empty() ? "" : ", ") + std::string(text);
    }
    throw InvalidInput("--" + name + " '" + given + "' is unknown: " + names);
  }

 private:
  const Values& values_;
};

/// The options that decide the result. Throws InvalidInput.
Recipe read_recipe_options(const OptionReader& options);
/// Numbers of devices, each once. Throws InvalidInput.
std::vector<int> parse_devices(const std::string& text);
/// Memory, threads, order and backend. Throws InvalidInput, DeviceError.
Limits read_limits(const OptionReader& options);

}  // namespace cubemill
