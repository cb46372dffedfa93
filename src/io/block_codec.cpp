#include "io/block_codec.hpp"

#include <libdeflate.h>

#include <cstring>
#include <new>

#include "io/read_failure.hpp"

namespace cubemill {
namespace {

// libdeflate does not say whether the data or only the checksum is wrong; only a failed read pays
// for knowing.
const char* reason_of_damage(libdeflate_decompressor* decompressor,
                             std::span<const std::byte> stream, std::span<std::byte> out) {
  constexpr std::size_t header = 2, checksum = 4;  // RFC 1950
  if (stream.size() > header + checksum &&
      libdeflate_deflate_decompress(decompressor, stream.data() + header, stream.size() - header,
                                    out.data(), out.size(), nullptr) != LIBDEFLATE_BAD_DATA)
    return "its checksum (Adler-32) is wrong: the file is damaged, fetch it again";
  return "not a whole DEFLATE stream: the file is damaged, fetch it again";
}

}  // namespace

Inflater::Inflater() : decompressor_(libdeflate_alloc_decompressor()) {
  if (!decompressor_) throw std::bad_alloc();
}

Inflater::~Inflater() { libdeflate_free_decompressor(decompressor_); }

std::size_t Inflater::inflate(std::span<const std::byte> stream, std::span<std::byte> out) {
  std::size_t size = 0;
  switch (libdeflate_zlib_decompress(decompressor_, stream.data(), stream.size(), out.data(),
                                     out.size(), &size)) {
    case LIBDEFLATE_SUCCESS:
    case LIBDEFLATE_SHORT_OUTPUT:
      return size;
    case LIBDEFLATE_INSUFFICIENT_SPACE:
      throw ReadFailure("it holds more than a block of " + std::to_string(out.size()) +
                        " bytes: the file is damaged, fetch it again");
    default:
      throw ReadFailure(reason_of_damage(decompressor_, stream, out));
  }
}

void copy_rows(const std::byte* block, const BlockShape& shape, std::byte* out,
               std::ptrdiff_t row_stride) {
  for (std::size_t row = 0; row < shape.rows; ++row, out += row_stride)
    std::memcpy(out, block + row * shape.row_bytes(), shape.row_bytes());
}

}  // namespace cubemill
