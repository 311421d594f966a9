#include "app/input_file.h"

#include <fstream>
#include <iostream>

namespace holdfast {
namespace {

constexpr std::size_t kFileBytesLimit = 256UL * 1024 * 1024;

Result<std::string> read_all(std::istream& stream, const std::string& name) {
  std::string text;
  std::string chunk(64UL * 1024, '\0');
  while (stream.read(chunk.data(), static_cast<std::streamsize>(chunk.size())) || stream.gcount() > 0) {
    text.append(chunk, 0, static_cast<std::size_t>(stream.gcount()));
    if (text.size() > kFileBytesLimit) return fail(ErrorKind::TooLarge, "more than 256 MiB", name);
  }
  if (stream.bad() || !stream.eof()) return fail(ErrorKind::Invalid, "cannot be read", name, "is it a readable file?");
  return text;
}

}  // namespace

std::string input_name(const std::string& file) { return file == "-" ? "standard input" : file; }

Result<std::string> read_input(const std::string& file) {
  if (file == "-") return read_all(std::cin, input_name(file));
  std::ifstream stream(file, std::ios::binary);
  if (!stream) return fail(ErrorKind::NotFound, "there is no such file, or it may not be read", file);
  return read_all(stream, file);
}

}  // namespace holdfast
