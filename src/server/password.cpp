#include "server/password.hpp"

#include <array>
#include <cstddef>
#include <sodium.h>

#include "base/hash.hpp"
#include "base/uuid.hpp"

namespace ingot::server {
namespace {

constexpr unsigned long long kPasses = 2;
constexpr std::size_t kMemoryBytes = std::size_t{19} << 20;
constexpr std::size_t kCharactersMin = 8;
constexpr std::size_t kBytesMax = 1000;

Result<std::string> argon2id(std::string_view password) {
    std::array<char, crypto_pwhash_STRBYTES> text{};
    if (sodium_init() < 0)
        return make_error(ErrorCode::kInternal, "the library of hashes cannot be used here");
    if (crypto_pwhash_str_alg(text.data(), password.data(), password.size(), kPasses, kMemoryBytes,
                              crypto_pwhash_ALG_ARGON2ID13) != 0) {
        return make_error(ErrorCode::kInternal, "not enough memory to hash a password");
    }
    return std::string(text.data());
}

}  // namespace

Result<std::string> hash_password(std::string_view password) {
    if (password.size() < kCharactersMin || password.size() > kBytesMax) {
        return make_error(ErrorCode::kInvalidArgument,
                          "a password has at least {} characters, and at most {}", kCharactersMin,
                          kBytesMax);
    }
    return argon2id(password);
}

bool password_fits(const std::string& hash, std::string_view password) {
    if (password.size() > kBytesMax || sodium_init() < 0) return false;
    // An account that is not there takes as long as one that is.
    static const Result<std::string> kNobodys = argon2id("nobody's password");
    const bool known = hash.size() < crypto_pwhash_STRBYTES && hash.starts_with("$argon2id$");
    const std::string& tried = known || !kNobodys ? hash : *kNobodys;
    const bool fits =
        crypto_pwhash_str_verify(tried.c_str(), password.data(), password.size()) == 0;
    return known && fits;
}

std::string new_secret() {
    std::array<std::byte, 32> bits{};
    fill_random(bits.data(), bits.size());
    std::array<char, 64> text{};
    sodium_bin2base64(text.data(), text.size(), reinterpret_cast<unsigned char*>(bits.data()),
                      bits.size(), sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    return std::string(text.data());
}

std::string secret_hash(std::string_view secret) {
    return sha256_hex(secret);
}

}  // namespace ingot::server
