// What a COG may be asked to be. Pure.
#pragma once
#include "cubemill/io/cog_writer.hpp"

namespace cubemill {

/// Gives `spec` back. Throws InvalidInput when no TIFF holds so many pixels a side or bands.
CogSpec checked_spec(CogSpec spec);

}  // namespace cubemill
