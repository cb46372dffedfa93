// The program: reads the command line, runs the command, and is the only place that prints errors.
#include <malloc.h>

#include <cstdio>
#include <exception>
#include <new>
#include <string>
#include <system_error>
#include <vector>

#include "cli/commands.hpp"
#include "cli/interrupt.hpp"
#include "cubemill/base/error.hpp"
#include "cubemill/net/range_client.hpp"

namespace {

bool gives_no_thread(const std::exception& error) {
  const auto* const system = dynamic_cast<const std::system_error*>(&error);
  return system && system->code() == std::errc::resource_unavailable_try_again;
}

// Whatever comes of a command, nobody reads any more when the process exits.
struct NetEnds {
  ~NetEnds() { cubemill::close_net(); }
};

}  // namespace

int main(int argc, char** argv) {
  using namespace cubemill;
  mallopt(M_ARENA_MAX, 2);  // one heap per thread would keep memory that the plan does not know of
  try {
    const NetEnds net_ends;
    watch_for_interrupts();
    const int code =
        run_command(read_command_line(std::vector<std::string>(argv + 1, argv + argc)));
    if (std::fflush(stdout) != 0) throw IoError("standard output", "cannot be written");
    return code;
  } catch (const Error& error) {
    std::fprintf(stderr, "cubemill: error: %s\n", error.what());
    return int(error.code());
  } catch (const std::bad_alloc&) {
    std::fprintf(stderr,
                 "cubemill: error: the machine has no memory left; give a smaller --memory\n");
    return int(ExitCode::memory);
  } catch (const std::exception& error) {
    if (gives_no_thread(error)) {
      std::fprintf(stderr,
                   "cubemill: error: the machine gives no more threads; give fewer --threads, or "
                   "raise its limits (ulimit -u, -v)\n");
      return int(ExitCode::memory);
    }
    std::fprintf(stderr, "cubemill: this is a bug, please report it: %s\n",
                 without_secrets(error.what()).c_str());
    return int(ExitCode::bug);
  }
}
