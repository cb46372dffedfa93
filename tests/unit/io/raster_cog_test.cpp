// Blocks in the frames that GDAL's COGs have, and blocks whose bytes were fetched by others.
#include <gtest/gtest.h>

#include <atomic>
#include <random>

#include "io/raw_file.hpp"
#include "unit/io/raster_fixture.hpp"

namespace cubemill::test {
namespace {

class CogBlocks : public RasterTest {
 protected:
  std::string make_cog(const std::vector<std::string>& options, RasterSpec spec = {}) {
    spec.width = 700;
    spec.height = 600;
    std::vector<std::string> all{"BLOCKSIZE=128", "OVERVIEWS=NONE"};
    all.insert(all.end(), options.begin(), options.end());
    return copy_raster(make_tiff(dir / "plain.tif", spec), dir / "cog.tif", "COG", all);
  }

  // The bytes that a band asks for.
  static std::vector<std::byte> fetched(const RasterBand& band, std::int64_t x, std::int64_t y) {
    const auto place = band.block_place(x, y);
    const std::string file = file_bytes(band.path());
    const auto* from = reinterpret_cast<const std::byte*>(file.data()) + place->offset;
    return {from, from + place->size};
  }

  std::string error_of_block(const RasterBand& band, std::span<const std::byte> bytes) {
    std::vector<std::byte> out(128 * 128 * 8);
    return error_of<IoError>(
        [&] { band.decode_block(1, 1, bytes, out.data(), 128 * 2, scratch, cost); });
  }

