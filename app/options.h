// What a person asked for on the command line, checked as far as that goes without touching anything.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "holdfast/base/log.h"
#include "holdfast/model/label.h"

namespace holdfast {

// Which cluster, and as whom. Empty: as kubectl would choose.
struct ClusterOptions {
  std::string kubeconfig, context;
  std::string namespace_;  // for objects that name none; empty: the context's, else "default"
  std::string installation = "holdfast";
};

// How a private repository lets us in. Files only: what stands in an argument can be read by every user of the machine.
struct GitOptions {
  std::string username;       // empty with a password: "x-access-token"
  std::string password_file;  // a password or token, surrounding white space ignored; read once, at the start
  std::string ssh_key, known_hosts, ca_file;
};

// What is desired and under which name.
struct ApplicationOptions {
  std::string repo, ref, path = ".";
  std::string name;                 // empty: the last part of the path, else of the repository
  std::string inventory_namespace;  // empty: the namespace above
  bool files = false;               // read the directory's files as they are saved, not its commits
  std::chrono::seconds interval{60};
  std::string cache_dir;  // empty: XDG_CACHE_HOME or ~/.cache, then /holdfast
  bool adopt = false;
  bool move_source = false;  // the application's repository or path has a new name
  std::size_t prune_limit = 10;
  std::set<std::string> allow_prune;  // "Kind/name"
  GitOptions git;
  std::string kustomize_program, helm_program;  // empty: looked for
};

struct LogOptions {
  LogFormat format = LogFormat::Text;
  LogLevel level = LogLevel::Info;
};

// How `run` hears of pushes at once; all empty: not at all.
struct PushOptions {
  std::string receiver;         // "ADDRESS:PORT" to listen on; empty: that of the configuration
  std::string receiver_config;  // file; empty: no receiver in this process
  std::string relay, relay_token_file, relay_ca_file;
};

struct RunOptions {
  ClusterOptions cluster;
  std::string config;              // file or folder of Applications; empty: the one that follows
  ApplicationOptions application;  // with a configuration: only `cache_dir`, and for diff `name`, which chooses one
  std::string health_rules;        // directory of custom rules, of the whole process; empty: none
  bool once = false;
  bool previews = false;       // ApplicationSets may have namespaces made
  bool explain = false;        // say why each decision was taken
  bool show_progress = false;  // on one line of the terminal, while the first roll-out runs
  PushOptions push;
  bool tenancy = false;         // refuse applications that name no ServiceAccount
  std::string only_namespace;   // see nothing but this one of the cluster; empty: all of it
  bool lease = false;           // write only while the installation's Lease is ours
  std::string lease_namespace;  // empty: the daemon's own
  std::string probes;           // "ADDRESS:PORT" of /healthz and /readyz; empty: none
};

enum class PlanOutput { Text, Json, Yaml, Markdown };
enum class ColorChoice { Auto, Always, Never };  // Auto: on a terminal, unless NO_COLOR is set

// Of `diff` and `plan`.
struct PlanOptions {
  PlanOutput output = PlanOutput::Text;
  bool explain = false;     // say of each object why
  std::string save;         // file for `apply --plan`; empty: none
  std::string live;         // file with the live objects, instead of a cluster; "-": standard input
  std::string application;  // an Application of the cluster, NAME or NAMESPACE/NAME; empty: as `run` would
  ColorChoice color = ColorChoice::Auto;
};

struct DemoOptions {
  bool exit = false;  // end after the story
};

// What is printed for `kubectl apply -f -`.
struct InstallOptions {
  std::string namespace_ = "holdfast-system";
  std::string image;  // of the daemon
  std::string installation = "holdfast";
  bool definitions_only = false;
  std::string only_namespace;  // Roles there instead of ClusterRoles, and the daemon sees no other; empty: all of them
  bool tenancy = false;
  std::vector<std::string> tenants;  // "NAMESPACE/SERVICEACCOUNT": as whom alone it may act
  bool previews = false;             // ApplicationSets may have namespaces made
};

enum class OutputFormat { Table, Wide, Json, Yaml, Name };

// What `holdfast get` lists.
enum class Listed : std::uint8_t { Objects, Applications, ApplicationSets, Overrides };

struct GetOptions {
  ClusterOptions cluster;
  std::string inventory_namespace;  // empty: all
  std::string name;                 // empty: all
  OutputFormat output = OutputFormat::Table;
  bool explain = false;  // say of each object why
  Listed what = Listed::Objects;
  std::string one;  // of our own objects only that; empty: all
};

// Of an ApplicationSet of the cluster, or of a file.
struct PreviewsOptions {
  ClusterOptions cluster;
  std::string name, file;
  std::string cache_dir;
  OutputFormat output = OutputFormat::Table;
};

struct DoctorOptions {
  ClusterOptions cluster;
  InstallOptions install;       // of the installation that is looked at
  std::string account;          // "NAMESPACE/NAME", whose rights are looked at; empty: one's own
  std::string receiver, relay;  // addresses, to be looked at as well; empty: not
  OutputFormat output = OutputFormat::Table;
};

struct ApproveOptions {
  ClusterOptions cluster;
  std::string name;                  // of the application; empty: `objects` are an application and the hash of a plan
  std::string inventory_namespace;   // empty: that of the cluster options
  bool prune = false;                // let go, rather than put back
  std::vector<std::string> objects;  // "KIND/NAME"; with `prune` also one number: how many may go at once
  std::vector<std::string> fields;   // without `prune`: only these
  std::string plan;                  // with `name`: the hash of the plan that waits
  std::string period = "1h";
  std::string reason;
};

// Of an Application of the cluster, by name or NAMESPACE/NAME.
struct RollbackOptions {
  ClusterOptions cluster;
  std::string application;
  std::string to;        // a revision, or the first digits of its commit; empty: the one before
  bool release = false;  // no longer
  std::string reason;
};

struct HistoryOptions {
  ClusterOptions cluster;
  std::string application;
  OutputFormat output = OutputFormat::Table;
};

enum class WhyOutput { Text, Json, Yaml };

struct WhyOptions {
  RunOptions run;                  // where Git is, as for diff; neither a repository nor a configuration: not known
  std::vector<std::string> words;  // KIND/NAME [FIELD] or KIND NAME [FIELD]
  WhyOutput output = WhyOutput::Text;
};

struct WaitOptions {
  ClusterOptions cluster;
  std::string inventory_namespace;  // empty: all
  std::string name;                 // empty: all
  std::string revision;             // empty: whichever was applied
  bool healthy = true;              // rather than applied alone
  bool keep_waiting = false;        // although something has failed
  std::chrono::nanoseconds timeout{std::chrono::minutes(5)};
};

// Of `try`: what is tried on an Application of the cluster (docs/overrides.md).
struct TryOptions {
  ClusterOptions cluster;
  std::string application;          // NAME, in the namespace of the cluster options
  std::string branch, tag, commit;  // of `--ref`, by what it is
  std::vector<std::string> sets;    // "PATH=VALUE"
  std::int64_t scale = -1;          // below 0: not asked for
  std::vector<std::string> images;  // "CONTAINER=IMAGE"
  std::string object;               // "Kind/name"; empty: the only one that it can be
  std::string name;                 // of the Override; empty: one is made up
  std::string period = "1h", reason;
  std::string timeout = "1m";  // of the wait until it is applied
  std::string cache_dir;
  std::string kustomize_program, helm_program;  // empty: looked for
  bool yes = false;
  bool no_plan = false;  // and no question
};

// Of `drop` and `keep`.
struct OverrideOptions {
  ClusterOptions cluster;
  std::string name;                             // of the Override
  std::string directory = ".";                  // `keep`: the developer's clone
  std::string branch;                           // `keep`: to be made; empty: keep/NAME
  std::string base;                             // `keep`: the ref that it begins at; empty: the application's
  std::string kustomize_program, helm_program;  // `keep`; empty: looked for
};

struct HealthOptions {
  std::string file;       // "-": standard input
  std::string lua_rules;  // directory of custom rules; empty: none
};

struct ReceiverOptions {
  std::string config;       // file
  std::string listen;       // "ADDRESS:PORT"; empty: that of the configuration
  std::string print_setup;  // a type, of which only words are printed; empty: receive
  std::string url;          // public address, for these words
};

struct SimulateOptions {
  unsigned port = 0;       // 0: one that is free
  std::string kubeconfig;  // file to write; empty: standard output
  std::uint64_t seed = 1;  // of uids, names, and whether an event or its response comes first
  bool without_controllers = false;
};

// The application's name as objects and caches carry it: derived where unset, and always a valid DNS label.
std::string application_name(const ApplicationOptions& options);
std::string inventory_name(const std::string& application);  // of the ConfigMap

}  // namespace holdfast
