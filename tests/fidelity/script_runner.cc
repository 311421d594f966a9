#include "tests/fidelity/script_runner.h"

#include <spdlog/fmt/fmt.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "holdfast/base/clock.h"

namespace holdfast::fidelity {
namespace {

namespace asio = boost::asio;
constexpr std::chrono::milliseconds kRequestDeadline{10'000}, kWatchDeadline{8'000}, kPoll{50};
constexpr int kMostPolls = 200;

json::value body_of(const std::string& text) {
  if (auto parsed = parse_json(text)) return std::move(*parsed);
  return json::value(text);
}

json::object head_of(int status, const std::string& content_type, std::optional<std::chrono::seconds> retry_after) {
  json::object head{{"status", status}, {"content_type", content_type}};
  if (retry_after) head["retry_after_s"] = retry_after->count();
  return head;
}

json::array events_of(std::string_view text) {
  json::array events;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    if (end != 0) events.push_back(body_of(std::string(text.substr(0, end))));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return events;
}

bool is_there(const Awaited& awaited, const json::value& answer) {
  const json::value* found = value_at(answer, awaited.path);
  return found == nullptr ? awaited.value.is_null() : *found == awaited.value;
}

}  // namespace

asio::awaitable<void> ScriptRunner::run(const std::vector<Case>& cases) {
  Timer pause(co_await asio::this_coro::executor);
  for (const Case& one : cases) {
    json::value given = co_await answer(one);
    for (int polls = 0; one.until && !is_there(*one.until, given) && polls < kMostPolls; ++polls) {
      pause.expires_at(Clock::now() + kPoll);
      co_await pause.async_wait(asio::as_tuple(asio::use_awaitable));
      given = co_await answer(one);
    }
    save(one, given);
    answers_.push_back(std::move(given));
  }
}

asio::awaitable<json::value> ScriptRunner::answer(const Case& one) {
  ApiRequest request = request_of(one);
  if (one.watch) co_return co_await watch(one, std::move(request));
  const auto response = co_await client_.send(std::move(request));
  if (!response) co_return json::object{{"error", describe(response.error())}};
  json::object given = head_of(response->status, response->content_type, response->retry_after);
  if (!response->etag.empty()) given["etag"] = response->etag;
  given["body"] = body_of(response->body);
  co_return given;
}

asio::awaitable<json::value> ScriptRunner::watch(const Case& one, ApiRequest request) {
  auto stream = co_await client_.open(std::move(request), kWatchDeadline);
  if (!stream) co_return json::object{{"error", describe(stream.error())}};
  json::object given = head_of((*stream)->status(), (*stream)->content_type(), (*stream)->retry_after());
  std::string text;
  bool ended = false;
  std::array<char, 16'384> buffer{};
  while (true) {
    const std::size_t lines = static_cast<std::size_t>(std::ranges::count(text, '\n'));
    if (one.watch->events != 0 && lines >= one.watch->events) break;
    const std::span<char> into(buffer);
    const auto size = co_await (*stream)->read_some(into);
    ended = size && *size == 0;
    if (!size || *size == 0) break;
    text.append(buffer.data(), *size);
  }
  if ((*stream)->status() != 200) {
    given["body"] = body_of(text);
  } else {
    json::array events = events_of(text);
    if (one.watch->events != 0 && events.size() > one.watch->events) events.resize(one.watch->events);
    given["events"] = std::move(events);
    given["ended"] = ended;
  }
  co_return given;
}

std::string ScriptRunner::filled(std::string text) const {
  for (const auto& [name, value] : variables_) {
    const std::string mark = "${" + name + "}";
    for (std::size_t at = text.find(mark); at != std::string::npos; at = text.find(mark, at + value.size()))
      text.replace(at, mark.size(), value);
  }
  return text;
}

ApiRequest ScriptRunner::request_of(const Case& one) const {
  ApiRequest request;
  request.method = one.method;
  request.target = filled(one.path);
  request.accept = one.accept;
  request.content_type = one.content_type;
  request.body = filled(one.body);
  request.if_none_match = filled(one.if_none_match);
  request.deadline = kRequestDeadline;
  request.max_retries = 0;
  return request;
}

void ScriptRunner::save(const Case& one, const json::value& answer) {
  for (const auto& [name, path] : one.save) {
    const json::value* found = value_at(answer, path.starts_with(".etag") ? path : ".body" + path);
    variables_[name] = found == nullptr     ? "nothing"
                       : found->is_string() ? std::string(std::string_view(found->get_string()))
                                            : to_json(*found);
  }
}

}  // namespace holdfast::fidelity
