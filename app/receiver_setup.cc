#include "app/receiver_setup.h"

#include <spdlog/fmt/fmt.h>

#include "sources/push_proof.h"
#include "sources/secret_file.h"

namespace holdfast {
namespace {

constexpr const char* kTokenToCome = "TOKEN";

std::string_view where_to_click(Forge forge) {
  switch (forge) {
    case Forge::GitHub:
      return "Repository (or organisation) > Settings > Webhooks > Add webhook";
    case Forge::GitLab:
      return "Project (or group) > Settings > Webhooks > Add new webhook; or Admin > System hooks for all of them";
    case Forge::Gitea:
      return "Repository (or organisation) > Settings > Webhooks > Add webhook > Gitea (Forgejo, Gogs)";
    case Forge::Bitbucket:
      return "Repository settings > Webhooks > Add webhook";
    case Forge::BitbucketServer:
      return "Repository (or project) settings > Webhooks > Create webhook";
    case Forge::AzureDevOps:
      return "Project settings > Service hooks > Create subscription > Web Hooks";
    case Forge::Generic:
      return "In the pipeline or script that pushes, after the push:";
    case Forge::Registry:
      return "In the configuration of the registry, under notifications.endpoints:";
    case Forge::DockerHub:
      return "Repository > Webhooks";
    case Forge::Harbor:
      return "Project > Webhooks > New webhook";
    case Forge::Ghcr:
      return "Organisation (or repository) > Settings > Webhooks > Add webhook";
    case Forge::Quay:
      return "Repository > Settings > Events and notifications > Create notification";
    case Forge::Acr:
      return "Registry > Services > Webhooks > Add";
    case Forge::Nexus:
      return "Administration > System > Capabilities > Create capability > Webhook: Repository";
  }
  return {};
}

std::string fields_of_git(Forge forge, const std::string& url, const std::string& secret) {
  const std::string content = fmt::format("the content of {}", secret);
  switch (forge) {
    case Forge::GitHub:
      return fmt::format(
          "  Payload URL       {}\n  Content type      application/json\n  Secret            {}\n"
          "  SSL verification  Enable\n  Events            Just the push event\n  Active            yes\n",
          url, content);
    case Forge::GitLab:
      return fmt::format(
          "  URL               {}\n  Secret token      {}\n  Trigger           Push events (all branches), Tag push "
          "events\n"
          "  SSL verification  Enable\n",
          url, content);
    case Forge::Gitea:
      return fmt::format(
          "  Target URL        {}\n  HTTP method       POST\n  POST content type application/json\n"
          "  Secret            {}\n  Trigger on        Push events\n  Branch filter     *\n",
          url, content);
    case Forge::Bitbucket:
    case Forge::BitbucketServer:
      return fmt::format(
          "  Title             holdfast\n  URL               {}\n  Secret            {}\n  Status            Active\n"
          "  Triggers          Repository: Push\n",
          url, content);
    case Forge::AzureDevOps:
      return fmt::format(
          "  Trigger           Code pushed; repository and branch: [Any]\n  URL               {}\n"
          "  Basic authentication username  holdfast\n  Basic authentication password  {}\n"
          "  (or HTTP headers               X-Holdfast-Token: and that content)\n"
          "  Resource details to send       Minimal or All\n",
          url, content);
    case Forge::Generic:
      return fmt::format(
          "  body='{{\"repository\":\"https://git.example/team/web.git\",\"ref\":\"refs/heads/main\"}}'\n"
          "  key=$(cat {1})\n"
          "  signature=$(printf %s \"$body\" | openssl dgst -sha256 -hmac \"$key\" -hex | sed 's/.* //')\n"
          "  curl --fail --request POST --header \"X-Signature: sha256=$signature\" --data \"$body\" {0}\n"
          "A body that names no repository makes all of them be looked at. (openssl shows the key to other users of "
          "the\n"
          "machine while it runs; from a pipeline's own container nobody else looks.)\n",
          url, secret);
    case Forge::Ghcr:
      return fmt::format(
          "  Payload URL       {}\n  Content type      application/json\n  Secret            {}\n"
          "  SSL verification  Enable\n  Events            Let me select: Packages (Registry packages), and no other\n",
          url, content);
    case Forge::Registry:
    case Forge::DockerHub:
    case Forge::Harbor:
    case Forge::Quay:
    case Forge::Acr:
    case Forge::Nexus:
      break;
  }
  return {};
}

std::string fields_of_registry(Forge forge, const std::string& url, const std::string& secret) {
  const std::string content = fmt::format("the content of {}", secret);
  switch (forge) {
    case Forge::Registry:
      return fmt::format(
          "  - name: holdfast\n    url: {}\n    headers:\n      Authorization: [\"Bearer SECRET\"]   # {}\n"
          "    timeout: 5s\n    threshold: 5\n    backoff: 10s\n    ignoredmediatypes: [application/octet-stream]\n",
          url, content);
    case Forge::DockerHub:
      return fmt::format("  Webhook name      holdfast\n  Webhook URL       {}\n", url);
    case Forge::Harbor:
      return fmt::format(
          "  Notify type       http\n  Payload format    Default (CloudEvents is understood, too)\n"
          "  Event type        Artifact pushed\n  Endpoint URL      {}\n  Auth header       {}\n"
          "  Verify remote certificate  yes\n",
          url, content);
    case Forge::Quay:
      return fmt::format(
          "  When this event occurs   Push to Repository\n  Then issue a notification Webhook POST\n"
          "  Webhook URL              {}\n",
          url);
    case Forge::Acr:
      return fmt::format(
          "  Service URI       {}\n  Custom headers    Authorization: and then {}\n  Actions           push\n"
          "  Status            On\n",
          url, content);
    case Forge::Nexus:
      return fmt::format(
          "  Repository        the one with the images\n  Event types       component\n"
          "  URL               {}\n  Secret key        {}\n",
          url, content);
    case Forge::GitHub:
    case Forge::GitLab:
    case Forge::Gitea:
    case Forge::Bitbucket:
    case Forge::BitbucketServer:
    case Forge::AzureDevOps:
    case Forge::Generic:
    case Forge::Ghcr:
      break;
  }
  return {};
}

// `secret`: its file.
std::string fields_to_fill_in(Forge forge, const std::string& url, const std::string& secret) {
  std::string fields = fields_of_git(forge, url, secret);
  return fields.empty() ? fields_of_registry(forge, url, secret) : fields;
}

std::string_view word_of_warning(Forge forge) {
  switch (words_of(forge).proof) {
    case ProofKind::Sha256Signature:
      return {};
    case ProofKind::Sha1Signature:
      return "It signs with SHA-1, and has nothing better; as an HMAC that still proves who sent it.\n";
    case ProofKind::TokenHeader:
    case ProofKind::BasicPassword:
    case ProofKind::Authorization:
      return "It sends the secret itself, so only ever over https.\n";
    case ProofKind::PathToken:
      return "It signs nothing: the URL itself is the secret. Show it to nobody, and keep it out of logs of proxies.\n";
  }
  return {};
}

std::string_view what_it_answers(Forge forge) {
  if (forge == Forge::GitHub || forge == Forge::Ghcr) return "GitHub sends a ping at once, which is answered 200";
  if (forge == Forge::BitbucketServer)
    return "Its \"Test connection\" is not signed by every version, and is then answered 401; a push is signed";
  return "What is accepted is answered 202";
}

}  // namespace

std::string setup_text(const SetupReceiver& receiver, const std::string& url) {
  const std::string_view type = words_of(receiver.forge).type;
  const bool to_come = receiver.path.ends_with(kTokenToCome);
  std::string text = fmt::format("{}, receiver \"{}\"\n\n", words_of(receiver.forge).name, receiver.name);
  text += fmt::format(
      "1. Make a secret, if there is none yet:\n"
      "  (umask 077; openssl rand -hex 32 > {0})\n\n"
      "2. Say so in receivers.yaml:\n"
      "  receivers:\n  - name: {1}\n    type: {2}\n    secretFile: {0}\n",
      receiver.secret_file, receiver.name, type);
  if (receiver.forge == Forge::Nexus)
    text += "    repositories: [oci://nexus.example/team/web]   # its payload names no host\n";
  text += fmt::format("\n3. {}\n{}", where_to_click(receiver.forge),
                      fields_to_fill_in(receiver.forge, url + receiver.path, receiver.secret_file));
  if (to_come)
    text += fmt::format(
        "{} is made of the name and the secret; `holdfast receiver --config receivers.yaml --print-setup "
        "{}` prints the whole URL.\n",
        kTokenToCome, type);
  text += word_of_warning(receiver.forge);
  text += fmt::format(
      "\n4. {}; a delivery that does not fit is answered 401, and the receiver's log says why.\n"
      "To renew the secret: put the new one into the file as a second line, enter it at the sender, then\n"
      "remove the first line. The file is read again within 10 s.\n",
      what_it_answers(receiver.forge));
  return text;
}

SetupReceiver receiver_to_come(Forge forge) {
  const std::string type(words_of(forge).type);
  const bool token = words_of(forge).proof == ProofKind::PathToken;
  return {type, forge, "/hook/" + type + (token ? std::string("/") + kTokenToCome : ""), "secrets/" + type};
}

Result<std::vector<SetupReceiver>> receivers_to_set_up(const ReceiverConfig& config, Forge forge) {
  std::vector<SetupReceiver> found;
  for (const ReceiverSpec& spec : config.receivers) {
    if (spec.forge != forge) continue;
    SetupReceiver receiver{spec.name, spec.forge, spec.path, spec.secret_file};
    if (words_of(forge).proof == ProofKind::PathToken) {
      SecretFile secret(spec.secret_file);
      if (auto loaded = secret.load(); !loaded) return std::unexpected(std::move(loaded.error()));
      receiver.path += "/" + path_token(spec.name, secret.secrets().back());
    }
    found.push_back(std::move(receiver));
  }
  if (found.empty())
    return fail(ErrorKind::NotFound, fmt::format("the configuration has no receiver of type {}", words_of(forge).type),
                {}, "without --config, what to add to it is printed, too");
  return found;
}

}  // namespace holdfast
