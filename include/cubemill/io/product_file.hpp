// Product definitions as JSON files in products/ (installed beside the program, or given by path),
// and the recognition of a scene's product. Not responsible for what the engine makes of them.
// Single-threaded.
//
// A definition is one JSON object; a key that is not listed here is an error.
//   name, title                the name is what `--product` takes
//   collections                ids of the STAC collections that hold this product
//   bands.ROLE.assets          asset keys (or names of bands) to look for, the first match wins
//   bands.ROLE.nodata, .scale, .offset   of the source values, where the item says none
//   bands.ROLE.valid_range     [smallest, largest] documented source value
//   qa.assets, qa.nodata       the flag band, likewise
//   qa.default_mask_out        names of the flags that are rejected unless asked otherwise
//   qa.flags.NAME.description  text
//   qa.flags.NAME.bit          the flag is one bit, 0 = lowest; it may have levels:
//   qa.flags.NAME.confidence   {"bits": [first, last], "low": 1, "medium": 2, "high": 3}: a level
//                              holds when the number in these bits is that great or greater
//   qa.flags.NAME.values       or the flag is any of these values of the whole band (16 bits at
//                              most); it may have levels:
//   qa.flags.NAME.levels       {"medium": [8, 9], "high": [9]}
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "cubemill/model/product.hpp"

namespace cubemill {

/// Reads a product definition; throws InvalidInput (what and where) or IoError.
Product read_product(const std::string& path);

/// Names of the installed products, sorted. They are looked for in the folder that the
/// environment's CUBEMILL_PRODUCTS names, else where the program was installed, else in the source
/// tree. Throws IoError when there is no such folder.
std::vector<std::string> product_names();
/// Finds a product by name, or by path (what ends in `.json` or has a slash). Throws InvalidInput
/// that lists the names.
Product find_product(const std::string& name_or_path);

/// Recognises the product of all scenes. First by collection: the product that names the
/// collections of all scenes. Else by assets: every scene has the product's flag band and two or
/// more of its bands, and says the same scale for those bands for which the product has one (so
/// that Level 1, which shares its asset keys with Level 2, is not taken for it). Of several the one
/// with the most bands in all scenes; nothing where none fits or two fit equally.
std::optional<Product> recognise_product(const std::vector<Scene>& scenes);

}  // namespace cubemill
