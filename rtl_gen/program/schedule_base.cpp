// SPDX-License-Identifier: Apache-2.0
#include "rtl_gen/program/schedule_base.hpp"

namespace bat::schedule {

Instruction make(isa::Op op) {
  Instruction instruction;
  instruction.set(isa::kOp, static_cast<std::uint64_t>(op));
  for (const isa::Field& wait :
       {isa::kWaitDma, isa::kWaitQmm, isa::kWaitRow, isa::kWaitSmx, isa::kWaitSto}) {
    instruction.set(wait, isa::kWaitNone);
  }
  return instruction;
}

Base::Base(const Plan& plan, const ModelImage& image, std::span<const int> lengths)
    : p_(plan), m_(image) {
  const int class_rows = image.input == bmt::InputKind::kTokens ? 0 : 1;
  Sentence next;
  for (const int tokens : lengths) {
    next.tokens = tokens;
    firsts_.push_back(next.first_tile);
    for (int i = 0; i < p_.row_tiles_for(tokens); ++i) {
      all_.push_back(next.first_tile + i);
      sentence_of_.push_back(next.index);
    }
    sentences_.push_back(next);
    ++next.index;
    next.first_tile += p_.row_tiles_for(tokens);
    next.first_key_tile += p_.col_tiles(tokens);
    next.first_word += p_.kwords(tokens);
    next.first_in_row += tokens - class_rows;
  }
}

int Base::xb_features(int rt) const {
  return p_.xb_codes + rt * kWidePlanes * p_.kwords(m_.features);
}

Access Base::res(int rt) const {
  const int begin = rt % 2 * p_.res_bank_words + res_base(rt);
  return {Store::kRes, begin, begin + res_words()};
}

int Base::load(const Span& span) {
  s_.loads.push_back(span);
  return static_cast<int>(s_.loads.size()) - 1;
}

int Base::last_tile_columns(int columns) const {
  return columns - (p_.col_tiles(columns) - 1) * p_.cols;
}

TensorCheck Base::row_check(TensorId id, int layer, int rt) const {
  TensorCheck check;
  check.tensor = id;
  check.layer = layer;
  check.sentence = of(rt).index;
  check.row_begin = first_token(rt);
  check.row_end = check.row_begin + rows_of(rt);
  return check;
}

TensorCheck Base::residual_check(TensorId id, int layer, int rt, int col_begin, int col_end) const {
  TensorCheck check = row_check(id, layer, rt);
  check.col_begin = col_begin;
  check.col_end = col_end;
  check.memory = rt % 2 == 0 ? isa::Tap::kRes0 : isa::Tap::kRes1;
  check.layout = Layout::kValue;
  check.base = res_base(rt);
  return check;
}

Instruction Base::qmm(const Operand& a, int rt, isa::SrcB b_source, int kw, int tiles) const {
  Instruction i = make(isa::Op::kQmm);
  i.set(isa::kQmmASrc, static_cast<std::uint64_t>(a.source));
  i.set(isa::kQmmABase, u(a.base));
  i.set(isa::kQmmAPs, u(a.plane_stride));
  i.set(isa::kQmmPa, u(a.planes));
  i.set(isa::kQmmBSrc, static_cast<std::uint64_t>(b_source));
  i.set(isa::kQmmPb, 1);
  i.set(isa::kQmmBr, 1);
  i.set(isa::kQmmKw, u(kw));
  i.set(isa::kQmmNct, u(tiles));
  i.set(isa::kQmmRun, u(tiles));
  i.set(isa::kQmmRvalid, u(rows_of(rt)));
  i.set(isa::kQmmCvalid, u(p_.cols));
  return i;
}

void Base::set_out(Instruction& i, isa::Out out, int planes, int shift) {
  i.set(isa::kQmmOut, static_cast<std::uint64_t>(out));
  i.set(isa::kQmmOb, u(planes));
  i.set(isa::kQmmShift, u(shift));
}

void Base::set_dest(Instruction& i, isa::DestMem memory, int base, int segment, int plane_stride) {
  i.set(isa::kQmmDMem, static_cast<std::uint64_t>(memory));
  i.set(isa::kQmmDBase, u(base));
  i.set(isa::kQmmDSeg, u(segment));
  i.set(isa::kQmmDPs, u(plane_stride));
}

Access Base::operand_words(const Operand& a, int plane, int kw) {
  const int begin = a.base + plane * a.plane_stride;
  return {a.source == isa::SrcA::kAct ? Store::kAct : Store::kXb, begin, begin + kw};
}

void Base::read_operand(Op& op, const Operand& a, int kw) {
  for (int plane = 0; plane < a.planes; ++plane) op.reads.push_back(operand_words(a, plane, kw));
}

std::vector<Chunk> Base::pieces_of(const Chunk& chunk, int first, int tiles) {
  std::vector<Chunk> parts;
  const int begin = chunk.first_tile + first;
  for (const TileRun& run : chunk.runs) {
    const int from = std::max(begin, run.first_tile);
    const int to = std::min(begin + tiles, run.first_tile + run.tiles);
    if (from < to) parts.push_back({from, to - from, {}, {}, {{from, to - from, run.mask}}});
  }
  return parts;
}

Op Base::piece_op(const PackedMatrix& matrix, const Chunk& chunk, const Chunk& part, Loaded loaded,
                  const Operand& a, int rt, bool last) const {
  const WordMask& mask = part.runs.front().mask;
  Op op{qmm(a, rt, isa::SrcB::kW, mask.words, part.tiles), {}, {}, {}, {}};
  set_mask(op.instruction, mask);
  op.instruction.set(isa::kQmmPb, u(matrix.planes));
  op.instruction.set(isa::kQmmBr, u(matrix.branches));
  read_operand(op, a, matrix.words);
  const int first = part.first_tile - chunk.first_tile;
  int weights_before = 0;
  for (const Chunk& before : pieces_of(chunk, 0, first)) {
    weights_before += matrix.weight_words(before.runs.front().mask.words, before.tiles);
  }
  op.rings.push_back(
      {loaded.weights, weights_before, matrix.weight_words(mask.words, part.tiles), last});
  op.rings.push_back(
      {loaded.params, first * matrix.tile_param_words, part.tiles * matrix.tile_param_words, last});
  return op;
}

isa::Out Base::threshold_or_code(const PackedMatrix& matrix) const {
  return matrix.params == isa::Ring::kT ? isa::Out::kBit : isa::Out::kCode;
}

void Base::residual(Op op, const PackedMatrix& matrix, const Chunk& chunk, int rt, TensorId id,
                    int layer) {
  const int first_col = chunk.first_tile * p_.cols;
  const int end_col = std::min(m_.hidden, first_col + chunk.tiles * p_.cols);
  Instruction& i = op.instruction;
  set_out(i, isa::Out::kRes, 0, matrix.shift);
  i.set(isa::kQmmCvalid, u(end_col - first_col - (chunk.tiles - 1) * p_.cols));
  i.set(isa::kQmmResBase, u(res_base(rt) + first_col / p_.lanes));
  i.set(isa::kQmmRt, u(rt));
  i.set(isa::kQmmStatFirst, chunk.first_tile == 0 ? 1 : 0);
  op.reads.push_back(res(rt));
  op.writes.push_back(res(rt));
  op.writes.push_back(stat(rt));
  op.checks.push_back(residual_check(id, layer, rt, first_col, end_col));
  s_.ops.push_back(std::move(op));
}

void Base::norm(const PackedNorm& ln, int records, int rt, int planes, Codes codes, bool last,
                std::pair<TensorId, TensorId> ids, int layer) {
  Instruction i = make(isa::Op::kLn);
  const int kw = kw_hidden();
  const int xb = (codes == Codes::kOfSentence ? of(rt).index : rt) * planes * kw;
  i.set(isa::kLnRt, u(rt));
  i.set(isa::kLnDw, u(res_words()));
  i.set(isa::kLnLastv, u(m_.hidden - (res_words() - 1) * p_.lanes));
  i.set(isa::kLnD, u(m_.hidden));
  i.set(isa::kLnShift, u(ln.shift));
  i.set(isa::kLnQMul, u(ln.q_mul));
  i.set(isa::kLnQShift, u(ln.q_shift));
  i.set(isa::kLnPlanes, u(planes));
  i.set(isa::kLnXbBase, u(xb));
  i.set(isa::kLnXbPs, u(kw));
  i.set(isa::kLnResBase, u(res_base(rt)));
  i.set(isa::kLnRvalid, u(rows_of(rt)));
  Op op{i, {res(rt), stat(rt)}, {res(rt), {Store::kXb, xb, xb + planes * kw}}, {}, {}};
  op.rings.push_back({records, 0, static_cast<int>(ln.records.words), last});
  op.checks.push_back(residual_check(ids.first, layer, rt, 0, m_.hidden));
  TensorCheck codes_check = row_check(ids.second, layer, rt);
  codes_check.col_end = m_.hidden;
  codes_check.memory = isa::Tap::kXb;
  codes_check.base = xb;
  codes_check.planes = planes;
  if (planes > p_.max_bits) codes_check.row_end = codes_check.row_begin + 1;
  codes_check.plane_stride = kw;
  codes_check.segment = m_.hidden;
  op.checks.push_back(codes_check);
  s_.ops.push_back(std::move(op));
}

void Base::code_rows(Op op, const PackedMatrix& matrix, const Chunk& chunk, int columns, int base,
                     int planes, TensorCheck check) {
  const int kw = p_.kwords(columns);
  const int first_col = chunk.first_tile * p_.cols;
  const int end_col = std::min(columns, first_col + chunk.tiles * p_.cols);
  set_out(op.instruction, threshold_or_code(matrix), planes, matrix.shift);
  set_dest(op.instruction, isa::DestMem::kAct, base + first_col / p_.depth, 0, kw);
  op.instruction.set(isa::kQmmCvalid, u(end_col - first_col - (chunk.tiles - 1) * p_.cols));
  for (int plane = 0; plane < planes; ++plane) {
    const int begin = base + plane * kw;
    op.writes.push_back(
        {Store::kAct, begin + first_col / p_.depth, begin + ceil_div(end_col, p_.depth)});
  }
  check.col_begin = first_col;
  check.col_end = end_col;
  check.memory = isa::Tap::kAct;
  check.base = base;
  check.planes = planes;
  check.plane_stride = kw;
  check.segment = columns;
  op.checks.push_back(check);
  s_.ops.push_back(std::move(op));
}

}  // namespace bat::schedule
