#pragma once
// The lines of a commit file (and of a JSON checkpoint): one action each.
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "delta/actions.hpp"

namespace ingot::delta {

/// What an add carries besides its columns; most files have none of it.
struct AddExtras {
    std::map<std::string, std::string> tags;
    std::optional<std::int64_t> base_row_id;
    std::optional<std::int64_t> default_row_commit_version;
    std::optional<std::string> clustering_provider;

    bool empty() const {
        return tags.empty() && !base_row_id && !default_row_commit_version && !clustering_provider;
    }
};

/// An add action as it lies in a parser's buffers: replaying hundreds of thousands of them makes no
/// strings.
struct AddView {
    std::string_view path;
    std::vector<std::pair<std::string_view, std::optional<std::string_view>>> partition_values;
    std::int64_t size = 0;
    std::int64_t modification_time = 0;
    bool data_change = true;
    std::optional<std::string_view> stats;
    std::optional<DeletionVectorDescriptor> deletion_vector;
    AddExtras extras;

    Add to_add() const;
    void clear();
};

/// The action of one line: `add` points into the parser and is good until its next call. Neither is
/// set for a line that holds no action known to us.
struct ParsedLine {
    const AddView* add = nullptr;
    std::optional<Action> action;
};

/// Reads actions line by line, unknown fields and actions ignored. Not thread-safe.
class ActionParser {
public:
    ActionParser();
    ~ActionParser();
    ActionParser(ActionParser&&) noexcept;

    /// `line` is followed by json::kPadding readable bytes. kCorruptData for anything that is not
    /// an action.
    Result<ParsedLine> parse(std::string_view line);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// The bytes of a log file, split into its non-blank lines.
class LogText {
public:
    LogText(std::string name, std::string bytes);
    LogText(LogText&&) noexcept = default;
    LogText(const LogText&) = delete;
    LogText& operator=(const LogText&) = delete;
    LogText& operator=(LogText&&) = delete;

    struct Line {
        std::size_t number;  ///< From 1.
        std::string_view text;
    };
    const std::string& name() const { return name_; }
    const std::vector<Line>& lines() const { return lines_; }

private:
    std::string name_;
    std::string bytes_;  // Longer than json::kPadding: moving it leaves the lines' views good.
    std::vector<Line> lines_;
};

/// Parses one line; the error names the file and the line.
Result<ParsedLine> parse_line(ActionParser& parser, const LogText& text, const LogText::Line& line);

/// All actions of a log file in order.
Result<std::vector<Action>> parse_actions(const LogText& text);

/// The commitInfo of a log file; other lines are not parsed.
Result<std::optional<CommitInfo>> find_commit_info(const LogText& text);

/// Appends the action as one line, with its newline.
void append_action_line(std::string& out, const Action& action);

/// The inside of a metaData and of a protocol action, as `.crc` files hold them too.
void append_metadata_json(std::string& out, const Metadata& metadata);
void append_protocol_json(std::string& out, const Protocol& protocol);

}  // namespace ingot::delta
