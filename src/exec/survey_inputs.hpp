// What every scene is read for: the product, the bands that the outputs need, how each is sampled.
// Knows the recipe and the items, no file.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "cubemill/model/product.hpp"
#include "cubemill/plan/recipe.hpp"
#include "cubemill/plan/survey.hpp"
#include "exec/band_choice.hpp"

namespace cubemill {

/// Chooses the product: the one asked for, else the one that is recognised; nothing where bands and
/// mask are known without. Throws InvalidInput where they are not.
std::optional<Product> choose_product(const std::vector<Scene>& scenes, const Recipe& recipe,
                                      const std::vector<std::string>& roles,
                                      std::vector<std::string>& notes);

/// Sets Survey::inputs and indices. Throws InvalidInput: more bands than a pass takes.
void add_inputs(Survey& survey, const Recipe& recipe);

/// Sets the resampling of every input. Throws InvalidInput: no such band, flags to be averaged.
void set_methods(Survey& survey, const Recipe& recipe, const BandChooser& chooser,
                 const std::optional<Product>& product);

/// Throws InvalidInput where an option names a role that no output needs: a slip of the pen.
void check_roles(const Survey& survey, const Recipe& recipe);

}  // namespace cubemill
