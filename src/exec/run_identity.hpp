// What a run is of: the recipe, the versions and every input with its numbers, size and age. A
// later process may go on with the run only when nothing of it has changed.
#pragma once
#include <optional>

#include "exec/report_parts.hpp"

namespace cubemill {

/// Describes a run that is planned; `left_out`: scenes that turned out to be unreadable.
Json run_identity(const CompositeRequest& request, const SurveyResult& survey, const Plan& plan,
                  const std::vector<SkippedScene>& left_out);

/// The first difference in words, like `options, resampling: was ["nearest"], is ["cubic"]`;
/// nothing when both are the same.
std::optional<std::string> first_difference(const Json& before, const Json& now);

}  // namespace cubemill
