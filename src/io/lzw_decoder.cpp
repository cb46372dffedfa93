#include "io/lzw_decoder.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <string>

#include "io/read_failure.hpp"

namespace cubemill {
namespace {

constexpr unsigned clear_code = 256, end_code = 257, first_free = 258, last_code = 4095;
constexpr unsigned narrowest = 9, widest = 12;
constexpr std::size_t step = 16;  // bytes that are copied at once

[[noreturn]] void refuse_stream(const std::string& what) {
  throw ReadFailure("not a whole LZW stream (" + what + "): the file is damaged, fetch it again");
}

// Codes, most significant bit first.
class CodeReader {
 public:
  explicit CodeReader(std::span<const std::byte> stream) : stream_(stream) {}

  bool has(unsigned width) const { return at_ + width <= 8 * stream_.size(); }

  unsigned next(unsigned width) {
    const std::uint64_t bits = word(at_ / 8) << (at_ % 8);
    at_ += width;
    return unsigned(bits >> (64 - width));
  }

  /// The bits that are left of the last byte, and all bytes behind it.
  bool only_zeros_left() const {
    std::size_t byte = at_ / 8;
    if (at_ % 8 != 0 && (std::uint8_t(stream_[byte++]) & (0xFF >> (at_ % 8))) != 0) return false;
    return std::all_of(stream_.begin() + std::ptrdiff_t(byte), stream_.end(),
                       [](std::byte b) { return b == std::byte{0}; });
  }

 private:
  // Eight bytes from byte `from` on; zeros behind the end.
  std::uint64_t word(std::size_t from) const {
    std::uint64_t bytes = 0;
    if (from + 8 <= stream_.size()) [[likely]]
      std::memcpy(&bytes, &stream_[from], 8);
    else
      std::memcpy(&bytes, stream_.data() + from, stream_.size() - from);
    if constexpr (std::endian::native == std::endian::little) bytes = __builtin_bswap64(bytes);
    return bytes;
  }

  std::span<const std::byte> stream_;
  std::size_t at_ = 0;  // bit
};

// All single bytes, and what a step reads behind the last of them.
constexpr auto single_bytes = [] {
  std::array<std::byte, 256 + step> bytes{};
  for (std::size_t i = 0; i < 256; ++i) bytes[i] = std::byte(i);
  return bytes;
}();

// Copies a string to where the output ends. Where it includes the byte that it is itself the first
// to bring (a code used as it is defined), that byte repeats the string's first.
void append(const std::byte* from, std::size_t length, std::byte* to, const std::byte* end) {
  if (std::size_t(end - to) >= length + step) [[likely]] {
    for (std::size_t i = 0; i < length; i += step) std::memcpy(to + i, from + i, step);
    return;
  }
  for (std::size_t i = 0; i < length; ++i) to[i] = from[i];
}

}  // namespace

std::size_t LzwDecoder::decode(std::span<const std::byte> stream, std::span<std::byte> out) {
  if (out.size() > std::numeric_limits<std::uint32_t>::max()) refuse_stream("a block beyond 4 GiB");
  if (stream.size() >= 2 && stream[0] == std::byte{0} && (stream[1] & std::byte{1}) != std::byte{0})
    throw ReadFailure("LZW of before TIFF 6.0 is not decoded; rewrite the file (gdal_translate)");
  CodeReader codes(stream);
  std::byte* const begin = out.data();
  const std::byte* const end = begin + out.size();
  std::size_t done = 0;
  unsigned width = narrowest, free = 0, limit = 0;  // free 0: no code may come but clear
  for (;;) {
    if (!codes.has(width)) {
      // An end code is due, but some writers leave it out.
      if (free == 0 || !codes.only_zeros_left()) refuse_stream("cut off");
      return done;
    }
    const unsigned code = codes.next(width);
    if (code == clear_code) {
      width = narrowest;
      limit = (1u << width) - 1;
      free = first_free - 1;
      continue;
    }
    if (code == end_code) {
      if (!codes.only_zeros_left()) refuse_stream("data behind its end");
      return done;
    }
    if (free == 0) refuse_stream("no clear code at its start");
    // The string before, and this one's first byte, are a new code.
    starts_[free + 1] = std::uint32_t(done);
    if (code > free) refuse_stream("a code that is not yet defined");
    const std::size_t start = starts_[code], length = starts_[code + 1] - start + 1;
    if (length > out.size() - done)
      throw ReadFailure("it holds more than a block of " + std::to_string(out.size()) +
                        " bytes: the file is damaged, fetch it again");
    append(code < clear_code ? &single_bytes[code] : begin + start, length, begin + done, end);
    if (code == free) begin[done + length - 1] = begin[done];
    done += length;
    if (++free < limit) continue;
    if (width < widest)
      limit = (1u << ++width) - 1;
    else if (free > last_code)
      refuse_stream("no clear code where one is due");
  }
}

}  // namespace cubemill
