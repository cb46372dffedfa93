// Keeps how far a run has come so that a later process can go on with it, and finds that again. Not
// responsible for where the pieces are: tiles are in spools, sums in a spill file.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "exec/checkpoint.hpp"
#include "exec/composite_outputs.hpp"
#include "exec/output_folder.hpp"
#include "exec/runner.hpp"

namespace cubemill {

class RunKeeper {
 public:
  using Warn = std::function<void(const std::string&)>;

  /// Reads what an interrupted run left in the folder, if it is one.
  RunKeeper(const OutputFolder& folder, Warn warn);

  /// Scenes that the interrupted run had left out as unreadable.
  std::vector<SkippedScene> left_out() const;
  /// The limits with which the plan becomes that of the interrupted run, as far as the user's
  /// allow.
  Limits adapted(Limits limits) const;
  /// Tiles that may be taken over; the outputs are to be opened for them.
  const std::optional<Checkpoint>& found() const { return found_; }

  /// Throws InvalidInput when what was interrupted is another run (what differs), or names what the
  /// plan and its result files do not have.
  void check(const Json& identity, const Plan& plan, std::size_t files) const;
  /// Begins a planned run: takes over what the interrupted one had done, once, or begins anew.
  RunState begin(const Json& identity, const Plan& plan, CompositeOutputs& outputs, int threads);
  /// Keeps how far the run has come; false when that failed, with a warning.
  bool keep(const SaveState& save, const Plan& plan, CompositeOutputs& outputs);

 private:
  void take_over_tiles(Checkpoint& from, const Plan& plan, CompositeOutputs& outputs, int threads);
  void check_sums(Checkpoint& from, const Plan& plan);
  static void drop_sums(Checkpoint& from);

  const OutputFolder& folder_;
  Warn warn_;
  Json run_;  // of the interrupted run
  std::optional<Checkpoint> found_;
  bool warned_ = false;
};

}  // namespace cubemill
