// Precompiled: the parts of Asio and the standard library that most files of the asynchronous rooms need.
#pragma once
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json.hpp>
#include <expected>
#include <map>
#include <memory>
#include <string>
#include <vector>
