// The bytes of an HTTP/1.1 request. Pure.
#pragma once

#include <string>

#include "holdfast/base/result.h"
#include "holdfast/base/secret.h"
#include "holdfast/ports/api_server.h"
#include "net/client_config.h"

namespace holdfast {

// Whether the connection is to carry another request. A watch's is closed after it, so that a load balancer may choose
// another server for the next one (correctness A17).
enum class ConnectionUse { KeepAlive, Single };

// Head and body in one piece, so that they leave in one write. `token` may be null, and is left out without TLS
// (correctness B3). The result holds the token: it is to be wiped, hence the type. Errors: Invalid, Unauthorized, where
// a value would break out of its line.
Result<Secret> request_text(const ClientConfig& config, const ApiRequest& request, const Secret* token,
                            ConnectionUse use = ConnectionUse::KeepAlive);

}  // namespace holdfast
