// A writer that takes over from one that was killed: the same file, without compressing again.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstring>
#include <span>
#include <thread>
#include <tuple>

#include "cubemill/base/error.hpp"
#include "cubemill/io/cog_writer.hpp"
#include "unit/io/child_process.hpp"
#include "unit/io/cog_fixture.hpp"

namespace cubemill {
namespace {

using namespace cog_test;
using testing::HasSubstr;

// 3 × 3 tiles of two bands and two overview levels; every fifth tile is said to be empty.
struct Work {
  explicit Work(SampleType type = SampleType::f32, Compression compression = Compression::deflate)
      : spec(spec_of(1100, 1300, type, {"DJF", "JJA"})), order(places(spec)) {
    spec.compression = compression;
    std::shuffle(order.begin(), order.end(), std::mt19937(3));
    if (type == SampleType::f32)
      cut<float>(ndvi_images(spec));
    else if (type == SampleType::u16)
      cut<std::uint16_t>(count_images(spec));
    else
      cut<std::uint32_t>(count_images(spec));
  }
  template <class T, class From>
  void cut(const std::vector<Image<From>>& images) {
    for (const TilePlace& p : order) {
      const Image<From> tile = cut_tile(spec, images[p.band], p.column, p.row);
      const Image<T> converted(tile.begin(), tile.end());
      const auto bytes = std::as_bytes(std::span(converted));
      samples.emplace_back(bytes.begin(), bytes.end());
    }
  }

  void put(CogWriter& writer, std::size_t i) const {
    writer.put(order[i].band, order[i].column, order[i].row, samples[i].data(), i % 5 == 0);
  }
  StoredTile stored(const CogWriter& writer, std::size_t i) const {
    return writer.stored(order[i].band, order[i].column, order[i].row);
  }
  std::vector<char> file(const Folder& folder) const {
    CogWriter writer(spec, folder.file("whole.tif"));
    for (std::size_t i = 0; i < order.size(); ++i) put(writer, i);
    writer.finish();
    return bytes_of(folder.file("whole.tif"));
  }
  /// Puts the first `count` tiles and goes without finishing.
  std::vector<StoredTile> leave(const Folder& folder, std::size_t count) const {
    CogWriter writer(spec, folder.file("a.tif"), SpoolName::kept);
    std::vector<StoredTile> tiles;
    for (std::size_t i = 0; i < count; ++i) put(writer, i), tiles.push_back(stored(writer, i));
    return tiles;
  }

