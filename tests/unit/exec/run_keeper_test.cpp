#include "exec/run_keeper.hpp"

#include <gmock/gmock.h>

#include "unit/io/spill_fixture.hpp"
#include "unit/plan/plan_fixture.hpp"
#include "unit/refusal.hpp"

namespace cubemill::testing_plan {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const Json identity = {{"options", {{"period", {"all"}}}},
                       {"left_out",
                        {{{"item", "scene7"},
                          {"asset", "nir"},
                          {"href", "/data/nir.tif"},
                          {"reason", "cannot be read"}}}}};

/// An interrupted run over two tiles: the first is finished, of the second there are sums.
class RunKeeperIn : public spill_test::SpillIn {
 protected:
  RunKeeperIn() {
    const GeoBox source = grid("EPSG:32718", 30, 299715, 8500305, 740, 140);
    survey = survey_of({{"2021-05-01T15:00:00Z", source}, {"2021-05-17T15:00:00Z", source}});
    recipe.period = PeriodKind::all;
    plan = plan_with(0);
    means.assign(tile_size * tile_size, 0.25f);
    counts.assign(tile_size * tile_size, 2);
  }
  Plan plan_with(std::int64_t edge) const {
    return make_plan(survey, recipe, {1u << 30, 2, Order::tile, edge},
                     grid("EPSG:32718", 30, 300015, 8500005, 700, 100), {});
  }
  std::vector<OutputFile> files(const Plan& of) const {
    return output_files(of, survey, recipe, Compression::deflate);
  }
  RunKeeper::Warn warn() {
    return [this](const std::string& line) { warnings.push_back(line); };
  }
  std::string out() const { return path("out"); }
  void put(CompositeOutputs& outputs, std::uint32_t tile) {
    outputs.put(0, plan.tiles[tile], means, counts, false);
  }

  /// Leaves what a killed run leaves.
  void interrupt(const std::string& spill_path) {
    OutputFolder folder(out(), {});
    RunKeeper keeper(folder, warn());
    CompositeOutputs outputs(plan, files(plan), folder);
    const RunState none = keeper.begin(identity, plan, outputs, 1);
    EXPECT_TRUE(none.finished.empty() && none.sums.empty());
    put(outputs, 0);
    const RunState state{{0}, {{1, {3, 5}, {1, {}}}}, spill_path, 9};
    EXPECT_TRUE(keeper.keep([&] { return state; }, plan, outputs));
    put(outputs, 1);
    stored = outputs.stored(plan.tiles[0]);
    EXPECT_TRUE(folder.resumable());
    staging = folder.staging();
  }
  RunState resume(const Plan& as) {
    OutputFolder folder(out(), {false, true});
    RunKeeper keeper(folder, warn());
    keeper.check(identity, plan, files(plan).size());
    CompositeOutputs outputs(as, files(as), folder, &keeper.found()->stored);
    RunState state = keeper.begin(identity, as, outputs, 2);
    EXPECT_FALSE(keeper.found()) << "once";
    for (const std::uint32_t tile : {0u, 1u})
      if (state.finished.empty() || tile > 0) put(outputs, tile);
    for (const OutputFile& f : outputs.files()) {
      const auto all = f.writer->statistics();
      EXPECT_EQ(all[0].minimum, f.counts ? 2 : 0.25);
      EXPECT_EQ(all[0].valid, 700u * 100);
    }
    return state;
  }

