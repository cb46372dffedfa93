// A product: what a kind of scene looks like (bands, scaling, valid range, flags). Products are
// data (products/*.json), read by io/product_file; a product may be absent when the options say
// everything.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cubemill/model/scene.hpp"

namespace cubemill {

struct ProductBand {
  std::vector<std::string> assets;  ///< what Scene::find_asset is asked for, first match wins
  BandNumbers numbers;
  std::optional<double> valid_min;  ///< smallest documented source value
  std::optional<double> valid_max;  ///< largest documented source value
};

/// One flag of a QA band: set when (qa & mask) == value for one of `values` at or above the asked
/// level.
struct QaFlag {
  std::uint32_t mask = 0;
  std::vector<std::uint32_t> values;  ///< raw masked values that mean "set" (default level)
  /// Where the product has levels of confidence: "high" → masked values of that level or above.
  std::map<std::string, std::vector<std::uint32_t>> levels;
  std::string description;
};

struct Product {
  std::string name;
  std::string title;
  std::map<std::string, ProductBand> bands;  ///< by role: red, nir, …
  std::vector<std::string> qa_assets;  ///< keys of the flag band, first match wins; empty: none
  std::optional<double> qa_nodata;
  std::map<std::string, QaFlag> flags;
  std::vector<std::string> default_mask_out;  ///< flags rejected unless asked otherwise
  std::vector<std::string> collections;       ///< STAC collection ids by which it is recognised
};

}  // namespace cubemill
