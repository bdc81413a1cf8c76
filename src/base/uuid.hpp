#pragma once
#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include "base/time.hpp"

namespace ingot {

/// 122 random bits: `6a2f0c1e-3b4d-4e5f-8a6b-7c8d9e0f1a2b`. Unique across processes and forks.
std::string uuid_v4();

/// Starts with the time in milliseconds, so that names sort by creation; those of one process
/// always ascend, also when the clock goes back. Thread-safe.
std::string uuid_v7(const Clock& clock = system_clock());

/// The usual 36 characters, hexadecimal digits in any case.
bool is_uuid(std::string_view text);

/// Bytes from the operating system, good enough for secrets.
void fill_random(std::byte* data, std::size_t size);

}  // namespace ingot
