#include "cubemill/io/catalog.hpp"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <tuple>
#include <unordered_map>

#include "cubemill/base/error.hpp"
#include "cubemill/io/href.hpp"
#include "io/item_digest.hpp"
#include "io/item_filter.hpp"
#include "io/json_stream.hpp"
#include "io/range_stream.hpp"
#include "io/stac_item.hpp"

namespace cubemill {
namespace {

namespace fs = std::filesystem;

std::string counted(std::uint64_t count, const char* one, const char* many) {
  return std::to_string(count) + " " + (count == 1 ? one : many);
}

bool has_catalog_extension(const fs::path& path) {
  std::string extension = path.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return char(std::tolower(c)); });
  return extension == ".json" || extension == ".geojson" || extension == ".ndjson" ||
         extension == ".jsonl";
}

/// Files below a folder that may hold items, sorted by path. Links to files are followed, links to
/// folders counted.
std::vector<std::string> files_below(const std::string& folder, std::uint64_t& folder_links) {
  std::vector<std::string> files;
  try {
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
      if (entry.is_symlink() && entry.is_directory()) ++folder_links;
      if (entry.is_regular_file() && has_catalog_extension(entry.path()))
        files.push_back(entry.path().string());
    }
  } catch (const fs::filesystem_error& error) {
    const std::string path = error.path1().empty() ? folder : error.path1().string();
    throw IoError(path, "cannot be listed: " + error.code().message());
  }
  std::sort(files.begin(), files.end());
  return files;
}

class CatalogReader {
 public:
  CatalogReader(const CatalogQuery& query, const FetchRange& fetch)
      : query_(query), fetch_(fetch), filter_(query) {}

  Catalog read(std::istream& standard_input) {
    for (const std::string& source : query_.sources) read_source(source, standard_input);
    check_result();
    std::sort(catalog_.scenes.begin(), catalog_.scenes.end(), [](const Scene& a, const Scene& b) {
      return std::tie(a.start, a.id) < std::tie(b.start, b.id);
    });
    add_notes();
    return std::move(catalog_);
  }

 private:
  /// An item that was met, and where (an index into files_).
  struct Met {
    ItemDigest digest;
    std::size_t file;
  };

  void read_source(const std::string& source, std::istream& standard_input) {
    if (source == "-")
      return read_stream(standard_input, "standard input", (fs::current_path() / "").string(),
                         false);
    // A path stays as it is: it is shown so.
    const bool local = scheme_of(source).empty() && !source.starts_with("/vsi");
    const std::string place = local ? source : resolve_href(source, {});
    const std::string scheme = scheme_of(place);
    std::error_code error;
    if (scheme == "s3" || scheme == "http" || scheme == "https") {
      read_object(place);
    } else if (!scheme.empty() || place.starts_with("/vsi")) {
      throw InvalidInput(source + ": catalogs are read from files, folders, s3:// and http(s)://");
    } else if (fs::is_directory(place, error)) {
      for (const std::string& file : files_below(place, folder_links_)) read_file(file, true);
    } else {
      read_file(place, false);
    }
  }

  void read_object(const std::string& href) {
    if (href.ends_with('/'))
      throw InvalidInput(href + ": name a file; folders on the network are not listed");
    RangeStream in(href, fetch_);
    read_stream(in, without_secrets(href), href, false);
  }

  void read_file(const std::string& file, bool in_folder) {
    std::ifstream in(file, std::ios::binary);
    if (!in) throw IoError(file, std::string("cannot be opened: ") + std::strerror(errno));
    read_stream(in, file, fs::absolute(file).lexically_normal().string(), in_folder);
  }

  void read_stream(std::istream& in, const std::string& name, const std::string& base,
                   bool in_folder) {
    files_.push_back(name);
    ++catalog_.counts.files;
    bool other = false;
    JsonStream(in, name).read([&](nlohmann::json&& value, std::uint64_t line) {
      const bool is_item = looks_like_item(value);
      if (is_item) take_item(value, {name, base, line});
      // Its features have come one by one already.
      if (is_item || is_feature_collection(value)) return;
      if (!in_folder)
        throw InvalidInput(name + ":" + std::to_string(line) + ": is " + describe(value) +
                           ", not a STAC Item: give items, or the folder that holds them");
      other = true;
    });
    if (other) ++catalog_.counts.other_json;
  }

  // What makes two copies of an item the same: not its links and not how its hrefs are written,
  // which depend on the file.
  static nlohmann::json content(nlohmann::json item, const Scene& scene) {
    item.erase("links");
    for (auto& [key, asset] : item["assets"].items())
      if (const auto known = scene.assets.find(key); known != scene.assets.end())
        asset["href"] = known->second.href;
      else if (asset.is_object())
        asset.erase("href");
    return item;
  }

  void take_item(const nlohmann::json& item, const ItemOrigin& origin) {
    Scene scene = read_scene(item, origin);
    const Met met{digest(content(item, scene)), files_.size() - 1};
    const auto [entry, is_new] = met_.emplace(scene.id, met);
    if (!is_new) return take_again(scene, entry->second, met);
    ++catalog_.counts.items;
    if (filter_.wants(item, scene, catalog_.counts)) catalog_.scenes.push_back(std::move(scene));
  }

  void take_again(const Scene& scene, const Met& before, const Met& now) {
    if (before.digest != now.digest)
      throw InvalidInput("item '" + scene.id + "' is in " + files_[before.file] +
                         " and, with other content, in " + files_[now.file] +
                         ": leave one of them out");
    if (++catalog_.counts.repeated == 1)
      first_repeated_ = "'" + scene.id + "' in " + files_[before.file] + " and " + files_[now.file];
  }

  void check_result() const {
    const CatalogCounts& counts = catalog_.counts;
    if (counts.items == 0) {
      std::string where;
      for (const std::string& source : query_.sources)
        where += (where.empty() ? "" : ", ") + source;
      throw InvalidInput("no STAC Item in " + where + ": " +
                         counted(counts.files, "file", "files") + " read, " +
                         std::to_string(counts.other_json) + " of them without items");
    }
    filter_.check_properties();
    if (catalog_.scenes.empty()) throw InvalidInput("no item matches: " + filter_.explain(counts));
  }

  void add_notes() {
    const CatalogCounts& counts = catalog_.counts;
    if (counts.repeated > 0)
      catalog_.notes.push_back(
          counted(counts.repeated, "item was", "items were") +
          " met again and count once: " + (counts.repeated > 1 ? "first " : "") + first_repeated_);
    if (counts.other_json > 0)
      catalog_.notes.push_back(
          counted(counts.other_json, "JSON file was", "JSON files were") +
          " left out: Catalogs, Collections and other JSON that is no STAC Item");
    if (folder_links_ > 0)
      catalog_.notes.push_back(
          counted(folder_links_, "link to a folder was", "links to folders were") +
          " not followed");
  }

  const CatalogQuery& query_;
  const FetchRange& fetch_;
  ItemFilter filter_;
  Catalog catalog_;
  std::vector<std::string> files_;
  std::unordered_map<std::string, Met> met_;
  std::string first_repeated_;
  std::uint64_t folder_links_ = 0;
};

}  // namespace

Catalog read_catalog(const CatalogQuery& query, std::istream& standard_input,
                     const FetchRange& fetch) {
  return CatalogReader(query, fetch).read(standard_input);
}

}  // namespace cubemill
