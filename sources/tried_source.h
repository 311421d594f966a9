// A source around an application's source, with what is tried on it (docs/overrides.md): another ref of the same
// repository in place of its own, and fields that are set in its manifests.
//
// Waits until it is known what is tried. What is tried and cannot be brought about (a ref that cannot be read, an
// object that is not there) is left out and told to the book; the rest is as the source within says. A ref that was
// read stays as it was read last while it cannot be read again. last_read() is that of the source within, so that
// nobody takes the tried ref for a branch that was moved. Lives on one executor, one thread. Errors: those of the
// source within; those of the tried ref where an earlier process has brought it about and it is not known whether it is
// still there.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <memory>

#include "sources/source.h"
#include "sources/trial.h"

namespace holdfast {

// Makes the source of the tried ref.
using TriedRefSource = std::function<Result<std::unique_ptr<Source>>(const OverrideRef& ref)>;

// `options`: those of the source within, for another ref of it. NotFound and such where a file or an archive has none.
TriedRefSource tried_ref_source(boost::asio::any_io_executor executor, SourceOptions options);

std::unique_ptr<Source> make_tried_source(boost::asio::any_io_executor executor, std::unique_ptr<Source> within,
                                          std::shared_ptr<TrialBook> book, TriedRefSource make_ref_source);

}  // namespace holdfast
