#include "io/spill_file.hpp"

#include <xxhash.h>

#include <algorithm>
#include <cassert>
#include <filesystem>
#include <memory>
#include <new>
#include <set>
#include <stdexcept>
#include <utility>

#include "cubemill/base/error.hpp"
#include "io/spill_claim.hpp"
#include "io/spill_header.hpp"

namespace cubemill {
namespace {

constexpr std::uint64_t page = 4096;
// Measured on ext4: large writes save a third of the time (larger folios), reads gain little beyond
// this, and each needs a buffer.
constexpr std::size_t read_bytes = 192 * 1024;
constexpr std::size_t write_bytes = 1024 * 1024;

class Checksum {
 public:
  Checksum() : state_(XXH3_createState()) {
    if (!state_) throw std::bad_alloc();
    XXH3_64bits_reset(state_.get());
  }
  void add(std::span<const std::byte> bytes) {
    XXH3_64bits_update(state_.get(), bytes.data(), bytes.size());
  }
  std::uint64_t value() const { return XXH3_64bits_digest(state_.get()); }

 private:
  struct Free {
    void operator()(XXH3_state_t* state) const { XXH3_freeState(state); }
  };
  std::unique_ptr<XXH3_state_t, Free> state_;
};

std::size_t bytes_of(const std::vector<SpillFile::Part>& parts) {
  std::size_t bytes = 0;
  for (const SpillFile::Part& part : parts) bytes += part.bytes;
  return bytes;
}

SpillHeader header_of(const SpillFile::Options& options) {
  std::string layout = "1";  // the format's number
  for (const SpillFile::Part& part : options.parts)
    layout += " " + std::to_string(part.bytes) + "/" + std::to_string(part.unit);
  return make_spill_header(layout, options.owner);
}

// As many whole units as fit into a piece, but one at least.
std::size_t piece_of(const SpillFile::Part& part) {
  return std::max(read_bytes / part.unit, std::size_t{1}) * part.unit;
}

std::mutex unkept_mutex;
std::set<std::string>& unkept() {
  static std::set<std::string> paths;
  return paths;
}

}  // namespace

SpillFile::SpillFile(Options options)
    : options_(std::move(options)),
      slot_bytes_(bytes_of(options_.parts)),
      stride_((slot_bytes_ + page - 1) / page * page),
      file_(make_spill(options_.folder, header_of(options_))) {
  keep(false);
}

SpillFile::SpillFile(Options options, const std::string& path, std::span<const Slot> used)
    : options_(std::move(options)),
      slot_bytes_(bytes_of(options_.parts)),
      stride_((slot_bytes_ + page - 1) / page * page),
      file_(open_spill(path, header_of(options_))) {
  claim_used(used);
  release_unused();
}

SpillFile::~SpillFile() {
  const std::lock_guard lock(unkept_mutex);
  if (unkept().erase(path()) > 0) file_.unlink();
}

SpillFile::Slot SpillFile::write(std::span<const std::span<const std::byte>> parts) {
  if (!std::equal(parts.begin(), parts.end(), options_.parts.begin(), options_.parts.end(),
                  [](const auto& bytes, const Part& part) { return bytes.size() == part.bytes; }))
    throw std::logic_error("parts that do not fill a spill slot");
  Checksum checksum;
  const std::uint32_t number = take();
  try {
    std::uint64_t offset = place(number);
    for (std::span<const std::byte> part : parts)
      while (!part.empty()) {
        const auto piece = part.first(std::min(part.size(), write_bytes));
        checksum.add(piece);
        file_.write_at(offset, piece);
        offset += piece.size();
        part = part.subspan(piece.size());
      }
  } catch (...) {
    give_back(number);
    throw;
  }
  const std::lock_guard lock(mutex_);
  written_ += slot_bytes_;
  peak_ = std::max(peak_, taken_ * stride_);
  return {number, checksum.value()};
}

void SpillFile::read(const Slot& slot, const Piece& piece) const {
  std::size_t largest = 0;
  for (const Part& part : options_.parts) largest = std::max(largest, piece_of(part));
  const auto buffer = std::make_unique_for_overwrite<std::byte[]>(largest);
  Checksum checksum;
  std::uint64_t offset = place(slot.number);
  for (std::size_t i = 0; i < options_.parts.size(); ++i) {
    const Part& part = options_.parts[i];
    for (std::size_t at = 0; at < part.bytes; at += piece_of(part)) {
      const std::span bytes(buffer.get(), std::min(piece_of(part), part.bytes - at));
      file_.read_at(offset, bytes);
      checksum.add(bytes);
      piece(i, at, bytes);
      offset += bytes.size();
    }
  }
  if (checksum.value() != slot.checksum)
    throw IoError(path(), "the " + std::to_string(slot_bytes_) + " bytes at byte " +
                              std::to_string(place(slot.number)) +
                              " are not those that were written: the disk or another program"
                              " changed them; start anew, on another disk (--spill-dir)");
  const std::lock_guard lock(mutex_);
  read_ += slot_bytes_;
}

void SpillFile::free(const Slot& slot) noexcept { give_back(slot.number); }

void SpillFile::keep(bool keep) {
  const std::lock_guard lock(unkept_mutex);
  if (keep)
    unkept().erase(path());
  else
    unkept().insert(path());
}

void SpillFile::store() {
  if (!file_.is_named())
    throw IoError(path(),
                  "was removed or renamed while its run goes on: no later run could resume"
                  " from it");
  file_.store();
}

void SpillFile::remove_unkept() noexcept {
  const std::lock_guard lock(unkept_mutex);
  std::error_code ignored;  // nobody could do better with what cannot be removed
  for (const std::string& path : unkept()) std::filesystem::remove(path, ignored);
}

std::uint64_t SpillFile::bytes_in_use() const {
  const std::lock_guard lock(mutex_);
  return taken_ * stride_;
}

std::uint64_t SpillFile::peak_bytes() const {
  const std::lock_guard lock(mutex_);
  return peak_;
}

std::uint64_t SpillFile::bytes_written() const {
  const std::lock_guard lock(mutex_);
  return written_;
}

std::uint64_t SpillFile::bytes_read() const {
  const std::lock_guard lock(mutex_);
  return read_;
}

std::uint32_t SpillFile::take() {
  const std::lock_guard lock(mutex_);
  const std::uint64_t wanted = (taken_ + 1) * stride_;
  if (options_.limit > 0 && wanted > options_.limit)
    throw OutOfMemory("--spill-limit is too small: " + std::to_string(stride_) + " bytes asked, " +
                          std::to_string(taken_ * stride_) + " of " +
                          std::to_string(options_.limit) + " in use in " + path() +
                          ": raise it or give more --memory",
                      wanted);
  while (lowest_ < used_.size() && used_[lowest_]) ++lowest_;
  if (lowest_ == used_.size())
    used_.push_back(true);
  else
    used_[lowest_] = true;
  ++taken_;
  return static_cast<std::uint32_t>(lowest_);
}

void SpillFile::give_back(std::uint32_t number) noexcept {
  file_.release(place(number), stride_);  // before another writer can have the slot
  const std::lock_guard lock(mutex_);
  assert(number < used_.size() && used_[number]);
  used_[number] = false;
  lowest_ = std::min<std::size_t>(lowest_, number);
  --taken_;
}

std::uint64_t SpillFile::place(std::uint32_t number) const {
  return spill_header_bytes + number * stride_;
}

void SpillFile::claim_used(std::span<const Slot> used) {
  const std::uint64_t size = file_.size();
  for (const Slot& slot : used) {
    if (place(slot.number) + slot_bytes_ > size)
      throw IoError(
          path(), "is too short, " + std::to_string(size) + " bytes, for what it held: start anew");
    if (slot.number >= used_.size()) used_.resize(slot.number + 1);
    if (used_[slot.number]) throw IoError(path(), "holds two sums in one place: start anew");
    used_[slot.number] = true;
  }
  taken_ = used.size();
  peak_ = taken_ * stride_;
}

// What the interrupted run wrote after its checkpoint.
void SpillFile::release_unused() {
  for (std::uint32_t number = 0; number < used_.size(); ++number)
    if (!used_[number]) file_.release(place(number), stride_);
  const std::uint64_t end = spill_header_bytes + used_.size() * stride_;
  if (const std::uint64_t size = file_.size(); size > end) file_.release(end, size - end);
}

}  // namespace cubemill
