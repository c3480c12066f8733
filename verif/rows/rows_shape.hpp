// SPDX-License-Identifier: Apache-2.0
// The shape that this test executable was built for (compile definitions of
// verif/rows/CMakeLists.txt).
#pragma once

namespace bat::rows {

inline constexpr int kTr = BENCH_TR;
inline constexpr int kTc = BENCH_TC;
inline constexpr int kTk = BENCH_TK;
inline constexpr int kLanes = BENCH_LANES;
inline constexpr int kBr = BENCH_BR;
inline constexpr int kMaxBits = BENCH_MAX_BITS;
inline constexpr int kAccW = BENCH_ACC_W;
inline constexpr int kScoreW = BENCH_SCORE_W;
inline constexpr int kMaxD = BENCH_MAX_D;
inline constexpr int kAxiW = BENCH_AXI_W;
inline constexpr int kDepth = BENCH_DEPTH;             ///< words of ACT and XB
inline constexpr int kResDepth = BENCH_RES_DEPTH;      ///< words of one RES bank
inline constexpr int kStatDepth = BENCH_STAT_DEPTH;    ///< row tiles of one bank
inline constexpr int kScoreDepth = BENCH_SCORE_DEPTH;  ///< words of one SCORE slot
inline constexpr bool kSoftmax = BENCH_SOFTMAX != 0;
inline constexpr bool kTokens = BENCH_TOKENS != 0;
inline constexpr bool kFeatures = BENCH_FEATURES != 0;

inline constexpr int kRowTiles = 2 * kStatDepth;
inline constexpr int kBeats = kTc / kLanes;
inline constexpr int kWordBeats = kTk / kLanes;
inline constexpr int kAxiBytes = kAxiW / 8;

constexpr int ceil_div(int a, int b) { return (a + b - 1) / b; }

}  // namespace bat::rows
