// What GDAL's COG driver writes between the header and the first directory of a TIFF: how blocks
// are laid out. Reads text; decides nothing.
#pragma once
#include "io/block_table.hpp"
#include "io/tiff_directory.hpp"

namespace cubemill {

/// Reads the claims of a file; none where it makes none, or was changed since by a program that
/// does not know of them.
LayoutClaims read_layout_claims(const TiffDirectory& directory);

}  // namespace cubemill
