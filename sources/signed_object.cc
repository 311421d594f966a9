#include "sources/signed_object.h"

#include <openssl/evp.h>
#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <utility>

namespace holdfast {
namespace {

SignatureKind kind_of(std::string_view armor) {
  if (armor.starts_with("-----BEGIN PGP SIGNATURE-----") || armor.starts_with("-----BEGIN PGP MESSAGE-----"))
    return SignatureKind::OpenPgp;
  if (armor.starts_with("-----BEGIN SSH SIGNATURE-----")) return SignatureKind::Ssh;
  if (armor.starts_with("-----BEGIN SIGNED MESSAGE-----")) return SignatureKind::X509;
  return SignatureKind::None;
}

std::string_view take_line(std::string_view& text) {
  const std::string_view line = text.substr(0, text.find('\n'));
  text.remove_prefix(std::min(line.size() + 1, text.size()));
  return line;
}

// "Jane <jane@example.com> 1700000000 +0100" without the time.
std::string person(std::string_view value) { return std::string(value.substr(0, value.rfind('>') + 1)); }

}  // namespace

// The signature is a header of its own; all else, headers and message, is what was signed.
Result<SignedObject> parse_signed_commit(std::string_view text) {
  SignedObject object;
  bool inside = false, seen = false;
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::string_view whole = rest;
    const std::string_view line = take_line(rest);
    if (line.empty()) {
      object.payload += whole;
      if (object.author.empty()) break;
      object.kind = kind_of(object.signature);
      return object;
    }
    if (inside && line.starts_with(' ')) {
      object.signature += std::string(line.substr(1)) + '\n';
      continue;
    }
    inside = line.starts_with("gpgsig ");
    if (inside) {
      if (std::exchange(seen, true)) return fail(ErrorKind::Invalid, "it has several signatures");
      object.signature = std::string(line.substr(7)) + '\n';
      continue;
    }
    if (line.starts_with("committer ")) object.author = person(line.substr(10));
    object.payload += std::string(whole.substr(0, line.size() + 1));
  }
  return fail(ErrorKind::Invalid, "it is no commit");
}

// The signature is at the end of the message.
Result<SignedObject> parse_signed_tag(std::string_view text) {
  SignedObject object;
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::string_view line = take_line(rest);
    if (line.empty()) break;
    if (line.starts_with("object ")) object.target = line.substr(7);
    if (line.starts_with("type ")) object.type = line.substr(5);
    if (line.starts_with("tag ")) object.tag = line.substr(4);
    if (line.starts_with("tagger ")) object.author = person(line.substr(7));
  }
  if (object.target.empty() || object.tag.empty()) return fail(ErrorKind::Invalid, "it is no annotated tag");
  std::size_t begin = std::string_view::npos;
  for (std::size_t at = text.size() - rest.size(); at < text.size();) {
    if (kind_of(text.substr(at)) != SignatureKind::None) begin = at;
    const std::size_t end = text.find('\n', at);
    if (end == std::string_view::npos) break;
    at = end + 1;
  }
  object.payload = text.substr(0, begin);
  if (begin != std::string_view::npos) object.signature = text.substr(begin);
  object.kind = kind_of(object.signature);
  return object;
}

std::string git_object_id(std::string_view type, std::string_view text) {
  const std::string whole = fmt::format("{} {}{}{}", type, text.size(), '\0', text);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  EVP_Digest(whole.data(), whole.size(), digest.data(), &size, EVP_sha1(), nullptr);
  std::string hex;
  for (unsigned i = 0; i < size; ++i) hex += fmt::format("{:02x}", digest[i]);
  return hex;
}

}  // namespace holdfast
