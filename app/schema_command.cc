// `holdfast schema`: every field of our objects as Markdown, to read or to keep in docs/reference.
#include <cstdio>
#include <fstream>

#include "app/field_reference.h"
#include "app/schema_options.h"

namespace holdfast {

int schema_command(const SchemaOptions& options) {
  for (const auto& [file, text] : field_references()) {
    if (options.markdown.empty()) {
      if (file != "README.md") std::fputs((text + "\n").c_str(), stdout);
      continue;
    }
    const std::string path = options.markdown + "/" + file;
    std::ofstream out(path, std::ios::binary | std::ios::trunc);
    out << text;
    out.close();
    if (!out) {
      std::fprintf(stderr, "holdfast: %s cannot be written; is the folder there?\n", path.c_str());
      return 2;
    }
  }
  return 0;
}

}  // namespace holdfast
