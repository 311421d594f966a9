#!/usr/bin/env python3
"""From a push to the first apply, and what a repository costs: `./dev bench push`.

    bench/push.py --binary build/release/holdfast [--server file|http] [--applications 1000] [--pushes 30]
                  [--idle 100] [--files 100000] [--history-mb 2000] [--json FILE]

A repository of many applications of four ConfigMaps each is held on the simulator by the program itself. A push moves
the branch by one commit that touches one application; it is over when a watch of this script's own sees the change.
Between two pushes the same is done by hand, each timed: a bare `git fetch` of a commit of the same kind into a clone,
and one server-side apply on a connection that stays open.

With --server file the daemon is told by inotify, and a push is counted from the moment that the ref moves. With --server
http (git http-backend on this machine) nobody tells it, so that a push is counted from the first request of the look
that finds it. Figures are of this machine and run.
"""
import argparse
import base64
import http.client
import json
import os
import pathlib
import re
import signal
import ssl
import statistics
import subprocess
import sys
import tempfile
import threading
import time

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "tests"))
from git_http_server import GitServer  # noqa: E402

GIT = ["git", "-c", "user.name=bench", "-c", "user.email=bench@example.org", "-c", "commit.gpgsign=false",
       "-c", "core.fsync=none", "-c", "gc.auto=0"]
ENVIRONMENT = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "GIT_CONFIG_NOSYSTEM": "1", "LC_ALL": "C"}
NAMESPACE = "bench-push"


def git(*arguments, folder=None, stdin=None):
    done = subprocess.run(GIT + list(arguments), cwd=folder, env=ENVIRONMENT, input=stdin, capture_output=True, check=False)
    if done.returncode != 0:
        sys.exit(f"git {' '.join(arguments)}: {done.stderr.decode()}")
    return done.stdout.decode().strip()


def manifest(application, part, value):
    return (f"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: app-{application}-{part}\n  namespace: {NAMESPACE}\n"
            f"  labels:\n    app: app-{application}\n    tier: backend\n"
            f"data:\n  value: \"{value}\"\n  color: blue\n  size: large\n  shape: round\n")


