#include "sources/kustomize_renderer.h"

#include <spdlog/fmt/fmt.h>

#include <utility>

#include "sources/kustomize_files.h"
#include "sources/rendered_text.h"
#include "sources/rendering_work.h"

namespace holdfast {
namespace {

constexpr const char* kOverlayFolder = "overlay";

void put(json::object& into, const char* name, const std::string& text) {
  if (!text.empty()) into[name] = text;
}

void put(json::object& into, const char* name, const std::map<std::string, std::string>& texts) {
  if (texts.empty()) return;
  json::object object;
  for (const auto& [key, text] : texts) object[key] = text;
  into[name] = std::move(object);
}

json::array images_of(const KustomizeSpec& spec) {
  json::array images;
  for (const KustomizeImage& image : spec.images) {
    json::object one;
    put(one, "name", image.name);
    put(one, "newName", image.new_name);
    put(one, "newTag", image.new_tag);
    put(one, "digest", image.digest);
    images.push_back(std::move(one));
  }
  return images;
}

json::array patches_of(const KustomizeSpec& spec) {
  json::array patches;
  for (const KustomizePatch& patch : spec.patches) {
    json::object one{{"patch", patch.patch}};
    put(one, "target", patch.target);
    patches.push_back(std::move(one));
  }
  return patches;
}

class KustomizeRenderer {
 public:
  KustomizeRenderer(RevisionTree& tree, const std::string& path, const RenderContext& context)
      : tree_(tree), path_(path), spec_(context.way.wishes.kustomize), context_(context), files_(tree) {}

  Result<Rendering> render() {
    auto program = context_.way.tools->programs.find(RenderTool::Kustomize);
    if (!program) return std::unexpected(program.error());
    auto base = files_.add(path_, "the path");
    if (!base) return std::unexpected(base.error());
    for (const std::string& component : spec_.components)
      if (auto added = files_.add(joined_path(*base, component), "a component"); !added)
        return std::unexpected(added.error());
    const std::string overlay = overlay_text(spec_, *base);
    const auto inputs = files_.paths().inputs();
    const std::string made_from = fmt::format("{}\n{}\n{}", program->version, *base, overlay);
    auto text = render_once(made_from, inputs, context_, [&] { return run(*program, *base, overlay); });
    if (!text) return std::unexpected(located(std::move(text.error()), *base));
    auto manifests = read(*text, *base);
    if (!manifests) return std::unexpected(manifests.error());
    return Rendering{std::move(*manifests), inputs, {}};
  }

 private:
  Result<std::string> run(const RenderProgram& program, const std::string& base, const std::string& overlay) {
    auto folder = TemporaryTree::make(context_.way.tools->scratch_folder);
    if (!folder) return std::unexpected(folder.error());
    const std::vector<std::string> files(files_.files().begin(), files_.files().end());
    if (auto laid = lay_out(tree_, files, files_.paths(), *folder); !laid) return std::unexpected(laid.error());
    if (!overlay.empty())
      if (auto written = folder->write(fmt::format("{}/kustomization.yaml", kOverlayFolder), overlay); !written)
        return std::unexpected(written.error());
    RenderRun run;
    run.arguments = {program.kubectl ? "kustomize" : "build", "."};
    run.folder = folder->folder();
    run.directory = folder->folder() + "/" + (overlay.empty() ? joined_path(kTreeFolder, base) : kOverlayFolder);
    run.limits = context_.way.tools->limits;
    run.stop = context_.stop;
    auto text = run_renderer(program, run);
    if (!text) trim_paths(text.error().message);
    return text;
  }

  static void trim_paths(std::string& message) {
    const std::string prefix = std::string(kTreeFolder) + "/";
    for (std::size_t at = message.find(prefix); at != std::string::npos; at = message.find(prefix, at + 1))
      if (at == 0 || message[at - 1] == '\'' || message[at - 1] == ' ' || message[at - 1] == '"' ||
          message[at - 1] == '/')
        message.erase(at, prefix.size());
  }

  static Error located(Error error, const std::string& base) {
    if (error.where.empty()) error.where = base.empty() ? "." : base;
    return error;
  }

  Result<ManifestSetPtr> read(const std::string& text, const std::string& base) {
    // Most are there already; what is not comes in one request.
    if (auto brought = tree_.bring({files_.files().begin(), files_.files().end()}); !brought)
      return std::unexpected(brought.error());
    std::string kustomization = base.empty() ? "." : base;
    WrittenNames names;
    for (const std::string& file : files_.files()) {
      if (folder_of(file) == base && file.find("ustomization") != std::string::npos) kustomization = file;
      if (!may_hold_manifests(file)) continue;
      const auto content = tree_.read(file);
      if (!content) return std::unexpected(content.error());
      names.scan(*content, file);
    }
    return read_rendered(
        text, tree_.revision(), tree_.committed_s(),
        [&](const RenderedDocument& document) {
          std::string origin =
              names.find(string_at(document.value, {"kind"}), string_at(document.value, {"metadata", "name"}));
          return origin.empty() ? kustomization + ":1" : origin;
        },
        context_.decryptor);
  }

  RevisionTree& tree_;
  const std::string& path_;
  const KustomizeSpec& spec_;
  const RenderContext& context_;
  KustomizeFiles files_;
};

}  // namespace

std::string overlay_text(const KustomizeSpec& spec, const std::string& base) {
  if (spec == KustomizeSpec{}) return {};
  const auto from_overlay = [](const std::string& path) { return "../" + joined_path(kTreeFolder, path); };
  json::object overlay{{"apiVersion", "kustomize.config.k8s.io/v1beta1"}, {"kind", "Kustomization"}};
  overlay["resources"] = json::array{json::string(from_overlay(base))};
  put(overlay, "namePrefix", spec.name_prefix);
  put(overlay, "nameSuffix", spec.name_suffix);
  put(overlay, "namespace", spec.namespace_);
  put(overlay, "commonLabels", spec.common_labels);
  put(overlay, "commonAnnotations", spec.common_annotations);
  if (!spec.images.empty()) overlay["images"] = images_of(spec);
  if (!spec.patches.empty()) overlay["patches"] = patches_of(spec);
  json::array components;
  for (const std::string& component : spec.components)
    components.push_back(json::string(from_overlay(joined_path(base, component))));
  if (!components.empty()) overlay["components"] = std::move(components);
  return to_json(overlay);
}

Result<Rendering> render_kustomize(RevisionTree& tree, const std::string& path, const RenderContext& context) {
  return KustomizeRenderer(tree, path, context).render();
}

}  // namespace holdfast
