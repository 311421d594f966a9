// An application's Source in a Git repository that it shares with others.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <memory>

#include "sources/plain_manifests.h"
#include "sources/shared_repository.h"
#include "sources/source.h"

namespace holdfast {

struct GitSourceOptions {
  RefWish wish;
  PlainFiles files;  // its trust comes from `access`
  std::chrono::milliseconds interval{60'000};
  std::shared_ptr<AccessKeeper> access = {};  // of the application alone; null: nothing is signed or encrypted
};

std::unique_ptr<Source> make_git_source(boost::asio::any_io_executor executor,
                                        std::shared_ptr<SharedRepository> repository, GitSourceOptions options);

}  // namespace holdfast