class Repository:
    """A bare one, filled by fast-import; a commit is made beforehand, and a push is one rename of the ref."""

    def __init__(self, folder):
        self.folder = folder
        git("init", "--quiet", "--bare", "--initial-branch=main", str(folder))
        self.values = {}
        self.commits = 0

    def fill(self, files, history_mb=0):
        """`files`: (path, bytes). The history before is of large files that were rewritten and are gone."""
        command = GIT + ["-c", "core.compression=0", "-c", "pack.compression=0", "fast-import", "--quiet", "--depth=0"]
        process = subprocess.Popen(command, cwd=self.folder, env=ENVIRONMENT, stdin=subprocess.PIPE)
        out = process.stdin

        def commit():
            self.commits += 1
            out.write(f"commit refs/heads/main\ncommitter b <b@x> {1700000000 + self.commits} +0000\ndata 1\nc\n".encode())

        for _ in range(history_mb // 10):
            commit()
            for part in range(10):
                blob = os.urandom(1 << 20)
                out.write(f"M 100644 inline old/{part}.bin\ndata {len(blob)}\n".encode() + blob + b"\n")
        commit()
        if history_mb:
            out.write(b"D old\n")
        for path, content in files:
            out.write(f"M 100644 inline {path}\ndata {len(content)}\n".encode() + content + b"\n")
        out.close()
        if process.wait() != 0:
            sys.exit("git fast-import has failed")

    def prepare(self, application, part, value):
        """The commit that changes one file; nobody sees it yet."""
        head = self.head()
        blob = git("hash-object", "-w", "--stdin", folder=self.folder, stdin=manifest(application, part, value).encode())
        index = {**ENVIRONMENT, "GIT_INDEX_FILE": str(self.folder / "bench-index")}
        if not (self.folder / "bench-index").exists():
            subprocess.run(GIT + ["read-tree", head], cwd=self.folder, env=index, check=True)
        subprocess.run(GIT + ["update-index", "--add", "--cacheinfo", f"100644,{blob},apps/app-{application}/{part}.yaml"],
                       cwd=self.folder, env=index, check=True)
        tree = subprocess.run(GIT + ["write-tree"], cwd=self.folder, env=index, check=True, capture_output=True)
        return git("commit-tree", tree.stdout.decode().strip(), "-p", head, "-m", "change", folder=self.folder)

    def head(self):
        return git("rev-parse", "refs/heads/main", folder=self.folder)

    def push(self, commit):
        ref = self.folder / "refs/heads/main"
        lock = ref.with_suffix(".lock")
        lock.write_text(commit + "\n")
        begun = time.perf_counter()
        lock.rename(ref)
        return begun


class Cluster:
    """The simulator, and requests to it."""

    def __init__(self, binary, folder):
        self.kubeconfig = folder / "kubeconfig"
        self.process = subprocess.Popen([binary, "simulate", "--kubeconfig", str(self.kubeconfig), "--log-level", "error"])
        while not self.kubeconfig.exists() or "client-key-data" not in self.kubeconfig.read_text():
            time.sleep(0.05)
        text = self.kubeconfig.read_text()

        def value(name):
            return re.search(rf"{name}: *\"?([^\"\s]+)", text).group(1)

        for name in ("certificate-authority", "client-certificate", "client-key"):
            (folder / name).write_bytes(base64.b64decode(value(name + "-data")))
        self.context = ssl.create_default_context(cafile=str(folder / "certificate-authority"))
        self.context.load_cert_chain(str(folder / "client-certificate"), str(folder / "client-key"))
        self.host, self.port = re.match(r"https://([^:/]+):(\d+)", value("server")).groups()
        self.connection = self.connect()
        self.apply("/api/v1/namespaces/" + NAMESPACE, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
        self.seen, self.changed = {}, threading.Condition()
        self.writes = 0
        threading.Thread(target=self.watch, daemon=True).start()

    def connect(self):
        return http.client.HTTPSConnection(self.host, int(self.port), context=self.context)

    def apply(self, path, body):
        self.connection.request("PATCH", path + "?fieldManager=bench&force=true", json.dumps(body),
                                {"Content-Type": "application/apply-patch+yaml"})
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.status >= 300:
            sys.exit(text.decode())

    def apply_one(self, value):
        self.apply(f"/api/v1/namespaces/{NAMESPACE}/configmaps/by-hand",
                   {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "by-hand", "namespace": NAMESPACE},
                    "data": {"value": value, "color": "blue", "size": "large", "shape": "round"}})

    def watch(self):
        connection = self.connect()
        connection.request("GET", f"/api/v1/namespaces/{NAMESPACE}/configmaps?watch=true&timeoutSeconds=86400")
        answer = connection.getresponse()
        for line in answer:
            now = time.perf_counter()
            found = json.loads(line)["object"]
            name = found["metadata"]["name"]
            with self.changed:
                self.writes += 1
                self.seen[name] = (found.get("data", {}).get("value"), now)
                self.changed.notify_all()

    def wait_for(self, name, value, seconds=60):
        with self.changed:
            if not self.changed.wait_for(lambda: self.seen.get(name, ("", 0))[0] == value, seconds):
                sys.exit(f"{name} did not become {value} within {seconds} s")
            return self.seen[name][1]

    def inventories(self):
        with self.changed:
            return {name: seen for name, seen in self.seen.items() if name.startswith("holdfast-")}


class Daemon:
    def __init__(self, binary, cluster, config, cache, log):
        self.log = log
        self.process = subprocess.Popen(
            [binary, "run", "--kubeconfig", str(cluster.kubeconfig), "-n", NAMESPACE, "--config", str(config), "--cache-dir",
             str(cache), "--log-format", "json"], stderr=open(log, "w"), stdout=subprocess.DEVNULL)

    def events(self, name):
        with open(self.log) as file:
            return [event for event in map(parse, file) if event.get("event") == name]

    def wait_for_event(self, name, count=1, seconds=300):
        end = time.time() + seconds
        while len(found := self.events(name)) < count:
            if time.time() > end or self.process.poll() is not None:
                sys.exit(f"no {name} within {seconds} s; see {self.log}\n" + "".join(open(self.log).readlines()[-5:]))
            time.sleep(0.02)
        return found

    def cpu_s(self):
        fields = open(f"/proc/{self.process.pid}/stat").read().rsplit(")", 1)[1].split()
        return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")  # children that were waited for included

    def pss_mb(self):
        """Of it and of all that it has started."""
        total, left = 0, [self.process.pid]
        while left:
            pid = left.pop()
            try:
                # Between being started and becoming git it has our memory, which would count twice.
                if pid != self.process.pid and os.readlink(f"/proc/{pid}/exe") == os.readlink(f"/proc/{self.process.pid}/exe"):
                    continue
                for line in open(f"/proc/{pid}/smaps_rollup"):
                    if line.startswith("Pss:"):
                        total += int(line.split()[1])
                for task in os.listdir(f"/proc/{pid}/task"):
                    left += map(int, open(f"/proc/{pid}/task/{task}/children").read().split())
            except (FileNotFoundError, ProcessLookupError, PermissionError):
                pass
        return total / 1024

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)


