#include "cubemill/io/product_file.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <initializer_list>
#include <limits>
#include <nlohmann/json.hpp>

#include "cubemill/base/error.hpp"
#include "io/json_stream.hpp"

namespace cubemill {
namespace {

using nlohmann::json;

[[noreturn]] void fail(const std::string& where, const std::string& why) {
  throw InvalidInput((where.empty() ? "" : "'" + where + "' ") + why);
}

/// An object of the definition that knows its place in it, for messages, and which keys it may
/// have.
class Section {
 public:
  Section(const json& object, std::string where, std::initializer_list<const char*> known)
      : object_(object), where_(std::move(where)) {
    if (!object.is_object()) fail(where_, "must be an object");
    for (const auto& entry : object.items())
      if (std::find(known.begin(), known.end(), entry.key()) == known.end()) {
        std::string list;
        for (const char* key : known) list += (list.empty() ? "" : ", ") + std::string(key);
        fail(place(entry.key()), "is not known: the keys here are " + list);
      }
  }

  std::string place(const std::string& key) const {
    return where_.empty() ? key : where_ + "." + key;
  }

  const json* find(const char* key) const {
    const auto found = object_.find(key);
    return found == object_.end() ? nullptr : &*found;
  }

  const json& require(const char* key) const {
    const json* found = find(key);
    if (!found) fail(where_, std::string("lacks '") + key + "'");
    return *found;
  }

  std::string text(const char* key) const {
    const json* found = find(key);
    if (!found) return {};
    if (!found->is_string()) fail(place(key), "must be a text");
    return found->get<std::string>();
  }

  /// A number, or one of the strings that stand for those that JSON cannot write.
  std::optional<double> number(const char* key) const {
    const json* found = find(key);
    if (!found) return std::nullopt;
    if (found->is_number()) return found->get<double>();
    if (*found != json("nan")) fail(place(key), "must be a number");
    return std::numeric_limits<double>::quiet_NaN();
  }

  std::vector<std::string> texts(const char* key) const {
    const json* found = find(key);
    if (!found) return {};
    const auto is_text = [](const json& value) { return value.is_string(); };
    if (!found->is_array() || found->empty() || !std::all_of(found->begin(), found->end(), is_text))
      fail(place(key), "must be a list of texts");
    return found->get<std::vector<std::string>>();
  }

  std::uint32_t integer(const char* key, std::uint32_t largest) const {
    return integer_of(require(key), place(key), largest);
  }

  std::vector<std::uint32_t> integers(const char* key, std::uint32_t largest) const {
    const json& list = require(key);
    if (!list.is_array() || list.empty()) fail(place(key), "must be a list of whole numbers");
    std::vector<std::uint32_t> values;
    for (const json& value : list) values.push_back(integer_of(value, place(key), largest));
    return values;
  }

 private:
  static std::uint32_t integer_of(const json& value, const std::string& where,
                                  std::uint32_t largest) {
    if (!value.is_number_unsigned() || value.get<std::uint64_t>() > largest)
      fail(where, "must hold whole numbers from 0 to " + std::to_string(largest));
    return value.get<std::uint32_t>();
  }

