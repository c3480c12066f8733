// SPDX-License-Identifier: Apache-2.0
// isa.hpp against rtl/bat_pkg.sv, and the disassembler.
#include "rtl_gen/program/isa.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <regex>
#include <string>

#include "rtl_gen/program/disassemble.hpp"

namespace bat::isa {
namespace {

/// Every `localparam int Name = value;` of the package.
std::map<std::string, int> package_constants() {
  std::ifstream file(BAT_SOURCE_DIR "/rtl/bat_pkg.sv");
  const std::regex line_form(R"(\s*localparam int (\w+)\s*=\s*(\d+);.*)");
  std::map<std::string, int> constants;
  std::smatch match;
  for (std::string line; std::getline(file, line);) {
    if (std::regex_match(line, match, line_form)) constants[match[1]] = std::stoi(match[2]);
  }
  return constants;
}

template <typename T>
int number(T value) {
  return static_cast<int>(value);
}

std::map<std::string, int> header_constants() {
  std::map<std::string, int> constants{
      {"InstrW", kInstrBits},
      {"NumUnits", kNumUnits},
      {"WaitNone", kWaitNone},
      {"IsaVersion", kIsaVersion},
      {"OpLoad", number(Op::kLoad)},
      {"OpQmm", number(Op::kQmm)},
      {"OpLn", number(Op::kLn)},
      {"OpEmbed", number(Op::kEmbed)},
      {"OpFeat", number(Op::kFeat)},
      {"OpSmx", number(Op::kSmx)},
      {"OpStore", number(Op::kStore)},
      {"OpEnd", number(Op::kEnd)},
      {"UnitDma", number(Unit::kDma)},
      {"UnitQmm", number(Unit::kQmm)},
      {"UnitRow", number(Unit::kRow)},
      {"UnitSmx", number(Unit::kSmx)},
      {"UnitSto", number(Unit::kSto)},
      {"RingW", number(Ring::kW)},
      {"RingT", number(Ring::kT)},
      {"RingP", number(Ring::kP)},
      {"RingL", number(Ring::kL)},
      {"OutBit", number(Out::kBit)},
      {"OutCode", number(Out::kCode)},
      {"OutRes", number(Out::kRes)},
      {"OutScore", number(Out::kScore)},
      {"OutLogit", number(Out::kLogit)},
      {"SrcAct", number(SrcA::kAct)},
      {"SrcXb", number(SrcA::kXb)},
      {"SrcW", number(SrcB::kW)},
      {"SrcK", number(SrcB::kK)},
      {"SrcV", number(SrcB::kV)},
      {"MemAct", number(DestMem::kAct)},
      {"MemK", number(DestMem::kK)},
      {"MemV", number(DestMem::kV)},
      {"TapAct", number(Tap::kAct)},
      {"TapXb", number(Tap::kXb)},
      {"TapRes0", number(Tap::kRes0)},
      {"TapRes1", number(Tap::kRes1)},
      {"TapScore", number(Tap::kScore)},
      {"TapW", number(Tap::kW)},
      {"TapK", number(Tap::kK)},
      {"TapV", number(Tap::kV)},
      {"TapLogit", number(Tap::kLogit)},
      {"TapNone", number(Tap::kNone)},
      {"ErrHeader", number(ErrorCode::kHeader)},
      {"ErrHash", number(ErrorCode::kHash)},
      {"ErrOpcode", number(ErrorCode::kOpcode)},
      {"ErrRead", number(ErrorCode::kRead)},
      {"ErrWrite", number(ErrorCode::kWrite)},
      {"ErrNoEnd", number(ErrorCode::kNoEnd)},
      {"ErrQueue", number(ErrorCode::kQueue)},
  };
  for (const Field& field : kFields) {
    constants[fmt::format("{}Lsb", field.name)] = field.lsb;
    constants[fmt::format("{}W", field.name)] = field.width;
  }
  return constants;
}

TEST(Isa, HeaderAndPackageHoldTheSameNumbers) {
  const auto package = package_constants();
  ASSERT_FALSE(package.empty());
  EXPECT_EQ(package, header_constants());
}

TEST(Isa, FieldsLieInsideTheInstruction) {
  for (const Field& field : kFields) {
    EXPECT_GE(field.lsb, 0) << field.name;
    EXPECT_LE(field.lsb + field.width, kInstrBits) << field.name;
  }
}

TEST(Isa, SetAndGetAcrossWords) {
  Instruction i;
  i.set(kLoadAddr, 0xAB'CDEF'0123ULL);
  i.set(kLoadBeats, 0xFFFFFF);
  EXPECT_EQ(i.get(kLoadAddr), 0xAB'CDEF'0123ULL);
  EXPECT_EQ(i.get(kLoadWords), 0U);
  i.set(kLoadBeats, 0);
  EXPECT_EQ(i.get(kLoadAddr), 0xAB'CDEF'0123ULL);
}

TEST(Isa, DisassemblyShowsOwnFieldsAndWaits) {
  Instruction i;
  i.set(kOp, static_cast<std::uint64_t>(Op::kLoad));
  for (const Field& wait : {kWaitDma, kWaitQmm, kWaitRow, kWaitSmx, kWaitSto}) {
    i.set(wait, kWaitNone);
  }
  i.set(kLoadDest, 2);
  i.set(kLoadBeats, 10);
  i.set(kLoadAddr, 7);
  i.set(kLoadWords, 40);
  i.set(kWaitRow, 3);
  EXPECT_EQ(to_string(i), "LOAD dest=p beats=10 addr=7 words=40 restart=0 wait row:3");
  i = {};
  i.set(kOp, static_cast<std::uint64_t>(Op::kQmm));
  i.set(kQmmOut, static_cast<std::uint64_t>(Out::kLogit));
  i.set(kQmmLBase, 5);
  const std::string text = to_string(i);
  EXPECT_NE(text.find("out=logit"), std::string::npos) << text;
  EXPECT_NE(text.find("l_base=5"), std::string::npos) << text;
  EXPECT_EQ(text.find("res_base"), std::string::npos) << text;
}

}  // namespace
}  // namespace bat::isa
