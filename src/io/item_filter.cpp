#include "io/item_filter.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>

#include "cubemill/base/error.hpp"

namespace cubemill {
namespace {

std::string trimmed(const std::string& text) {
  const auto begin = text.find_first_not_of(" \t");
  if (begin == std::string::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

/// The whole text as a finite decimal number, or nothing.
std::optional<double> as_number(const std::string& text) {
  double number = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || rest != end || !std::isfinite(number)) return std::nullopt;
  return number;
}

bool overlaps(const DateInterval& wanted, const Scene& scene) {
  if (wanted.first && utc_date(scene.end) < *wanted.first) return false;
  if (wanted.last && utc_date(scene.start) > *wanted.last) return false;
  return true;
}

/// Closed boxes in degrees; both may cross the antimeridian, or count their longitudes from 0 to
/// 360.
bool overlap(const std::array<double, 4>& a, const std::array<double, 4>& b) {
  if (a[1] > b[3] || b[1] > a[3]) return false;
  const double a_east = a[0] > a[2] ? a[2] + 360 : a[2];
  const double b_east = b[0] > b[2] ? b[2] + 360 : b[2];
  for (const double turn : {-360.0, 0.0, 360.0})
    if (a[0] <= b_east + turn && b[0] + turn <= a_east) return true;
  return false;
}

std::string show(const DateInterval& interval) {
  return (interval.first ? to_string(*interval.first) : "..") + "/" +
         (interval.last ? to_string(*interval.last) : "..");
}

std::string show(const std::array<double, 4>& box) {
  std::array<char, 128> text{};
  std::snprintf(text.data(), text.size(), "%.10g,%.10g,%.10g,%.10g", box[0], box[1], box[2],
                box[3]);
  return text.data();
}

const nlohmann::json* find_property(const nlohmann::json& item, const std::string& name) {
  const auto& properties = item.at("properties");
  if (const auto found = properties.find(name); found != properties.end()) return &*found;
  if (name != "id" && name != "collection") return nullptr;
  const auto found = item.find(name);
  return found != item.end() ? &*found : nullptr;
}

}  // namespace

Condition::Condition(const std::string& text) : text_(text) {
  static constexpr std::array<std::pair<const char*, Operator>, 7> operators{{
      {"==", Operator::equal},
      {"!=", Operator::not_equal},
      {"<=", Operator::less_equal},
      {">=", Operator::greater_equal},
      {"=", Operator::equal},
      {"<", Operator::less},
      {">", Operator::greater},
  }};
  const auto fail = [&](const std::string& why) {
    throw InvalidInput("cannot read --where '" + text + "': " + why +
                       "; write PROPERTY OP VALUE with OP one of = != < <= > >=");
  };
  const auto at = text.find_first_of("=!<>");
  if (at == std::string::npos) fail("it has no operator");
  property_ = trimmed(text.substr(0, at));
  const auto found = std::find_if(operators.begin(), operators.end(), [&](const auto& entry) {
    return text.compare(at, std::string(entry.first).size(), entry.first) == 0;
  });
  if (found == operators.end()) fail("it has no operator");
  operator_ = found->second;
  value_ = trimmed(text.substr(at + std::string(found->first).size()));
  if (property_.empty()) fail("it names no property");
  if (value_.empty()) fail("it has no value");
  const char quote = value_[0];
  if (quote == '\'' || quote == '"') {
    if (value_.size() < 2 || value_.back() != quote) fail("the quote is not closed");
    value_ = value_.substr(1, value_.size() - 2);
  } else {
    number_ = as_number(value_);
  }
}

bool Condition::holds(const nlohmann::json& item) {
  const nlohmann::json* value = find_property(item, property_);
  if (!value) return false;
  seen_ = true;
  if (value->is_null()) return false;
  if (!value->is_array()) return compare(*value);
  const auto each = [this](const nlohmann::json& element) { return compare(element); };
  return operator_ == Operator::not_equal ? std::all_of(value->begin(), value->end(), each)
                                          : std::any_of(value->begin(), value->end(), each);
}

bool Condition::compare(const nlohmann::json& value) const {
  std::partial_ordering order = std::partial_ordering::unordered;
  const std::string text = value.is_string() ? value.get<std::string>() : value.dump();
  const auto number = value.is_number() ? value.get<double>() : as_number(text);
  if (number_ && number)
    order = *number <=> *number_;
  else
    order = text <=> value_;
  switch (operator_) {
    case Operator::equal:
      return order == 0;
    case Operator::not_equal:
      return order != 0;
    case Operator::less:
      return order < 0;
    case Operator::less_equal:
      return order <= 0;
    case Operator::greater:
      return order > 0;
    case Operator::greater_equal:
      return order >= 0;
  }
  return false;
}

namespace {

std::array<double, 4> widened(const std::array<double, 4>& box, double margin) {
  const double width = box[2] < box[0] ? box[2] + 360 - box[0] : box[2] - box[0];
  const double south = std::max(-90.0, box[1] - margin), north = std::min(90.0, box[3] + margin);
  if (width + 2 * margin >= 360) return {-180, south, 180, north};
  const auto wrapped = [](double lon) {
    return lon > 180 ? lon - 360 : lon < -180 ? lon + 360 : lon;
  };
  return {wrapped(box[0] - margin), south, wrapped(box[2] + margin), north};
}

}  // namespace

ItemFilter::ItemFilter(const CatalogQuery& query)
    : query_(query), conditions_(query.where.begin(), query.where.end()) {}

bool ItemFilter::wants(const nlohmann::json& item, const Scene& scene, CatalogCounts& counts) {
  if (!conditions_.empty() && first_properties_.empty())
    for (const auto& property : item.at("properties").items())
      first_properties_ += (first_properties_.empty() ? "" : ", ") + property.key();

  Condition* failed = nullptr;
  for (Condition& condition : conditions_)
    if (!condition.holds(item) && !failed) failed = &condition;

  if (!overlaps(query_.datetime, scene)) return ++counts.outside_datetime, false;
  if (failed) return ++failed->failing, ++counts.outside_where, false;
  if (query_.bbox && scene.bbox && !overlap(widened(*query_.bbox, query_.bbox_margin), *scene.bbox))
    return ++counts.outside_bbox, false;
  return true;
}

void ItemFilter::check_properties() const {
  for (const Condition& condition : conditions_)
    if (!condition.property_seen())
      throw InvalidInput("--where '" + condition.text() + "': no item has the property '" +
                         condition.property() + "'; the first item has " + first_properties_);
}

std::string ItemFilter::explain(const CatalogCounts& counts) const {
  std::string text = std::to_string(counts.items) + (counts.items == 1 ? " item" : " items");
  if (counts.outside_datetime > 0)
    text += ", " + std::to_string(counts.outside_datetime) + " outside --datetime " +
            show(query_.datetime);
  for (const Condition& condition : conditions_)
    if (condition.failing > 0)
      text +=
          ", " + std::to_string(condition.failing) + " failing --where '" + condition.text() + "'";
  if (counts.outside_bbox > 0)
    text += ", " + std::to_string(counts.outside_bbox) + " outside --bbox " + show(*query_.bbox) +
            " (lon/lat)";
  return text;
}

}  // namespace cubemill
