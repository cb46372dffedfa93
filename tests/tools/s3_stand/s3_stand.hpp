// An S3 endpoint on this machine that misbehaves on purpose (tests/tools/s3_stand), with a folder
// of objects, and the environment in which a client finds it. One owner; not thread-safe.
#pragma once
#include <arpa/inet.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "test_paths.hpp"

namespace cubemill::test {

/// Sets environment variables, and puts back what was there.
class ScopedEnvironment {
 public:
  ScopedEnvironment() = default;
  ~ScopedEnvironment() {
    for (const auto& [name, value] : before_)
      value ? setenv(name.c_str(), value->c_str(), 1) : unsetenv(name.c_str());
  }
  ScopedEnvironment(const ScopedEnvironment&) = delete;
  ScopedEnvironment& operator=(const ScopedEnvironment&) = delete;
  /// An empty value removes the variable.
  void set(const std::string& name, const std::string& value) {
    const char* now = std::getenv(name.c_str());
    before_.try_emplace(name, now ? std::optional<std::string>(now) : std::nullopt);
    value.empty() ? unsetenv(name.c_str()) : setenv(name.c_str(), value.c_str(), 1);
  }

 private:
  std::map<std::string, std::optional<std::string>> before_;
};

/// A folder of its own that goes with its owner.
class ScratchFolder {
 public:
  ScratchFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "cubemill_net_XXXXXX").string();
    if (!mkdtemp(name.data())) throw std::runtime_error("cannot make " + name);
    path_ = name;
  }
  ~ScratchFolder() { std::filesystem::remove_all(path_); }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }
  std::string write(const std::string& name, const std::string& content) const {
    const std::filesystem::path file = path_ / name;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << content;
    return file.string();
  }

 private:
  std::filesystem::path path_;
};

/// A Python program of tests/tools/s3_stand that prints {"port": …} when it is ready and ends with
/// its parent.
class StandProcess {
 public:
  StandProcess(const std::string& script, const std::vector<std::string>& arguments) {
    std::array<int, 2> out{};
    if (pipe(out.data()) != 0) throw std::runtime_error("no pipe");
    std::vector<std::string> words{"python3", CUBEMILL_SOURCE_DIR "/tests/tools/s3_stand/" + script,
                                   "--exit-with-parent"};
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::vector<char*> raw;
    for (std::string& word : words) raw.push_back(word.data());
    raw.push_back(nullptr);
    id_ = fork();
    if (id_ == 0) {
      dup2(out[1], 1);
      close(out[0]);
      close(out[1]);
      execvp(raw[0], raw.data());
      _exit(127);
    }
    close(out[1]);
    std::string line;
    for (char c = 0; read(out[0], &c, 1) == 1 && c != '\n';) line += c;
    close(out[0]);
    if (line.empty()) throw std::runtime_error(script + " does not start");
    port_ = nlohmann::json::parse(line).at("port").get<int>();
  }
  ~StandProcess() {
    kill(id_, SIGKILL);
    waitpid(id_, nullptr, 0);
  }
  StandProcess(const StandProcess&) = delete;
  StandProcess& operator=(const StandProcess&) = delete;
  int port() const { return port_; }
  std::string endpoint() const { return "127.0.0.1:" + std::to_string(port_); }

  /// One request; the body of the answer.
  std::string talk(const std::string& method, const std::string& path,
                   const std::string& body = "") const {
    const int s = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(std::uint16_t(port_));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    std::string answer;
    if (connect(s, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0) {
      const std::string request =
          method + " " + path + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" +
          "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
      if (write(s, request.data(), request.size()) == ssize_t(request.size())) {
        char buffer[4096];
        for (ssize_t n = 0; (n = read(s, buffer, sizeof buffer)) > 0;)
          answer.append(buffer, std::size_t(n));
      }
    }
    close(s);
    const std::size_t head = answer.find("\r\n\r\n");
    if (head == std::string::npos || !answer.starts_with("HTTP/1.1 200"))
      throw std::runtime_error(path + ": " + answer);
    return answer.substr(head + 4);
  }

 private:
  pid_t id_ = -1;
  int port_ = 0;
};

/// The stand with objects in buckets, and a client's environment for it.
class S3Stand {
 public:
  static constexpr std::size_t object_bytes = 3'000'000;

  explicit S3Stand(std::vector<std::string> arguments = {}) {
    std::mt19937 random(7);
    content_.resize(object_bytes);
    for (char& c : content_) c = char(random());
    add("bucket/a.tif", content_);
    arguments.insert(arguments.end(), {"--root", root_.path().string()});
    process_.emplace("s3_stand.py", arguments);
    for (const char* name : {"AWS_ACCESS_KEY_ID",
                             "AWS_SECRET_ACCESS_KEY",
                             "AWS_SESSION_TOKEN",
                             "AWS_PROFILE",
                             "AWS_DEFAULT_PROFILE",
                             "AWS_REGION",
                             "AWS_DEFAULT_REGION",
                             "AWS_REQUEST_PAYER",
                             "AWS_NO_SIGN_REQUEST",
                             "AWS_WEB_IDENTITY_TOKEN_FILE",
                             "AWS_ROLE_ARN",
                             "AWS_CONTAINER_CREDENTIALS_FULL_URI",
                             "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
                             "AWS_ENDPOINT_URL",
                             "AWS_ENDPOINT_URL_S3",
                             "AWS_VIRTUAL_HOSTING",
                             "http_proxy",
                             "https_proxy",
                             "HTTPS_PROXY",
                             "all_proxy",
                             "ALL_PROXY"})
      environment.set(name, "");
    environment.set("AWS_S3_ENDPOINT", process_->endpoint());
    environment.set("AWS_HTTPS", "NO");
    environment.set("AWS_EC2_METADATA_DISABLED", "true");
    environment.set("HOME", root_.path().string());
  }

  /// Adds or replaces an object.
  void add(const std::string& bucket_and_key, const std::string& content) const {
    root_.write(bucket_and_key, content);
  }
  /// The content of bucket/a.tif.
  const std::string& content() const { return content_; }
  std::string content(std::size_t offset, std::size_t size) const {
    return content_.substr(offset, size);
  }
  std::string endpoint() const { return process_->endpoint(); }
  /// http://… of an object.
  std::string url(const std::string& bucket_and_key) const {
    return "http://" + endpoint() + "/" + bucket_and_key;
  }

  /// Replaces all faults; lines of the rule language of s3_stand.py. Counters begin anew.
  void faults(const std::string& rules) const {
    process_->talk("POST", "/__faults", rules.empty() ? "[]" : rules);
    process_->talk("POST", "/__reset");
  }
  nlohmann::json stats() const { return nlohmann::json::parse(process_->talk("GET", "/__stats")); }
  int requests() const { return stats().at("requests").get<int>(); }
  /// What the stand counted, as "status 206", "signed"; 0 where it did not.
  int count(const std::string& what) const { return stats().at("count").value(what, 0); }
  nlohmann::json log() const {
    return nlohmann::json::parse(process_->talk("GET", "/__log?n=2000"));
  }

  ScopedEnvironment environment;

 private:
  ScratchFolder root_;
  std::string content_;
  std::optional<StandProcess> process_;
};

}  // namespace cubemill::test
