#include "net/environment.hpp"

#include <cstdlib>

#include "net/ascii.hpp"

namespace cubemill::net {

Environment process_environment() {
  return [](const std::string& name) {
    const char* value = std::getenv(name.c_str());
    return std::string(value ? value : "");
  };
}

bool is_yes(const std::string& text, bool otherwise) {
  if (text.empty()) return otherwise;
  const std::string low = lower(text);
  return low == "yes" || low == "true" || low == "on" || low == "1";
}

std::string either(const std::string& first, const std::string& second) {
  return first.empty() ? second : first;
}

}  // namespace cubemill::net
