#include "base/uuid.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <sys/random.h>

namespace ingot {

namespace {

using UuidBytes = std::array<std::uint8_t, 16>;

UuidBytes random_bytes() {
    UuidBytes bytes;
    fill_random(reinterpret_cast<std::byte*>(bytes.data()), bytes.size());
    return bytes;
}

std::string format_uuid(UuidBytes bytes, int version) {
    bytes[6] = static_cast<std::uint8_t>((bytes[6] & 0x0f) | version << 4);
    bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3f) | 0x80);
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string text;
    text.reserve(36);
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
        text += kDigits[bytes[i] >> 4];
        text += kDigits[bytes[i] & 0x0f];
    }
    return text;
}

}  // namespace

std::string uuid_v4() {
    return format_uuid(random_bytes(), 4);
}

std::string uuid_v7(const Clock& clock) {
    // 48 bits of milliseconds and 12 bits that count within one, as one ascending number.
    static std::atomic<std::uint64_t> last = 0;
    const std::uint64_t now =
        static_cast<std::uint64_t>(std::max<std::int64_t>(clock.now().millis(), 0)) << 12;
    std::uint64_t seen = last.load();
    std::uint64_t mine = 0;
    do {
        mine = std::max(now, seen + 1);
    } while (!last.compare_exchange_weak(seen, mine));

    UuidBytes bytes = random_bytes();
    const std::uint64_t millis = mine >> 12;
    for (std::size_t i = 0; i < 6; ++i) {
        bytes[i] = static_cast<std::uint8_t>(millis >> (40 - 8 * i));
    }
    bytes[6] = static_cast<std::uint8_t>((mine >> 8) & 0x0f);
    bytes[7] = static_cast<std::uint8_t>(mine & 0xff);
    return format_uuid(bytes, 7);
}

bool is_uuid(std::string_view text) {
    if (text.size() != 36) return false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        const bool digit =
            (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
        if (dash ? c != '-' : !digit) return false;
    }
    return true;
}

void fill_random(std::byte* data, std::size_t size) {
    while (size > 0) {
        const ssize_t got = ::getrandom(data, size, 0);
        INGOT_CHECK(got > 0 || errno == EINTR, "the operating system gives no random bytes");
        if (got < 0) continue;
        data += got;
        size -= static_cast<std::size_t>(got);
    }
}

}  // namespace ingot
