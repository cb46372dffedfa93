#include "exec/checkpoint.hpp"

#include <gmock/gmock.h>

#include "unit/io/spill_fixture.hpp"
#include "unit/plan/plan_fixture.hpp"

namespace cubemill::testing_plan {
namespace {

using CheckpointIn = spill_test::SpillIn;

void write(const std::string& path, const std::string& text) { std::ofstream(path) << text; }
std::string read(const std::string& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

Checkpoint some_checkpoint() {
  Checkpoint c;
  c.cut = {Order::scene, 256, 0xfedcba9876543210};
  c.run.finished = {7, 3};
  c.run.sums = {{4, {2, 0xffffffffffffffff}, {3, {5, 9}}}, {6, {0, 1}, {0, {}}}};
  c.run.spill_path = "/var/tmp/a \"b\" ü/cubemill-abcdef.spill";
  c.run.values_beyond = 1ull << 40;
  StoredTile stored, empty;
  stored.offset = 123456789012, stored.size = 4000000000u, stored.checksum = ~0ull - 1;
  empty.offset = StoredTile::nowhere;
  c.stored = {{stored, empty}, {empty, stored}};
  return c;
}

TEST_F(CheckpointIn, ReadsWhatItWrote) {
  const Checkpoint c = some_checkpoint();
  write_checkpoint(folder(), c);
  const std::optional<Checkpoint> got = read_checkpoint(folder());
  ASSERT_TRUE(got);
  EXPECT_EQ(got->cut, c.cut);
  EXPECT_EQ(got->run.finished, c.run.finished);
  EXPECT_EQ(got->run.spill_path, c.run.spill_path);
  EXPECT_EQ(got->run.values_beyond, c.run.values_beyond);
  ASSERT_EQ(got->run.sums.size(), 2u);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(got->run.sums[i].tile, c.run.sums[i].tile);
    EXPECT_EQ(got->run.sums[i].slot.number, c.run.sums[i].slot.number);
    EXPECT_EQ(got->run.sums[i].slot.checksum, c.run.sums[i].slot.checksum);
    EXPECT_EQ(got->run.sums[i].chunks.first, c.run.sums[i].chunks.first);
    EXPECT_EQ(got->run.sums[i].chunks.more, c.run.sums[i].chunks.more);
    for (std::size_t f = 0; f < 2; ++f) {
      EXPECT_EQ(got->stored[i][f].offset, c.stored[i][f].offset);
      EXPECT_EQ(got->stored[i][f].size, c.stored[i][f].size);
      EXPECT_EQ(got->stored[i][f].checksum, c.stored[i][f].checksum);
    }
  }
}

TEST_F(CheckpointIn, HoldsNothingAtFirst) {
  write_checkpoint(folder(), {});
  const std::optional<Checkpoint> got = read_checkpoint(folder());
  ASSERT_TRUE(got);
  EXPECT_EQ(got->cut, PlanCut{});
  EXPECT_TRUE(got->run.finished.empty() && got->run.sums.empty() && got->run.spill_path.empty());
}

TEST_F(CheckpointIn, TakesATornForeignOrOtherDocumentForNone) {
  EXPECT_FALSE(read_checkpoint(folder()));
  EXPECT_TRUE(read_run(folder()).is_null());
  const std::string file = folder() + "/checkpoint.json", run = folder() + "/run.json";
  write_checkpoint(folder(), some_checkpoint());
  write_run(folder(), {{"options", {{"period", "month"}}}});
  const std::string whole = read(file), whole_run = read(run);
  for (std::size_t size = 0; size + 1 < whole.size(); ++size) {
    write(file, whole.substr(0, size));
    ASSERT_FALSE(read_checkpoint(folder())) << whole.substr(0, size);
  }
  for (std::size_t size = 0; size + 1 < whole_run.size(); ++size) {
    write(run, whole_run.substr(0, size));
    ASSERT_TRUE(read_run(folder()).is_null()) << whole_run.substr(0, size);
  }
  for (const char* text : {"", "null", "7", "[]", "{}", "{\"format\": 2}", "{\"format\": \"1\"}",
                           "{\"format\": 1}", "{\"format\": [1]}"}) {
    write(file, text);
    EXPECT_FALSE(read_checkpoint(folder())) << text;
  }
  for (const char* key : {"cut", "values_beyond", "spill", "finished", "sums"}) {
    Json json = Json::parse(whole);
    json[key] = {{"another", "thing"}};
    write(file, json.dump());
    EXPECT_FALSE(read_checkpoint(folder())) << key;
    json.erase(key);
    write(file, json.dump());
    EXPECT_FALSE(read_checkpoint(folder())) << key;
  }
  write(file, whole);
  EXPECT_TRUE(read_checkpoint(folder()));
}

TEST_F(CheckpointIn, ReadsARunAsItWasWritten) {
  const Json run = {{"scenes", {{{"id", "a"}, {"scale", 2.75e-5}, {"modified", -1}}}},
                    {"left_out", Json::array()},
                    {"bytes", 18446744073709551615u}};
  write_run(folder(), run);
  EXPECT_EQ(read_run(folder()), run);
}

TEST_F(CheckpointIn, ReplacesADocumentAsAWhole) {
  const std::string file = folder() + "/x.json";
  replace_file(file, "first");
  replace_file(file, "2nd");
  EXPECT_EQ(read(file), "2nd");
  EXPECT_EQ(files_in(folder()), 1u);
  std::filesystem::remove_all(folder());
  EXPECT_THROW(replace_file(file, "third"), IoError);
}

TEST_F(CheckpointIn, LeavesTheOldDocumentWhenTheNewOneCannotBeWritten) {
  const std::string file = folder() + "/x.json";
  replace_file(file, "first");
  std::filesystem::create_directory(file + ".new");
  EXPECT_THROW(replace_file(file, "second"), IoError);
  EXPECT_EQ(read(file), "first");
}

/// Two scenes of two days under 3 × 3 tiles.
Plan plan_of(std::uint64_t memory, Order order, std::int64_t edge = 0, int days = 2) {
  const GeoBox source = grid("EPSG:32718", 30, 297015, 8503005, 1600, 1600);
  std::vector<SceneSpec> scenes = {{"2021-05-01T15:00:00Z", source},
                                   {"2021-05-17T15:00:00Z", source},
                                   {"2021-06-02T15:00:00Z", source}};
  scenes.resize(std::size_t(days));
  Recipe recipe;
  recipe.period = PeriodKind::all;
  return make_plan(survey_of(scenes), recipe, {memory, 2, order, edge},
                   grid("EPSG:32718", 30, 300015, 8500005, 1400, 1100), {20 * MiB});
}

TEST(PlanCut, IsTheSameForTheSameChunksInTheSameOrder) {
  const PlanCut cut = cut_of(plan_of(1024 * MiB, Order::tile));
  EXPECT_EQ(cut_of(plan_of(900 * MiB, Order::tile)), cut) << "memory for the cache is no matter";
  EXPECT_EQ(cut.order, Order::tile);
  EXPECT_EQ(cut.window_edge, tile_size);
}

TEST(PlanCut, DiffersByOrderWindowsAndChunks) {
  const PlanCut cut = cut_of(plan_of(1024 * MiB, Order::tile));
  const PlanCut scene = cut_of(plan_of(1024 * MiB, Order::scene)),
                small = cut_of(plan_of(1024 * MiB, Order::tile, 256)),
                more = cut_of(plan_of(1024 * MiB, Order::tile, 0, 3));
  for (const PlanCut& other : {scene, small, more}) {
    EXPECT_NE(other, cut);
    EXPECT_NE(other.chunks, cut.chunks);
  }
  Plan moved = plan_of(1024 * MiB, Order::tile);
  ++moved.chunks.back().window.height;
  EXPECT_NE(cut_of(moved), cut);
  Plan swapped = plan_of(1024 * MiB, Order::tile);
  std::swap(swapped.chunks[0], swapped.chunks[1]);
  EXPECT_NE(cut_of(swapped), cut);
}

}  // namespace
}  // namespace cubemill::testing_plan
