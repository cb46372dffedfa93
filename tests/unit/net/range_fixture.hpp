// What tests of the range client against the stand share: its options, a range, an answer's text.
#pragma once
#include <chrono>
#include <string>

#include "cubemill/net/range_client.hpp"
#include "tools/s3_stand/s3_stand.hpp"

namespace cubemill::test_ranges {

inline constexpr std::size_t offset = 100'000, size = 200'000;

// Nothing here takes long; a busy machine is not taken for a stall.
inline NetOptions quick() {
  return {.deadline = std::chrono::seconds(60),
          .stall = std::chrono::milliseconds(5000),
          .backoff = std::chrono::milliseconds(2),
          .attempts = 5};
}

inline std::string text(const RangeAnswer& answer) {
  return {reinterpret_cast<const char*>(answer.bytes.get()), answer.size};
}

inline RangeRequest range(const std::string& href = "s3://bucket/a.tif") {
  return {.href = href, .offset = offset, .size = size};
}

}  // namespace cubemill::test_ranges
