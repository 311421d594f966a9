// The control plane, the daemon and the objects that all situations share.
//
// Each situation has a sentinel of the same kind: an edit of it that was put back tells that every event of that kind
// before it was judged. One for all would soon be taken for a fight.
#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "cluster/application.h"
#include "cluster/object_events.h"
#include "cluster/situation.h"
#include "cluster/webhook_server.h"

namespace holdfast::cluster {

class SituationWorld {
 public:
  using Time = std::chrono::system_clock::time_point;

  explicit SituationWorld(const std::vector<Situation>& situations);
  ~SituationWorld();

  static std::string name_of(const Situation& situation);
  [[nodiscard]] std::string filled(std::string text, const Situation& situation) const;
  // kubectl in the namespace.
  std::string kubectl(const Situation& situation, std::vector<std::string> words, const std::string& input = {}) const;
  // helm WORD... in the namespace.
  void helm(const Situation& situation, std::vector<std::string> words) const;
  // Of one ConfigMap, named after the release, with the value `data`.
  [[nodiscard]] std::filesystem::path chart() const { return plane_.directory() / "chart"; }
  [[nodiscard]] std::string field(const Situation& situation, const std::string& json_path) const;
  void write(const Situation& situation, const std::string& manifest) const;
  // Commits; returns when the situation's application has read it and did what could be done.
  void commit_and_wait(const Situation& situation);

  // The events of the log about the object since a line, and their messages.
  struct Said {
    std::string event, message;
  };
  [[nodiscard]] std::vector<Said> said(const Situation& situation, std::size_t from) const;
  // True when the log has that event so often.
  bool wait_for(const Situation& situation, const std::string& event, std::size_t count, std::size_t from);
  // Returns when all events of its kind have been judged, and their requests answered.
  void settle(const Situation& situation);
  // All requests of ours about the object since then, watches and lists left out.
  [[nodiscard]] std::vector<AuditedRequest> requests(const Situation& situation, Time since) const;
  int events(const Situation& situation);

  void start();
  void stop();
  [[nodiscard]] std::size_t line_count() const { return daemon_->line_count(); }
  [[nodiscard]] std::string output() const { return daemon_->output(); }
  void freeze(bool frozen) const;
  void install_webhook() const;

  std::size_t acts_from = 0;  // the line of the log at which the acts of the present situation began

 private:
  void install_type();
  void write_configuration() const;
  void write_chart() const;
  void make_what_is_there_before() const;
  void begin_counting();
  void wait_synced(const std::string& application, const std::string& commit, std::size_t from);

  ControlPlane plane_;
  Application app_;
  WebhookServer webhook_;
  std::filesystem::path configuration_;
  std::unique_ptr<HoldfastProcess> daemon_;
  std::map<SituationKind, ObjectEvents> events_;
  std::map<std::string, int> sentinel_edits_;
};

}  // namespace holdfast::cluster
