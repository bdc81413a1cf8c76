#pragma once
// The server's certificate and its key, which are renewed while it runs.
#include <boost/asio/ssl/context.hpp>
#include <memory>
#include <string>

#include "base/result.hpp"
#include "base/time.hpp"

namespace ingot::server {

/// Two files, and what was read from them last. Not thread-safe.
class Certificate {
public:
    using Context = std::shared_ptr<boost::asio::ssl::context>;

    /// kInvalidArgument: a file cannot be read, is not PEM, or the two do not fit.
    static Result<Certificate> read(std::string chain_file, std::string key_file);

    /// For connections from now on.
    const Context& context() const { return context_; }
    Timestamp expires() const;
    /// Why what the files hold now is not what is used; empty: it is.
    const std::string& problem() const { return problem_; }

    /// Reads the files again when they have changed and have stood still since the call before:
    /// they are two, and are not replaced at once. What cannot be used changes nothing.
    void look();

private:
    Certificate(std::string chain_file, std::string key_file)
        : chain_file_(std::move(chain_file)), key_file_(std::move(key_file)) {}
    Result<Context> context_of_files() const;
    /// Changes when the files do.
    std::string stamp() const;

    std::string chain_file_;
    std::string key_file_;
    Context context_;
    std::string stamp_read_;  ///< Of the files as they were read last.
    std::string stamp_seen_;  ///< As of the last call.
    std::string problem_;
};

}  // namespace ingot::server
