#pragma once
#include <condition_variable>
#include <functional>
#include <future>
#include <map>
#include <stop_token>
#include <utility>
#include <vector>

#include "orchestrator/machine.hpp"
#include "orchestrator/policy.hpp"
#include "orchestrator/run_folder.hpp"
#include "orchestrator/store.hpp"
#include "orchestrator/task_runner.hpp"

#include "base/executor.hpp"
#include "base/guarded.hpp"

namespace ingot::orchestrator {

/// The parts that it works with; all outlive it.
struct OrchestratorParts {
    Store& store;
    TaskRunner& runner;
    const RunFolder& folder;
    Clock& clock;
    std::vector<Policy*> policies = {};
};

struct OrchestratorOptions {
    Limits limits;
    std::string purpose = "ingot run --pipeline";  ///< What locks of runs say of this process.
    std::optional<Fence> server = {};              ///< Writes as this server.
    /// How long what runs may go on once `serve` is asked to stop.
    Duration drain_time = std::chrono::seconds(30);
};

/// Does what the machine decides: makes each step durable, then starts and stops tasks on threads
/// of its own. What happens while a step is being made durable goes into the next one, all at once.
///
/// `post` and `ask` may be called from any thread; everything else from one thread before the loop
/// begins, or from within it: by policies and by what is posted.
class Orchestrator {
public:
    /// Called after an event has become durable, in the loop.
    using Observer = std::function<void(const Event&, const RunStatus&)>;
    using Input = std::function<Status(Orchestrator&)>;

    Orchestrator(OrchestratorParts parts, OrchestratorOptions options, Observer observer = {});
    ~Orchestrator();
    Orchestrator(const Orchestrator&) = delete;
    Orchestrator& operator=(const Orchestrator&) = delete;

    /// Works until all runs have ended; when `stop` asks, they are cancelled first. On an error of
    /// the store everything is stopped and the runs are left as the store has them: interrupted.
    Status work(std::stop_token stop);
    /// Works until `stop` asks. Then nothing new starts; what runs may end within the drain time,
    /// and what has not is left for the next process, which makes it again. A store that does not
    /// take what happened is tried again until it does: meanwhile nothing starts. The error
    /// kCommitConflict: another process took over.
    Status serve(std::stop_token stop);

    /// Instead of a loop: takes one thing in, makes what comes of it durable and starts nothing.
    /// What is not over then is left for the next process.
    Status record(const Input& input);

    /// Has the loop take something in. Ready when what came of it is durable, with the error that
    /// `input` gave, or kCancelled when the loop ended before.
    std::future<Status> post(Input input);
    /// Has the loop look something up. kTimeout: it did not come to it; it waits for the store.
    template <class Function>
    auto ask(Function function, Duration patience)
        -> Result<std::invoke_result_t<Function, Orchestrator&>>;
    /// What keeps the store from taking anything in; nothing: all is well. From any thread.
    std::optional<Error> store_trouble() const { return *store_trouble_.lock(); }

    /// Queues a new run.
    Status submit(const RunId& id, RunSpec spec, RunOrigin origin = {});
    /// Goes on with a run that its process left: what had ended stays so. `fence` is what
    /// `take_over` gave, `lock` that of the run.
    Status adopt(const StoredRun& run, Fence fence, FileLock lock);
    /// Ends a run that its process left.
    Status retire(const StoredRun& run, Fence fence, FileLock lock, const std::string& reason);
    /// Takes in what happened to a run. One that has ended, or that its process left, is brought
    /// back for it.
    Status give(const RunId& run, Change change);
    /// The same for several runs. kAlreadyExists: another process carries one of them out, which is
    /// named; then nothing has happened to any.
    Status give(const std::vector<std::pair<RunId, Change>>& changes);
    /// Changes a record along with whatever else this turn takes in.
    void keep(Record record);

    const Machine& machine() const { return machine_; }
    /// Wall time that does not jump while runs are active.
    Timestamp now() const;

private:
    struct Posted {
        Input input;
        std::promise<Status> done;
    };

    Status turn(std::vector<Posted> inputs);
    Status consult_policies();
    void add(Actions actions);
    Status commit();
    Status append(const Batch& batch);
    Status start(const Actions::Start& start);
    Attempt attempt(const RunStatus& run, TaskIndex task, int number) const;
    Result<RunAdopted> adoption(const RunId& run);
    TaskOutcome carry_out(const Attempt& attempt, std::stop_token stop);
    Status end_attempt(const Attempt& attempt, const TaskOutcome& outcome);
    std::vector<Posted> wait_for_inputs(const std::stop_token& stop,
                                        std::optional<Duration> at_most = {});
    std::optional<Duration> time_to_wait(std::optional<Duration> at_most) const;
    Status replay(const StoredRun& run, Fence fence, FileLock lock);
    Result<std::vector<RunId>> bring_back(const std::vector<RunId>& runs);
    Status let_go_when_over(const RunId& run);
    Status cancel_all();
    Status drain();
    void leave_when_replaced(const Status& done);
    void stop_everything();
    void follow_the_clock();

    OrchestratorParts parts_;
    OrchestratorOptions options_;
    Observer observer_;
    Machine machine_;
    Timestamp begun_;  ///< Time goes on from here by the steady clock.
    Duration begun_steady_;
    struct Held {
        Fence fence;
        FileLock lock;
    };
    std::map<RunId, Held> held_;  ///< The runs that have not ended.
    std::map<std::pair<RunId, TaskIndex>, std::stop_source> running_;
    /// Of attempts that were adopted: they hold no worker, however many there are.
    std::map<std::pair<RunId, TaskIndex>, std::jthread> attending_;
    std::stop_source leave_;       ///< Another process goes on with everything.
    Actions pending_;              ///< Decided and not yet durable.
    std::vector<Record> records_;  ///< Likewise.
    bool serving_ = false;
    bool draining_ = false;
    bool stopping_ = false;  ///< Policies decide no more.
    std::stop_token stop_;

    struct Inbox {
        std::vector<Posted> inputs;
        bool closed = false;
    };
    Guarded<Inbox> inbox_;
    std::condition_variable_any news_;
    Guarded<std::optional<Error>> store_trouble_;
    Executor executor_;  ///< The last: its threads use the rest.
};

template <class Function>
auto Orchestrator::ask(Function function, Duration patience)
    -> Result<std::invoke_result_t<Function, Orchestrator&>> {
    auto answer = std::make_shared<std::optional<std::invoke_result_t<Function, Orchestrator&>>>();
    std::future<Status> done = post([answer, function](Orchestrator& self) -> Status {
        answer->emplace(function(self));
        return {};
    });
    if (done.wait_for(patience) != std::future_status::ready) {
        return make_error(ErrorCode::kTimeout, "the store takes nothing in now: try again later");
    }
    INGOT_TRY(done.get());
    return std::move(**answer);
}

}  // namespace ingot::orchestrator
