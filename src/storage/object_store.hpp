#pragma once
// The object store port. Everything that Ingot keeps (tables, logs, progress) goes through it.
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"

namespace ingot::storage {

struct ObjectInfo {
    std::string path;  ///< Relative to the store's root, `/` between parts, no leading `/`.
    std::uint64_t size = 0;
    Timestamp modified;
    std::string etag;  ///< Empty where the store has none.
};

enum class PutOutcome : std::uint8_t { kCreated, kExists };

/// Writes one object piece by piece (multipart upload on S3). Nothing is visible before `finish`;
/// destroying the writer without it discards everything. Not thread-safe.
class ObjectWriter {
public:
    virtual ~ObjectWriter() = default;
    virtual Status append(std::string_view bytes) = 0;
    /// Makes the object visible whole and durable, replacing what was there.
    virtual Status finish() = 0;
};

/// A flat space of named objects under one root. Thread-safe. Reads see every write that has
/// returned before. Errors: kNotFound for an absent object, kIo, kTimeout, kInvalidArgument for a
/// path that would leave the root. A write that fails leaves either the old object or the new one,
/// whole, never a part.
class ObjectStore {
public:
    virtual ~ObjectStore() = default;

    /// The root as a person wrote it: `/data/lake`, `s3://bucket/prefix`, `memory://name`.
    virtual const std::string& uri() const = 0;

    /// Objects whose path starts with `prefix` (a plain string prefix) and is greater than
    /// `start_after`, sorted by path bytes. Recursive. An absent folder lists nothing. In-flight
    /// temporary objects are not listed.
    virtual Result<std::vector<ObjectInfo>> list(std::string_view prefix,
                                                 std::string_view start_after = {}) const = 0;
    virtual Result<ObjectInfo> head(std::string_view path) const = 0;
    virtual Result<std::string> read(std::string_view path) const = 0;
    /// Fewer bytes than `length` only at the end of the object; `offset` at or past the end gives
    /// no bytes.
    virtual Result<std::string> read_range(std::string_view path, std::uint64_t offset,
                                           std::uint64_t length) const = 0;

    /// Atomic and durable on return.
    virtual Status put(std::string_view path, std::string_view bytes) = 0;
    /// The commit primitive: creates the object only when the name is free, atomically against
    /// every other writer, durable on return. Losing the race is the value kExists. Error
    /// kCommitUnknown: it may or may not have been written.
    virtual Result<PutOutcome> put_if_absent(std::string_view path, std::string_view bytes) = 0;
    /// Requires that nobody else writes `path` (data files under fresh names).
    virtual Result<std::unique_ptr<ObjectWriter>> create(std::string_view path) = 0;
    /// Removing an absent object is fine.
    virtual Status remove(std::string_view path) = 0;

    /// Removes what interrupted writes under `prefix` left behind (it was never visible) and has
    /// not changed since `before`, and returns how many there were. Choose `before` so that no live
    /// writer is that old.
    virtual Result<std::uint64_t> remove_abandoned(std::string_view prefix, Timestamp before);

    /// Where the object lies on this machine's file system, for engines that read local files
    /// directly; nothing for remote stores.
    virtual std::optional<std::string> local_path(std::string_view path) const = 0;
};

/// The rule for names that every store shares: parts joined by single `/`, none of them empty, `.`,
/// `..` or a store's own temporary name, no zero byte. Else kInvalidArgument.
Status check_object_path(std::string_view path);
/// The same for a prefix, which may be empty, end in `/` or in the middle of a part.
Status check_object_prefix(std::string_view prefix);

/// Opens the store rooted at `uri`: a folder (relative or absolute, made when absent on the first
/// write), `file://...`, `memory://name` (one space per name in this process). Others:
/// kUnsupported, naming the scheme.
Result<std::shared_ptr<ObjectStore>> open_store(std::string_view uri);

}  // namespace ingot::storage
