#pragma once
// Where the tokens of JSON text are, found by simdjson's first stage, and a cursor over them.
#include <cstdint>
#include <memory>
#include <string_view>

#include "base/result.hpp"

namespace ingot::format {

enum class IndexProblem : std::uint8_t {
    kNone,
    kUtf8,         ///< Bytes that are not UTF-8.
    kControlByte,  ///< A control byte (such as a line break) inside a string.
    kOpenString,   ///< The last string does not end.
};

/// Positions of brackets, braces, colons, commas, and of the first byte of every string and scalar.
/// Text inside strings does not count. Reused from block to block; one thread at a time.
class JsonIndex {
public:
    JsonIndex();
    ~JsonIndex();
    JsonIndex(JsonIndex&&) noexcept;
    JsonIndex& operator=(JsonIndex&&) noexcept;

    /// Requires size < 4 GiB. With kNone all of `text` is UTF-8, and after `count()` positions
    /// there are two more that equal `size`.
    IndexProblem build(const char* text, std::size_t size);
    const std::uint32_t* positions() const;
    std::size_t count() const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace ingot::format
