#include "telemetry/statsd_client.hpp"

#include <cerrno>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include "telemetry/airflow_names.hpp"

#include "base/executor.hpp"
#include "base/log.hpp"

namespace ingot::telemetry {
namespace {

/// What fits into an Ethernet frame whatever is around it.
constexpr std::size_t kPacketBytes = 1432;
/// Beyond them the oldest are dropped.
constexpr std::size_t kLinesWaitingMax = 20'000;
/// So long a line waits for others to share its packet.
constexpr auto kGather = std::chrono::milliseconds(200);
/// Where a name leads changes, in clusters often.
constexpr auto kLookUpEvery = std::chrono::minutes(1);
constexpr auto kLookUpAgain = std::chrono::seconds(10);

}  // namespace

/// The socket, and where it leads.
class StatsdClient::Wire {
public:
    Wire(std::string host, int port) : host_(std::move(host)), port_(port) {}
    ~Wire() { close(); }
    Wire(const Wire&) = delete;
    Wire& operator=(const Wire&) = delete;

    bool leads_to(const project::StatsdSettings& settings) const {
        return host_ == settings.host && port_ == settings.port;
    }

    void send(const std::deque<std::string>& lines) {
        if (std::chrono::steady_clock::now() >= look_up_at_) look_up();
        if (socket_ < 0) return;
        std::string packet;
        for (const std::string& line : lines) {
            if (!packet.empty() && packet.size() + 1 + line.size() > kPacketBytes) {
                send(packet);
                packet.clear();
            }
            if (!packet.empty()) packet += '\n';
            packet += line;
        }
        if (!packet.empty()) send(packet);
    }

private:
    /// Nobody may listen there, or the system have no room: such is UDP.
    void send(const std::string& packet) const {
        while (::send(socket_, packet.data(), packet.size(), MSG_DONTWAIT | MSG_NOSIGNAL) < 0 &&
               errno == EINTR) {
        }
    }

    void look_up() {
        const int found = connect();
        look_up_at_ = std::chrono::steady_clock::now() +
                      (found == 0 ? std::chrono::seconds(kLookUpEvery) : kLookUpAgain);
        if (found == 0) {
            if (std::exchange(said_, false)) {
                log_info("metrics.statsd: {} is found again", host_);
            }
        } else if (!std::exchange(said_, true)) {
            log_warning(
                "metrics.statsd: {}:{} cannot be reached: {}: metrics are dropped until it can; "
                "the host stands in project.yml",
                host_, port_, found == EAI_SYSTEM ? "no socket" : ::gai_strerror(found));
        }
    }

    /// 0, or an error of getaddrinfo. What was found before stays until there is something else.
    /// Of a name that has both, as `localhost` has, the IPv4 address: nobody says over UDP that he
    /// listens on the other one only, and this is what clients of StatsD take.
    int connect() {
        const int found = connect(AF_INET);
        return found == 0 ? 0 : connect(AF_UNSPEC);
    }

    int connect(int family) {
        addrinfo wanted{};
        wanted.ai_family = family;
        wanted.ai_socktype = SOCK_DGRAM;
        wanted.ai_flags = AI_NUMERICSERV;
        addrinfo* found = nullptr;
        const int failed =
            ::getaddrinfo(host_.c_str(), std::to_string(port_).c_str(), &wanted, &found);
        if (failed != 0) return failed;
        int connected = -1;
        for (const addrinfo* at = found; at != nullptr && connected < 0; at = at->ai_next) {
            const int made = ::socket(at->ai_family, at->ai_socktype | SOCK_CLOEXEC, 0);
            if (made < 0) continue;
            if (::connect(made, at->ai_addr, at->ai_addrlen) == 0) {
                connected = made;
            } else {
                ::close(made);
            }
        }
        ::freeaddrinfo(found);
        if (connected < 0) return EAI_SYSTEM;
        close();
        socket_ = connected;
        return 0;
    }

    void close() {
        if (socket_ >= 0) ::close(socket_);
        socket_ = -1;
    }

    std::string host_;
    int port_;
    int socket_ = -1;
    std::chrono::steady_clock::time_point look_up_at_;
    bool said_ = false;  ///< That it cannot be found.
};

StatsdClient::StatsdClient()
    : thread_([this](const std::stop_token& stop) {
          name_this_thread("statsd");
          work(stop);
      }) {}

StatsdClient::~StatsdClient() {
    thread_.request_stop();
}

void StatsdClient::use(std::optional<project::StatsdSettings> settings) {
    auto state = state_.lock();
    if (state->settings == settings) return;
    state->settings = std::move(settings);
    state->lines.clear();
}

void StatsdClient::take(const std::vector<Measurement>& measurements) {
    {
        auto state = state_.lock();
        if (!state->settings) return;
        for (const Measurement& measurement : measurements) {
            for (const StatsdSample& sample : airflow_samples(measurement)) {
                state->lines.push_back(statsd_line(sample, *state->settings));
            }
        }
        while (state->lines.size() > kLinesWaitingMax) state->lines.pop_front();
    }
    news_.notify_one();
}

void StatsdClient::work(const std::stop_token& stop) {
    std::optional<Wire> wire;
    while (true) {
        const Load load = next_load(stop);
        if (load.lines.empty()) {
            if (stop.stop_requested()) return;
            continue;
        }
        if (!wire || !wire->leads_to(load.settings)) {
            wire.emplace(load.settings.host, load.settings.port);
        }
        wire->send(load.lines);
    }
}

/// What has come together a moment after the first of it; nothing: `stop` asks.
StatsdClient::Load StatsdClient::next_load(const std::stop_token& stop) {
    auto state = state_.lock();
    news_.wait(state.mutex_lock(), stop, [&] { return !state->lines.empty(); });
    news_.wait_for(state.mutex_lock(), stop, kGather, [] { return false; });
    if (state->lines.empty()) return {};
    return {std::exchange(state->lines, {}), *state->settings};
}

}  // namespace ingot::telemetry
