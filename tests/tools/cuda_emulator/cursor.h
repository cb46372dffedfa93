// PTX text as words, numbers and signs, and a place among them. Knows nothing of what they mean.
#pragma once
#include "ptx.h"

namespace ptxemu {

struct Token {
  enum class Kind : u8 { word, number, sign, text, end } kind;
  std::string text;
  u32 line;
  u64 value = 0;
  bool is_f32 = false, is_f64 = false;  // then `value` has its bits
};

class Cursor {
 public:
  explicit Cursor(const std::string& text);

  const Token& now() const { return tokens_[at_]; }
  bool at_end() const { return now().kind == Token::Kind::end; }
  bool at_number() const { return now().kind == Token::Kind::number; }
  /// Whether a word that begins with a dot is next.
  bool at_directive() const;
  /// Whether `NAME:` is next.
  bool at_label() const;
  bool is(const char* text) const;
  bool eat(const char* text);
  void need(const char* text);
  void skip() { ++at_; }
  void skip_until(const char* text);
  void skip_past(const char* text);
  void skip_braces();
  /// Skips what is left of the line.
  void skip_line();
  std::string word();
  u64 number();
  /// The line that the next token is in, without what it is indented by.
  std::string line_text() const;
  [[noreturn]] void fail(const std::string& what) const;

 private:
  const std::string& text_;
  std::vector<Token> tokens_;
  std::vector<std::size_t> lines_;
  std::size_t at_ = 0;
};

/// Gives the type by its name without the dot, `none` when it is no type's.
Type type_named(const std::string& name);

inline u32 align_up(u32 value, u32 align) {
  return align ? (value + align - 1) / align * align : value;
}

}  // namespace ptxemu
