#include "exec/block_supply.hpp"

#include <algorithm>
#include <atomic>
#include <utility>

namespace cubemill {
namespace {

using Need = std::pair<std::uint32_t, Stage>;

/// Bytes that are asked for or there; counts itself while it lives.
class Range {
 public:
  Range(std::shared_ptr<std::atomic<std::uint64_t>> held, std::uint64_t offset, std::uint64_t size)
      : offset_(offset), size_(size), held_(std::move(held)) {
    *held_ += size_;
  }
  ~Range() { *held_ -= size_; }
  Range(const Range&) = delete;
  Range& operator=(const Range&) = delete;

  std::span<const std::byte> bytes(std::uint64_t offset, std::uint64_t size) const {
    return answer.view().subspan(offset - offset_, size);
  }

  RangeAnswer answer;
  std::exception_ptr failure;

 private:
  std::uint64_t offset_, size_;
  std::shared_ptr<std::atomic<std::uint64_t>> held_;
};

struct Block {
  const RasterBand* raster = nullptr;
  BlockPlace place;
  Stage stage = Stage::screening;
  std::uint32_t due = 0;    // the first chunk that needs it
  std::vector<Need> needs;  // who needs it and is not done
  bool asked = false, there = false;
  std::shared_ptr<Range> range;  // once it was asked for
};

/// What one chunk waits for.
struct Waiting {
  std::vector<std::uint64_t> blocks;
  std::size_t missing = 0;
};

RangeRequest request_for(const RasterBand& raster, std::uint64_t offset, std::uint64_t size) {
  return {raster.path(), offset, std::size_t(size), false, raster.version()};
}

}  // namespace

struct BlockSupply::State {
  State(RangeSource& range_source, Limits supply_limits,
        std::function<bool(std::uint64_t)> is_decoded, std::function<void()> on_arrival)
      : source(range_source),
        limits(supply_limits),
        decoded(std::move(is_decoded)),
        arrived(std::move(on_arrival)) {}

  void add(Need need, const NeededBlock& needed);
  void drop(std::uint64_t number, Need need);
  bool may_ask(std::uint64_t size, std::uint32_t due, std::uint32_t oldest) const;
  bool ask_first(std::set<std::pair<std::uint32_t, std::uint64_t>>& due, std::uint32_t oldest,
                 std::unique_lock<std::mutex>& lock, const std::shared_ptr<State>& self);
  void take_answer(const std::vector<std::uint64_t>& blocks, Range& range, RangeAnswer&& answer,
                   std::exception_ptr failure);

  RangeSource& source;
  const Limits limits;
  const std::function<bool(std::uint64_t)> decoded;

  std::mutex arrival;             // held while `arrived` is called
  std::function<void()> arrived;  // empty once the supply has ended

