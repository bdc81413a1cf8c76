#include <cerrno>
#include <string>
#include <system_error>

#include "storage/file_error_internal.hpp"

namespace ingot::storage {

namespace {

std::string_view advice(int error_number) {
    switch (error_number) {
        case ENOSPC:
            return "free some space on that disk, then run again";
        case EDQUOT:
            return "the disk quota is used up: free some space or raise it, then run again";
        case EROFS:
            return "the file system is mounted read-only: mount it writable or choose another "
                   "folder";
        case EACCES:
        case EPERM:
            return "check the owner and the permissions of the folder";
        case EMFILE:
        case ENFILE:
            return "too many files are open: raise the limit (ulimit -n)";
        case ENOTDIR:
            return "a part of the path is a file, not a folder";
        case EISDIR:
            return "it is a folder, not a file";
        case EIO:
            return "the disk may be failing: look at the system's log";
        default:
            return "";
    }
}

}  // namespace

Error file_error(std::string_view what, std::string_view path, int error_number) {
    ErrorCode code = ErrorCode::kIo;
    if (error_number == ENOENT) code = ErrorCode::kNotFound;
    if (error_number == ENAMETOOLONG) code = ErrorCode::kInvalidArgument;
    const std::string reason = std::generic_category().message(error_number);
    const std::string_view todo = advice(error_number);
    return make_error(code, "cannot {} {}: {}{}{}", what, path, reason, todo.empty() ? "" : "; ",
                      todo);
}

}  // namespace ingot::storage
