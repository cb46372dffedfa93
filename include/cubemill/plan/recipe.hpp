// What is asked for: everything that decides the result, and apart from it the limits that decide
// only how it is made. Plain values with their readers; the command line and a report's recipe are
// both turned into this.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cubemill/model/date.hpp"
#include "cubemill/model/geobox.hpp"
#include "cubemill/model/href_choice.hpp"
#include "cubemill/model/period.hpp"
#include "cubemill/model/scene.hpp"
#include "cubemill/pixel/resampling.hpp"

namespace cubemill {

enum class GroupBy { solar_day, scene };
enum class Fuse { pixel, band };
enum class Overviews { none, automatic };
enum class Order { automatic, tile, scene };

/// How many scenes may be left out as unreadable: a number, or a share of all.
struct SkipLimit {
  std::uint64_t scenes = UINT64_MAX;
  std::optional<double> share;  ///< 0…1, of the scenes that the query keeps

  std::uint64_t of(std::size_t all) const {
    return share ? std::uint64_t(*share * double(all) + 1e-9) : scenes;
  }
};

/// One output: an index by name, or `NAME=BAND`.
struct IndexRequest {
  std::string name;  ///< file name stem
  std::string band;  ///< role or asset for `NAME=BAND`; empty: `name` is an index
};

/// `M` and/or `red=average,*=bilinear`. `M` and `*` never cover flag bands.
struct ResamplingRequest {
  Resampling all = Resampling::nearest;
  std::map<std::string, Resampling> named;  ///< by role or asset
};

struct BitTest {
  std::uint32_t mask = 0, value = 0;
};

/// Which pixels count, by flag names or by hand.
struct MaskRequest {
  bool none = false;  ///< --no-mask
  std::vector<std::string>
      mask_out;  ///< FLAG or FLAG:LEVEL; empty and nothing by hand: the product's default
  bool mask_out_given = false;
  std::string qa_band;  ///< asset; empty: the product's
  std::vector<BitTest> keep_bits;
  std::vector<std::uint32_t> keep_values;
  std::vector<std::uint32_t> reject_values;
  bool by_hand() const {
    return !keep_bits.empty() || !keep_values.empty() || !reject_values.empty();
  }
};

/// Where the corners of pixels lie: at multiples of the resolution (edge), half a pixel off
/// (center), or at X,Y.
struct Anchor {
  enum class Kind { automatic, edge, center, point } kind = Kind::automatic;
  double x = 0, y = 0;
};

struct GridRequest {
  std::string crs;
  std::optional<std::array<double, 2>> resolution;  ///< x, y > 0
  Anchor anchor;
  std::string like;  ///< a raster whose grid is taken
};

struct Recipe {
  std::vector<std::string> sources;
  std::string datetime_text;
  DateInterval datetime;
  std::vector<std::string> where;
  HrefChoice hrefs;
  std::optional<Box> bbox;  ///< in bbox_crs; right < left crosses 180° in degrees
  std::string bbox_crs = "EPSG:4326";
  std::string product;
  std::map<std::string, std::string> bands;  ///< role → ASSET or ASSET#n
  MaskRequest mask;
  GridRequest grid;
  ResamplingRequest resampling;
  Overviews overviews = Overviews::none;
  GroupBy group_by = GroupBy::solar_day;
  Fuse fuse = Fuse::pixel;
  std::vector<IndexRequest> indices = {{"ndvi", ""}};
  bool scaling = true;
  bool valid_range = true;
  std::map<std::string, BandNumbers> numbers;  ///< by role, from options
  PeriodKind period = PeriodKind::season;
  std::vector<std::string> reducers = {"mean", "count"};
  bool skip_unreadable = false;
  SkipLimit max_skipped;
};

/// How the result may be made; nothing here changes a bit of it.
struct Limits {
  std::uint64_t memory = 0;  ///< bytes of resident memory of the whole process
  int threads = 1;
  Order order = Order::automatic;
  std::int64_t window_edge = 0;  ///< largest chunk, output pixels a side; 0: any
};

// Readers of option values. All throw InvalidInput that says what was given and what is allowed.
std::vector<std::string> split_list(const std::string& text, char separator = ',');
double parse_number(const std::string& text, const std::string& what);
Box parse_bbox(const std::string& text);
std::array<double, 2> parse_resolution(const std::string& text);
Anchor parse_anchor(const std::string& text);
Resampling parse_method(const std::string& name);
std::string to_string(Resampling method);
ResamplingRequest parse_resampling(const std::vector<std::string>& values);
std::vector<IndexRequest> parse_indices(const std::string& text);
std::vector<BitTest> parse_bits(const std::string& text);
std::vector<std::uint32_t> parse_values(const std::string& text);
/// `3` scenes or `5%` of them.
SkipLimit parse_skip_limit(const std::string& text);
std::vector<std::string> parse_reducers(const std::string& text);
/// `512MiB`, `2GiB`, `1.5GB`, `800M`, bytes, or `50%` of `total`.
std::uint64_t parse_size(const std::string& text, std::uint64_t total);
/// `--band ROLE=ASSET` and the like: the part before and after the first `=`.
std::pair<std::string, std::string> parse_assignment(const std::string& text,
                                                     const std::string& option);

}  // namespace cubemill
