// SPDX-License-Identifier: Apache-2.0
#include "explore/journal.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "models/io/atomic_file.hpp"
#include "models/io/temporary_folder.hpp"

namespace bat::explore {
namespace {

TEST(Journal, KeepsWholeLinesOfTheSameVersion) {
  const io::TemporaryFolder folder;
  const auto file = folder.path() / "journal.txt";
  {
    auto journal = Journal::open(file, "1").value();
    journal->add("a", 7);
    journal->add("b", 8);
    journal->add("a", 9);  // the first value stays
  }
  std::ofstream(file, std::ios::app) << "c 12";  // killed within the line
  {
    auto journal = Journal::open(file, "1").value();
    EXPECT_EQ(journal->size(), 2U);
    EXPECT_EQ(journal->find("a"), 7);
    EXPECT_EQ(journal->find("c"), std::nullopt);
    journal->add("c", 13);
  }
  EXPECT_EQ(io::read_text(file).value(), "batkit journal 1\na 7\nb 8\nc 13\n");
  EXPECT_EQ(Journal::open(file, "2").value()->size(), 0U);
}

TEST(Journal, DropsLinesThatAreNone) {
  const io::TemporaryFolder folder;
  const auto file = folder.path() / "journal.txt";
  std::ofstream(file) << "batkit journal 1\nx\ny 1z\nz 5\n";
  const auto journal = Journal::open(file, "1").value();
  EXPECT_EQ(journal->size(), 1U);
  EXPECT_EQ(journal->find("z"), 5);
}

}  // namespace
}  // namespace bat::explore
