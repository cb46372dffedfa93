#include "io/gdal_bytes.hpp"

#include <cpl_error.h>
#include <cpl_vsi.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <map>
#include <mutex>
#include <utility>

namespace cubemill {

struct GdalBytes::Entry {
  explicit Entry(std::shared_ptr<const ByteSource> bytes) : source(std::move(bytes)) {}

  void failed() {
    const std::lock_guard lock(mutex);
    failure = std::current_exception();
  }

  std::shared_ptr<const ByteSource> source;
  std::mutex mutex;
  std::exception_ptr failure;
};

namespace {

constexpr const char* prefix = "/vsicubemill/";
using Entries = std::map<std::string, std::shared_ptr<GdalBytes::Entry>, std::less<>>;

struct Registry {
  std::mutex mutex;
  Entries entries;

  std::shared_ptr<GdalBytes::Entry> find(const char* path) {
    const std::lock_guard lock(mutex);
    const auto found = entries.find(path);
    return found == entries.end() ? nullptr : found->second;
  }
};

Registry& registry() {
  static auto& files = *new Registry;  // outlives every static owner
  return files;
}

struct OpenFile {
  std::shared_ptr<GdalBytes::Entry> entry;
  std::uint64_t at = 0;
  bool at_end = false;
};

// No exception may pass through GDAL.
template <class Action, class Result>
Result guarded(GdalBytes::Entry& entry, Result otherwise, Action action) {
  try {
    return action();
  } catch (const std::exception& error) {
    entry.failed();
    CPLError(CE_Failure, CPLE_FileIO, "%s", error.what());
    return otherwise;
  }
}

int stat_file(void*, const char* name, VSIStatBufL* status, int) {
  const auto entry = registry().find(name);
  if (!entry) return -1;
  *status = {};
  return guarded(*entry, -1, [&] {
    status->st_mode = S_IFREG;
    status->st_size = off_t(entry->source->size());
    return 0;
  });
}

void* open_file(void*, const char* name, const char* access) {
  auto entry = registry().find(name);
  if (!entry || access[0] != 'r' || std::string(access).find('+') != std::string::npos)
    return nullptr;
  return new OpenFile{std::move(entry)};
}

vsi_l_offset tell(void* file) { return static_cast<OpenFile*>(file)->at; }

int seek(void* handle, vsi_l_offset offset, int whence) {
  auto& file = *static_cast<OpenFile*>(handle);
  return guarded(*file.entry, -1, [&] {
    const std::uint64_t from = whence == SEEK_CUR   ? file.at
                               : whence == SEEK_END ? file.entry->source->size()
                                                    : 0;
    file.at = from + offset;
    file.at_end = false;
    return 0;
  });
}

std::size_t read(void* handle, void* out, std::size_t size, std::size_t count) {
  auto& file = *static_cast<OpenFile*>(handle);
  if (size == 0 || count == 0) return 0;
  return guarded(*file.entry, std::size_t(0), [&] {
    const std::uint64_t end = file.entry->source->size();
    const std::uint64_t left = end - std::min(end, file.at);
    const auto bytes = std::size_t(std::min<std::uint64_t>(size * count, left));
    file.at_end = bytes < size * count;
    if (bytes > 0) file.entry->source->read(file.at, static_cast<std::byte*>(out), bytes);
    file.at += bytes;
    return bytes / size;
  });
}

int at_end(void* file) { return static_cast<OpenFile*>(file)->at_end; }

int close_file(void* file) {
  delete static_cast<OpenFile*>(file);
  return 0;
}

void install() {
  static std::once_flag once;
  std::call_once(once, [] {
    VSIFilesystemPluginCallbacksStruct* const calls = VSIAllocFilesystemPluginCallbacksStruct();
    calls->stat = stat_file;
    calls->open = open_file;
    calls->tell = tell;
    calls->seek = seek;
    calls->read = read;
    calls->eof = at_end;
    calls->close = close_file;
    VSIInstallPluginHandler(prefix, calls);
    VSIFreeFilesystemPluginCallbacksStruct(calls);
  });
}

// The last part of a path or href, without a query.
std::string last_part(const std::string& name) {
  const std::string path = name.substr(0, name.find_first_of("?#"));
  return path.substr(path.find_last_of('/') + 1);
}

}  // namespace

GdalBytes::GdalBytes(std::shared_ptr<const ByteSource> source, const std::string& name)
    : entry_(std::make_shared<Entry>(std::move(source))) {
  static std::atomic<std::uint64_t> number = 0;
  install();
  const std::string inside = std::to_string(++number) + "/" + last_part(name);
  path_ = prefix + inside;
  const std::lock_guard lock(registry().mutex);
  registry().entries.emplace(inside, entry_);
}

GdalBytes::~GdalBytes() {
  const std::lock_guard lock(registry().mutex);
  registry().entries.erase(path_.substr(std::string_view(prefix).size()));
}

void GdalBytes::rethrow() const {
  const std::lock_guard lock(entry_->mutex);
  if (entry_->failure) std::rethrow_exception(entry_->failure);
}

}  // namespace cubemill
