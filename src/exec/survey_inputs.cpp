#include "exec/survey_inputs.hpp"

#include <algorithm>
#include <set>
#include <tuple>

#include "cubemill/backend/pass.hpp"
#include "cubemill/base/error.hpp"
#include "cubemill/io/product_file.hpp"

namespace cubemill {
namespace {

template <class... Index>
void for_index(const std::string& name, std::tuple<Index...>*, auto&& f) {
  std::int32_t i = 0;
  ((Index::name == name ? f(i, Index::bands) : void(), ++i), ...);
}

constexpr auto all_indices = static_cast<AllIndices*>(nullptr);

/// The roles of an index request, and the position of its index.
std::vector<std::string> roles_of(const IndexRequest& request, std::int32_t& index) {
  std::vector<std::string> roles;
  for_index(request.band.empty() ? request.name : "", all_indices,
            [&](std::int32_t i, const auto& bands) {
              index = i;
              for (const auto band : bands)
                roles.emplace_back(request.band.empty() ? std::string(band) : request.band);
            });
  return roles;
}

}  // namespace

std::optional<Product> choose_product(const std::vector<Scene>& scenes, const Recipe& recipe,
                                      const std::vector<std::string>& roles,
                                      std::vector<std::string>& notes) {
  if (!recipe.product.empty()) return find_product(recipe.product);
  const BandChooser chooser(scenes, recipe, std::nullopt);
  const bool bands_known = std::all_of(roles.begin(), roles.end(), [&](const std::string& r) {
    return chooser.known_without_product(r);
  });
  const bool mask_known =
      recipe.mask.none || (recipe.mask.by_hand() && !recipe.mask.qa_band.empty());
  std::optional<Product> product = recognise_product(scenes);
  const auto names_collection = [&] {
    return std::all_of(scenes.begin(), scenes.end(), [&](const Scene& s) {
      return std::find(product->collections.begin(), product->collections.end(), s.collection) !=
             product->collections.end();
    });
  };
  if (product && bands_known && mask_known && !names_collection()) product.reset();
  if (product) notes.push_back("product " + product->name + " recognised");
  if (!product && !(bands_known && mask_known)) {
    std::string known;
    for (const std::string& n : product_names()) known += (known.empty() ? "" : ", ") + n;
    throw InvalidInput(
        "the product of the items is not recognised: give --product (" + known +
        " or a file), or --band ROLE=ASSET for each band and --qa-band with a rule (or --no-mask)");
  }
  return product;
}

void add_inputs(Survey& survey, const Recipe& recipe) {
  if (!recipe.mask.none) survey.inputs.push_back({"flags", true, Resampling::nearest});
  for (const IndexRequest& request : recipe.indices) {
    IndexPlan plan{request.name, 0, {}};
    for (const std::string& role : roles_of(request, plan.index)) {
      const auto known = std::find_if(survey.inputs.begin(), survey.inputs.end(),
                                      [&](const Input& i) { return !i.flags && i.role == role; });
      plan.inputs.push_back(std::size_t(known - survey.inputs.begin()));
      if (known == survey.inputs.end()) survey.inputs.push_back({role, false, Resampling::nearest});
    }
    survey.indices.push_back(std::move(plan));
  }
  const std::size_t bands = survey.inputs.size() - (recipe.mask.none ? 0 : 1);
  if (bands > max_slots)
    throw InvalidInput("--index: " + std::to_string(bands) + " bands at once; at most " +
                       std::to_string(max_slots));
}

void set_methods(Survey& survey, const Recipe& recipe, const BandChooser& chooser,
                 const std::optional<Product>& product) {
  std::set<std::string> known;
  for (const Input& i : survey.inputs)
    if (!i.flags) known.insert(i.role);
  for (const Scene& s : survey.scenes)
    for (const auto& [key, asset] : s.assets) known.insert(key);
  if (product)
    for (const auto& [role, band] : product->bands) known.insert(role);
  for (const auto& [name, method] : recipe.resampling.named) {
    if (!known.count(name)) {
      std::string names;
      for (const std::string& k : known) names += (names.empty() ? "" : ", ") + k;
      throw InvalidInput("--resampling: no band '" + name + "' here; there are " + names);
    }
    if (chooser.is_flags(name) && method != Resampling::nearest && method != Resampling::mode)
      throw InvalidInput("--resampling " + name + "=" + to_string(method) + ": '" + name +
                         "' holds flags, and the mean of flags is no flag; nearest or mode");
  }
  const Scene& scene = survey.scenes.front();
  for (Input& input : survey.inputs) {
    const bool flags = input.flags || chooser.is_flags(input.role);
    input.method = flags ? Resampling::nearest : recipe.resampling.all;
    const BandChoice choice = chooser.find(scene, input.role, input.flags);
    for (const auto& [name, method] : recipe.resampling.named)
      if ((!input.flags && name == input.role) || (choice.asset && name == choice.asset->key))
        input.method = method;
    // What is no measurement is picked or averaged to garbage in an overview.
    input.overviews =
        recipe.overviews == Overviews::automatic && !flags && input.method != Resampling::mode;
  }
}

void check_roles(const Survey& survey, const Recipe& recipe) {
  std::string roles;
  const auto known = [&](const std::string& role) {
    return std::any_of(survey.inputs.begin(), survey.inputs.end(),
                       [&](const Input& i) { return i.role == role; });
  };
  for (const Input& i : survey.inputs) roles += (roles.empty() ? "" : ", ") + i.role;
  for (const auto& [role, asset] : recipe.bands)
    if (!known(role))
      throw InvalidInput("--band " + role + "=" + asset + ": no output needs '" + role +
                         "'; needed are " + roles);
  for (const auto& [role, numbers] : recipe.numbers)
    if (!known(role))
      throw InvalidInput("--nodata, --scale or --offset of '" + role +
                         "': no output needs it; needed are " + roles);
}

}  // namespace cubemill
