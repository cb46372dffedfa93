// Greps the includes of the whole project: an arrow that points the wrong way between layers, or a
// library that shows up outside its one place, fails here.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "test_paths.hpp"

namespace {

namespace fs = std::filesystem;
using Names = std::set<std::string>;

// What each layer may include beside itself, with what those may include written out.
const std::map<std::string, Names>& allowed_layers() {
  static const std::map<std::string, Names> table = {
      {"base", {}},
      {"model", {"base"}},
      {"pixel", {"base", "model"}},
      {"memory", {"base", "model"}},
      {"plan", {"base", "model", "pixel"}},
      {"net", {"base"}},
      {"io", {"base", "model", "net"}},
      {"backend", {"base", "model", "pixel", "memory"}},
      {"exec", {"base", "model", "pixel", "memory", "plan", "net", "io", "backend"}},
      {"cli", {"base", "model", "pixel", "memory", "plan", "net", "io", "backend", "exec"}},
      {"cuda", {"base", "model", "pixel", "memory", "backend"}},
  };
  return table;
}

struct Include {
  std::string file;    // relative to the project
  std::string layer;   // of that file
  std::string target;  // what stands between the quotes or brackets
  bool is_public;      // whether the file lies under include/
};

// The layer of a file below the project's root: include/cubemill/LAYER/…, src/LAYER/…, cuda/….
std::string layer_of(const fs::path& relative) {
  std::vector<std::string> parts;
  for (const fs::path& part : relative) parts.push_back(part.string());
  if (parts.size() > 3 && parts[0] == "include") return parts[2];
  if (parts.size() > 2 && parts[0] == "src") return parts[1];
  return parts.empty() ? "" : parts[0];
}

// The layer that an include names: "cubemill/LAYER/x.hpp" or "LAYER/x.hpp"; empty when it is none
// of ours.
std::string target_layer(const std::string& target) {
  std::string path = target;
  if (path.starts_with("cubemill/")) path = path.substr(9);
  const std::string first = path.substr(0, path.find('/'));
  return path.find('/') != std::string::npos && allowed_layers().contains(first) ? first : "";
}

// What one line includes; empty when it is no #include.
std::string include_target(const std::string& line) {
  std::size_t at = line.find_first_not_of(" \t");
  if (at == std::string::npos || line[at] != '#') return "";
  at = line.find_first_not_of(" \t", at + 1);
  if (at == std::string::npos || line.compare(at, 7, "include") != 0) return "";
  const std::size_t open = line.find_first_of("<\"", at);
  if (open == std::string::npos) return "";
  const std::size_t close = line.find(line[open] == '<' ? '>' : '"', open + 1);
  return close == std::string::npos ? "" : line.substr(open + 1, close - open - 1);
}

std::vector<Include> includes_of(const std::string& file, const std::string& text) {
  std::vector<Include> found;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);)
    if (std::string target = include_target(line); !target.empty())
      found.push_back({file, layer_of(file), std::move(target), file.starts_with("include/")});
  return found;
}

std::vector<Include> all_includes(const fs::path& root) {
  std::vector<Include> found;
  for (const char* folder : {"include", "src", "cuda"}) {
    if (!fs::exists(root / folder)) continue;
    for (const auto& entry : fs::recursive_directory_iterator(root / folder)) {
      const std::string extension = entry.path().extension().string();
      if (!Names{".hpp", ".cpp", ".cu", ".cuh", ".h"}.contains(extension)) continue;
      std::ifstream file(entry.path(), std::ios::binary);
      const std::string text((std::istreambuf_iterator<char>(file)), {});
      for (Include& include : includes_of(fs::relative(entry.path(), root).string(), text))
        found.push_back(std::move(include));
    }
  }
  return found;
}

bool arrow_is_right(const Include& include) {
  const std::string target = target_layer(include.target);
  if (target.empty() || target == include.layer) return true;
  const auto row = allowed_layers().find(include.layer);
  return row != allowed_layers().end() && row->second.contains(target);
}

// A library and the files that may include its headers; `prefixes` are starts of header names.
struct Library {
  std::string name;
  std::vector<std::string> prefixes;
  std::function<bool(const std::string&)> allowed;
};

