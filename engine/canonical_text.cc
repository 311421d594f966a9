#include "engine/canonical_text.h"

#include <algorithm>
#include <vector>

#include "holdfast/merge/value_text.h"

namespace holdfast {
namespace {

constexpr int kMaxDepth = 60;

struct Member {
  std::string_view name;
  std::size_t begin, end;  // of `"name":value` in the text
};

bool plain_integer(std::string_view text) {
  const bool negative = text.starts_with('-');
  const std::string_view digits = text.substr(negative ? 1 : 0);
  if (digits.empty() || digits.size() > 18) return false;
  if (digits.front() == '0') return digits.size() == 1 && !negative;
  return std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; });
}

void append_scalar(JsonCursor& cursor, std::string& out) {
  const std::string_view text = cursor.scalar();
  if (!cursor.ok()) return;
  const bool plain_string = text.front() == '"' && text.find('\\') == std::string_view::npos;
  if (plain_string || plain_integer(text) || text == "true" || text == "false" || text == "null") {
    out += text;
  } else if (const Result<json::value> value = parse_json(text)) {
    append_value_text(*value, out);
  } else {
    cursor.fail();
  }
}

void append(JsonCursor& cursor, std::string& out, int depth);

void sort_members(std::vector<Member>& members, std::string& out, std::size_t begin, JsonCursor& cursor) {
  std::ranges::sort(members, {}, &Member::name);
  if (std::ranges::adjacent_find(members, {}, &Member::name) != members.end()) return cursor.fail();
  std::string sorted;
  sorted.reserve(out.size() - begin);
  for (const Member& member : members) {
    if (!sorted.empty()) sorted.push_back(',');
    sorted.append(out, member.begin, member.end - member.begin);
  }
  out.replace(begin, std::string::npos, sorted);
}

void append_object(JsonCursor& cursor, std::string& out, int depth) {
  out.push_back('{');
  const std::size_t begin = out.size();
  std::vector<Member> members;
  bool sorted = true;
  for (JsonMembers walk(cursor); walk.next();) {
    if (walk.escaped()) return cursor.fail();
    if (!members.empty()) {
      sorted = sorted && members.back().name < walk.key();
      out.push_back(',');
    }
    const std::size_t member_begin = out.size();
    out.push_back('"');
    out += walk.key();
    out += "\":";
    append(cursor, out, depth + 1);
    members.push_back({walk.key(), member_begin, out.size()});
  }
  if (!sorted && cursor.ok()) sort_members(members, out, begin, cursor);
  out.push_back('}');
}

void append_list(JsonCursor& cursor, std::string& out, int depth) {
  out.push_back('[');
  bool first = true;
  for (JsonItems walk(cursor); walk.next();) {
    if (!std::exchange(first, false)) out.push_back(',');
    append(cursor, out, depth + 1);
  }
  out.push_back(']');
}

void append(JsonCursor& cursor, std::string& out, int depth) {
  if (depth > kMaxDepth) return cursor.fail();
  if (cursor.peek() == '{')
    append_object(cursor, out, depth);
  else if (cursor.peek() == '[')
    append_list(cursor, out, depth);
  else
    append_scalar(cursor, out);
}

}  // namespace

void append_canonical_text(JsonCursor& cursor, std::string& out) { append(cursor, out, 0); }

}  // namespace holdfast
