#include "cli/option_values.hpp"

#include <algorithm>
#include <thread>

#include "cubemill/io/href_choice.hpp"
#include "exec/resident_memory.hpp"

namespace cubemill {
namespace {

MaskRequest read_mask(const OptionReader& r) {
  MaskRequest m;
  m.none = r.has("no-mask");
  m.mask_out_given = r.has("mask-out");
  m.mask_out = split_list(r.one("mask-out"));
  m.qa_band = r.one("qa-band");
  for (const char* name : {"mask-out", "keep-bits", "keep-values", "reject-values"})
    if (r.has(name) && split_list(r.one(name)).empty())
      throw InvalidInput(std::string("--") + name + " is empty; --no-mask reads no flags");
  m.keep_bits = parse_bits(r.one("keep-bits"));
  m.keep_values = parse_values(r.one("keep-values"));
  m.reject_values = parse_values(r.one("reject-values"));
  if (m.none && (m.mask_out_given || m.by_hand() || !m.qa_band.empty()))
    throw InvalidInput(
        "--no-mask excludes --mask-out, --qa-band, --keep-bits, --keep-values and --reject-values");
  return m;
}

void read_numbers(const OptionReader& r, const char* option,
                  std::optional<double> BandNumbers::*field, Recipe& recipe) {
  for (const std::string& text : r.many(option)) {
    const auto [role, value] = parse_assignment(text, std::string("--") + option);
    recipe.numbers[role].*field = parse_number(value, std::string("--") + option);
  }
}

HrefChoice read_hrefs(const OptionReader& r) {
  HrefChoice hrefs;
  if (r.has("prefer"))
    hrefs.prefer = r.choice<HrefPreference>(
        "prefer", {{"s3", HrefPreference::s3}, {"https", HrefPreference::https}});
  for (const std::string& text : r.many("href-replace"))
    hrefs.replacements.push_back(parse_href_replacement(text));
  return hrefs;
}

}  // namespace

Recipe read_recipe_options(const OptionReader& r) {
  Recipe recipe;
  recipe.datetime_text = r.one("datetime");
  if (r.has("datetime")) recipe.datetime = parse_interval(recipe.datetime_text);
  recipe.where = r.many("where");
  recipe.bbox_crs = r.one("bbox-crs", "EPSG:4326");
  if (r.has("bbox")) {
    recipe.bbox = parse_bbox(r.one("bbox"));
    if (recipe.bbox->right < recipe.bbox->left && !Crs::parse(recipe.bbox_crs).geographic())
      throw InvalidInput("--bbox '" + r.one("bbox") + "': west is not left of east; give W,S,E,N");
  } else if (r.has("bbox-crs")) {
    throw InvalidInput("--bbox-crs goes with --bbox");
  }
  recipe.hrefs = read_hrefs(r);
  recipe.product = r.one("product");
  for (const std::string& text : r.many("band"))
    recipe.bands.insert(parse_assignment(text, "--band"));
  read_numbers(r, "nodata", &BandNumbers::nodata, recipe);
  read_numbers(r, "scale", &BandNumbers::scale, recipe);
  read_numbers(r, "offset", &BandNumbers::offset, recipe);
  recipe.mask = read_mask(r);
  recipe.grid.crs = r.one("crs");
  if (r.has("resolution")) recipe.grid.resolution = parse_resolution(r.one("resolution"));
  if (r.has("anchor")) recipe.grid.anchor = parse_anchor(r.one("anchor"));
  recipe.grid.like = r.one("like");
  recipe.resampling = parse_resampling(r.many("resampling"));
  recipe.overviews =
      r.choice<Overviews>("overviews", {{"none", Overviews::none}, {"auto", Overviews::automatic}});
  recipe.group_by =
      r.choice<GroupBy>("groupby", {{"solar_day", GroupBy::solar_day}, {"scene", GroupBy::scene}});
  recipe.fuse = r.choice<Fuse>("fuse", {{"pixel", Fuse::pixel}, {"band", Fuse::band}});
  recipe.indices = parse_indices(r.one("index", "ndvi"));
  recipe.scaling = r.choice<bool>("scaling", {{"auto", true}, {"none", false}});
  recipe.valid_range = r.choice<bool>("valid-range", {{"auto", true}, {"none", false}});
  recipe.period = parse_period(r.one("period", "season"));
  recipe.reducers = parse_reducers(r.one("reduce", "mean,count"));
  recipe.skip_unreadable = r.choice<bool>("on-error", {{"fail", false}, {"skip", true}});
  if (r.has("max-skipped")) {
    recipe.max_skipped = parse_skip_limit(r.one("max-skipped"));
    if (!recipe.skip_unreadable) throw InvalidInput("--max-skipped goes with --on-error skip");
  }
  return recipe;
}

std::vector<int> parse_devices(const std::string& text) {
  std::vector<int> devices;
  for (const std::string& part : split_list(text)) {
    const double n = parse_number(part, "--devices");
    if (n < 0 || n > 1023 || n != int(n) ||
        std::find(devices.begin(), devices.end(), int(n)) != devices.end())
      throw InvalidInput("--devices '" + text + "': numbers from 0 on, each once");
    devices.push_back(int(n));
  }
  if (devices.empty()) throw InvalidInput("--devices is empty; --backend cpu takes none");
  return devices;
}

Limits read_limits(const OptionReader& r) {
  Limits limits;
  const std::uint64_t available = available_bytes();
  limits.memory = r.has("memory") ? parse_size(r.one("memory"), available) : available / 2;
  const double threads = r.has("threads") ? parse_number(r.one("threads"), "--threads")
                                          : std::max(1u, std::thread::hardware_concurrency());
  if (!(threads >= 1 && threads <= 1024) || threads != int(threads))
    throw InvalidInput("--threads '" + r.one("threads") + "': a whole number from 1 to 1024");
  limits.threads = int(threads);
  limits.order = r.choice<Order>(
      "order", {{"auto", Order::automatic}, {"tile", Order::tile}, {"scene", Order::scene}});
  return limits;
}

}  // namespace cubemill
