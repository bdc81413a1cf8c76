#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "project/template_text.hpp"
#include "project/window.hpp"

namespace ingot::ingest {

/// Tells from a file's path which window it belongs to: a path template read backwards. Years of
/// windows of which few have a file then cost as much as the files that are there.
class WindowPaths {
public:
    /// Relative paths are below `root`. Nothing when its paths do not name the windows one to one
    /// in a way that can be read back: expressions of time other than `window.start` with digits, a
    /// format coarser than the window, wildcards, a zone whose clock may change.
    static Result<std::optional<WindowPaths>> of(const project::Template& path,
                                                 const std::string& root,
                                                 const project::WindowSpec& windows,
                                                 const project::TemplateContext& context);

    /// The path with `*` where the time stands; repeated slashes are one.
    std::string pattern() const;
    /// The window that a path like the pattern names. That the template gives this path for it is
    /// not certain: leading zeros may differ.
    std::optional<Interval> window_of(std::string_view path) const;

private:
    /// Digits of a time: a strftime specifier, and how many digits it may have.
    struct Digits {
        char specifier;
        std::size_t at_least;
        std::size_t at_most;
    };
    using Piece = std::variant<std::string, Digits>;

    explicit WindowPaths(project::WindowSpec windows) : windows_(std::move(windows)) {}
    void add_text(std::string_view text);
    void put_below(const std::string& root);
    bool add_format(std::string_view format);
    bool can_be_read_back() const;

    project::WindowSpec windows_;
    std::vector<Piece> pieces_;
};

}  // namespace ingot::ingest
