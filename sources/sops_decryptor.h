// Decrypts by the sops program, with age keys. The key reaches it in its environment, the file through its standard
// input, and what comes back through a pipe: none of them is ever in a file. It is run without a home, a configuration
// or a way to cloud key services.
#pragma once

#include <cstddef>
#include <map>
#include <mutex>
#include <stop_token>
#include <string>
#include <vector>

#include "holdfast/base/digest.h"
#include "holdfast/base/secret.h"
#include "sources/decryptor.h"
#include "sources/sops_file.h"

namespace holdfast {

// Identities of age, one a line, from whatever holds them.
struct AgeKeys {
  Secret text;
  std::string where;  // "Secret flux-system/sops-age", for messages
};
inline constexpr std::size_t kAgeKeysLimitBytes = std::size_t{64} << 10;
// Invalid where that is no line with a key, or too much.
Result<void> check_age_keys(const AgeKeys& keys);

class SopsDecryptor final : public Decryptor {
 public:
  static constexpr int kLeastVersion[] = {3, 9};
  static constexpr std::size_t kFileLimitBytes = std::size_t{1} << 20;
  static constexpr std::size_t kRememberedBytes = std::size_t{8} << 20;

  // `program`: empty: found in kProgramPath, at first use.
  SopsDecryptor(AgeKeys keys, std::string program, std::stop_token stop);

  Result<std::string> decrypt(const std::string& path, std::string_view bytes, SopsFormat format) override;
  Result<std::string> decrypt_rendered(const std::string& origin, std::string_view object) override;

 private:
  Result<std::string> decrypt_documents(const std::string& path, std::string_view text);
  enum class Checksum { Checked, Ignored };
  Result<std::string> decrypt_one(const std::string& path, std::string_view bytes, SopsFormat format,
                                  const SopsBlock& block, Checksum checksum = Checksum::Checked);
  Result<std::string> run(const std::string& path, std::string_view bytes, SopsFormat format, const SopsBlock& block,
                          Checksum checksum);
  Result<void> find_sops();
  [[nodiscard]] Error failure(int exit_status, std::string_view stderr_text, const std::string& path,
                              const SopsBlock& block) const;

  AgeKeys keys_;
  std::string program_;
  std::stop_token stop_;
  std::mutex mutex_;  // guards all below
  bool found_ = false;
  std::map<Sha256, Secret> remembered_;  // by what was decrypted, so that a commit runs sops for what is new in it
  std::size_t remembered_bytes_ = 0;
};

}  // namespace holdfast
