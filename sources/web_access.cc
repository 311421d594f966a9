#include "sources/web_access.h"

#include <fstream>
#include <utility>

#include "net/user_agent.h"

namespace holdfast {
namespace {

constexpr std::size_t kLongestFileBytes = std::size_t{1} << 20;

Result<std::string> read_file(const std::string& path, const char* field) {
  std::ifstream in(path, std::ios::binary);
  std::string text(kLongestFileBytes + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (in.bad() || in.gcount() <= 0)
    return fail(ErrorKind::Invalid, "there is no file here that we may read, or it is empty", path,
                std::string("check ") + field);
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (text.size() > kLongestFileBytes)
    return fail(ErrorKind::Invalid, "the file is longer than 1 MiB", path, std::string("check ") + field);
  return text;
}

}  // namespace

Result<void> WebAccess::renew(const std::string& host) {
  std::string ca_pem;
  if (!access_.ca_file.empty()) {
    auto read = read_file(access_.ca_file, "spec.source.credentials.caFile");
    if (!read) return std::unexpected(read.error());
    ca_pem = std::move(*read);
  }
  login_ = access_.login;
  if (!login_ && !access_.docker_config_file.empty()) {
    auto config = read_file(access_.docker_config_file, "spec.source.credentials.dockerConfigFile");
    if (!config) return std::unexpected(config.error());
    auto login = docker_login(*config, host);
    std::fill(config->begin(), config->end(), '\0');
    if (!login) {
      login.error().where = access_.docker_config_file;
      return std::unexpected(login.error());
    }
    login_ = std::move(*login);
  }
  if (web_ && ca_pem == ca_pem_) return {};
  ca_pem_ = std::move(ca_pem);
  WebClientOptions options;
  options.user_agent = user_agent("holdfast", HOLDFAST_VERSION);
  options.ca_pem = ca_pem_;
  options.proxy = access_.proxy;
  options.hint = "check spec.source.repoURL, and the authority in spec.source.credentials.caFile";
  options.stop = stop_;
  options.silence = silence_;
  web_.emplace(std::move(options));
  return {};
}

}  // namespace holdfast
