// What the CUDA backend promises, on a device or on what stands for one: an interpreter of its PTX,
// or threads of the host that run its sources as C++.
#include "cubemill/backend/cuda_backend.hpp"

#include <gmock/gmock.h>

#include "cubemill/base/error.hpp"
#include "unit/backend/fold_backend_contract.hpp"

namespace cubemill::testing_pass {
namespace {

// What a device holds beside the states of these small tiles: slabs, tables, and what results pass
// through.
constexpr std::size_t beside_states = std::size_t(5) << 20;

std::unique_ptr<FoldBackend> make(FoldSpec spec, std::size_t memory, std::size_t table_bytes) {
  return make_cuda_backend(std::move(spec), {memory, Observation::slab_bytes, table_bytes});
}

std::size_t memory_for(const FoldSpec& spec, std::size_t states) {
  return beside_states + states * tile_sums_bytes(spec.kinds, spec.tile_edge);
}

const BackendUnderTest one_device{"cuda", [](FoldSpec spec, std::size_t states, std::size_t) {
                                    const std::size_t memory = memory_for(spec, states);
                                    return make(std::move(spec), memory, 1 << 20);
                                  }};

// Two devices whose work is traced.
const BackendUnderTest two_devices{
    "two_devices",
    [](FoldSpec spec, std::size_t states, std::size_t) {
      CudaOptions options{memory_for(spec, states), Observation::slab_bytes, 1 << 20, {0, 1}};
      options.span = [](const std::string& stream, const char*, auto begin, auto end) {
        EXPECT_TRUE(stream.starts_with("device ")) << stream;
        EXPECT_LE(begin, end);
      };
      return make_cuda_backend(std::move(spec), options);
    },
    []() -> std::string {
      std::string reason;
      return cuda_devices(reason).size() < 2 ? "there is one device" : "";
    }};

CUBEMILL_TEST_BACKEND(Cuda, one_device);
INSTANTIATE_TEST_SUITE_P(TwoDevices, FoldBackendContract, testing::Values(two_devices));

TEST(CudaBackend, IsBuiltInAndHasADevice) {
  std::string reason;
  EXPECT_TRUE(cuda_is_built_in());
  EXPECT_FALSE(cuda_devices(reason).empty()) << reason;
}

TEST(CudaBackend, SaysWhatIsTooSmall) {
  try {
    (void)make({{{1, {0}}}, {packed}, 64}, 1 << 16, 0);
    FAIL() << "64 KiB were enough";
  } catch (const OutOfMemory& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("--device-memory"));
    EXPECT_GT(error.needed(), std::uint64_t(1 << 16));
  }
}

// Without room kept for tables there are amounts of memory that states fill so far that no chunk
// can be folded any more.
TEST(CudaBackend, LeavesAChunkThatDoesNotFitAsItIs) {
  int refused = 0;
  for (std::size_t extra = 0; extra < 4; ++extra) {
    const BackendUnderTest full{"", [&](FoldSpec spec, std::size_t, std::size_t) {
                                  return make(std::move(spec), beside_states + (extra << 15), 0);
                                }};
    BackendAtWork backend(full, {wide, packed});
    Observation seen({}, 30);
    std::vector<BackendAtWork::State> states;
    while (auto state = backend.make_state()) states.push_back(std::move(state));
    StagedChunk chunk = seen.stage(backend.acquire(), tile);
    try {
      backend->fold(chunk, *states.front(), 0, 0);
    } catch (const OutOfMemory&) {
      ++refused;
      states.pop_back();
      ASSERT_TRUE(bool(chunk.slab));
      backend->fold(chunk, *states.front(), 0, 0);
    }
    TileSums expected = backend.empty_sums();
    backend.fold_reference(seen, expected);
    expect_equal(backend.downloaded(*states.front()), expected);
  }
  EXPECT_GT(refused, 0);
}

}  // namespace
}  // namespace cubemill::testing_pass
