// A folder of its own for each test, and the smallest STAC Item that there is. For tests only.
#pragma once
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "cubemill/base/error.hpp"
#include "cubemill/io/catalog.hpp"

namespace cubemill {

inline nlohmann::json make_item(const std::string& id,
                                const std::string& datetime = "2021-01-15T10:00:00Z") {
  return {{"type", "Feature"},
          {"stac_version", "1.0.0"},
          {"id", id},
          {"collection", "c"},
          {"bbox", {10, 45, 12, 47}},
          {"geometry", nullptr},
          {"properties", {{"datetime", datetime}, {"eo:cloud_cover", 20}}},
          {"links", nlohmann::json::array()},
          {"assets", {{"red", {{"href", "./red.tif"}}}}}};
}

inline nlohmann::json make_collection(const std::vector<nlohmann::json>& items) {
  return {{"type", "FeatureCollection"}, {"features", items}};
}

class CatalogTest : public testing::Test {
 protected:
  CatalogTest() {
    const auto* info = testing::UnitTest::GetInstance()->current_test_info();
    folder_ =
        std::filesystem::temp_directory_path() / ("cubemill_" + std::to_string(::getpid()) + "_" +
                                                  info->test_suite_name() + "_" + info->name());
    std::filesystem::create_directories(folder_);
  }
  ~CatalogTest() override { std::filesystem::remove_all(folder_); }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }

  std::string write(const std::string& name, const std::string& text) const {
    std::filesystem::create_directories((folder_ / name).parent_path());
    std::ofstream(path(name), std::ios::binary) << text;
    return path(name);
  }
  std::string write(const std::string& name, const char* text) const {
    return write(name, std::string(text));
  }
  std::string write(const std::string& name, const nlohmann::json& value) const {
    return write(name, value.dump());
  }

  static Catalog read(const CatalogQuery& query, const std::string& standard_input = "") {
    std::istringstream in(standard_input);
    return read_catalog(query, in, [](const RangeRequest& range) -> RangeAnswer {
      throw IoError(range.href, "no network here");
    });
  }
  static Catalog read(const std::string& source, const std::string& standard_input = "") {
    return read(CatalogQuery{{source}, {}, {}, {}}, standard_input);
  }

  /// The message of the InvalidInput that reading ends with.
  static std::string error(const CatalogQuery& query) {
    try {
      read(query);
    } catch (const InvalidInput& failure) {
      return failure.what();
    }
    return "no error";
  }
  static std::string error(const std::string& source) {
    return error(CatalogQuery{{source}, {}, {}, {}});
  }

  /// Reads one item; its file is `item.json` in folder_.
  Scene scene(const nlohmann::json& item) const {
    return read(write("item.json", item)).scenes.at(0);
  }

  std::filesystem::path folder_;
};

inline std::vector<std::string> ids(const Catalog& catalog) {
  std::vector<std::string> result;
  for (const Scene& scene : catalog.scenes) result.push_back(scene.id);
  return result;
}

}  // namespace cubemill
