#include "sources/sops_decryptor.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <utility>

#include "holdfast/base/process.h"

namespace holdfast {
namespace {

// Exit statuses of sops.
constexpr int kNoKey = 128, kMacMismatch = 51, kCannotDecrypt = 25;

constexpr std::chrono::milliseconds kDeadline{30'000};
constexpr std::size_t kOutputLimit_bytes = std::size_t{16} << 20;

// A metadata block may name key services of clouds: there is no way to one, and nobody waits for it.
std::vector<std::string> environment_with(const AgeKeys& keys) {
  return {fmt::format("PATH={}", kProgramPath),
          "HOME=/nonexistent",
          "LC_ALL=C",
          "AWS_EC2_METADATA_DISABLED=true",
          "GCE_METADATA_HOST=127.0.0.1:1",
          "HTTP_PROXY=http://127.0.0.1:1",
          "HTTPS_PROXY=http://127.0.0.1:1",
          "SOPS_AGE_KEY=" + std::string(keys.text.reveal())};
}

// "sops 3.13.3" or "sops 3.9.0 (latest)".
bool is_recent(std::string_view text) {
  if (!text.starts_with("sops ")) return false;
  text.remove_prefix(5);
  for (const int least : SopsDecryptor::kLeastVersion) {
    int number = 0;
    std::size_t digits = 0;
    for (; digits < text.size() && digits < 6 && text[digits] >= '0' && text[digits] <= '9'; ++digits)
      number = number * 10 + (text[digits] - '0');
    if (digits == 0 || number < least) return false;
    if (number > least) return true;
    text.remove_prefix(std::min(digits + 1, text.size()));
  }
  return true;
}

std::string_view first_line(std::string_view text) {
  return text.substr(0, std::min(text.find('\n'), std::size_t{200}));
}

}  // namespace

Result<void> check_age_keys(const AgeKeys& keys) {
  constexpr const char* kHint = "it has to hold what age-keygen writes: a line that begins with AGE-SECRET-KEY-1";
  const std::string_view text = keys.text.reveal();
  if (text.size() > kAgeKeysLimitBytes) return fail(ErrorKind::Invalid, "the age keys are too long", keys.where, kHint);
  if (text.find('\0') != std::string_view::npos ||
      (!text.starts_with("AGE-SECRET-KEY-") && !text.contains("\nAGE-SECRET-KEY-")))
    return fail(ErrorKind::Invalid, "there is no age key in it", keys.where, kHint);
  return {};
}

SopsDecryptor::SopsDecryptor(AgeKeys keys, std::string program, std::stop_token stop)
    : keys_(std::move(keys)), program_(std::move(program)), stop_(std::move(stop)) {}

Result<void> SopsDecryptor::find_sops() {
  if (found_) return {};
  constexpr const char* kHint = "install sops 3.9 or later (https://github.com/getsops/sops/releases) next to Holdfast";
  if (program_.empty()) {
    auto program = find_program("sops");
    if (!program) return fail(ErrorKind::NotFound, program.error().message, {}, kHint);
    program_ = std::move(*program);
  }
  const auto said = run_program({.argv = {program_, "--version", "--disable-version-check"},
                                 .environment = {fmt::format("PATH={}", kProgramPath), "HOME=/nonexistent"},
                                 .deadline = kDeadline,
                                 .stop = stop_});
  if (!said) return std::unexpected(said.error());
  if (said->exit_status != 0 || !is_recent(said->out))
    return fail(ErrorKind::NotFound, fmt::format("{} is not sops 3.9 or later: {}", program_, first_line(said->out)),
                {}, kHint);
  found_ = true;
  return {};
}

Result<std::string> SopsDecryptor::decrypt(const std::string& path, std::string_view bytes, SopsFormat format) {
  if (!is_sops_encrypted(bytes, format)) return std::string(bytes);
  const std::lock_guard lock(mutex_);
  if (format == SopsFormat::Yaml) return decrypt_documents(path, bytes);
  return decrypt_one(path, bytes, format, sops_block_of(bytes, format));
}

Result<std::string> SopsDecryptor::decrypt_rendered(const std::string& origin, std::string_view object) {
  const std::lock_guard lock(mutex_);
  return decrypt_one(origin, object, SopsFormat::Json, sops_block_of(object, SopsFormat::Json), Checksum::Ignored);
}

// Encrypted at once, they share one block; put together afterwards, each has its own, or none.
Result<std::string> SopsDecryptor::decrypt_documents(const std::string& path, std::string_view text) {
  const std::vector<YamlChunk> chunks = split_yaml(text);
  std::vector<SopsBlock> blocks;
  for (const YamlChunk& chunk : chunks) blocks.push_back(sops_block_of(chunk.text, SopsFormat::Yaml));
  const auto same = [&](const SopsBlock& block) { return block.present && block.mac == blocks.front().mac; };
  if (std::ranges::all_of(blocks, same)) {
    auto all = decrypt_one(path, text, SopsFormat::Yaml, blocks.front());
    if (!all) return all;
    return with_lines_of(text, std::move(*all));
  }
  std::string out;
  int line = 1;
  for (std::size_t i = 0; i < chunks.size(); ++i) {
    for (; line < chunks[i].line; ++line) out += '\n';
    std::string document(chunks[i].text);
    if (blocks[i].present) {
      auto decrypted =
          decrypt_one(fmt::format("{}:{}", path, chunks[i].line), chunks[i].text, SopsFormat::Yaml, blocks[i]);
      if (!decrypted) return decrypted;
      document = (i == 0 ? "" : "---\n") + std::move(*decrypted);
    }
    line += static_cast<int>(std::ranges::count(document, '\n'));
    out += document;
  }
  return out;
}

Result<std::string> SopsDecryptor::decrypt_one(const std::string& path, std::string_view bytes, SopsFormat format,
                                               const SopsBlock& block, Checksum checksum) {
  const char* const how = checksum == Checksum::Checked ? "" : " unchecked";
  const Sha256 known_as = sha256(to_string(format) + std::string(how) + '\n' + std::string(bytes));
  if (const auto known = remembered_.find(known_as); known != remembered_.end())
    return std::string(known->second.reveal());
  auto plain = run(path, bytes, format, block, checksum);
  if (!plain) return plain;
  if (remembered_bytes_ + plain->size() > kRememberedBytes) {
    remembered_.clear();
    remembered_bytes_ = 0;
  }
  if (plain->size() <= kRememberedBytes) {
    remembered_bytes_ += plain->size();
    remembered_.emplace(known_as, Secret(*plain));
  }
  return plain;
}

Result<std::string> SopsDecryptor::run(const std::string& path, std::string_view bytes, SopsFormat format,
                                       const SopsBlock& block, Checksum checksum) {
  if (block.age_recipients.empty())
    return fail(ErrorKind::Invalid,
                fmt::format("it is encrypted for {} and for no age key",
                            block.other_keys.empty() ? "nobody" : fmt::format("{}", fmt::join(block.other_keys, ", "))),
                path,
                "only age is supported: add an age recipient to .sops.yaml, and run `sops updatekeys` on the file");
  if (bytes.size() > kFileLimitBytes)
    return fail(ErrorKind::TooLarge, fmt::format("an encrypted file of more than {} bytes", kFileLimitBytes), path);
  if (auto found = find_sops(); !found) return std::unexpected(std::move(found.error()));
  std::vector<std::string> words{program_,       "decrypt",         "--decryption-order", "age",
                                 "--input-type", to_string(format), "--output-type",      to_string(format)};
  if (checksum == Checksum::Ignored) words.emplace_back("--ignore-mac");
  words.emplace_back("/dev/stdin");
  auto said = run_program({.argv = std::move(words),
                           .environment = environment_with(keys_),
                           .input = std::string(bytes),
                           .deadline = kDeadline,
                           .stdout_limit_bytes = kOutputLimit_bytes,
                           .stop = stop_});
  if (!said) {
    said.error().where = path;
    return std::unexpected(std::move(said.error()));
  }
  if (said->exit_status != 0) return std::unexpected(failure(said->exit_status, said->err, path, block));
  // Less than there was would be pruned.
  const bool whole =
      format == SopsFormat::Yaml ? split_yaml(said->out).size() == split_yaml(bytes).size() : !said->out.empty();
  if (!whole || is_sops_encrypted(said->out, format))
    return fail(ErrorKind::Internal, "what sops printed is not all of it", path, "it is tried again");
  return std::move(said->out);
}

Error SopsDecryptor::failure(int exit_status, std::string_view stderr_text, const std::string& path,
                             const SopsBlock& block) const {
  switch (exit_status) {
    case kNoKey:
      return {ErrorKind::Invalid,
              fmt::format("no key of {} can decrypt it; it is encrypted for {}", keys_.where,
                          fmt::join(block.age_recipients, ", ")),
              path, "add the key of one of these, or add the key's own recipient to the file with `sops updatekeys`"};
    case kMacMismatch:
      return {ErrorKind::Invalid, "it was changed after it was encrypted: its MAC does not fit", path,
              "edit it with `sops edit`, never by hand; after a merge, take one side and encrypt it again"};
    case kCannotDecrypt:
      return {ErrorKind::Invalid, "a value in it does not decrypt: it was changed, moved or cut after it was encrypted",
              path, "edit it with `sops edit`, never by hand"};
    default:
      return {ErrorKind::Invalid,
              fmt::format("sops cannot decrypt it (exit status {}): {}", exit_status, first_line(stderr_text)), path,
              "see what `sops decrypt` says of the file"};
  }
}

}  // namespace holdfast
