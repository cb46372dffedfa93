// Which flag values count: decided by (mask, value) pairs or by lists of values. A flag band is
// never averaged. The element function is `classify`; rules by flag name are made in io/plan from
// the product.
#pragma once
#include <cstdint>

#include "cubemill/base/host_device.hpp"

namespace cubemill {

/// What a flag pixel says: not observed, observed but masked, observed and good.
enum QaClass : std::uint8_t { qa_missing = 0, qa_masked = 1, qa_good = 2 };

/// A value that is not nodata counts when (qa & keep_mask) == keep_value, no reject pair matches,
/// and the list (if any) says so.
struct QaRule {
  static constexpr int max_rejects = 64;
  static constexpr int max_values = 64;
  std::uint32_t keep_mask = 0, keep_value = 0;
  std::int32_t rejects = 0;
  std::uint32_t reject_mask[max_rejects] = {}, reject_value[max_rejects] = {};
  std::int32_t values = 0;  ///< 0: no list
  std::uint32_t value[max_values] = {};
  std::uint8_t list_keeps = 0;  ///< 1: the listed values count; 0: all others do
};

CUBEMILL_HD QaClass classify(const QaRule& rule, std::uint32_t qa) {
  bool good = (qa & rule.keep_mask) == rule.keep_value;
  for (std::int32_t i = 0; i < rule.rejects; ++i)
    good &= (qa & rule.reject_mask[i]) != rule.reject_value[i];
  bool listed = false;
  for (std::int32_t i = 0; i < rule.values; ++i) listed |= qa == rule.value[i];
  good &= (rule.values == 0) | (listed == (rule.list_keeps != 0));
  return good ? qa_good : qa_masked;
}

}  // namespace cubemill
