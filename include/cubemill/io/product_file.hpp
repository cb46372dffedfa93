// Product definitions as JSON files in products/ (installed beside the program, or given by path),
// and the recognition of a scene's product. Single-threaded.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "cubemill/model/product.hpp"

namespace cubemill {

/// Reads a product definition; throws InvalidInput (what and where) or IoError.
Product read_product(const std::string& path);

/// Names of the installed products, sorted.
std::vector<std::string> product_names();
/// Finds a product by name or path. Throws InvalidInput that lists the names.
Product find_product(const std::string& name_or_path);
/// The product whose collections contain the scenes' collection, or whose bands' assets all scenes
/// have (the most specific one); nothing when none fits or more than one fits equally.
std::optional<Product> recognise_product(const std::vector<Scene>& scenes);

}  // namespace cubemill
