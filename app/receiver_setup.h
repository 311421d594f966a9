// What a person enters at a forge or a registry, in its own words: `holdfast receiver --print-setup`.
#pragma once

#include <string>
#include <vector>

#include "sources/receiver_config.h"

namespace holdfast {

struct SetupReceiver {
  std::string name;
  Forge forge = Forge::GitHub;
  std::string path;         // below the public address; with its token where the sender proves nothing else
  std::string secret_file;  // as the text names it
};

// `url`: the public address of the receiver, "https://hooks.example".
std::string setup_text(const SetupReceiver& receiver, const std::string& url);

// Of the receivers of a configuration, those of that type: reads their secrets where a path is made of one. Errors:
// NotFound where there is none, and those of SecretFile.
Result<std::vector<SetupReceiver>> receivers_to_set_up(const ReceiverConfig& config, Forge forge);
// One of that type as one would be configured.
SetupReceiver receiver_to_come(Forge forge);

}  // namespace holdfast