  Survey survey;
  Recipe recipe;
  Plan plan;
  std::vector<float> means;
  std::vector<std::uint32_t> counts;
  std::vector<std::string> warnings;
  std::vector<StoredTile> stored;
  std::string staging;
};

TEST_F(RunKeeperIn, GoesOnWithWhatWasKept) {
  std::ofstream(path("a.spill")) << "x";
  interrupt(path("a.spill"));
  const RunState state = resume(plan);
  EXPECT_THAT(state.finished, ElementsAre(0u));
  ASSERT_EQ(state.sums.size(), 1u);
  EXPECT_EQ(state.sums[0].tile, 1u);
  EXPECT_EQ(state.sums[0].slot.number, 3u);
  EXPECT_EQ(state.sums[0].chunks.first, 1u);
  EXPECT_EQ(state.spill_path, path("a.spill"));
  EXPECT_EQ(state.values_beyond, 9u);
  EXPECT_THAT(warnings, testing::IsEmpty());
}

TEST_F(RunKeeperIn, MakesDamagedTilesAgain) {
  interrupt("/nowhere");
  spill_test::flip_byte(staging + "/ndvi_mean.tif.spool", stored[0].offset);
  EXPECT_THAT(resume(plan).finished, testing::IsEmpty());
  EXPECT_THAT(warnings, testing::Contains(HasSubstr("1 finished tiles are damaged")));
}

TEST_F(RunKeeperIn, DropsSumsWhoseFileIsGone) {
  interrupt(path("gone.spill"));
  const RunState state = resume(plan);
  EXPECT_THAT(state.finished, ElementsAre(0u));
  EXPECT_TRUE(state.sums.empty() && state.spill_path.empty());
  EXPECT_THAT(warnings, ElementsAre(HasSubstr("gone.spill is gone")));
}

TEST_F(RunKeeperIn, DropsSumsOfOtherChunks) {
  std::ofstream(path("a.spill")) << "x";
  interrupt(path("a.spill"));
  const RunState state = resume(plan_with(256));
  EXPECT_THAT(state.finished, ElementsAre(0u));
  EXPECT_TRUE(state.sums.empty() && state.spill_path.empty());
  EXPECT_THAT(warnings, ElementsAre(HasSubstr("the limits are others")));
}

TEST_F(RunKeeperIn, RefusesAnotherRun) {
  interrupt("");
  OutputFolder folder(out(), {false, true});
  const RunKeeper keeper(folder, warn());
  Json other = identity;
  other["options"]["period"] = {"month"};
  EXPECT_THAT(refusal([&] { keeper.check(other, plan, 2); }),
              testing::AllOf(HasSubstr(out() + " is another one"),
                             HasSubstr(R"(options, period: was ["all"], is ["month"])"),
                             HasSubstr("--overwrite")));
  EXPECT_NO_THROW(keeper.check(identity, plan, files(plan).size()));
}

TEST_F(RunKeeperIn, KnowsWhichScenesWereLeftOut) {
  interrupt("");
  OutputFolder folder(out(), {false, true});
  const RunKeeper keeper(folder, warn());
  ASSERT_EQ(keeper.left_out().size(), 1u);
  EXPECT_EQ(keeper.left_out()[0].item, "scene7");
  EXPECT_EQ(keeper.left_out()[0].asset, "nir");
  EXPECT_EQ(keeper.left_out()[0].href, "/data/nir.tif");
  EXPECT_EQ(keeper.left_out()[0].reason, "cannot be read");
}

TEST_F(RunKeeperIn, TakesTheOrderAndTheWindowsOfTheInterruptedRun) {
  const Plan small = plan_with(128);
  plan = plan_with(128);
  interrupt("");
  OutputFolder folder(out(), {false, true});
  const RunKeeper keeper(folder, warn());
  const Limits open = keeper.adapted({1u << 29, 3, Order::automatic});
  EXPECT_EQ(open.order, Order::tile);
  EXPECT_EQ(open.window_edge, 128);
  EXPECT_EQ(open.memory, 1u << 29);
  EXPECT_EQ(open.threads, 3);
  EXPECT_EQ(keeper.adapted({1u << 29, 3, Order::scene}).order, Order::scene) << "as asked";
}

TEST_F(RunKeeperIn, BeginsAnewInANewFolder) {
  OutputFolder folder(out(), {false, true});
  RunKeeper keeper(folder, warn());
  EXPECT_FALSE(keeper.found());
  EXPECT_TRUE(keeper.left_out().empty());
  EXPECT_EQ(keeper.adapted({1, 2, Order::automatic}).order, Order::automatic);
  EXPECT_EQ(keeper.adapted({1, 2, Order::automatic}).window_edge, 0);
  EXPECT_NO_THROW(keeper.check(identity, plan, files(plan).size()));
  CompositeOutputs outputs(plan, files(plan), folder);
  EXPECT_TRUE(keeper.begin(identity, plan, outputs, 1).finished.empty());
  EXPECT_EQ(read_run(folder.staging()), identity);
  EXPECT_FALSE(folder.resumable()) << "nothing is done yet";
}

TEST_F(RunKeeperIn, ForgetsWhatWasKeptWhenItBeginsAgain) {
  interrupt("");
  OutputFolder folder(out(), {false, true});
  RunKeeper keeper(folder, warn());
  {
    CompositeOutputs outputs(plan, files(plan), folder, &keeper.found()->stored);
    keeper.begin(identity, plan, outputs, 1);
    EXPECT_TRUE(folder.resumable());
  }
  folder.forget_staged();
  CompositeOutputs outputs(plan, files(plan), folder);
  EXPECT_TRUE(keeper.begin({{"left_out", "more"}}, plan, outputs, 1).finished.empty());
  EXPECT_FALSE(folder.resumable());
  EXPECT_EQ(read_run(folder.staging()), Json({{"left_out", "more"}}));
}

TEST_F(RunKeeperIn, RefusesWhatItCannotRead) {
  for (const char* name : {"run.json", "checkpoint.json"}) {
    interrupt("");
    std::ofstream(staging + "/" + name) << "{";
    OutputFolder folder(out(), {false, true});
    EXPECT_THAT(refusal([&] { RunKeeper(folder, warn()); }),
                testing::AllOf(HasSubstr(staging), HasSubstr("--overwrite begins anew")));
    std::filesystem::remove(staging + "/checkpoint.json");
  }
}

TEST_F(RunKeeperIn, RefusesWhatThePlanDoesNotHave) {
  interrupt("/spill");
  const std::string path = staging + "/checkpoint.json";
  const Json kept = Json::parse(std::ifstream(path));
  const auto refused = [&](const char* where, const Json& value) {
    Json wrong = kept;
    wrong[Json::json_pointer(where)] = value;
    std::ofstream(path) << wrong;
    OutputFolder folder(out(), {false, true});
    return refusal([&] { RunKeeper(folder, warn()).check(identity, plan, files(plan).size()); });
  };
  for (const char* tile : {"/finished/0/0", "/sums/0/0", "/sums/0/3/0"})
    EXPECT_THAT(refused(tile, 99), HasSubstr("cannot be read")) << tile;
  EXPECT_THAT(refused("/sums/0/3/1", {99}), HasSubstr("cannot be read"));
  EXPECT_THAT(refused("/finished/0", {0}), HasSubstr("cannot be read")) << "of no file";
  for (const int edge : {0, 48, 1024})
    EXPECT_THAT(refused("/cut/window_edge", edge), HasSubstr("cannot be read")) << edge;
}

TEST_F(RunKeeperIn, WarnsOnceWhenNothingCanBeKept) {
  OutputFolder folder(out(), {});
  RunKeeper keeper(folder, warn());
  CompositeOutputs outputs(plan, files(plan), folder);
  keeper.begin(identity, plan, outputs, 1);
  const auto fails = [&]() -> std::optional<RunState> { throw IoError("/disk", "is full"); };
  EXPECT_FALSE(keeper.keep(fails, plan, outputs));
  EXPECT_FALSE(keeper.keep(fails, plan, outputs));
  EXPECT_THAT(warnings, ElementsAre(HasSubstr("the run goes on: /disk: is full")));
  EXPECT_FALSE(keeper.keep([] { return std::optional<RunState>(); }, plan, outputs));
  EXPECT_FALSE(folder.resumable());
  EXPECT_TRUE(keeper.keep([] { return RunState(); }, plan, outputs));
  EXPECT_TRUE(folder.resumable());
}

}  // namespace
}  // namespace cubemill::testing_plan
