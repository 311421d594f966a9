// What `holdfast receiver` is told: where it listens, and whom it believes. Pure: files that it names are read
// elsewhere.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "holdfast/base/result.h"
#include "holdfast/model/manifest_set.h"
#include "sources/forge.h"

namespace holdfast {

struct ApplicationField;

struct ReceiverSpec {
  std::string name;
  Forge forge = Forge::Generic;
  std::string secret_file;                     // absolute
  std::string path;                            // "/hook/NAME", unless the configuration has another one
  std::vector<std::string> repositories = {};  // what is meant where a payload names none
  std::vector<std::string> hosts = {};         // by which applications name the sender's host, too
};

struct ReceiverConfig {
  std::string listen;                        // "ADDRESS:PORT"; empty: not said
  std::string certificate_file, key_file;    // absolute; both empty: in the clear
  std::vector<std::string> trusted_proxies;  // addresses and networks, whose X-Forwarded-For counts
  double rate_per_second = 20, rate_burst = 200;
  std::string relay_token_file;  // absolute; empty: no relay
  std::vector<ReceiverSpec> receivers;
};

struct ListenAddress {
  std::string address;
  std::uint16_t port = 0;
};

// One document. Relative files are below `base`, an absolute folder. Errors: Invalid, a line for each thing that is
// wrong, as "file:line: field, what is wrong (what to do)".
Result<ReceiverConfig> read_receiver_config(const SourceFile& file, const std::string& base);

// "127.0.0.1:8080", "[::]:8080", ":8080" for every address. Errors: Invalid.
Result<ListenAddress> parse_listen_address(const std::string& text);

// The table of its fields, from which documents are checked.
const ApplicationField& receiver_document();

inline constexpr std::size_t kMostReceivers = 1'000;

}  // namespace holdfast
