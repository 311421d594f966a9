#pragma once

#include <string>

namespace holdfast {

struct SchemaOptions {
  std::string markdown;  // folder to write into; empty: standard output
};

int schema_command(const SchemaOptions& options);

}  // namespace holdfast
