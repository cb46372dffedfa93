#include "io/block_codec.hpp"

#include <libdeflate.h>
#include <zstd.h>
#include <zstd_errors.h>

#include <algorithm>
#include <cstring>
#include <new>
#include <string>

#include "io/read_failure.hpp"

namespace cubemill {
namespace {

[[noreturn]] void refuse(const std::string& what) {
  throw ReadFailure(what + ": the file is damaged, fetch it again");
}

[[noreturn]] void refuse_more_than(std::size_t size) {
  refuse("it holds more than a block of " + std::to_string(size) + " bytes");
}

void expect_only_zeros(std::span<const std::byte> rest) {
  if (std::any_of(rest.begin(), rest.end(), [](std::byte b) { return b != std::byte{0}; }))
    refuse("data follow its end");
}

// libdeflate does not say whether the data or only the checksum is wrong; only a failed read pays
// for knowing.
const char* reason_of_damage(libdeflate_decompressor* inflater, std::span<const std::byte> stream,
                             std::span<std::byte> out) {
  constexpr std::size_t header = 2, checksum = 4;  // RFC 1950
  if (stream.size() > header + checksum &&
      libdeflate_deflate_decompress(inflater, stream.data() + header, stream.size() - header,
                                    out.data(), out.size(), nullptr) != LIBDEFLATE_BAD_DATA)
    return "its checksum (Adler-32) is wrong";
  return "not a whole DEFLATE stream";
}

// A frame says how long it is, and mostly how much it holds.
std::span<const std::byte> one_frame(std::span<const std::byte> stream, std::size_t most) {
  const std::size_t size = ZSTD_findFrameCompressedSize(stream.data(), stream.size());
  if (ZSTD_isError(size)) refuse("not a whole ZSTD frame");
  expect_only_zeros(stream.subspan(size));
  const unsigned long long content = ZSTD_getFrameContentSize(stream.data(), stream.size());
  if (content == ZSTD_CONTENTSIZE_ERROR) refuse("not a whole ZSTD frame");
  if (content != ZSTD_CONTENTSIZE_UNKNOWN && content > most) refuse_more_than(most);
  return stream.first(size);
}

}  // namespace

BlockDecoder::BlockDecoder() : inflater_(libdeflate_alloc_decompressor()) {
  if (!inflater_) throw std::bad_alloc();
}

BlockDecoder::~BlockDecoder() {
  libdeflate_free_decompressor(inflater_);
  ZSTD_freeDCtx(zstd_);
}

std::size_t BlockDecoder::decode(BlockCoding coding, std::span<const std::byte> stream,
                                 std::span<std::byte> out) {
  switch (coding) {
    case BlockCoding::deflate:
      return inflate(stream, out);
    case BlockCoding::lzw:
      if (!lzw_) lzw_ = std::make_unique<LzwDecoder>();
      return lzw_->decode(stream, out);
    case BlockCoding::zstd:
      return decode_zstd(stream, out);
    case BlockCoding::stored:
      break;
  }
  if (stream.size() > out.size()) refuse_more_than(out.size());
  std::copy(stream.begin(), stream.end(), out.begin());
  return stream.size();
}

std::size_t BlockDecoder::inflate(std::span<const std::byte> stream, std::span<std::byte> out) {
  std::size_t used = 0, size = 0;
  switch (libdeflate_zlib_decompress_ex(inflater_, stream.data(), stream.size(), out.data(),
                                        out.size(), &used, &size)) {
    case LIBDEFLATE_SUCCESS:
    case LIBDEFLATE_SHORT_OUTPUT:
      expect_only_zeros(stream.subspan(used));
      return size;
    case LIBDEFLATE_INSUFFICIENT_SPACE:
      refuse_more_than(out.size());
    default:
      refuse(reason_of_damage(inflater_, stream, out));
  }
}

std::size_t BlockDecoder::decode_zstd(std::span<const std::byte> stream, std::span<std::byte> out) {
  if (!zstd_ && !(zstd_ = ZSTD_createDCtx())) throw std::bad_alloc();
  const std::span<const std::byte> frame = one_frame(stream, out.size());
  const std::size_t size =
      ZSTD_decompressDCtx(zstd_, out.data(), out.size(), frame.data(), frame.size());
  if (!ZSTD_isError(size)) return size;
  if (ZSTD_getErrorCode(size) == ZSTD_error_dstSize_tooSmall) refuse_more_than(out.size());
  refuse(std::string("its ZSTD frame is corrupt (") + ZSTD_getErrorName(size) + ")");
}

}  // namespace cubemill
