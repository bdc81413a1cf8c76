#pragma once
#include <string>
#include <string_view>
#include <variant>

#include "base/result.hpp"

namespace ingot {

/// An advisory lock between processes, held until it is destroyed or its process ends, however it
/// ends. The file stays; it says who holds it.
class FileLock {
public:
    /// Who has it, for a person: `process 4711 on host db1 (ingot run) since 2015-01-01T00:00:00Z`.
    struct HeldBy {
        std::string holder;
    };
    using Attempt = std::variant<FileLock, HeldBy>;

    /// Makes the file when it is absent; its folder must exist. `purpose` is shown to the others.
    /// Two locks of one file exclude each other inside one process as well.
    static Result<Attempt> try_lock(const std::string& path, std::string_view purpose);

    FileLock(FileLock&& other) noexcept;
    FileLock& operator=(FileLock&& other) noexcept;
    ~FileLock();

private:
    explicit FileLock(int fd) : fd_(fd) {}
    int fd_;
};

}  // namespace ingot
