#include "telemetry/statsd_client.hpp"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace ingot::telemetry {
namespace {

using std::chrono::milliseconds;

/// Takes packets in on 127.0.0.1.
class Receiver {
public:
    Receiver() : socket_(::socket(AF_INET, SOCK_DGRAM, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        EXPECT_EQ(::bind(socket_, reinterpret_cast<sockaddr*>(&address), size), 0);
        ::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size);
        port_ = ntohs(address.sin_port);
    }
    ~Receiver() { ::close(socket_); }

    project::StatsdSettings settings() const {
        project::StatsdSettings settings;
        settings.host = "127.0.0.1";
        settings.port = port_;
        return settings;
    }
    /// Nothing: none came in time.
    std::optional<std::string> packet(milliseconds patience = milliseconds(10'000)) const {
        pollfd ready{socket_, POLLIN, 0};
        if (::poll(&ready, 1, static_cast<int>(patience.count())) <= 0) return std::nullopt;
        std::string bytes(65536, '\0');
        const ssize_t size = ::recv(socket_, bytes.data(), bytes.size(), 0);
        bytes.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
        return bytes;
    }

private:
    int socket_;
    int port_ = 0;
};

std::vector<Measurement> started(const std::string& task) {
    return {{.metric = Metric::kTaskStarted, .pipeline = "p", .task = task}};
}

TEST(StatsdClient, LinesShareAPacket) {
    const Receiver receiver;
    StatsdClient client;
    client.use(receiver.settings());
    client.take(started("a"));
    client.take(started("b"));
    EXPECT_EQ(receiver.packet(),
              "airflow.ti.start:1|c\nairflow.ti.start.p.a:1|c\n"
              "airflow.ti.start:1|c\nairflow.ti.start.p.b:1|c");
}

TEST(StatsdClient, NoPacketIsLargerThanAFrameAndNoLineIsTorn) {
    const Receiver receiver;
    {
        StatsdClient client;
        client.use(receiver.settings());
        for (int i = 0; i < 500; ++i) client.take(started("t" + std::to_string(i)));
    }  // Sends what is left.
    std::vector<std::string> lines;
    while (lines.size() < 1000) {
        const std::optional<std::string> packet = receiver.packet();
        ASSERT_TRUE(packet) << lines.size() << " lines came";
        EXPECT_LE(packet->size(), 1432u);
        for (std::size_t at = 0; at < packet->size();) {
            const std::size_t end = std::min(packet->find('\n', at), packet->size());
            lines.push_back(packet->substr(at, end - at));
            at = end + 1;
        }
    }
    EXPECT_EQ(lines[1], "airflow.ti.start.p.t0:1|c");
    EXPECT_EQ(lines.back(), "airflow.ti.start.p.t499:1|c");
}

TEST(StatsdClient, AHostThatIsNotThereIsSaidOnceAndNobodyWaits) {
    testing::internal::CaptureStderr();
    {
        StatsdClient client;
        project::StatsdSettings settings;
        settings.host = "nobody.invalid";
        client.use(settings);
        const auto begun = std::chrono::steady_clock::now();
        for (int i = 0; i < 50'000; ++i) client.take(started("a"));
        EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(5));
        std::this_thread::sleep_for(milliseconds(600));
        client.take(started("a"));
    }
    const std::string said = testing::internal::GetCapturedStderr();
    const std::string text = "metrics.statsd: nobody.invalid:8125 cannot be reached";
    const std::size_t first = said.find(text);
    EXPECT_NE(first, std::string::npos) << said;
    EXPECT_EQ(said.find(text, first + 1), std::string::npos) << said;
}

TEST(StatsdClient, ItGoesWhereItIsToldToGoNext) {
    const Receiver first;
    const Receiver second;
    StatsdClient client;
    client.take(started("dropped"));
    client.use(first.settings());
    client.take(started("a"));
    EXPECT_THAT(first.packet().value_or(""), testing::HasSubstr("p.a"));
    client.use(second.settings());
    client.take(started("b"));
    EXPECT_THAT(second.packet().value_or(""), testing::HasSubstr("p.b"));
    client.use(std::nullopt);
    client.take(started("c"));
    EXPECT_EQ(second.packet(milliseconds(400)), std::nullopt);
    EXPECT_EQ(first.packet(milliseconds(0)), std::nullopt);
}

}  // namespace
}  // namespace ingot::telemetry
