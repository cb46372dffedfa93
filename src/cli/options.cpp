#include "cli/options.hpp"

#include <algorithm>
#include <cxxopts.hpp>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "cubemill/base/error.hpp"
#include "exec/resident_memory.hpp"

namespace cubemill {
namespace {

using Values = std::map<std::string, std::vector<std::string>>;

struct OptionText {
  const char* name;
  const char* value;  ///< empty: a switch
  const char* help;
};

// Options that decide the result: they make the recipe, and a report repeats them.
constexpr OptionText recipe_options[] = {
    {"bbox", "W,S,E,N", "area; may cross 180° (default: the union of the scenes)"},
    {"bbox-crs", "CRS", "CRS of --bbox (default: EPSG:4326, longitude and latitude)"},
    {"datetime", "A/B", "days in UTC, both included; '..' for an open end"},
    {"where", "'PROPERTY OP VALUE'", "keep items whose property matches; repeatable"},
    {"product", "NAME|FILE", "product definition (default: recognised)"},
    {"band", "ROLE=ASSET",
     "which asset a band is; ASSET#2 for the second band of a file; repeatable"},
    {"nodata", "ROLE=VALUE", "nodata of a band; repeatable"},
    {"scale", "ROLE=VALUE", "scale of a band; repeatable"},
    {"offset", "ROLE=VALUE", "offset of a band; repeatable"},
    {"crs", "CRS", "CRS of the output (default: that of most scenes)"},
    {"resolution", "R|RX,RY", "pixel size in units of the CRS (default: that of most scenes)"},
    {"anchor", "edge|center|X,Y", "where pixel corners lie (default: as most scenes; else edge)"},
    {"like", "RASTER", "take the grid of a raster; with --bbox cropped on its own lattice"},
    {"resampling", "M|NAME=M,*=M",
     "nearest (default), bilinear, cubic, average, mode; flags stay nearest"},
    {"groupby", "solar_day|scene", "what an observation is (default: solar_day)"},
    {"fuse", "pixel|band", "how scenes of one day are fused (default: pixel)"},
    {"mask-out", "FLAG[:LEVEL],…", "flags whose pixels do not count (default: the product's)"},
    {"no-mask", "", "read no flag band"},
    {"qa-band", "ASSET", "the flag band"},
    {"keep-bits", "MASK=VALUE,…", "a pixel counts when (qa & MASK) == VALUE for all"},
    {"keep-values", "V,…", "only these flag values count"},
    {"reject-values", "V,…", "these flag values do not count"},
    {"index", "NAME|NAME=BAND,…", "ndvi (default), or a band under a name; several at once"},
    {"scaling", "auto|none", "apply scale and offset (default), or take numbers as stored"},
    {"valid-range", "auto|none",
     "leave out values outside the product's documented range (default: auto)"},
    {"period", "KIND", "season (default), season-year, month, month-year, year, all"},
    {"reduce", "mean,count", "what is written (default: mean,count)"},
    {"compress", "CODEC", "deflate (default), zstd, lzw, none"},
    {"on-error", "fail|skip", "what an unreadable scene does (default: fail)"},
};

// Options that decide how it is made; nothing here changes a bit of the result.
constexpr OptionText run_options[] = {
    {"o,output", "DIR", "folder to write into"},
    {"overwrite", "", "replace what an earlier run wrote there"},
    {"recipe", "FILE", "take options from a report; those given here come before it"},
    {"memory", "SIZE",
     "resident memory of the program: 512MiB, 2GiB, 50% (default: half of what is free)"},
    {"threads", "N", "worker threads (default: one a core)"},
    {"order", "auto|tile|scene", "order of work (default: auto)"},
    {"backend", "auto|cpu|cuda", "where the pass runs (default: auto)"},
    {"progress", "auto|bar|json|none", "progress on standard error"},
    {"probe", "", "plan: read all headers instead of estimating"},
    {"json", "", "print one JSON document on standard output"},
    {"q,quiet", "", "print results and errors only"},
    {"v,verbose", "", "print the plan first"},
    {"h,help", "", "this text"},
};

constexpr OptionText demo_options[] = {
    {"seed", "N", "another landscape and weather (default: 1)"},
    {"scenes", "N", "number of scenes"},
    {"size", "PX", "side of a scene in pixels"},
    {"year", "YYYY", "year of the scenes"},
    {"json", "", "print one JSON document on standard output"},
    {"q,quiet", "", "print results and errors only"},
    {"h,help", "", "this text"},
};

constexpr OptionText info_options[] = {
    {"json", "", "print one JSON document on standard output"},
    {"h,help", "", "this text"},
};

std::string long_name(const char* name) {
  const std::string n = name;
  return n.find(',') == 1 ? n.substr(2) : n;
}

template <std::size_t N>
void add(cxxopts::Options& options, const std::string& group, const OptionText (&texts)[N]) {
  auto adder = options.add_options(group);
  for (const OptionText& t : texts) {
    if (*t.value)
      adder(t.name, t.help, cxxopts::value<std::vector<std::string>>(), t.value);
    else
      adder(t.name, t.help);
  }
}

cxxopts::Options make_options(const std::string& command) {
  cxxopts::Options options("cubemill " + command);
  options.positional_help(command == "demo" ? "DIR" : command == "info" ? "" : "CATALOG…");
  if (command == "demo")
    add(options, "", demo_options);
  else if (command == "info")
    add(options, "", info_options);
  else {
    add(options, "What", recipe_options);
    add(options, "How", run_options);
  }
  options.add_options("hidden")("positional", "", cxxopts::value<std::vector<std::string>>());
  options.parse_positional("positional");
  return options;
}

// cxxopts splits lists at commas; values with commas are meant here, so they are joined again.
constexpr char kept_comma = '\x1f';

std::vector<std::string> protect_commas(std::vector<std::string> arguments) {
  for (std::string& a : arguments) std::replace(a.begin(), a.end(), ',', kept_comma);
  return arguments;
}
std::string restore_commas(std::string value) {
  std::replace(value.begin(), value.end(), kept_comma, ',');
  return value;
}

cxxopts::ParseResult parse(cxxopts::Options& options, const std::vector<std::string>& arguments,
                           const std::string& command) {
  // A value that begins with '-' (a longitude west of Greenwich) is joined to its option, else it
  // would be one itself.
  std::vector<std::string> joined{"cubemill"};
  for (const std::string& a : protect_commas(arguments)) {
    const bool number = a.size() > 1 && a[0] == '-' &&
                        (std::isdigit(static_cast<unsigned char>(a[1])) || a[1] == '.');
    if (number && joined.size() > 1 && joined.back().starts_with("--") &&
        joined.back().find('=') == std::string::npos)
      joined.back() += "=" + a;
    else
      joined.push_back(a);
  }
  std::vector<const char*> argv;
  for (const std::string& a : joined) argv.push_back(a.c_str());
  try {
    return options.parse(int(argv.size()), argv.data());
  } catch (const std::exception& error) {
    throw InvalidInput(restore_commas(error.what()) + "; see 'cubemill " + command + " --help'");
  }
}

std::vector<std::string> all_values(const cxxopts::ParseResult& parsed, const std::string& name) {
  std::vector<std::string> values;
  if (parsed.count(name))
    for (const std::string& v : parsed[name].as<std::vector<std::string>>())
      values.push_back(restore_commas(v));
  return values;
}

/// The options of a report, or of a file that holds only its recipe.
std::pair<std::vector<std::string>, Values> read_recipe(const std::string& path) {
  std::ifstream in(path);
  if (!in) throw IoError(path, "cannot be read");
  const auto json = nlohmann::json::parse(in, nullptr, false);
  const nlohmann::json* recipe =
      json.is_object() && json.contains("recipe") ? &json["recipe"] : &json;
  if (!recipe->is_object() || !recipe->contains("options") || !(*recipe)["options"].is_object())
    throw InvalidInput("--recipe " + path +
                       ": is no report of cubemill (it has no recipe with options)");
  std::pair<std::vector<std::string>, Values> result;
  try {
    result.first = recipe->value("sources", std::vector<std::string>{});
    for (const auto& [name, values] : (*recipe)["options"].items()) {
      const bool known = std::any_of(std::begin(recipe_options), std::end(recipe_options),
                                     [&](const OptionText& t) { return name == t.name; });
      if (!known) throw InvalidInput("--recipe " + path + ": unknown option '" + name + "'");
      result.second[name] = values.get<std::vector<std::string>>();
    }
  } catch (const nlohmann::json::exception&) {
    throw InvalidInput("--recipe " + path + ": options must be lists of texts");
  }
  return result;
}

/// Reads options into a recipe; each is given once unless it is repeatable.
class RecipeReader {
 public:
  explicit RecipeReader(const Values& values) : values_(values) {}

