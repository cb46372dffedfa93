// A PNG that a person enjoys: a titled panel per period, one robust stretch over all panels, a
// colour bar with numbers. Not responsible for reading pixels: it draws a preview. Single-threaded;
// owns nothing between calls.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "cubemill/io/cog_writer.hpp"

namespace cubemill {

struct QuicklookSpec {
  std::string title;     ///< e.g. `NDVI, mean per season`
  std::string subtitle;  ///< e.g. `2021-01-01 … 2021-12-31 · EPSG:32718 · 30 m · 24 scenes`
  std::vector<std::string> panels;  ///< one per band
  bool counts =
      false;  ///< sequential colours from 0 and whole numbers on the bar; else vegetation colours
  std::string unit;   ///< under the colour bar; may be empty
  double aspect = 1;  ///< pixel height over pixel width on the ground
};

/// At most this many panels are drawn, the first ones; the picture says so when there are more.
inline constexpr std::size_t quicklook_panel_limit = 36;

/// Tells how long the longer side of a preview should be at most for so many panels, in pixels.
std::int64_t quicklook_longest(std::size_t panels);

/// Draws `preview` and writes it to `path`. The same pixels give the same bytes. Throws IoError;
/// then nothing is left.
void write_quicklook(const std::string& path, const QuicklookSpec& spec,
                     const CogWriter::Preview& preview);

}  // namespace cubemill
