#include "base/process_identity.hpp"

#include <csignal>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

namespace ingot {
namespace {

ProcessIdentity myself() {
    return *ProcessIdentity::of_this_process();
}

TEST(ProcessIdentity, TheProcessThatIsMeantIsFound) {
    const auto found = ProcessHandle::find(myself());
    ASSERT_TRUE(found);
    EXPECT_FALSE(found->has_ended());
}

TEST(ProcessIdentity, AnIdThatWasGivenAgainIsNotTheProcess) {
    ProcessIdentity other = myself();
    --other.started;
    EXPECT_FALSE(ProcessHandle::find(other));
}

TEST(ProcessIdentity, AnIdFromBeforeTheMachineWasStartedAnewIsNotTheProcess) {
    ProcessIdentity other = myself();
    other.boot = "00000000-0000-4000-8000-000000000000";
    EXPECT_FALSE(ProcessHandle::find(other));
}

TEST(ProcessIdentity, AnIdThatIsNoneIsNotFound) {
    ProcessIdentity other = myself();
    for (const pid_t pid : {0, -1}) {
        other.pid = pid;
        EXPECT_FALSE(ProcessHandle::find(other)) << pid;
    }
}

TEST(ProcessIdentity, AHandleSignalsItsProcessAndShowsItsEnd) {
    const pid_t child = ::fork();
    if (child == 0) {
        ::pause();
        ::_exit(0);
    }
    const auto handle = ProcessHandle::of_child(child);
    ASSERT_TRUE(handle);
    EXPECT_FALSE(handle->has_ended());
    handle->signal(SIGKILL);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(WTERMSIG(status), SIGKILL);
    EXPECT_TRUE(handle->has_ended());
    handle->signal(SIGKILL);
    EXPECT_FALSE(ProcessHandle::of_child(child));
}

}  // namespace
}  // namespace ingot
