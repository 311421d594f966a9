#include "sources/repository_identity.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace holdfast {
namespace {

void expect_all_are(const std::string& identity, const std::vector<std::string>& spellings) {
  for (const std::string& url : spellings) EXPECT_EQ(repository_identity(url), identity) << url;
}

TEST(RepositoryIdentity, scheme_user_port_suffix_and_case_do_not_count) {
  expect_all_are("git.example/team/web",
                 {"https://git.example/team/web", "https://git.example/team/web.git", "https://git.example/team/web/",
                  "https://GIT.example./Team/Web.git", "https://user:word@git.example:8443/team/web.git",
                  "ssh://git@git.example:2222/team/web.git", "git@git.example:team/web.git", "git.example:team/web",
                  "git@git.example:/team/web.git", "http://www.git.example//team/web.git?x=1#y"});
}

TEST(RepositoryIdentity, other_repositories_stay_others) {
  for (const char* url : {"https://git.example/team/web2", "https://git.example/web", "https://git2.example/team/web",
                          "https://git.example/team/web.gitx", "git@git.example:team/sub/web.git"})
    EXPECT_NE(repository_identity(url), "git.example/team/web") << url;
}

TEST(RepositoryIdentity, what_no_name_has_is_not_made_of_one) {
  EXPECT_EQ(repository_identity("https://git.example/team/.git"), "git.example/team");
  EXPECT_EQ(repository_identity("https://git.example/.git"), "");
  EXPECT_EQ(repository_identity("https://git.example/team/a%0ab%2fc%7F"), "git.example/team/a%0ab%2fc%7f");
}

TEST(RepositoryIdentity, azure_devops_in_all_its_spellings) {
  expect_all_are("dev.azure.com/org/project/repo",
                 {"https://dev.azure.com/org/project/_git/repo", "https://org@dev.azure.com/org/project/_git/repo",
                  "git@ssh.dev.azure.com:v3/org/project/repo", "https://org.visualstudio.com/project/_git/repo",
                  "https://org.visualstudio.com/DefaultCollection/project/_git/repo",
                  "org@vs-ssh.visualstudio.com:v3/org/project/repo"});
  expect_all_are("dev.azure.com/org/repo/repo",
                 {"https://dev.azure.com/org/repo/_git/repo", "https://dev.azure.com/org/_git/repo"});
  EXPECT_EQ(repository_identity("https://dev.azure.com/org/My%20Project/_git/repo"),
            "dev.azure.com/org/my project/repo");
}

TEST(RepositoryIdentity, bitbucket_servers_clone_urls_and_pages) {
  expect_all_are("bb.example/team/web",
                 {"https://bb.example/scm/team/web.git", "ssh://git@bb.example:7999/team/web.git",
                  "https://bb.example/projects/TEAM/repos/web/browse", "https://bb.example/projects/TEAM/repos/web"});
  expect_all_are("bb.example/~ann/web",
                 {"https://bb.example/scm/~ann/web.git", "ssh://git@bb.example:7999/~ann/web.git",
                  "https://bb.example/users/ann/repos/web/browse"});
}

TEST(RepositoryIdentity, docker_hub_has_many_hosts) {
  expect_all_are("docker.io/team/web", {"oci://docker.io/team/web", "oci://registry-1.docker.io/team/web",
                                        "https://hub.docker.com/r/team/web", "oci://index.docker.io/team/web"});
  expect_all_are("docker.io/library/nginx",
                 {"oci://docker.io/nginx", "https://hub.docker.com/_/nginx", "oci://docker.io/library/nginx"});
}

TEST(RepositoryIdentity, what_is_local_has_none) {
  for (const char* url :
       {"", "/srv/git/web", "./web", "file:///srv/git/web", "web", "https://", "https:///x", "@:", "://"})
    EXPECT_EQ(repository_identity(url), "") << url;
}

}  // namespace
}  // namespace holdfast
