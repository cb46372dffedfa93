#include "io/gdal_remote.hpp"

#include <cpl_error.h>
#include <cpl_vsi.h>

#include <cstring>
#include <memory>
#include <string_view>
#include <utility>

#include "io/remote_file.hpp"

namespace cubemill {
namespace {

/// GDAL reads in small pieces; the first page is what opening the file has brought.
constexpr std::size_t page_bytes = RemoteFile::front_bytes, cached_bytes = 4 << 20;

thread_local std::exception_ptr last_failure;

/// A file system: its prefix, and what stands for it in an href.
struct FileSystem {
  const char* prefix;
  const char* scheme;
};
constexpr FileSystem file_systems[] = {{"/vsis3/", "s3://"}, {"/vsicurl/", ""}};

std::string href_of(const FileSystem& system, const char* name) {
  return system.scheme + std::string(name);
}

struct Position {
  std::shared_ptr<const RemoteFile> file;
  std::uint64_t at = 0;
  bool at_end = false;
};

// GDAL is C: exceptions stop here.
template <class Result, class F>
Result caught(Result otherwise, F f) {
  try {
    return f();
  } catch (const std::exception& error) {
    last_failure = std::current_exception();
    CPLError(CE_Failure, CPLE_FileIO, "%s", error.what());
  }
  return otherwise;
}

const FileSystem& system_of(void* data) { return *static_cast<const FileSystem*>(data); }

int stat_file(void* data, const char* name, VSIStatBufL* status, int) {
  std::memset(status, 0, sizeof *status);
  return caught(-1, [&] {
    status->st_size = off_t(RemoteFile::open(href_of(system_of(data), name))->size());
    status->st_mode = S_IFREG;
    return 0;
  });
}

void* open_file(void* data, const char* name, const char* access) {
  if (std::string_view(access).find_first_of("wa+") != std::string_view::npos) return nullptr;
  return caught<void*>(
      nullptr, [&] { return new Position{RemoteFile::open(href_of(system_of(data), name))}; });
}

vsi_l_offset tell(void* file) { return static_cast<Position*>(file)->at; }

int seek(void* file, vsi_l_offset offset, int whence) {
  auto& p = *static_cast<Position*>(file);
  p.at = offset + (whence == SEEK_CUR ? p.at : whence == SEEK_END ? p.file->size() : 0);
  p.at_end = false;
  return 0;
}

std::size_t read_file(void* file, void* out, std::size_t size, std::size_t count) {
  auto& p = *static_cast<Position*>(file);
  return caught<std::size_t>(0, [&] {
    const std::size_t done = p.file->read(p.at, static_cast<std::byte*>(out), size * count);
    p.at += done;
    p.at_end = done < size * count;
    return done / size;
  });
}

int at_end(void* file) { return static_cast<Position*>(file)->at_end; }

int close_file(void* file) {
  delete static_cast<Position*>(file);
  return 0;
}

void install(const FileSystem& system) {
  VSIFilesystemPluginCallbacksStruct* const calls = VSIAllocFilesystemPluginCallbacksStruct();
  calls->pUserData = const_cast<FileSystem*>(&system);
  calls->stat = stat_file;
  calls->open = open_file;
  calls->tell = tell;
  calls->seek = seek;
  calls->read = read_file;
  calls->eof = at_end;
  calls->close = close_file;
  calls->nBufferSize = page_bytes;
  calls->nCacheSize = cached_bytes;
  VSIInstallPluginHandler(system.prefix, calls);
  VSIFreeFilesystemPluginCallbacksStruct(calls);
}

}  // namespace

void install_remote_files() {
  for (const FileSystem& system : file_systems) install(system);
}

std::exception_ptr take_remote_failure() { return std::exchange(last_failure, nullptr); }

}  // namespace cubemill