def parse(line):
    try:
        return json.loads(line)
    except ValueError:
        return {}


class PeakMemory(threading.Thread):
    def __init__(self, daemon):
        super().__init__(daemon=True)
        self.daemon_process, self.peak_mb, self.going = daemon, 0, True
        self.start()

    def run(self):
        while self.going:
            self.peak_mb = max(self.peak_mb, self.daemon_process.pss_mb())
            time.sleep(0.005)


def application(name, url, path, interval="1m"):
    return (f"apiVersion: holdfast.dev/v1alpha1\nkind: Application\nmetadata: {{name: {name}}}\nspec:\n"
            f"  source: {{repoURL: \"{url}\", ref: {{branch: main}}, path: {path}, interval: {interval}}}\n"
            f"  destination: {{namespace: {NAMESPACE}}}\n")


def files_of(applications):
    for one in range(applications):
        for part in range(4):
            yield f"apps/app-{one}/{part}.yaml", manifest(one, part, 0).encode()


def shown(values):
    values = sorted(values)
    return {"p50_ms": round(statistics.median(values), 2), "p90_ms": round(values[int(len(values) * 0.9)], 2),
            "min_ms": round(values[0], 2)}


def pushes(options, scratch, cluster, extra_files=0, history_mb=0):
    """One daemon over one repository: initial rendering, then pushes beside the floor."""
    repository = Repository(scratch / "repositories" / "apps.git")
    filler = ((f"other/{i // 100}/{i}.txt", f"filler {i}\n".encode()) for i in range(extra_files))
    begun = time.time()
    repository.fill([*files_of(options.applications), *filler], history_mb)
    result = {"applications": options.applications, "files": options.applications * 4 + extra_files,
              "history_mb": history_mb, "generated_in_s": round(time.time() - begun, 1),
              "repository_mb": sum(f.stat().st_size for f in repository.folder.rglob("*") if f.is_file()) >> 20}
    server = GitServer(scratch / "repositories") if options.server == "http" else None
    url = server.url("apps.git") if server else f"file://{repository.folder}"
    config = scratch / "config.yaml"
    config.write_text("---\n".join(application(f"app-{i}", url, f"apps/app-{i}", "1s" if server else "1m")
                                   for i in range(options.applications)))
    daemon = Daemon(options.binary, cluster, config, scratch / "cache", scratch / "daemon.log")
    daemon.wait_for_event("synced", options.applications, 600)
    result["initial"] = {"cpu_of_daemon_s": round(daemon.cpu_s(), 2)}
    reads = daemon.events("repository-read")
    result["initial"]["rendered"] = sum(int(read["rendered"]) for read in reads)
    result["initial"]["rendering_cpu_s"] = round(sum(float(read["cpu_ms"]) for read in reads) / 1000, 3)
    clone = scratch / "clone.git"
    git("clone", "--quiet", "--bare", "--depth=1", url if server else f"file://{repository.folder}", str(clone))
    memory = PeakMemory(daemon)
    push_ms, fetch_ms, patch_ms, effort = [], [], [], []
    for turn in range(options.pushes + 3):
        victim = (turn * 37) % options.applications
        commit = repository.prepare(victim, turn % 4, f"turn-{turn}")
        time.sleep(0.3)
        before, before_left, cpu = len(daemon.events("repository-read")), len(daemon.events("repository-unchanged")), daemon.cpu_s()
        requests = len(server.requests) if server else 0
        begun = repository.push(commit)
        ended = cluster.wait_for(f"app-{victim}-{turn % 4}", f"turn-{turn}")
        if server:
            with server.lock:
                begun = next(at for at, _, path in server.requests[requests:] if at >= begun and "info/refs" in path)
        daemon.wait_for_event("repository-read", before + 1)
        time.sleep(0.4)
        begun_fetch = time.perf_counter()
        git("fetch", "--quiet", "--depth=1", url, "main", folder=clone)
        fetched = time.perf_counter()
        cluster.apply_one(f"turn-{turn}")
        patched = time.perf_counter()
        if turn < 3:
            continue  # to warm up
        push_ms.append((ended - begun) * 1000)
        fetch_ms.append((fetched - begun_fetch) * 1000)
        patch_ms.append((patched - fetched) * 1000)
        reads = daemon.events("repository-read")[before:]
        effort.append({"rendered": sum(int(read["rendered"]) for read in reads),
                       "unchanged": sum(int(left["unchanged"]) for left in daemon.events("repository-unchanged")[before_left:]),
                       "git_processes": sum(int(event["git_processes"]) for event in
                                            [*reads, *daemon.events("repository-unchanged")[before_left:]]),
                       "cpu_ms": round((daemon.cpu_s() - cpu) * 1000)})
    memory.going = False
    floor = statistics.median(fetch_ms) + statistics.median(patch_ms)
    result["push_to_first_apply"] = shown(push_ms)
    result["git_fetch"], result["one_patch"] = shown(fetch_ms), shown(patch_ms)
    result["ratio_to_fetch_and_patch"] = round(statistics.median(push_ms) / floor, 2)
    result["rendered_per_push"] = sorted({one["rendered"] for one in effort})
    result["unchanged_per_push"] = sorted({one["unchanged"] for one in effort})
    result["git_processes_per_push"] = sorted({one["git_processes"] for one in effort})
    result["cpu_ms_per_push_p50"] = statistics.median(one["cpu_ms"] for one in effort)
    result["peak_pss_mb"] = round(memory.peak_mb, 1)
    daemon.stop()
    return result


