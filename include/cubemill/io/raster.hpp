// One band of one raster file, read block by block. Headers are parsed by GDAL; blocks of TIFFs,
// tiled or striped, of both byte orders (stored, DEFLATE, LZW, ZSTD; predictors 1 to 3; integers
// and floats of 8 to 64 bits), are read and decoded here, everything else by GDAL's own block
// reads. Blocks come out decoded in the file's type. Thread-safe: many threads may read one band.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cubemill/io/byte_source.hpp"
#include "cubemill/io/header_profile.hpp"
#include "cubemill/model/raster_info.hpp"

namespace cubemill {

/// What a thread keeps between reads: decompressor and buffers. Not shared between threads.
class ReadScratch {
 public:
  ReadScratch();
  ~ReadScratch();
  ReadScratch(ReadScratch&&) noexcept;

  struct State;
  State& state() { return *state_; }

 private:
  std::unique_ptr<State> state_;
};

/// What reading cost, added to by every read.
struct ReadCost {
  std::uint64_t requests = 0;    ///< range reads (or GDAL block reads)
  std::uint64_t bytes_read = 0;  ///< compressed bytes; of direct reads only, GDAL does not say
  std::uint64_t bytes_decoded = 0;
  std::uint64_t nanoseconds_reading = 0;  ///< thread CPU time in read calls
  std::uint64_t nanoseconds_decoding =
      0;  ///< thread CPU time inflating and undoing the predictor; all of GDAL's
};

/// Where the bytes of a block lie in its file.
struct BlockPlace {
  std::uint64_t offset = 0;
  std::uint64_t size = 0;  ///< 0: the block is sparse, there is nothing to read
};

class RasterBand {
 public:
  virtual ~RasterBand() = default;
  const RasterInfo& info() const { return info_; }
  const std::string& path() const { return path_; }
  /// What the store of a remote file calls the version that was opened (ETag); else empty.
  const std::string& version() const { return version_; }
  const HeaderProfile& profile() const { return profile_; }
  /// Why the header was fetched again before it was believed; empty: it was not.
  const std::string& header_doubt() const { return header_doubt_; }
  /// For whoever opened it, before anybody else has it.
  void note_header_doubt(std::string reason) { header_doubt_ = std::move(reason); }

  /// Decodes block (block_x, block_y) into `out`, row by row, `row_stride` bytes apart: block_width
  /// × block_height pixels of info().type in native byte order. Pixels beyond the raster's edge are
  /// unspecified. A sparse block is nodata (0 where the file has none). Throws IoError naming path
  /// and block when bytes are missing, short or corrupt: never zeros in their place.
  virtual void read_block(std::int64_t block_x, std::int64_t block_y, std::byte* out,
                          std::ptrdiff_t row_stride, ReadScratch& scratch,
                          ReadCost& cost) const = 0;

  /// Tells which bytes `decode_block` needs, so that they can be fetched before: a block with what
  /// lies around it to check it by (GDAL's COG leaders and trailers). Nothing where only
  /// `read_block` serves (GDAL decodes).
  virtual std::optional<BlockPlace> block_place(std::int64_t block_x,
                                                std::int64_t block_y) const = 0;
  /// Decodes what `block_place` names, all of it and no more, fetched by the caller: otherwise as
  /// `read_block`.
  virtual void decode_block(std::int64_t block_x, std::int64_t block_y,
                            std::span<const std::byte> bytes, std::byte* out,
                            std::ptrdiff_t row_stride, ReadScratch& scratch,
                            ReadCost& cost) const = 0;

  /// The raster itself (0), or one of its overviews (1: the finest), as a raster of its own that
  /// knows of no others. Null where this one is decoded by GDAL: its overviews are not known.
  virtual std::unique_ptr<RasterBand> at_level(std::size_t) const { return nullptr; }

 protected:
  RasterBand(std::string path, RasterInfo info, HeaderProfile profile = {},
             std::string version = {})
      : path_(std::move(path)),
        info_(std::move(info)),
        profile_(std::move(profile)),
        version_(std::move(version)) {}

 private:
  std::string path_;
  RasterInfo info_;
  HeaderProfile profile_;
  std::string version_;
  std::string header_doubt_;
};

/// Sets GDAL up for reading (drivers, error handler, quiet, no directory scans, `cache_bytes` of
/// block cache). Call once.
void initialise_gdal(std::uint64_t cache_bytes);

/// Whether the header of a TIFF is read as far as its overviews.
enum class OverviewHeaders { leave, read };

/// Opens band `band` (1-based) of `path`. Throws IoError (missing, unreadable, no georeference) or
/// InvalidInput (no such band, a type that is not a number).
std::unique_ptr<RasterBand> open_raster(const std::string& path, int band,
                                        OverviewHeaders overviews = OverviewHeaders::leave);
/// The same of what `bytes` holds, which is kept for later reads; `path` names it in errors.
/// `front` are its first bytes, as far as they were fetched before: a header that lies within them
/// costs no read. Files that lie beside it are not looked for. What `bytes` throws comes through.
std::unique_ptr<RasterBand> open_raster(const std::string& path, int band,
                                        std::shared_ptr<const ByteSource> bytes,
                                        std::vector<std::byte> front = {});
/// Only the header.
RasterInfo read_header(const std::string& path, int band,
                       OverviewHeaders overviews = OverviewHeaders::leave);

}  // namespace cubemill
