#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <random>

#include "delta/identity_internal.hpp"
#include "delta/table_feature_internal.hpp"

namespace ingot::delta {

std::string random_uuid() {
    std::random_device device;
    std::array<std::uint32_t, 4> words{};
    for (auto& word : words) word = device();
    words[1] = (words[1] & 0xFFFF0FFF) | 0x4000;      // version 4
    words[2] = (words[2] & 0x3FFFFFFF) | 0x80000000;  // RFC 4122
    return fmt::format("{:08x}-{:04x}-{:04x}-{:04x}-{:04x}{:08x}", words[0], words[1] >> 16,
                       words[1] & 0xFFFF, words[2] >> 16, words[2] & 0xFFFF, words[3]);
}

Protocol with_timestamp_ntz(const Protocol& protocol) {
    Protocol result = protocol;
    result.min_reader_version = 3;
    result.min_writer_version = 7;
    auto readers = protocol.reader_features.value_or(std::vector<std::string>{});
    auto writers = protocol.writer_features.value_or(std::vector<std::string>{});
    const auto add = [](std::vector<std::string>& names, std::string_view name) {
        if (std::find(names.begin(), names.end(), name) == names.end()) names.emplace_back(name);
    };
    // What the old version implied has to be named from now on.
    for (const auto& feature : kFeatures) {
        if (!has_feature(protocol, feature.name)) continue;
        add(writers, feature.name);
        if (feature.reader_writer) add(readers, feature.name);
    }
    add(writers, "timestampNtz");
    add(readers, "timestampNtz");
    result.reader_features = std::move(readers);
    result.writer_features = std::move(writers);
    return result;
}

}  // namespace ingot::delta
