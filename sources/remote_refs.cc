#include "sources/remote_refs.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "sources/git_url.h"
#include "sources/semver.h"

namespace holdfast {
namespace {

std::string_view short_name(std::string_view ref) {
  for (std::string_view prefix : {"refs/heads/", "refs/tags/"})
    if (ref.starts_with(prefix)) return ref.substr(prefix.size());
  return ref;
}

constexpr std::string_view kPeeled = "^{}";

bool is_default(const std::string& name) { return name.empty() || name == "HEAD"; }

// Of a tag, what it names in the end.
const std::string* peeled(const RemoteRefs& refs, const std::string& tag) {
  const std::string* object = refs.find(tag + "^{}");
  return object != nullptr ? object : refs.find(tag);
}

// Of a tag that is there.
ResolvedRef tag_as(const RemoteRefs& refs, const std::string& tag) {
  ResolvedRef resolved = resolved_as(tag, *peeled(refs, tag));
  if (refs.find(tag + "^{}") != nullptr) resolved.tag_object = *refs.find(tag);
  return resolved;
}

Result<ResolvedRef> resolve_default(const RemoteRefs& refs, const std::string& url) {
  const std::string* object = refs.find("HEAD");
  if (object == nullptr)
    return fail(ErrorKind::NotFound, "the repository's default branch has no commit yet", url,
                "push one, or give --ref");
  return resolved_as(refs.head.empty() ? "HEAD" : refs.head, *object);
}

std::string some_names(const RemoteRefs& refs) {
  constexpr std::size_t kShown = 8;
  std::string names;
  std::size_t count = 0;
  for (const auto& [name, object] : refs.objects) {
    if (!name.starts_with("refs/") || name.ends_with("^{}") || ++count > kShown) continue;
    names += (names.empty() ? "" : ", ") + std::string(short_name(name));
  }
  if (count == 0) return {};
  return fmt::format("there are: {}{}", names, count > kShown ? fmt::format(" and {} more", count - kShown) : "");
}

Result<ResolvedRef> resolve_semver(const std::string& text, const RemoteRefs& refs, const std::string& url) {
  constexpr std::string_view kTags = "refs/tags/";
  const auto range = VersionRange::parse(text);
  if (!range) return std::unexpected(range.error());
  std::vector<std::string> versions;
  for (const auto& [name, object] : refs.objects)
    if (name.starts_with(kTags) && !name.ends_with("^{}")) versions.push_back(name.substr(kTags.size()));
  const auto newest = newest_in_range(*range, versions);
  if (!newest) {
    const std::string names = some_names(refs);
    return fail(ErrorKind::NotFound, fmt::format("no tag is a version in {}", text), url,
                names.empty() ? "push a tag such as v1.0.0" : names);
  }
  return tag_as(refs, std::string(kTags) + versions[*newest]);
}

}  // namespace

ResolvedRef resolved_as(std::string ref, std::string object) {
  std::string revision = fmt::format("{}@sha1:{}", short_name(ref), object);
  return {std::move(object), std::move(ref), std::move(revision)};
}

Result<ResolvedRef> parse_revision(const std::string& revision) {
  constexpr std::string_view kMark = "sha1:";
  const std::size_t at = revision.rfind('@');
  const std::string name = at == std::string::npos ? std::string() : revision.substr(0, at);
  const std::string_view id = std::string_view(revision).substr(at == std::string::npos ? 0 : at + 1);
  if (!id.starts_with(kMark) || !is_commit_id(id.substr(kMark.size())))
    return fail(ErrorKind::NotFound, fmt::format("{} names no commit", revision));
  return ResolvedRef{std::string(id.substr(kMark.size())), name, revision};
}

Result<RemoteRefs> RemoteRefs::parse(std::string_view text, const std::string& url) {
  RemoteRefs refs;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::size_t tab = line.find('\t');
    if (tab == std::string_view::npos) continue;
    const std::string_view left = line.substr(0, tab), name = line.substr(tab + 1);
    if (left.starts_with("ref: ")) {
      if (name == "HEAD") refs.head = left.substr(5);
      continue;
    }
    if (!is_commit_id(left))
      return fail(ErrorKind::Invalid, "the repository does not name its objects by SHA-1", url,
                  "SHA-256 is not supported");
    refs.objects.emplace(name, left);
  }
  // What a tag comes to, without the tag: no server of good will lists that.
  std::erase_if(refs.objects, [&](const auto& named) {
    const std::string& name = named.first;
    return name.ends_with(kPeeled) && !refs.objects.contains(name.substr(0, name.size() - kPeeled.size()));
  });
  return refs;
}

const std::string* RemoteRefs::find(std::string_view name) const {
  const auto found = objects.find(name);
  return found == objects.end() ? nullptr : &found->second;
}

std::vector<std::string> patterns_of(const RefWish& wish) {
  if (!wish.semver.empty()) return {"refs/tags/*"};
  if (is_commit_id(wish.name)) return {};
  if (is_default(wish.name)) return {"HEAD"};
  if (wish.name.starts_with("refs/")) return {wish.name, wish.name + "^{}"};
  return {"refs/heads/" + wish.name, "refs/tags/" + wish.name, "refs/tags/" + wish.name + "^{}"};
}

Result<ResolvedRef> resolve_wish(const RefWish& wish, const RemoteRefs& refs, const std::string& url) {
  if (!wish.semver.empty()) return resolve_semver(wish.semver, refs, url);
  const std::string& ref = wish.name;
  if (auto checked = check_git_ref(ref); !checked) return std::unexpected(checked.error());
  if (is_commit_id(ref)) return ResolvedRef{ref, {}, "sha1:" + ref};
  if (is_default(ref)) return resolve_default(refs, url);
  const bool full = ref.starts_with("refs/");
  const std::string branch = full ? ref : "refs/heads/" + ref, tag = full ? ref : "refs/tags/" + ref;
  const std::string* const head = full ? nullptr : refs.find(branch);
  const std::string* const tagged = peeled(refs, tag);
  if (head != nullptr && tagged != nullptr)
    return fail(ErrorKind::Invalid, fmt::format("{} is a branch and a tag", ref), url,
                fmt::format("write --ref refs/heads/{0} or --ref refs/tags/{0}", ref));
  if (head != nullptr) return resolved_as(branch, *head);
  if (tagged != nullptr) return tag_as(refs, tag);
  const std::string names = some_names(refs);
  return fail(ErrorKind::NotFound, fmt::format("there is no branch or tag {}", ref), url,
              names.empty() ? "check --ref" : names);
}

}  // namespace holdfast
