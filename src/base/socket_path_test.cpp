#include "base/socket_path.hpp"

#include <cstring>
#include <filesystem>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/uuid.hpp"

namespace ingot {
namespace {

sockaddr_un address_of(const SocketPath& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.text().c_str(), sizeof(address.sun_path) - 1);
    return address;
}

TEST(SocketPath, AShortOneIsAsItIs) {
    EXPECT_EQ(SocketPath::of("/run/a.socket")->text(), "/run/a.socket");
}

TEST(SocketPath, ALongOneIsReachedAllTheSame) {
    const std::filesystem::path folder =
        std::filesystem::path(testing::TempDir()) / uuid_v4() / std::string(120, 'x');
    std::filesystem::create_directories(folder);
    const std::string file = folder / "a.socket";
    const int server = ::socket(AF_UNIX, SOCK_STREAM, 0);
    {
        const auto path = SocketPath::of(file);
        ASSERT_TRUE(path);
        const sockaddr_un address = address_of(*path);
        ASSERT_EQ(::bind(server, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
        ASSERT_EQ(::listen(server, 1), 0);
    }
    EXPECT_TRUE(std::filesystem::is_socket(file));
    const auto path = SocketPath::of(file);
    const sockaddr_un address = address_of(*path);
    const int client = ::socket(AF_UNIX, SOCK_STREAM, 0);
    EXPECT_EQ(::connect(client, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
    ::close(client);
    ::close(server);
    std::filesystem::remove_all(folder.parent_path());
}

TEST(SocketPath, AFolderThatIsNotThereIsAnError) {
    const std::string file = "/no/such/folder/" + std::string(120, 'x') + "/a.socket";
    EXPECT_EQ(SocketPath::of(file).error().code, ErrorCode::kIo);
}

}  // namespace
}  // namespace ingot
