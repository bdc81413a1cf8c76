#pragma once
// Errors as values (docs/adr/0001-errors.md). The names follow std::expected, so that a later
// switch is mechanical.
#include <cstdint>
#include <fmt/core.h>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "base/check.hpp"

namespace ingot {

/// What the caller can do about an error. `kCommitUnknown` means that the write may have landed: it
/// is settled by reading the log, never by a blind retry.
enum class ErrorCode : std::uint8_t {
    kInvalidArgument,
    kNotFound,
    kAlreadyExists,
    kCommitConflict,
    kCommitUnknown,
    kSnapshotExpired,
    kCorruptData,
    kUnsupported,
    kIo,
    kTimeout,
    kCancelled,
    kInternal,
};

std::string_view error_code_name(ErrorCode code);

struct [[nodiscard]] Error {
    ErrorCode code;
    std::string message;
    std::vector<std::string> context;  ///< Innermost first: "while reading part-3.parquet".

    Error with(std::string note) && {
        context.push_back(std::move(note));
        return std::move(*this);
    }
    /// The message followed by its context, one sentence for a person.
    std::string to_string() const;
};

template <class T>
class [[nodiscard]] Result {
    static_assert(!std::is_same_v<T, Error>, "a Result of Error is ambiguous");

public:
    using value_type = T;
    Result(T value)
        : state_(std::in_place_index<0>, std::move(value)) {
    }  // NOLINT(google-explicit-constructor)
    Result(Error error)
        : state_(std::in_place_index<1>, std::move(error)) {
    }  // NOLINT(google-explicit-constructor)

    explicit operator bool() const noexcept { return state_.index() == 0; }
    bool has_value() const noexcept { return state_.index() == 0; }

    T& value() & { return **this; }
    const T& value() const& { return **this; }
    T&& value() && { return *std::move(*this); }

    T& operator*() & {
        INGOT_CHECK(has_value(), error_text());
        return *std::get_if<0>(&state_);
    }
    const T& operator*() const& {
        INGOT_CHECK(has_value(), error_text());
        return *std::get_if<0>(&state_);
    }
    T&& operator*() && {
        INGOT_CHECK(has_value(), error_text());
        return std::move(*std::get_if<0>(&state_));
    }
    T* operator->() { return &**this; }
    const T* operator->() const { return &**this; }

    const Error& error() const& {
        INGOT_CHECK(!has_value(), "a Result that holds a value has no error");
        return *std::get_if<1>(&state_);
    }
    Error error() && {
        INGOT_CHECK(!has_value(), "a Result that holds a value has no error");
        return std::move(*std::get_if<1>(&state_));
    }

private:
    std::string error_text() const { return std::get_if<1>(&state_)->to_string(); }
    std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
public:
    using value_type = void;
    Result() = default;
    Result(Error error)
        : state_(std::in_place_index<1>, std::move(error)) {
    }  // NOLINT(google-explicit-constructor)

    explicit operator bool() const noexcept { return state_.index() == 0; }
    bool has_value() const noexcept { return state_.index() == 0; }
    const Error& error() const& {
        INGOT_CHECK(!has_value(), "an ok Status has no error");
        return *std::get_if<1>(&state_);
    }
    Error error() && {
        INGOT_CHECK(!has_value(), "an ok Status has no error");
        return std::move(*std::get_if<1>(&state_));
    }

private:
    std::variant<std::monostate, Error> state_;
};

using Status = Result<void>;

/// make_error(ErrorCode::kNotFound, "no table at {}", path)
template <class... Args>
Error make_error(ErrorCode code, fmt::format_string<Args...> text, Args&&... args) {
    return Error{code, fmt::format(text, std::forward<Args>(args)...), {}};
}

}  // namespace ingot

#define INGOT_CONCAT_(a, b) a##b
#define INGOT_CONCAT(a, b) INGOT_CONCAT_(a, b)

/// Returns the error of a Status (or of a Result whose value is not needed) from the enclosing
/// function.
#define INGOT_TRY(expr)                                             \
    do {                                                            \
        if (auto ingot_status = (expr); !ingot_status) [[unlikely]] \
            return std::move(ingot_status).error();                 \
    } while (false)

/// Same, with a frame of context (an expression that makes a std::string, evaluated only on
/// failure).
#define INGOT_TRY_WITH(expr, note)                                  \
    do {                                                            \
        if (auto ingot_status = (expr); !ingot_status) [[unlikely]] \
            return std::move(ingot_status).error().with(note);      \
    } while (false)

#define INGOT_TRY_ASSIGN_(tmp, decl, expr) \
    auto tmp = (expr);                     \
    if (!tmp) [[unlikely]]                 \
        return std::move(tmp).error();     \
    decl = *std::move(tmp)

/// INGOT_TRY_ASSIGN(auto rows, read(path)): declares or assigns the value, or returns the error.
#define INGOT_TRY_ASSIGN(decl, expr) \
    INGOT_TRY_ASSIGN_(INGOT_CONCAT(ingot_result_, __COUNTER__), decl, expr)

#define INGOT_TRY_ASSIGN_WITH_(tmp, decl, expr, note) \
    auto tmp = (expr);                                \
    if (!tmp) [[unlikely]]                            \
        return std::move(tmp).error().with(note);     \
    decl = *std::move(tmp)
#define INGOT_TRY_ASSIGN_WITH(decl, expr, note) \
    INGOT_TRY_ASSIGN_WITH_(INGOT_CONCAT(ingot_result_, __COUNTER__), decl, expr, note)
