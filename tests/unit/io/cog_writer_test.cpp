#include "cubemill/io/cog_writer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <cmath>
#include <csignal>
#include <cstdlib>
#include <functional>
#include <thread>

#include "cubemill/base/error.hpp"
#include "io/cog_header.hpp"
#include "io/cog_sample.hpp"
#include "unit/io/child_process.hpp"
#include "unit/io/cog_fixture.hpp"

namespace cubemill {
namespace {

using namespace cog_test;
using testing::HasSubstr;

double mean_of_valid(std::initializer_list<float> values) {
  double sum = 0, n = 0;
  for (const float v : values)
    if (v == v) sum += v, n += 1;
  return n > 0 ? sum / n : std::numeric_limits<double>::quiet_NaN();
}

// Straight from the rule: 2×2 means, odd edges cover one pixel.
Image<float> half_of(const Image<float>& image, std::int64_t w, std::int64_t h) {
  Image<float> half;
  const auto at = [&](std::int64_t x, std::int64_t y) {
    return x < w && y < h ? image[y * w + x] : std::numeric_limits<float>::quiet_NaN();
  };
  for (std::int64_t y = 0; y < h; y += 2)
    for (std::int64_t x = 0; x < w; x += 2)
      half.push_back(
          float(mean_of_valid({at(x, y), at(x + 1, y), at(x, y + 1), at(x + 1, y + 1)})));
  return half;
}

class EverySize : public testing::TestWithParam<std::pair<int, int>> {};

TEST_P(EverySize, IsReadBackByGdalWithItsOverviews) {
  const auto [width, height] = GetParam();
  const CogSpec spec = spec_of(width, height, SampleType::f32, {"DJF", "JJA"});
  const auto images = ndvi_images(spec);
  const Folder folder;
  write_cog(spec, images, folder.file("a.tif"));
  const Dataset d = open(folder.file("a.tif"));
  ASSERT_TRUE(d);
  for (int b = 0; b < 2; ++b) {
    GDALRasterBand* band = d->GetRasterBand(b + 1);
    EXPECT_TRUE(same(read_band<float>(band), images[b]));
    Image<float> level = images[b];
    std::int64_t w = width, h = height;
    for (int o = 0; o < band->GetOverviewCount(); ++o) {
      level = half_of(level, w, h);
      w = (w + 1) / 2, h = (h + 1) / 2;
      ASSERT_EQ(band->GetOverview(o)->GetXSize(), w);
      ASSERT_EQ(band->GetOverview(o)->GetYSize(), h);
      EXPECT_TRUE(same(read_band<float>(band->GetOverview(o)), level)) << o;
    }
    EXPECT_LE(std::max(w, h), 512);
  }
}
INSTANTIATE_TEST_SUITE_P(Boundaries, EverySize,
                         testing::Values(std::pair(1, 1), std::pair(511, 512), std::pair(512, 512),
                                         std::pair(513, 1), std::pair(1, 1025),
                                         std::pair(1024, 1024), std::pair(1025, 1537),
                                         std::pair(2049, 700)));

TEST(CogWriter, KeepsGridBandsNodataAndMetadata) {
  CogSpec spec = spec_of(700, 600, SampleType::f32, {"DJF", "MAM <&> \"é\""});
  spec.metadata = {{"CUBEMILL_INDEX", "ndvi"}, {"NOTE", "a < b & c"}};
  const Folder folder;
  write_cog(spec, ndvi_images(spec), folder.file("a.tif"));
  const Dataset d = open(folder.file("a.tif"));
  double t[6];
  ASSERT_EQ(d->GetGeoTransform(t), CE_None);
  EXPECT_THAT(t, testing::ElementsAre(300015, 30, 0, 4500015, 0, -30));
  EXPECT_STREQ(d->GetSpatialRef()->GetAuthorityCode(nullptr), "32618");
  EXPECT_STREQ(d->GetMetadataItem("INTERLEAVE", "IMAGE_STRUCTURE"), "BAND");
  EXPECT_STREQ(d->GetMetadataItem("LAYOUT", "IMAGE_STRUCTURE"), "COG");
  EXPECT_STREQ(d->GetMetadataItem("AREA_OR_POINT"), "Area");
  EXPECT_STREQ(d->GetMetadataItem("NOTE"), "a < b & c");
  EXPECT_STREQ(d->GetRasterBand(2)->GetDescription(), "MAM <&> \"é\"");
  int has = 0;
  EXPECT_TRUE(std::isnan(d->GetRasterBand(2)->GetNoDataValue(&has)));
  EXPECT_TRUE(has);
  int width = 0, height = 0;
  d->GetRasterBand(1)->GetOverview(0)->GetBlockSize(&width, &height);
  EXPECT_EQ(width, 512);
  EXPECT_EQ(height, 512);
}

TEST(CogWriter, KeepsRotatedGridsAndOtherCrs) {
  CogSpec spec = spec_of(40, 30, SampleType::u16, {"all"});
  spec.grid.transform = {2, 0.5, 100, 0.25, -2, 200};
  spec.grid.crs = Crs::parse("EPSG:3577");
  const Folder folder;
  write_cog(spec, count_images(spec), folder.file("a.tif"));
  const Dataset d = open(folder.file("a.tif"));
  double t[6];
  ASSERT_EQ(d->GetGeoTransform(t), CE_None);
  EXPECT_THAT(t, testing::ElementsAre(100, 2, 0.5, 200, 0.25, -2));
  EXPECT_STREQ(d->GetSpatialRef()->GetAuthorityCode(nullptr), "3577");
  int has = 1;
  d->GetRasterBand(1)->GetNoDataValue(&has);
  EXPECT_FALSE(has);
}

TEST(CogWriter, RefusesACrsThatGeoTiffCannotExpressBeforeAnyWork) {
  CogSpec spec = spec_of(40, 30, SampleType::f32);
  spec.grid.crs = Crs::parse("+proj=ob_tran +o_proj=moll +o_lat_p=45 +o_lon_p=-90 +type=crs");
  const Folder folder;
  EXPECT_THROW(CogWriter(spec, folder.file("a.tif")), InvalidInput);
  EXPECT_EQ(folder.files(), 0u);
}

TEST(CogWriter, TakesTheTopLeftPixelForOverviewsOfCounts) {
  const CogSpec spec = spec_of(1100, 1031, SampleType::u16, {"DJF", "JJA"});
  const auto images = count_images(spec);
  const Folder folder;
  write_cog(spec, images, folder.file("a.tif"));
  const Dataset d = open(folder.file("a.tif"));
  const auto level = read_band<std::uint16_t>(d->GetRasterBand(2)->GetOverview(1));
  const std::int64_t w = 275;
  for (std::int64_t y = 0; y < 258; ++y)
    for (std::int64_t x = 0; x < w; ++x)
      ASSERT_EQ(level[y * w + x], images[1][4 * y * 1100 + 4 * x]) << x << ' ' << y;
}

TEST(CogWriter, AveragesIntegersOverTheirPixelsOnly) {
  CogSpec spec = spec_of(513, 1, SampleType::u32, {"a"});
  spec.overviews = OverviewRule::mean;
  std::vector<Image<std::uint32_t>> image{Image<std::uint32_t>(513, 4000000000u)};
  image[0][0] = 3999999999u;
  const Folder folder;
  write_cog(spec, image, folder.file("a.tif"));
  const auto level =
      read_band<std::uint32_t>(open(folder.file("a.tif"))->GetRasterBand(1)->GetOverview(0));
  EXPECT_EQ(level.front(), 4000000000u);  // a half rounds up
  EXPECT_EQ(level.back(), 4000000000u);   // the odd last column stands alone
}

class EveryCompression : public testing::TestWithParam<Compression> {};

TEST_P(EveryCompression, GivesTheSameBytesForAnyOrderAndThread) {
  CogSpec spec = spec_of(1100, 1300, SampleType::f32, {"DJF", "JJA"});
  spec.compression = GetParam();
  const auto images = ndvi_images(spec);
  const Folder folder;
  write_cog(spec, images, folder.file("a.tif"));
  for (const unsigned seed : {1u, 2u}) {
    auto order = places(spec);
    std::shuffle(order.begin(), order.end(), std::mt19937(seed));
    CogWriter writer(spec, folder.file("b.tif"));
    {
      std::vector<std::jthread> threads;
      for (std::size_t t = 0; t < 3; ++t)
        threads.emplace_back([&, t] {
          for (std::size_t i = t; i < order.size(); i += 3)
            put_all(writer, spec, images, {order[i]});
        });
    }
    writer.finish();
    EXPECT_TRUE(bytes_of(folder.file("a.tif")) == bytes_of(folder.file("b.tif")));
    EXPECT_EQ(writer.bytes_written(), bytes_of(folder.file("b.tif")).size());
  }
}

TEST_P(EveryCompression, WritesTheSameBytesForEmptyTilesThatAreOnlySaidToBe) {
  for (const SampleType type : {SampleType::f32, SampleType::u16}) {
    CogSpec spec = spec_of(1100, 600, type, {"DJF", "JJA"});
    spec.compression = GetParam();
    const Folder folder;
    CogWriter said(spec, folder.file("a.tif")), shown(spec, folder.file("b.tif"));
    Image<float> nothing(512 * 512,
                         type == SampleType::f32 ? -std::numeric_limits<float>::quiet_NaN() : 0);
    for (const TilePlace& p : places(spec)) {
      said.put(p.band, p.column, p.row, nullptr, true);
      shown.put(p.band, p.column, p.row, nothing.data(), false);
    }
    EXPECT_EQ(said.statistics()[1].valid, shown.statistics()[1].valid);
    EXPECT_EQ(said.statistics()[1].valid, type == SampleType::f32 ? 0u : 1100u * 600u);
    said.finish(), shown.finish();
    EXPECT_TRUE(bytes_of(folder.file("a.tif")) == bytes_of(folder.file("b.tif")));
  }
}

TEST_P(EveryCompression, IsAcceptedByGdalsValidator) {
  if (std::system("/usr/bin/python3 -c 'import osgeo_utils.samples' 2>/dev/null") != 0)
    GTEST_SKIP() << "python3-gdal, which has the validator, is not installed";
  for (const SampleType type : {SampleType::f32, SampleType::u16}) {
    CogSpec spec = spec_of(1700, 1300, type);
    spec.compression = GetParam();
    const Folder folder;
    const std::string path = folder.file("a.tif");
    if (type == SampleType::f32)
      write_cog(spec, ndvi_images(spec), path);
    else
      write_cog(spec, count_images(spec), path);
    const std::string log = folder.file("log");
    const std::string script =
        "from osgeo_utils.samples.validate_cloud_optimized_geotiff import validate\n"
        "w, e, _ = validate('" +
        path +
        "', full_check=True)\n"
        "print(w, e)\n"
        "raise SystemExit(len(w) + len(e) > 0)\n";
    std::ofstream(folder.file("check.py")) << script;
    const std::string command =
        "/usr/bin/python3 " + folder.file("check.py") + " >" + log + " 2>&1";
    EXPECT_EQ(std::system(command.c_str()), 0) << text_of(log);
  }
}

TEST_P(EveryCompression, ShowsAPreviewOfWhatWasPut) {
  CogSpec spec = spec_of(1100, 700, SampleType::f32, {"DJF", "JJA"});
  spec.compression = GetParam();
  const auto images = ndvi_images(spec);
  const Folder folder;
  CogWriter writer(spec, folder.file("a.tif"));
  put_all(writer, spec, images, places(spec));
  const auto full = writer.preview(1100);
  EXPECT_EQ(full.width, 1100);
  EXPECT_TRUE(same(full.bands[1], images[1]));
  const auto half = writer.preview(1099, 1);
  EXPECT_EQ(half.width, 550);
  ASSERT_EQ(half.bands.size(), 1u);
  EXPECT_TRUE(same(half.bands[0], half_of(images[0], 1100, 700)));
  EXPECT_EQ(writer.preview(10).width, 275) << "the smallest level when none is small enough";
}
INSTANTIATE_TEST_SUITE_P(All, EveryCompression,
                         testing::Values(Compression::none, Compression::deflate, Compression::zstd,
                                         Compression::lzw));

TEST(CogWriter, CountsItsStatisticsOverValidPixels) {
  const CogSpec spec = spec_of(1100, 700, SampleType::f32, {"a", "b"});
  const auto images = ndvi_images(spec);
  const Folder folder;
  CogWriter writer(spec, folder.file("a.tif"));
  put_all(writer, spec, images, places(spec));
  long double sum = 0, squares = 0;
  std::uint64_t n = 0;
  float low = 9, high = -9;
  for (const float v : images[1])
    if (v == v) sum += v, ++n, low = std::min(low, v), high = std::max(high, v);
  for (const float v : images[1])
    if (v == v) squares += (v - sum / n) * (v - sum / n);
  const auto s = writer.statistics()[1];
  EXPECT_EQ(s.valid, n);
  EXPECT_EQ(s.pixels, 1100u * 700u);
  EXPECT_EQ(s.minimum, low);
  EXPECT_EQ(s.maximum, high);
  EXPECT_NEAR(s.mean, double(sum / n), 1e-15);
  EXPECT_NEAR(s.stddev, double(std::sqrt(squares / n)), 1e-14);
  writer.finish();
  double gdal[4];
  const Dataset d = open(folder.file("a.tif"));
  ASSERT_EQ(
      d->GetRasterBand(2)->GetStatistics(false, false, &gdal[0], &gdal[1], &gdal[2], &gdal[3]),
      CE_None);
  EXPECT_THAT(gdal, testing::ElementsAre(s.minimum, s.maximum, s.mean, s.stddev));
}

TEST(CogWriter, LeavesNothingBehindWhenItIsNotFinished) {
  const Folder folder;
  {
    const CogSpec spec = spec_of(600, 600, SampleType::f32);
    CogWriter writer(spec, folder.file("a.tif"));
    put_all(writer, spec, ndvi_images(spec), {{0, 0, 0}});
    EXPECT_EQ(folder.files(), 0u) << "a killed process would leave a spool behind";
  }
  EXPECT_EQ(folder.files(), 0u);
}

TEST(CogWriter, TakesMissingAndRepeatedTilesForBugs) {
  const CogSpec spec = spec_of(600, 600, SampleType::f32, {"a"});
  const Folder folder;
  CogWriter writer(spec, folder.file("a.tif"));
  writer.put(0, 0, 0, nullptr, true);
  EXPECT_THROW(writer.put(0, 0, 0, nullptr, true), std::logic_error);
  EXPECT_THROW(writer.put(0, 2, 0, nullptr, true), std::logic_error);
  EXPECT_THROW(writer.preview(100), std::logic_error);
  EXPECT_THROW(writer.finish(), std::logic_error);
  EXPECT_EQ(folder.files(), 0u);
}

TEST(CogWriter, RefusesWhatNoTiffHolds) {
  const Folder folder;
  EXPECT_THROW(CogWriter(spec_of(0, 5, SampleType::f32), folder.file("a")), InvalidInput);
  EXPECT_THROW(CogWriter(spec_of(5, 1LL << 31, SampleType::f32), folder.file("a")), InvalidInput);
  EXPECT_THROW(CogWriter(spec_of(5, 5, SampleType::f32, {}), folder.file("a")), InvalidInput);
}

TEST(CogWriter, SaysWhereItCannotWrite) {
  try {
    CogWriter(spec_of(5, 5, SampleType::f32), "/nowhere/at/all.tif");
    FAIL() << "no error";
  } catch (const IoError& e) {
    EXPECT_THAT(e.what(), HasSubstr("/nowhere/at/all.tif.spool: cannot create: No such file"));
  }
}

// Runs `body` in a process of its own whose files may have `limit` bytes, and gives what it says.
std::string with_file_limit(rlim_t limit, const std::function<std::string()>& body) {
  ChildProcess child([&](int out) {
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit both{limit, limit};
    ::setrlimit(RLIMIT_FSIZE, &both);
    const std::string said = body();
    say(out, said.data(), said.size());
  });
  return child.hear();
}

std::string failure_of(const std::function<void()>& body) {
  try {
    body();
    return "no error";
  } catch (const IoError& e) {
    return std::string("IoError ") + e.what();
  } catch (const std::exception& e) {
    return std::string("other ") + e.what();
  }
}

TEST(CogWriter, SaysWhatIsNeededWhenTheSpoolDoesNotFit) {
  CogSpec spec = spec_of(1024, 1024, SampleType::f32, {"a"});
  spec.compression = Compression::none;
  const Folder folder;
  const auto images = ndvi_images(spec);
  const std::string said = with_file_limit(
      3 << 19, [&] { return failure_of([&] { write_cog(spec, images, folder.file("a.tif")); }); });
  EXPECT_THAT(
      said, HasSubstr("IoError " + folder.file("a.tif.spool") + ": cannot write: File too large"));
  EXPECT_THAT(said, HasSubstr("524288 bytes needed at byte 1572864"));
  EXPECT_THAT(said, HasSubstr("bytes are free"));
  EXPECT_EQ(folder.files(), 0u);
}

TEST(CogWriter, RemovesAHalfWrittenFile) {
  CogSpec spec = spec_of(1024, 1024, SampleType::f32, {"a"});
  spec.compression = Compression::none;
  const Folder folder;
  const auto images = ndvi_images(spec);
  // The spool's five tiles fit to the byte, the file with its header does not.
  const std::string said = with_file_limit(
      5 << 20, [&] { return failure_of([&] { write_cog(spec, images, folder.file("a.tif")); }); });
  EXPECT_THAT(said,
              HasSubstr("IoError " + folder.file("a.tif") + ": cannot write: File too large"));
  EXPECT_EQ(folder.files(), 0u);
}

TEST(CogWriter, PlansForTheMemoryOfAWholeRowOfOverviewTiles) {
  const CogSpec spec = spec_of(8 * 512, 8 * 512, SampleType::f32, {"a"});
  // Halves of 4 + 2 + 1 tiles wait, and in each of three levels one tile has both.
  EXPECT_GE(CogWriter::overview_bytes(spec), (4 + 1 + 2 + 1 + 1 + 1) * (1ull << 19));
  EXPECT_LT(CogWriter::overview_bytes(spec), 11 * (1ull << 19));
}

TEST(CogHeader, TurnsToBigTiffWhenAClassicOneIsTooSmall) {
  const CogSpec spec = spec_of(512, 1024, SampleType::f32, {"a"});
  const auto levels = cog_levels(512, 1024);
  const auto header = [&](std::uint32_t first) {
    return make_cog_header(spec, levels, {{first, 100}, {100}}, {});
  };
  const std::uint64_t overhead = header(100).file_size - 100;
  const auto largest = static_cast<std::uint32_t>(UINT32_MAX - overhead);
  EXPECT_EQ(int(header(largest).bytes[2]), 42);
  EXPECT_EQ(header(largest).file_size, UINT32_MAX);
  EXPECT_EQ(int(header(largest + 1).bytes[2]), 43);
  EXPECT_GT(header(largest + 1).file_size, UINT32_MAX);
}

TEST(Compression, IsReadByName) {
  EXPECT_EQ(parse_compression("lzw"), Compression::lzw);
  EXPECT_EQ(parse_compression("none"), Compression::none);
  EXPECT_THROW(parse_compression("jpeg"), InvalidInput);
}

}  // namespace
}  // namespace cubemill
