#include "net/command.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>
#include <vector>

#include "cubemill/base/error.hpp"
#include "net/ascii.hpp"
#include "net/clock.hpp"

extern char** environ;

namespace cubemill::net {
namespace {

constexpr std::size_t output_limit = 1U << 20;

class Pipe {
 public:
  Pipe() {
    if (pipe2(ends_.data(), O_CLOEXEC) != 0)
      throw IoError("pipe", std::generic_category().message(errno));
  }
  ~Pipe() {
    close_writer();
    close(ends_[0]);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  int reader() const { return ends_[0]; }
  int writer() const { return ends_[1]; }
  void close_writer() {
    if (ends_[1] >= 0) close(ends_[1]);
    ends_[1] = -1;
  }

 private:
  std::array<int, 2> ends_{-1, -1};
};

// A process and what it started, as one group; nothing of it outlives the owner.
class Process {
 public:
  Process(const std::vector<const char*>& arguments, const Pipe& out, const Pipe& err) {
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&files);
    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&files, out.writer(), 1);
    posix_spawn_file_actions_adddup2(&files, err.writer(), 2);
    sigset_t none;
    sigemptyset(&none);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK);
    const int error = posix_spawn(&id_, arguments[0], &files, &attributes,
                                  const_cast<char* const*>(arguments.data()), environ);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
    if (error != 0) throw IoError(arguments[0], std::generic_category().message(error));
  }
  ~Process() {
    if (id_ <= 0) return;
    kill(-id_, SIGKILL);
    wait();
  }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  int wait() {
    int status = 0;
    while (waitpid(id_, &status, 0) < 0 && errno == EINTR) {
    }
    id_ = -1;
    return status;
  }

 private:
  pid_t id_ = -1;
};

// Reads what is there; false at the end.
bool read_some(int from, std::string& to) {
  char buffer[4096];
  const ssize_t n = read(from, buffer, sizeof buffer);
  if (n < 0) return errno == EINTR || errno == EAGAIN;
  to.append(buffer, std::size_t(n));
  return n > 0;
}

std::string last_line(const std::string& text) {
  const std::string_view kept = trimmed(text);
  const std::size_t line = kept.rfind('\n');
  return std::string(line == std::string_view::npos ? kept : kept.substr(line + 1)).substr(0, 300);
}

std::string ending(int status) {
  if (WIFSIGNALED(status)) return "ended by signal " + std::to_string(WTERMSIG(status));
  return "exit code " + std::to_string(WEXITSTATUS(status));
}

}  // namespace

std::string run_command(const std::string& command, const std::string& argument, Millis limit,
                        std::stop_token stop) {
  Pipe out, err;
  const std::string line = argument.empty() ? command : command + " \"$1\"";
  std::vector<const char*> arguments{"/bin/sh", "-c", line.c_str(), "sh"};
  if (!argument.empty()) arguments.push_back(argument.c_str());
  arguments.push_back(nullptr);
  Process process(arguments, out, err);
  out.close_writer();
  err.close_writer();

  std::string output, errors;
  std::array<pollfd, 2> ends{{{out.reader(), POLLIN, 0}, {err.reader(), POLLIN, 0}}};
  const Moment end = Clock::now() + limit;
  while (ends[0].fd >= 0 || ends[1].fd >= 0) {
    if (stop.stop_requested()) throw IoError(command, "stopped");
    if (Clock::now() > end)
      throw IoError(command, "does not end within " + std::to_string(limit.count() / 1000) + " s");
    if (output.size() + errors.size() > output_limit)
      throw IoError(command, "prints more than can be meant");
    if (poll(ends.data(), ends.size(), stop_is_seen_in.count()) <= 0) continue;
    if (ends[0].revents != 0 && !read_some(ends[0].fd, output)) ends[0].fd = -1;
    if (ends[1].revents != 0 && !read_some(ends[1].fd, errors)) ends[1].fd = -1;
  }
  if (const int status = process.wait(); status != 0)
    throw IoError(command, ending(status) + (errors.empty() ? "" : ": " + last_line(errors)));
  return output;
}

}  // namespace cubemill::net
