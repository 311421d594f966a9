// The port through which sources read the ConfigMaps and Secrets that they are made with: credentials, keys to decrypt
// with, values to fill in.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <compare>
#include <map>
#include <memory>
#include <string>

#include "holdfast/base/result.h"
#include "holdfast/base/secret.h"

namespace holdfast {

struct ValueReference {
  enum class Kind { ConfigMap, Secret };
  Kind kind = Kind::Secret;
  std::string namespace_, name;
  auto operator<=>(const ValueReference&) const = default;
};
std::string to_string(const ValueReference& reference);  // "Secret web/credentials"

struct ClusterValue {
  std::string resource_version;        // another one may hold another value
  std::map<std::string, Secret> data;  // decoded bytes by key; what a ConfigMap holds is as unprintable
};
using ClusterValuePtr = std::shared_ptr<const ClusterValue>;
using SeenValues = std::map<ValueReference, std::string>;  // the resourceVersion of each as it was read

// Lives on one executor, one thread.
class ClusterValues {
 public:
  virtual ~ClusterValues() = default;
  // As it is now. NotFound: the server says that there is none; every other error leaves it unknown.
  virtual boost::asio::awaitable<Result<ClusterValuePtr>> read(ValueReference wanted) = 0;
  // Completes when one of these has another resourceVersion than this. Empty: it was not there, or could not be read;
  // then it completes once it is there and can be. Cancelled when the asker is, or after the end of whoever answers.
  // Any number of calls at a time.
  virtual boost::asio::awaitable<Result<void>> changed(SeenValues seen) = 0;
};

}  // namespace holdfast
