#include "io/json_stream.hpp"

#include <algorithm>
#include <istream>

#include "cubemill/base/error.hpp"

namespace cubemill {
namespace {

constexpr int end_of_text = -1;
constexpr int deepest =
    512;  // values nested deeper are no catalog, and would exhaust the stack of whoever walks them

bool is_space(int c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

/// What nlohmann-json says, without its own idea of the position.
std::string reason(const nlohmann::json::parse_error& error) {
  const std::string what = error.what();
  const auto at = what.find("column ");
  const auto colon = at == std::string::npos ? at : what.find(": ", at);
  return colon == std::string::npos ? what : what.substr(colon + 2);
}

}  // namespace

void JsonStream::refill() {
  in_.read(buffer_.data(), std::streamsize(buffer_.size()));
  begin_ = 0;
  end_ = std::size_t(in_.gcount());
  if (in_.bad()) throw IoError(name_, "reading fails in the middle of the file");
}

int JsonStream::peek() {
  if (begin_ == end_ && in_.good()) refill();
  return begin_ == end_ ? end_of_text : static_cast<unsigned char>(buffer_[begin_]);
}

char JsonStream::next() {
  if (peek() == end_of_text) fail(here_, "the text ends in the middle of a value");
  const char c = buffer_[begin_++];
  here_ = c == '\n' ? Position{here_.line + 1, 1} : Position{here_.line, here_.column + 1};
  return c;
}

int JsonStream::peek_token() {
  while (is_space(peek())) next();
  return peek();
}

/// Takes a comma, or sees the bracket that ends the list.
bool JsonStream::one_more(char closing) {
  if (peek_token() == closing) return false;
  if (next() != ',') fail(here_, std::string("expected ',' or '") + closing + "'");
  return true;
}

void JsonStream::fail(Position at, const std::string& why) const {
  throw InvalidInput(name_ + ":" + std::to_string(at.line) + ":" + std::to_string(at.column) +
                     ": not JSON: " + why);
}

void JsonStream::copy_string() {
  text_ += next();
  for (;;) {
    const char c = next();
    text_ += c;
    if (c == '"') return;
    if (c == '\\') text_ += next();
  }
}

/// A number, `true`, `null` or what Python writes for numbers that are none.
void JsonStream::copy_word() {
  const std::size_t begin = text_.size();
  const auto belongs = [](int c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '+' ||
           c == '-' || c == '.';
  };
  if (!belongs(peek())) text_ += next();  // the parser will say what is wrong with it
  while (belongs(peek())) text_ += next();
  const std::string word = text_.substr(begin);
  const char* quoted = word == "NaN"         ? "\"nan\""
                       : word == "Infinity"  ? "\"inf\""
                       : word == "-Infinity" ? "\"-inf\""
                                             : nullptr;
  if (quoted) text_.replace(begin, std::string::npos, quoted);
}

/// Copies one value, as far as brackets and strings tell where it ends.
void JsonStream::copy_value() {
  int depth = 0;
  do {
    const int c = peek();
    if (c == '"') {
      copy_string();
    } else if (c == '{' || c == '[') {
      if (++depth > deepest) fail(here_, "nested more than " + std::to_string(deepest) + " deep");
      text_ += next();
    } else if (c == '}' || c == ']') {
      if (--depth < 0) fail(here_, "expected a value");
      text_ += next();
    } else if (is_space(c) || c == ',' || c == ':') {
      if (depth == 0) fail(here_, "expected a value");
      text_ += next();
    } else {
      copy_word();
    }
  } while (depth > 0);
}

nlohmann::json JsonStream::read_value() {
  peek_token();
  const Position begin = here_;
  text_.clear();
  copy_value();
  try {
    return nlohmann::json::parse(text_);
  } catch (const nlohmann::json::parse_error& error) {
    const auto before = std::string_view(text_).substr(0, error.byte > 0 ? error.byte - 1 : 0);
    const auto lines = std::uint64_t(std::count(before.begin(), before.end(), '\n'));
    const auto line_begin = before.rfind('\n');
    const std::uint64_t column =
        lines == 0 ? begin.column + before.size() : before.size() - line_begin;
    fail({begin.line + lines, column}, reason(error));
  } catch (const nlohmann::json::out_of_range&) {
    fail(begin, "the value that begins here holds a number that is too large");
  }
}

void JsonStream::read_elements(const Sink& sink) {
  next();  // [
  if (peek_token() != ']') {
    do {
      peek_token();
      const std::uint64_t line = here_.line;
      sink(read_value(), line);
    } while (one_more(']'));
  }
  next();  // ]
}

nlohmann::json JsonStream::read_object(const Sink& sink) {
  nlohmann::json object = nlohmann::json::object();
  next();  // {
  if (peek_token() != '}') {
    do {
      if (peek_token() != '"') fail(here_, "expected a key in double quotes");
      const std::string key = read_value().get<std::string>();
      if (peek_token() != ':') fail(here_, "expected ':' after the key");
      next();
      if (key == "features" && peek_token() == '[') {
        read_elements(sink);
        object[key] = nlohmann::json::array();
      } else {
        object[key] = read_value();
      }
    } while (one_more('}'));
  }
  next();  // }
  return object;
}

void JsonStream::read(const Sink& sink) {
  for (const char mark : {'\xEF', '\xBB', '\xBF'})  // a byte order mark
    if (peek() == static_cast<unsigned char>(mark)) next();
  if (peek_token() == end_of_text) fail(here_, "the file is empty");
  while (peek_token() != end_of_text) {
    const std::uint64_t line = here_.line;
    switch (peek()) {
      case '\x1E':
        next();
        break;  // record separator of GeoJSON text sequences (RFC 8142)
      case '[':
        read_elements(sink);
        break;
      case '{':
        sink(read_object(sink), line);
        break;
      default:
        sink(read_value(), line);
    }
  }
}

}  // namespace cubemill
