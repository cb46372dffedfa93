// Writes one Cloud-Optimised GeoTIFF, band-interleaved (planar), from tiles that arrive in any
// order from any thread. Each tile is compressed once, in the calling thread, and appended to a
// spool file; `finish` lays the final file out in one fixed order (header and IFDs, overviews
// smallest first, then full resolution; in a level band after band, in a band row after row), so
// that equal pixels give equal bytes. Overview levels are folded as tiles arrive. Owns its
// temporary files: the file to be is removed unless finished; the spool has no name once it is
// open, unless a later process is to take it over: then whoever owns the folder removes it.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "cubemill/io/stored_tile.hpp"
#include "cubemill/model/geobox.hpp"

namespace cubemill {

enum class Compression { none, deflate, zstd, lzw };
/// Reads a compression's name. Throws InvalidInput that lists them.
Compression parse_compression(const std::string& name);

enum class SampleType { f32, u16, u32 };
enum class OverviewRule {
  mean,  ///< mean of the valid (not NaN) pixels of each 2×2, in double, rounded once to the type
  nearest,  ///< the top left pixel of each 2×2
};

struct CogSpec {
  GeoBox grid;
  SampleType type = SampleType::f32;
  std::vector<std::string> bands;  ///< descriptions, in order
  bool nodata_nan = false;         ///< nodata NaN (f32 only); else none
  Compression compression = Compression::deflate;
  OverviewRule overviews = OverviewRule::mean;
  std::vector<std::pair<std::string, std::string>> metadata;  ///< dataset-level GDAL metadata items
};

class CogWriter {
 public:
  static constexpr std::int64_t tile = 512;  ///< edge of a block, all levels

  /// Spools beside `temporary_path`, the file to be. Throws IoError, and InvalidInput when the grid
  /// is too large for a TIFF or GeoTIFF cannot express its CRS.
  CogWriter(CogSpec spec, std::string temporary_path, SpoolName name = SpoolName::none);
  /// Takes over from an interrupted writer of the same spec and path, whose spool was kept.
  /// `tiles`: all that will be restored; what the spool holds behind them is cut off. Throws
  /// IoError.
  CogWriter(CogSpec spec, std::string temporary_path, std::span<const StoredTile> tiles);
  ~CogWriter();
  CogWriter(const CogWriter&) = delete;
  CogWriter& operator=(const CogWriter&) = delete;

  /// Takes full-resolution tile (column, row) of `band` (0-based): 512×512 samples, row-major;
  /// samples outside the grid are ignored (they are written as nodata or 0), NaNs are written as
  /// one and the same. `empty`: all samples are nodata (or 0) and `samples` may be null.
  /// Thread-safe. Each tile exactly once. Throws IoError when the disk is full (path, needed and
  /// free bytes).
  void put(int band, std::int64_t column, std::int64_t row, const void* samples, bool empty);

  /// Puts a tile of the interrupted writer again, as it was compressed. False, and nothing done,
  /// when its bytes are not in the spool as they were written: it is to be put. Thread-safe. Needs
  /// up to four tiles' memory more than `put`, until it is decoded.
  bool restore(const StoredTile& from);
  /// Whether a full-resolution tile was put or restored.
  bool has(int band, std::int64_t column, std::int64_t row) const;
  /// Tells how to restore a full-resolution tile that was put or restored.
  StoredTile stored(int band, std::int64_t column, std::int64_t row) const;
  /// Waits until the disk has all that was put: then `stored` holds even after a loss of power.
  /// Thread-safe. Throws IoError.
  void store();

  /// Writes the final file at `temporary_path` and gives the spool's space back meanwhile, but not
  /// that of a spool that is still `kept` when the disk has room for both. All tiles must have been
  /// put. Needs 4 MiB of memory and some 40 bytes a tile. Throws IoError, also when a tile's bytes
  /// have changed since; then the file is removed.
  void finish(SpoolName spool = SpoolName::kept);

  /// Size of the finished file; before `finish`, compressed bytes so far.
  std::uint64_t bytes_written() const;
  /// Bytes that a writer holds at worst when tiles come row by row: incomplete overview tiles of
  /// all bands, the tile index, statistics.
  static std::uint64_t overview_bytes(const CogSpec& spec);
  /// Bytes that a thread inside `put` needs.
  static std::uint64_t bytes_per_thread(const CogSpec& spec);

  /// Statistics of what was put, per band, over valid full-resolution pixels, the same bits for any
  /// order of arrival; the standard deviation is the population's. Call after all tiles were put.
  struct BandStatistics {
    double minimum = 0, maximum = 0, mean = 0, stddev = 0;
    std::uint64_t valid = 0;
    std::uint64_t pixels = 0;
  };
  std::vector<BandStatistics> statistics() const;

  /// One image per band, NaN = nodata.
  struct Preview {
    std::int64_t width = 0, height = 0;
    std::vector<std::vector<float>> bands;
  };
  /// Reads back, for the quick look, the level whose longer side is the largest one not above
  /// `longest` (the smallest level if there is none), of the first `bands` bands. Call after all
  /// tiles were put, before `finish`.
  Preview preview(std::int64_t longest, std::size_t bands = SIZE_MAX) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace cubemill
