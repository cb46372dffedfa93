#include "net/signed_urls.hpp"

#include <system_error>
#include <utility>

#include "cubemill/base/error.hpp"
#include "cubemill/net/range_client.hpp"
#include "net/ascii.hpp"
#include "net/clock.hpp"
#include "net/command.hpp"

namespace cubemill::net {
namespace {

constexpr Millis command_limit = std::chrono::seconds(60);

}  // namespace

SignedUrls::Standing SignedUrls::standing(const std::string& href) const {
  if (command_.empty()) return {};
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(href);
  return found == entries_.end() ? Standing{} : found->second.standing;
}

bool SignedUrls::refused(const std::string& href, const std::string& url) {
  if (command_.empty()) return false;
  const std::lock_guard lock(mutex_);
  const auto [at, is_first] = entries_.try_emplace(href);
  Entry& entry = at->second;
  if (entry.standing.is_pending) return true;
  if (!is_first && !entry.standing.url.empty() && entry.standing.url != url) return true;
  // A fresh URL that never was good will not be better made once more.
  if (!is_first && !entry.has_been_good) return false;
  entry.standing = {true, "", ""};
  entry.has_been_good = false;
  make(href);
  return true;
}

void SignedUrls::answered(const std::string& href, const std::string& url) {
  if (command_.empty()) return;
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(href);
  if (found != entries_.end() && found->second.standing.url == url)
    found->second.has_been_good = true;
}

// The lock is held.
void SignedUrls::make(const std::string& href) {
  const auto job = [this, href](std::stop_token stop) {
    try {
      const std::string output = run_command(command_, href, command_limit, stop);
      const std::string url(trimmed(output));
      if (url.starts_with("s3://") || !is_remote(url) || url.find('\n') != std::string::npos)
        throw IoError(command_, "prints no URL (one line, http:// or https://)");
      keep(href, url, "");
    } catch (const std::exception& error) {
      keep(href, "", error.what());
    }
    changed_();
  };
  try {
    errands_.run(job);
  } catch (const std::system_error& error) {
    entries_[href].standing = {false, "", std::string("no thread to sign in: ") + error.what()};
  }
}

void SignedUrls::keep(const std::string& href, const std::string& url, const std::string& failure) {
  const std::lock_guard lock(mutex_);
  entries_[href].standing = {false, url, failure};
  if (failure.empty()) ++refreshed_;
}

std::uint64_t SignedUrls::refreshed() const {
  const std::lock_guard lock(mutex_);
  return refreshed_;
}

}  // namespace cubemill::net
