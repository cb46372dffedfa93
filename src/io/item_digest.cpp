#include "io/item_digest.hpp"

#include <string>

namespace cubemill {

ItemDigest digest(const nlohmann::json& value) {
  __extension__ using Wide = unsigned __int128;
  constexpr Wide prime = (Wide(1) << 88) + 0x13B;
  Wide hash = (Wide(0x6C62272E07BB0142) << 64) + 0x62B821756295C58D;
  for (const char c : value.dump()) hash = (hash ^ static_cast<unsigned char>(c)) * prime;
  return {std::uint64_t(hash >> 64), std::uint64_t(hash)};
}

}  // namespace cubemill
