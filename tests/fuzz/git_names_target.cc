// What passes as a repository's address or a ref is safe to hand to Git and to print.
#include <git2.h>

#include <algorithm>

#include "fuzz/target.h"
#include "net/url.h"
#include "sources/git_url.h"

namespace holdfast::fuzz {
namespace {

bool has_control_character(std::string_view text) {
  return std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

void hold_git_url(std::string_view text) {
  const auto url = parse_git_url(text);
  if (!url) {
    hold(!has_control_character(url.error().message), "a message with a control character");
    return;
  }
  hold(!url->text.starts_with('-') && !url->text.empty() && !has_control_character(url->text), "an unsafe argument");
  const std::size_t first_colon = url->text.find(':');
  hold(first_colon == std::string::npos || !url->text.substr(first_colon).starts_with("::"), "a remote helper");
  hold(!(url->http && url->ssh), "http and ssh at once");
  if (!url->http) hold(url->password.empty(), "a password that nobody would ask for");
  const auto again = parse_git_url(url->text);
  hold(again && again->text == url->text && again->http == url->http && again->ssh == url->ssh,
       "an address is read as another one: " + url->text);
  hold(again->password.empty() && (!url->http || again->username.empty()), "credentials are left in the address");
  const std::string shown = without_credentials(text);
  hold(without_credentials(shown) == shown, "credentials are left: " + shown);
}

void hold_ref(std::string_view ref) {
  if (!check_git_ref(ref) || ref.empty()) return;
  git_libgit2_init();
  int valid = 0;
  const std::string name = "refs/heads/" + std::string(ref);
  hold(git_reference_name_is_valid(&valid, name.c_str()) == 0 && valid == 1, "Git knows no such ref: " + name);
  hold(!ref.starts_with('-'), "a ref that is an option");
  if (is_commit_id(ref)) hold(ref.size() == 40, "a commit id of another length");
}

void hold_server(std::string_view text) {
  const auto server = parse_server_url(text);
  if (!server) return;
  hold(!server->host.empty() && !server->port.empty(), "a server without an address");
  hold(!has_control_character(server->host), "a host with a control character");
  const auto again = parse_server_url(to_string(*server));
  hold(again && again->host == server->host && again->port == server->port && again->base_path == server->base_path &&
           again->tls == server->tls,
       "a server is read as another one: " + to_string(*server));
}

}  // namespace

void run_git_names(std::string_view bytes) {
  hold_git_url(bytes);
  hold_ref(bytes);
  hold_server(bytes);
  const std::string segment = encode_path_segment(bytes);
  hold(segment.find_first_of("/?#& ") == std::string::npos, "a segment that is no segment: " + segment);
  const std::string query = encode_query_value(bytes);
  hold(query.find_first_of("/?#&=+: ") == std::string::npos, "a query value that says more: " + query);
}

}  // namespace holdfast::fuzz
