// The fused fold of one chunk (sample two bands, NDVI, add to the sums) on the CPU and, where one
// answers, on a CUDA device: the same cases, the same bytes, `fold_chunk` here and `launch_fold`
// there. The device's sums must equal the CPU's to the bit, else the program fails. Device times
// are those of events, its bytes are counted, and its roof – a copy within its memory – is measured
// in the same run. Means and counts from sums likewise.
//
//     kernel_bench [--quick] [--once] [--cases WORD] [--threads N] [--json FILE]
//
// --quick: small chunks and few turns, for the answers; --once: every case once on the device,
// untimed, for those who watch what it does.
#include <time.h>

#include <algorithm>
#include <barrier>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <thread>

#include "kernel_bench_case.hpp"
#include "kernel_bench_device.hpp"

namespace {

using namespace cubemill;
using namespace cubemill::bench;

struct Asked {
  bool quick = false, once = false;
  std::string cases, json;
  int threads = int(std::thread::hardware_concurrency());
};

Asked parse(int count, char** words) {
  Asked asked;
  for (int i = 1; i < count; ++i) {
    const std::string word = words[i];
    if (word == "--quick" || word == "--once") {
      (word == "--quick" ? asked.quick : asked.once) = true;
      continue;
    }
    if (i + 1 == count || (word != "--cases" && word != "--json" && word != "--threads"))
      throw std::runtime_error(word +
                               ": allowed are --quick, --cases WORD, --threads N, --json FILE");
    const std::string value = words[++i];
    if (word == "--cases") asked.cases = value;
    if (word == "--json") asked.json = value;
    if (word == "--threads") asked.threads = std::max(1, std::atoi(value.c_str()));
  }
  return asked;
}

// ---- cases --------------------------------------------------------------------------------------

std::vector<KernelCase> all_cases(bool quick) {
  std::vector<KernelCase> cases;
  const std::int64_t edge = quick ? 64 : 512;
  for (const Resampling method : {Resampling::nearest, Resampling::bilinear, Resampling::cubic,
                                  Resampling::average, Resampling::mode})
    for (const Storage storage : {Storage::u16, Storage::f32})
      for (const AccumulatorKind kind : {AccumulatorKind::packed, AccumulatorKind::wide})
        for (const int scenes : {1, 2})
          cases.push_back({method, storage, kind, scenes, true, edge, edge, 1});
  const auto add = [&](Resampling method, bool fuse_pixels, std::int64_t rows, double coarser) {
    cases.push_back({method, Storage::u16, AccumulatorKind::packed, fuse_pixels ? 1 : 2,
                     fuse_pixels, edge, rows, coarser});
  };
  add(Resampling::nearest, false, edge, 1);
  add(Resampling::average, false, edge, 1);
  add(Resampling::average, true, edge, 2.3);
  add(Resampling::mode, true, edge, 2.3);
  // As high as 16 chunks: the kernel without what a launch costs.
  add(Resampling::nearest, true, quick ? 2 * edge : 16 * edge, 1);
  add(Resampling::bilinear, true, quick ? 2 * edge : 16 * edge, 1);
  add(Resampling::average, true, quick ? 2 * edge : 16 * edge, 1);
  return cases;
}

/// The case of this name, else all whose name holds the word.
std::vector<KernelCase> chosen_cases(bool quick, const std::string& word) {
  std::vector<KernelCase> all = all_cases(quick);
  const bool exact = std::any_of(all.begin(), all.end(), [&](auto& c) { return c.name() == word; });
  std::erase_if(all, [&](const KernelCase& c) {
    return exact ? c.name() != word : c.name().find(word) == std::string::npos;
  });
  return all;
}

// ---- the CPU ------------------------------------------------------------------------------------

double thread_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return double(now.tv_sec) + 1e-9 * double(now.tv_nsec);
}

void fold(const KernelData& data, KernelSums& sums) {
  fold_chunk(data.chunk(), KernelData::indices(), sums.views(), pass_kernels());
}

/// Median CPU seconds of an action, repeated for a tenth of a second.
double cpu_seconds(bool quick, const std::function<void()>& action) {
  std::vector<double> times;
  double all = 0;
  while (times.empty() || (!quick && all < 0.1)) {
    const double start = thread_seconds();
    action();
    times.push_back(thread_seconds() - start);
    all += times.back();
  }
  std::nth_element(times.begin(), times.begin() + std::ptrdiff_t(times.size() / 2), times.end());
  return times[times.size() / 2];
}

