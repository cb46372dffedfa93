// What headers, URLs and configuration files need of text: ASCII only, whatever the locale.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace cubemill::net {

std::string lower(std::string_view text);
bool equal_but_for_case(std::string_view a, std::string_view b);
bool starts_but_for_case(std::string_view text, std::string_view start);
/// Without blanks, tabs and line ends around it.
std::string_view trimmed(std::string_view text);
/// A decimal number that is all of the text.
std::optional<std::uint64_t> whole_number(std::string_view text);
/// Percent-encodes all but letters, digits, "-_.~" and what is in `kept`.
std::string percent_encoded(std::string_view text, std::string_view kept = "");
/// What is between <tag> and </tag>, with XML's five entities resolved; empty where it is not.
std::string xml_text(std::string_view xml, std::string_view tag);

}  // namespace cubemill::net
