#include "sources/rendering_work.h"

#include <spdlog/fmt/fmt.h>

#include "holdfast/base/digest.h"
#include "sources/decryptor.h"

namespace holdfast {
namespace {

// A program that reads values or files for a generator would take what is encrypted for what it says. Objects may be:
// they come out as they went in, and are decrypted then.
Result<void> check_not_encrypted(const std::string& path, const std::string& content) {
  const SopsFormat format = sops_format_of(path);
  if (!is_sops_encrypted(content, format)) return {};
  const bool object = format == SopsFormat::Yaml && (content.starts_with("kind:") || content.contains("\nkind:"));
  if (object) return {};
  return fail(ErrorKind::Invalid, "it is encrypted with SOPS, and is no object", path,
              "make it a Secret that is encrypted, and let values name that: what renderers read is not decrypted");
}

}  // namespace

Result<void> lay_out(RevisionTree& tree, const std::vector<std::string>& files, const TreePaths& paths,
                     TemporaryTree& folder) {
  if (auto brought = tree.bring(files); !brought) return brought;
  const std::string root = std::string(kTreeFolder) + "/";
  if (auto made = folder.make_folder(kTreeFolder); !made) return made;
  ReadBudget budget(ReadLimits{});
  for (const std::string& path : files) {
    const auto content = tree.read(path);
    if (!content) return std::unexpected(content.error());
    if (auto taken = budget.take(path, content->size()); !taken) return taken;
    if (auto plain = check_not_encrypted(path, *content); !plain) return plain;
    if (auto written = folder.write(root + path, *content); !written) return written;
  }
  for (const auto& [path, target] : paths.links())
    if (auto linked = folder.link(root + path, target); !linked) return linked;
  return {};
}

Result<std::string> render_once(const std::string& made_from, const std::vector<RenderInput>& inputs,
                                const RenderContext& context, const std::function<Result<std::string>()>& run) {
  if (!context.way.may_keep) return run();
  std::string all = fmt::format("{}:{}", made_from.size(), made_from);
  for (const RenderInput& input : inputs)
    all += fmt::format("{}:{}{}:{}", input.path.size(), input.path, input.id.size(), input.id);
  const Sha256 key = sha256(all);
  if (auto kept = context.way.tools->cache.find(key)) return std::move(*kept);
  auto text = run();
  if (text) context.way.tools->cache.keep(key, *text);
  return text;
}

}  // namespace holdfast
