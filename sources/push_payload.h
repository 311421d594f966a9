// What a delivery says has changed. To be asked only of deliveries that have proven where they come from. Pure; bounded
// by the size of the body, and by push_hint.h.
#pragma once

#include <string>
#include <vector>

#include "holdfast/base/result.h"
#include "net/web_server.h"
#include "sources/forge.h"
#include "sources/push_hint.h"

namespace holdfast {

struct DecodedPush {
  std::string event;            // in the sender's word: "push", "ping", "PUSH_ARTIFACT"
  std::string id;               // of the delivery, where the sender gives it one
  std::vector<PushHint> hints;  // none: an event that moves no ref, as a ping
};

// Errors: Protocol, where it is not what such a sender sends.
Result<DecodedPush> decode_push(Forge forge, const ReceivedRequest& request);

}  // namespace holdfast
