// Cuts PTX text into tokens, and walks over them.
#include "cursor.h"

#include <algorithm>
#include <bit>
#include <cctype>
#include <cstdlib>
#include <stdexcept>

namespace ptxemu {

namespace {

bool is_digit(char c) { return std::isdigit(static_cast<unsigned char>(c)); }
bool is_space(char c) { return std::isspace(static_cast<unsigned char>(c)); }
bool in_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '$' || c == '.' ||
         c == '%';
}

class Lexer {
 public:
  explicit Lexer(const std::string& text) : text_(text) {}

  std::vector<Token> tokens() {
    while (skip_blanks()) token();
    add(Token::Kind::end, 0);
    return std::move(tokens_);
  }

 private:
  char ahead(std::size_t n) const { return at_ + n < text_.size() ? text_[at_ + n] : '\0'; }

  void forward(std::size_t n) {
    for (; n > 0 && at_ < text_.size(); --n) line_ += text_[at_++] == '\n';
  }

  void forward_to(const char* text, std::size_t beyond) {
    const std::size_t found = text_.find(text, at_);
    forward((found == std::string::npos ? text_.size() : found + beyond) - at_);
  }

  // Spaces and comments; false at the end of the text, which may be a zero byte.
  bool skip_blanks() {
    for (;;) {
      if (is_space(ahead(0))) {
        forward(1);
      } else if (ahead(0) == '/' && ahead(1) == '/') {
        forward_to("\n", 0);
      } else if (ahead(0) == '/' && ahead(1) == '*') {
        forward_to("*/", 2);
      } else {
        return ahead(0) != '\0';
      }
    }
  }

  Token& add(Token::Kind kind, std::size_t length) {
    tokens_.push_back({kind, text_.substr(std::min(at_, text_.size()), length), line_});
    forward(length);
    return tokens_.back();
  }

  void token() {
    if (ahead(0) == '"') {
      forward(1);
      const std::size_t end = text_.find('"', at_);
      add(Token::Kind::text, (end == std::string::npos ? text_.size() : end) - at_);
      forward(1);
    } else if (is_digit(ahead(0))) {
      number();
    } else if (in_word(ahead(0))) {
      std::size_t n = 0;
      while (in_word(ahead(n)) || (ahead(n) == ':' && ahead(n + 1) == ':'))
        n += ahead(n) == ':' ? 2 : 1;
      add(Token::Kind::word, n);
    } else {
      add(Token::Kind::sign, 1);
    }
  }

  // 0f and 0d are followed by the bits of a float; everything else is an integer or decimal.
  void number() {
    const char letter = ahead(0) == '0' ? ahead(1) : '\0';
    if (letter == 'f' || letter == 'F') {
      bits(8).is_f32 = true;
    } else if (letter == 'd' || letter == 'D') {
      bits(16).is_f64 = true;
    } else {
      integer_or_decimal();
    }
  }

  void integer_or_decimal() {
    const char* begin = text_.c_str() + at_;
    char* end = nullptr;
    u64 value = std::strtoull(begin, &end, 0);
    const bool decimal = *end == '.' && is_digit(end[1]);
    if (decimal) value = std::bit_cast<u64>(std::strtod(begin, &end));
    if (*end == 'U') ++end;
    Token& token = add(Token::Kind::number, static_cast<std::size_t>(end - begin));
    token.value = value;
    token.is_f64 = decimal;
  }

  Token& bits(std::size_t digits) {
    const u64 value = std::strtoull(text_.substr(at_ + 2, digits).c_str(), nullptr, 16);
    Token& token = add(Token::Kind::number, 2 + digits);
    token.value = value;
    return token;
  }

  const std::string& text_;
  std::size_t at_ = 0;
  u32 line_ = 1;
  std::vector<Token> tokens_;
};

}  // namespace

Cursor::Cursor(const std::string& text) : text_(text), tokens_(Lexer(text).tokens()), lines_{0} {
  for (std::size_t i = 0; i < text.size(); ++i)
    if (text[i] == '\n') lines_.push_back(i + 1);
}

bool Cursor::at_directive() const {
  return now().kind == Token::Kind::word && now().text[0] == '.';
}

bool Cursor::at_label() const {
  return now().kind == Token::Kind::word && tokens_[at_ + 1].kind == Token::Kind::sign &&
         tokens_[at_ + 1].text == ":";
}

bool Cursor::is(const char* text) const {
  return (now().kind == Token::Kind::word || now().kind == Token::Kind::sign) && now().text == text;
}

bool Cursor::eat(const char* text) {
  if (!is(text)) return false;
  ++at_;
  return true;
}

void Cursor::need(const char* text) {
  if (!eat(text)) fail(std::string("expected ") + text);
}

void Cursor::skip_until(const char* text) {
  while (!is(text)) {
    if (at_end()) fail(std::string("expected ") + text);
    ++at_;
  }
}

void Cursor::skip_past(const char* text) {
  skip_until(text);
  ++at_;
}

void Cursor::skip_braces() {
  skip_past("{");
  for (int depth = 1; depth > 0; ++at_) {
    if (at_end()) fail("expected }");
    depth += is("{") - is("}");
  }
}

void Cursor::skip_line() {
  const u32 line = now().line;
  while (now().line == line && !at_end() && !is("}")) ++at_;
}

std::string Cursor::word() {
  if (now().kind != Token::Kind::word) fail("identifier expected");
  return tokens_[at_++].text;
}

u64 Cursor::number() {
  const bool negative = eat("-");
  if (!at_number()) fail("number expected");
  const u64 value = tokens_[at_++].value;
  return negative ? 0 - value : value;
}

std::string Cursor::line_text() const {
  constexpr std::size_t longest = 160;
  std::size_t begin = lines_[now().line - 1];
  const std::size_t end = std::min(text_.find('\n', begin), text_.size());
  while (begin < end && is_space(text_[begin])) ++begin;
  return text_.substr(begin, std::min(end - begin, longest));
}

void Cursor::fail(const std::string& what) const {
  throw std::runtime_error("PTX line " + std::to_string(now().line) + ": " + what + " near '" +
                           now().text + "'");
}

Type type_named(const std::string& name) {
  static const std::map<std::string, Type> types{
      {"pred", Type::pred}, {"b8", Type::b8},     {"b16", Type::b16}, {"b32", Type::b32},
      {"b64", Type::b64},   {"b128", Type::b128}, {"u8", Type::u8},   {"u16", Type::u16},
      {"u32", Type::u32},   {"u64", Type::u64},   {"s8", Type::s8},   {"s16", Type::s16},
      {"s32", Type::s32},   {"s64", Type::s64},   {"f16", Type::f16}, {"f32", Type::f32},
      {"f64", Type::f64},   {"bf16", Type::bf16}};
  const auto found = types.find(name);
  return found == types.end() ? Type::none : found->second;
}

}  // namespace ptxemu
