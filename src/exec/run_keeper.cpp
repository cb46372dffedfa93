#include "exec/run_keeper.hpp"

#include <algorithm>
#include <filesystem>

#include "cubemill/base/each_in_threads.hpp"
#include "cubemill/base/error.hpp"
#include "exec/run_identity.hpp"

namespace cubemill {

namespace {

[[noreturn]] void refuse_unreadable(const OutputFolder& folder) {
  throw InvalidInput("--resume: what the interrupted run kept cannot be read (" + folder.staging() +
                     "); --overwrite begins anew");
}

bool within(const FoldedChunks& chunks, std::uint32_t all) {
  return chunks.first <= all &&
         std::ranges::all_of(chunks.more, [&](std::uint32_t place) { return place < all; });
}

/// Whether a checkpoint names only tiles, chunks and files that there are.
bool fits(const Checkpoint& c, const Plan& plan, std::size_t files) {
  const auto known = [&](std::uint32_t tile) { return tile < plan.tiles.size(); };
  return std::ranges::all_of(c.run.finished, known) &&
         std::ranges::all_of(c.stored, [&](const auto& s) { return s.size() == files; }) &&
         std::ranges::all_of(c.run.sums, [&](const SavedSums& s) {
           return known(s.tile) &&
                  (!(c.cut == cut_of(plan)) || within(s.chunks, plan.tiles[s.tile].chunks));
         });
}

}  // namespace

RunKeeper::RunKeeper(const OutputFolder& folder, Warn warn)
    : folder_(folder), warn_(std::move(warn)) {
  if (!folder.resumed()) return;
  run_ = read_run(folder.staging());
  found_ = read_checkpoint(folder.staging());
  if (!found_ || !run_.is_object()) refuse_unreadable(folder);
}

std::vector<SkippedScene> RunKeeper::left_out() const {
  std::vector<SkippedScene> scenes;
  if (found_)
    for (const Json& s : run_.value("left_out", Json::array())) scenes.push_back(skipped_from(s));
  return scenes;
}

Limits RunKeeper::adapted(Limits limits) const {
  if (!found_) return limits;
  if (limits.order == Order::automatic) limits.order = found_->cut.order;
  limits.window_edge = found_->cut.window_edge;
  return limits;
}

void RunKeeper::check(const Json& identity, const Plan& plan, std::size_t files) const {
  if (!found_) return;
  if (const auto difference = first_difference(run_, identity))
    throw InvalidInput("--resume: the interrupted run in " + folder_.path() + " is another one (" +
                       *difference + "); --overwrite begins anew");
  if (!fits(*found_, plan, files)) refuse_unreadable(folder_);
}

RunState RunKeeper::begin(const Json& identity, const Plan& plan, CompositeOutputs& outputs,
                          int threads) {
  if (!found_) {
    // What was folded with a scene that is left out now is of no use any more.
    std::error_code ignored;
    std::filesystem::remove(folder_.staging() + "/" + OutputFolder::checkpoint_name, ignored);
    write_run(folder_.staging(), identity);
    return {};
  }
  Checkpoint from = std::move(*found_);
  found_.reset();
  take_over_tiles(from, plan, outputs, threads);
  check_sums(from, plan);
  return std::move(from.run);
}

// Tiles whose bytes are not there as they were written are made again.
void RunKeeper::take_over_tiles(Checkpoint& from, const Plan& plan, CompositeOutputs& outputs,
                                int threads) {
  std::vector<std::uint8_t> whole(from.run.finished.size());
  each_in_threads(whole.size(), threads, [&](std::size_t i) {
    whole[i] = outputs.restore(plan.tiles[from.run.finished[i]], from.stored[i]);
  });
  std::vector<std::uint32_t> finished;
  for (std::size_t i = 0; i < whole.size(); ++i)
    if (whole[i]) finished.push_back(from.run.finished[i]);
  if (finished.size() < whole.size() && warn_)
    warn_(std::to_string(whole.size() - finished.size()) +
          " finished tiles are damaged on the disk and are made again");
  from.run.finished = std::move(finished);
}

void RunKeeper::check_sums(Checkpoint& from, const Plan& plan) {
  if (from.run.sums.empty()) return drop_sums(from);
  std::string reason;
  if (!(from.cut == cut_of(plan)))
    reason = "the limits are others";
  else if (!std::filesystem::exists(from.run.spill_path))
    reason = from.run.spill_path + " is gone";
  if (reason.empty()) return;
  if (warn_)
    warn_("the sums of unfinished tiles cannot be taken over (" + reason + "), finished tiles are");
  drop_sums(from);
}

void RunKeeper::drop_sums(Checkpoint& from) {
  std::error_code ignored;
  if (!from.run.spill_path.empty()) std::filesystem::remove(from.run.spill_path, ignored);
  from.run.sums.clear();
  from.run.spill_path.clear();
}

bool RunKeeper::keep(const SaveState& save, const Plan& plan, CompositeOutputs& outputs) {
  try {
    std::optional<RunState> state = save();
    if (!state) return false;
    Checkpoint checkpoint{cut_of(plan), std::move(*state), {}};
    for (const std::uint32_t tile : checkpoint.run.finished)
      checkpoint.stored.push_back(outputs.stored(plan.tiles[tile]));
    outputs.store();
    write_checkpoint(folder_.staging(), checkpoint);
    return true;
  } catch (const Error& error) {
    if (warn_ && !warned_)
      warn_(std::string("no checkpoint can be kept, the run goes on: ") + error.what());
    warned_ = true;
    return false;
  }
}

}  // namespace cubemill
