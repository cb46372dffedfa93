// A 128-bit digest of JSON content, to tell whether two items are the same without keeping either.
// Not cryptographic.
#pragma once
#include <array>
#include <cstdint>
#include <nlohmann/json.hpp>

namespace cubemill {

using ItemDigest = std::array<std::uint64_t, 2>;

/// Digests the canonical text of `value` (keys sorted, no white space): FNV-1a with 128 bits (RFC
/// 9923).
ItemDigest digest(const nlohmann::json& value);

}  // namespace cubemill
