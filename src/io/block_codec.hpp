// From the stored bytes of a TIFF block to its plain bytes: DEFLATE, LZW, ZSTD. Checks lengths and,
// where the coding has them, checksums; knows neither files nor samples. One thread at a time.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "io/lzw_decoder.hpp"

struct libdeflate_decompressor;
struct ZSTD_DCtx_s;

namespace cubemill {

enum class BlockCoding : std::uint8_t { stored, deflate, lzw, zstd };

class BlockDecoder {
 public:
  BlockDecoder();
  ~BlockDecoder();
  BlockDecoder(const BlockDecoder&) = delete;
  BlockDecoder& operator=(const BlockDecoder&) = delete;

  /// Decodes one whole stream into `out` and gives the number of bytes. Behind the stream there may
  /// be zeros, which some writers pad with. Throws ReadFailure: damaged data, a wrong checksum
  /// (DEFLATE's Adler-32, ZSTD's where the frame has one), more than `out` holds, more data behind
  /// the stream.
  std::size_t decode(BlockCoding coding, std::span<const std::byte> stream,
                     std::span<std::byte> out);

 private:
  std::size_t inflate(std::span<const std::byte> stream, std::span<std::byte> out);
  std::size_t decode_zstd(std::span<const std::byte> stream, std::span<std::byte> out);

  libdeflate_decompressor* inflater_;
  ZSTD_DCtx_s* zstd_ = nullptr;      // made when it is first needed, as few files need it
  std::unique_ptr<LzwDecoder> lzw_;  // the same
};

}  // namespace cubemill
