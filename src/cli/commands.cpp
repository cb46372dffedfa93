#include "cli/commands.hpp"

#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>
#include <thread>

#include "cli/progress.hpp"
#include "cubemill/backend/cuda_backend.hpp"
#include "cubemill/backend/pass.hpp"
#include "cubemill/base/error.hpp"
#include "cubemill/exec/verify.hpp"
#include "cubemill/io/demo_archive.hpp"
#include "cubemill/io/library_versions.hpp"
#include "cubemill/io/product_file.hpp"
#include "cubemill/io/raster.hpp"
#include "exec/resident_memory.hpp"

namespace cubemill {
namespace {

using Json = nlohmann::ordered_json;

/// GDAL's own cache of blocks: for formats that are not read here.
constexpr std::uint64_t gdal_cache_bytes = 16 << 20;

void print(const std::vector<std::string>& lines) {
  for (const std::string& l : lines) std::printf("%s\n", l.c_str());
}

int composite(const CommandLine& line) {
  initialise_gdal(gdal_cache_bytes);
  ProgressPrinter progress(line.quiet ? ProgressStyle::none : line.progress);
  CompositeRequest request = line.request;
  request.progress = [&](const Progress& p) { progress(p); };
  request.warn = [&](const std::string& text) {
    if (!line.quiet) progress.line(text);
  };
  if (line.verbose) request.explain = [&](const std::string& text) { progress.line(text); };
  const CompositeResult result = make_composite(request, std::cin);
  if (line.json)
    std::fputs(result.report.c_str(), stdout);
  else if (!line.quiet)
    print(result.summary);
  return int(result.skipped ? ExitCode::done_with_skips : ExitCode::ok);
}

int plan(const CommandLine& line) {
  initialise_gdal(gdal_cache_bytes);
  CompositeRequest request = line.request;
  request.warn = [&](const std::string& text) {
    if (!line.quiet) std::fprintf(stderr, "cubemill: %s\n", text.c_str());
  };
  const PlanResult result = plan_composite(request, line.probe, std::cin);
  if (line.json)
    std::fputs(result.json.c_str(), stdout);
  else
    print(result.table);
  return 0;
}

int verify(const CommandLine& line) {
  initialise_gdal(gdal_cache_bytes);
  VerifyRequest request;
  request.recipe = line.request.recipe;
  request.all_assets = line.all_assets;
  request.threads = line.request.limits.threads;
  request.net = line.request.net;
  const VerifyResult result = verify_catalog(request, std::cin);
  if (!line.quiet)
    for (const std::string& note : result.notes) std::fprintf(stderr, "%s\n", note.c_str());
  if (line.json)
    std::fputs(result.json.c_str(), stdout);
  else if (!line.quiet || !result.damaged.empty())
    print(result.table);
  return int(result.damaged.empty() ? ExitCode::ok : ExitCode::world);
}

int demo(const CommandLine& line) {
  initialise_gdal(gdal_cache_bytes);
  DemoOptions options;
  const auto given = [&](const char* name, auto& field) {
    if (const auto v = line.demo.find(name); v != line.demo.end()) {
      if (v->second > 1'000'000 && sizeof field < 8)
        throw InvalidInput(std::string("--") + name + " is too large");
      field = std::remove_reference_t<decltype(field)>(v->second);
    }
  };
  given("seed", options.seed), given("scenes", options.scenes), given("size", options.size),
      given("year", options.year);
  const DemoSummary s = make_demo_archive(line.demo_directory, options);
  if (line.json) {
    const Json j = {{"items", s.items_path}, {"scenes", s.scenes}, {"acquisitions", s.acquisitions},
                    {"files", s.files},      {"bytes", s.bytes},   {"first", s.first_date},
                    {"last", s.last_date},   {"epsg", s.epsg},     {"cloud_cover", s.cloud_cover}};
    std::printf("%s\n", j.dump(1).c_str());
  } else if (!line.quiet) {
    std::printf("%d synthetic scenes of %d days, %s … %s, %.1f MiB in %s\n", s.scenes,
                s.acquisitions, s.first_date.c_str(), s.last_date.c_str(),
                double(s.bytes) / (1024 * 1024), line.demo_directory.c_str());
    std::printf("try: cubemill composite %s -o composite\n", s.items_path.c_str());
  }
  return 0;
}

Json device_json(int number, const CudaDevice& device, bool copy_rate) {
  Json j = {{"number", number},
            {"name", device.name},
            {"compute_capability", device.capability},
            {"memory_bytes", device.memory_bytes},
            {"free_bytes", cuda_free_bytes(number)}};
  if (!copy_rate) return j;
  const CopyRates rates = measure_copy_rates(number);
  j["bytes_per_second"] = {
      {"to_device", rates.to_device}, {"to_host", rates.to_host}, {"on_device", rates.on_device}};
  if (!rates.link.empty()) j["link"] = rates.link;
  return j;
}

void print_device(const Json& d) {
  std::printf(
      "CUDA device %-4d%s, compute capability %s, %.1f of %.1f GiB free\n", d["number"].get<int>(),
      d["name"].get<std::string>().c_str(), d["compute_capability"].get<std::string>().c_str(),
      d["free_bytes"].get<double>() / (1 << 30), d["memory_bytes"].get<double>() / (1 << 30));
  if (!d.contains("bytes_per_second")) return;
  const Json& rates = d["bytes_per_second"];
  std::printf("%-16s%.1f GB/s to it, %.1f GB/s from it, %.0f GB/s on it%s\n", "",
              rates["to_device"].get<double>() * 1e-9, rates["to_host"].get<double>() * 1e-9,
              rates["on_device"].get<double>() * 1e-9,
              d.contains("link") ? (", " + d["link"].get<std::string>()).c_str() : "");
}

int info(const CommandLine& line) {
  initialise_gdal(gdal_cache_bytes);
  Json j;
  for (const auto& [name, version] : library_versions()) j["versions"][name] = version;
  j["instruction_set"] = pass_kernels().name;
  j["cores"] = std::thread::hardware_concurrency();
  j["memory_available_bytes"] = available_bytes();
  std::string no_device;
  const std::vector<CudaDevice> devices = cuda_devices(no_device);
  j["cuda"]["built_in"] = cuda_is_built_in();
  j["cuda"]["devices"] = Json::array();
  for (std::size_t d = 0; d < devices.size(); ++d)
    j["cuda"]["devices"].push_back(device_json(int(d), devices[d], line.copy_rate));
  if (devices.empty()) j["cuda"]["reason"] = no_device;
  j["products"] = product_names();
  if (line.json) {
    std::printf("%s\n", j.dump(1).c_str());
    return 0;
  }
  for (const auto& [name, version] : j["versions"].items())
    std::printf("%-16s%s\n", name.c_str(), version.get<std::string>().c_str());
  std::printf("%-16s%s\n", "instructions", pass_kernels().name);
  std::printf("%-16s%u\n", "cores", std::thread::hardware_concurrency());
  std::printf("%-16s%.1f GiB available\n", "memory", double(available_bytes()) / (1 << 30));
  for (const Json& d : j["cuda"]["devices"]) print_device(d);
  if (devices.empty()) std::printf("%-16s%s\n", "CUDA", no_device.c_str());
  std::string products;
  for (const std::string& p : product_names()) products += (products.empty() ? "" : ", ") + p;
  std::printf("%-16s%s\n", "products", products.c_str());
  return 0;
}

}  // namespace

int run_command(const CommandLine& line) {
  if (line.command == "help") return std::fputs(line.help.c_str(), stdout), 0;
  if (line.command == "version") return std::printf("cubemill %s\n", CUBEMILL_VERSION), 0;
  if (line.command == "composite") return composite(line);
  if (line.command == "plan") return plan(line);
  if (line.command == "verify") return verify(line);
  if (line.command == "demo") return demo(line);
  return info(line);
}

}  // namespace cubemill
