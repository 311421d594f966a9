// The paths are relative to the top of the tree, which is an include directory of every target. CMakeLists.txt names
// the files as dependencies of this one.
#include "simulator/embedded_schemas.h"

#include <cstddef>

__asm__(
    ".section .rodata\n"
    ".global holdfast_definitions_begin\n"
    "holdfast_definitions_begin:\n"
    ".incbin \"simulator/schemas/definitions.json\"\n"
    ".global holdfast_definitions_end\n"
    "holdfast_definitions_end:\n"
    ".global holdfast_messages_begin\n"
    "holdfast_messages_begin:\n"
    ".incbin \"simulator/schemas/messages.json\"\n"
    ".global holdfast_messages_end\n"
    "holdfast_messages_end:\n"
    ".global holdfast_resources_begin\n"
    "holdfast_resources_begin:\n"
    ".incbin \"simulator/schemas/resources.json\"\n"
    ".global holdfast_resources_end\n"
    "holdfast_resources_end:\n"
    ".text\n");

extern "C" {
extern const char holdfast_definitions_begin, holdfast_definitions_end;
extern const char holdfast_messages_begin, holdfast_messages_end;
extern const char holdfast_resources_begin, holdfast_resources_end;
}

namespace holdfast {

std::string_view embedded_definitions() {
  return {&holdfast_definitions_begin,
          static_cast<std::size_t>(&holdfast_definitions_end - &holdfast_definitions_begin)};
}

std::string_view embedded_messages() {
  return {&holdfast_messages_begin, static_cast<std::size_t>(&holdfast_messages_end - &holdfast_messages_begin)};
}

std::string_view embedded_resources() {
  return {&holdfast_resources_begin, static_cast<std::size_t>(&holdfast_resources_end - &holdfast_resources_begin)};
}

}  // namespace holdfast
