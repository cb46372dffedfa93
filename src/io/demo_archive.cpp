#include "cubemill/io/demo_archive.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <set>
#include <thread>

#include "cubemill/base/each_in_threads.hpp"
#include "cubemill/base/error.hpp"
#include "io/demo_cog.hpp"
#include "io/demo_item.hpp"
#include "io/demo_pixels.hpp"

namespace cubemill {
namespace {

namespace fs = std::filesystem;
using demo::DemoScene;

void check_range(const char* name, int value, int low, int high) {
  if (value < low || value > high)
    throw InvalidInput(std::string("demo: ") + name + " " + std::to_string(value) +
                       " is not within " + std::to_string(low) + "…" + std::to_string(high));
}

void check(const DemoOptions& options) {
  check_range("scenes", options.scenes, 1, 160);
  check_range("size", options.size, 64, 8192);
  check_range("year", options.year, 1983, 9998);
  check_range("threads", options.threads, 0, 1024);
}

// The directory of the archive; what was put into it goes again unless `keep` is called.
class NewDirectory {
 public:
  explicit NewDirectory(fs::path path) : path_(std::move(path)) {
    std::error_code error;
    const fs::file_status status = fs::status(path_, error);
    if (fs::exists(status)) {
      if (!fs::is_directory(status))
        throw InvalidInput(path_.string() + ": exists and is no directory");
      const bool empty = fs::is_empty(path_, error);
      if (error) throw IoError(path_.string(), error.message());
      if (!empty)
        throw InvalidInput(
            path_.string() +
            ": is not empty: give a new directory for the demo archive, or remove it");
      return;
    }
    made_ = fs::create_directories(path_, error);
    if (error) throw IoError(path_.string(), "cannot be made: " + error.message());
  }
  ~NewDirectory() {
    if (kept_) return;
    std::error_code ignored;  // the failure that leads here is the one to tell
    if (made_) {
      fs::remove_all(path_, ignored);
    } else {
      for (const auto& entry : fs::directory_iterator(path_, ignored))
        fs::remove_all(entry.path(), ignored);
    }
  }
  NewDirectory(const NewDirectory&) = delete;
  NewDirectory& operator=(const NewDirectory&) = delete;

  const fs::path& path() const { return path_; }
  void keep() { kept_ = true; }

 private:
  fs::path path_;
  bool made_ = false;
  bool kept_ = false;
};

void write_text(const fs::path& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary);
  file << text << '\n';
  file.close();
  if (!file) throw IoError(path.string(), "cannot be written");
}

struct SceneResult {
  double cloud_cover = 0;
  std::uint64_t bytes = 0;
  std::uint64_t pixels = 0;
};

SceneResult make_scene(const DemoScene& scene, const demo::Landscape& landscape,
                       const fs::path& root) {
  const fs::path folder = root / scene.id;
  std::error_code error;
  fs::create_directory(folder, error);
  if (error) throw IoError(folder.string(), "cannot be made: " + error.message());

  demo::ScenePixels pixels = demo::render(scene, landscape);
  std::vector<std::uint16_t>* const bands[] = {&pixels.red, &pixels.nir08, &pixels.qa_pixel};
  SceneResult result;
  result.cloud_cover = pixels.cloud_cover;
  for (std::size_t i = 0; i < std::size(bands); ++i) {
    const demo::DemoBand& band = demo::demo_bands[i];
    const std::string path = (folder / demo::file_name(scene, band)).string();
    result.bytes +=
        demo::write_cog(path, scene.grid, *bands[i], band.flags ? 1 : 0,
                        band.flags ? demo::OverviewKind::nearest : demo::OverviewKind::average);
    result.pixels += bands[i]->size();
  }
  write_text(folder / (scene.id + ".json"),
             demo::stac_item(scene, result.cloud_cover, "./").dump(1));
  return result;
}

// Makes all scenes, a scene at a time per thread; the first failure ends it and is thrown here.
std::vector<SceneResult> make_scenes(const std::vector<DemoScene>& scenes,
                                     const DemoOptions& options, const fs::path& root) {
  const demo::Landscape landscape(options.seed);
  std::vector<SceneResult> results(scenes.size());
  const unsigned cores = std::max(1U, std::thread::hardware_concurrency());
  each_in_threads(scenes.size(), options.threads > 0 ? options.threads : int(cores),
                  [&](std::size_t i) { results[i] = make_scene(scenes[i], landscape, root); });
  return results;
}

void write_catalog(const fs::path& path, const std::vector<DemoScene>& scenes,
                   const std::vector<SceneResult>& results) {
  nlohmann::ordered_json catalog{{"type", "FeatureCollection"},
                                 {"features", nlohmann::ordered_json::array()}};
  for (std::size_t i = 0; i < scenes.size(); ++i)
    catalog["features"].push_back(
        demo::stac_item(scenes[i], results[i].cloud_cover, "./" + scenes[i].id + "/"));
  write_text(path, catalog.dump(1));
}

DemoSummary summarise(const std::vector<DemoScene>& scenes,
                      const std::vector<SceneResult>& results) {
  DemoSummary summary;
  summary.scenes = int(scenes.size());
  summary.acquisitions = scenes.back().acquisition + 1;
  summary.files = scenes.size() * std::size(demo::demo_bands);
  std::set<int> codes;
  Instant first = scenes.front().datetime, last = first;
  for (std::size_t i = 0; i < scenes.size(); ++i) {
    summary.bytes += results[i].bytes;
    summary.pixels += results[i].pixels;
    summary.cloud_cover += results[i].cloud_cover / double(scenes.size());
    codes.insert(scenes[i].grid.crs.epsg());
    first = std::min(first, scenes[i].datetime), last = std::max(last, scenes[i].datetime);
  }
  summary.epsg.assign(codes.begin(), codes.end());
  summary.first_date = to_string(utc_date(first));
  summary.last_date = to_string(utc_date(last));
  return summary;
}

}  // namespace

DemoSummary make_demo_archive(const std::string& directory, const DemoOptions& options) {
  check(options);
  NewDirectory root{fs::path(directory)};
  const std::vector<DemoScene> scenes = demo::plan_scenes(options);
  const std::vector<SceneResult> results = make_scenes(scenes, options, root.path());
  DemoSummary summary = summarise(scenes, results);
  summary.items_path = (root.path() / "items.json").string();
  write_catalog(summary.items_path, scenes, results);
  root.keep();
  return summary;
}

}  // namespace cubemill
