#include "app/nothing_source.h"

#include <utility>

#include "app/fixed_source.h"

namespace holdfast {

std::unique_ptr<Source> make_nothing_source(boost::asio::any_io_executor executor, std::string revision) {
  return make_fixed_source(std::move(executor),
                           std::make_shared<const ManifestSet>(ManifestSet{std::move(revision), {}}));
}

}  // namespace holdfast
