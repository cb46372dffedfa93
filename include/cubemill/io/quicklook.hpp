// A PNG that a person enjoys: a titled panel per period, a robust stretch, a colour bar with numbers. By Cairo.
#pragma once
#include <string>
#include <vector>

#include "cubemill/io/cog_writer.hpp"

namespace cubemill {

struct QuicklookSpec {
  std::string title;      ///< e.g. `NDVI, mean per season`
  std::string subtitle;   ///< e.g. `2021-01-01 … 2021-12-31 · EPSG:32718 · 30 m · 24 scenes`
  std::vector<std::string> panels;  ///< one per band
  bool counts = false;    ///< sequential colours from 0 and whole numbers on the bar; else diverging/vegetation colours
  std::string unit;       ///< under the colour bar; may be empty
  double aspect = 1;      ///< pixel height over pixel width on the ground
};

/// Draws `preview` and writes it to `path`. The same pixels give the same bytes. Throws IoError.
void write_quicklook(const std::string& path, const QuicklookSpec& spec, const CogWriter::Preview& preview);

}  // namespace cubemill
