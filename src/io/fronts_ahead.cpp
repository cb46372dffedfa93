#include "io/fronts_ahead.hpp"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "cubemill/io/href.hpp"
#include "io/header_cache.hpp"
#include "io/remote_file.hpp"

namespace cubemill {
namespace {

/// Fronts that are on their way or wait to be taken: enough for any number of requests in flight,
/// and a few MiB.
constexpr std::size_t most_ahead = 192;

/// The first, which is needed first, and others far from it: of other scenes.
std::deque<std::string> spread(const std::vector<std::string>& hrefs, std::size_t count) {
  std::deque<std::string> chosen;
  count = std::min(count, hrefs.size());
  for (std::size_t i = 0; i < count; ++i)
    chosen.push_back(hrefs[count == 1 ? 0 : i * (hrefs.size() - 1) / (count - 1)]);
  return chosen;
}

/// Nothing where a failure says nothing of other objects.
std::optional<RangeFailure> failure_of_place(const std::exception_ptr& failure) {
  if (!failure) return {};
  try {
    std::rethrow_exception(failure);
  } catch (const RangeFailure& refused) {
    if (refused.of_place()) return refused;
  } catch (...) {
  }
  return {};
}

}  // namespace

PlaceRefused::PlaceRefused(const std::string& place, std::size_t tried, const RangeFailure& first)
    : RangeFailure(
          place,
          "none of " + std::to_string(tried) +
              " objects that were tried can be had, so no other was asked for: " + first.what(),
          first.kind(), first.status(), first.attempts(), first.range(), true) {}

struct FrontsAhead::State : std::enable_shared_from_this<State> {
  struct Front {
    bool asked = false, there = false;
    RangeAnswer answer;
    std::exception_ptr failure;
  };

  /// A bucket or server.
  struct Place {
    std::deque<std::string> witnesses;  // still to be asked
    std::size_t refused = 0;            // witnesses
    std::vector<std::string> held;      // fronts that wait for them
    bool open = false;
    std::exception_ptr refusal;  // that all others fail with
    bool is_met() const { return open || refusal; }
  };

  State(Manner how, std::vector<std::string> to_ask)
      : manner(std::move(how)), client(net_client()), hrefs(std::move(to_ask)) {}

  void meet_places() {
    std::unordered_map<std::string, std::vector<std::string>> by_place;
    std::unordered_set<std::string> seen;
    const std::vector<std::string>* const lists[] = {&hrefs, &manner.only_witnesses};
    for (const auto* list : lists)
      for (const std::string& href : *list)
        if (seen.insert(href).second) by_place[place_of(href)].push_back(href);
    std::vector<std::string> first;
    {
      const std::lock_guard lock(mutex);
      for (const auto& [name, all] : by_place) {
        places[name].witnesses = spread(all, manner.witnesses);
        first.push_back(next_witness(places[name]));
      }
    }
    for (const std::string& href : first) ask(href, true);
  }

  // Under the lock.
  std::string next_witness(Place& place) {
    const std::string href = std::move(place.witnesses.front());
    place.witnesses.pop_front();
    fronts[href].asked = true;
    return href;
  }

  void ask_more() {
    std::vector<std::string> now;
    {
      const std::lock_guard lock(mutex);
      for (; !ended && next < hrefs.size() && fronts.size() < most_ahead; ++next) {
        const auto [front, fresh] = fronts.try_emplace(hrefs[next]);
        if (fresh && may_ask(hrefs[next], front->second)) now.push_back(hrefs[next]);
      }
    }
    for (const std::string& href : now) ask(href, false);
  }

  // Under the lock.
  bool may_ask(const std::string& href, Front& front) {
    const auto place = places.find(place_of(href));
    if (place == places.end() || place->second.open) return front.asked = true;
    if (place->second.refusal)
      front.there = true, front.failure = place->second.refusal;
    else
      place->second.held.push_back(href);
    return false;
  }

