#include "sources/forge.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <vector>

#include "holdfast/base/edit_distance.h"

namespace holdfast {
namespace {

// In the order of the enumeration.
constexpr std::array kForges{
    ForgeWords{Forge::GitHub, "github", "GitHub", ProofKind::Sha256Signature},
    ForgeWords{Forge::GitLab, "gitlab", "GitLab", ProofKind::TokenHeader},
    ForgeWords{Forge::Gitea, "gitea", "Gitea, Forgejo or Gogs", ProofKind::Sha256Signature},
    ForgeWords{Forge::Bitbucket, "bitbucket", "Bitbucket Cloud", ProofKind::Sha256Signature},
    ForgeWords{Forge::BitbucketServer, "bitbucket-server", "Bitbucket Data Center", ProofKind::Sha256Signature},
    ForgeWords{Forge::AzureDevOps, "azure", "Azure DevOps", ProofKind::BasicPassword},
    ForgeWords{Forge::Generic, "generic", "a sender that signs", ProofKind::Sha256Signature},
    ForgeWords{Forge::Registry, "registry", "a distribution registry", ProofKind::Authorization},
    ForgeWords{Forge::DockerHub, "docker-hub", "Docker Hub", ProofKind::PathToken},
    ForgeWords{Forge::Harbor, "harbor", "Harbor", ProofKind::Authorization},
    ForgeWords{Forge::Ghcr, "ghcr", "GitHub's container registry", ProofKind::Sha256Signature},
    ForgeWords{Forge::Quay, "quay", "Quay", ProofKind::PathToken},
    ForgeWords{Forge::Acr, "acr", "Azure Container Registry", ProofKind::Authorization},
    ForgeWords{Forge::Nexus, "nexus", "Nexus Repository", ProofKind::Sha1Signature},
};

}  // namespace

std::span<const ForgeWords> all_forges() { return kForges; }

const ForgeWords& words_of(Forge forge) { return kForges[static_cast<std::size_t>(forge)]; }

Result<Forge> parse_forge(std::string_view type) {
  if (type == "forgejo" || type == "gogs") return Forge::Gitea;
  const auto found = std::ranges::find(kForges, type, &ForgeWords::type);
  if (found != kForges.end()) return found->forge;
  std::vector<std::string_view> types;
  types.reserve(kForges.size());
  for (const ForgeWords& words : kForges) types.push_back(words.type);
  const std::string_view near = nearest_word(type, types);
  return fail(
      ErrorKind::Invalid, fmt::format("there is no type \"{}\"", type.substr(0, 60)), {},
      near.empty() ? fmt::format("there are {}", fmt::join(types, ", ")) : fmt::format("did you mean {}?", near));
}

}  // namespace holdfast
