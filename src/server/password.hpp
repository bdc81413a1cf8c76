#pragma once
// Passwords and other secrets: kept as hashes only.
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace ingot::server {

/// Argon2id with a salt of its own, as a text that names its parameters (19 MiB, two passes).
/// kInvalidArgument: shorter than 8 characters, or longer than 1,000 bytes.
Result<std::string> hash_password(std::string_view password);
/// Takes the time of one hash, right or wrong, also for a hash that is empty or not readable.
bool password_fits(const std::string& hash, std::string_view password);

/// 256 random bits, as 43 characters that go into headers and addresses as they are.
std::string new_secret();
/// What a file keeps of such a secret. It needs no salt: nobody can try all of them.
std::string secret_hash(std::string_view secret);

}  // namespace ingot::server
