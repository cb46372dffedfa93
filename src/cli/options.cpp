#include "cli/options.hpp"

#include <algorithm>
#include <cxxopts.hpp>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "cli/net_options.hpp"
#include "cli/option_texts.hpp"
#include "cli/option_values.hpp"
#include "cubemill/io/href_choice.hpp"

namespace cubemill {
namespace {

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
  else if (command == "verify") {
    add(options, "", verify_options);
    add(options, "Network", network_options);
  } else {
    add(options, "What", recipe_options);
    add(options, "How", run_options);
    add(options, "Network", network_options);
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

/// What an interrupted run in the output folder was of; empty: there is none.
std::string interrupted_recipe(const std::string& output) {
  std::error_code error;
  for (std::filesystem::directory_iterator i(output, error), end; !error && i != end;
       i.increment(error))
    if (i->path().filename().string().starts_with(".cubemill-") &&
        std::filesystem::exists(i->path() / "run.json", error))
      return (i->path() / "run.json").string();
  return {};
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
  if (const auto o = options.find("href-replace"); o != options.end())
    for (std::string& value : o->second) {
      const HrefReplacement r = parse_href_replacement(value);
      value = r.from + "=" + r.to;
    }
  return options;
}

void read_request(const cxxopts::ParseResult& parsed, CommandLine& line) {
  Values recipe, run;
  std::vector<std::string> recipes = all_values(parsed, "recipe");
  // An interrupted run knows its recipe.
  if (parsed.count("resume") && recipes.empty() && !parsed.count("positional"))
    for (const std::string& output : all_values(parsed, "output"))
      if (std::string path = interrupted_recipe(output); !path.empty()) recipes = {std::move(path)};
  for (const std::string& path : recipes) {
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
  for (const OptionText& t : network_options) take(t, run);
  std::vector<std::string> sources = line.request.recipe.sources;
  if (parsed.count("positional")) sources = all_values(parsed, "positional");
  line.request.recipe = read_recipe_options(OptionReader(recipe));
  line.request.recipe.sources = sources;
  line.request.options = recorded(recipe);
  for (std::string& source : line.request.recipe.sources)
    if (source != "-") source = from_anywhere(source);
  const OptionReader how(run);
  line.request.compression = parse_compression(OptionReader(recipe).one("compress", "deflate"));
  line.request.limits = read_limits(how);
  line.request.backend = how.choice<BackendChoice>("backend", {{"auto", BackendChoice::automatic},
                                                               {"cpu", BackendChoice::cpu},
                                                               {"cuda", BackendChoice::cuda}});
  if (how.has("device-memory"))
    line.request.device_memory = parse_size(how.one("device-memory"), 0);
  if (how.has("devices")) line.request.devices = parse_devices(how.one("devices"));
  line.request.output = how.one("output");
  line.request.overwrite = how.has("overwrite");
  line.request.resume = how.has("resume");
  line.request.checkpoint_seconds = parse_number(how.one("checkpoint", "60"), "--checkpoint");
  if (!(line.request.checkpoint_seconds >= 0))
    throw InvalidInput("--checkpoint " + how.one("checkpoint") + ": seconds, 0 for never");
  line.request.spill_folder = how.one("spill-dir");
  if (how.has("spill-limit")) line.request.spill_limit = parse_size(how.one("spill-limit"), 0);
  line.request.trace = how.one("trace");
  read_net_options(how, line.request);
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

void read_verify(const cxxopts::ParseResult& parsed, CommandLine& line) {
  Values values;
  const auto take = [&](const OptionText& t) {
    if (const std::string name = long_name(t.name); parsed.count(name))
      values[name] = *t.value ? all_values(parsed, name) : std::vector<std::string>{};
  };
  std::ranges::for_each(verify_options, take);
  std::ranges::for_each(network_options, take);
  const OptionReader options(values);
  line.request.recipe = read_recipe_options(options);
  line.request.recipe.sources = all_values(parsed, "positional");
  line.request.limits = read_limits(options);
  read_net_options(options, line.request);
  line.all_assets = options.has("all");
  line.json = options.has("json"), line.quiet = options.has("quiet");
  for (const char* bands : {"index", "product", "band", "qa-band", "no-mask"})
    if (line.all_assets && options.has(bands))
      throw InvalidInput(std::string("--all reads every asset: it excludes --") + bands);
  if (line.request.recipe.sources.empty())
    throw InvalidInput("no catalog is given: name a STAC file or folder, or - for standard input");
  for (std::string& source : line.request.recipe.sources)
    if (source != "-") source = from_anywhere(source);
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
  cubemill verify CATALOG… [options]             decode every block and say which are damaged
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
                     line.command == "verify" || line.command == "demo" || line.command == "info";
  if (!known)
    throw InvalidInput("unknown command '" + line.command +
                       "': composite, plan, verify, demo or info; see 'cubemill --help'");
  cxxopts::Options options = make_options(line.command);
  const auto parsed = parse(options, {arguments.begin() + 1, arguments.end()}, line.command);
  if (parsed.count("help")) {
    line.help = line.command == "composite" || line.command == "plan"
                    ? options.help({"What", "How", "Network"})
                : line.command == "verify" ? options.help({"", "Network"})
                                           : options.help({""});
    line.command = "help";
    return line;
  }
  if (line.command == "demo")
    read_demo(parsed, line);
  else if (line.command == "verify")
    read_verify(parsed, line);
  else if (line.command == "info") {
    if (parsed.count("positional")) throw InvalidInput("info: takes no arguments");
    line.json = parsed.count("json") > 0, line.copy_rate = parsed.count("copy-rate") > 0;
  } else
    read_request(parsed, line);
  return line;
}

}  // namespace cubemill
