// What the user says of where assets are read from. Plain values; applied by io/href_choice.
#pragma once
#include <string>
#include <vector>

namespace cubemill {

/// Hrefs of which scheme are read where an asset has several; the main one where it has none such.
enum class HrefPreference { main, s3, https };

/// `from`, whole up to a slash, is what an absolute href begins with; `to` comes in its place.
struct HrefReplacement {
  std::string from, to;
};

struct HrefChoice {
  HrefPreference prefer = HrefPreference::main;
  std::vector<HrefReplacement> replacements;  ///< of each href the first that fits, once
};

}  // namespace cubemill
