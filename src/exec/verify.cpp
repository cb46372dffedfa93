#include "cubemill/exec/verify.hpp"

#include <atomic>
#include <chrono>
#include <exception>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>

#include "cubemill/base/error.hpp"
#include "cubemill/io/raster.hpp"
#include "exec/planning.hpp"
#include "exec/report_text.hpp"
#include "exec/verify_files.hpp"

namespace cubemill {
namespace {

using Json = nlohmann::ordered_json;

// What was found of one file.
struct Finding {
  std::uint64_t blocks = 0, sparse = 0, damaged = 0;
  bool by_gdal = false;
  std::string reason;  // empty: it is whole
  ReadCost cost;

  void fail(const std::string& why) {
    if (reason.empty()) reason = why;
  }
};

// One thread's buffers.
struct Reader {
  ReadScratch scratch;
  std::vector<std::byte> block;

  void read_block(const RasterBand& band, std::int64_t x, std::int64_t y, Finding& found) {
    ++found.blocks;
    const auto place = band.block_place(x, y);
    if (place && place->size == 0) ++found.sparse;
    const auto row = std::size_t(band.info().block_width) * size_of(band.info().type);
    block.resize(row * std::size_t(band.info().block_height));
    try {
      band.read_block(x, y, block.data(), std::ptrdiff_t(row), scratch, found.cost);
    } catch (const IoError& error) {
      ++found.damaged;
      found.fail(error.what());
    }
  }

  void read_band(const RasterBand& band, Finding& found) {
    const HeaderProfile& profile = band.profile();
    if (!profile.table_fault.empty())
      found.fail(band.path() + ": block table: " + profile.table_fault);
    found.by_gdal |= !band.info().direct;
    for (std::int64_t y = 0; y < band.info().blocks_down(); ++y)
      for (std::int64_t x = 0; x < band.info().blocks_across(); ++x) read_block(band, x, y, found);
  }

  // Where bands are interleaved by pixel, a block of one holds those of all.
  static int bands_to_read(const HeaderProfile& profile) {
    return profile.planar_configuration == 2 ? int(profile.samples_per_pixel) : 1;
  }

  void read_all_bands(const std::string& href, Finding& found) {
    const auto first = open_raster(href, 1);
    read_band(*first, found);
    const int bands = bands_to_read(first->profile());
    for (int band = 2; band <= bands; ++band) read_band(*open_raster(href, band), found);
  }

  Finding read(const FileToVerify& file) {
    Finding found;
    found.fail(file.fault);
    try {
      if (!file.fault.empty()) return found;
      if (file.band != 0)
        read_band(*open_raster(file.href, file.band), found);
      else
        read_all_bands(file.href, found);
    } catch (const Error& error) {
      found.fail(error.what());
    }
    return found;
  }
};

std::vector<Finding> read_all(const std::vector<FileToVerify>& files,
                              const VerifyRequest& request) {
  std::vector<Finding> findings(files.size());
  std::atomic<std::size_t> next = 0;
  std::size_t done = 0;
  std::mutex mutex;
  std::exception_ptr failure;
  const auto work = [&] {
    try {
      Reader reader;
      for (std::size_t i; (i = next++) < files.size();) {
        findings[i] = reader.read(files[i]);
        const std::lock_guard lock(mutex);
        ++done;
        if (request.progress) request.progress(done, files.size());
      }
    } catch (...) {
      next = files.size();
      const std::lock_guard lock(mutex);
      if (!failure) failure = std::current_exception();
    }
  };
  {
    std::vector<std::jthread> workers;
    for (int t = 1; t < request.threads; ++t) workers.emplace_back(work);
    work();
  }
  if (failure) std::rethrow_exception(failure);
  return findings;
}

void add(const FileToVerify& file, const Finding& found, VerifyResult& result) {
  ++result.files;
  result.files_by_gdal += found.by_gdal;
  result.blocks += found.blocks;
  result.sparse += found.sparse;
  result.bytes_read += found.cost.bytes_read;
  result.bytes_decoded += found.cost.bytes_decoded;
  if (!found.reason.empty())
    result.damaged.push_back({file.item, file.asset, file.href, found.damaged, found.reason});
}

std::string verify_json(const VerifyResult& result) {
  Json j = {{"items", result.items},
            {"files", result.files},
            {"files_decoded_by_gdal", result.files_by_gdal},
            {"blocks", result.blocks},
            {"sparse_blocks", result.sparse},
            {"bytes_read", result.bytes_read},
            {"bytes_decoded", result.bytes_decoded},
            {"seconds", result.seconds},
            {"damaged", Json::array()}};
  for (const DamagedFile& file : result.damaged)
    j["damaged"].push_back({{"item", file.item},
                            {"asset", file.asset},
                            {"href", file.href},
                            {"blocks", file.blocks},
                            {"reason", file.reason}});
  return j.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::vector<std::string> verify_table(const VerifyResult& result) {
  std::vector<std::string> lines{
      "items           " + std::to_string(result.items),
      "files           " + std::to_string(result.files),
      "blocks          " + std::to_string(result.blocks) + ", of them " +
          std::to_string(result.sparse) + " sparse",
      text("read            %.2f GiB, decoded %.2f GiB, in %.1f s", gib(double(result.bytes_read)),
           gib(double(result.bytes_decoded)), result.seconds)};
  if (result.files_by_gdal > 0)
    lines.push_back("by GDAL         " + counted(result.files_by_gdal, "file", "files") +
                    " in codings that only GDAL decodes: not all damage shows");
  lines.push_back("damaged         " + (result.damaged.empty()
                                            ? std::string("none")
                                            : counted(result.damaged.size(), "file", "files")));
  for (const DamagedFile& file : result.damaged)
    lines.push_back("  " + file.item + "/" + file.asset + ", " +
                    (file.blocks > 0 ? counted(file.blocks, "block", "blocks") : "the file") +
                    ": " + file.reason);
  return lines;
}

}  // namespace

VerifyResult verify_catalog(const VerifyRequest& request, std::istream& standard_input) {
  const auto start = std::chrono::steady_clock::now();
  CompositeRequest query;
  query.recipe = request.recipe;
  const Catalog catalog = search(query, standard_input);
  const std::vector<FileToVerify> files =
      request.all_assets ? files_of_all_assets(catalog.scenes)
                         : files_of_recipe(catalog.scenes, request.recipe, request.threads);
  const std::vector<Finding> findings = read_all(files, request);
  VerifyResult result;
  result.items = catalog.scenes.size();
  for (std::size_t i = 0; i < files.size(); ++i) add(files[i], findings[i], result);
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  result.json = verify_json(result);
  result.table = verify_table(result);
  return result;
}

}  // namespace cubemill
