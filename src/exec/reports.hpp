// What a run says of itself: report.json, item.json and the summary. Pure: values in, text out.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "cubemill/exec/composite.hpp"
#include "exec/backend_choice.hpp"
#include "exec/composite_outputs.hpp"
#include "exec/network_cost.hpp"
#include "exec/surveyor.hpp"

namespace cubemill {

/// Everything that a report is made of.
struct RunFacts {
  const CompositeRequest& request;
  const SurveyResult& survey;
  const CatalogCounts& catalog;
  const Plan& plan;
  const RunTally& tally;
  const std::vector<OutputFile>& files;
  std::vector<std::pair<std::string, double>> seconds;  ///< wall time of the steps, in order
  std::uint64_t peak_bytes = 0;
  BackendDecision backend;
  std::optional<NetTally> network = {};  ///< where assets are on one
  std::optional<NetworkCost> planned_network = {};
};

std::string report_json(const RunFacts& facts);
/// STAC 1.1 Item of the result; nothing in it depends on clocks, limits or threads.
std::string item_json(const RunFacts& facts);
std::vector<std::string> summary_lines(const RunFacts& facts, const std::string& folder);

/// The plan as JSON and as a table. `network`: nothing where all files are local.
std::string plan_json(const CompositeRequest& request, const SurveyResult& survey,
                      const CatalogCounts& catalog, const Plan& plan,
                      const std::optional<NetworkCost>& network = {});
std::vector<std::string> plan_table(const CompositeRequest& request, const SurveyResult& survey,
                                    const CatalogCounts& catalog, const Plan& plan,
                                    const std::optional<NetworkCost>& network = {});

/// `2021-01-01 … 2021-12-31`: the asked interval, at open ends the scenes'.
std::string date_range(const Survey& survey, const Plan& plan, const Recipe& recipe);
/// `EPSG:32718 · 30 m`.
std::string grid_text(const GeoBox& grid);

}  // namespace cubemill
