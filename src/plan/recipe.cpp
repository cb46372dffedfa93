#include "cubemill/plan/recipe.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <tuple>

#include "cubemill/base/error.hpp"
#include "cubemill/pixel/index.hpp"

namespace cubemill {
namespace {

std::string trimmed(const std::string& s) {
  const auto first = s.find_first_not_of(" \t");
  if (first == std::string::npos) return "";
  return s.substr(first, s.find_last_not_of(" \t") - first + 1);
}

std::uint32_t parse_bits_value(const std::string& text, const std::string& option) {
  const bool hex = text.starts_with("0x") || text.starts_with("0X");
  const char* const begin = text.data() + (hex ? 2 : 0);
  const char* const end = text.data() + text.size();
  std::uint32_t value = 0;
  const auto [stop, error] = std::from_chars(begin, end, value, hex ? 16 : 10);
  if (error != std::errc() || stop != end || begin == end)
    throw InvalidInput(option + ": '" + text +
                       "' is not a whole number (decimal or 0x…, up to 32 bits)");
  return value;
}

template <class... Index>
bool known_index(const std::string& name, std::tuple<Index...>*) {
  return ((name == Index::name && !name.empty()) || ...);
}
template <class... Index>
std::string index_names(std::tuple<Index...>*) {
  std::string names;
  ((names += Index::name.empty() ? "" : (names.empty() ? "" : ", ") + std::string(Index::name)),
   ...);
  return names;
}

}  // namespace

std::vector<std::string> split_list(const std::string& text, char separator) {
  std::vector<std::string> parts;
  for (std::size_t from = 0; from <= text.size();) {
    const std::size_t to = std::min(text.find(separator, from), text.size());
    if (std::string part = trimmed(text.substr(from, to - from)); !part.empty())
      parts.push_back(std::move(part));
    from = to + 1;
  }
  return parts;
}

double parse_number(const std::string& text, const std::string& what) {
  const std::string t = trimmed(text);
  double value = 0;
  const auto [stop, error] = std::from_chars(t.data(), t.data() + t.size(), value);
  if (t.empty() || error != std::errc() || stop != t.data() + t.size())
    throw InvalidInput(what + ": '" + text + "' is not a number");
  return value;
}

Box parse_bbox(const std::string& text) {
  const auto parts = split_list(text);
  if (parts.size() != 4) throw InvalidInput("--bbox '" + text + "': give W,S,E,N");
  double v[4];
  for (int i = 0; i < 4; ++i) {
    v[i] = parse_number(parts[std::size_t(i)], "--bbox");
    if (!std::isfinite(v[i])) throw InvalidInput("--bbox '" + text + "': not finite");
  }
  if (!(v[1] < v[3]))
    throw InvalidInput("--bbox '" + text + "': south is not below north; give W,S,E,N");
  if (v[0] == v[2]) throw InvalidInput("--bbox '" + text + "': west equals east; give W,S,E,N");
  return {v[0], v[1], v[2], v[3]};
}

std::array<double, 2> parse_resolution(const std::string& text) {
  const auto parts = split_list(text);
  if (parts.empty() || parts.size() > 2)
    throw InvalidInput("--resolution '" + text + "': give R or RX,RY");
  const double x = parse_number(parts[0], "--resolution");
  const double y = parts.size() == 2 ? parse_number(parts[1], "--resolution") : x;
  if (!(x > 0) || !(y > 0) || !std::isfinite(x) || !std::isfinite(y))
    throw InvalidInput("--resolution '" + text + "': must be above 0 (units of the output CRS)");
  return {x, y};
}

Anchor parse_anchor(const std::string& text) {
  if (text == "edge") return {Anchor::Kind::edge};
  if (text == "center") return {Anchor::Kind::center};
  const auto parts = split_list(text);
  if (parts.size() != 2) throw InvalidInput("--anchor '" + text + "': give edge, center or X,Y");
  return {Anchor::Kind::point, parse_number(parts[0], "--anchor"),
          parse_number(parts[1], "--anchor")};
}

namespace {
constexpr std::pair<const char*, Resampling> methods[] = {{"nearest", Resampling::nearest},
                                                          {"bilinear", Resampling::bilinear},
                                                          {"cubic", Resampling::cubic},
                                                          {"average", Resampling::average},
                                                          {"mode", Resampling::mode}};
}

Resampling parse_method(const std::string& name) {
  for (const auto& [known, method] : methods)
    if (name == known) return method;
  throw InvalidInput("--resampling '" + name +
                     "' is unknown: nearest, bilinear, cubic, average or mode");
}

std::string to_string(Resampling method) {
  for (const auto& [name, m] : methods)
    if (m == method) return name;
  return "";
}

ResamplingRequest parse_resampling(const std::vector<std::string>& values) {
  ResamplingRequest request;
  for (const std::string& value : values)
    for (const std::string& part : split_list(value)) {
      const auto equals = part.find('=');
      if (equals == std::string::npos) {
        request.all = parse_method(part);
        continue;
      }
      const std::string name = trimmed(part.substr(0, equals));
      const Resampling method = parse_method(trimmed(part.substr(equals + 1)));
      if (name == "*")
        request.all = method;
      else
        request.named[name] = method;
    }
  return request;
}

std::vector<IndexRequest> parse_indices(const std::string& text) {
  auto* const all = static_cast<AllIndices*>(nullptr);
  std::vector<IndexRequest> requests;
  for (const std::string& part : split_list(text)) {
    const auto equals = part.find('=');
    IndexRequest r{trimmed(part.substr(0, equals)),
                   equals == std::string::npos ? "" : trimmed(part.substr(equals + 1))};
    if (equals == std::string::npos && !known_index(r.name, all))
      throw InvalidInput("--index '" + part + "' is unknown: " + index_names(all) +
                         ", or NAME=BAND");
    const bool plain =
        !r.name.empty() && std::all_of(r.name.begin(), r.name.end(), [](unsigned char c) {
          return std::isalnum(c) || c == '_' || c == '-' || c == '.';
        });
    if (!plain || r.name.starts_with('.') || (equals != std::string::npos && r.band.empty()))
      throw InvalidInput("--index '" + part + "': give NAME or NAME=BAND (letters, digits, _ - .)");
    for (const IndexRequest& other : requests)
      if (other.name == r.name) throw InvalidInput("--index: '" + r.name + "' is given twice");
    requests.push_back(std::move(r));
  }
  if (requests.empty())
    throw InvalidInput("--index is empty: " + index_names(all) + ", or NAME=BAND");
  return requests;
}

std::vector<BitTest> parse_bits(const std::string& text) {
  std::vector<BitTest> tests;
  for (const std::string& part : split_list(text)) {
    const auto equals = part.find('=');
    if (equals == std::string::npos)
      throw InvalidInput("--keep-bits '" + part + "': give MASK=VALUE,… (decimal or 0x…)");
    const BitTest t{parse_bits_value(trimmed(part.substr(0, equals)), "--keep-bits"),
                    parse_bits_value(trimmed(part.substr(equals + 1)), "--keep-bits")};
    if (t.value & ~t.mask)
      throw InvalidInput("--keep-bits '" + part +
                         "': the value has bits outside the mask, so nothing can pass");
    tests.push_back(t);
  }
  return tests;
}

std::vector<std::uint32_t> parse_values(const std::string& text) {
  std::vector<std::uint32_t> values;
  for (const std::string& part : split_list(text))
    values.push_back(parse_bits_value(part, "flag values"));
  return values;
}

std::vector<std::string> parse_reducers(const std::string& text) {
  std::vector<std::string> reducers;
  for (const std::string& part : split_list(text)) {
    if (part != "mean" && part != "count")
      throw InvalidInput("--reduce '" + part + "' is unknown: mean, count");
    if (std::find(reducers.begin(), reducers.end(), part) == reducers.end())
      reducers.push_back(part);
  }
  if (reducers.empty()) throw InvalidInput("--reduce is empty: mean, count");
  return reducers;
}

std::uint64_t parse_size(const std::string& text, std::uint64_t total) {
  const std::string t = trimmed(text);
  const auto letters = t.find_first_not_of("0123456789.");
  const std::string unit = letters == std::string::npos ? "" : trimmed(t.substr(letters));
  constexpr double k = 1024, m = k * k, g = m * k;
  const std::pair<const char*, double> units[] = {
      {"", 1},     {"B", 1},       {"KiB", k},   {"MiB", m},
      {"GiB", g},  {"TiB", g * k}, {"K", k},     {"M", m},
      {"G", g},    {"T", g * k},   {"kB", 1e3},  {"KB", 1e3},
      {"MB", 1e6}, {"GB", 1e9},    {"TB", 1e12}, {"%", double(total) / 100}};
  for (const auto& [name, factor] : units)
    if (unit == name && letters != 0 && !t.empty()) {
      const double bytes = parse_number(t.substr(0, letters), "size") * factor;
      if (bytes >= 1 && bytes < 0x1p62) return std::uint64_t(bytes);
    }
  throw InvalidInput("'" + text + "' is not a size: give 512MiB, 2GiB or 50%");
}

SkipLimit parse_skip_limit(const std::string& text) {
  const std::string t = trimmed(text);
  const bool share = t.ends_with('%');
  const double value = parse_number(share ? t.substr(0, t.size() - 1) : t, "--max-skipped");
  SkipLimit limit;
  if (share && value >= 0 && value <= 100) {
    limit.share = value / 100;
  } else if (!share && value >= 0 && value <= 1e9 && value == std::floor(value)) {
    limit.scenes = std::uint64_t(value);
  } else {
    throw InvalidInput("--max-skipped '" + text + "': a number of scenes, or 0% to 100% of them");
  }
  return limit;
}

std::pair<std::string, std::string> parse_assignment(const std::string& text,
                                                     const std::string& option) {
  const auto equals = text.find('=');
  if (equals == std::string::npos || equals == 0 || equals + 1 == text.size())
    throw InvalidInput(option + " '" + text + "': give ROLE=VALUE");
  return {trimmed(text.substr(0, equals)), trimmed(text.substr(equals + 1))};
}

}  // namespace cubemill
