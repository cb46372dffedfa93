// How fast bytes move between a device and the host, measured.
#include <algorithm>
#include <cctype>
#include <fstream>

#include "cubemill/backend/cuda_backend.hpp"
#include "device_pool.hpp"

namespace cubemill {
namespace cuda {
namespace {

constexpr int repeats = 4;

/// Bytes a second of the fastest of some copies; the first wakes the device up.
double rate(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind,
            const Stream& stream) {
  float best = 0;
  for (int i = 0; i < repeats; ++i) {
    Event begin(true), end(true);
    begin.record(stream);
    CUBEMILL_CUDA(cudaMemcpyAsync(to, from, bytes, kind, stream.get()));
    end.record(stream);
    end.synchronize();
    const float milliseconds = end.milliseconds_since(begin);
    best = i == 0 ? milliseconds : std::min(best, milliseconds);
  }
  return best > 0 ? double(bytes) / (double(best) * 1e-3) : 0;
}

std::string first_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

/// What the kernel says of the device's PCI link; empty where it says nothing.
std::string link_of(const cudaDeviceProp& device) {
  char folder[64];
  std::snprintf(folder, sizeof folder, "/sys/bus/pci/devices/%04x:%02x:%02x.0/",
                unsigned(device.pciDomainID), unsigned(device.pciBusID),
                unsigned(device.pciDeviceID));
  const std::string speed = first_line(std::string(folder) + "current_link_speed");
  const std::string width = first_line(std::string(folder) + "current_link_width");
  return speed.empty() || width.empty() ? "" : speed + " x" + width;
}

}  // namespace
}  // namespace cuda

CopyRates measure_copy_rates(int number) {
  using namespace cuda;
  const Device device(number);
  cudaDeviceProp properties{};
  CUBEMILL_CUDA(cudaGetDeviceProperties(&properties, number));
  // More than caches hold, and a small part of the device.
  const std::size_t bytes = std::min<std::size_t>(properties.totalGlobalMem / 64, 256u << 20);
  const std::size_t host_bytes = std::min<std::size_t>(bytes, 64u << 20);
  const Stream stream;
  DevicePool pool(device, 2 * bytes);
  const DeviceBuffer one(pool, bytes, stream), other(pool, bytes, stream);
  const Pinned host(host_bytes);
  CUBEMILL_CUDA(cudaMemsetAsync(one.data(), 0, bytes, stream.get()));
  CopyRates rates;
  rates.to_device = rate(one.data(), host.data(), host_bytes, cudaMemcpyHostToDevice, stream);
  rates.link = link_of(properties);  // while it is awake
  rates.to_host = rate(host.data(), one.data(), host_bytes, cudaMemcpyDeviceToHost, stream);
  rates.on_device = 2 * rate(other.data(), one.data(), bytes, cudaMemcpyDeviceToDevice, stream);
  return rates;
}

}  // namespace cubemill
