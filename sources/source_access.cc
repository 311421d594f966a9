#include "sources/source_access.h"

#include <spdlog/fmt/fmt.h>

#include <fstream>
#include <utility>

namespace holdfast {
namespace {

namespace asio = boost::asio;

bool same(const GitCredentials& a, const GitCredentials& b) {
  return a.username == b.username && a.password == b.password && a.bearer_token == b.bearer_token &&
         a.ssh_key_file == b.ssh_key_file && a.known_hosts_file == b.known_hosts_file && a.ca_file == b.ca_file &&
         a.docker_config_file == b.docker_config_file && a.client_certificate_file == b.client_certificate_file &&
         a.client_key_file == b.client_key_file;
}

bool same(const AgeKeys& a, const AgeKeys& b) { return a.text == b.text && a.where == b.where; }

Result<Secret> read_file(const std::string& path, std::size_t limit_bytes, const char* field) {
  std::ifstream in(path, std::ios::binary);
  std::string text(limit_bytes + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(std::max<std::streamsize>(in.gcount(), 0)));
  if (text.empty())
    return fail(ErrorKind::Invalid, "there is no file here that we may read, or it is empty", path,
                std::string("check ") + field);
  if (text.size() > limit_bytes)
    return fail(ErrorKind::TooLarge, fmt::format("it has more than {} bytes", limit_bytes), path);
  return Secret(std::move(text));
}

}  // namespace

AccessWishes AccessWishes::credentials() const {
  AccessWishes some = *this;
  some.signatures.reset();
  some.decryption.reset();
  return some;
}

AccessWishes AccessWishes::trust() const {
  AccessWishes some = *this;
  some.files = {};
  some.credentials_secret.clear();
  return some;
}

Result<AgeKeys> age_keys_of(const ClusterValue& secret, std::string where) {
  std::string text;
  bool openpgp = false;
  for (const auto& [name, value] : secret.data) {
    if (name.ends_with(".agekey")) text += std::string(value.reveal()) + '\n';
    openpgp |= name.ends_with(".asc");
  }
  AgeKeys keys{Secret(std::move(text)), std::move(where)};
  if (keys.text.empty())
    return fail(ErrorKind::Invalid,
                openpgp ? "its keys are OpenPGP's, and only those of age are supported"
                        : "it has no entry that ends in .agekey",
                keys.where, "make one with age-keygen and put it under age.agekey");
  if (auto good = check_age_keys(keys); !good) return std::unexpected(good.error());
  return keys;
}

AccessKeeper::AccessKeeper(asio::any_io_executor executor, ClusterValues* values, AccessWishes wishes, GitUrl url,
                           std::string scratch_folder, std::stop_token stop)
    : values_(values),
      wishes_(std::move(wishes)),
      url_(std::move(url)),
      scratch_folder_(std::move(scratch_folder)),
      stop_(std::move(stop)),
      one_(std::make_shared<Gate>(executor, 1)),
      tokens_(executor) {}

ValueReference AccessKeeper::reference(const std::string& name) const {
  return {ValueReference::Kind::Secret, wishes_.namespace_, name};
}

asio::awaitable<Result<ClusterValuePtr>> AccessKeeper::read(std::string name) {
  const ValueReference wanted = reference(name);
  if (values_ == nullptr)
    co_return fail(ErrorKind::Invalid,
                   fmt::format("{} is named, and there is no cluster to read it from", to_string(wanted)));
  auto value = co_await values_->read(wanted);
  seen_[wanted] = value ? (*value)->resource_version : std::string();
  co_return value;
}

asio::awaitable<Result<SourceAccessPtr>> AccessKeeper::get() {
  const auto turn = co_await one_->enter(Clock::time_point::max());
  if (!turn) co_return std::unexpected(turn.error());
  // All of them are looked at, so that changed() hears of each.
  const Result<void> credentials = co_await renew_credentials();
  const Result<void> signatures = co_await renew_signatures();
  const Result<void> decryptor = co_await renew_decryptor();
  for (const auto* const renewed : {&credentials, &signatures, &decryptor})
    if (!*renewed) co_return std::unexpected(renewed->error());
  const bool kept = access_ && same(access_->credentials, parts_.credentials) &&
                    access_->signatures == parts_.signatures && access_->decryptor == parts_.decryptor;
  if (!kept) access_ = std::make_shared<const SourceAccess>(parts_);
  co_return access_;
}

asio::awaitable<Result<void>> AccessKeeper::renew_credentials() {
  if (wishes_.credentials_secret.empty()) {
    auto credentials = read_credential_files(wishes_.files);
    if (!credentials) co_return std::unexpected(std::move(credentials.error()));
    credentials->ssh_auth_sock = wishes_.ssh_auth_sock;
    parts_.credentials = std::move(*credentials);
    co_return Result<void>();
  }
  const Result<ClusterValuePtr> secret = co_await read(wishes_.credentials_secret);
  if (!secret) co_return std::unexpected(secret.error());
  if (credentials_version_ != (*secret)->resource_version) {
    auto read = credentials_of_secret(**secret, url_, to_string(reference(wishes_.credentials_secret)));
    if (!read) co_return std::unexpected(std::move(read.error()));
    credentials_version_ = (*secret)->resource_version;
    app_ = std::move(read->app);
    parts_.credentials = std::move(read->credentials);
  }
  if (!app_) co_return Result<void>();
  GithubApp app = *app_;
  auto token = co_await tokens_.token(std::move(app));
  if (!token) co_return std::unexpected(std::move(token.error()));
  parts_.credentials.username = "x-access-token";
  parts_.credentials.password = std::move(*token);
  co_return Result<void>();
}

asio::awaitable<Result<void>> AccessKeeper::renew_signatures() {
  if (!wishes_.signatures) co_return Result<void>();
  std::map<std::string, Secret> entries;
  std::string where = wishes_.signatures->keys_file;
  if (wishes_.signatures->secret.empty()) {
    auto text = read_file(where, kSignersLimitBytes, "spec.source.verify.keysFile");
    if (!text) co_return std::unexpected(std::move(text.error()));
    entries.emplace("keysFile", std::move(*text));
  } else {
    const Result<ClusterValuePtr> secret = co_await read(wishes_.signatures->secret);
    if (!secret) co_return std::unexpected(secret.error());
    entries = (*secret)->data;
    where = to_string(reference(wishes_.signatures->secret));
  }
  auto signers = signers_of(entries, std::move(where));
  if (!signers) co_return std::unexpected(std::move(signers.error()));
  if (parts_.signatures == nullptr || *signers != signers_)
    parts_.signatures = std::make_shared<const SignatureCheck>(*signers, scratch_folder_, stop_);
  signers_ = std::move(*signers);
  co_return Result<void>();
}

asio::awaitable<Result<void>> AccessKeeper::renew_decryptor() {
  if (!wishes_.decryption) co_return Result<void>();
  Result<AgeKeys> keys;
  if (wishes_.decryption->secret.empty()) {
    auto text = read_file(wishes_.decryption->age_key_file, kAgeKeysLimitBytes, "spec.decryption.ageKeyFile");
    if (!text) co_return std::unexpected(std::move(text.error()));
    keys = AgeKeys{std::move(*text), wishes_.decryption->age_key_file};
    if (auto good = check_age_keys(*keys); !good) co_return good;
  } else {
    const Result<ClusterValuePtr> secret = co_await read(wishes_.decryption->secret);
    if (!secret) co_return std::unexpected(secret.error());
    keys = age_keys_of(**secret, to_string(reference(wishes_.decryption->secret)));
    if (!keys) co_return std::unexpected(std::move(keys.error()));
  }
  if (parts_.decryptor == nullptr || !same(*keys, age_keys_))
    parts_.decryptor = std::make_shared<SopsDecryptor>(*keys, wishes_.sops, stop_);
  age_keys_ = std::move(*keys);
  co_return Result<void>();
}

asio::awaitable<Result<SourceTrust>> AccessKeeper::trust() {
  const auto access = co_await get();
  if (!access) co_return std::unexpected(access.error());
  const SignatureMode mode = wishes_.signatures ? wishes_.signatures->mode : SignatureMode::Head;
  co_return SourceTrust{(*access)->signatures, mode, (*access)->decryptor};
}

asio::awaitable<Result<void>> AccessKeeper::changed() {
  SeenValues seen = seen_;
  co_return co_await values_->changed(std::move(seen));
}

std::string AccessKeeper::refused() {
  if (wishes_.credentials_secret.empty()) return {};
  tokens_.rejected();
  return fmt::format("correct {}; it is read again when it changes", to_string(reference(wishes_.credentials_secret)));
}

}  // namespace holdfast
