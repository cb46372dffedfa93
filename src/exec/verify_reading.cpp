#include "exec/verify_reading.hpp"

#include <condition_variable>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <set>
#include <thread>
#include <utility>

#include "cubemill/base/error.hpp"
#include "exec/block_supply.hpp"
#include "exec/verify_bands.hpp"
#include "io/fronts_ahead.hpp"
#include "io/remote_file.hpp"

namespace cubemill {
namespace {

/// A file on its way.
struct OpenFile {
  std::size_t number = 0;
  std::vector<std::unique_ptr<RasterBand>> bands;
  std::size_t ranges_left = 0;
  Finding found;
};

struct ReadRange {
  std::shared_ptr<OpenFile> file;
  RangeToVerify blocks;
  RangeAnswer answer;
  std::exception_ptr failure;
};

/// What threads and answers share. Outlives the reading: answers may come after its end.
struct Arrivals {
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<std::shared_ptr<ReadRange>> arrived;
};

class FileReading {
 public:
  FileReading(const std::vector<FileToVerify>& files, VerifyLimits limits, RangeSource& source,
              const std::function<void(std::size_t)>& progress)
      : files_(files),
        limits_(limits),
        source_(source),
        progress_(progress),
        findings_(files.size()) {
    for (std::size_t i = 0; i < files.size(); ++i) waiting_.push_back(i);
  }

  std::vector<Finding> run() {
    const FrontsAhead ahead(hrefs(), {.witnesses = 3});
    {
      std::vector<std::jthread> workers;
      for (int t = 1; t < limits_.threads; ++t) workers.emplace_back([this] { work(); });
      work();
    }
    if (failure_) std::rethrow_exception(failure_);
    return std::move(findings_);
  }

 private:
  std::vector<std::string> hrefs() const {
    std::vector<std::string> all;
    for (const FileToVerify& file : files_)
      if (file.fault.empty()) all.push_back(file.href);
    return all;
  }

  void work() {
    try {
      BlockVerifier verifier;
      while (step(verifier)) {
      }
    } catch (...) {
      const std::lock_guard lock(shared_->mutex);
      if (!failure_) failure_ = std::current_exception();
      stop_ = true;
      shared_->changed.notify_all();
    }
  }

  // Does one piece of work; false when there is none left. Asking comes first, so that ranges are
  // always on their way; to have more to ask for, one thread at a time opens another file.
  bool step(BlockVerifier& verifier) {
    std::unique_lock lock(shared_->mutex);
    for (;;) {
      if (stop_ || done_ == files_.size()) return false;
      if (may_ask()) {
        ask(lock);
      } else if (may_open_ahead()) {
        open_next(verifier, lock);
        return true;
      } else if (!shared_->arrived.empty()) {
        const std::shared_ptr<ReadRange> range = std::move(shared_->arrived.front());
        shared_->arrived.pop_front();
        lock.unlock();
        decode(verifier, *range);
        return true;
      } else if (!waiting_.empty() && pending_.empty()) {
        open_next(verifier, lock);
        return true;
      } else {
        shared_->changed.wait(lock);
      }
    }
  }

  bool may_ask() const {
    if (pending_.empty()) return false;
    return held_ == 0 ||
           (held_ + pending_.front()->blocks.size <= limits_.bytes_ahead && source_.room() > 0);
  }

  bool may_open_ahead() const {
    return pending_.empty() && !waiting_.empty() && opening_ == 0 && held_ < limits_.bytes_ahead;
  }

  void open_next(BlockVerifier& verifier, std::unique_lock<std::mutex>& lock) {
    const std::size_t number = waiting_.front();
    waiting_.pop_front();
    ++opening_;
    lock.unlock();
    open(verifier, number);
    lock.lock();
    --opening_;
    shared_->changed.notify_all();
  }

  // Not under the lock: an answer may come at once.
  void ask(std::unique_lock<std::mutex>& lock) {
    const std::shared_ptr<ReadRange> range = std::move(pending_.front());
    pending_.pop_front();
    held_ += range->blocks.size;
    lock.unlock();
    const RasterBand& band = *range->blocks.band;
    source_.ask(
        {band.path(), range->blocks.offset, std::size_t(range->blocks.size), false, band.version()},
        [shared = shared_, range](RangeAnswer&& answer, std::exception_ptr failure) {
          const std::lock_guard arrival(shared->mutex);
          range->answer = std::move(answer);
          range->failure = std::move(failure);
          shared->arrived.push_back(range);
          shared->changed.notify_all();
        });
    lock.lock();
  }

