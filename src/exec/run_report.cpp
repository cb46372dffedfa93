#include <algorithm>

#include "cubemill/io/library_versions.hpp"
#include "exec/report_parts.hpp"
#include "exec/reports.hpp"

namespace cubemill {
namespace {

Json changed_json(const HeaderTally& headers) {
  Json list = Json::array();
  for (const HeaderTally::Changed& c : headers.changed)
    list.push_back({{"item", c.item}, {"asset", c.asset}, {"doubt", c.doubt}});
  return list;
}

/// Null where all files are local.
Json network_json(const RunFacts& f) {
  const std::optional<NetTally>& n = f.network;
  const RunTally& run = f.tally;
  const HeaderTally& headers = f.survey.headers;
  if (!n) return nullptr;
  Json places = Json::array();
  for (const auto& [place, traffic] : n->places)
    places.push_back({{"place", place}, {"requests", traffic.requests}, {"bytes", traffic.bytes}});
  return {{"requests", n->requests},
          {"ranges", n->ranges},
          {"bytes", n->bytes},
          {"retries", n->retries},
          {"hedges", n->hedges},
          {"throttled", n->throttled},
          {"refreshed", n->refreshed},
          {"damaged_blocks", run.read.blocks_refetched},
          {"headers_kept", headers.kept},
          {"headers_refetched", headers.refetched},
          {"headers_changed", changed_json(headers)},
          {"peak_in_flight", n->peak_in_flight},
          {"places", places},
          {"planned", f.planned_network ? network_cost_json(*f.planned_network) : Json(nullptr)},
          {"ahead",
           {{"ranges", run.supply.ranges},
            {"bytes", run.supply.bytes},
            {"blocks", run.supply.blocks},
            {"late_blocks", run.supply.late},
            {"peak_bytes", run.supply.peak_bytes}}}};
}

Json scenes_json(const Survey& survey, const Plan& plan, const std::vector<SkippedScene>& skipped) {
  Json scenes = Json::array();
  std::vector<std::string> observation(plan.scenes.size());
  for (const Observation& o : plan.observations)
    for (const std::size_t s : o.scenes) observation[s] = to_string(o.date);
  for (std::size_t s = 0; s < plan.scenes.size(); ++s) {
    const Scene& scene = scene_of(survey, plan, s);
    scenes.push_back({{"id", scene.id},
                      {"datetime", to_string(scene.start)},
                      {"observation", observation[s]},
                      {"status", plan.used[s] ? "used" : "outside"}});
  }
  for (const Scene& scene : survey.scenes)
    if (std::any_of(skipped.begin(), skipped.end(),
                    [&](const SkippedScene& k) { return k.item == scene.id; }))
      scenes.push_back({{"id", scene.id},
                        {"datetime", to_string(scene.start)},
                        {"observation", nullptr},
                        {"status", "skipped"}});
  return scenes;
}

double coordinate_error(const Plan& plan) {
  double worst = 0;
  for (const auto& lattice : plan.lattices) worst = std::max(worst, lattice->largest_error());
  return worst;
}

}  // namespace

std::string report_json(const RunFacts& f) {
  const Survey& survey = f.survey.survey;
  const ReadTally& read = f.tally.read;
  Json report;
  report["recipe"] = recipe_json(f.request);
  Json versions = Json::object();
  for (const auto& [name, version] : library_versions()) versions[name] = version;
  report["versions"] = versions;
  report["grid"] = grid_json(f.plan.grid);
  report["periods"] = f.plan.periods.labels();
  report["product"] = survey.product.empty() ? Json(nullptr) : Json(survey.product);
  report["items"] = {{"met", f.catalog.items},
                     {"repeated", f.catalog.repeated},
                     {"outside_datetime", f.catalog.outside_datetime},
                     {"outside_where", f.catalog.outside_where},
                     {"outside_bbox", f.catalog.outside_bbox}};
  report["observations"] = used_observations(f.plan);
  report["scenes"] = scenes_json(survey, f.plan, f.survey.skipped);
  report["assets"] = places_json(survey);
  report["skipped"] = Json::array();
  for (const SkippedScene& s : f.survey.skipped) report["skipped"].push_back(skipped_json(s));
  report["scaling"] = scaling_json(survey);
  report["overviews"] = levels_json(survey);
  report["flags"] = survey.masked_flags;
  report["masked_share"] =
      read.flags_seen ? Json(double(read.flags_masked) / double(read.flags_seen)) : Json(nullptr);
  report["values_beyond"] = f.tally.values_beyond;
  report["coordinate_error_px"] = coordinate_error(f.plan);
  report["lattices"] = lattices_json(survey, f.plan);
  Json memory = memory_json(f.plan.memory);
  memory["slabs"] = f.tally.slabs;
  memory["peak_bytes"] = f.peak_bytes;
  memory["cache_peak_bytes"] = f.tally.cache_peak_bytes;
  report["memory"] = memory;
  report["spill"] = {{"bytes_written", f.tally.spill.bytes_written},
                     {"bytes_read", f.tally.spill.bytes_read},
                     {"disk_peak_bytes", f.tally.spill.peak_bytes},
                     {"moved_to_host_bytes", f.tally.spill.moved_to_host}};
  report["checkpoints"] = f.tally.checkpoints;
  report["resumed"] = {{"chunks", f.tally.chunks_resumed},
                       {"damaged_tiles", f.tally.tiles_damaged}};
  report["backend"] = {{"name", f.backend.cuda ? "cuda" : "cpu"},
                       {"device", f.backend.device},
                       {"reason", f.backend.reason}};
  report["order"] = order_json(f.plan);
  report["read"] = {{"blocks", f.plan.blocks},
                    {"blocks_decoded", read.blocks_decoded},
                    {"blocks_from_cache", f.tally.cache_hits},
                    {"blocks_left_out", read.blocks_left_out},
                    {"bytes_read", read.cost.bytes_read},
                    {"bytes_decoded", read.cost.bytes_decoded},
                    {"requests", read.cost.requests}};
  report["network"] = network_json(f);
  Json seconds = Json::object();
  for (const auto& [name, s] : f.seconds) seconds[name] = seconds.value(name, 0.0) + s;
  report["seconds"] = seconds;
  const auto cpu = [](std::uint64_t ns) { return double(ns) * 1e-9; };
  report["cpu_seconds"] = {{"read", cpu(read.cost.nanoseconds_reading)},
                           {"network", cpu(f.network ? f.network->nanoseconds_cpu : 0)},
                           {"decode", cpu(read.cost.nanoseconds_decoding)},
                           {"encode", cpu(read.nanoseconds_encoding)},
                           {"coordinates", cpu(read.nanoseconds_coordinates)},
                           {"flags", cpu(read.nanoseconds_flags)},
                           {"fold", cpu(f.tally.nanoseconds_folding)},
                           {"finish", cpu(f.tally.nanoseconds_finishing)},
                           {"write", cpu(f.tally.nanoseconds_writing)}};
  return report.dump(1) + "\n";
}

}  // namespace cubemill
