// The simulated API server without its sockets: a request in, a response or a watch out. Pure; one thread.
#pragma once

#include <memory>
#include <string>

#include "simulator/http_message.h"
#include "simulator/object_store.h"
#include "simulator/object_writer.h"
#include "simulator/seeded_random.h"
#include "simulator/simulator_clock.h"
#include "simulator/type_registry.h"
#include "simulator/watch_stream.h"

namespace holdfast {

struct SimulatedAnswer {
  SimulatedResponse response;          // of a watch: only its head counts
  std::unique_ptr<WatchStream> watch;  // null: the response is all
};

class ApiHandler {
 public:
  // Of a request's body (V12).
  static constexpr std::size_t kMaxBodyBytes = 3'145'728;

  // All of them must outlive the handler.
  ApiHandler(ObjectStore& store, const TypeRegistry& types, const SimulatorClock& clock, SeededRandom& random)
      : store_(store), types_(types), clock_(clock), writer_(store, types, clock, random) {}

  SimulatedAnswer handle(const SimulatedRequest& request);
  ObjectWriter& writer() { return writer_; }

 private:
  struct Call;
  [[nodiscard]] Reply<SimulatedAnswer> answer(const SimulatedRequest& request);
  [[nodiscard]] Reply<SimulatedAnswer> answer_document(const SimulatedRequest& request,
                                                       const std::vector<std::string>& parts) const;
  [[nodiscard]] Reply<SimulatedAnswer> answer_resource(const Call& call);
  [[nodiscard]] Reply<SimulatedAnswer> answer_read(const Call& call) const;
  [[nodiscard]] Reply<SimulatedAnswer> answer_create(const Call& call);
  [[nodiscard]] Reply<SimulatedAnswer> answer_replace(const Call& call);
  [[nodiscard]] Reply<SimulatedAnswer> answer_patch(const Call& call);
  [[nodiscard]] Reply<SimulatedAnswer> answer_delete(const Call& call);
  [[nodiscard]] Reply<SimulatedAnswer> answer_delete_collection(const Call& call);
  [[nodiscard]] Reply<SimulatedAnswer> answer_scale(const Call& call);
  [[nodiscard]] Reply<SimulatedAnswer> answer_review(const Call& call) const;
  [[nodiscard]] Reply<Call> route(const SimulatedRequest& request, const std::vector<std::string>& parts,
                                  const RequestQuery& query) const;
  [[nodiscard]] SimulatedAnswer written(const Call& call, const Written& written) const;

  // Written once for as long as the types stay the same.
  struct Discovery {
    std::uint64_t generation = 0;
    std::string body, etag;
  };
  [[nodiscard]] const Discovery& discovery(bool core) const;

  ObjectStore& store_;
  const TypeRegistry& types_;
  const SimulatorClock& clock_;
  ObjectWriter writer_;
  mutable Discovery core_discovery_, discovery_;
};

}  // namespace holdfast
