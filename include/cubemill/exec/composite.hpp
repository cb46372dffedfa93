// The main job, from items to composites, and the plan of it: what the command line and other
// programs call. One call at a time in a process; threads are its own.
#pragma once
#include <functional>
#include <iosfwd>
#include <map>
#include <string>
#include <vector>

#include "cubemill/io/cog_writer.hpp"
#include "cubemill/net/net_options.hpp"
#include "cubemill/plan/recipe.hpp"

namespace cubemill {

/// How far a run has come.
struct Progress {
  std::size_t chunks_done = 0;
  std::size_t chunks = 0;
  double seconds = 0;
  std::size_t chunks_resumed = 0;  ///< of those done, by an earlier process
  std::uint64_t sums_backend = 0, sums_host = 0, sums_disk = 0;  ///< bytes, by where sums are
};

enum class BackendChoice { automatic, cpu, cuda };

struct CompositeRequest {
  Recipe recipe;
  /// The recipe as options and their values, for the report; `sources` apart.
  std::map<std::string, std::vector<std::string>> options;
  Limits limits;
  BackendChoice backend = BackendChoice::automatic;
  std::uint64_t device_memory = 0;  ///< bytes a device; 0: what is free, less a reserve
  std::vector<int> devices = {0};   ///< that CUDA numbers from 0
  std::string output;               ///< folder
  Compression compression = Compression::deflate;
  bool overwrite = false;
  bool resume = false;             ///< go on with an interrupted run in `output`, if there is one
  double checkpoint_seconds = 60;  ///< how often to keep how far the run has come; 0: never
  std::string spill_folder;        ///< for sums that memory cannot hold; empty: beside the output
  std::uint64_t spill_limit = 0;   ///< bytes on that disk; 0: what is free
  NetOptions net;                  ///< how objects on the network are fetched
  std::string cache_folder;        ///< for headers of remote files; empty: none are kept
  std::string trace;               ///< file for what every thread did when; empty: none
  std::function<void(const Progress&)> progress;
  std::function<void(const std::string&)> warn;  ///< one line each, for the user
  std::function<void(const std::string&)>
      explain;  ///< the plan, line by line, before it is run; may be empty
};

struct CompositeResult {
  std::string report;                ///< report.json
  std::vector<std::string> summary;  ///< for people, line by line
  std::vector<std::string> files;    ///< written, in order
  std::size_t skipped = 0;           ///< scenes left out with the user's leave
};

/// Runs the composite. Throws the kinds of base/error.hpp; then nothing is left under a final name.
CompositeResult make_composite(const CompositeRequest& request, std::istream& standard_input);

struct PlanResult {
  std::string json;
  std::vector<std::string> table;
};

/// Plans without reading a pixel. `probe`: read every header, else one a product and grid.
PlanResult plan_composite(const CompositeRequest& request, bool probe,
                          std::istream& standard_input);

/// What an interrupted process leaves: nothing, what a later run needs to go on, or a whole result.
enum class LeftBehind { nothing, checkpoint, result };

/// Removes what an interrupted run of this process has staged, from any thread, but for what a
/// later one needs to go on.
LeftBehind abandon_outputs() noexcept;

}  // namespace cubemill
