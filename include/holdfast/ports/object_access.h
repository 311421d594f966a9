// The port through which the engine asks whether the account that it acts as may look at an object. What a watch shows
// was read with the daemon's own rights, which may be more than the account has.
#pragma once

#include <boost/asio/awaitable.hpp>

#include "holdfast/base/result.h"
#include "holdfast/model/api_resource.h"
#include "holdfast/model/object_key.h"

namespace holdfast {

class ObjectAccess {
 public:
  virtual ~ObjectAccess() = default;
  // Whether it may get the object, as the API server says, at most kAccessTrust ago. Errors: Forbidden, in the server's
  // own words; others as ApiServer::send, and then it is not known. Any number of calls at a time.
  virtual boost::asio::awaitable<Result<void>> may_see(ApiResource resource, ObjectKey key) = 0;
  // What was answered last. False: it may not, or nobody has asked.
  [[nodiscard]] virtual bool was_seen(const ApiResource& resource, const ObjectKey& key) const = 0;
};

}  // namespace holdfast
