#include "io/gdal_files.hpp"

#include <cpl_error.h>
#include <cpl_vsi.h>
#include <sys/stat.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "io/remote_file.hpp"

namespace cubemill {
namespace {

/// What GDAL may keep of a file that it reads page by page.
constexpr std::size_t cached_bytes = 4 << 20;

thread_local std::exception_ptr last_failure;

struct OpenFile {
  std::shared_ptr<const ByteSource> bytes;
  std::uint64_t at = 0;
  bool at_end = false;
};

// No exception may pass through GDAL.
template <class Result, class Action>
Result guarded(Result otherwise, Action action) {
  try {
    return action();
  } catch (const std::exception& error) {
    last_failure = std::current_exception();
    CPLError(CE_Failure, CPLE_FileIO, "%s", error.what());
  }
  return otherwise;
}

/// Lives as long as GDAL, which keeps pointers into it.
struct FileSystem {
  std::string prefix;
  FindBytes find;
};

std::shared_ptr<const ByteSource> find(void* system, const char* name) {
  return static_cast<const FileSystem*>(system)->find(name);
}

int stat_file(void* system, const char* name, VSIStatBufL* status, int) {
  *status = {};
  return guarded(-1, [&] {
    const auto bytes = find(system, name);
    if (!bytes) return -1;
    status->st_mode = S_IFREG;
    status->st_size = off_t(bytes->size());
    return 0;
  });
}

void* open_file(void* system, const char* name, const char* access) {
  if (std::string_view(access).find_first_of("wa+") != std::string_view::npos) return nullptr;
  return guarded<void*>(nullptr, [&]() -> void* {
    auto bytes = find(system, name);
    return bytes ? new OpenFile{std::move(bytes)} : nullptr;
  });
}

vsi_l_offset tell(void* file) { return static_cast<OpenFile*>(file)->at; }

int seek(void* handle, vsi_l_offset offset, int whence) {
  auto& file = *static_cast<OpenFile*>(handle);
  return guarded(-1, [&] {
    const std::uint64_t from = whence == SEEK_CUR   ? file.at
                               : whence == SEEK_END ? file.bytes->size()
                                                    : 0;
    file.at = from + offset;
    file.at_end = false;
    return 0;
  });
}

std::size_t read(void* handle, void* out, std::size_t size, std::size_t count) {
  auto& file = *static_cast<OpenFile*>(handle);
  if (size == 0 || count == 0) return 0;
  return guarded(std::size_t(0), [&] {
    const std::uint64_t end = file.bytes->size(), left = end - std::min(end, file.at);
    const auto bytes = std::size_t(std::min<std::uint64_t>(size * count, left));
    file.at_end = bytes < size * count;
    if (bytes > 0) file.bytes->read(file.at, static_cast<std::byte*>(out), bytes);
    file.at += bytes;
    return bytes / size;
  });
}

int at_end(void* file) { return static_cast<OpenFile*>(file)->at_end; }

int close_file(void* file) {
  delete static_cast<OpenFile*>(file);
  return 0;
}

}  // namespace

void install_gdal_files(const std::string& prefix, FindBytes find_bytes, std::size_t page_bytes) {
  VSIFilesystemPluginCallbacksStruct* const calls = VSIAllocFilesystemPluginCallbacksStruct();
  auto* const system = new FileSystem{prefix, std::move(find_bytes)};
  calls->pUserData = system;
  calls->stat = stat_file;
  calls->open = open_file;
  calls->tell = tell;
  calls->seek = seek;
  calls->read = read;
  calls->eof = at_end;
  calls->close = close_file;
  calls->nBufferSize = page_bytes;
  calls->nCacheSize = page_bytes > 0 ? cached_bytes : 0;
  VSIInstallPluginHandler(system->prefix.c_str(), calls);
  VSIFreeFilesystemPluginCallbacksStruct(calls);
}

void install_remote_files() {
  const auto as = [](const std::string& scheme) {
    return [scheme](const std::string& name) { return RemoteFile::open(scheme + name); };
  };
  // The first page is what opening a file has brought.
  install_gdal_files("/vsis3/", as("s3://"), RemoteFile::front_bytes);
  install_gdal_files("/vsicurl/", as(""), RemoteFile::front_bytes);
}

std::exception_ptr take_read_failure() { return std::exchange(last_failure, nullptr); }

}  // namespace cubemill