  CogSpec spec;
  std::vector<TilePlace> order;
  std::vector<std::vector<std::byte>> samples;
};

// The process tells of each tile that it has put, and is killed once `count` are heard of, wherever
// it is by then.
std::vector<StoredTile> killed_after(std::size_t count, const Work& work, const Folder& folder) {
  ChildProcess child([&](int out) {
    CogWriter writer(work.spec, folder.file("a.tif"), SpoolName::kept);
    for (std::size_t i = 0; i < work.order.size(); ++i) {
      work.put(writer, i);
      const StoredTile tile = work.stored(writer, i);
      say(out, &tile, sizeof tile);
    }
    for (;;) ::pause();
  });
  std::string said = child.hear(count * sizeof(StoredTile));
  child.kill();
  said += child.hear();
  EXPECT_EQ(child.end(), SIGKILL);
  std::vector<StoredTile> tiles(said.size() / sizeof(StoredTile));
  if (!tiles.empty()) std::memcpy(tiles.data(), said.data(), tiles.size() * sizeof(StoredTile));
  return tiles;
}

// Restores `tiles`, the first of the order, from two threads; gives the numbers of the damaged.
std::vector<std::size_t> restore(CogWriter& writer, const std::vector<StoredTile>& tiles) {
  std::vector<char> taken(tiles.size());
  {
    std::vector<std::jthread> threads;
    for (std::size_t t = 0; t < 2; ++t)
      threads.emplace_back([&, t] {
        for (std::size_t i = t; i < tiles.size(); i += 2) taken[i] = writer.restore(tiles[i]);
      });
  }
  std::vector<std::size_t> damaged;
  for (std::size_t i = 0; i < tiles.size(); ++i)
    if (!taken[i]) damaged.push_back(i);
  return damaged;
}

// Takes over, puts what is damaged or missing, finishes.
std::vector<std::size_t> finish_with(const std::vector<StoredTile>& tiles, const Work& work,
                                     const Folder& folder) {
  CogWriter writer(work.spec, folder.file("a.tif"), tiles);
  const std::vector<std::size_t> damaged = restore(writer, tiles);
  for (const std::size_t i : damaged) work.put(writer, i);
  for (std::size_t i = tiles.size(); i < work.order.size(); ++i) work.put(writer, i);
  writer.finish();
  return damaged;
}

void flip_byte(const std::string& path, std::uint64_t at) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  char byte = 0;
  file.seekg(std::streamoff(at)).get(byte);
  file.seekp(std::streamoff(at)).put(char(byte ^ 1));
}

class EveryKind : public testing::TestWithParam<std::tuple<SampleType, Compression>> {};

TEST_P(EveryKind, IsContinuedToTheSameBytesAfterAKillAtAnyTile) {
  const Work work(std::get<0>(GetParam()), std::get<1>(GetParam()));
  const Folder folder;
  const auto whole = work.file(folder);
  for (const std::size_t count : {0u, 11u, 18u}) {
    const auto tiles = killed_after(count, work, folder);
    EXPECT_GE(tiles.size(), count);
    EXPECT_THAT(finish_with(tiles, work, folder), testing::IsEmpty()) << count;
    EXPECT_TRUE(bytes_of(folder.file("a.tif")) == whole) << count;
  }
}
INSTANTIATE_TEST_SUITE_P(OfTile, EveryKind,
                         testing::Combine(testing::Values(SampleType::f32, SampleType::u16,
                                                          SampleType::u32),
                                          testing::Values(Compression::none, Compression::deflate,
                                                          Compression::zstd, Compression::lzw)));

TEST(CogResume, KeepsStatisticsAndPreviews) {
  const Work work;
  const Folder folder;
  CogWriter whole(work.spec, folder.file("b.tif"));
  for (std::size_t i = 0; i < work.order.size(); ++i) work.put(whole, i);
  const auto tiles = work.leave(folder, 18);
  CogWriter resumed(work.spec, folder.file("a.tif"), tiles);
  restore(resumed, tiles);
  for (std::size_t b = 0; b < 2; ++b) {
    const auto a = resumed.statistics()[b], e = whole.statistics()[b];
    EXPECT_EQ(std::memcmp(&a, &e, sizeof a), 0);
    for (const std::int64_t longest : {1300, 700, 10})
      EXPECT_TRUE(same(resumed.preview(longest).bands[b], whole.preview(longest).bands[b]));
  }
}

TEST(CogResume, ContinuesWhatWasContinuedAndKilledAgainWithoutGrowing) {
  const Work work;
  const Folder folder;
  const auto whole = work.file(folder);
  auto tiles = work.leave(folder, 7);
  for (std::size_t i = 7; i < 14; ++i) {
    CogWriter writer(work.spec, folder.file("a.tif"), tiles);
    std::uint64_t end = 0;
    for (const StoredTile& t : tiles)
      if (t.offset != StoredTile::nowhere) end = std::max(end, t.offset + t.size);
    EXPECT_EQ(std::filesystem::file_size(folder.file("a.tif.spool")), end);
    EXPECT_THAT(restore(writer, tiles), testing::IsEmpty());
    work.put(writer, i);
    tiles.push_back(work.stored(writer, i));
    EXPECT_EQ(work.stored(writer, 3).offset, tiles[3].offset) << "taken over, not written again";
  }
  EXPECT_THAT(finish_with(tiles, work, folder), testing::IsEmpty());
  EXPECT_TRUE(bytes_of(folder.file("a.tif")) == whole);
}

TEST(CogResume, ReportsADamagedTileAndOnlyThat) {
  const Work work;
  const Folder folder;
  const auto whole = work.file(folder);
  for (const std::size_t victim : {1u, 7u, 11u}) {
    const auto tiles = work.leave(folder, 12);
    flip_byte(folder.file("a.tif.spool"), tiles[victim].offset + tiles[victim].size - 1);
    EXPECT_THAT(finish_with(tiles, work, folder), testing::ElementsAre(victim));
    EXPECT_TRUE(bytes_of(folder.file("a.tif")) == whole);
  }
}

TEST(CogResume, ReportsTheTilesBehindTheEndOfATornSpool) {
  const Work work;
  const Folder folder;
  const auto whole = work.file(folder);
  const auto tiles = work.leave(folder, 9);
  std::filesystem::resize_file(folder.file("a.tif.spool"), tiles[6].offset + tiles[6].size - 1);
  EXPECT_THAT(finish_with(tiles, work, folder), testing::ElementsAre(6, 7, 8));
  EXPECT_TRUE(bytes_of(folder.file("a.tif")) == whole);
}

TEST(CogResume, ReportsAllButEmptyTilesWhenTheSpoolIsGone) {
  const Work work;
  const Folder folder;
  const auto whole = work.file(folder);
  const auto tiles = work.leave(folder, 7);
  std::filesystem::remove(folder.file("a.tif.spool"));
  EXPECT_THAT(finish_with(tiles, work, folder), testing::ElementsAre(1, 2, 3, 4, 6));
  EXPECT_TRUE(bytes_of(folder.file("a.tif")) == whole);
}

TEST(CogResume, ReportsTilesThatNoSpoolCanHold) {
  const Work work;
  const Folder folder;
  auto tiles = work.leave(folder, 5);
  tiles[1].size = 0;
  tiles[2].offset = UINT64_MAX - 1;
  tiles[3].size = UINT32_MAX;
  CogWriter writer(work.spec, folder.file("a.tif"), tiles);
  EXPECT_THAT(restore(writer, tiles), testing::ElementsAre(1, 2, 3));
}

TEST(CogResume, TakesRepeatedAndForeignTilesForBugs) {
  const Work work;
  const Folder folder;
  auto tiles = work.leave(folder, 2);
  CogWriter writer(work.spec, folder.file("a.tif"), tiles);
  EXPECT_THROW(work.stored(writer, 1), std::logic_error);
  EXPECT_TRUE(writer.restore(tiles[1]));
  EXPECT_THROW(writer.restore(tiles[1]), std::logic_error);
  tiles[0].band = 2;
  EXPECT_THROW(writer.restore(tiles[0]), std::logic_error);
}

TEST(CogResume, WritesNoFileFromBytesThatHaveChanged) {
  const Work work;
  const Folder folder;
  CogWriter writer(work.spec, folder.file("a.tif"), SpoolName::kept);
  for (std::size_t i = 0; i < work.order.size(); ++i) work.put(writer, i);
  writer.store();
  const StoredTile tile = work.stored(writer, 8);
  flip_byte(folder.file("a.tif.spool"), tile.offset + 5);
  for (const bool shown : {true, false}) try {
      shown ? void(writer.preview(1300)) : writer.finish();
      ADD_FAILURE() << "no error";
    } catch (const IoError& e) {
      EXPECT_THAT(e.what(), HasSubstr(folder.file("a.tif.spool") + ": a tile cannot be read back"));
      EXPECT_THAT(e.what(), HasSubstr(std::to_string(tile.size) + " bytes at byte " +
                                      std::to_string(tile.offset) + " were damaged"));
    }
  EXPECT_FALSE(std::filesystem::exists(folder.file("a.tif")));
}

// Five tiles without compression have as many bytes as a file may have here: the file, which has a
// header too, ends the process before it is whole.
TEST(CogResume, LosesNoTileToAKillWhileTheFileIsLaidOut) {
  CogSpec spec = spec_of(1024, 1024, SampleType::f32, {"a"});
  spec.compression = Compression::none;
  const auto images = ndvi_images(spec);
  const Folder folder;
  write_cog(spec, images, folder.file("whole.tif"));
  ChildProcess child([&](int out) {
    const rlimit limit{5 << 20, 5 << 20}, no_core{0, 0};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    ::setrlimit(RLIMIT_CORE, &no_core);
    CogWriter writer(spec, folder.file("a.tif"), SpoolName::kept);
    put_all(writer, spec, images, places(spec));
    for (const TilePlace& p : places(spec)) {
      const StoredTile tile = writer.stored(p.band, p.column, p.row);
      say(out, &tile, sizeof tile);
    }
    writer.finish();
  });
  std::vector<StoredTile> tiles(4);
  const std::string said = child.hear();
  ASSERT_EQ(said.size(), 4 * sizeof(StoredTile));
  std::memcpy(tiles.data(), said.data(), said.size());
  ASSERT_EQ(child.end(), SIGXFSZ);
  ASSERT_GT(std::filesystem::file_size(folder.file("a.tif")), 4u << 20);
  CogWriter writer(spec, folder.file("a.tif"), tiles);
  EXPECT_THAT(restore(writer, tiles), testing::IsEmpty());
  writer.finish();
  EXPECT_TRUE(bytes_of(folder.file("a.tif")) == bytes_of(folder.file("whole.tif")));
  EXPECT_TRUE(std::filesystem::exists(folder.file("a.tif.spool"))) << "its owner removes it";
}

TEST(CogResume, GivesASpoolBackThatNobodyWillTakeOver) {
  CogSpec spec = spec_of(2100, 1600, SampleType::f32, {"a", "b"});
  const auto images = ndvi_images(spec);
  const Folder folder;
  write_cog(spec, images, folder.file("whole.tif"));
  CogWriter writer(spec, folder.file("a.tif"), SpoolName::kept);
  put_all(writer, spec, images, places(spec));
  const auto before = std::filesystem::file_size(folder.file("a.tif.spool"));
  ASSERT_GT(before, 8u << 20);
  writer.finish(SpoolName::none);
  EXPECT_TRUE(bytes_of(folder.file("a.tif")) == bytes_of(folder.file("whole.tif")));
  EXPECT_LT(std::filesystem::file_size(folder.file("a.tif.spool")), 3u << 20);
}

// Mounts a disk of `size` bytes that only this process sees.
bool mount_small_disk(const std::string& folder, std::size_t size) {
  if (::unshare(CLONE_NEWNS) != 0 && ::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return false;
  const std::string options = "size=" + std::to_string(size);
  return ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
         ::mount("tmpfs", folder.c_str(), "tmpfs", 0, options.c_str()) == 0;
}

TEST(CogResume, FinishesAKeptSpoolOnADiskThatHoldsTheFileOnce) {
  CogSpec spec = spec_of(4096, 1024, SampleType::f32, {"a"});
  spec.compression = Compression::none;
  const auto images = ndvi_images(spec);
  const Folder folder;
  write_cog(spec, images, folder.file("whole.tif"));
  const auto whole = bytes_of(folder.file("whole.tif"));
  ChildProcess child([&](int out) {
    std::string said = "not mounted";
    if (mount_small_disk(folder.file(""), whole.size() + (6 << 20))) try {
        CogWriter writer(spec, folder.file("a.tif"), SpoolName::kept);
        put_all(writer, spec, images, places(spec));
        const StoredTile tile = writer.stored(0, 0, 0);
        writer.finish();
        said = bytes_of(folder.file("a.tif")) == whole ? "the same" : "another file";
        CogWriter later(spec, folder.file("a.tif"), {&tile, 1});
        said += later.restore(tile) ? ", and a tile" : "";
      } catch (const std::exception& e) {
        said = e.what();
      }
    say(out, said.data(), said.size());
  });
  const std::string said = child.hear();
  if (said == "not mounted") GTEST_SKIP() << "this machine does not let a test mount a small disk";
  EXPECT_EQ(said, "the same");
}

}  // namespace
}  // namespace cubemill
