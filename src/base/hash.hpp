#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace ingot {

/// SHA-256 of bytes that come piece by piece. Not thread-safe.
class Sha256 {
public:
    Sha256();
    Sha256(Sha256&&) noexcept;
    Sha256& operator=(Sha256&&) noexcept;
    ~Sha256();
    void update(std::string_view bytes);
    /// 64 lower-case hexadecimal digits. Called once; nothing may follow.
    std::string finish_hex();

private:
    struct State;
    std::unique_ptr<State> state_;
};

std::string sha256_hex(std::string_view bytes);

/// CRC-32 as gzip, zip and Delta's deletion vectors have it; `previous` continues a computation.
std::uint32_t crc32(std::string_view bytes, std::uint32_t previous = 0);

/// XXH3, for hash tables and change detection, not against forgery. The same on every machine and
/// in every version, so it may be stored.
std::uint64_t hash64(std::string_view bytes, std::uint64_t seed = 0);

}  // namespace ingot
