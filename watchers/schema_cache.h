// Keeps the schemas of the types that are wanted, and performs what a SchemaMachine asks for (correctness C11). One
// thread, besides the parsing of a document, which is done by `parser`: it may take tens of milliseconds.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <functional>

#include "holdfast/base/clock.h"
#include "holdfast/ports/api_server.h"
#include "holdfast/ports/schema_view.h"
#include "watchers/schema_machine.h"

namespace holdfast {

// Called synchronously; must not block, and may call stop().
class SchemaSink {
 public:
  virtual ~SchemaSink() = default;
  // What type_of() says of some types is another than before: known, unknown for good, or no longer coming.
  virtual void schemas_changed() = 0;
  // It is tried again by itself where that may help; until then there are no proofs with these types.
  virtual void schema_failed(const Error& error) = 0;
};

class SchemaCache final : public SchemaView {
 public:
  // All references outlive run(). `parser` may be `executor` itself.
  SchemaCache(boost::asio::any_io_executor executor, boost::asio::any_io_executor parser, ApiServer& api,
              SchemaSink& sink, std::function<double()> random);

  // Until stop().
  boost::asio::awaitable<void> run();
  void stop();
  // Types may have changed: to be called with every new catalog, and where a CustomResourceDefinition or an APIService
  // came, went or changed.
  void refresh();

  [[nodiscard]] TypeSchema type_of(const GroupVersionKind& gvk) const override { return machine_.type_of(gvk); }
  void want(const GroupVersionKind& gvk) override;

 private:
  boost::asio::awaitable<void> ask(SchemaMachine::Question question);

  boost::asio::any_io_executor parser_;
  ApiServer& api_;
  SchemaSink& sink_;
  SchemaMachine machine_;
  Timer signal_;
  bool stopping_ = false;
};

}  // namespace holdfast
