#include <algorithm>
#include <functional>

#include "exec/report_parts.hpp"
#include "exec/report_text.hpp"
#include "exec/reports.hpp"

namespace cubemill {
namespace {

std::string order_cost_text(const OrderCost& cost) {
  if (!cost.looked_at) return "not looked at";
  if (!cost.fits) return "does not fit";
  const std::string spilled = text("%.2f GiB of sums spilled, %.2f on the disk at once",
                                   gib(double(cost.spilled)), gib(double(cost.disk)));
  return text("about %.1f CPU s beyond folding: %.2f GiB decoded, ", cost.seconds,
              gib(double(cost.decoded))) +
         (cost.spilled ? spilled : "nothing spilled");
}

using Row = std::function<void(const std::string& name, const std::string& value)>;

std::string traffic_text(const Traffic& t) {
  return text("%.1f MiB in ", mib(t.bytes)) + counted(t.requests, "request", "requests");
}

void add_network(const NetworkCost& cost, const Row& row) {
  const std::string about = cost.estimated ? "~" : "";
  const auto sum = [&](const PlaceCost& c) {
    return about + text("%.1f MiB in about ", mib(c.headers.bytes + c.blocks.bytes)) +
           counted(c.headers.requests + c.blocks.requests, "request", "requests");
  };
  row("network", "at most " + sum(cost) + ": headers " + traffic_text(cost.headers) + ", blocks " +
                     about + traffic_text(cost.blocks) + "; fetched so far " +
                     traffic_text(cost.fetched));
  for (const PlaceCost& place : cost.places)
    row("  " + place.place,
        sum(place) + text(", %llu files", static_cast<unsigned long long>(place.files)) +
            (place.requester_pays ? "; requester pays: your account is charged for them" : ""));
}

}  // namespace

std::string plan_json(const CompositeRequest& request, const SurveyResult& result,
                      const CatalogCounts& catalog, const Plan& plan,
                      const std::optional<NetworkCost>& network) {
  const Survey& survey = result.survey;
  Json j;
  j["recipe"] = recipe_json(request);
  j["grid"] = grid_json(plan.grid);
  j["periods"] = plan.periods.labels();
  j["product"] = survey.product.empty() ? Json(nullptr) : Json(survey.product);
  j["items"] = catalog.items;
  j["scenes"] = used_scenes(plan);
  j["observations"] = used_observations(plan);
  const double pixels = double(plan.grid.pixels()) * double(used_observations(plan));
  j["dataset"] = {{"bands", survey.all_bands},
                  {"bytes", pixels * double(survey.bytes_per_pixel_all_bands)}};
  std::size_t needed = 0;
  for (const SceneInput& in : survey.surveyed.front().inputs) needed += size_of(in.info.type);
  j["needed"] = {{"bands", survey.inputs.size()}, {"bytes", pixels * double(needed)}};
  const bool estimated =
      std::any_of(survey.surveyed.begin(), survey.surveyed.end(), [](const SurveyedScene& s) {
        return std::any_of(s.inputs.begin(), s.inputs.end(),
                           [](const SceneInput& i) { return i.estimated; });
      });
  j["estimated"] = estimated;
  j["assets"] = places_json(survey);
  j["headers_read"] = result.headers_read;
  j["read"] = {{"blocks", plan.blocks}, {"bytes_decoded", plan.block_bytes_decoded}};
  j["network"] = network ? network_cost_json(*network) : Json(nullptr);
  j["tiles"] = plan.tiles.size();
  j["chunks"] = plan.chunks.size();
  j["order"] = order_json(plan);
  j["memory"] = memory_json(plan.memory);
  j["scaling"] = scaling_json(survey);
  j["overviews"] = levels_json(survey);
  j["flags"] = survey.masked_flags;
  j["lattices"] = lattices_json(survey, plan);
  return j.dump(1) + "\n";
}

std::vector<std::string> plan_table(const CompositeRequest& request, const SurveyResult& result,
                                    const CatalogCounts& catalog, const Plan& plan,
                                    const std::optional<NetworkCost>& network) {
  const Json j = Json::parse(plan_json(request, result, catalog, plan));
  const std::string about = j["estimated"].get<bool>() ? "~" : "";
  const MemoryPlan& m = plan.memory;
  std::vector<std::string> lines;
  const Row row = [&](const std::string& name, const std::string& value) {
    lines.push_back(name + std::string(name.size() < 14 ? 14 - name.size() : 1, ' ') + value);
  };
  const Affine& t = plan.grid.transform;
  row("grid",
      text("%lld × %lld pixels, %s, corner %.10g %.10g", static_cast<long long>(plan.grid.width),
           static_cast<long long>(plan.grid.height), grid_text(plan.grid).c_str(), t.c, t.f));
  for (const Json& l : j["lattices"]) {
    const Json& o = l["offset_px"];
    row("  source grid",
        l["crs"].get<std::string>() +
            text(", %.7g, %zu rasters, offset ", l["resolution"][0].get<double>(),
                 l["rasters"].get<std::size_t>()) +
            (o.is_null() ? "unknown"
                         : text("%.6g %.6g px", o[0].get<double>(), o[1].get<double>())) +
            "; " + l["operation"].get<std::string>());
  }
  row("dataset size",
      about + text("%.2f GiB (%zu bands, as one cube)", gib(j["dataset"]["bytes"].get<double>()),
                   j["dataset"]["bands"].get<std::size_t>()));
  row("needed",
      about + text("%.2f GiB (%zu bands at full coverage)", gib(j["needed"]["bytes"].get<double>()),
                   j["needed"]["bands"].get<std::size_t>()));
  row("scenes", text("%zu of %llu items, %zu observations, %zu periods", used_scenes(plan),
                     static_cast<unsigned long long>(catalog.items), used_observations(plan),
                     plan.periods.size()));
  std::vector<std::string> places;
  for (const Json& p : j["assets"])
    places.push_back(std::to_string(p["assets"].get<std::size_t>()) + " in " +
                     p["place"].get<std::string>());
  row("assets", joined(places));
  row("tiles", text("%zu of %lld px, %zu chunks", plan.tiles.size(),
                    static_cast<long long>(tile_size), plan.chunks.size()));
  row("blocks", about + text("%llu, %.2f GiB decoded", static_cast<unsigned long long>(plan.blocks),
                             gib(double(plan.block_bytes_decoded))));
  if (network) add_network(*network, row);
  row("memory",
      text("%.0f of %.0f MiB: %.0f program, %llu × %.1f slabs, %.0f sums, %.0f output, %.0f cache",
           mib(m.planned), mib(m.limit), mib(m.process), static_cast<unsigned long long>(m.slabs),
           mib(m.slab_bytes), mib(m.accumulators), mib(m.output), mib(m.cache)));
  if (m.look_ahead > 0)
    row("ahead",
        text("%llu chunks: %.0f MiB of compressed blocks, %.0f MiB of flags",
             static_cast<unsigned long long>(m.look_ahead), mib(m.fetched), mib(m.screened)));
  row("threads", text("%d, windows of %lld px", m.threads, static_cast<long long>(m.window_edge)));
  row("order",
      std::string(plan.order == Order::scene ? "scene" : "tile") + ": " + plan.order_reason);
  row("  tile", order_cost_text(plan.tile_order));
  row("  scene", order_cost_text(plan.scene_order));
  for (const Json& s : j["scaling"])
    row("band",
        s["band"].get<std::string>() + " = " + s["asset"].get<std::string>() + ", " +
            s["resampling"].get<std::string>() + ", nodata " + s["nodata"].dump() +
            (s.contains("scale")
                 ? ", × " + s["scale"].dump() + " + " + s["offset"].dump() + " (" +
                       s["from"].get<std::string>() + ")" +
                       (s["valid_range"].is_null() ? "" : ", valid " + s["valid_range"].dump())
                 : ""));
  if (std::string levels = levels_text(result.survey); !levels.empty()) row("overviews", levels);
  row("masked out",
      result.survey.masked_flags.empty() ? "nothing" : joined(result.survey.masked_flags));
  return lines;
}

}  // namespace cubemill
