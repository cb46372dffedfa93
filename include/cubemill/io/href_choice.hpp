// Which of an asset's places is read: its main href or an alternate, and what the user puts in
// place of its beginning. Not responsible for whether anything is there. Single-threaded.
#pragma once
#include <string>
#include <vector>

#include "cubemill/model/href_choice.hpp"
#include "cubemill/model/scene.hpp"

namespace cubemill {

/// Reads `FROM=TO`: both resolved, TO against the current folder. Throws InvalidInput.
HrefReplacement parse_href_replacement(const std::string& text);

/// Settles the href of every asset and drops the alternates. Gives lines for the user. Throws
/// InvalidInput where a scheme is preferred that no asset has, or a replacement fits no href.
std::vector<std::string> choose_hrefs(std::vector<Scene>& scenes, const HrefChoice& choice);

}  // namespace cubemill