def idle(options, scratch, cluster):
    """Repositories that nobody pushes to, over http: what they are asked, and what that costs."""
    server = GitServer(scratch / "idle")
    for i in range(options.idle):
        repository = Repository(scratch / "idle" / f"{i}.git")
        repository.fill([(f"apps/{i}.yaml", manifest(f"idle-{i}", 0, 0).encode())])
    config = scratch / "idle.yaml"
    interval = 10
    config.write_text("---\n".join(application(f"idle-{i}", server.url(f"{i}.git"), "apps", f"{interval}s")
                                   for i in range(options.idle)))
    daemon = Daemon(options.binary, cluster, config, scratch / "idle-cache", scratch / "idle.log")
    daemon.wait_for_event("synced", options.idle)
    time.sleep(interval)
    begun, cpu = len(server.requests), daemon.cpu_s()
    writes = cluster.writes
    intervals = 3
    time.sleep(interval * intervals)
    paths = [path for _, _, path in server.requests[begun:]]
    looks = sum("info/refs" in path for path in paths)
    used = daemon.cpu_s() - cpu
    daemon.stop()
    return {"repositories": options.idle, "interval_s": interval, "intervals": intervals, "looks": looks,
            "looks_per_repository_and_interval": round(looks / options.idle / intervals, 2),
            "requests_per_look": round(len(paths) / max(1, looks), 2), "writes_to_the_cluster": cluster.writes - writes,
            "cpu_ms_per_look_with_git": round(used * 1000 / max(1, looks), 1)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True)
    parser.add_argument("--server", choices=["file", "http"], default="file")
    parser.add_argument("--applications", type=int, default=1000)
    parser.add_argument("--pushes", type=int, default=30)
    parser.add_argument("--idle", type=int, default=0, help="so many idle repositories, instead of pushes")
    parser.add_argument("--files", type=int, default=0, help="other files of the repository")
    parser.add_argument("--history-mb", type=int, default=0)
    parser.add_argument("--json")
    parser.add_argument("--keep", help="a folder for all that is written, which stays")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="holdfast-bench.") as made:
        scratch = pathlib.Path(options.keep or made)
        (scratch / "repositories").mkdir(parents=True)
        (scratch / "idle").mkdir()
        cluster = Cluster(options.binary, scratch)
        try:
            result = idle(options, scratch, cluster) if options.idle else pushes(options, scratch, cluster, options.files,
                                                                                 options.history_mb)
        finally:
            cluster.process.kill()
            cluster.process.wait()
    text = json.dumps(result, indent=2)
    print(text)
    if options.json:
        pathlib.Path(options.json).write_text(text + "\n")


if __name__ == "__main__":
    main()
