#include "cubemill/exec/composite.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <span>
#include <utility>

#include "cubemill/backend/cuda_backend.hpp"
#include "cubemill/base/error.hpp"
#include "cubemill/net/range_client.hpp"
#include "exec/backend_choice.hpp"
#include "exec/net_setup.hpp"
#include "exec/planning.hpp"
#include "exec/report_text.hpp"
#include "exec/reports.hpp"
#include "exec/resident_memory.hpp"
#include "exec/run_identity.hpp"
#include "exec/run_keeper.hpp"
#include "exec/spill_place.hpp"
#include "exec/window_reader.hpp"
#include "io/disk_file.hpp"
#include "io/header_cache.hpp"
#include "io/spill_file.hpp"

namespace cubemill {
namespace {

class Clock {
 public:
  double lap() {
    const auto now = std::chrono::steady_clock::now();
    return std::chrono::duration<double>(now - std::exchange(start_, now)).count();
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

void warn_all(const CompositeRequest& request, const std::vector<std::string>& lines) {
  if (request.warn)
    for (const std::string& line : lines) request.warn(without_secrets(line));
}

void write_text(const std::string& path, const std::string& text) {
  DiskFile file(path);
  file.write_at(0, std::as_bytes(std::span(text)));
  file.close();
}

/// The scenes, and a network that knows what their items say of it.
Catalog find_scenes(const CompositeRequest& request, std::istream& standard_input) {
  Catalog catalog = search(request, standard_input);
  initialise_net(net_options_for(request, catalog.scenes, catalog.notes));
  keep_headers_in(request.cache_folder);
  warn_all(request, catalog.notes);
  return catalog;
}

/// One composite, from the catalog to the files. Runs once, and again where scenes turn out to be
/// unreadable.
class Composite {
 public:
  Composite(const CompositeRequest& request, Catalog catalog)
      : request_(request),
        backend_(choose_backend(request.backend, request.devices)),
        trace_(request.trace.empty() ? nullptr : std::make_unique<Trace>(request.trace)),
        catalog_(std::move(catalog)),
        folder_(request.output, {request.overwrite, request.resume}),
        keeper_(folder_, request.warn),
        skipped_(keeper_.left_out()) {
    lap("catalog");
  }

  CompositeResult make() {
    try {
      for (;;) {
        if (auto result = attempt_with_kept_headers()) return std::move(*result);
        release_freed_memory();  // else the next plan counts it as taken
      }
    } catch (const InvalidInput&) {
      throw;  // the same command would end the same way
    } catch (...) {
      if (folder_.resumable())
        warn_all(request_, {"what was done is kept: the same command with --resume goes on"});
      throw;
    }
  }

 private:
  void lap(const std::string& step) { seconds_.emplace_back(step, clock_.lap()); }

  // Nothing when it is to be done again.
  std::optional<CompositeResult> attempt_with_kept_headers() {
    try {
      return attempt();
    } catch (const SceneError& error) {
      if (!take_fresh_headers(error.what())) throw;
    } catch (const InvalidInput& error) {  // rasters that do not fit each other
      if (!take_fresh_headers(error.what())) throw;
    }
    return {};
  }

  // Headers of an earlier run may be of objects that are others by now; those of this one are not.
  bool take_fresh_headers(const std::string& reason) {
    if (kept_headers_used() == 0) return false;
    distrust_kept_headers();
    warn_all(request_, {"headers kept in " + request_.cache_folder + " may be stale (" + reason +
                        "); starting again with fresh ones"});
    grid_.reset();
    folder_.forget_staged();
    return true;
  }

  // Nothing when scenes were left out on the way: what was folded of them before cannot be told
  // apart.
  std::optional<CompositeResult> attempt() {
    const Planned planned = plan_for(request_, keeper_.adapted(request_.limits), catalog_.scenes,
                                     Headers::open_all, grid_, skipped_);
    if (!grid_) {
      warn_all(request_, planned.survey.notes);
      warn_all(request_, planned.plan.notes);
      if (request_.explain)
        for (const std::string& row :
             plan_table(request_, planned.survey, catalog_.counts, planned.plan, planned.network))
          request_.explain(row);
    }
    grid_ = planned.plan.grid;
    lap("plan");
    const Json identity = run_identity(request_, planned.survey, planned.plan, skipped_);
    std::vector<OutputFile> files =
        output_files(planned.plan, planned.survey.survey, request_.recipe, request_.compression);
    keeper_.check(identity, planned.plan, files.size());
    CompositeOutputs outputs(planned.plan, std::move(files), folder_,
                             keeper_.found() ? &keeper_.found()->stored : nullptr);
    RunOptions options = run_options(planned.plan, outputs);
    options.resume = keeper_.begin(identity, planned.plan, outputs, planned.plan.memory.threads);
    const RunTally tally =
        run_plan(planned.plan, planned.survey.survey, planned.survey.bands, options, outputs);
    lap("run");
    if (!tally.left_out.empty()) {
      leave_out(planned, tally);
      return {};
    }
    {
      const TraceSpan span(trace_.get(), "lay out files", "tiles", planned.plan.tiles.size());
      release_freed_memory();  // the pictures need some, when slabs, sums and cache are gone
      outputs.finish(subtitle(planned), tally.may_be_resumed() ? SpoolName::kept : SpoolName::none);
    }
    lap("write");
    return commit(planned, tally, outputs);
  }

  RunOptions run_options(const Plan& plan, CompositeOutputs& outputs) {
    RunOptions options;
    options.fuse_pixels = request_.recipe.fuse == Fuse::pixel;
    options.skip_unreadable = request_.recipe.skip_unreadable;
    options.trace = trace_.get();
    const SpillPlace place = choose_spill_place(request_, plan, folder_.staging());
    warn_all(request_, place.notes);
    options.spill = place.options;
    spill_folder_ = place.options.folder;
    options.checkpoint_interval = std::chrono::duration<double>(request_.checkpoint_seconds);
    if (place.options.checkpoints)
      options.checkpoint = [this, &plan, &outputs](const SaveState& save) {
        return keeper_.keep(save, plan, outputs);
      };
    if (backend_.cuda)
      options.make_backend = [this](FoldSpec spec, const MemoryPlan& memory) {
        return make_cuda_backend(std::move(spec), {request_.device_memory, memory.slab_bytes,
                                                   memory.coordinates / (memory.slabs + 1),
                                                   request_.devices, device_span()});
      };
    const auto start = std::chrono::steady_clock::now();
    if (request_.progress)
      options.progress = [this, start, chunks = plan.chunks.size()](
                             std::size_t done, std::size_t resumed, const SumsByTier& sums) {
        const std::chrono::duration<double> so_far = std::chrono::steady_clock::now() - start;
        request_.progress(
            {done, chunks, so_far.count(), resumed, sums.backend, sums.host, sums.disk});
      };
    return options;
  }

  DeviceSpan device_span() const {
    if (!trace_) return {};
    return [trace = trace_.get()](const std::string& stream, const char* what,
                                  Trace::Clock::time_point begin, Trace::Clock::time_point end) {
      trace->add_on(stream, what, begin, end);
    };
  }

  void leave_out(const Planned& planned, const RunTally& tally) {
    if (take_fresh_headers(tally.left_out.front().reason)) return;
    const Survey& survey = planned.survey.survey;
    skipped_ = planned.survey.skipped;
    for (const LeftOutScene& s : tally.left_out)
      skipped_.push_back(
          {survey.scenes[survey.surveyed[planned.plan.scenes[s.scene].surveyed].scene].id, s.asset,
           without_secrets(s.href), s.reason, s.failure});
    check_skipped(skipped_, survey.scenes.size(), request_.recipe);
    warn_all(request_, {"left out as unreadable: " + std::to_string(tally.left_out.size()) +
                        " scenes; starting again without them"});
    folder_.forget_staged();
  }

  std::string subtitle(const Planned& planned) const {
    return date_range(planned.survey.survey, planned.plan, request_.recipe) + " · " +
           grid_text(planned.plan.grid) + " · " +
           std::to_string(std::count(planned.plan.used.begin(), planned.plan.used.end(), 1)) +
           " scenes";
  }

  CompositeResult commit(const Planned& planned, const RunTally& tally,
                         const CompositeOutputs& outputs) {
    const RunFacts facts{
        request_,        planned.survey,
        catalog_.counts, planned.plan,
        tally,           outputs.files(),
        seconds_,        peak_resident_bytes(),
        backend_,        planned.network ? std::optional(net_client().tally()) : std::nullopt,
        planned.network};
    CompositeResult result;
    result.report = report_json(facts);
    write_text(folder_.staged("item.json"), item_json(facts));
    write_text(folder_.staged("report.json"), result.report);
    folder_.commit();
    purge_dead_spills(spill_folder_);  // what only checkpoints of this run needed
    result.summary = summary_lines(facts, folder_.path());
    result.skipped = planned.survey.skipped.size();
    for (const OutputFile& f : outputs.files())
      for (const char* extension : {".tif", ".png"})
        result.files.push_back(folder_.path() + "/" + f.stem + extension);
    for (const char* name : {"item.json", "report.json"})
      result.files.push_back(folder_.path() + "/" + name);
    return result;
  }

  const CompositeRequest& request_;
  const BackendDecision backend_;
  const std::unique_ptr<Trace> trace_;
  Clock clock_;
  std::vector<std::pair<std::string, double>> seconds_;
  Catalog catalog_;
  OutputFolder folder_;
  RunKeeper keeper_;
  std::optional<GeoBox> grid_;
  std::vector<SkippedScene> skipped_;
  std::string spill_folder_;
};

}  // namespace

CompositeResult make_composite(const CompositeRequest& request, std::istream& standard_input) {
  return Composite(request, find_scenes(request, standard_input)).make();
}

PlanResult plan_composite(const CompositeRequest& request, bool probe,
                          std::istream& standard_input) {
  const Catalog catalog = find_scenes(request, standard_input);
  const Planned planned = plan_for(request, request.limits, catalog.scenes,
                                   probe ? Headers::probe_all : Headers::estimate, {}, {});
  warn_all(request, planned.survey.notes);
  warn_all(request, planned.plan.notes);
  return {plan_json(request, planned.survey, catalog.counts, planned.plan, planned.network),
          plan_table(request, planned.survey, catalog.counts, planned.plan, planned.network)};
}

LeftBehind abandon_outputs() noexcept { return OutputFolder::remove_all_staged(); }

}  // namespace cubemill
