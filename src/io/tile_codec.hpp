// Compresses one tile of samples to the bytes of a TIFF tile and back: predictor, then DEFLATE,
// ZSTD or LZW. Not responsible for files or for where a tile lies. Owns its compressor and buffers;
// one codec per thread at a time.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "cubemill/io/cog_writer.hpp"

namespace cubemill {

/// Gives the value of TIFF's Compression tag: 1, 5 (LZW), 8 (zlib) or 50000 (ZSTD).
std::uint16_t compression_tag(Compression compression);

/// Gives the value of TIFF's Predictor tag: 1 none, 2 horizontal differences, 3 floating point.
std::uint16_t predictor_tag(Compression compression, SampleType type);

class TileCodec {
 public:
  TileCodec(Compression compression, SampleType type);
  ~TileCodec();
  TileCodec(TileCodec&&) noexcept;

  /// Compresses 512×512 samples, row-major. The view is valid until the next call (`none`: as long
  /// as `samples`). The same samples give the same bytes, from any codec.
  std::span<const std::byte> encode(const std::byte* samples);

  /// Restores the 512×512 samples of a tile (by libtiff, whatever wrote them). Throws
  /// std::runtime_error with libtiff's reason when the bytes are corrupt.
  static void decode(Compression compression, SampleType type, std::span<const std::byte> bytes,
                     std::byte* samples);

  /// Bytes that one codec holds in memory, the compressor's own included.
  static std::size_t resident_bytes(Compression compression, SampleType type);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace cubemill
