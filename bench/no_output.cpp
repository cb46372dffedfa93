// A composite whose finished tiles go nowhere: what the job costs without overviews, compression,
// files and pictures. Takes the arguments of `cubemill composite`; what it prints is checked by
// nobody – bench/main_job runs the same command with its output too.
// Usage: no_output composite ITEMS… OPTIONS…      prints one JSON line
#include <malloc.h>
#include <sys/resource.h>

#include <atomic>
#include <cstdio>
#include <exception>
#include <iostream>
#include <string>
#include <vector>

#include "cli/options.hpp"
#include "cubemill/io/raster.hpp"
#include "exec/planning.hpp"
#include "exec/runner.hpp"

namespace {

using namespace cubemill;

class Nowhere final : public TileSink {
 public:
  void put(std::size_t, const Tile&, const std::vector<float>&,
           const std::vector<std::uint32_t>& counts, bool) override {
    std::uint64_t sum = 0;
    for (const std::uint32_t count : counts) sum += count;
    observations_ += sum;
  }
  void put_empty(const Tile&) override {}
  std::uint64_t observations() const { return observations_; }

 private:
  std::atomic<std::uint64_t> observations_{0};
};

double seconds(const timeval& t) { return double(t.tv_sec) + 1e-6 * double(t.tv_usec); }

}  // namespace

int main(int count, char** arguments) try {
  mallopt(M_ARENA_MAX, 2);  // as the program
  const CommandLine line =
      read_command_line(std::vector<std::string>(arguments + 1, arguments + count));
  initialise_gdal(16 << 20);
  const Catalog catalog = search(line.request, std::cin);
  const Planned planned =
      plan_for(line.request, line.request.limits, catalog.scenes, Headers::open_all, {}, {});
  RunOptions options;
  options.fuse_pixels = line.request.recipe.fuse == Fuse::pixel;
  Nowhere sink;
  run_plan(planned.plan, planned.survey.survey, planned.survey.bands, options, sink);
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  std::printf("{\"cpu_seconds\": %.3f, \"observations\": %llu}\n",
              seconds(used.ru_utime) + seconds(used.ru_stime),
              static_cast<unsigned long long>(sink.observations()));
  return 0;
} catch (const std::exception& wrong) {
  std::fprintf(stderr, "no_output: %s\n", wrong.what());
  return 1;
}
