#include "server/guard.hpp"

#include <algorithm>
#include <array>

#include "server/http_server.hpp"
#include "server/problem.hpp"

namespace ingot::server {
namespace {

constexpr std::string_view kCookie = "ingot_session";
constexpr int kHashesAtOnce = 2;

Response too_early(Duration wait, std::string_view code, std::string_view what) {
    const auto seconds = (wait.count() + 999'999) / 1'000'000;
    Response response = problem(429, code, fmt::format("{}: try again in {} s", what, seconds));
    response.headers.emplace_back("Retry-After", std::to_string(seconds));
    return response;
}

Response log_in_first() {
    Response response =
        problem(401, "not_logged_in", "log in, or send a token: Authorization: Bearer ingot_...");
    response.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"ingot\"");
    return response;
}

/// `[::1]:8420` without its port.
std::string_view host_name(std::string_view host) {
    if (host.starts_with('[')) return host.substr(1, host.find(']') - 1);
    return host.substr(0, host.find(':'));
}

/// A page of another site may have this machine's address under its own name; then its requests
/// look like ours in all but the Host.
bool names_this_machine(std::string_view host) {
    const std::string_view name = host_name(host);
    return name == "localhost" || is_loopback(name);
}

bool was_forwarded(const Request& request) {
    constexpr std::array<const char*, 4> kOfProxies = {"forwarded", "x-forwarded-for",
                                                       "x-forwarded-host", "via"};
    return std::any_of(kOfProxies.begin(), kOfProxies.end(),
                       [&](const char* name) { return request.has_header(name); });
}

/// Whether a browser sends this for a page of ours, as far as it says so.
bool is_of_our_pages(const Request& request) {
    const std::string_view site = request.header("sec-fetch-site");
    if (site == "cross-site" || site == "same-site") return false;
    if (!request.has_header("origin")) return true;
    const std::string_view origin = request.header("origin");
    const auto scheme = origin.find("://");
    return scheme != std::string_view::npos && origin.substr(scheme + 3) == request.header("host");
}

std::optional<Response> check_local(const Request& request) {
    if (!names_this_machine(request.header("host"))) {
        return problem(421, "wrong_host",
                       "without accounts the server answers to localhost and 127.0.0.1 only; "
                       "`ingot user add NAME --role admin` makes an account");
    }
    if (was_forwarded(request)) {
        return problem(403, "proxy_without_accounts",
                       "this came through a proxy, and without accounts everybody would be an "
                       "admin: `ingot user add NAME --role admin` makes an account");
    }
    return std::nullopt;
}

std::optional<Response> check_origin(const Request& request, const std::optional<Identity>& who) {
    if (is_safe(request.method)) return std::nullopt;
    if (!is_of_our_pages(request)) {
        return problem(403, "wrong_origin",
                       "a page of another site sent this: only the server's own pages may");
    }
    if (!who || who->kind != Identity::Kind::kSession) return std::nullopt;
    if (equal_in_constant_time(request.header("x-csrf-token"), who->csrf)) return std::nullopt;
    return problem(403, "wrong_csrf",
                   "X-CSRF-Token is missing or wrong: GET /api/v1/me gives the session's");
}

std::optional<Response> check_role(const Endpoint& endpoint, const std::optional<Identity>& who) {
    if (!endpoint.role) return std::nullopt;
    if (!who) return log_in_first();
    if (who->role >= *endpoint.role) return std::nullopt;
    return problem(403, "wrong_role",
                   fmt::format("this needs the role {}, and {} has the role {}",
                               role_name(*endpoint.role), who->name, role_name(who->role)));
}

std::string key_of(const std::optional<Identity>& who, const std::string& address) {
    return who ? "user " + who->name : "address " + address;
}

}  // namespace

Guard::Guard(Accounts& accounts, GuardSettings settings, const Clock& clock)
    : accounts_(accounts),
      settings_(settings),
      clock_(clock),
      requests_(settings.requests),
      logins_(settings.logins),
      addresses_(Backoff::Settings{.free_failures = settings.logins.free_failures * 4,
                                   .first = settings.logins.first,
                                   .most = settings.logins.most,
                                   .forget_after = settings.logins.forget_after,
                                   .keys_max = settings.logins.keys_max}) {}

Guard::Entry Guard::enter(const Request& request, const Endpoint& endpoint) {
    Entry entry{.address = address_of(request)};
    Result<Identified> identified = identify(request);
    if (!identified) {
        entry.refusal = problem(identified.error());
        return entry;
    }
    entry.who = std::move(identified->who);
    entry.refusal = std::move(identified->refusal);
    if (entry.refusal) return entry;
    if (!entry.who || entry.who->kind != Identity::Kind::kLocal) {
        const Duration wait =
            requests_.lock()->take(key_of(entry.who, entry.address), clock_.steady());
        if (wait > Duration(0)) {
            entry.refusal = too_early(wait, "too_many_requests", "too many requests at once");
            return entry;
        }
    }
    entry.refusal = check_role(endpoint, entry.who);
    if (!entry.refusal) entry.refusal = check_origin(request, entry.who);
    return entry;
}

Result<bool> Guard::local_mode() const {
    if (!settings_.loopback) return false;
    INGOT_TRY_ASSIGN(const bool any, accounts_.any());
    return !any;
}

Result<Guard::Identified> Guard::identify(const Request& request) const {
    if (request.os_user) {
        return Identified{
            .who = Identity{Identity::Kind::kLocal, "cli " + *request.os_user, Role::kAdmin}};
    }
    constexpr std::string_view kBearer = "Bearer ";
    const std::string_view authorization = request.header("authorization");
    if (authorization.starts_with(kBearer)) {
        INGOT_TRY_ASSIGN(auto who, accounts_.token(authorization.substr(kBearer.size())));
        if (who) return Identified{.who = std::move(who)};
        Response refusal =
            problem(401, "bad_token", "this token is not known, was revoked or has expired");
        refusal.headers.emplace_back("WWW-Authenticate",
                                     "Bearer realm=\"ingot\", error=\"invalid_token\"");
        return Identified{.refusal = std::move(refusal)};
    }
    INGOT_TRY_ASSIGN(const bool local, local_mode());
    if (local) {
        if (auto refusal = check_local(request)) return Identified{.refusal = std::move(refusal)};
        return Identified{.who = Identity{Identity::Kind::kLocal, "local", Role::kAdmin}};
    }
    const std::string_view secret = session_secret(request);
    if (secret.empty()) return Identified{};
    INGOT_TRY_ASSIGN(auto who, accounts_.session(secret));
    return Identified{.who = std::move(who)};
}

std::string_view Guard::session_secret(const Request& request) {
    return request.cookie(kCookie);
}

Result<Guard::LogIn> Guard::log_in(const Request& request, const std::string& user,
                                   const std::string& password) {
    const std::string address = address_of(request);
    if (const Duration wait = failed_too_often(user, address); wait > Duration(0)) {
        return LogIn{.refusal = too_early(wait, "too_many_failures",
                                          "too many attempts with a wrong password")};
    }
    struct Place {
        explicit Place(std::atomic<int>& count) : taken(count), at_work(++count) {}
        ~Place() { --taken; }
        std::atomic<int>& taken;
        int at_work;
    };
    const Place place(hashing_);
    if (place.at_work > kHashesAtOnce) {
        return LogIn{.refusal = too_early(std::chrono::seconds(1), "too_many_logins",
                                          "too many people log in at this moment")};
    }
    INGOT_TRY_ASSIGN(auto session, accounts_.log_in(user, password));
    if (session) {
        logins_.lock()->succeeded(user + " " + address);
        return LogIn{.session = std::move(session)};
    }
    logins_.lock()->failed(user + " " + address, clock_.steady());
    addresses_.lock()->failed(address, clock_.steady());
    return LogIn{.refusal = problem(401, "wrong_password", "no such user, or another password")};
}

Duration Guard::failed_too_often(const std::string& user, const std::string& address) const {
    const Duration now = clock_.steady();
    return std::max(logins_.lock()->wait(user + " " + address, now),
                    addresses_.lock()->wait(address, now));
}

std::pair<std::string, std::string> Guard::cookie(const Request& request,
                                                  const NewSession* session) const {
    const auto lifetime = session == nullptr
                              ? std::chrono::seconds(0)
                              : std::chrono::duration_cast<std::chrono::seconds>(session->lifetime);
    return {"Set-Cookie", fmt::format("{}={}; Path=/; HttpOnly; SameSite=Strict; Max-Age={}{}",
                                      kCookie, session == nullptr ? "" : session->secret,
                                      lifetime.count(), is_secure(request) ? "; Secure" : "")};
}

bool Guard::is_secure(const Request& request) const {
    return request.tls ||
           (settings_.behind_proxy && request.header("x-forwarded-proto") == "https");
}

std::string Guard::address_of(const Request& request) const {
    if (!settings_.behind_proxy || !is_loopback(request.address)) return request.address;
    const std::string_view chain = request.header("x-forwarded-for");
    const auto comma = chain.rfind(',');
    std::string_view last = comma == std::string_view::npos ? chain : chain.substr(comma + 1);
    while (last.starts_with(' ')) last.remove_prefix(1);
    return last.empty() || last.size() > 64 ? request.address : std::string(last);
}

}  // namespace ingot::server