  ReadScratch scratch;
  ReadCost cost;
};

TEST_F(CogBlocks, AreReadInEveryCoding) {
  for (const char* compress : {"NONE", "DEFLATE", "LZW", "ZSTD"}) {
    const std::string path = make_cog({std::string("COMPRESS=") + compress, "PREDICTOR=YES"});
    EXPECT_TRUE(expect_as_gdal(path).direct) << compress;
    const auto band = open_raster(path, 1);
    EXPECT_TRUE(band->profile().framed) << compress;
    EXPECT_TRUE(band->profile().contiguous_blocks) << compress;
    EXPECT_EQ("", band->profile().table_fault);
  }
}

TEST_F(CogBlocks, AreReadWithAMaskBetweenThem) {
  RasterSpec spec;
  const std::string plain = make_tiff(dir / "masked.tif", spec);
  {
    GDALDatasetUniquePtr dataset(GDALDataset::Open(plain.c_str(), GDAL_OF_UPDATE));
    CPLSetThreadLocalConfigOption("GDAL_TIFF_INTERNAL_MASK", "YES");
    dataset->CreateMaskBand(GMF_PER_DATASET);
    dataset->GetRasterBand(1)->GetMaskBand()->Fill(255);
    CPLSetThreadLocalConfigOption("GDAL_TIFF_INTERNAL_MASK", nullptr);
  }
  const std::string path = copy_raster(plain, dir / "cog.tif", "COG",
                                       {"BLOCKSIZE=128", "COMPRESS=DEFLATE", "OVERVIEWS=NONE"});
  ASSERT_TRUE(contains(file_bytes(path), "MASK_INTERLEAVED_WITH_IMAGERY=YES"));
  EXPECT_TRUE(expect_as_gdal(path).direct);
  EXPECT_TRUE(open_raster(path, 1)->profile().framed);
  EXPECT_EQ("", open_raster(path, 1)->profile().table_fault);
}

TEST_F(CogBlocks, AreReadWhereSomeAreSparse) {
  RasterSpec spec;
  spec.written_rows = 200;
  const std::string path = make_cog({"COMPRESS=DEFLATE", "SPARSE_OK=YES"}, spec);
  EXPECT_TRUE(expect_as_gdal(path).direct);
  const auto band = open_raster(path, 1);
  EXPECT_EQ(0u, band->block_place(0, 4)->size);
  EXPECT_TRUE(band->profile().contiguous_blocks);
  EXPECT_EQ("", band->profile().table_fault);
}

void overwrite(const std::string& path, std::vector<std::uint16_t> pixels) {
  GDALDatasetUniquePtr dataset(GDALDataset::Open(path.c_str(), GDAL_OF_UPDATE));
  ASSERT_EQ(CE_None,
            dataset->GetRasterBand(1)->RasterIO(GF_Write, 100, 100, 300, 300, pixels.data(), 300,
                                                300, GDT_UInt16, 0, 0, nullptr));
}

TEST_F(CogBlocks, AreReadWhereSomeWereRewrittenInPlace) {
  const std::string path = make_cog({"COMPRESS=DEFLATE"});
  overwrite(path, std::vector<std::uint16_t>(300 * 300, 7));  // blocks shrink
  const auto band = open_raster(path, 1);
  EXPECT_TRUE(band->profile().framed);
  EXPECT_FALSE(band->profile().contiguous_blocks);
  EXPECT_EQ("", band->profile().table_fault);
  EXPECT_TRUE(expect_as_gdal(path).direct);
}

TEST_F(CogBlocks, AreNotFramedOnceSomeWereMoved) {
  const std::string path = make_cog({"COMPRESS=DEFLATE"});
  std::vector<std::uint16_t> noise(300 * 300);  // blocks grow
  std::mt19937 random(1);
  for (auto& pixel : noise) pixel = std::uint16_t(random());
  overwrite(path, noise);
  EXPECT_FALSE(open_raster(path, 1)->profile().framed);
  EXPECT_TRUE(expect_as_gdal(path).direct);
}

TEST_F(CogBlocks, NoticeAFlippedBitOfTheirFrame) {
  const auto band = open_raster(make_cog({"COMPRESS=LZW"}), 1);
  const std::vector<std::byte> whole = fetched(*band, 1, 1);
  std::vector<std::byte> out(128 * 128 * 2);
  EXPECT_NO_THROW(band->decode_block(1, 1, whole, out.data(), 256, scratch, cost));
  for (std::size_t bit = 0; bit < 64; ++bit) {
    std::vector<std::byte> flipped = whole;
    const std::size_t at = bit / 8 < 4 ? bit / 8 : whole.size() - 8 + bit / 8;
    flipped[at] ^= std::byte(1 << bit % 8);
    const std::string error = error_of_block(*band, flipped);
    EXPECT_TRUE(contains(error, bit < 32 ? "the size before it says" : "not repeated behind it"))
        << error;
  }
}

TEST_F(CogBlocks, FetchedByOthersAreTheSameAsRead) {
  for (const auto& options : std::vector<std::vector<std::string>>{
           {"COMPRESS=DEFLATE", "PREDICTOR=YES"}, {"COMPRESS=NONE"}, {"COMPRESS=ZSTD"}}) {
    const auto band = open_raster(make_cog(options), 1);
    for (std::int64_t y = 0; y < band->info().blocks_down(); ++y)
      for (std::int64_t x = 0; x < band->info().blocks_across(); ++x) {
        std::vector<std::byte> read(128 * 128 * 2), decoded = read;
        ReadCost reading;
        band->read_block(x, y, read.data(), 256, scratch, reading);
        const std::vector<std::byte> bytes = fetched(*band, x, y);
        band->decode_block(x, y, bytes, decoded.data(), 256, scratch, cost);
        EXPECT_TRUE(read == decoded) << options[0] << x << y;
        EXPECT_EQ(bytes.size(), reading.bytes_read);
      }
  }
  EXPECT_EQ(0u, cost.requests);
  EXPECT_EQ(0u, cost.bytes_read);
}

TEST_F(CogBlocks, FetchedByOthersMustBeWholeAndNoMore) {
  const auto band = open_raster(make_cog({"COMPRESS=DEFLATE"}), 1);
  std::vector<std::byte> bytes = fetched(*band, 1, 1);
  const std::string size = std::to_string(bytes.size());
  bytes.push_back(std::byte{0});
  EXPECT_TRUE(contains(error_of_block(*band, bytes), "instead of " + size));
  bytes.pop_back();
  bytes.pop_back();
  EXPECT_TRUE(contains(error_of_block(*band, bytes), "instead of " + size));
  EXPECT_TRUE(contains(error_of_block(*band, {}), "block (1, 1)"));
}

// A file as a network has it: counts what is asked of it, and may refuse.
class CountedBytes : public ByteSource {
 public:
  explicit CountedBytes(const std::string& path) : bytes_(file_bytes(path)) {}
  void read(std::uint64_t offset, std::byte* out, std::size_t size) const override {
    ++reads;
    if (offset >= refused_from) throw IoError("far away", "answers 403");
    ASSERT_LE(offset + size, bytes_.size());
    std::memcpy(out, bytes_.data() + offset, size);
  }
  std::uint64_t size() const override { return bytes_.size(); }
  std::vector<std::byte> front(std::size_t size) const {
    const auto* from = reinterpret_cast<const std::byte*>(bytes_.data());
    return {from, from + std::min(size, bytes_.size())};
  }

