// What devices say of themselves.
#include "runtime.h"

using namespace ptxemu;

extern "C" {

cudaError_t cudaGetDeviceCount(int* n) {
  API("cudaGetDeviceCount", cudaErrorNoDevice);
  *n = atoi(env("PTXEMU_DEVICES", "1"));
  return *n ? cudaSuccess : ret(cudaErrorNoDevice);
}

cudaError_t cudaGetDevice(int* d) {
  Lock l;
  *d = curdev;
  return cudaSuccess;
}

cudaError_t cudaSetDevice(int d) {
  API("cudaSetDevice", cudaErrorDevicesUnavailable);
  if (d < 0 || d >= atoi(env("PTXEMU_DEVICES", "1"))) return ret(cudaErrorInvalidDevice);
  curdev = d;
  return cudaSuccess;
}

cudaError_t cudaInitDevice(int d, unsigned, unsigned) { return cudaSetDevice(d); }
cudaError_t cudaSetDeviceFlags(unsigned) { return cudaSuccess; }
cudaError_t cudaDeviceReset() {
  Lock l;
  syncall();
  sticky = cudaSuccess;
  return cudaSuccess;
}

cudaError_t cudaDriverGetVersion(int* v) {
  *v = 13000;
  return cudaSuccess;
}

cudaError_t cudaRuntimeGetVersion(int* v) {
  *v = 13000;
  return cudaSuccess;
}

cudaError_t cudaGetDeviceProperties(cudaDeviceProp* p, int d) {
  API("cudaGetDeviceProperties", cudaErrorInvalidDevice);
  if (d < 0 || d >= atoi(env("PTXEMU_DEVICES", "1"))) return ret(cudaErrorInvalidDevice);
  memset(p, 0, sizeof *p);
  strcpy(p->name, "ptxemu (no GPU)");
  p->totalGlobalMem = cap;
  p->sharedMemPerBlock = 49152;
  p->sharedMemPerBlockOptin = 101376;
  p->sharedMemPerMultiprocessor = 102400;
  p->regsPerBlock = p->regsPerMultiprocessor = 65536;
  p->warpSize = 32;
  p->maxThreadsPerBlock = 1024;
  p->maxThreadsDim[0] = p->maxThreadsDim[1] = 1024;
  p->maxThreadsDim[2] = 64;
  p->maxGridSize[0] = 2147483647;
  p->maxGridSize[1] = p->maxGridSize[2] = 65535;
  p->totalConstMem = 65536;
  p->major = cc / 10;
  p->minor = cc % 10;
  p->multiProcessorCount = 4;
  p->maxThreadsPerMultiProcessor = 2048;
  p->maxBlocksPerMultiProcessor = 32;
  p->unifiedAddressing = 1;
  p->canMapHostMemory = 1;
  p->asyncEngineCount = 2;
  p->concurrentKernels = 1;
  p->memoryBusWidth = 256;
  p->l2CacheSize = 4 << 20;
  p->memoryPoolsSupported = 1;
  p->managedMemory = 1;
  p->textureAlignment = 512;
  p->memPitch = 2147483647;
  return cudaSuccess;
}

cudaError_t cudaDeviceGetAttribute(int* v, cudaDeviceAttr a, int d) {
  Lock l;
  if (d < 0 || d >= atoi(env("PTXEMU_DEVICES", "1"))) return ret(cudaErrorInvalidDevice);
  switch (a) {
    case cudaDevAttrComputeCapabilityMajor:
      *v = cc / 10;
      break;
    case cudaDevAttrComputeCapabilityMinor:
      *v = cc % 10;
      break;
    case cudaDevAttrMultiProcessorCount:
      *v = 4;
      break;
    case cudaDevAttrMaxThreadsPerBlock:
      *v = 1024;
      break;
    case cudaDevAttrWarpSize:
      *v = 32;
      break;
    case cudaDevAttrMaxSharedMemoryPerBlock:
      *v = 49152;
      break;
    case cudaDevAttrMaxSharedMemoryPerBlockOptin:
      *v = 101376;
      break;
    case cudaDevAttrMaxSharedMemoryPerMultiprocessor:
      *v = 102400;
      break;
    case cudaDevAttrMaxGridDimX:
      *v = 2147483647;
      break;
    case cudaDevAttrMaxGridDimY:
    case cudaDevAttrMaxGridDimZ:
      *v = 65535;
      break;
    case cudaDevAttrMaxBlockDimX:
    case cudaDevAttrMaxBlockDimY:
      *v = 1024;
      break;
    case cudaDevAttrMaxBlockDimZ:
      *v = 64;
      break;
    case cudaDevAttrMaxThreadsPerMultiProcessor:
      *v = 2048;
      break;
    case cudaDevAttrMaxRegistersPerBlock:
    case cudaDevAttrMaxRegistersPerMultiprocessor:
      *v = 65536;
      break;
    case cudaDevAttrMemoryPoolsSupported:
      *v = atoi(env("PTXEMU_POOLS", "1"));
      break;
    case cudaDevAttrUnifiedAddressing:
    case cudaDevAttrConcurrentKernels:
    case cudaDevAttrCanMapHostMemory:
    case cudaDevAttrManagedMemory:
      *v = 1;
      break;
    case cudaDevAttrMaxBlocksPerMultiprocessor:
      *v = 32;
      break;
    case cudaDevAttrL2CacheSize:
      *v = 4 << 20;
      break;
    case cudaDevAttrReservedSharedMemoryPerBlock:
      *v = 1024;
      break;
    default:
      *v = 0;
  }
  return cudaSuccess;
}

cudaError_t cudaProfilerStart() { return cudaSuccess; }
cudaError_t cudaProfilerStop() { return cudaSuccess; }
cudaError_t cudaGetDriverEntryPointByVersion(const char*, void** f, unsigned, unsigned long long,
                                             cudaDriverEntryPointQueryResult* r) {
  *f = nullptr;
  if (r) *r = cudaDriverEntryPointSymbolNotFound;
  return cudaSuccess;
}

}  // extern "C"
