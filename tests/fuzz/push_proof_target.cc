// No header proves a delivery but one that holds the secret, or what only it can make; and what its sender signs does.
#include "fuzz/target.h"
#include "sources/push_proof.h"
#include "unit/sources/push_deliveries.h"

namespace holdfast::fuzz {
namespace {

constexpr std::string_view kReceiver = "shop";
constexpr const char* kHeaders[] = {
    "x-hub-signature-256", "x-gitea-signature",         "x-forgejo-signature", "x-gogs-signature", "x-hub-signature",
    "x-signature",         "x-nexus-webhook-signature", "x-gitlab-token",      "x-holdfast-token", "authorization"};

// Whether the header, or what is in it as base64, holds one of these.
bool holds(std::string_view header, std::initializer_list<std::string> proofs) {
  const auto decoded = header.starts_with("Basic ") ? base64_decode(std::string(header.substr(6))) : std::nullopt;
  for (const std::string& proof : proofs)
    if (header.contains(proof) || (decoded && decoded->contains(proof))) return true;
  return false;
}

void hold_forge(Forge forge, const std::string& secret, std::string_view header, std::string_view body) {
  const Secret known(secret);
  ReceivedRequest request{"POST", "/hook/shop", "192.0.2.1"};
  request.body = body;
  for (const char* const name : kHeaders) request.headers[name] = header;
  PushIdentity identity{forge, kReceiver, {&known, 1}, header};
  const auto proven = prove_push(identity, request);
  const Secret another("what nobody has said");
  identity.secrets = {&another, 1};
  const auto refused = prove_push(identity, request);
  if (proven)
    hold(holds(header,
               {secret, hmac_sha256_hex(known, body), sha1_hmac_hex(secret, body), path_token(kReceiver, known)}),
         "proven by what anybody may write");
  else
    hold(proven.error().kind == ErrorKind::Unauthorized &&
             (refused || refused.error().message == proven.error().message),
         "what is refused depends on the secret");

  identity.secrets = {};
  hold(!prove_push(identity, request), "proven where there is no secret");

  const ReceivedRequest delivered = delivery(forge, std::string(kReceiver), secret, std::string(body));
  const std::string token = path_token(kReceiver, known);
  hold(prove_push({forge, kReceiver, {&known, 1}, token}, delivered).has_value(),
       "what its sender signs proves nothing");
  const Secret other(secret + "x");
  hold(!prove_push({forge, kReceiver, {&other, 1}, token}, delivered), "another secret proves it");
}

}  // namespace

// A letter for the sender, then a secret, what stands in all headers and in the path, and a body.
void run_push_proof(std::string_view bytes) {
  if (bytes.empty()) return;
  const auto forges = all_forges();
  const Forge forge = forges[static_cast<unsigned char>(bytes.front()) % forges.size()].forge;
  const auto parts = split(bytes.substr(1), 3);
  const std::string secret(parts[0]);
  // Where a secret may be part of our own words, nothing can be told from them.
  if (secret.size() >= 8 && !secret.contains('\n')) hold_forge(forge, secret, parts[1], parts[2]);
}

}  // namespace holdfast::fuzz
