// Runs a part of a test in a process of its own, which may be limited or killed, and hears what it
// says.
#pragma once
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>

namespace cubemill {

class ChildProcess {
 public:
  /// Runs `body` with a descriptor to write to, then exits.
  explicit ChildProcess(const std::function<void(int)>& body) {
    int ends[2];
    if (::pipe(ends) != 0) return;
    child_ = ::fork();
    if (child_ == 0) {
      ::close(ends[0]);
      body(ends[1]);
      ::_exit(0);
    }
    ::close(ends[1]);
    heard_ = ends[0];
  }
  ~ChildProcess() { end(); }
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  /// Waits for up to `size` bytes; gives fewer when the process ends before.
  std::string hear(std::size_t size = SIZE_MAX) {
    std::string said;
    char piece[512];
    while (said.size() < size) {
      const ssize_t n = ::read(heard_, piece, std::min(sizeof piece, size - said.size()));
      if (n <= 0) break;
      said.append(piece, static_cast<std::size_t>(n));
    }
    return said;
  }
  void kill() { ::kill(child_, SIGKILL); }
  /// Waits for the end; gives the signal that ended it, or 0.
  int end() {
    if (child_ <= 0) return signal_;
    int status = 0;
    ::waitpid(std::exchange(child_, -1), &status, 0);
    ::close(heard_);
    return signal_ = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  }

 private:
  pid_t child_ = -1;
  int heard_ = -1;
  int signal_ = 0;
};

/// Says `bytes` to whoever listens at the other end of `descriptor`.
inline void say(int descriptor, const void* bytes, std::size_t size) {
  if (::write(descriptor, bytes, size) != static_cast<ssize_t>(size)) ::_exit(1);
}

}  // namespace cubemill
