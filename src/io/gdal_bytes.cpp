#include "io/gdal_bytes.hpp"

#include <atomic>
#include <map>
#include <mutex>
#include <string_view>
#include <utility>

#include "io/gdal_files.hpp"

namespace cubemill {
namespace {

constexpr std::string_view prefix = "/vsicubemill/";

struct Registry {
  std::mutex mutex;
  std::map<std::string, std::shared_ptr<const ByteSource>> sources;  // by name after the prefix
};

Registry& registry() {
  static auto& files = *new Registry;  // outlives every static owner
  return files;
}

std::shared_ptr<const ByteSource> find(const std::string& name) {
  const std::lock_guard lock(registry().mutex);
  const auto found = registry().sources.find(name);
  return found == registry().sources.end() ? nullptr : found->second;
}

// The last part of a path or href, without a query.
std::string last_part(const std::string& name) {
  const std::string path = name.substr(0, name.find_first_of("?#"));
  return path.substr(path.find_last_of('/') + 1);
}

}  // namespace

GdalBytes::GdalBytes(std::shared_ptr<const ByteSource> source, const std::string& name) {
  static std::atomic<std::uint64_t> number = 0;
  const std::string inside = std::to_string(++number) + "/" + last_part(name);
  path_ = std::string(prefix) + inside;
  const std::lock_guard lock(registry().mutex);
  registry().sources.emplace(inside, std::move(source));
}

void GdalBytes::install() { install_gdal_files(std::string(prefix), find); }

GdalBytes::~GdalBytes() {
  const std::lock_guard lock(registry().mutex);
  registry().sources.erase(path_.substr(prefix.size()));
}

}  // namespace cubemill
