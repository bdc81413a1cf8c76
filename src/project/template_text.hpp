#pragma once
// Strings of the project's YAML with places to fill in:
// `{params.source}/{window.start:%Y-%m-%d-%-H}.gz`.
//   {window.start} {window.end} {run.time}     ISO 8601 in UTC
//   {window.start:%Y-%m-%d}                    strftime in the zone of the window
//   {window.start - 10y:%Y}                    moved by calendar: y mo w d h m
//   {params.x} {matrix.x} {item} {item.y}      a parameter, a matrix value, the item of a loop
//   {tasks.load.rows} {tasks.load}             what a task before this one gave: a key, or all;
//                                              of a task with copies a list of it, one for each
//   $secret.NAME                               a secret, anywhere in the string
//   {{ }}  $$                                  a brace, a dollar
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/interval_set.hpp"
#include "base/time.hpp"
#include "project/names.hpp"
#include "project/value.hpp"

namespace ingot::project {

/// A reference to a secret; its value is never part of the project.
struct SecretRef {
    std::string name;
    friend auto operator<=>(const SecretRef&, const SecretRef&) = default;
};

/// Gives the values of secrets, and remembers each value that it gave, for masking.
class SecretResolver {
public:
    virtual ~SecretResolver() = default;
    /// kNotFound names the secret and where it was looked for.
    virtual Result<std::string> resolve(const SecretRef& secret) = 0;
};

/// What a rendering may use. Absent parts make a template that needs them fail with
/// kInvalidArgument.
struct TemplateContext {
    std::optional<Interval> window;
    std::string timezone = "UTC";
    std::optional<Timestamp> run_time;
    const std::map<std::string, Value>* params = nullptr;
    const std::map<std::string, Value>* matrix = nullptr;
    const Value* item = nullptr;
    const std::map<std::string, Value>* tasks = nullptr;  ///< What tasks gave, by their names.
    SecretResolver* secrets = nullptr;
};

/// The date that a template asks for does not exist (29 February of 2014): the window is skipped
/// with this reason.
struct NoSuchDate {
    std::string reason;
};
using Rendered = std::variant<std::string, NoSuchDate>;

/// A parsed template. Immutable; cheap to render.
class Template {
public:
    struct Text {
        std::string text;
    };
    struct Time {
        enum class Of : std::uint8_t { kWindowStart, kWindowEnd, kRunTime };
        Of of = Of::kWindowStart;
        std::optional<CalendarStep> shift;
        std::string format;  ///< Empty: ISO 8601.
    };
    struct Lookup {
        enum class In : std::uint8_t { kParams, kMatrix, kItem, kTasks };
        In in = In::kParams;
        std::vector<std::string> path;  ///< Empty for `{item}`; kTasks: task, key, ...
    };
    using Part = std::variant<Text, Time, Lookup, SecretRef>;

    Template() = default;
    /// Errors: kInvalidArgument, the message says what is wrong at which byte of `text`.
    static Result<Template> parse(std::string_view text);
    /// A template that is just this text.
    static Template literal(std::string text);

    Result<Rendered> render(const TemplateContext& context) const;
    static Result<Rendered> render_part(const Part& part, const TemplateContext& context);
    /// Same, where a date that does not exist is an error (kInvalidArgument).
    Result<std::string> render_text(const TemplateContext& context) const;

    const std::string& text() const { return text_; }  ///< As written; secrets are references.
    const std::vector<Part>& parts() const { return parts_; }
    bool empty() const { return parts_.empty(); }
    bool uses_window() const;
    bool uses_item() const;
    std::vector<std::string> params() const;  ///< Names after `params.`, sorted, each once.
    std::vector<std::string> tasks() const;   ///< Names after `tasks.`, sorted, each once.
    std::vector<SecretRef> secrets() const;

    friend bool operator==(const Template& a, const Template& b) { return a.text_ == b.text_; }

private:
    std::string text_;
    std::vector<Part> parts_;
};

}  // namespace ingot::project
