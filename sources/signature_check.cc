#include "sources/signature_check.h"

#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <utility>
#include <vector>

#include "holdfast/base/digest.h"
#include "holdfast/base/memory_file.h"
#include "holdfast/base/process.h"

namespace holdfast {
namespace {

constexpr std::chrono::milliseconds kDeadline{30'000};

std::unexpected<Error> refuse(std::string why, std::string hint = {}) {
  return fail(ErrorKind::Invalid, std::move(why), {}, std::move(hint));
}

// For gpg alone: public keys and a signature, no secret.
class ScratchFolder {
 public:
  explicit ScratchFolder(const std::string& parent) : path_(parent + "/gnupg.XXXXXX") {
    if (::mkdtemp(path_.data()) == nullptr) path_.clear();
  }
  ~ScratchFolder() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

struct StatusLine {
  std::string_view keyword, rest;
};

std::vector<StatusLine> status_lines(std::string_view text) {
  constexpr std::string_view kPrefix = "[GNUPG:] ";
  std::vector<StatusLine> lines;
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (!line.starts_with(kPrefix)) continue;
    line.remove_prefix(kPrefix.size());
    const std::string_view keyword = line.substr(0, line.find(' '));
    lines.push_back({keyword, line.substr(std::min(keyword.size() + 1, line.size()))});
  }
  return lines;
}

// "KEYID Jane <jane@example.com>" as "Jane <jane@example.com> (key KEYID)".
std::string signer_in(std::string_view key_and_name) {
  const std::string_view key = key_and_name.substr(0, key_and_name.find(' '));
  const std::string_view name = key_and_name.substr(std::min(key.size() + 1, key_and_name.size()));
  return name.empty() ? fmt::format("key {}", key) : fmt::format("{} (key {})", name, key);
}

std::string_view last_line(std::string_view text) {
  while (text.ends_with('\n')) text.remove_suffix(1);
  return text.substr(text.rfind('\n') + 1);
}

// By which key it was signed that is none of ours: "Good "git" signature with ED25519 key SHA256:…".
std::unexpected<Error> strange_key(const Result<ProcessOutput>& checked) {
  if (!checked) return std::unexpected(checked.error());
  const std::string_view said = last_line(checked->out);
  if (checked->exit_status != 0 || !said.contains(" with ")) return refuse("its signature is not good: it was changed");
  return refuse(fmt::format("it was signed with the {}", said.substr(said.find(" with ") + 6)));
}

std::string short_id(std::string_view id) { return std::string(id.substr(0, 12)); }

}  // namespace

Result<std::string> read_gpg_status(std::string_view status) {
  int signatures = 0, good = 0;
  std::string signer;
  for (const auto& [keyword, rest] : status_lines(status)) {
    if (keyword == "NEWSIG") ++signatures;
    if (keyword == "BADSIG") return refuse(fmt::format("it was changed after {} signed it", signer_in(rest)));
    if (keyword == "EXPSIG") return refuse(fmt::format("the signature of {} has expired", signer_in(rest)));
    if (keyword == "EXPKEYSIG") return refuse(fmt::format("the key of {} has expired", signer_in(rest)));
    if (keyword == "REVKEYSIG") return refuse(fmt::format("the key of {} was revoked", signer_in(rest)));
    if (keyword == "ERRSIG")
      return refuse(fmt::format("it was signed with the key {}", rest.substr(0, rest.find(' '))));
    if (keyword == "GOODSIG") signer = signer_in(rest);
    if (keyword == "VALIDSIG") ++good;
  }
  if (signatures > 1) return refuse("it has several signatures");
  if (good != 1 || signer.empty()) return refuse("its signature cannot be read");
  return signer;
}

SignatureCheck::SignatureCheck(Signers signers, std::string scratch_folder, std::stop_token stop)
    : signers_(std::move(signers)), scratch_folder_(std::move(scratch_folder)), stop_(std::move(stop)) {
  for (const std::string* part : {&signers_.openpgp, &signers_.allowed_signers, &signers_.revoked, &signers_.where})
    identity_ += to_hex(sha256(*part));
}

Result<std::string> SignatureCheck::by_gpg(const SignedObject& object) const {
  if (signers_.openpgp.empty()) return refuse("it has an OpenPGP signature");
  const auto gpg = find_program("gpg");
  if (!gpg) return std::unexpected(gpg.error());
  const ScratchFolder home(scratch_folder_);
  if (home.path().empty()) return fail(ErrorKind::Internal, fmt::format("cannot make a folder in {}", scratch_folder_));
  const std::string signature = home.path() + "/signature";
  std::ofstream(signature, std::ios::binary) << object.signature;
  const auto run = [&](std::vector<std::string> more, const std::string& input) {
    ProcessSpec spec;
    spec.argv = {*gpg,
                 "--no-options",
                 "--homedir",
                 home.path(),
                 "--batch",
                 "--no-tty",
                 "--no-autostart",
                 "--disable-dirmngr",
                 "--no-auto-key-retrieve",
                 "--trust-model",
                 "always",
                 "--status-fd",
                 "1"};
    spec.argv.insert(spec.argv.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
    spec.environment = {fmt::format("PATH={}", kProgramPath), "HOME=/nonexistent", "LC_ALL=C"};
    spec.input = input;
    spec.deadline = kDeadline;
    spec.stop = stop_;
    return run_program(spec);
  };
  const auto imported = run({"--import"}, signers_.openpgp);
  if (!imported) return std::unexpected(imported.error());
  if (!imported->out.contains("[GNUPG:] IMPORT_OK "))
    return fail(ErrorKind::Invalid, "gpg reads no public key out of it", signers_.where, "export the keys once more");
  const auto verified = run({"--verify", "--", signature, "-"}, object.payload);
  if (!verified) return std::unexpected(verified.error());
  auto signer = read_gpg_status(verified->out);
  if (signer && verified->exit_status != 0) return refuse("its signature is not good");
  return signer;
}

Result<std::string> SignatureCheck::by_ssh(const SignedObject& object) const {
  if (signers_.allowed_signers.empty()) return refuse("it has an SSH signature");
  const auto keygen = find_program("ssh-keygen");
  if (!keygen) return std::unexpected(keygen.error());
  const auto signature = MemoryFile::make(object.signature), allowed = MemoryFile::make(signers_.allowed_signers),
             revoked = MemoryFile::make(signers_.revoked);
  for (const auto* const file : {&signature, &allowed, &revoked})
    if (!*file) return std::unexpected(file->error());
  const auto run = [&](std::vector<std::string> arguments, const std::string& input) {
    ProcessSpec spec;
    spec.argv = {*keygen, "-Y"};
    spec.argv.insert(spec.argv.end(), std::make_move_iterator(arguments.begin()),
                     std::make_move_iterator(arguments.end()));
    spec.environment = {fmt::format("PATH={}", kProgramPath), "HOME=/nonexistent", "LC_ALL=C"};
    spec.input = input;
    spec.deadline = kDeadline;
    spec.stop = stop_;
    return run_program(spec);
  };
  const auto found = run({"find-principals", "-s", (*signature)->path(), "-f", (*allowed)->path()}, {});
  if (!found) return std::unexpected(found.error());
  const std::string principal(found->out.substr(0, found->out.find('\n')));
  if (found->exit_status != 0 || principal.empty()) {
    if (found->err.contains("expired") || found->err.contains("not yet valid"))
      return refuse("the key that signed it has expired, or counts only later");
    return strange_key(run({"check-novalidate", "-n", "git", "-s", (*signature)->path()}, object.payload));
  }
  const auto verify = [&](bool with_revoked) {
    std::vector<std::string> arguments = {"verify",           "-n", "git",    "-s", (*signature)->path(), "-f",
                                          (*allowed)->path(), "-I", principal};
    if (with_revoked) arguments.insert(arguments.end(), {"-r", (*revoked)->path()});
    return run(std::move(arguments), object.payload);
  };
  const auto verified = verify(!signers_.revoked.empty());
  if (!verified) return std::unexpected(verified.error());
  if (verified->exit_status == 0) return principal;
  if (verified->err.contains("namespace")) return refuse(fmt::format("the key of {} may not sign for git", principal));
  if (verified->err.contains("incorrect signature"))
    return refuse(fmt::format("it was changed after {} signed it", principal));
  if (!signers_.revoked.empty())  // which it says nothing of
    if (const auto without = verify(false); without && without->exit_status == 0)
      return refuse(fmt::format("the key of {} was revoked", principal));
  return refuse(fmt::format("the signature of {} is not good", principal));
}

Result<std::string> SignatureCheck::signer_of(const SignedObject& object, const std::string& what) const {
  const auto judge = [&]() -> Result<std::string> {
    switch (object.kind) {
      case SignatureKind::None:
        return refuse(object.signature.empty() ? "it is not signed" : "its signature is of an unknown kind");
      case SignatureKind::OpenPgp:
        return by_gpg(object);
      case SignatureKind::Ssh:
        return by_ssh(object);
      case SignatureKind::X509:
        return refuse("it has an X.509 signature, which is not supported");
    }
    return refuse("its signature is of an unknown kind");
  };
  Result<std::string> signer = judge();
  if (signer || signer.error().kind != ErrorKind::Invalid || !signer.error().where.empty()) return signer;
  Error error = std::move(signer.error());
  error.message =
      fmt::format("{} is refused: {}; only signatures by keys of {} count", what, error.message, signers_.where);
  error.hint = fmt::format("sign it with one of these keys, or add the public key to {}", signers_.where);
  return std::unexpected(std::move(error));
}

namespace {

// The text of an object, which has this very id.
Result<std::string> text_of(const GitProgram& git, const std::string& repository, const char* type,
                            const std::string& id) {
  const auto read = git.run({.arguments = {"--git-dir=" + repository, "cat-file", type, id}});
  if (!read) return std::unexpected(read.error());
  if (read->exit_status != 0)
    return fail(ErrorKind::Internal, fmt::format("{} {} is not in the Git cache", type, id), git.url(),
                "it is tried again");
  if (git_object_id(type, read->out) != id)
    return fail(ErrorKind::Internal, fmt::format("{} {} is another one in the Git cache", type, id), git.url());
  return read->out;
}

Result<void> verify_tag(const GitProgram& git, const std::string& repository, const NamedRevision& revision,
                        const SignatureCheck& check) {
  constexpr std::string_view kTags = "refs/tags/";
  const std::string name = revision.ref.starts_with(kTags) ? revision.ref.substr(kTags.size()) : std::string();
  if (revision.tag_object.empty())
    return fail(ErrorKind::Invalid,
                name.empty() ? fmt::format("{} is no tag, and the signature of a tag is asked for",
                                           revision.ref.empty() ? revision.commit : revision.ref)
                             : fmt::format("the tag {} is not annotated, and so not signed", name),
                git.url(), name.empty() ? "name a tag, or ask for mode: HEAD" : "make it with `git tag --sign`");
  const auto text = text_of(git, repository, "tag", revision.tag_object);
  if (!text) return std::unexpected(text.error());
  const auto object = parse_signed_tag(*text);
  if (!object) return std::unexpected(object.error());
  // Another tag, though well signed, would be a way back to what it names.
  if (object->tag != name)
    return fail(ErrorKind::Invalid, fmt::format("the tag {} is in truth the tag {}", name, object->tag), git.url(),
                "somebody moved it; make it anew");
  if (object->type != "commit" || object->target != revision.commit)
    return fail(ErrorKind::Invalid,
                fmt::format("the tag {} does not name the commit {}", name, short_id(revision.commit)), git.url(),
                "it has to name a commit, and no other tag");
  const auto signer = check.signer_of(*object, fmt::format("tag {} of {}", name, object->author));
  return signer ? Result<void>() : std::unexpected(signer.error());
}

Result<void> verify_commit(const GitProgram& git, const std::string& repository, const NamedRevision& revision,
                           const SignatureCheck& check) {
  const auto text = text_of(git, repository, "commit", revision.commit);
  if (!text) return std::unexpected(text.error());
  const auto object = parse_signed_commit(*text);
  if (!object)
    return fail(ErrorKind::Invalid, fmt::format("commit {}: {}", short_id(revision.commit), object.error().message),
                git.url());
  const auto signer =
      check.signer_of(*object, fmt::format("commit {} of {}", short_id(revision.commit), object->author));
  return signer ? Result<void>() : std::unexpected(signer.error());
}

}  // namespace

Result<void> verify_revision(const GitProgram& git, const std::string& repository, const NamedRevision& revision,
                             SignatureMode mode, const SignatureCheck& check) {
  const auto located = [&](Result<void> verified) {
    if (!verified && verified.error().where.empty()) verified.error().where = git.url();
    return verified;
  };
  if (mode != SignatureMode::Head)
    if (auto verified = located(verify_tag(git, repository, revision, check)); !verified) return verified;
  if (mode == SignatureMode::Tag) return {};
  return located(verify_commit(git, repository, revision, check));
}

}  // namespace holdfast
