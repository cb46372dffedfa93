// An environment of a test's own.
#pragma once
#include <map>
#include <string>
#include <utility>

#include "net/environment.hpp"

namespace cubemill::test {

inline net::Environment environment_of(std::map<std::string, std::string> values) {
  return [values = std::move(values)](const std::string& name) {
    const auto found = values.find(name);
    return found == values.end() ? std::string() : found->second;
  };
}

}  // namespace cubemill::test
