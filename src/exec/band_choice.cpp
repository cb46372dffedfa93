#include "exec/band_choice.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "cubemill/base/error.hpp"
#include "exec/report_text.hpp"

namespace cubemill {
namespace {

/// `ASSET#2` → asset and band.
std::pair<std::string, int> asset_and_band(const std::string& name) {
  const auto hash = name.rfind('#');
  if (hash == std::string::npos) return {name, 1};
  const std::string digits = name.substr(hash + 1);
  if (digits.empty() || digits.size() > 4 ||
      !std::all_of(digits.begin(), digits.end(), ::isdigit) || std::stoi(digits) < 1)
    throw InvalidInput("'" + name + "': after # comes the number of a band, from 1");
  return {name.substr(0, hash), std::stoi(digits)};
}

}  // namespace

bool BandChooser::known_without_product(const std::string& role) const {
  if (recipe_.bands.count(role)) return true;
  const std::string asset = asset_and_band(role).first;
  return std::any_of(scenes_.begin(), scenes_.end(),
                     [&](const Scene& s) { return s.assets.count(asset) > 0; });
}

std::vector<std::string> BandChooser::names_of(const std::string& role, bool flags) const {
  if (flags) {
    if (!recipe_.mask.qa_band.empty()) return {recipe_.mask.qa_band};
    return product_ ? product_->qa_assets : std::vector<std::string>{};
  }
  if (const auto given = recipe_.bands.find(role); given != recipe_.bands.end())
    return {given->second};
  if (product_)
    if (const auto band = product_->bands.find(role); band != product_->bands.end())
      return band->second.assets;
  return {role};
}

std::string BandChooser::looked_for(const std::string& role, bool flags) const {
  return joined(names_of(role, flags));
}

BandChoice BandChooser::find(const Scene& scene, const std::string& role, bool flags) const {
  for (const std::string& name : names_of(role, flags)) {
    const auto [asset, band] = asset_and_band(name);
    if (const SceneAsset* const found = scene.find_asset(asset)) return {found, band};
  }
  return {};
}

bool BandChooser::is_flags(const std::string& role) const {
  const std::vector<std::string> names = names_of("", true);
  const auto flagged = [&](const std::string& n) {
    return std::find(names.begin(), names.end(), n) != names.end();
  };
  if (flagged(role)) return true;
  const auto given = recipe_.bands.find(role);
  return given != recipe_.bands.end() && flagged(asset_and_band(given->second).first);
}

const ProductBand* BandChooser::product_band(const std::string& role,
                                             const std::string& asset) const {
  if (!product_) return nullptr;
  if (const auto band = product_->bands.find(role); band != product_->bands.end())
    return &band->second;
  for (const auto& [name, band] : product_->bands)
    if (std::find(band.assets.begin(), band.assets.end(), asset) != band.assets.end()) return &band;
  return nullptr;
}

void BandChooser::set_numbers(SceneInput& input, const std::string& role, bool flags,
                              const BandChoice& choice) const {
  const auto option = recipe_.numbers.find(role);
  const BandNumbers given = option == recipe_.numbers.end() ? BandNumbers{} : option->second;
  const std::size_t index = std::size_t(choice.band - 1);
  const BandNumbers item =
      index < choice.asset->bands.size() ? choice.asset->bands[index] : BandNumbers{};
  const ProductBand* const band = product_band(role, choice.asset->key);
  BandNumbers product = band ? band->numbers : BandNumbers{};
  if (flags) product = {product_ ? product_->qa_nodata : std::nullopt, {}, {}};
  const BandNumbers& file = input.info.numbers;

  const std::pair<const BandNumbers*, const char*> sources[] = {
      {&given, "option"}, {&item, "item"}, {&product, "product"}, {&file, "file"}};
  input.numbers = {};
  input.numbers_from = "none";
  for (const auto& [numbers, name] : sources) {
    if (!input.numbers.nodata) input.numbers.nodata = numbers->nodata;
    if (!input.numbers.scale && (numbers->scale || numbers->offset)) {
      input.numbers.scale =
          numbers->scale.value_or(1);  // a lone scale means offset 0, a lone offset scale 1
      input.numbers.offset = numbers->offset.value_or(0);
      input.numbers_from = name;
    }
  }
  if (!input.numbers.scale || !recipe_.scaling || flags) {
    input.numbers.scale = 1, input.numbers.offset = 0;
    input.numbers_from = "none";
  }
  const bool ranged = recipe_.scaling && recipe_.valid_range && !flags && band &&
                      (band->valid_min || band->valid_max);
  if (ranged)
    input.valid_range =
        ValueRange{band->valid_min.value_or(-HUGE_VAL), band->valid_max.value_or(HUGE_VAL)};
}

namespace {

void reject(QaRule& rule, std::uint32_t mask, std::uint32_t value) {
  const bool one_bit = mask != 0 && (mask & (mask - 1)) == 0 && value == mask;
  if (one_bit) {
    rule.keep_mask |= mask;  // the bit must be 0, as keep_value has it
    return;
  }
  if (rule.rejects == QaRule::max_rejects)
    throw InvalidInput("--mask-out: more than " + std::to_string(QaRule::max_rejects) +
                       " flag values; use --keep-values");
  rule.reject_mask[rule.rejects] = mask;
  rule.reject_value[rule.rejects++] = value;
}

/// Takes out of a mask the bits that decide nothing: those with which every value is there both
/// ways.
void drop_idle_bits(std::uint32_t& mask, std::vector<std::uint32_t>& values) {
  for (std::uint32_t bit = 1; bit != 0; bit <<= 1) {
    const bool idle =
        (mask & bit) && std::all_of(values.begin(), values.end(), [&](std::uint32_t v) {
          return std::find(values.begin(), values.end(), v ^ bit) != values.end();
        });
    if (!idle) continue;
    mask &= ~bit;
    std::erase_if(values, [&](std::uint32_t v) { return (v & bit) != 0; });
  }
}

std::string flag_names(const Product& product) {
  std::vector<std::string> names;
  for (const auto& [name, flag] : product.flags) names.push_back(name);
  return joined(names);
}

void reject_flag(QaRule& rule, const std::string& text, const Product& product) {
  const auto colon = text.find(':');
  const std::string name = text.substr(0, colon);
  const auto flag = product.flags.find(name);
  if (flag == product.flags.end())
    throw InvalidInput("--mask-out: product " + product.name + " has no flag '" + name +
                       "': " + flag_names(product));
  std::uint32_t mask = flag->second.mask;
  std::vector<std::uint32_t> values = flag->second.values;
  if (colon != std::string::npos) {
    const auto level = flag->second.levels.find(text.substr(colon + 1));
    if (level == flag->second.levels.end()) {
      std::vector<std::string> levels;
      for (const auto& [l, v] : flag->second.levels) levels.push_back(l);
      throw InvalidInput("--mask-out: flag '" + name + "' has no level '" + text.substr(colon + 1) +
                         "'" + (levels.empty() ? "" : ": " + joined(levels)));
    }
    values = level->second;
  }
  drop_idle_bits(mask, values);
  for (const std::uint32_t v : values) reject(rule, mask, v);
}

QaRule rule_by_hand(const MaskRequest& mask, std::vector<std::string>& printed) {
  QaRule rule;
  for (const BitTest& t : mask.keep_bits) {
    if ((rule.keep_mask & t.mask) && ((rule.keep_value ^ t.value) & rule.keep_mask & t.mask))
      throw InvalidInput(
          "--keep-bits: two tests ask for other values of the same bits, so nothing can pass");
    rule.keep_mask |= t.mask, rule.keep_value |= t.value;
    char text[48];
    std::snprintf(text, sizeof text, "keep 0x%x=0x%x", t.mask, t.value);
    printed.push_back(text);
  }
  if (!mask.keep_values.empty() && !mask.reject_values.empty())
    throw InvalidInput("--keep-values and --reject-values exclude each other");
  const bool keeps = !mask.keep_values.empty();
  const std::vector<std::uint32_t>& values = keeps ? mask.keep_values : mask.reject_values;
  if (values.size() > QaRule::max_values)
    throw InvalidInput("at most " + std::to_string(QaRule::max_values) +
                       " flag values can be listed");
  rule.list_keeps = keeps;
  for (const std::uint32_t v : values) {
    rule.value[rule.values++] = v;
    printed.push_back((keeps ? "keep value " : "reject value ") + std::to_string(v));
  }
  return rule;
}

}  // namespace

QaRule make_qa_rule(const MaskRequest& mask, const std::optional<Product>& product,
                    std::vector<std::string>& printed) {
  if (mask.none) return {};
  if (mask.by_hand()) {
    if (mask.mask_out_given)
      throw InvalidInput("--mask-out excludes --keep-bits, --keep-values and --reject-values");
    return rule_by_hand(mask, printed);
  }
  if (!product)
    throw InvalidInput(
        "no product is known, so flags have no names: give --product, or --qa-band with "
        "--keep-bits, "
        "--keep-values or --reject-values, or --no-mask");
  QaRule rule;
  printed = mask.mask_out_given ? mask.mask_out : product->default_mask_out;
  for (const std::string& flag : printed) reject_flag(rule, flag, *product);
  return rule;
}

}  // namespace cubemill
