// SPDX-License-Identifier: Apache-2.0
#include "rtl_gen/config/ascii_text.hpp"

#include <fmt/format.h>

namespace bat::config {

Result<std::string> ascii_text(std::string_view text, std::string_view source) {
  std::string result(text);
  char quote = '\0';
  bool comment = false;
  int line = 1;
  for (std::size_t i = 0; i < result.size(); ++i) {
    const char c = result[i];
    if (c == '\n') {
      ++line;
      quote = '\0';
      comment = false;
    } else if ((static_cast<unsigned char>(c) & 0x80U) != 0) {
      if (!comment) {
        return Error{
            fmt::format("{}:{}: characters beyond ASCII are legal in comments only", source, line)};
      }
      result[i] = '?';
    } else if (!comment && quote == '\0' && c == '#') {
      comment = true;
    } else if (!comment && (c == '"' || c == '\'') && (quote == '\0' || quote == c)) {
      quote = quote == '\0' ? c : '\0';
    }
  }
  return result;
}

}  // namespace bat::config
