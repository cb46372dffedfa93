// Which items a query wants: dates, place and conditions on properties, evaluated while an item is
// at hand. Counts what fell out where. Single-threaded; borrows the query.
#pragma once
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "cubemill/io/catalog.hpp"

namespace cubemill {

/// One `PROPERTY OP VALUE`.
class Condition {
 public:
  /// Reads `eo:cloud_cover<60`, `landsat:collection_category = 'T1'`; throws InvalidInput when
  /// unreadable.
  explicit Condition(const std::string& text);

  /// Says whether the item fulfils it. Numbers compare as numbers (also where the item writes one
  /// as a string, unless VALUE is quoted), all else as strings; a list fulfils = when one of its
  /// elements does. An item without the property, or with null, does not fulfil it. `id` and
  /// `collection` are properties too.
  bool holds(const nlohmann::json& item);

  const std::string& text() const { return text_; }
  const std::string& property() const { return property_; }
  bool property_seen() const { return seen_; }
  std::uint64_t failing = 0;  ///< items that fell out for it

 private:
  enum class Operator { equal, not_equal, less, less_equal, greater, greater_equal };

  bool compare(const nlohmann::json& value) const;

  std::string text_, property_, value_;
  Operator operator_ = Operator::equal;
  std::optional<double> number_;
  bool seen_ = false;
};

class ItemFilter {
 public:
  explicit ItemFilter(const CatalogQuery& query);

  /// Says whether the item is wanted, and counts it in `counts` where it is not, once, under the
  /// first filter that it fails: dates, then conditions, then place. Every condition sees every
  /// item.
  bool wants(const nlohmann::json& item, const Scene& scene, CatalogCounts& counts);

  /// Throws InvalidInput for a condition on a property that no item has; lists those of the first
  /// item.
  void check_properties() const;
  /// Says what each filter left out of `counts.items`, for the error that nothing is left.
  std::string explain(const CatalogCounts& counts) const;

 private:
  const CatalogQuery& query_;
  std::vector<Condition> conditions_;
  std::string first_properties_;
};

}  // namespace cubemill