  std::uint64_t refused_from = ~std::uint64_t(0);
  mutable std::atomic<int> reads = 0;

 private:
  std::string bytes_;
};

class RasterBytes : public CogBlocks {};

TEST_F(RasterBytes, GiveTheHeaderThatLiesInTheirFrontWithoutARead) {
  const std::string path = make_cog({"COMPRESS=DEFLATE", "PREDICTOR=YES"});
  const auto local = open_raster(path, 1);
  const auto bytes = std::make_shared<CountedBytes>(path);
  const auto remote = open_raster("s3://bucket/folder/cog.tif?x=1", 1, bytes, bytes->front(32768));
  EXPECT_EQ(0, bytes->reads);
  EXPECT_TRUE(remote->info().direct);
  EXPECT_EQ(local->info().grid.transform, remote->info().grid.transform);
  EXPECT_EQ(local->profile().georeference, remote->profile().georeference);
  EXPECT_TRUE(read_by_blocks(*local) == read_by_blocks(*remote));
  EXPECT_EQ(local->info().blocks_across() * local->info().blocks_down(), bytes->reads);
}

TEST_F(RasterBytes, AreReadWhereTheHeaderLiesElsewhere) {
  RasterSpec spec;  // GDAL writes the directory behind the blocks
  spec.options = {"COMPRESS=LZW", "TILED=YES"};
  const std::string path = make_tiff(dir / "r.tif", spec);
  const auto bytes = std::make_shared<CountedBytes>(path);
  const auto remote = open_raster("https://host/r.tif", 1, bytes);
  EXPECT_TRUE(remote->info().direct);
  EXPECT_TRUE(read_by_blocks(*open_raster(path, 1)) == read_by_blocks(*remote));
}

TEST_F(RasterBytes, AreDecodedByGdalWhereTheCodingIsNotKnownHere) {
  RasterSpec spec;
  spec.options = {"COMPRESS=PACKBITS", "TILED=YES"};
  const std::string path = make_tiff(dir / "r.tif", spec);
  const auto remote = open_raster("https://host/r.tif", 1, std::make_shared<CountedBytes>(path));
  EXPECT_FALSE(remote->info().direct);
  EXPECT_FALSE(remote->block_place(0, 0));
  EXPECT_TRUE(read_by_blocks(*open_raster(path, 1)) == read_by_blocks(*remote));
}

TEST_F(RasterBytes, LetTheirOwnErrorsThrough) {
  const std::string path = make_cog({"COMPRESS=DEFLATE"});
  const auto bytes = std::make_shared<CountedBytes>(path);
  const auto band = open_raster("s3://b/cog.tif", 1, bytes);
  bytes->refused_from = 0;
  EXPECT_EQ("far away: answers 403", error_of<IoError>([&] { read_by_blocks(*band); }));
  EXPECT_EQ("far away: answers 403",
            error_of<IoError>([&] { open_raster("s3://b/cog.tif", 1, bytes); }));
  EXPECT_EQ("far away: answers 403",
            error_of<IoError>([&] { open_raster("s3://b/cog.tif", 1, bytes, bytes->front(64)); }));
  RasterSpec spec;
  spec.options = {"COMPRESS=PACKBITS", "TILED=YES"};
  const auto coded = std::make_shared<CountedBytes>(make_tiff(dir / "r.tif", spec));
  const auto by_gdal = open_raster("s3://b/r.tif", 1, coded);
  coded->refused_from = 0;
  EXPECT_EQ("far away: answers 403", error_of<IoError>([&] { read_by_blocks(*by_gdal); }));
}

TEST_F(RasterBytes, ThatAreNoRasterAreNamedAsTheCallerDoes) {
  write_file(dir / "page.html", std::string(5000, '<'));
  const auto bytes = std::make_shared<CountedBytes>(dir / "page.html");
  const std::string error =
      error_of<IoError>([&] { open_raster("https://host/page.tif", 1, bytes); });
  EXPECT_TRUE(error.starts_with("https://host/page.tif: cannot be opened as a raster")) << error;
  EXPECT_FALSE(contains(error, "/vsi")) << error;
}

}  // namespace
}  // namespace cubemill::test
