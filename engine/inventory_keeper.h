// The one writer of an application's inventory ConfigMap (correctness D11). What it holds in memory is what the next
// save() writes; a failed load is never an empty inventory.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>

#include "engine/inventory_record.h"
#include "holdfast/model/inventory.h"
#include "holdfast/model/resource_version.h"
#include "holdfast/ports/api_server.h"

namespace holdfast {

class InventoryKeeper {
 public:
  InventoryKeeper(ApiServer& api, InventoryLocation location);

  // Reads the ConfigMap; absent (404) is an empty inventory. Fails where it cannot be read, belongs to
  // another tool or installation, or to another source (Conflict): pruning would take that source's objects for
  // removed.
  boost::asio::awaitable<Result<void>> load();
  // Writes what is in memory where it differs from what was last read or written. Conditional on the resourceVersion
  // last seen: another writer shows as Conflict, after which the other's entries have been merged in (nothing that
  // either made is forgotten) and the caller tries again. After a lost answer (correctness D7) or a conflict the record
  // is read before it is written again. One save at a time; changes in memory may go on meanwhile.
  boost::asio::awaitable<Result<void>> save();
  // Deletes the record of an application that has ended, the one that was read or written last: nothing where it has an
  // entry, or where it is another one by now.
  boost::asio::awaitable<Result<void>> remove();

  [[nodiscard]] const Inventory& inventory() const { return inventory_; }
  [[nodiscard]] bool dirty() const { return inventory_ != saved_ || !source_recorded_; }
  // An object that is no hook, whatever it was before: its health counts, and its absence is one.
  void intend(const ObjectKey& key);
  void saw(const ObjectKey& key, const Uid& uid) { inventory_.entries[key] = uid; }
  void forget(const ObjectKey& key) {
    inventory_.entries.erase(key);
    inventory_.hooks.erase(key);
  }
  // `making`: which one it is, where its name does not say; another one than is on record begins anew.
  void intend_hook(const ObjectKey& key, const std::string& making);
  void hook_is(const ObjectKey& key, HookState state) { inventory_.hooks[key].state = state; }
  [[nodiscard]] const HookRecord* hook(const ObjectKey& key) const {
    const auto found = inventory_.hooks.find(key);
    return found == inventory_.hooks.end() ? nullptr : &found->second;
  }
  // The same, where it is in the cluster that it fares so; null where that is not known.
  [[nodiscard]] const HookRecord* recorded_hook(const ObjectKey& key) const {
    const auto found = saved_.hooks.find(key);
    return found == saved_.hooks.end() || outdated_ ? nullptr : &found->second;
  }
  // It is in the cluster that this hook has ended well, so that nobody runs it again.
  [[nodiscard]] bool hook_recorded(const ObjectKey& key) const {
    const HookRecord* const recorded = recorded_hook(key);
    return recorded != nullptr && recorded->state == HookState::Done;
  }
  void begin(BegunRevision revision) { inventory_.newest = std::move(revision); }
  void set_revision(std::string revision, std::string content) {
    inventory_.revision = std::move(revision);
    inventory_.content = std::move(content);
  }
  void belong_to(std::string repository) { inventory_.repository = std::move(repository); }
  void keep_roll_outs(std::string record) { inventory_.roll_outs = std::move(record); }
  void saw_all(SeenRevision seen) { inventory_.seen = std::move(seen); }
  [[nodiscard]] const Uid* uid(const ObjectKey& key) const;
  [[nodiscard]] const InventoryLocation& location() const { return location_; }
  // Of the ConfigMap as it was read or written last; empty: there was none.
  [[nodiscard]] const Uid& record_uid() const { return uid_; }
  [[nodiscard]] const ResourceVersion& record_version() const { return resource_version_; }

 private:
  [[nodiscard]] std::string path() const;
  // What is recorded now; empty where there is no ConfigMap. Learns its uid and resourceVersion.
  boost::asio::awaitable<Result<Inventory>> read();
  boost::asio::awaitable<Result<void>> catch_up();
  Result<void> accept(const std::string& body, Inventory& into);

  ApiServer& api_;
  InventoryLocation location_;
  Inventory inventory_, saved_;
  Uid uid_;
  ResourceVersion resource_version_;
  bool source_recorded_ = true;  // false: what is recorded names no source, or another one that we are to take over
  bool outdated_ = false;        // the record may hold something else than saved_
};

}  // namespace holdfast