  void ask(const std::string& href, bool is_witness) {
    RangeRequest request = RemoteFile::front_request(href);
    request.is_first = is_witness;
    client.ask(std::move(request),
               [self = shared_from_this(), href](RangeAnswer&& answer, std::exception_ptr failure) {
                 self->take(href, std::move(answer), std::move(failure));
               });
  }

  void take(const std::string& href, RangeAnswer&& answer, std::exception_ptr failure) {
    std::vector<std::string> now;
    bool are_witnesses = false;
    {
      const std::lock_guard lock(mutex);
      if (ended) return;
      if (const auto place = places.find(place_of(href));
          place != places.end() && !place->second.is_met()) {
        now = hear(place->first, place->second, failure);
        are_witnesses = !place->second.open;
      }
      if (const auto front = fronts.find(href); front != fronts.end())
        front->second = {true, true, std::move(answer), std::move(failure)};
      changed.notify_all();
    }
    for (const std::string& more : now) ask(more, are_witnesses);
  }

  // A witness has ended so. Gives what is to be asked for next. Under the lock.
  std::vector<std::string> hear(const std::string& name, Place& place,
                                const std::exception_ptr& failure) {
    const std::optional<RangeFailure> refused = failure_of_place(failure);
    if (!refused) {
      place.open = true;
      std::erase_if(place.held,
                    [&](const std::string& h) { return std::exchange(fronts[h].asked, true); });
      return std::move(place.held);
    }
    ++place.refused;
    if (!place.witnesses.empty()) return {next_witness(place)};
    place.refusal = place.refused == 1
                        ? failure
                        : std::make_exception_ptr(PlaceRefused(name, place.refused, *refused));
    for (const std::string& held : place.held)
      if (Front& front = fronts[held]; !front.asked)
        front.there = true, front.failure = place.refusal;
    return {};
  }

  std::optional<RangeAnswer> wait_for(const std::string& href) {
    std::unique_lock lock(mutex);
    const auto place = places.find(place_of(href));
    const auto asked = [&] { return fronts.contains(href); };
    changed.wait(lock, [&] {
      if (ended) return true;
      return asked() ? fronts.at(href).there : place == places.end() || place->second.is_met();
    });
    if (ended) return {};
    if (!asked()) {
      if (place != places.end() && place->second.refusal)
        std::rethrow_exception(place->second.refusal);
      return {};
    }
    Front front = std::move(fronts.extract(href).mapped());
    lock.unlock();
    ask_more();
    if (front.failure) std::rethrow_exception(front.failure);
    return std::move(front.answer);
  }

  const Manner manner;
  RangeClient& client;  // called by its own thread, too, which may end before the next one begins
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::string> hrefs;
  std::size_t next = 0;
  std::unordered_map<std::string, Front> fronts;
  std::unordered_map<std::string, Place> places;  // that were not known
  bool ended = false;

  static std::mutex current_mutex;
  static std::shared_ptr<State> current;  // of the object that lives
};

std::mutex FrontsAhead::State::current_mutex;
std::shared_ptr<FrontsAhead::State> FrontsAhead::State::current;

FrontsAhead::FrontsAhead(std::vector<std::string> hrefs, Manner manner) {
  std::unordered_set<std::string> known;  // places
  const auto is_needless = [&](const std::string& href) {
    if (!is_remote(href)) return true;
    const bool is_kept = has_kept_header(href);
    if (is_kept) known.insert(place_of(href));
    return is_kept;
  };
  std::vector<std::string>& others = manner.only_witnesses;
  std::erase_if(hrefs, is_needless);
  std::erase_if(others, is_needless);
  std::erase_if(others, [&](const std::string& href) { return known.contains(place_of(href)); });
  if (hrefs.empty() && others.empty()) return;
  const bool are_places_new = manner.witnesses > 0;
  state_ = std::make_shared<State>(std::move(manner), std::move(hrefs));
  {
    const std::lock_guard lock(State::current_mutex);
    State::current = state_;
  }
  if (are_places_new) state_->meet_places();
  state_->ask_more();
}

FrontsAhead::~FrontsAhead() {
  if (!state_) return;
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
