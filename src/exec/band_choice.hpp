// Which band is meant: from roles and names in the recipe to assets of scenes, and which numbers
// apply to it. Pure.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "cubemill/model/product.hpp"
#include "cubemill/plan/recipe.hpp"
#include "cubemill/plan/survey.hpp"

namespace cubemill {

/// An asset of a scene and the band in it.
struct BandChoice {
  const SceneAsset* asset = nullptr;
  int band = 1;
};

/// Answers what the recipe and the product say of roles.
class BandChooser {
 public:
  BandChooser(const std::vector<Scene>& scenes, const Recipe& recipe,
              const std::optional<Product>& product)
      : scenes_(scenes), recipe_(recipe), product_(product) {}

  /// Whether the recipe says which asset `role` is, or some scene has an asset of that name,
  /// without any product.
  bool known_without_product(const std::string& role) const;
  /// The asset of `role` in a scene; a null asset when it has none. `flags`: the flag band.
  BandChoice find(const Scene& scene, const std::string& role, bool flags) const;
  /// The asset names looked for, for messages.
  std::string looked_for(const std::string& role, bool flags) const;
  /// Whether a role or asset is a flag band.
  bool is_flags(const std::string& role) const;
  /// The product's band for a role, or for the asset of that name.
  const ProductBand* product_band(const std::string& role, const std::string& asset) const;

  /// nodata, scale and offset: option, then item, then product, then file.
  void set_numbers(SceneInput& input, const std::string& role, bool flags,
                   const BandChoice& choice) const;

 private:
  std::vector<std::string> names_of(const std::string& role, bool flags) const;

  const std::vector<Scene>& scenes_;
  const Recipe& recipe_;
  const std::optional<Product>& product_;
};

/// The mask as a rule, and the flags as they are printed. Throws InvalidInput (unknown flag or
/// level, too many values).
QaRule make_qa_rule(const MaskRequest& mask, const std::optional<Product>& product,
                    std::vector<std::string>& printed);

}  // namespace cubemill
