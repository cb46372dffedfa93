#include "io/spill_header.hpp"

#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <optional>
#include <span>
#include <utility>

#include "cubemill/base/error.hpp"

namespace cubemill {
namespace {

constexpr std::string_view name_begin = "cubemill-";
// The lines `host` and `owner` are the same in all formats: any version may clean up after any
// other.
constexpr std::string_view spill_title =
    "cubemill spill file: sums of a run that did not fit into its memory\n";

std::string text_of(const SpillHeader& header) {
  return std::string(spill_title) + "layout " + header.layout + "\nhost " + header.host +
         "\nowner " +
         header.owner;  // the last, up to the first zero byte: a path may have line feeds
}

// What stands in `text` behind "\nNAME " and before `end`.
std::optional<std::string> field(const std::string& text, const std::string& name, char end) {
  const std::size_t at = text.find("\n" + name + " ");
  if (at == std::string::npos) return {};
  const std::size_t begin = at + name.size() + 2;
  const std::size_t stop = text.find(end, begin);
  if (stop == std::string::npos) return {};
  return text.substr(begin, stop - begin);
}

}  // namespace

std::string spill_stem(const std::string& folder) { return folder + "/" + std::string(name_begin); }

bool is_spill_name(std::string_view name) {
  if (!name.starts_with(name_begin) || !name.ends_with(spill_ending)) return false;
  name = name.substr(name_begin.size());
  return name.size() == 6 + spill_ending.size() &&
         std::all_of(name.begin(), name.begin() + 6,
                     [](unsigned char c) { return std::isalnum(c); });
}

std::string this_host() {
  char name[256] = {};
  return ::gethostname(name, sizeof name - 1) == 0 ? name : "";
}

SpillHeader make_spill_header(std::string layout, const std::string& owner) {
  SpillHeader header{std::move(layout), this_host(), ""};
  std::error_code error;
  if (!owner.empty())  // one text for "out", "./out" and "out/"
    header.owner = (std::filesystem::absolute(owner, error) / "").lexically_normal().string();
  if (error) throw IoError(owner, "has no absolute path: " + error.message());
  if (text_of(header).size() >= spill_header_bytes)
    throw IoError(owner, "the path is too long for the header of a spill file");
  return header;
}

void write_spill_header(DiskFile& file, const SpillHeader& header) {
  std::string text = text_of(header);
  text.resize(spill_header_bytes);
  file.write_at(0, std::as_bytes(std::span(text)));
}

SpillHeaderState read_spill_header(const DiskFile& file, SpillHeader& header) {
  std::string text(std::min<std::uint64_t>(file.size(), spill_header_bytes), '\0');
  file.read_at(0, std::as_writable_bytes(std::span(text)));
  const std::string_view begin = std::string_view(text).substr(0, spill_title.size());
  if (!spill_title.starts_with(begin.substr(0, begin.find('\0')))) return SpillHeaderState::foreign;
  const auto layout = field(text, "layout", '\n');
  const auto host = field(text, "host", '\n');
  const auto owner = field(text, "owner", '\0');
  if (!layout || !host || !owner) return SpillHeaderState::torn;
  header = {*layout, *host, *owner};
  return SpillHeaderState::whole;
}

}  // namespace cubemill
