#include <array>
#include <cstring>
#include <fmt/format.h>
#include <roaring/roaring.hh>

#include "base/hash.hpp"
#include "delta/deletion_vector_internal.hpp"
#include "delta/table_snapshot_internal.hpp"
#include "delta/uri_internal.hpp"
#include "storage/object_store.hpp"

namespace ingot::delta {
namespace {

constexpr std::uint32_t kMagic = 1'681'511'377;
constexpr std::size_t kUuidText = 20;  // 16 bytes in base 85
constexpr std::int64_t kMaxRows = std::int64_t{1} << 32;

constexpr std::string_view kAlphabet =
    "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";

/// Takes little-endian numbers from the front of a text.
template <class T>
bool take_little_endian(std::string_view& bytes, T& value) {
    if (bytes.size() < sizeof(T)) return false;
    value = 0;
    for (std::size_t i = sizeof(T); i-- > 0;) {
        value = static_cast<T>(value << 8 | static_cast<unsigned char>(bytes[i]));
    }
    bytes.remove_prefix(sizeof(T));
    return true;
}

std::uint32_t big_endian(std::string_view bytes) {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < 4; ++i) value = value << 8 | static_cast<unsigned char>(bytes[i]);
    return value;
}

std::string uuid_text(std::string_view bytes) {
    std::string text;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
        text += fmt::format("{:02x}", static_cast<unsigned char>(bytes[i]));
    }
    return text;
}

/// `<prefix><uuid in base 85>` names `<prefix>/deletion_vector_<uuid>.bin`.
std::optional<std::string> relative_file(std::string_view text) {
    if (text.size() < kUuidText) return std::nullopt;
    const std::string_view prefix = text.substr(0, text.size() - kUuidText);
    const auto uuid = z85_decode(text.substr(text.size() - kUuidText));
    if (!uuid) return std::nullopt;
    return fmt::format("{}{}deletion_vector_{}.bin", prefix, prefix.empty() ? "" : "/",
                       uuid_text(*uuid));
}

/// The payload of a vector that lies in a file, its size and checksum verified.
Result<std::string> read_from_file(const storage::ObjectStore& store, const std::string& path,
                                   const DeletionVectorDescriptor& vector) {
    // Before the payload its size, behind it its checksum, 4 bytes each.
    const auto size = static_cast<std::uint64_t>(vector.size_in_bytes);
    const auto offset = static_cast<std::uint64_t>(vector.offset.value_or(1));
    INGOT_TRY_ASSIGN(std::string bytes, store.read_range(path, offset, size + 8));
    if (bytes.size() != size + 8 || big_endian(bytes) != size) {
        return make_error(ErrorCode::kCorruptData,
                          "{}: the deletion vector at offset {} does not have {} bytes", path,
                          offset, size);
    }
    const std::uint32_t checksum = big_endian(std::string_view(bytes).substr(4 + size));
    const std::uint32_t computed = crc32(std::string_view(bytes).substr(4, size));
    if (computed != checksum) {
        return make_error(ErrorCode::kCorruptData,
                          "{}: the deletion vector at offset {} has a wrong checksum", path,
                          offset);
    }
    return bytes.substr(4, size);
}

Result<std::string> read_absolute(const TableLocation& location,
                                  const DeletionVectorDescriptor& vector) {
    INGOT_TRY_ASSIGN(const std::string path, resolve_data_path(location, vector.path_or_inline_dv));
    if (!is_absolute(path)) return read_from_file(*location.store, path, vector);
    const std::size_t slash = path.rfind('/');
    INGOT_TRY_ASSIGN(const auto store, storage::open_store(path.substr(0, slash + 1)));
    return read_from_file(*store, path.substr(slash + 1), vector);
}

