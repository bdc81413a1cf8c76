#pragma once
// Who a request comes from, and whether it may go on.
#include <atomic>
#include <optional>
#include <string>

#include "server/accounts.hpp"
#include "server/endpoint.hpp"
#include "server/rate_limit.hpp"

#include "base/guarded.hpp"

namespace ingot::server {

struct GuardSettings {
    bool loopback = true;  ///< The server can be reached from this machine only.
    /// The last address of X-Forwarded-For counts when the request comes from this machine.
    bool behind_proxy = false;
    RateLimit::Settings requests = {};
    Backoff::Settings logins = {};
};

/// Nobody is let in twice as fast by asking twice: thread-safe.
class Guard {
public:
    Guard(Accounts& accounts, GuardSettings settings, const Clock& clock = system_clock());

    struct Entry {
        std::optional<Identity> who = {};
        std::string address = {};
        std::optional<Response> refusal = {};  ///< Set: it may not go on.
    };
    /// While there is no account and the server is reached from this machine only, everybody is
    /// `local`, an admin. Over the server's own socket it is whoever owns the store: `cli NAME`, an
    /// admin too, as with what lies beside the store.
    Entry enter(const Request& request, const Endpoint& endpoint);

    /// Whether everybody is let in as `local`.
    Result<bool> local_mode() const;

    struct LogIn {
        std::optional<NewSession> session = {};
        std::optional<Response> refusal = {};
    };
    /// Slower with each failure of the same user and address, and at most two at a time: hashing is
    /// dear on purpose.
    Result<LogIn> log_in(const Request& request, const std::string& user,
                         const std::string& password);
    Status log_out(const Request& request) { return accounts_.log_out(session_secret(request)); }
    /// The header that gives a session to a browser; without one, the header that takes it away.
    std::pair<std::string, std::string> cookie(const Request& request,
                                               const NewSession* session) const;

private:
    struct Identified {
        std::optional<Identity> who = {};
        std::optional<Response> refusal = {};
    };
    Result<Identified> identify(const Request& request) const;
    static std::string_view session_secret(const Request& request);
    std::string address_of(const Request& request) const;
    bool is_secure(const Request& request) const;
    Duration failed_too_often(const std::string& user, const std::string& address) const;

    Accounts& accounts_;
    GuardSettings settings_;
    const Clock& clock_;
    Guarded<RateLimit> requests_;
    Guarded<Backoff> logins_;
    Guarded<Backoff> addresses_;
    std::atomic<int> hashing_ = 0;
};

}  // namespace ingot::server