  const json& object_;
  std::string where_;
};

ProductBand read_band(const Section& section) {
  ProductBand band;
  section.require("assets");
  band.assets = section.texts("assets");
  band.numbers = {section.number("nodata"), section.number("scale"), section.number("offset")};
  if (const json* range = section.find("valid_range")) {
    const bool two = range->is_array() && range->size() == 2 && (*range)[0].is_number() &&
                     (*range)[1].is_number();
    if (!two || (*range)[0].get<double>() > (*range)[1].get<double>())
      fail(section.place("valid_range"), "must be [smallest, largest]");
    band.valid_min = (*range)[0].get<double>();
    band.valid_max = (*range)[1].get<double>();
  }
  return band;
}

/// The flag's bit and its confidence share one mask, so that one comparison of masked values tells
/// every level.
void add_confidence(const json& object, const std::string& where, std::uint32_t bit, QaFlag& flag) {
  const Section section(object, where, {"bits", "low", "medium", "high"});
  const auto bits = section.integers("bits", 31);
  if (bits.size() != 2 || bits[0] > bits[1] || bits[1] - bits[0] > 3)
    fail(section.place("bits"), "must be [first, last] of at most four bits");
  const std::uint32_t count = 1U << (bits[1] - bits[0] + 1), field = (count - 1) << bits[0];
  if (field & bit) fail(section.place("bits"), "must not contain the flag's own bit");
  flag.mask = bit | field;
  flag.values.clear();
  for (std::uint32_t level = 0; level < count; ++level)
    flag.values.push_back(bit | level << bits[0]);
  for (const char* name : {"low", "medium", "high"}) {
    if (!section.find(name)) continue;
    for (std::uint32_t level = section.integer(name, count - 1); level < count; ++level)
      for (const std::uint32_t own : {0U, bit}) flag.levels[name].push_back(own | level << bits[0]);
  }
}

QaFlag read_flag(const json& object, const std::string& where) {
  constexpr std::uint32_t whole_band = 0xFFFF;
  const Section section(object, where, {"description", "bit", "confidence", "values", "levels"});
  if ((section.find("bit") != nullptr) == (section.find("values") != nullptr))
    fail(where, "must have either 'bit' or 'values'");
  QaFlag flag;
  flag.description = section.text("description");
  if (section.find("values")) {
    if (section.find("confidence")) fail(section.place("confidence"), "goes with 'bit' only");
    flag.mask = whole_band;
    flag.values = section.integers("values", whole_band);
    if (const json* levels = section.find("levels")) {
      const Section inner(*levels, section.place("levels"), {"low", "medium", "high"});
      for (const auto& level : levels->items())
        flag.levels[level.key()] = inner.integers(level.key().c_str(), whole_band);
    }
    return flag;
  }
  if (section.find("levels")) fail(section.place("levels"), "goes with 'values' only");
  const std::uint32_t bit = 1U << section.integer("bit", 31);
  flag.mask = bit;
  flag.values = {bit};
  if (const json* confidence = section.find("confidence"))
    add_confidence(*confidence, section.place("confidence"), bit, flag);
  return flag;
}

void read_qa(const json& object, Product& product) {
  const Section section(object, "qa", {"assets", "nodata", "flags", "default_mask_out"});
  section.require("assets");
  product.qa_assets = section.texts("assets");
  product.qa_nodata = section.number("nodata");
  const json& flags = section.require("flags");
  if (!flags.is_object()) fail("qa.flags", "must be an object");
  for (const auto& flag : flags.items())
    product.flags[flag.key()] = read_flag(flag.value(), "qa.flags." + flag.key());
  product.default_mask_out = section.texts("default_mask_out");
  for (const std::string& name : product.default_mask_out)
    if (!product.flags.contains(name))
      fail("qa.default_mask_out", "names '" + name + "', which is no flag");
}

Product read_definition(const json& object) {
  const Section section(object, "", {"name", "title", "collections", "bands", "qa"});
  Product product;
  section.require("name");
  product.name = section.text("name");
  product.title = section.text("title");
  product.collections = section.texts("collections");
  const json& bands = section.require("bands");
  if (!bands.is_object() || bands.empty()) fail("bands", "must be an object with the bands");
  for (const auto& band : bands.items())
    product.bands[band.key()] =
        read_band(Section(band.value(), "bands." + band.key(),
                          {"assets", "nodata", "scale", "offset", "valid_range"}));
  if (const json* qa = section.find("qa")) read_qa(*qa, product);
  return product;
}

}  // namespace

Product read_product(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw IoError(path, std::string("cannot be opened: ") + std::strerror(errno));
  json definition;
  std::size_t count = 0;
  JsonStream(in, path).read([&](json&& value, std::uint64_t) {
    definition = std::move(value);
    ++count;
  });
  try {
    if (count != 1) fail("", "the file must hold one object");
    return read_definition(definition);
  } catch (const InvalidInput& error) {
    throw InvalidInput(path + ": not a product definition: " + error.what());
  }
}

}  // namespace cubemill