const std::vector<Library>& libraries() {
  const auto under = [](std::string folder) {
    return [folder](const std::string& file) { return file.starts_with(folder); };
  };
  static const std::vector<Library> all = {
      {"GDAL", {"gdal", "ogr", "cpl_", "vrtdataset"}, under("src/io/")},
      {"libcurl", {"curl/"}, under("src/net/")},
      {"PROJ",
       {"proj.h", "proj/"},
       [](const std::string& file) { return file == "src/model/crs.cpp"; }},
      {"cxxopts", {"cxxopts"}, under("src/cli/")},
      {"CUDA runtime", {"cuda", "cooperative_groups", "cub/", "thrust/"}, under("cuda/")},
  };
  return all;
}

bool library_is_in_its_place(const Include& include) {
  if (!target_layer(include.target).empty()) return true;  // cuda/x.hpp of ours
  return std::all_of(libraries().begin(), libraries().end(), [&](const Library& library) {
    const bool used =
        std::any_of(library.prefixes.begin(), library.prefixes.end(),
                    [&](const std::string& p) { return include.target.starts_with(p); });
    return !used || library.allowed(include.file);
  });
}

// The headers of the C++ standard library have no dot; ours start with cubemill/. The element
// functions of pixel may name the instruction set's own header.
bool is_free_of_libraries(const Include& include) {
  const bool standard = include.target.find('.') == std::string::npos;
  return standard || include.target.starts_with("cubemill/") ||
         (include.layer == "pixel" && include.target == "immintrin.h");
}

std::vector<std::string> failures(const std::vector<Include>& includes,
                                  const std::function<bool(const Include&)>& holds) {
  std::vector<std::string> wrong;
  for (const Include& include : includes)
    if (!holds(include)) wrong.push_back(include.file + " includes " + include.target);
  return wrong;
}

bool public_header_is_free(const Include& include) {
  return !include.is_public || is_free_of_libraries(include);
}

TEST(Layering, HasNoArrowThatPointsTheWrongWay) {
  const auto includes = all_includes(CUBEMILL_SOURCE_DIR);
  ASSERT_GT(includes.size(), 50U) << "no sources found below " CUBEMILL_SOURCE_DIR;
  EXPECT_THAT(failures(includes, arrow_is_right), testing::IsEmpty());
}

TEST(Layering, KnowsEveryFolderOfTheSources) {
  for (const Include& include : all_includes(CUBEMILL_SOURCE_DIR))
    EXPECT_TRUE(allowed_layers().contains(include.layer))
        << include.file << " lies in no known layer";
}

TEST(Layering, KeepsEachLibraryInItsOnePlace) {
  EXPECT_THAT(failures(all_includes(CUBEMILL_SOURCE_DIR), library_is_in_its_place),
              testing::IsEmpty());
}

TEST(Layering, HasNoThirdPartyHeaderInThePublicInterface) {
  EXPECT_THAT(failures(all_includes(CUBEMILL_SOURCE_DIR), public_header_is_free),
              testing::IsEmpty());
}

TEST(Layering, WouldSeeEachKindOfOffence) {
  const auto caught = [](const std::string& file, const std::string& line, auto holds) {
    return !failures(includes_of(file, line + "\n"), holds).empty();
  };
  EXPECT_TRUE(caught("src/io/a.cpp", "#include \"cubemill/plan/b.hpp\"", arrow_is_right));
  EXPECT_TRUE(
      caught("include/cubemill/base/a.hpp", " # include <cubemill/model/b.hpp>", arrow_is_right));
  EXPECT_TRUE(caught("src/memory/a.cpp", "#include \"io/b.hpp\"", arrow_is_right));
  EXPECT_FALSE(caught("src/exec/a.cpp", "#include \"io/b.hpp\"", arrow_is_right));
  EXPECT_TRUE(caught("src/exec/a.cpp", "#include <gdal_priv.h>", library_is_in_its_place));
  EXPECT_TRUE(caught("src/model/geobox.cpp", "#include <proj.h>", library_is_in_its_place));
  EXPECT_FALSE(caught("src/model/crs.cpp", "#include <proj.h>", library_is_in_its_place));
  EXPECT_TRUE(caught("src/exec/a.cpp", "#include <cxxopts.hpp>", library_is_in_its_place));
  EXPECT_TRUE(caught("src/backend/a.cpp", "#include <cuda_runtime.h>", library_is_in_its_place));
  EXPECT_TRUE(
      caught("include/cubemill/io/a.hpp", "#include <nlohmann/json.hpp>", public_header_is_free));
  EXPECT_FALSE(caught("include/cubemill/io/a.hpp", "#include <vector>", public_header_is_free));
}

}  // namespace
