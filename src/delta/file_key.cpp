#include <cstring>
#include <functional>

#include "delta/file_key_internal.hpp"
#include "delta/uri_internal.hpp"

namespace ingot::delta {

std::string_view FileKeyBuilder::key(std::string_view path,
                                     const DeletionVectorDescriptor* vector) {
    const std::string_view canonical = canonical_path(path, decoded_);
    if (vector == nullptr) return canonical;
    key_.assign(canonical);
    key_ += '\0';
    key_ += vector->unique_id();
    return key_;
}

bool FileKeySet::insert(std::string_view key) {
    if ((keys_.size() + 1) * 2 > slots_.size()) grow();
    const std::uint64_t hash = std::hash<std::string_view>{}(key);
    const std::size_t slot = slot_of(key, hash);
    if (slots_[slot] != 0) return false;
    keys_.push_back(keep(key));
    hashes_.push_back(hash);
    slots_[slot] = static_cast<std::uint32_t>(keys_.size());
    return true;
}

bool FileKeySet::contains(std::string_view key) const {
    if (keys_.empty()) return false;
    return slots_[slot_of(key, std::hash<std::string_view>{}(key))] != 0;
}

std::size_t FileKeySet::slot_of(std::string_view key, std::uint64_t hash) const {
    const std::size_t mask = slots_.size() - 1;
    std::size_t slot = hash & mask;
    while (slots_[slot] != 0 &&
           (hashes_[slots_[slot] - 1] != hash || keys_[slots_[slot] - 1] != key)) {
        slot = (slot + 1) & mask;
    }
    return slot;
}

void FileKeySet::grow() {
    slots_.assign(slots_.empty() ? 64 : slots_.size() * 2, 0);
    const std::size_t mask = slots_.size() - 1;
    for (std::size_t i = 0; i < keys_.size(); ++i) {
        std::size_t slot = hashes_[i] & mask;
        while (slots_[slot] != 0) slot = (slot + 1) & mask;
        slots_[slot] = static_cast<std::uint32_t>(i + 1);
    }
}

std::string_view FileKeySet::keep(std::string_view key) {
    if (key.size() > kChunk) {
        // Its own chunk, put before the one in use.
        chunks_.insert(chunks_.begin(), std::make_unique<char[]>(key.size()));
        std::memcpy(chunks_.front().get(), key.data(), key.size());
        return {chunks_.front().get(), key.size()};
    }
    if (chunk_used_ + key.size() > kChunk) {
        chunks_.push_back(std::make_unique<char[]>(kChunk));
        chunk_used_ = 0;
    }
    char* copy = chunks_.back().get() + chunk_used_;
    std::memcpy(copy, key.data(), key.size());
    chunk_used_ += key.size();
    return {copy, key.size()};
}

}  // namespace ingot::delta
