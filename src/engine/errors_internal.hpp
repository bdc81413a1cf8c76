#pragma once
// The border between exceptions and values.
#include <type_traits>

#include "base/result.hpp"
#include "engine/duckdb_compat/context.hpp"

namespace ingot::engine {

/// Translates an error of the engine. One that `throw_error` sent through it comes back as it was.
Error to_error(const duckdb::ErrorData& data);

/// Requires a current exception (inside a catch block).
Error current_exception_as_error();

/// Sends an Error through the engine's code, from inside a callback.
[[noreturn]] void throw_error(const Error& error);
/// The same, with a place in the statement's text.
[[noreturn]] void throw_error_at(const Error& error, const duckdb::QueryErrorContext& place);

/// The value, or the error thrown into the engine.
template <class T>
T value_or_throw(Result<T> result) {
    if (!result) {
        throw_error(result.error());
    }
    if constexpr (!std::is_void_v<T>) {
        return *std::move(result);
    }
}

/// Runs `body`, which returns a Result, and turns what it throws into an Error.
template <class Body>
auto guarded(Body&& body) -> std::invoke_result_t<Body> {
    try {
        return body();
    } catch (...) {
        return current_exception_as_error();
    }
}

}  // namespace ingot::engine
