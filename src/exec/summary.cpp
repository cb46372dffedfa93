#include "exec/report_parts.hpp"
#include "exec/report_text.hpp"
#include "exec/reports.hpp"

namespace cubemill {
namespace {

// What went over the network, and on a bad day how bad it was.
std::string network_line(const NetTally& n, std::uint64_t damaged) {
  std::string line = counted(n.requests, "request", "requests") + text(", %.1f MiB", mib(n.bytes));
  const auto add = [&](std::uint64_t count, const char* what) {
    if (count > 0) line += ", " + std::to_string(count) + " " + what;
  };
  add(n.retries, "tried again");
  add(n.throttled, "asked to slow down");
  add(n.hedges, "asked beside a slow one");
  add(damaged, "blocks came damaged and were fetched again");
  add(n.refreshed, "identities or URLs renewed");
  return "network: " + line;
}

}  // namespace

std::vector<std::string> summary_lines(const RunFacts& f, const std::string& folder) {
  const Survey& survey = f.survey.survey;
  const Plan& p = f.plan;
  std::vector<std::string> lines;
  double total = 0;
  for (const auto& [name, s] : f.seconds) total += s;
  lines.push_back(text("%lld × %lld pixels, %s", static_cast<long long>(p.grid.width),
                       static_cast<long long>(p.grid.height), grid_text(p.grid).c_str()));
  lines.push_back(counted(used_scenes(p), "scene", "scenes") + " in " +
                  counted(used_observations(p), "observation", "observations") + ", " +
                  date_range(survey, p, f.request.recipe));
  if (!survey.masked_flags.empty())
    lines.push_back("masked out: " + joined(survey.masked_flags) +
                    (f.tally.read.flags_seen ? text(" (%.1f %% of the observed pixels)",
                                                    100.0 * double(f.tally.read.flags_masked) /
                                                        double(f.tally.read.flags_seen))
                                             : ""));
  for (const OutputFile& file : f.files) {
    if (file.counts) continue;
    std::string line = file.stem + ":";
    for (std::size_t b = 0; b < file.spec.bands.size() && b < 12; ++b) {
      const auto& s = file.statistics[b];
      line += s.valid ? text("  %s %.3f", file.spec.bands[b].c_str(), s.mean)
                      : text("  %s none", file.spec.bands[b].c_str());
    }
    if (file.spec.bands.size() > 12) line += "  …";
    lines.push_back(line);
  }
  lines.push_back(text("read %llu of %llu blocks, %.1f MiB; peak memory %.0f of %.0f MiB; %.1f s",
                       static_cast<unsigned long long>(f.tally.read.blocks_decoded),
                       static_cast<unsigned long long>(p.blocks), mib(f.tally.read.cost.bytes_read),
                       mib(f.peak_bytes), mib(p.memory.limit), total));
  if (f.network) lines.push_back(network_line(*f.network, f.tally.read.blocks_refetched));
  if (f.tally.chunks_resumed)
    lines.push_back(text("resumed: %llu of %zu chunks had been folded",
                         static_cast<unsigned long long>(f.tally.chunks_resumed), p.chunks.size()));
  if (f.tally.spill.bytes_written)
    lines.push_back(text("sums on disk: %.1f MiB written, %.1f MiB read back, at most %.1f MiB",
                         mib(f.tally.spill.bytes_written), mib(f.tally.spill.bytes_read),
                         mib(f.tally.spill.peak_bytes)));
  for (const SkippedScene& s : f.survey.skipped)
    lines.push_back("skipped " + s.item + ": " + s.reason);
  lines.push_back("written to " + folder);
  return lines;
}

}  // namespace cubemill
