// A verb or an option that is none: what was probably meant.
#pragma once

#include <CLI/App.hpp>
#include <string>

namespace holdfast {

// One line for people, with what to type instead; empty where the words are all known, or nothing is like the one that
// is not.
std::string nearest_command(const CLI::App& app, int argc, const char* const* argv);

}  // namespace holdfast
