// Scenes that are left out with the user's leave: which, why, and how many may be. Plain values;
// any thread.
#pragma once
#include <exception>
#include <string>
#include <vector>

#include "cubemill/plan/recipe.hpp"

namespace cubemill {

/// What was tried where a range of an object on the network could not be had; nothing of it where
/// the failure was another one.
struct FailureDetails {
  std::string range;  ///< as asked for
  int status = 0;     ///< of the last answer; 0: there was none
  int attempts = 0;
};

FailureDetails details_of(const std::exception& failure);

/// A scene that was left out. Its href and reason hold no secret.
struct SkippedScene {
  std::string item, asset, href, reason;
  FailureDetails failure;
};

/// Throws IoError, with the first ones and why, where more of `all` scenes are skipped than the
/// recipe allows, or all of them.
void check_skipped(const std::vector<SkippedScene>& skipped, std::size_t all, const Recipe& recipe);

}  // namespace cubemill
