#include "sources/git_url.h"

#include <gtest/gtest.h>

#include "sources/git_failure.h"

namespace holdfast {
namespace {

TEST(GitUrl, passwords_are_taken_out) {
  auto url = parse_git_url("https://me:p%40ss@git.example.org/a.git");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->text, "https://git.example.org/a.git");
  EXPECT_EQ(url->username, "me");
  EXPECT_EQ(url->password.reveal(), "p@ss");
}

TEST(GitUrl, ssh_keeps_its_user_in_both_spellings) {
  EXPECT_EQ(parse_git_url("ssh://git@example.org:22/a.git")->text, "ssh://git@example.org:22/a.git");
  EXPECT_EQ(parse_git_url("ssh://git:secret@example.org/a.git")->text, "ssh://git@example.org/a.git");
  EXPECT_TRUE(parse_git_url("git@example.org:a.git")->ssh);
}

TEST(GitUrl, what_may_run_programs_or_be_an_option_is_refused) {
  for (const char* url : {"ext::sh -c id", "-uevil", "--upload-pack=x", "fd::3", "git://example.org/a",
                          "ssh://-oProxyCommand=x/a", "-oProxyCommand=x:a", "user@-oX:a", "http://example.org/a",
                          "file://host/a", "https:///a", "plain", "", "https://a\nb/c"})
    EXPECT_FALSE(parse_git_url(url)) << url;
  EXPECT_TRUE(parse_git_url("http://127.0.0.1:3000/a"));
  EXPECT_FALSE(parse_git_url("http://127.0.0.1.example.org/a"));
}

TEST(GitUrl, credentials_never_reach_a_message) {
  EXPECT_EQ(without_credentials("fatal: https://u:p@h/x and ssh://k@h"), "fatal: https://***@h/x and ssh://***@h");
  EXPECT_EQ(without_credentials("https://h/a@b"), "https://h/a@b");
}

TEST(GitRef, names_git_could_not_have_are_refused) {
  for (const char* ref :
       {"-x", "a b", "a..b", "a:b", "refs/heads/*", "a.lock", "a.lock/b", "/a", "a/", "a~1", "a^", "@{u}", "a\\b"})
    EXPECT_FALSE(check_git_ref(ref)) << ref;
  for (const char* ref : {"", "HEAD", "main", "feature/x-1", "v1.2", "refs/heads/main"})
    EXPECT_TRUE(check_git_ref(ref)) << ref;
}

TEST(GitFailure, kinds) {
  auto kind = [](const char* text) { return git_failure(text, "https://u:p@h/x").kind; };
  EXPECT_EQ(kind("fatal: could not read Username for 'https://h': terminal prompts disabled"), ErrorKind::Unauthorized);
  EXPECT_EQ(kind("git@h: Permission denied (publickey).\nfatal: Could not read from remote repository."),
            ErrorKind::Unauthorized);
  EXPECT_EQ(kind("fatal: unable to access 'https://h/': Could not resolve host: h"), ErrorKind::Unreachable);
  EXPECT_EQ(kind("fatal: unable to access 'https://h/': Failed to connect to h port 443"), ErrorKind::Unreachable);
  EXPECT_EQ(kind("fatal: '/x' does not appear to be a git repository"), ErrorKind::NotFound);
  EXPECT_EQ(kind("Host key verification failed.\nfatal: Could not read"), ErrorKind::Forbidden);
  EXPECT_EQ(kind("fatal: unable to access 'https://h/': The requested URL returned error: 301"), ErrorKind::Invalid);
  EXPECT_EQ(kind("fatal: something new"), ErrorKind::Internal);
  EXPECT_EQ(
      git_failure("ssh: connect to host h: Connection refused\nfatal: Could not read from remote repository.", "h")
          .message,
      "ssh: connect to host h: Connection refused");
  EXPECT_EQ(git_failure("x", "https://u:p@h/x").where, "https://***@h/x");
}

}  // namespace
}  // namespace holdfast
