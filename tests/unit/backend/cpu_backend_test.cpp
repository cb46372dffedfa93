#include "unit/backend/fold_backend_contract.hpp"

namespace cubemill::testing_pass {
namespace {

const BackendUnderTest cpu{"cpu", [](FoldSpec spec, std::size_t states, std::size_t) {
                             return make_cpu_backend(std::move(spec), states);
                           }};

CUBEMILL_TEST_BACKEND(Cpu, cpu);

TEST(CpuBackend, MakesExactlyAsManyStatesAsItWasTold) {
  const auto backend = make_cpu_backend({{{1, {0}}}, {packed}, 32}, 2);
  auto first = backend->make_state(), second = backend->make_state();
  EXPECT_TRUE(first && second);
  EXPECT_FALSE(backend->make_state());
}

}  // namespace
}  // namespace cubemill::testing_pass
