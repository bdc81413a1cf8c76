#include <fmt/format.h>
#include <string>

#include "engine/errors_internal.hpp"

namespace ingot::engine {
namespace {

constexpr const char* kCodeKey = "ingot_code";
constexpr const char* kMessageKey = "ingot_message";
constexpr const char* kContextKey = "ingot_context_";

ErrorCode code_of(duckdb::ExceptionType type) {
    using duckdb::ExceptionType;
    switch (type) {
        case ExceptionType::INTERRUPT:
            return ErrorCode::kCancelled;
        case ExceptionType::IO:
        case ExceptionType::HTTP:
        case ExceptionType::NETWORK:
        case ExceptionType::CONNECTION:
        case ExceptionType::PERMISSION:
            return ErrorCode::kIo;
        case ExceptionType::NOT_IMPLEMENTED:
        case ExceptionType::MISSING_EXTENSION:
        case ExceptionType::AUTOLOAD:
            return ErrorCode::kUnsupported;
        case ExceptionType::SERIALIZATION:
            return ErrorCode::kCorruptData;
        case ExceptionType::INTERNAL:
        case ExceptionType::FATAL:
        case ExceptionType::NULL_POINTER:
        case ExceptionType::INVALID:
        case ExceptionType::UNKNOWN_TYPE:
            return ErrorCode::kInternal;
        default:
            return ErrorCode::kInvalidArgument;
    }
}

/// Internal errors bring the library's stack, which tells a person nothing.
std::string without_stack(const std::string& message) {
    return message.substr(0, message.find("\n\nStack Trace:"));
}

Error carried_error(const duckdb::unordered_map<std::string, std::string>& extra) {
    Error error{static_cast<ErrorCode>(std::stoi(extra.at(kCodeKey))), extra.at(kMessageKey), {}};
    for (std::size_t i = 0;; ++i) {
        const auto frame = extra.find(kContextKey + std::to_string(i));
        if (frame == extra.end()) {
            return error;
        }
        error.context.push_back(frame->second);
    }
}

}  // namespace

Error to_error(const duckdb::ErrorData& data) {
    if (data.ExtraInfo().contains(kCodeKey)) {
        return carried_error(data.ExtraInfo());
    }
    switch (data.Type()) {
        case duckdb::ExceptionType::INTERRUPT:
            return Error{ErrorCode::kCancelled, "the statement was cancelled", {}};
        case duckdb::ExceptionType::OUT_OF_MEMORY:
            return make_error(
                ErrorCode::kInvalidArgument,
                "the engine's memory is used up ({}); raise engine.memory, or set "
                "engine.spill to a folder with room so that sorts and joins can spill",
                data.RawMessage());
        default:
            return Error{code_of(data.Type()), without_stack(data.RawMessage()), {}};
    }
}

Error current_exception_as_error() {
    try {
        throw;
    } catch (const std::bad_alloc&) {
        return Error{ErrorCode::kInvalidArgument,
                     "the process's memory is used up; lower engine.memory or give the machine "
                     "more",
                     {}};
    } catch (const std::exception& exception) {
        return to_error(duckdb::ErrorData(exception));
    } catch (...) {
        return Error{ErrorCode::kInternal, "the engine threw something that is no exception", {}};
    }
}

void throw_error(const Error& error) {
    throw_error_at(error, duckdb::QueryErrorContext());
}

void throw_error_at(const Error& error, const duckdb::QueryErrorContext& place) {
    if (error.code == ErrorCode::kCancelled) {
        throw duckdb::InterruptException();
    }
    auto extra = duckdb::Exception::InitializeExtraInfo(place);
    extra[kCodeKey] = std::to_string(static_cast<int>(error.code));
    extra[kMessageKey] = error.message;
    for (std::size_t i = 0; i < error.context.size(); ++i) {
        extra[kContextKey + std::to_string(i)] = error.context[i];
    }
    throw duckdb::IOException(extra, error.message);
}

}  // namespace ingot::engine
