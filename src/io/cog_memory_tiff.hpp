// A TIFF of one tile in memory, for the codecs that are libtiff's: LZW's encoder and every decoder.
// Single-threaded.
#pragma once
#include <cstddef>
#include <span>
#include <vector>

#include "cubemill/io/cog_writer.hpp"

namespace cubemill {

/// Compresses one tile with libtiff into `out` (resized to fit).
void encode_tile_by_libtiff(Compression compression, SampleType type, const std::byte* samples,
                            std::vector<std::byte>& out);

/// Decompresses one tile with libtiff. Throws std::runtime_error with libtiff's reason.
void decode_tile_by_libtiff(Compression compression, SampleType type,
                            std::span<const std::byte> bytes, std::byte* samples);

}  // namespace cubemill
