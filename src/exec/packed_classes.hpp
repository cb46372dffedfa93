// Planes of QA classes at two bits a pixel: what is known of a chunk while its other bands are on
// their way. Pure.
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

namespace cubemill {

/// Packs `count` classes, a byte each (`count` a multiple of 8).
std::vector<std::uint8_t> pack_classes(const std::uint8_t* classes, std::size_t count);
/// Unpacks them again.
void unpack_classes(const std::vector<std::uint8_t>& packed, std::uint8_t* classes,
                    std::size_t count);

}  // namespace cubemill
