#include "keeper/record.hpp"

#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace ingot::keeper {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kFormat = 1;

std::string text_of(const Json& json) {
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Error file_error(std::string_view what, const std::string& path) {
    return make_error(ErrorCode::kIo, "{} cannot be {}: {}", path, what,
                      std::generic_category().message(errno));
}

Json end_json(const Result<End>& end) {
    if (!end) {
        return {{"error", static_cast<int>(end.error().code)},
                {"message", end.error().to_string()}};
    }
    Json json{
        {"kind", static_cast<int>(end->exit.kind)}, {"code", end->exit.code}, {"last", end->last}};
    if (!end->values.empty()) json["values"] = Json::parse(end->values);
    return json;
}

Result<End> end_of(const Json& json) {
    if (json.contains("error")) {
        const int code = json["error"].get<int>();
        if (code < 0 || code > static_cast<int>(ErrorCode::kInternal)) {
            throw std::out_of_range("an unknown error");
        }
        return make_error(static_cast<ErrorCode>(code), "{}",
                          json.at("message").get<std::string>());
    }
    const int kind = json.at("kind").get<int>();
    if (kind < 0 || kind > static_cast<int>(ExitStatus::Kind::kCancelled)) {
        throw std::out_of_range("an unknown kind of end");
    }
    End end{{static_cast<ExitStatus::Kind>(kind), json.at("code").get<int>()},
            json.at("last").get<std::string>(),
            ""};
    if (json.contains("values")) end.values = json["values"].dump();
    return end;
}

/// A file beside `path` with the record; its name.
Result<std::string> write_beside(const std::string& path, const Record& record, bool durable) {
    const std::string name = fmt::format("{}.{}.tmp", path, ::getpid());
    const std::string text = record_to_json(record) + '\n';
    const int fd = ::open(name.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0) return file_error("made", name);
    const bool written =
        ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
        (!durable || ::fsync(fd) == 0);
    if (!written) {
        Error error = file_error("written", name);
        ::close(fd);
        ::unlink(name.c_str());
        return error;
    }
    ::close(fd);
    return name;
}

Status sync_folder_of(const std::string& path) {
    const std::string folder = path.substr(0, path.rfind('/') + 1);
    const int fd = ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return file_error("opened", folder);
    const bool synced = ::fsync(fd) == 0;
    Status status;
    if (!synced) status = file_error("made durable", folder);
    ::close(fd);
    return status;
}

}  // namespace

std::string order_to_bytes(const Order& order) {
    Json environment = Json::object();
    for (const auto& [name, value] : order.environment) {
        environment[name] = value ? Json(*value) : Json();
    }
    const Json json{{"arguments", order.arguments},    {"program", order.program.has_value()},
                    {"environment", environment},      {"folder", order.folder},
                    {"grace_us", order.grace.count()}, {"log", order.log},
                    {"record", order.record},          {"values", order.values},
                    {"secrets", order.secrets}};
    std::string bytes;
    Json::to_cbor(json, bytes);
    return bytes;
}

Result<Order> parse_order(std::string_view bytes) {
    try {
        const Json json = Json::from_cbor(bytes);
        Order order;
        order.arguments = json.at("arguments").get<std::vector<std::string>>();
        if (json.at("program").get<bool>()) order.program = kProgramDescriptor;
        for (const auto& [name, value] : json.at("environment").items()) {
            order.environment[name] =
                value.is_null() ? std::nullopt : std::optional(value.get<std::string>());
        }
        order.folder = json.at("folder").get<std::string>();
        order.grace = Duration(json.at("grace_us").get<std::int64_t>());
        order.log = json.at("log").get<std::string>();
        order.record = json.at("record").get<std::string>();
        order.values = json.at("values").get<std::string>();
        order.secrets = json.at("secrets").get<std::vector<std::string>>();
        return order;
    } catch (const std::exception& e) {
        return make_error(ErrorCode::kCorruptData, "the order is not understood: {}", e.what());
    }
}

std::string record_to_json(const Record& record) {
    Json json{{"format", kFormat}};
    if (record.keeper.pid == 0) {
        json["given_up"] = true;
    } else {
        json["boot"] = record.keeper.boot;
        json["pid"] = record.keeper.pid;
        json["started"] = record.keeper.started;
    }
    if (record.end) json["end"] = end_json(*record.end);
    return text_of(json);
}

Result<Record> parse_record(std::string_view text) {
    try {
        const Json json = Json::parse(text);
        if (json.at("format").get<int>() != kFormat) throw std::out_of_range("another format");
        Record record;
        if (!json.value("given_up", false)) {
            record.keeper = {json.at("boot").get<std::string>(), json.at("pid").get<pid_t>(),
                             json.at("started").get<std::uint64_t>()};
        }
        if (json.contains("end")) record.end = end_of(json["end"]);
        return record;
    } catch (const std::exception& e) {
        return make_error(ErrorCode::kCorruptData, "the record of a command is not understood: {}",
                          e.what());
    }
}

Result<std::optional<Record>> read_record(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) {
        if (errno == ENOENT) return std::optional<Record>();
        return file_error("read", path);
    }
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    if (file.bad()) return file_error("read", path);
    INGOT_TRY_ASSIGN_WITH(Record record, parse_record(text), "in " + path);
    return std::optional(std::move(record));
}

Result<bool> claim_record(const std::string& path, const Record& record) {
    INGOT_TRY_ASSIGN(const std::string made, write_beside(path, record, false));
    const bool linked = ::link(made.c_str(), path.c_str()) == 0;
    const int error_number = errno;
    ::unlink(made.c_str());
    if (linked) return true;
    if (error_number == EEXIST) return false;
    errno = error_number;
    return file_error("made", path);
}

Status replace_record(const std::string& path, const Record& record) {
    INGOT_TRY_ASSIGN(const std::string made, write_beside(path, record, true));
    if (::rename(made.c_str(), path.c_str()) != 0) return file_error("replaced", path);
    return sync_folder_of(path);
}

}  // namespace ingot::keeper
