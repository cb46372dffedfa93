// What a call refuses with.
#pragma once
#include <functional>
#include <string>

#include "cubemill/base/error.hpp"

namespace cubemill {

/// The text of the refusal; empty when there was none.
inline std::string refusal(const std::function<void()>& f) {
  try {
    f();
  } catch (const InvalidInput& error) {
    return error.what();
  }
  return "";
}

}  // namespace cubemill
