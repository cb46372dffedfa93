// A run of the engine over rasters in memory, and a sink that keeps what it is given.
#pragma once
#include <gtest/gtest.h>

#include <mutex>

#include "exec/runner.hpp"
#include "unit/plan/plan_fixture.hpp"

namespace cubemill::testing_plan {

/// A raster in memory: one value everywhere, or a failure at one block.
class MemoryBand : public RasterBand {
 public:
  MemoryBand(const std::string& path, const RasterInfo& info, std::uint16_t value)
      : RasterBand(path, info), value_(value) {}

  void read_block(std::int64_t x, std::int64_t y, std::byte* out, std::ptrdiff_t stride,
                  ReadScratch&, ReadCost& cost) const override {
    ++cost.requests;
    if (x == bad_x && y == bad_y) throw IoError(path(), "block is damaged");
    for (std::int32_t r = 0; r < info().block_height; ++r)
      std::fill_n(reinterpret_cast<std::uint16_t*>(out + r * stride), info().block_width, value_);
  }
  std::optional<BlockPlace> block_place(std::int64_t, std::int64_t) const override { return {}; }
  void decode_block(std::int64_t bx, std::int64_t by, std::span<const std::byte>, std::byte* out,
                    std::ptrdiff_t stride, ReadScratch& scratch, ReadCost& cost) const override {
    read_block(bx, by, out, stride, scratch, cost);
  }

  std::int64_t bad_x = -1, bad_y = -1;

 private:
  std::uint16_t value_;
};

/// Keeps what it is given.
class MemorySink : public TileSink {
 public:
  void put(std::size_t, const Tile& tile, const std::vector<float>& means,
           const std::vector<std::uint32_t>& counts, bool empty) override {
    const std::lock_guard lock(mutex);
    if (fails) throw IoError("/out", "disk full");
    ++tiles;
    empties += empty;
    for (std::int64_t y = 0; y < tile.window.height; ++y)
      for (std::int64_t x = 0; x < tile.window.width; ++x) {
        const std::size_t i = std::size_t(y * tile_size + x);
        most = std::max(most, counts[i]), least = std::min(least, counts[i]);
        if (counts[i]) sum += means[i], ++pixels;
      }
  }
  void put_empty(const Tile&) override { ++untouched; }

  std::mutex mutex;
  bool fails = false;
  std::size_t tiles = 0, empties = 0, untouched = 0, pixels = 0;
  std::uint32_t most = 0, least = ~0u;
  double sum = 0;
};

/// Three scenes of three days over an output of 700 × 600, NDVI 0.5 everywhere, read on four
/// threads.
struct Job {
  Job() {
    output = grid("EPSG:32718", 30, 300015, 8500005, 700, 600);
    const GeoBox source = grid("EPSG:32718", 30, 299715, 8500305, 740, 640);
    survey = survey_of({{"2021-05-01T15:00:00Z", source},
                        {"2021-05-17T15:00:00Z", source},
                        {"2021-06-02T15:00:00Z", source}});
    for (SurveyedScene& s : survey.surveyed) {
      std::vector<std::unique_ptr<RasterBand>>& inputs = bands.emplace_back();
      for (SceneInput& in : s.inputs) {
        in.info.block_width = in.info.block_height = 128;
        in.numbers.offset = 0;
        inputs.push_back(std::make_unique<MemoryBand>(in.href, in.info,
                                                      std::uint16_t(in.asset == "qa"    ? 64
                                                                    : in.asset == "red" ? 10000
                                                                                        : 30000)));
      }
    }
  }
  MemoryBand& band(std::size_t scene, std::size_t input) {
    return static_cast<MemoryBand&>(*bands[scene][input]);
  }
  RunTally run(TileSink& sink, std::uint64_t memory = 512 * MiB, Order order = Order::tile) {
    Recipe recipe;
    recipe.period = PeriodKind::all;
    plan = make_plan(survey, recipe, {memory, threads, order}, output, {20 * MiB, 0, 0, 0});
    return run_plan(plan, survey, bands, options, sink);
  }

  int threads = 4;
  GeoBox output;
  Survey survey;
  std::vector<std::vector<std::unique_ptr<RasterBand>>> bands;
  RunOptions options;
  Plan plan;
};

}  // namespace cubemill::testing_plan
