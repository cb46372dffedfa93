#include "io/cog_memory_tiff.hpp"

#include <tiffio.h>

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>

#include "io/cog_sample.hpp"
#include "io/tile_codec.hpp"

namespace cubemill {
namespace {

// What libtiff reads and writes instead of a file, and the last complaint that it had.
struct Memory {
  std::vector<std::byte> bytes;
  std::size_t position = 0;
  std::string complaint;
  bool full = false;  // more bytes were not to be had
};

Memory& memory_of(thandle_t handle) { return *static_cast<Memory*>(handle); }

tmsize_t read_memory(thandle_t handle, void* to, tmsize_t size) {
  Memory& m = memory_of(handle);
  const std::size_t left = m.bytes.size() - std::min(m.bytes.size(), m.position);
  const std::size_t n = std::min(left, static_cast<std::size_t>(size));
  if (n > 0) std::memcpy(to, m.bytes.data() + m.position, n);
  m.position += n;
  return static_cast<tmsize_t>(n);
}

tmsize_t write_memory(thandle_t handle, void* from, tmsize_t size) {
  Memory& m = memory_of(handle);
  const std::size_t end = m.position + static_cast<std::size_t>(size);
  try {
    if (m.bytes.size() < end) m.bytes.resize(end);
  } catch (const std::bad_alloc&) {  // nothing may be thrown through libtiff
    m.full = true;
    return 0;
  }
  std::memcpy(m.bytes.data() + m.position, from, static_cast<std::size_t>(size));
  m.position = end;
  return size;
}

toff_t seek_memory(thandle_t handle, toff_t offset, int whence) {
  Memory& m = memory_of(handle);
  const std::size_t base = whence == SEEK_SET   ? 0
                           : whence == SEEK_CUR ? m.position
                                                : m.bytes.size();
  m.position = base + static_cast<std::size_t>(offset);
  return m.position;
}

int close_memory(thandle_t) { return 0; }
toff_t size_of_memory(thandle_t handle) { return memory_of(handle).bytes.size(); }

int keep_complaint(TIFF*, void* user, const char*, const char* format, va_list arguments) {
  char text[512];
  std::vsnprintf(text, sizeof text, format, arguments);
  static_cast<Memory*>(user)->complaint = text;
  return 1;  // said; libtiff's global handlers, which print, are not called
}
int ignore_warning(TIFF*, void*, const char*, const char*, va_list) { return 1; }

[[noreturn]] void fail(const Memory& memory) {
  // libtiff's own words for a failed allocation
  for (const char* words : {"Out of memory", "No space"})
    if (memory.full || memory.complaint.find(words) != std::string::npos) throw std::bad_alloc();
  throw std::runtime_error("libtiff: " + memory.complaint);
}

struct TiffClose {
  void operator()(TIFF* tiff) const { TIFFClose(tiff); }
};
using Tiff = std::unique_ptr<TIFF, TiffClose>;

Tiff open_memory(Memory& memory, const char* mode) {
  std::unique_ptr<TIFFOpenOptions, decltype(&TIFFOpenOptionsFree)> options(TIFFOpenOptionsAlloc(),
                                                                           TIFFOpenOptionsFree);
  TIFFOpenOptionsSetErrorHandlerExtR(options.get(), keep_complaint, &memory);
  TIFFOpenOptionsSetWarningHandlerExtR(options.get(), ignore_warning, &memory);
  Tiff tiff(TIFFClientOpenExt("tile", mode, &memory, read_memory, write_memory, seek_memory,
                              close_memory, size_of_memory, nullptr, nullptr, options.get()));
  if (!tiff) fail(memory);
  return tiff;
}

void describe_tile(TIFF* tiff, Compression compression, SampleType type) {
  constexpr std::uint32_t edge = tile_edge;
  TIFFSetField(tiff, TIFFTAG_IMAGEWIDTH, edge);
  TIFFSetField(tiff, TIFFTAG_IMAGELENGTH, edge);
  TIFFSetField(tiff, TIFFTAG_TILEWIDTH, edge);
  TIFFSetField(tiff, TIFFTAG_TILELENGTH, edge);
  TIFFSetField(tiff, TIFFTAG_SAMPLESPERPIXEL, 1);
  TIFFSetField(tiff, TIFFTAG_PLANARCONFIG, PLANARCONFIG_CONTIG);
  TIFFSetField(tiff, TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_MINISBLACK);
  TIFFSetField(tiff, TIFFTAG_BITSPERSAMPLE, static_cast<int>(8 * sample_bytes(type)));
  TIFFSetField(tiff, TIFFTAG_SAMPLEFORMAT,
               type == SampleType::f32 ? SAMPLEFORMAT_IEEEFP : SAMPLEFORMAT_UINT);
  if (!TIFFSetField(tiff, TIFFTAG_COMPRESSION, static_cast<int>(compression_tag(compression))))
    throw std::runtime_error("libtiff lacks the compression of this file");
  const int predictor = predictor_tag(compression, type);
  if (predictor != PREDICTOR_NONE) TIFFSetField(tiff, TIFFTAG_PREDICTOR, predictor);
}

}  // namespace

void encode_tile_by_libtiff(Compression compression, SampleType type, const std::byte* samples,
                            std::vector<std::byte>& out) {
  Memory memory;
  Tiff tiff = open_memory(memory, "w");
  describe_tile(tiff.get(), compression, type);
  // libtiff predicts in a copy of its own: the samples are not changed.
  if (TIFFWriteEncodedTile(tiff.get(), 0, const_cast<std::byte*>(samples),
                           static_cast<tmsize_t>(tile_bytes(type))) < 0)
    fail(memory);
  const auto at =
      memory.bytes.begin() + static_cast<std::ptrdiff_t>(TIFFGetStrileOffset(tiff.get(), 0));
  out.assign(at, at + static_cast<std::ptrdiff_t>(TIFFGetStrileByteCount(tiff.get(), 0)));
}

void decode_tile_by_libtiff(Compression compression, SampleType type,
                            std::span<const std::byte> bytes, std::byte* samples) {
  Memory memory;
  {
    Tiff tiff = open_memory(memory, "w");
    describe_tile(tiff.get(), compression, type);
    TIFFWriteRawTile(tiff.get(), 0, const_cast<std::byte*>(bytes.data()),
                     static_cast<tmsize_t>(bytes.size()));
  }
  memory.position = 0;
  Tiff tiff = open_memory(memory, "r");
  const auto size = static_cast<tmsize_t>(tile_bytes(type));
  if (TIFFReadEncodedTile(tiff.get(), 0, samples, size) != size) fail(memory);
}

}  // namespace cubemill
