#include "io/fronts_ahead.hpp"

#include <condition_variable>
#include <exception>
#include <mutex>
#include <unordered_map>
#include <utility>

#include "io/header_cache.hpp"
#include "io/remote_file.hpp"

namespace cubemill {
namespace {

/// Fronts that are on their way or wait to be taken: enough for any number of requests in flight,
/// and a few MiB.
constexpr std::size_t most_ahead = 192;

}  // namespace

struct FrontsAhead::State : std::enable_shared_from_this<State> {
  struct Front {
    bool there = false;
    RangeAnswer answer;
    std::exception_ptr failure;
  };

  void ask_more() {
    std::vector<std::string> now;
    {
      const std::lock_guard lock(mutex);
      for (; !ended && next < hrefs.size() && fronts.size() < most_ahead; ++next)
        if (fronts.try_emplace(hrefs[next]).second) now.push_back(hrefs[next]);
    }
    for (const std::string& href : now)
      net_client().ask(
          RemoteFile::front_request(href),
          [self = shared_from_this(), href](RangeAnswer&& answer, std::exception_ptr failure) {
            self->take(href, std::move(answer), std::move(failure));
          });
  }

  void take(const std::string& href, RangeAnswer&& answer, std::exception_ptr failure) {
    const std::lock_guard lock(mutex);
    const auto front = fronts.find(href);
    if (front == fronts.end()) return;
    front->second = {true, std::move(answer), std::move(failure)};
    changed.notify_all();
  }

  std::optional<RangeAnswer> wait_for(const std::string& href) {
    std::unique_lock lock(mutex);
    const auto asked = [&] { return fronts.contains(href); };
    if (!asked()) return {};
    changed.wait(lock, [&] { return ended || !asked() || fronts.at(href).there; });
    if (ended || !asked()) return {};
    Front front = std::move(fronts.extract(href).mapped());
    lock.unlock();
    ask_more();
    if (front.failure) std::rethrow_exception(front.failure);
    return std::move(front.answer);
  }

  std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::string> hrefs;
  std::size_t next = 0;
  std::unordered_map<std::string, Front> fronts;
  bool ended = false;

  static std::mutex current_mutex;
  static std::shared_ptr<State> current;  // of the object that lives
};

std::mutex FrontsAhead::State::current_mutex;
std::shared_ptr<FrontsAhead::State> FrontsAhead::State::current;

FrontsAhead::FrontsAhead(std::vector<std::string> hrefs) : state_(std::make_shared<State>()) {
  std::erase_if(hrefs,
                [](const std::string& href) { return !is_remote(href) || has_kept_header(href); });
  state_->hrefs = std::move(hrefs);
  {
    const std::lock_guard lock(State::current_mutex);
    State::current = state_;
  }
  state_->ask_more();
}

FrontsAhead::~FrontsAhead() {
  {
    const std::lock_guard lock(State::current_mutex);
    State::current = nullptr;
  }
  const std::lock_guard lock(state_->mutex);
  state_->ended = true;
  state_->fronts.clear();
  state_->changed.notify_all();
}

std::optional<RangeAnswer> take_front(const std::string& href) {
  std::shared_ptr<FrontsAhead::State> state;
  {
    const std::lock_guard lock(FrontsAhead::State::current_mutex);
    state = FrontsAhead::State::current;
  }
  return state ? state->wait_for(href) : std::nullopt;
}

}  // namespace cubemill