  mutable std::mutex mutex;  // guards what follows
  std::unordered_map<std::uint64_t, Block> blocks;
  std::map<Need, Waiting> waiting;
  std::map<const RasterBand*, WantedBlocks> wanted;                        // not asked for, by file
  std::set<std::pair<std::uint32_t, std::uint64_t>> due_flags, due_bands;  // (chunk, block) of them
  const std::shared_ptr<std::atomic<std::uint64_t>> held =
      std::make_shared<std::atomic<std::uint64_t>>(0);
  SupplyTally tally;
};

void BlockSupply::State::add(Need need, const NeededBlock& needed) {
  if (needed.place.size == 0 || decoded(needed.number)) return;
  Block& block = blocks[needed.number];
  Waiting& waits = waiting[need];
  waits.blocks.push_back(needed.number);
  waits.missing += !block.there;
  block.needs.push_back(need);
  if (block.asked) return;
  auto& due = need.second == Stage::screening ? due_flags : due_bands;
  if (block.needs.size() > 1) {
    if (need.first >= block.due) return;
    due.erase({block.due, needed.number});  // chunks may tell what they need out of order
    block.due = need.first;
    due.emplace(need.first, needed.number);
    return;
  }
  block.raster = needed.raster, block.place = needed.place;
  block.stage = need.second, block.due = need.first;
  wanted[needed.raster].emplace(needed.place.offset, WantedBlock{needed.place.size, needed.number});
  due.emplace(need.first, needed.number);
}

void BlockSupply::State::drop(std::uint64_t number, Need need) {
  const auto found = blocks.find(number);
  Block& block = found->second;
  std::erase(block.needs, need);
  if (!block.needs.empty()) return;
  if (!block.asked) {
    (block.stage == Stage::screening ? due_flags : due_bands).erase({block.due, number});
    const auto file = wanted.find(block.raster);
    file->second.erase(block.place.offset);
    if (file->second.empty()) wanted.erase(file);
  }
  blocks.erase(found);
}

// The oldest chunk may always ask, or the run would stand still.
bool BlockSupply::State::may_ask(std::uint64_t size, std::uint32_t due,
                                 std::uint32_t oldest) const {
  return due <= oldest || *held + size <= limits.bytes;
}

// Asks for a range around the block that is due first; false when there is no room for it.
bool BlockSupply::State::ask_first(std::set<std::pair<std::uint32_t, std::uint64_t>>& due,
                                   std::uint32_t oldest, std::unique_lock<std::mutex>& lock,
                                   const std::shared_ptr<State>& self) {
  const auto [chunk, number] = *due.begin();
  const Block& first = blocks.at(number);
  if (!may_ask(first.place.size, chunk, oldest)) return false;
  const auto file = wanted.find(first.raster);
  const std::uint64_t room = limits.bytes > *held ? limits.bytes - *held : 0;
  const MergedRange merged =
      merge_around(file->second, file->second.find(first.place.offset), limits.merge, room);
  const auto range = std::make_shared<Range>(held, merged.offset, merged.size);
  const RangeRequest request = request_for(*first.raster, merged.offset, merged.size);
  std::vector<std::uint64_t> numbers;
  for (auto w = merged.first; w != merged.last; ++w) {
    Block& block = blocks.at(w->second.number);
    block.asked = true;
    block.range = range;
    numbers.push_back(w->second.number);
    (block.stage == Stage::screening ? due_flags : due_bands).erase({block.due, w->second.number});
  }
  file->second.erase(merged.first, merged.last);
  if (file->second.empty()) wanted.erase(file);
  ++tally.ranges;
  tally.bytes += merged.size, tally.blocks += numbers.size();
  tally.peak_bytes = std::max<std::uint64_t>(tally.peak_bytes, *held);
  lock.unlock();
  source.ask(request, [self, range, numbers](RangeAnswer&& answer, std::exception_ptr failure) {
    self->take_answer(numbers, *range, std::move(answer), std::move(failure));
  });
  lock.lock();
  return true;
}

void BlockSupply::State::take_answer(const std::vector<std::uint64_t>& numbers, Range& range,
                                     RangeAnswer&& answer, std::exception_ptr failure) {
  {
    const std::lock_guard lock(mutex);
    range.answer = std::move(answer);
    range.failure = std::move(failure);
    for (const std::uint64_t number : numbers) {
      const auto found = blocks.find(number);
      // It may have been dropped, and be needed and asked for anew.
      if (found == blocks.end() || found->second.range.get() != &range) continue;
      found->second.there = true;
      for (const Need& need : found->second.needs) --waiting.at(need).missing;
    }
  }
  const std::lock_guard lock(arrival);
  if (arrived) arrived();
}

BlockSupply::BlockSupply(RangeSource& source, Limits limits,
                         std::function<bool(std::uint64_t)> decoded, std::function<void()> arrived)
    : state_(std::make_shared<State>(source, limits, std::move(decoded), std::move(arrived))) {}

BlockSupply::~BlockSupply() {
  {
    const std::lock_guard lock(state_->arrival);
    state_->arrived = nullptr;
  }
  const std::lock_guard lock(state_->mutex);
  state_->blocks.clear();
}

bool BlockSupply::serves(const RasterBand& raster) {
  return is_remote(raster.path()) && raster.block_place(0, 0).has_value();
}

void BlockSupply::need(std::uint32_t chunk, Stage stage, const std::vector<NeededBlock>& needed) {
  const std::lock_guard lock(state_->mutex);
  state_->waiting[{chunk, stage}];
  for (const NeededBlock& block : needed) state_->add({chunk, stage}, block);
}

bool BlockSupply::complete(std::uint32_t chunk, Stage stage) const {
  const std::lock_guard lock(state_->mutex);
  const auto found = state_->waiting.find({chunk, stage});
  return found != state_->waiting.end() && found->second.missing == 0;
}

void BlockSupply::done(std::uint32_t chunk, Stage stage) {
  const std::lock_guard lock(state_->mutex);
  const auto waits = state_->waiting.extract({chunk, stage});
  if (waits.empty()) return;
  for (const std::uint64_t number : waits.mapped().blocks) state_->drop(number, {chunk, stage});
}

void BlockSupply::ask(std::uint32_t oldest, std::optional<std::uint32_t> ahead) {
  std::unique_lock lock(state_->mutex);
  State& s = *state_;
  while (!s.due_flags.empty() && s.source.room() > 0)
    if (!s.ask_first(s.due_flags, oldest, lock, state_)) break;
  while (ahead && !s.due_bands.empty() && s.due_bands.begin()->first <= oldest + *ahead &&
         s.source.room() > 0)
    if (!s.ask_first(s.due_bands, oldest, lock, state_)) break;
}

SuppliedBlock BlockSupply::take(std::uint64_t number, const RasterBand& raster, std::int64_t bx,
                                std::int64_t by) {
  if (raster.block_place(bx, by)->size == 0) return {};
  {
    const std::lock_guard lock(state_->mutex);
    const auto found = state_->blocks.find(number);
    if (found != state_->blocks.end() && found->second.there) {
      const Block& block = found->second;
      if (block.range->failure) std::rethrow_exception(block.range->failure);
      return {block.range->bytes(block.place.offset, block.place.size), block.range};
    }
    ++state_->tally.late;
  }
  return fetch(raster, bx, by);
}

SuppliedBlock BlockSupply::fetch(const RasterBand& raster, std::int64_t bx, std::int64_t by) {
  const BlockPlace place = *raster.block_place(bx, by);
  const auto answer = std::make_shared<const RangeAnswer>(
      state_->source.fetch(request_for(raster, place.offset, place.size)));
  return {answer->view(), answer};
}

SupplyTally BlockSupply::tally() const {
  const std::lock_guard lock(state_->mutex);
  return state_->tally;
}

}  // namespace cubemill
