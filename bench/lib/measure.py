"""Runs a command and says what it cost: wall and CPU time, and the memory of its whole process tree."""

import os
import subprocess
import sys
import time

TICKS = os.sysconf("SC_CLK_TCK")
SAMPLE_SECONDS = 0.02


class Failed(Exception):
    """The command ended with another status than 0; the text is what it printed."""


def run(command, cwd=None, env=None, want=0):
    """Returns {wall_s, cpu_s, peak_mib, other_cpu_s, stdout}. `peak_mib` is the largest sum of resident memory over the
    tree, or the high-water mark of its largest process when that is more. `other_cpu_s` is what the rest of the machine
    burned meanwhile: where it is large, the wall time is disturbed."""
    busy_before = _busy()
    # Output goes to a file: a full pipe would stop the command.
    out_path = os.path.join(os.environ.get("TMPDIR", "/tmp"), f"ingot_bench_{os.getpid()}.out")
    with open(out_path, "w+b") as out:
        started = time.perf_counter()
        process = subprocess.Popen(command, cwd=cwd, env=env, stdout=out, stderr=subprocess.STDOUT)
        peak_kib, cpu = 0, {}
        while True:
            pids = _tree(process.pid)
            sizes = [_resident(pid) for pid in pids]
            peak_kib = max([peak_kib, sum(now for now, _ in sizes)] + [high for _, high in sizes])
            cpu.update(pids)
            try:
                process.wait(SAMPLE_SECONDS)
                break
            except subprocess.TimeoutExpired:
                continue
        wall = time.perf_counter() - started
        out.seek(0)
        text = out.read().decode("utf-8", "replace")
    os.unlink(out_path)
    if process.returncode != want:
        raise Failed(f"{' '.join(map(str, command))}: status {process.returncode}\n{text[-4000:]}")
    burned = sum(cpu.values())
    return {
        "wall_s": wall,
        "cpu_s": burned,
        "peak_mib": peak_kib / 1024,
        "other_cpu_s": max(0.0, _busy() - busy_before - burned),
        "stdout": text,
    }


def _tree(root):
    children, cpu = {}, {}
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open(f"/proc/{name}/stat", encoding="utf-8", errors="replace") as file:
                fields = file.read().rpartition(")")[2].split()
        except OSError:
            continue
        children.setdefault(int(fields[1]), []).append(int(name))
        cpu[int(name)] = (int(fields[11]) + int(fields[12])) / TICKS
    found, waiting = {}, [root]
    while waiting:
        pid = waiting.pop()
        if pid in cpu:
            found[pid] = cpu[pid]
        waiting += children.get(pid, [])
    return found


def _resident(pid):
    now = high = 0
    try:
        with open(f"/proc/{pid}/status", encoding="utf-8", errors="replace") as file:
            for line in file:
                if line.startswith("VmRSS:"):
                    now = int(line.split()[1])
                elif line.startswith("VmHWM:"):
                    high = int(line.split()[1])
    except OSError:
        pass
    return now, high


def _busy():
    with open("/proc/stat", encoding="utf-8") as file:
        fields = file.readline().split()[1:]
    return sum(int(fields[index]) for index in (0, 1, 2, 5, 6)) / TICKS


def processes(roots):
    """These and all that they started, as far as that is still known."""
    return [pid for root in roots for pid in _tree(root)]


def proportional_mb(roots):
    """Memory of whole trees: a page that n processes share counts as an nth in each."""
    kib = 0
    for pid in processes(roots):
        try:
            with open(f"/proc/{pid}/smaps_rollup", encoding="utf-8") as file:
                kib += next(int(line.split()[1]) for line in file if line.startswith("Pss:"))
        except (OSError, StopIteration):  # It has just ended.
            pass
    return kib / 1024


def processor_s(roots):
    """Time of processors that whole trees took: of what lives to the nanosecond, of what has ended in ticks."""
    seconds = 0.0
    for pid in processes(roots):
        try:
            with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
                fields = file.read().rpartition(")")[2].split()
            seconds += (int(fields[13]) + int(fields[14])) / TICKS
            for thread in os.listdir(f"/proc/{pid}/task"):
                with open(f"/proc/{pid}/task/{thread}/schedstat", encoding="utf-8") as file:
                    seconds += int(file.read().split()[0]) / 1e9
        except OSError:  # It has just ended.
            pass
    return seconds


def machine_busy_s():
    """Time of processors that anybody took since the machine started."""
    return _busy()


def percentile(values, share):
    """The nearest rank: at least this share of the values is no greater."""
    ordered = sorted(values)
    return ordered[max(0, min(len(ordered) - 1, -(-share * len(ordered) // 100) - 1))]


def machine():
    """One line about this machine."""
    cpu = "unknown processor"
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        for line in file:
            if line.startswith("model name"):
                cpu = line.partition(":")[2].strip()
                break
    with open("/proc/meminfo", encoding="utf-8") as file:
        memory = int(file.readline().split()[1]) / (1 << 20)
    return f"{len(os.sched_getaffinity(0))} x {cpu}, {memory:.0f} GiB, Linux {os.uname().release}"


def median(values):
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def spread(values, unit="s", digits=2):
    """`1.42 s (1.38 to 1.55, 5 runs)`"""
    return (
        f"{median(values):.{digits}f} {unit} ({min(values):.{digits}f} to {max(values):.{digits}f}, {len(values)} run"
        f"{'s' if len(values) != 1 else ''})"
    )


def say(text=""):
    print(text, flush=True)


def warn(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)
