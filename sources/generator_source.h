// One generator of an ApplicationSet as its repository has it now: followed by the same looks that applications of that
// repository share (shared_repository.h). Of a list: what is written.
//
// Lives on one executor, one thread; what blocks runs on the workers.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "holdfast/base/clock.h"
#include "holdfast/model/application_set.h"
#include "holdfast/ports/cluster_values.h"
#include "sources/repository_hub.h"
#include "sources/set_expansion.h"

namespace holdfast {

class GeneratorSource {
 public:
  virtual ~GeneratorSource() = default;
  // Is read once more, from the remote on, as soon as may be.
  virtual void look() = 0;
};

struct GeneratorAccess {
  std::string namespace_;  // of the Secret that it names
  std::string cache_folder;
  ClusterValues* values = nullptr;  // outlives the source
};

// A reading has ended that began then. Called until the source is destroyed, never from within make_generator_source()
// or look().
using GeneratorHeard = std::function<void(Clock::time_point begun, const GeneratorReading& reading)>;

// Errors: Invalid, of the address.
Result<std::unique_ptr<GeneratorSource>> make_generator_source(boost::asio::any_io_executor executor,
                                                               std::shared_ptr<RepositoryHub> hub, Generator generator,
                                                               GeneratorAccess access, GeneratorHeard heard);

// The branches that a listing has, by name, without their commits' times. A remote that shows none, and no HEAD either,
// is Unknown: it is more likely to be a server that has lost its disk than somebody who means it.
GeneratorReading branches_of(const BranchGenerator& generator, const RemoteRefs& refs);
// The folders of a revision.
GeneratorReading folders_of(const DirectoryGenerator& generator, RevisionTree& tree, const std::string& commit);
GeneratorReading elements_of(const ListGenerator& generator);

}  // namespace holdfast
