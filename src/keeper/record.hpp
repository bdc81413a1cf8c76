#pragma once
// What a command that outlives whoever asked for it leaves on the disk: docs/formats/run_store.md.
#include <optional>
#include <string>

#include "base/process.hpp"
#include "base/process_identity.hpp"

namespace ingot::keeper {

/// Where the keeper has the open program that it was handed.
inline constexpr int kProgramDescriptor = 3;

/// What the keeper is asked to do. It is handed over in memory: there are secrets in it.
struct Order {
    std::vector<std::string> arguments;
    /// An open file, run in place of what the arguments name whatever became of its own name.
    std::optional<int> program = {};
    std::map<std::string, std::optional<std::string>> environment = {};  ///< Changes, see process.
    std::string folder = {};
    Duration grace = std::chrono::seconds(5);
    std::string log;     ///< What the command prints is added to it.
    std::string record;  ///< Where the keeper says what it does.
    std::string values;  ///< Where the command may write what it gives; gone afterwards.
    std::vector<std::string> secrets = {};  ///< Masked wherever something is written.
};
/// Any bytes of arguments and secrets stay as they are.
std::string order_to_bytes(const Order& order);
/// kCorruptData
Result<Order> parse_order(std::string_view bytes);

/// How a command came out.
struct End {
    ExitStatus exit;
    std::string last;    ///< The end of what it printed, secrets masked.
    std::string values;  ///< What it gave, checked; only when it ended well.
};

/// Who keeps the command of an attempt, and how it came out once it has.
struct Record {
    ProcessIdentity keeper;  ///< Without a process: the attempt was given up, and nobody begins it.
    std::optional<Result<End>> end;  ///< An error: it could not be run, or its values be used.
};
std::string record_to_json(const Record& record);
Result<Record> parse_record(std::string_view json);

/// Nothing: nobody has the attempt yet.
Result<std::optional<Record>> read_record(const std::string& path);
/// Makes it, all at once. False: there is one already.
Result<bool> claim_record(const std::string& path, const Record& record);
/// Puts another in its place, all at once; it is on the disk afterwards.
Status replace_record(const std::string& path, const Record& record);

}  // namespace ingot::keeper
