#include "exec/trace.hpp"

#include "cubemill/base/error.hpp"

namespace cubemill {
namespace {

using Microseconds = std::chrono::duration<double, std::micro>;

}  // namespace

// The viewers take an array of events whose end may be missing: a run that was killed can be looked
// at too.
Trace::Trace(const std::string& path) : file_(path, std::ios::binary) {
  if (!file_) throw IoError(path, "cannot be written (--trace)");
  file_.precision(3);
  file_ << std::fixed << R"([{"name":"process_name","ph":"M","pid":1,"args":{"name":"cubemill"}})";
}

Trace::~Trace() { file_ << "\n]\n"; }

int Trace::thread_number() {
  const auto [entry, fresh] =
      threads_.try_emplace(std::this_thread::get_id(), int(threads_.size()) + 1);
  if (fresh)
    file_ << ",\n"
          << R"({"name":"thread_name","ph":"M","pid":1,"tid":)" << entry->second
          << R"(,"args":{"name":"worker )" << entry->second << R"("}})";
  return entry->second;
}

void Trace::add(const char* name, Clock::time_point begin, Clock::time_point end, const char* what,
                std::uint64_t number) {
  const std::lock_guard lock(mutex_);
  const int thread = thread_number();
  file_ << ",\n"
        << R"({"name":")" << name << R"(","ph":"X","pid":1,"tid":)" << thread << R"(,"ts":)"
        << Microseconds(begin - start_).count() << R"(,"dur":)" << Microseconds(end - begin).count()
        << R"(,"args":{")" << what << R"(":)" << number << "}}";
}

}  // namespace cubemill
