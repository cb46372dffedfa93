#include "cli/interrupt.hpp"

#include <pthread.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <string_view>
#include <thread>

#include "cubemill/exec/composite.hpp"

namespace cubemill {

void watch_for_interrupts() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  std::signal(SIGXFSZ, SIG_IGN);  // a file size limit is a full disk to us: an error of the write
  pthread_sigmask(SIG_BLOCK, &signals,
                  nullptr);  // inherited by all threads: only the one below gets them
  std::thread([signals] {
    int signal = 0;
    while (sigwait(&signals, &signal) != 0) {
    }
    pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);  // a second one ends the program at once
    std::string_view text = "cubemill: interrupted; nothing was written\n";
    const LeftBehind left = abandon_outputs();
    if (left == LeftBehind::checkpoint)
      text = "cubemill: interrupted; the same command with --resume goes on\n";
    if (left == LeftBehind::result) text = "cubemill: interrupted; the result is there, whole\n";
    (void)!write(STDERR_FILENO, text.data(), text.size());
    std::_Exit(128 + signal);  // other threads may be blocked inside a library
  }).detach();
}

}  // namespace cubemill
