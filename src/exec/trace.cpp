#include "exec/trace.hpp"

#include "cubemill/base/error.hpp"

namespace cubemill {
namespace {

using Microseconds = std::chrono::duration<double, std::micro>;
constexpr int first_track = 1000000;

}  // namespace

// The viewers take an array of events whose end may be missing: a run that was killed can be looked
// at too.
Trace::Trace(const std::string& path) : file_(path, std::ios::binary) {
  if (!file_) throw IoError(path, "cannot be written (--trace)");
  file_.precision(3);
  file_ << std::fixed << R"([{"name":"process_name","ph":"M","pid":1,"args":{"name":"cubemill"}})";
}

Trace::~Trace() { file_ << "\n]\n"; }

void Trace::name_track(int number, const std::string& name) {
  file_ << ",\n"
        << R"({"name":"thread_name","ph":"M","pid":1,"tid":)" << number << R"(,"args":{"name":")"
        << name << R"("}})";
}

int Trace::thread_number() {
  const auto [entry, fresh] =
      threads_.try_emplace(std::this_thread::get_id(), int(threads_.size()) + 1);
  if (fresh) name_track(entry->second, "worker " + std::to_string(entry->second));
  return entry->second;
}

int Trace::track_number(const std::string& track) {
  const auto [entry, fresh] = tracks_.try_emplace(track, first_track + int(tracks_.size()));
  if (fresh) name_track(entry->second, track);
  return entry->second;
}

// Without the end of the object.
void Trace::write_span(int track, const char* name, Clock::time_point begin,
                       Clock::time_point end) {
  file_ << ",\n"
        << R"({"name":")" << name << R"(","ph":"X","pid":1,"tid":)" << track << R"(,"ts":)"
        << Microseconds(begin - start_).count() << R"(,"dur":)"
        << Microseconds(end - begin).count();
}

void Trace::add(const char* name, Clock::time_point begin, Clock::time_point end, const char* what,
                std::uint64_t number) {
  const std::lock_guard lock(mutex_);
  write_span(thread_number(), name, begin, end);
  file_ << R"(,"args":{")" << what << R"(":)" << number << "}}";
}

void Trace::add_on(const std::string& track, const char* name, Clock::time_point begin,
                   Clock::time_point end) {
  const std::lock_guard lock(mutex_);
  write_span(track_number(track), name, begin, end);
  file_ << '}';
}

}  // namespace cubemill
