// SPDX-License-Identifier: Apache-2.0
#include "rtl_gen/estimate/decoded.hpp"

namespace bat::cycle_model {
namespace {

constexpr std::array kWaits{isa::kWaitDma, isa::kWaitQmm, isa::kWaitRow, isa::kWaitSmx,
                            isa::kWaitSto};

int field(const isa::Instruction& i, const isa::Field& f) { return static_cast<int>(i.get(f)); }

LoadFields load_fields(const isa::Instruction& i) {
  return {static_cast<isa::Ring>(i.get(isa::kLoadDest)), field(i, isa::kLoadWords),
          field(i, isa::kLoadBeats), i.get(isa::kLoadAddr), i.get(isa::kLoadRestart) != 0};
}

QmmFields qmm_fields(const Plan& plan, const isa::Instruction& i) {
  QmmFields q;
  q.out = static_cast<isa::Out>(i.get(isa::kQmmOut));
  q.planes_a = field(i, isa::kQmmPa);
  q.planes_b = field(i, isa::kQmmPb);
  q.branches = field(i, isa::kQmmBr);
  q.kw = field(i, isa::kQmmKw);
  q.tiles = field(i, isa::kQmmNct);
  q.out_bits = field(i, isa::kQmmOb);
  q.broadcast = i.get(isa::kQmmBcast) != 0;
  q.zero_counts = i.get(isa::kQmmZUse) != 0;
  q.row_tile = field(i, isa::kQmmRt);
  q.to_act = static_cast<isa::DestMem>(i.get(isa::kQmmDMem)) == isa::DestMem::kAct;
  q.rings = ring_uses(plan, i);
  return q;
}

LnFields ln_fields(const Plan& plan, const isa::Instruction& i) {
  return {field(i, isa::kLnRt), field(i, isa::kLnDw), field(i, isa::kLnPlanes),
          *ring_uses(plan, i).params};
}

EmbedFields embed_fields(const isa::Instruction& i) {
  EmbedFields e;
  e.row_tile = field(i, isa::kEmbedRt);
  e.words = field(i, isa::kEmbedDw);
  e.beats = field(i, isa::kEmbedNb);
  e.ids = i.get(isa::kEmbedIds) != 0;
  e.word_table = i.get(isa::kEmbedKind) != 0;
  e.stat = i.get(isa::kEmbedStat) != 0;
  e.first_row = field(i, isa::kEmbedN0);
  e.input_row = field(i, isa::kEmbedInRow);
  e.rows = field(i, isa::kEmbedRvalid);
  e.table = i.get(isa::kEmbedTable);
  return e;
}

FeatFields feat_fields(const isa::Instruction& i) {
  return {field(i, isa::kFeatKw), field(i, isa::kFeatK),     field(i, isa::kFeatNb),
          field(i, isa::kFeatN0), field(i, isa::kFeatInRow), field(i, isa::kFeatRvalid)};
}

Decoded decode_one(const Plan& plan, const isa::Instruction& i) {
  Decoded d;
  d.op = i.op();
  d.unit = isa::unit_of(d.op);
  for (std::size_t unit = 0; unit < kWaits.size(); ++unit) d.wait[unit] = field(i, kWaits[unit]);
  switch (d.op) {
    case isa::Op::kLoad:
      d.load = load_fields(i);
      break;
    case isa::Op::kQmm:
      d.qmm = qmm_fields(plan, i);
      break;
    case isa::Op::kLn:
      d.ln = ln_fields(plan, i);
      break;
    case isa::Op::kEmbed:
      d.embed = embed_fields(i);
      break;
    case isa::Op::kFeat:
      d.feat = feat_fields(i);
      break;
    case isa::Op::kSmx:
      d.smx = {field(i, isa::kSmxN), field(i, isa::kSmxOb)};
      break;
    case isa::Op::kStore:
      d.store_count = field(i, isa::kStoreCount);
      d.store_offset = i.get(isa::kStoreOutOff);
      break;
    case isa::Op::kEnd:
      break;
  }
  return d;
}

}  // namespace

std::vector<Decoded> decode(const Plan& plan, const std::vector<isa::Instruction>& program) {
  std::vector<Decoded> list;
  list.reserve(program.size());
  for (const isa::Instruction& i : program) list.push_back(decode_one(plan, i));
  return list;
}

}  // namespace bat::cycle_model