  bool is_again(std::size_t number) const {
    const std::lock_guard lock(shared_->mutex);
    return again_.contains(number);
  }

  void open(BlockVerifier& verifier, std::size_t number) {
    const FileToVerify& to_verify = files_[number];
    const auto file = std::make_shared<OpenFile>();
    file->number = number;
    std::vector<RangeToVerify> ranges;
    if (is_again(number)) RemoteFile::forget(to_verify.href);
    if (!to_verify.fault.empty())
      file->found.fail(0, to_verify.fault);
    else
      read_what_is_not_fetched(verifier, to_verify, *file, ranges);
    const std::lock_guard lock(shared_->mutex);
    file->ranges_left = ranges.size();
    for (RangeToVerify& range : ranges)
      pending_.push_back(
          std::make_shared<ReadRange>(ReadRange{file, std::move(range), {}, nullptr}));
    if (ranges.empty()) finish(*file);
    shared_->changed.notify_all();
  }

  static void read_what_is_not_fetched(BlockVerifier& verifier, const FileToVerify& to_verify,
                                       OpenFile& file, std::vector<RangeToVerify>& ranges) try {
    file.bands = open_bands(to_verify);
    for (std::size_t b = 0; b < file.bands.size(); ++b) {
      const RasterBand& band = *file.bands[b];
      if (const std::string& fault = band.profile().table_fault; !fault.empty())
        file.found.fail(0, band.path() + ": block table: " + fault);
      file.found.by_gdal |= !band.info().direct;
      std::vector<BlockToVerify> alone;
      if (BlockSupply::serves(band))
        for (RangeToVerify& range : ranges_of(band, b, file.found, alone))
          ranges.push_back(std::move(range));
      else
        for_each_block(band, b, [&](BlockToVerify block) { alone.push_back(block); });
      for (const BlockToVerify& block : alone) verifier.read(band, block, file.found);
    }
  } catch (const PlaceRefused&) {
    throw;  // no finding of one file
  } catch (const RangeFailure& failure) {
    file.found.unreachable = true;
    file.found.fail(0, failure.what());
  } catch (const Error& error) {
    file.found.fail(0, error.what());
  }

  void decode(BlockVerifier& verifier, ReadRange& range) {
    Finding part;
    verifier.decode(range.blocks, range.answer, range.failure, part);
    range.answer = {};
    const std::lock_guard lock(shared_->mutex);
    held_ -= range.blocks.size;
    range.file->found.add(part);
    if (--range.file->ranges_left == 0) finish(*range.file);
    shared_->changed.notify_all();
  }

  // A remote file that seems damaged may only have come with a damaged header, which has no
  // checksum: all of it is read again, once, with another. Under the lock.
  void finish(OpenFile& file) {
    const FileToVerify& verified = files_[file.number];
    const bool doubtful = !file.found.reason.empty() && !file.found.unreachable &&
                          verified.fault.empty() && is_remote(verified.href);
    if (doubtful && again_.insert(file.number).second) {
      waiting_.push_back(file.number);
      return;
    }
    findings_[file.number] = std::move(file.found);
    file.bands.clear();
    ++done_;
    if (progress_) progress_(done_);
  }

  const std::vector<FileToVerify>& files_;
  const VerifyLimits limits_;
  RangeSource& source_;
  const std::function<void(std::size_t)>& progress_;
  const std::shared_ptr<Arrivals> shared_ = std::make_shared<Arrivals>();  // its mutex guards all

  std::vector<Finding> findings_;
  std::deque<std::size_t> waiting_;  // files to be opened
  std::set<std::size_t> again_;      // of these or done, those that are read a second time
  std::size_t opening_ = 0;
  std::size_t done_ = 0;
  std::deque<std::shared_ptr<ReadRange>> pending_;  // not asked for
  std::uint64_t held_ = 0;                          // bytes asked for and not decoded
  std::exception_ptr failure_;
  bool stop_ = false;
};

}  // namespace

std::vector<Finding> read_files(const std::vector<FileToVerify>& files, VerifyLimits limits,
                                RangeSource& source,
                                const std::function<void(std::size_t)>& progress) {
  return FileReading(files, limits, source, progress).run();
}

}  // namespace cubemill
