#include "exec/read_queue.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace cubemill {
namespace {

constexpr std::uint32_t soon_screened = 256;  // chunks: within a second or so

}  // namespace

ReadQueue::ReadQueue(const Plan& plan, const std::vector<bool>& folded, BlockSupply* supply,
                     RangeSource* source)
    : plan_(plan),
      folded_(folded),
      supply_(supply),
      source_(source),
      count_(std::uint32_t(plan.chunks.size())),
      window_(std::uint32_t(std::max<std::uint64_t>(plan.memory.look_ahead, 1))) {}

void ReadQueue::begin() {
  skip_folded();
  last_screened_ = Clock::now();
}

void ReadQueue::skip_folded() {
  while (next_ < folded_.size() && folded_[next_]) ++next_;
}

std::uint32_t ReadQueue::oldest_screening() const {
  return screening_.empty() ? next_ : std::min(next_, *screening_.begin());
}

std::uint32_t ReadQueue::oldest_filling() const {
  std::uint32_t oldest = oldest_screening();
  if (!filling_.empty()) oldest = std::min(oldest, *filling_.begin());
  if (!screened_.empty()) oldest = std::min(oldest, screened_.begin()->first);
  return oldest;
}

std::optional<ReadTask> ReadQueue::take(SlabPool& slabs) {
  if (!again_.empty()) {
    ReadTask task = std::move(again_.back());
    const bool with_slab = task.kind != ReadTask::Kind::screen;
    if (with_slab) task.slab = slabs.try_acquire();
    if (!with_slab || task.slab) {
      again_.pop_back();
      return task;
    }
    again_.back() = std::move(task);
  }
  if (!supply_) return take_whole(slabs);
  if (auto task = take_announcement()) return task;
  if (screens_first())
    if (auto task = take_screening()) return task;
  if (auto task = take_filling(slabs)) return task;
  return take_screening();
}

std::optional<ReadTask> ReadQueue::take_whole(SlabPool& slabs) {
  if (next_ >= count_) return {};
  Slab slab = slabs.try_acquire();
  if (!slab) return {};
  ReadTask task{ReadTask::Kind::read, next_++, 0, std::move(slab), {}};
  skip_folded();
  screening_.insert(task.chunk), filling_.insert(task.chunk);
  return task;
}

// By half windows, so that neighbouring blocks become one range.
std::optional<ReadTask> ReadQueue::take_announcement() {
  const auto wanted =
      std::uint32_t(std::min<std::uint64_t>(count_, std::uint64_t(next_) + 2 * window_));
  if (announcing_ || announced_ >= wanted || announced_ - std::min(announced_, next_) > window_)
    return {};
  announcing_ = true;
  ReadTask task{ReadTask::Kind::announce, announced_, wanted, {}, {}};
  return task;
}

bool ReadQueue::can_screen() const {
  return next_ < count_ && next_ < announced_ && screened_.size() + screening_.size() < window_ &&
         supply_->complete(next_, Stage::screening);
}

// Ranges grow with what is known of later chunks: most of a window is to be known, all of a short
// one.
bool ReadQueue::screens_first() const {
  const std::size_t most = std::max(window_ - window_ / 4, std::min(window_, soon_screened));
  return screened_.size() + screening_.size() < most;
}

std::optional<ReadTask> ReadQueue::take_screening() {
  if (!can_screen()) return {};
  ReadTask task{ReadTask::Kind::screen, next_++, 0, {}, {}};
  skip_folded();
  screening_.insert(task.chunk);
  return task;
}

// The first chunk that has all its blocks; but not so far ahead that sums of more tiles are begun
// than there is memory for.
std::optional<ReadTask> ReadQueue::take_filling(SlabPool& slabs) {
  const std::uint64_t threads = std::uint64_t(plan_.memory.threads);
  const std::uint64_t most_tiles = std::max(plan_.memory.tile_states, threads + 1) - threads;
  std::set<std::uint32_t> tiles;
  for (const std::uint32_t chunk : filling_) tiles.insert(plan_.chunks[chunk].tile);
  for (auto next = screened_.begin(); next != screened_.end(); ++next) {
    tiles.insert(plan_.chunks[next->first].tile);
    if (tiles.size() > most_tiles && next != screened_.begin()) return {};
    if (!supply_->complete(next->first, Stage::filling)) continue;
    Slab slab = slabs.try_acquire();
    if (!slab) return {};
    ReadTask task{ReadTask::Kind::fill, next->first, 0, std::move(slab), std::move(next->second)};
    screened_.erase(next);
    filling_.insert(task.chunk);
    return task;
  }
  return {};
}

void ReadQueue::announced(std::uint32_t end) {
  announced_ = end;
  announcing_ = false;
}

void ReadQueue::screened(ScreenedChunk chunk) {
  screening_.erase(chunk.chunk);
  last_screened_ = Clock::now();
  const std::uint32_t number = chunk.chunk;
  screened_.emplace(number, std::move(chunk));
}

void ReadQueue::filled(std::uint32_t chunk) {
  screening_.erase(chunk), filling_.erase(chunk);
  if (filled_++ == 0) first_filled_ = Clock::now();
}

void ReadQueue::failed(ReadTask task) { again_.push_back(std::move(task)); }

// A range is made of what is known when it is asked for: blocks of twice as many chunks as are due.
std::uint32_t ReadQueue::known_ahead() const {
  if (next_ >= count_ && screening_.empty()) return window_;
  return (oldest_screening() - oldest_filling()) / 2;
}

std::optional<std::uint32_t> ReadQueue::ahead() const {
  // While flags are being read later ranges would be short.
  if (screens_first() && (can_screen() || waits_until())) return {};
  return std::min(known_ahead(), useful_ahead());
}

// At first flags come one by one: the next ones are waited for, but not for one that is late.
std::optional<ReadQueue::Clock::time_point> ReadQueue::waits_until() const {
  if (!supply_ || filled_ > 0 || next_ >= count_ || !screens_first()) return {};
  const std::chrono::duration<double> usual(source_->usual_seconds());
  const auto until = last_screened_ + std::chrono::duration_cast<Clock::duration>(usual);
  if (until <= Clock::now()) return {};
  return until;
}

std::uint32_t ReadQueue::useful_ahead() const {
  const std::chrono::duration<double> so_far = Clock::now() - first_filled_;
  if (filled_ < 16 || so_far.count() <= 0) return window_ / 2;
  const double rate = double(filled_) / so_far.count();
  const double chunks =
      std::max(std::ceil(2 * rate * source_->usual_seconds()), 2.0 * double(plan_.memory.slabs));
  return std::uint32_t(std::min(chunks, double(window_)));
}

}  // namespace cubemill
