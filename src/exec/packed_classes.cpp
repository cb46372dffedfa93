#include "exec/packed_classes.hpp"

#include <bit>
#include <cassert>
#include <cstring>

namespace cubemill {
namespace {
static_assert(std::endian::native == std::endian::little, "class 0 of 8 is the lowest byte");
}

std::vector<std::uint8_t> pack_classes(const std::uint8_t* classes, std::size_t count) {
  assert(count % 8 == 0);
  std::vector<std::uint8_t> packed(count / 4);
  for (std::size_t i = 0; i < count; i += 8) {
    std::uint64_t v;
    std::memcpy(&v, classes + i, 8);
    v |= v >> 6;   // pairs: 4 bits in every second byte
    v |= v >> 12;  // fours: 8 bits in bytes 0 and 4
    packed[i / 4] = std::uint8_t(v);
    packed[i / 4 + 1] = std::uint8_t(v >> 32);
  }
  return packed;
}

void unpack_classes(const std::vector<std::uint8_t>& packed, std::uint8_t* classes,
                    std::size_t count) {
  assert(count % 8 == 0 && packed.size() * 4 == count);
  for (std::size_t i = 0; i < count; i += 8) {
    std::uint64_t v = packed[i / 4] | std::uint64_t(packed[i / 4 + 1]) << 32;
    v = (v | v << 12) & 0x000F000F000F000Fu;
    v = (v | v << 6) & 0x0303030303030303u;
    std::memcpy(classes + i, &v, 8);
  }
}

}  // namespace cubemill
