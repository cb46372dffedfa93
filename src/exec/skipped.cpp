#include "exec/skipped.hpp"

#include <algorithm>

#include "cubemill/base/error.hpp"
#include "cubemill/net/range_client.hpp"

namespace cubemill {

FailureDetails details_of(const std::exception& failure) {
  const auto* const range = dynamic_cast<const RangeFailure*>(&failure);
  if (!range) return {};
  return {range->range(), range->status(), range->attempts()};
}

void check_skipped(const std::vector<SkippedScene>& skipped, std::size_t all,
                   const Recipe& recipe) {
  const std::uint64_t allowed = recipe.max_skipped.of(all);
  const bool is_none_left = all > 0 && skipped.size() >= all;
  if (skipped.size() <= allowed && !is_none_left) return;
  constexpr std::size_t named = 3;
  std::string message = is_none_left
                            ? "no scene is left, all " + std::to_string(all) + " are unreadable:"
                            : "more than " + std::to_string(allowed) + " of " +
                                  std::to_string(all) + " scenes are unreadable:";
  for (std::size_t i = 0; i < std::min(named, skipped.size()); ++i)
    message +=
        (i ? "; " : " ") + skipped[i].item + " (" + skipped[i].asset + "): " + skipped[i].reason;
  if (skipped.size() > named) message += "; …";
  throw IoError(skipped.size() > allowed ? "--max-skipped" : "--on-error skip", message);
}

}  // namespace cubemill
