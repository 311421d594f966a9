// Whether a delivery comes from whoever knows the receiver's secret: looked at before a byte of it is parsed, and
// compared in constant time. Pure.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "holdfast/base/result.h"
#include "holdfast/base/secret.h"
#include "net/web_server.h"
#include "sources/forge.h"

namespace holdfast {

// What a delivery has to fit.
struct PushIdentity {
  Forge forge = Forge::Generic;
  std::string_view receiver;         // its name: part of what a path token is made of
  std::span<const Secret> secrets;   // any of these; none: nothing fits
  std::string_view path_token = {};  // what stands behind the receiver's name in the path
};

// Errors: Unauthorized, which says in our own words what is missing or does not fit, for the log alone: a sender that
// is not the one is told nothing.
Result<void> prove_push(const PushIdentity& identity, const ReceivedRequest& request);

// What makes the path of a receiver unguessable, where its sender can prove nothing else: 64 hexadecimal digits.
std::string path_token(std::string_view receiver, const Secret& secret);

std::string hmac_sha256_hex(const Secret& secret, std::string_view bytes);

}  // namespace holdfast