/// Wall seconds a fold when all threads fold, each into its own sums: over all folds of all.
double wall_seconds_a_fold(const KernelData& data, int threads, int folds) {
  using Clock = std::chrono::steady_clock;
  Clock::time_point start;
  std::barrier ready(threads, [&]() noexcept { start = Clock::now(); });
  std::vector<std::jthread> workers;
  for (int t = 0; t < threads; ++t)
    workers.emplace_back([&] {
      KernelSums sums(data);
      fold(data, sums);
      ready.arrive_and_wait();
      for (int i = 0; i < folds; ++i) fold(data, sums);
    });
  workers.clear();  // waits for all
  return std::chrono::duration<double>(Clock::now() - start).count() / (folds * threads);
}

// ---- one case -----------------------------------------------------------------------------------

struct Row {
  std::string name;
  double pixels = 0, bytes = 0;
  double cpu_one = 0, cpu_all = 0;  ///< seconds a fold
  FoldTime device;                  ///< zeros: not there
};

Row run(const KernelCase& which, const Asked& asked, KernelDevice* device) {
  const KernelData data(which);
  Row row{which.name(), double(data.pixels()), data.bytes(), 0, 0, {}};
  KernelSums sums(data);
  fold(data, sums);
  if (sums.bytes() == KernelSums(data).bytes())
    throw std::runtime_error(row.name + ": nothing was folded");
  if (device) {
    if (device->fold_once(data) != sums.bytes())
      throw std::runtime_error(row.name + ": the device's sums are not those of the CPU");
    if (!asked.once) row.device = device->time(data);
  }
  row.cpu_one = cpu_seconds(asked.quick, [&] { fold(data, sums); });
  const int folds = asked.quick ? 1 : std::max(1, int(0.1 / row.cpu_one));
  row.cpu_all = wall_seconds_a_fold(data, asked.threads, folds);
  return row;
}

/// Means and counts as the CPU makes them; the sums are empty then.
struct CpuFinish {
  AccumulatorKind kind;
  std::vector<float> means;
  std::vector<std::uint32_t> counts;
  std::uint64_t beyond = 0;

  void run(KernelSums& sums) {
    const auto count = std::int32_t(means.size());
    if (kind == AccumulatorKind::packed)
      pass_kernels().finish_packed(static_cast<PackedSum*>(sums.data()), count, means.data(),
                                   counts.data());
    else
      beyond = pass_kernels().finish_wide(static_cast<WideRun*>(sums.data()), count, means.data(),
                                          counts.data());
  }
  bool gave(const Finished& o) const {
    return std::memcmp(means.data(), o.means.data(), means.size() * sizeof means[0]) == 0 &&
           std::equal(counts.begin(), counts.end(), o.counts.begin(), o.counts.end()) &&
           beyond == o.beyond;
  }
};

/// Means and counts of full sums.
Row run_finish(AccumulatorKind kind, const Asked& asked, KernelDevice* device) {
  KernelCase which;
  which.kind = kind;
  if (asked.quick) which.width = which.height = 64;
  const KernelData data(which);
  constexpr double result_bytes = sizeof(float) + sizeof(std::uint16_t);
  Row row{kind == AccumulatorKind::packed ? "finish packed" : "finish wide",
          double(data.pixels()),
          double(data.sum_bytes()) + result_bytes * double(data.pixels()),
          0,
          0,
          {}};
  KernelSums full(data), sums(data);
  for (int i = 0; i < 5; ++i) fold(data, full);
  const std::vector<std::byte> bytes = full.bytes();
  const auto fill = [&] { std::memcpy(sums.data(), bytes.data(), bytes.size()); };
  const auto pixels = std::size_t(data.pixels());
  CpuFinish cpu{kind, std::vector<float>(pixels), std::vector<std::uint32_t>(pixels)};
  fill();
  cpu.run(sums);
  if (device) {
    if (!cpu.gave(device->finish_once(data, bytes)))
      throw std::runtime_error(row.name + ": the device's results are not those of the CPU");
    row.device = device->time_finish(data, bytes);
  }
  const double copy = cpu_seconds(asked.quick, fill);
  const double both = cpu_seconds(asked.quick, [&] { fill(), cpu.run(sums); });
  row.cpu_one = std::max(0.0, both - copy);
  return row;
}

// ---- what is printed ----------------------------------------------------------------------------

