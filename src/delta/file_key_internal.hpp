#pragma once
// The key under which the log keeps files: canonical path and deletion vector.
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "delta/actions.hpp"

namespace ingot::delta {

/// Builds keys without an allocation per call.
class FileKeyBuilder {
public:
    /// Good until the next call.
    std::string_view key(std::string_view path, const DeletionVectorDescriptor* vector);

private:
    std::string decoded_;
    std::string key_;
};

/// A set of keys. Keeps its own copies.
class FileKeySet {
public:
    /// False when the key was there.
    bool insert(std::string_view key);
    bool contains(std::string_view key) const;
    std::size_t size() const { return keys_.size(); }
    const std::vector<std::string_view>& keys() const { return keys_; }

private:
    std::size_t slot_of(std::string_view key, std::uint64_t hash) const;
    void grow();
    std::string_view keep(std::string_view key);

    static constexpr std::size_t kChunk = 1 << 20;
    std::vector<std::unique_ptr<char[]>> chunks_;
    std::size_t chunk_used_ = kChunk;
    std::vector<std::string_view> keys_;
    std::vector<std::uint32_t> slots_;  // Index into keys_ plus one; 0: free.
    std::vector<std::uint64_t> hashes_;
};

}  // namespace ingot::delta
