// Cuts JSON text into values that are worth having one by one: the features of a collection, the
// elements of an array, the lines of newline-delimited JSON. Not responsible for what the values
// mean. Single-threaded; borrows the stream.
#pragma once
#include <array>
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

namespace cubemill {

class JsonStream {
 public:
  /// Receives a value and the line on which it begins.
  using Sink = std::function<void(nlohmann::json&& value, std::uint64_t line)>;

  /// `name` is the file's name, for messages.
  JsonStream(std::istream& in, std::string name) : in_(in), name_(std::move(name)) {}

  /// Gives every value of the stream to `sink` in the order of the text: the elements of a
  /// top-level `features` or of a top-level array one at a time, before the object that held them
  /// (which then comes with `features` empty). `NaN` and `Infinity`, which Python writes, become
  /// the strings "nan", "inf" and "-inf". Throws InvalidInput `file:line:column: …` where the text
  /// is not JSON, IoError where reading fails.
  void read(const Sink& sink);

 private:
  struct Position {
    std::uint64_t line = 1, column = 1;
  };

  void refill();
  int peek();
  char next();
  int peek_token();
  bool one_more(char closing);

  void read_elements(const Sink& sink);
  nlohmann::json read_object(const Sink& sink);
  nlohmann::json read_value();

  void copy_value();
  void copy_string();
  void copy_word();
  [[noreturn]] void fail(Position at, const std::string& why) const;

  std::istream& in_;
  std::string name_;
  std::array<char, 1 << 16> buffer_{};
  std::size_t begin_ = 0, end_ = 0;
  Position here_;
  std::string text_;  // the value that is being cut
};

}  // namespace cubemill