Result<std::string> read_payload(const TableLocation& location,
                                 const DeletionVectorDescriptor& vector) {
    if (vector.size_in_bytes < 0 || vector.offset.value_or(0) < 0) {
        return make_error(ErrorCode::kCorruptData, "deletion vector of negative size or offset");
    }
    switch (vector.storage_type) {
        case 'u': {
            const auto file = relative_file(vector.path_or_inline_dv);
            if (!file) {
                return make_error(ErrorCode::kCorruptData, "'{}' names no deletion vector",
                                  vector.path_or_inline_dv);
            }
            return read_from_file(*location.store, location.object(*file), vector);
        }
        case 'p':
            return read_absolute(location, vector);
        case 'i': {
            auto payload = z85_decode(vector.path_or_inline_dv);
            if (!payload || payload->size() < static_cast<std::size_t>(vector.size_in_bytes)) {
                return make_error(ErrorCode::kCorruptData, "broken inline deletion vector");
            }
            payload->resize(static_cast<std::size_t>(vector.size_in_bytes));
            return *std::move(payload);
        }
        default:
            return make_error(ErrorCode::kUnsupported, "deletion vector of storage type '{}'",
                              vector.storage_type);
    }
}

}  // namespace

Result<std::vector<std::uint64_t>> read_deletion_vector(const TableLocation& location,
                                                        const DeletionVectorDescriptor& vector) {
    INGOT_TRY_ASSIGN(const std::string payload, read_payload(location, vector));
    INGOT_TRY_ASSIGN(auto rows, parse_deletion_vector(payload));
    if (static_cast<std::int64_t>(rows.size()) != vector.cardinality) {
        return make_error(ErrorCode::kCorruptData,
                          "a deletion vector holds {} rows, but the log says {}", rows.size(),
                          vector.cardinality);
    }
    return rows;
}

Result<std::vector<std::uint64_t>> parse_deletion_vector(std::string_view payload) {
    const auto corrupt = [] {
        return make_error(ErrorCode::kCorruptData, "a deletion vector is no roaring bitmap");
    };
    std::uint32_t magic = 0;
    std::uint64_t buckets = 0;
    if (!take_little_endian(payload, magic) || magic != kMagic) return corrupt();
    if (!take_little_endian(payload, buckets)) return corrupt();
    std::vector<std::uint64_t> rows;
    std::int64_t previous_key = -1;
    for (; buckets > 0; --buckets) {
        std::uint32_t key = 0;
        if (!take_little_endian(payload, key) || std::int64_t{key} <= previous_key) {
            return corrupt();
        }
        previous_key = key;
        const std::size_t size =
            roaring_bitmap_portable_deserialize_size(payload.data(), payload.size());
        if (size == 0) return corrupt();
        try {
            const auto bitmap = Roaring::readSafe(payload.data(), payload.size());
            const std::uint64_t cardinality = bitmap.cardinality();
            if (cardinality > static_cast<std::uint64_t>(kMaxRows)) return corrupt();
            std::uint64_t last = 0;
            bool first = true;
            rows.reserve(rows.size() + cardinality);
            for (const std::uint32_t low : bitmap) {
                const std::uint64_t row = std::uint64_t{key} << 32 | low;
                if (!first && row <= last) return corrupt();
                first = false;
                last = row;
                rows.push_back(row);
            }
        } catch (const std::exception&) {
            return corrupt();
        }
        payload.remove_prefix(size);
    }
    return rows;
}

std::optional<std::string> z85_decode(std::string_view text) {
    static const auto kValues = [] {
        std::array<std::int16_t, 256> values{};
        values.fill(-1);
        for (std::size_t i = 0; i < kAlphabet.size(); ++i) {
            values[static_cast<unsigned char>(kAlphabet[i])] = static_cast<std::int16_t>(i);
        }
        return values;
    }();
    if (text.size() % 5 != 0) return std::nullopt;
    std::string bytes;
    for (std::size_t i = 0; i < text.size(); i += 5) {
        std::uint64_t group = 0;
        for (std::size_t j = 0; j < 5; ++j) {
            const int value = kValues[static_cast<unsigned char>(text[i + j])];
            if (value < 0) return std::nullopt;
            group = group * 85 + static_cast<std::uint64_t>(value);
        }
        if (group > UINT32_MAX) return std::nullopt;
        for (int shift = 24; shift >= 0; shift -= 8) {
            bytes += static_cast<char>(group >> shift & 0xFF);
        }
    }
    return bytes;
}

}  // namespace ingot::delta