void print_facts(const DeviceFacts& f) {
  std::printf("%s, compute %s, %d multiprocessors, L2 %.0f MiB, driver %d, runtime %d\n",
              f.name.c_str(), f.capability.c_str(), f.multiprocessors, f.l2_bytes / (1 << 20),
              f.driver, f.runtime);
  std::printf(
      "copy within the device %.0f GB/s (read and written); pinned to device %.1f GB/s, in "
      "pieces of 3 MiB %.1f, back %.1f; a launch %.1f us\n",
      1e-9 * f.copy_rate, 1e-9 * f.to_device, 1e-9 * f.slab_to_device, 1e-9 * f.from_device,
      1e6 * f.launch_seconds);
}

void print_head(int threads, bool device) {
  std::printf("\n%-26s %9s %10s", "", "CPU", "CPU");
  if (device)
    std::printf(" %9s %9s %8s %8s %7s %8s", "device", "in cache", "device", "device", "of copy",
                "x CPU");
  std::printf("\n%-26s %9s %7s %2d", "case, scenes", "ns/pixel", "Gpx/s x", threads);
  if (device) std::printf(" %9s %9s %8s %8s %7s %8s", "us", "us", "Gpx/s", "GB/s", "%", "all");
  std::printf("\n");
}

void print(const Row& r, const DeviceFacts* facts) {
  std::printf("%-26s %9.2f ", r.name.c_str(), 1e9 * r.cpu_one / r.pixels);
  if (r.cpu_all > 0)
    std::printf("%10.2f", 1e-9 * r.pixels / r.cpu_all);
  else
    std::printf("%10s", "");
  if (const double time = r.device.from_memory; facts && time > 0) {
    std::printf(" %9.1f %9.1f %8.1f %8.0f %7.0f", 1e6 * time, 1e6 * r.device.from_cache,
                1e-9 * r.pixels / time, 1e-9 * r.bytes / time,
                100 * r.bytes / time / facts->copy_rate);
    if (r.cpu_all > 0) std::printf(" %8.1f", r.cpu_all / time);
  }
  std::printf("\n");
  std::fflush(stdout);
}

nlohmann::ordered_json json_of(const DeviceFacts& f) {
  return {{"name", f.name},
          {"capability", f.capability},
          {"driver", f.driver},
          {"runtime", f.runtime},
          {"multiprocessors", f.multiprocessors},
          {"l2_bytes", f.l2_bytes},
          {"copy_bytes_per_second", f.copy_rate},
          {"to_device_bytes_per_second", f.to_device},
          {"slab_to_device_bytes_per_second", f.slab_to_device},
          {"from_device_bytes_per_second", f.from_device},
          {"launch_seconds", f.launch_seconds}};
}

nlohmann::ordered_json json_of(const Row& r) {
  return {{"name", r.name},
          {"pixels", r.pixels},
          {"bytes", r.bytes},
          {"cpu_seconds_one_thread", r.cpu_one},
          {"cpu_wall_seconds_all_threads", r.cpu_all},
          {"device_seconds", r.device.from_memory},
          {"device_seconds_in_cache", r.device.from_cache}};
}

int run_all(const Asked& asked) {
  std::string reason;
  const std::unique_ptr<KernelDevice> device = make_kernel_device(asked.quick, reason);
  nlohmann::ordered_json document = {{"kernels", pass_kernels().name}, {"threads", asked.threads}};
  DeviceFacts facts;
  if (device && !asked.once) {
    facts = device->facts();
    print_facts(facts);
    document["device"] = json_of(facts);
  } else if (!device) {
    std::printf("no device: %s; the CPU's part alone\n", reason.c_str());
    document["no_device"] = reason;
  }
  print_head(asked.threads, bool(device));
  const auto done = [&](const Row& row) {
    print(row, device ? &facts : nullptr);
    document["cases"].push_back(json_of(row));
  };
  for (const KernelCase& which : chosen_cases(asked.quick, asked.cases))
    done(run(which, asked, device.get()));
  if (asked.cases.empty() && !asked.once)
    for (const AccumulatorKind kind : {AccumulatorKind::packed, AccumulatorKind::wide})
      done(run_finish(kind, asked, device.get()));
  if (device) std::printf("all sums, means and counts are the CPU's to the bit\n");
  if (!asked.json.empty()) {
    std::ofstream file(asked.json);
    file << document.dump(1) << '\n';
    if (!file.flush()) throw std::runtime_error(asked.json + ": cannot write it");
  }
  return 0;
}

}  // namespace

int main(int count, char** words) try {
  return run_all(parse(count, words));
} catch (const std::exception& wrong) {
  std::fprintf(stderr, "kernel_bench: %s\n", wrong.what());
  return 1;
}