  std::string one(const std::string& name, const std::string& otherwise = "") const {
    const auto v = values_.find(name);
    if (v == values_.end()) return otherwise;
    if (v->second.size() != 1)
      throw InvalidInput("--" + name + " is given " + std::to_string(v->second.size()) + " times");
    return v->second.front();
  }
  std::vector<std::string> many(const std::string& name) const {
    const auto v = values_.find(name);
    return v == values_.end() ? std::vector<std::string>{} : v->second;
  }
  bool has(const std::string& name) const { return values_.count(name) > 0; }

  template <class T>
  T choice(const std::string& name,
           std::initializer_list<std::pair<const char*, T>> allowed) const {
    const std::string given = one(name, allowed.begin()->first);
    std::string names;
    for (const auto& [text, value] : allowed) {
      if (given == text) return value;
      names += (names.empty() ? "" : ", ") + std::string(text);
    }
    throw InvalidInput("--" + name + " '" + given + "' is unknown: " + names);
  }

 private:
  const Values& values_;
};

MaskRequest read_mask(const RecipeReader& r) {
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

void read_numbers(const RecipeReader& r, const char* option,
                  std::optional<double> BandNumbers::*field, Recipe& recipe) {
  for (const std::string& text : r.many(option)) {
    const auto [role, value] = parse_assignment(text, std::string("--") + option);
    recipe.numbers[role].*field = parse_number(value, std::string("--") + option);
  }
}

Recipe read_options(const RecipeReader& r) {
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
  recipe.group_by =
      r.choice<GroupBy>("groupby", {{"solar_day", GroupBy::solar_day}, {"scene", GroupBy::scene}});
  recipe.fuse = r.choice<Fuse>("fuse", {{"pixel", Fuse::pixel}, {"band", Fuse::band}});
  recipe.indices = parse_indices(r.one("index", "ndvi"));
  recipe.scaling = r.choice<bool>("scaling", {{"auto", true}, {"none", false}});
  recipe.valid_range = r.choice<bool>("valid-range", {{"auto", true}, {"none", false}});
  recipe.period = parse_period(r.one("period", "season"));
  recipe.reducers = parse_reducers(r.one("reduce", "mean,count"));
  recipe.skip_unreadable = r.choice<bool>("on-error", {{"fail", false}, {"skip", true}});
  return recipe;
}

Limits read_limits(const RecipeReader& r) {
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
  if (r.choice<bool>("backend", {{"auto", false}, {"cpu", false}, {"cuda", true}}))
    throw DeviceError("--backend cuda: this program was built without CUDA; use --backend cpu");
  return limits;
}

/// A path that means the same from any folder; URLs and GDAL's /vsi… paths do so already.
std::string from_anywhere(const std::string& path) {
  if (path.find("://") != std::string::npos || path.starts_with("/")) return path;
  return std::filesystem::absolute(path).lexically_normal().string();
}

/// The options as a report keeps them, to be used again from any folder.
Values recorded(Values options) {
  for (const char* name : {"like", "product"})
    if (const auto o = options.find(name); o != options.end())
      for (std::string& value : o->second)
        if (std::filesystem::exists(value)) value = from_anywhere(value);
  return options;
}

void read_request(const cxxopts::ParseResult& parsed, CommandLine& line) {
  Values recipe, run;
  for (const std::string& path : all_values(parsed, "recipe")) {
    auto [sources, options] = read_recipe(path);
    line.request.recipe.sources = sources;
    recipe = options;
  }
  const auto take = [&](const OptionText& t, Values& values) {
    const std::string name = long_name(t.name);
    if (!parsed.count(name)) return;
    values[name] = *t.value ? all_values(parsed, name) : std::vector<std::string>{};
  };
  for (const OptionText& t : recipe_options) take(t, recipe);
  for (const OptionText& t : run_options) take(t, run);
  std::vector<std::string> sources = line.request.recipe.sources;
  if (parsed.count("positional")) sources = all_values(parsed, "positional");
  line.request.recipe = read_options(RecipeReader(recipe));
  line.request.recipe.sources = sources;
  line.request.options = recorded(recipe);
  for (std::string& source : line.request.recipe.sources)
    if (source != "-") source = from_anywhere(source);
  const RecipeReader how(run);
  line.request.compression = parse_compression(RecipeReader(recipe).one("compress", "deflate"));
  line.request.limits = read_limits(how);
  line.request.output = how.one("output");
  line.request.overwrite = how.has("overwrite");
  line.json = how.has("json"), line.quiet = how.has("quiet"), line.verbose = how.has("verbose"),
  line.probe = how.has("probe");
  line.progress = how.choice<ProgressStyle>("progress", {{"auto", ProgressStyle::automatic},
                                                         {"bar", ProgressStyle::bar},
                                                         {"json", ProgressStyle::json},
                                                         {"none", ProgressStyle::none}});
  if (sources.empty())
    throw InvalidInput("no catalog is given: name a STAC file or folder, or - for standard input");
  if (line.command == "composite" && line.request.output.empty())
    throw InvalidInput("no output folder is given: -o DIR");
  if (line.command == "composite" && line.probe)
    throw InvalidInput("--probe goes with 'plan'; a run reads all headers");
}

void read_demo(const cxxopts::ParseResult& parsed, CommandLine& line) {
  const std::vector<std::string> directories = all_values(parsed, "positional");
  if (directories.size() != 1) throw InvalidInput("demo: give one folder to make");
  line.demo_directory = directories.front();
  for (const char* name : {"seed", "scenes", "size", "year"})
    for (const std::string& v : all_values(parsed, name)) {
      const double n = parse_number(v, std::string("--") + name);
      if (n < 0 || n > 1e15 || n != double(std::int64_t(n)))
        throw InvalidInput(std::string("--") + name + " '" + v + "': a whole number");
      line.demo[name] = std::int64_t(n);
    }
  line.json = parsed.count("json") > 0, line.quiet = parsed.count("quiet") > 0;
}

constexpr const char* general_help =
    R"(Cubemill makes seasonal composites of satellite scenes, exactly and in bounded memory.

  cubemill composite CATALOG… -o DIR [options]   items → means and counts per season
  cubemill plan CATALOG… [options]               what that would read and need; reads no pixels
  cubemill demo DIR                              make a small archive to try it on
  cubemill info                                  versions and this machine

'cubemill COMMAND --help' lists a command's options.
)";

}  // namespace

CommandLine read_command_line(const std::vector<std::string>& arguments) {
  CommandLine line;
  line.help = general_help;
  line.command = arguments.empty() ? "help" : arguments.front();
  if (line.command == "--help" || line.command == "-h" || line.command == "help")
    return line.command = "help", line;
  if (line.command == "--version" || line.command == "version")
    return line.command = "version", line;
  const bool known = line.command == "composite" || line.command == "plan" ||
                     line.command == "demo" || line.command == "info";
  if (!known)
    throw InvalidInput("unknown command '" + line.command +
                       "': composite, plan, demo or info; see 'cubemill --help'");
  cxxopts::Options options = make_options(line.command);
  const auto parsed = parse(options, {arguments.begin() + 1, arguments.end()}, line.command);
  if (parsed.count("help")) {
    line.help = line.command == "composite" || line.command == "plan"
                    ? options.help({"What", "How"})
                    : options.help({""});
    line.command = "help";
    return line;
  }
  if (line.command == "demo")
    read_demo(parsed, line);
  else if (line.command == "info") {
    if (parsed.count("positional")) throw InvalidInput("info: takes no arguments");
    line.json = parsed.count("json") > 0;
  } else
    read_request(parsed, line);
  return line;
}

}  // namespace cubemill
