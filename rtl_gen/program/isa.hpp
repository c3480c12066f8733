// SPDX-License-Identifier: Apache-2.0
// Instruction set of BAT: field positions, opcodes, codes (docs/architecture.md, section 5).
// rtl/bat_pkg.sv holds the same numbers for SystemVerilog; isa_test compares the two files.
#pragma once

#include <array>
#include <cstdint>

namespace bat::isa {

/// Bits [lsb, lsb + width) of an instruction.
struct Field {
  const char* name;
  int lsb;
  int width;
};

inline constexpr int kInstrBits = 256;
inline constexpr std::uint32_t kProgramMagic = 0x50544142;  // "BATP"

enum class Op : std::uint8_t {
  kLoad = 1,
  kQmm = 2,
  kLn = 3,
  kEmbed = 4,
  kFeat = 5,
  kSmx = 6,
  kStore = 7,
  kEnd = 15,
};

enum class Unit : std::uint8_t { kDma = 0, kQmm = 1, kRow = 2, kSmx = 3, kSto = 4 };
inline constexpr int kNumUnits = 5;
inline constexpr int kWaitNone = 31;
enum class Ring : std::uint8_t {
  kW = 0,
  kT = 1,
  kP = 2,
  kL = 3,
};
enum class Out : std::uint8_t {
  kBit = 0,
  kCode = 1,
  kRes = 2,
  kScore = 3,
  kLogit = 4,
};
enum class Tap : std::uint8_t {
  kAct = 0,
  kXb = 1,
  kRes0 = 2,
  kRes1 = 3,
  kScore = 4,
  kW = 5,
  kK = 6,
  kV = 7,
  kLogit = 8,
  kNone = 15,
};
enum class ErrorCode : std::uint8_t {
  kHeader = 1,
  kHash = 2,
  kOpcode = 3,
  kRead = 4,
  kWrite = 5,
  kNoEnd = 6,
  kQueue = 7,
};
enum class SrcA : std::uint8_t { kAct = 0, kXb = 1 };
enum class SrcB : std::uint8_t { kW = 0, kK = 1, kV = 2 };
enum class DestMem : std::uint8_t { kAct = 0, kK = 1, kV = 2 };
inline constexpr int kIsaVersion = 1;

inline constexpr Field kOp{"Op", 0, 4};
inline constexpr Field kWaitDma{"WaitDma", 4, 5};
inline constexpr Field kWaitQmm{"WaitQmm", 9, 5};
inline constexpr Field kWaitRow{"WaitRow", 14, 5};
inline constexpr Field kWaitSmx{"WaitSmx", 19, 5};
inline constexpr Field kWaitSto{"WaitSto", 24, 5};
inline constexpr Field kLoadDest{"LoadDest", 32, 2};
inline constexpr Field kLoadBeats{"LoadBeats", 34, 24};
inline constexpr Field kLoadAddr{"LoadAddr", 58, 40};
inline constexpr Field kLoadWords{"LoadWords", 98, 24};
inline constexpr Field kLoadRestart{"LoadRestart", 122, 1};
inline constexpr Field kQmmASrc{"QmmASrc", 32, 1};
inline constexpr Field kQmmABase{"QmmABase", 33, 16};
inline constexpr Field kQmmAPs{"QmmAPs", 49, 12};
inline constexpr Field kQmmPa{"QmmPa", 61, 4};
inline constexpr Field kQmmBSrc{"QmmBSrc", 65, 2};
inline constexpr Field kQmmBBase{"QmmBBase", 67, 16};
inline constexpr Field kQmmPb{"QmmPb", 83, 4};
inline constexpr Field kQmmBr{"QmmBr", 87, 2};
inline constexpr Field kQmmKw{"QmmKw", 89, 10};
inline constexpr Field kQmmNct{"QmmNct", 99, 10};
inline constexpr Field kQmmWFree{"QmmWFree", 109, 1};
inline constexpr Field kQmmOut{"QmmOut", 110, 3};
inline constexpr Field kQmmShift{"QmmShift", 113, 6};
inline constexpr Field kQmmOb{"QmmOb", 119, 4};
inline constexpr Field kQmmRvalid{"QmmRvalid", 123, 7};
inline constexpr Field kQmmCvalid{"QmmCvalid", 130, 7};
inline constexpr Field kQmmRun{"QmmRun", 137, 10};
inline constexpr Field kQmmTOff{"QmmTOff", 147, 15};
inline constexpr Field kQmmTFree{"QmmTFree", 162, 1};
inline constexpr Field kQmmBcast{"QmmBcast", 163, 1};
inline constexpr Field kQmmZUse{"QmmZUse", 164, 1};
inline constexpr Field kQmmZCnt{"QmmZCnt", 165, 1};
inline constexpr Field kQmmZFirst{"QmmZFirst", 166, 1};
inline constexpr Field kQmmZBase{"QmmZBase", 167, 10};
inline constexpr Field kQmmDMem{"QmmDMem", 177, 2};
inline constexpr Field kQmmDBase{"QmmDBase", 179, 16};
inline constexpr Field kQmmDSeg{"QmmDSeg", 195, 16};
inline constexpr Field kQmmDPs{"QmmDPs", 211, 12};
inline constexpr Field kQmmDTg{"QmmDTg", 223, 6};
inline constexpr Field kQmmFill{"QmmFill", 229, 1};
inline constexpr Field kQmmGrain{"QmmGrain", 230, 2};
inline constexpr Field kQmmMask{"QmmMask", 232, 24};
inline constexpr Field kQmmZStep{"QmmZStep", 232, 10};
inline constexpr Field kQmmResBase{"QmmResBase", 177, 16};
inline constexpr Field kQmmRt{"QmmRt", 193, 10};
inline constexpr Field kQmmStatFirst{"QmmStatFirst", 203, 1};
inline constexpr Field kQmmSkip0{"QmmSkip0", 204, 1};
inline constexpr Field kQmmMaskHigh{"QmmMaskHigh", 205, 25};
inline constexpr Field kQmmSlot{"QmmSlot", 177, 2};
inline constexpr Field kQmmSBase{"QmmSBase", 179, 13};
inline constexpr Field kQmmLBase{"QmmLBase", 177, 11};
inline constexpr Field kLnRt{"LnRt", 32, 10};
inline constexpr Field kLnDw{"LnDw", 42, 13};
inline constexpr Field kLnLastv{"LnLastv", 55, 4};
inline constexpr Field kLnD{"LnD", 59, 13};
inline constexpr Field kLnLOff{"LnLOff", 72, 14};
inline constexpr Field kLnLFree{"LnLFree", 86, 1};
inline constexpr Field kLnShift{"LnShift", 87, 5};
inline constexpr Field kLnQMul{"LnQMul", 92, 15};
inline constexpr Field kLnQShift{"LnQShift", 107, 5};
inline constexpr Field kLnPlanes{"LnPlanes", 112, 4};
inline constexpr Field kLnXbBase{"LnXbBase", 116, 16};
inline constexpr Field kLnXbPs{"LnXbPs", 132, 12};
inline constexpr Field kLnResBase{"LnResBase", 144, 16};
inline constexpr Field kLnRvalid{"LnRvalid", 160, 7};
inline constexpr Field kEmbedRt{"EmbedRt", 32, 10};
inline constexpr Field kEmbedDw{"EmbedDw", 42, 13};
inline constexpr Field kEmbedLastv{"EmbedLastv", 55, 4};
inline constexpr Field kEmbedNb{"EmbedNb", 59, 12};
inline constexpr Field kEmbedKind{"EmbedKind", 71, 2};
inline constexpr Field kEmbedIds{"EmbedIds", 73, 1};
inline constexpr Field kEmbedAdd{"EmbedAdd", 74, 1};
inline constexpr Field kEmbedStat{"EmbedStat", 75, 1};
inline constexpr Field kEmbedEshift{"EmbedEshift", 76, 3};
inline constexpr Field kEmbedN0{"EmbedN0", 79, 13};
inline constexpr Field kEmbedPosRows{"EmbedPosRows", 92, 13};
inline constexpr Field kEmbedTable{"EmbedTable", 105, 40};
inline constexpr Field kEmbedResBase{"EmbedResBase", 145, 16};
inline constexpr Field kEmbedRvalid{"EmbedRvalid", 161, 7};
inline constexpr Field kEmbedInRow{"EmbedInRow", 168, 16};
inline constexpr Field kFeatKw{"FeatKw", 32, 10};
inline constexpr Field kFeatK{"FeatK", 42, 13};
inline constexpr Field kFeatNb{"FeatNb", 55, 12};
inline constexpr Field kFeatN0{"FeatN0", 67, 13};
inline constexpr Field kFeatXbBase{"FeatXbBase", 80, 16};
inline constexpr Field kFeatXbPs{"FeatXbPs", 96, 12};
inline constexpr Field kFeatRvalid{"FeatRvalid", 108, 7};
inline constexpr Field kFeatInRow{"FeatInRow", 115, 16};
inline constexpr Field kSmxSlot{"SmxSlot", 32, 2};
inline constexpr Field kSmxN{"SmxN", 34, 13};
inline constexpr Field kSmxWords{"SmxWords", 47, 13};
inline constexpr Field kSmxIdxMul{"SmxIdxMul", 60, 16};
inline constexpr Field kSmxIdxShift{"SmxIdxShift", 76, 5};
inline constexpr Field kSmxProbMul{"SmxProbMul", 81, 16};
inline constexpr Field kSmxProbShift{"SmxProbShift", 97, 6};
inline constexpr Field kSmxOb{"SmxOb", 103, 4};
inline constexpr Field kSmxDBase{"SmxDBase", 107, 16};
inline constexpr Field kSmxDPs{"SmxDPs", 123, 12};
inline constexpr Field kStoreCount{"StoreCount", 32, 11};
inline constexpr Field kStoreOutOff{"StoreOutOff", 43, 32};
inline constexpr Field kStoreFirst{"StoreFirst", 75, 11};

/// Every field, for the comparison with bat_pkg.sv and for disassembly.
inline constexpr std::array kFields{
    kOp,           kWaitDma,     kWaitQmm,     kWaitRow,     kWaitSmx,      kWaitSto,
    kLoadDest,     kLoadBeats,   kLoadAddr,    kLoadWords,   kLoadRestart,  kQmmASrc,
    kQmmABase,     kQmmAPs,      kQmmPa,       kQmmBSrc,     kQmmBBase,     kQmmPb,
    kQmmBr,        kQmmKw,       kQmmNct,      kQmmWFree,    kQmmOut,       kQmmShift,
    kQmmOb,        kQmmRvalid,   kQmmCvalid,   kQmmRun,      kQmmTOff,      kQmmTFree,
    kQmmBcast,     kQmmZUse,     kQmmZCnt,     kQmmZFirst,   kQmmZBase,     kQmmDMem,
    kQmmDBase,     kQmmDSeg,     kQmmDPs,      kQmmDTg,      kQmmFill,      kQmmGrain,
    kQmmMask,      kQmmZStep,    kQmmResBase,  kQmmRt,       kQmmStatFirst, kQmmSkip0,
    kQmmMaskHigh,  kQmmSlot,     kQmmSBase,    kQmmLBase,    kLnRt,         kLnDw,
    kLnLastv,      kLnD,         kLnLOff,      kLnLFree,     kLnShift,      kLnQMul,
    kLnQShift,     kLnPlanes,    kLnXbBase,    kLnXbPs,      kLnResBase,    kLnRvalid,
    kEmbedRt,      kEmbedDw,     kEmbedLastv,  kEmbedNb,     kEmbedKind,    kEmbedIds,
    kEmbedAdd,     kEmbedStat,   kEmbedEshift, kEmbedN0,     kEmbedPosRows, kEmbedTable,
    kEmbedResBase, kEmbedRvalid, kEmbedInRow,  kFeatKw,      kFeatK,        kFeatNb,
    kFeatN0,       kFeatXbBase,  kFeatXbPs,    kFeatRvalid,  kFeatInRow,    kSmxSlot,
    kSmxN,         kSmxWords,    kSmxIdxMul,   kSmxIdxShift, kSmxProbMul,   kSmxProbShift,
    kSmxOb,        kSmxDBase,    kSmxDPs,      kStoreCount,  kStoreOutOff,  kStoreFirst,
};

/// One instruction; words[0] holds bits 31:0.
struct Instruction {
  std::array<std::uint32_t, kInstrBits / 32> words{};

  std::uint64_t get(const Field& field) const {
    std::uint64_t value = 0;
    for (int i = 0; i < field.width; ++i) {
      const int bit = field.lsb + i;
      value |=
          static_cast<std::uint64_t>((words[static_cast<std::size_t>(bit / 32)] >> (bit % 32)) & 1U)
          << i;
    }
    return value;
  }
  void set(const Field& field, std::uint64_t value) {
    for (int i = 0; i < field.width; ++i) {
      const int bit = field.lsb + i;
      std::uint32_t& word = words[static_cast<std::size_t>(bit / 32)];
      word = (word & ~(1U << (bit % 32))) |
             (static_cast<std::uint32_t>((value >> i) & 1U) << (bit % 32));
    }
  }
  Op op() const { return static_cast<Op>(get(kOp)); }
};

/// Unit that executes an opcode.
constexpr Unit unit_of(Op op) {
  switch (op) {
    case Op::kLoad:
      return Unit::kDma;
    case Op::kQmm:
      return Unit::kQmm;
    case Op::kLn:
    case Op::kEmbed:
    case Op::kFeat:
      return Unit::kRow;
    case Op::kSmx:
      return Unit::kSmx;
    default:
      return Unit::kSto;
  }
}

}  // namespace bat::isa
