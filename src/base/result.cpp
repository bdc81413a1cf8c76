#include "base/result.hpp"

#include <cstdio>
#include <cstdlib>

namespace ingot {

std::string_view error_code_name(ErrorCode code) {
    switch (code) {
        case ErrorCode::kInvalidArgument:
            return "invalid argument";
        case ErrorCode::kNotFound:
            return "not found";
        case ErrorCode::kAlreadyExists:
            return "already exists";
        case ErrorCode::kCommitConflict:
            return "commit conflict";
        case ErrorCode::kCommitUnknown:
            return "commit outcome unknown";
        case ErrorCode::kSnapshotExpired:
            return "snapshot expired";
        case ErrorCode::kCorruptData:
            return "corrupt data";
        case ErrorCode::kUnsupported:
            return "unsupported";
        case ErrorCode::kIo:
            return "input/output error";
        case ErrorCode::kTimeout:
            return "timeout";
        case ErrorCode::kCancelled:
            return "cancelled";
        case ErrorCode::kInternal:
            return "internal error";
    }
    return "unknown error code";
}

std::string Error::to_string() const {
    std::string text = message;
    for (const std::string& note : context) {
        text += "\n  ";
        text += note;
    }
    return text;
}

void check_failed(const char* file, int line, const char* condition, std::string_view detail) {
    std::fprintf(stderr, "%s:%d: broken invariant: %s: %.*s\n", file, line, condition,
                 static_cast<int>(detail.size()), detail.data());
    std::fflush(stderr);
    std::abort();
}

}  // namespace ingot
