#include "watchers/schema_cache.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <string>
#include <utility>

namespace holdfast {
namespace {

namespace asio = boost::asio;

asio::awaitable<Result<SchemaDocument>> read_there(Result<ApiResponse> answer, std::string where) {
  co_return read_schema_document(answer, where);
}

}  // namespace

SchemaCache::SchemaCache(asio::any_io_executor executor, asio::any_io_executor parser, ApiServer& api, SchemaSink& sink,
                         std::function<double()> random)
    : parser_(std::move(parser)), api_(api), sink_(sink), machine_(std::move(random)), signal_(std::move(executor)) {}

asio::awaitable<void> SchemaCache::run() {
  while (!stopping_) {
    if (auto question = machine_.next(Clock::now())) {
      co_await ask(std::move(*question));
    } else {
      signal_.expires_at(machine_.due());
      co_await signal_.async_wait(asio::as_tuple(asio::use_awaitable));
    }
  }
}

void SchemaCache::stop() {
  stopping_ = true;
  signal_.cancel();
}

void SchemaCache::refresh() {
  machine_.refresh(Clock::now());
  signal_.cancel();
}

void SchemaCache::want(const GroupVersionKind& gvk) {
  machine_.want(gvk);
  signal_.cancel();
}

asio::awaitable<void> SchemaCache::ask(SchemaMachine::Question question) {
  ApiRequest request;
  request.target = question.target;
  Result<ApiResponse> answer = co_await api_.send(std::move(request));
  if (stopping_) co_return;
  std::optional<Error> problem;
  if (question.document.empty()) {
    problem = machine_.index_answered(answer, Clock::now());
  } else {
    auto reading = read_there(std::move(answer), question.target);
    auto [failure, document] =
        co_await asio::co_spawn(parser_, std::move(reading), asio::as_tuple(asio::use_awaitable));
    if (failure) std::rethrow_exception(failure);  // our own bug
    if (stopping_) co_return;
    problem = machine_.document_answered(question, std::move(document), Clock::now());
  }
  if (problem) sink_.schema_failed(*problem);
  if (!stopping_) sink_.schemas_changed();
}

}  // namespace holdfast
