// SPDX-License-Identifier: Apache-2.0
#include "rtl_gen/program/schedule_layers.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

namespace bat::schedule {

void Layers::layer(int index) {
  const PackedLayer& l = m_.layers[static_cast<std::size_t>(index)];
  const bool last_layer = index + 1 == static_cast<int>(m_.layers.size());
  const RowTiles& tiles = last_layer ? firsts_ : all_;
  l.interleaved ? interleaved_attention(l, index, tiles) : plain_attention(l, index, tiles);
  feed_forward(l, index, tiles);
  const int kw_ffn = p_.kwords(l.ffn);
  const bool to_classifier = last_layer && !m_.pooler;
  residual_product(l.f2, l.ln2, l.ln2_bits, to_classifier ? Codes::kOfSentence : Codes::kOfRowTile,
                   tiles, index, TensorId::kResidual2, {TensorId::kLn2, TensorId::kLn2Codes},
                   [&](int rt) {
                     return Operand{isa::SrcA::kAct, act_ffn(l, rt), kw_ffn, bits()};
                   });
}

/// Projections, then attention group by group, then the output projection.
void Layers::plain_attention(const PackedLayer& l, int index, const RowTiles& tiles) {
  plain_projections(l, index, tiles);
  for (const HeadGroup& group : l.groups) attention(l, index, group, tiles);
  residual_product(l.o, l.ln1, bits(), Codes::kOfRowTile, tiles, index, TensorId::kResidual1,
                   {TensorId::kLn1, TensorId::kLn1Codes},
                   [&](int rt) { return context_operand(l, rt); });
}

/// Products of a group's part of Q, K or V in short instructions, on one row tile.
void Layers::project(const PackedLayer& l, int index, const GroupPart& part, int rt) {
  const Chunk& chunk = part.matrix.chunks[part.group];
  for (int tile = 0; tile < chunk.tiles; tile += part.step) {
    for (const Chunk& piece : pieces_of(chunk, tile, std::min(part.step, chunk.tiles - tile))) {
      Op op = piece_op(part.matrix, chunk, piece, part.loaded, codes(rt), rt, rt == part.last_row);
      (this->*part.emit)(std::move(op), l, index, piece, rt);
    }
  }
}

Layers::GroupParts Layers::parts_of(const PackedLayer& l, std::size_t group, const RowTiles& tiles,
                                    int step, int value_step) {
  const auto part = [&](const PackedMatrix& matrix, const RowTiles& rows, int tiles_at_once,
                        Projection emit) {
    return GroupPart{matrix, group, load(matrix.chunks[group]), rows.back(), tiles_at_once, emit};
  };
  return {part(l.q, tiles, step, &Layers::query), part(l.k, all_, step, &Layers::key),
          part(l.v, all_, value_step, &Layers::value)};
}

void Layers::project_by_row(const PackedLayer& l, int index, const GroupParts& parts,
                            const RowTiles& tiles) {
  for (const int rt : all_) {
    const bool has_query = std::find(tiles.begin(), tiles.end(), rt) != tiles.end();
    if (has_query) project(l, index, parts.q, rt);
    project(l, index, parts.k, rt);
    project(l, index, parts.v, rt);
  }
}

/// Queries, keys and values of a group. Keys first, so that scores may begin early; in the group
/// that begins a layer row tile by row tile, so that the LayerNorm of the last one has time.
/// `done(rt)`: scores of a row tile may begin; before that, row tiles that have queries.
template <typename QueriesDone>
void Layers::project_group(const PackedLayer& l, int index, std::size_t group,
                           const RowTiles& tiles, QueriesDone done) {
  const GroupParts parts = parts_of(l, group, tiles, head_tiles(), 1);
  if (group == 0) {
    project_by_row(l, index, parts, tiles);
    for (const int rt : tiles) done(rt);
    return;
  }
  for (const int rt : all_) project(l, index, parts.k, rt);
  for (const int rt : tiles) {
    project(l, index, parts.q, rt);
    done(rt);
  }
  for (const int rt : all_) project(l, index, parts.v, rt);
}

/// Whether the rings hold Q, K and V at once, a chunk each.
bool Layers::projections_fit(const PackedLayer& l) const {
  std::int64_t weights = 0;
  std::int64_t params = 0;
  for (const PackedMatrix* matrix : {&l.q, &l.k, &l.v}) {
    if (matrix->chunks.size() != 1) return false;
    weights += matrix->chunks.front().weights.words;
    params += matrix->chunks.front().params.words;
  }
  const int depth = l.q.params == isa::Ring::kT ? p_.t_ring_words : p_.p_ring_words;
  return weights <= p_.w_ring_words && (p_.resident || params <= depth);
}

/// All projections in turn. In the first layer, row tile by row tile where the rings allow it: the
/// engine works while the next row tile is embedded.
void Layers::plain_projections(const PackedLayer& l, int index, const RowTiles& tiles) {
  if (index == 0 && projections_fit(l)) {
    project_by_row(l, index, parts_of(l, 0, tiles, l.q.tiles, l.v.tiles), tiles);
    return;
  }
  const auto operand = [&](int rt) { return codes(rt); };
  const auto project = [&](const PackedMatrix& matrix, const RowTiles& rows, Projection emit) {
    product(matrix, rows, operand, [&](Op op, const Chunk& chunk, int rt, bool) {
      (this->*emit)(std::move(op), l, index, chunk, rt);
    });
  };
  project(l.q, tiles, &Layers::query);
  project(l.k, all_, &Layers::key);
  project(l.v, all_, &Layers::value);
}

/// The output projection and its LayerNorm in short instructions; `emitted(row_begins)` after
/// each of them.
template <typename Emitted>
void Layers::output_in_parts(const PackedLayer& l, int index, const RowTiles& tiles,
                             Emitted emitted) {
  constexpr int kPartTiles = 4;
  int records = -1;
  for (const Chunk& chunk : l.o.chunks) {
    const Loaded loaded = load(chunk);
    for (const int rt : tiles) {
      const bool last = rt == tiles.back();
      for (int tile = 0; tile < chunk.tiles; tile += kPartTiles) {
        const auto pieces = pieces_of(chunk, tile, std::min(kPartTiles, chunk.tiles - tile));
        for (const Chunk& piece : pieces) {
          residual(piece_op(l.o, chunk, piece, loaded, context_operand(l, rt), rt, last), l.o,
                   piece, rt, TensorId::kResidual1, index);
          emitted(piece.first_tile == 0);
        }
      }
      if (&chunk != &l.o.chunks.back()) continue;
      if (rt == tiles.front()) records = load(l.ln1.records);
      norm(l.ln1, records, rt, bits(), Codes::kOfRowTile, last,
           {TensorId::kLn1, TensorId::kLn1Codes}, index);
      emitted(false);
    }
  }
}

Operand Layers::context_operand(const PackedLayer& l, int rt) const {
  return {isa::SrcA::kAct, act_heads(l, rt), act_head_row(l), bits()};
}

/// Attention of a group of heads beside the projections of the groups behind it, that of the last
/// groups beside the output projection of the row tiles that have theirs.
void Layers::interleaved_attention(const PackedLayer& l, int index, const RowTiles& tiles) {
  std::vector<Beside> beside;
  std::vector<HeadWork> heads;
  const auto gather = [&](std::size_t contexts) {
    for (Op& op : s_.ops) beside.push_back({std::move(op), contexts});
    s_.ops.clear();
  };
  std::vector<Op> before = std::exchange(s_.ops, {});
  for (std::size_t g = 0; g < l.groups.size(); ++g) {
    const HeadGroup& group = l.groups[g];
    const int params = load(group.params);
    const std::size_t first = heads.size();
    project_group(l, index, g, tiles, [&](int rt) {
      gather(0);
      for (int h = 0; h < group.heads; ++h) {
        const int place = static_cast<int>(heads.size());
        heads.push_back(
            head_work({l, group, of(rt), index, rt, place, h, params, rt == tiles.back()}));
        heads.back().scores_after = beside.size();
      }
    });
    gather(0);
    for (std::size_t i = first; i < heads.size(); ++i) heads[i].context_after = beside.size();
  }
  const auto last_heads = static_cast<std::size_t>(l.groups.back().heads);
  std::size_t contexts = heads.size() - tiles.size() * last_heads;
  output_in_parts(l, index, tiles, [&](bool row_begins) {
    if (row_begins) contexts += last_heads;
    gather(contexts);
  });
  s_.ops = std::move(before);
  for (Op& op : interleave(p_, std::move(heads), std::move(beside)))
    s_.ops.push_back(std::move(op));
}

std::pair<int, int> Layers::projected(const Chunk& chunk) const {
  const auto column = [&](int tile) {
    return tile / head_tiles() * m_.head_dim + std::min(m_.head_dim, tile % head_tiles() * p_.cols);
  };
  return {column(chunk.first_tile), column(chunk.first_tile + chunk.tiles)};
}

int Layers::projected_last(const Chunk& chunk) const {
  const bool head_end = (chunk.first_tile + chunk.tiles) % head_tiles() == 0;
  return head_end ? last_tile_columns(m_.head_dim) : p_.cols;
}

int Layers::end_head(const Chunk& chunk) const {
  return ceil_div(chunk.first_tile + chunk.tiles, head_tiles());
}

int Layers::first_word(const Chunk& chunk) const {
  return chunk.first_tile % head_tiles() * p_.cols / p_.depth;
}

TensorCheck Layers::projection_check(TensorId id, int layer, const Chunk& chunk, int rt) const {
  TensorCheck check = row_check(id, layer, rt);
  std::tie(check.col_begin, check.col_end) = projected(chunk);
  check.planes = bits();
  check.segment = m_.head_dim;
  return check;
}

void Layers::query(Op op, const PackedLayer& l, int index, const Chunk& chunk, int rt) {
  const int row = act_head_row(l);
  const int base = act_heads(l, rt);
  set_out(op.instruction, threshold_or_code(l.q), bits(), l.q.shift);
  set_dest(op.instruction, isa::DestMem::kAct,
           base + first_head(chunk) * kw_head() + first_word(chunk), kw_head(), row);
  op.instruction.set(isa::kQmmRun, u(std::min(head_tiles(), chunk.tiles)));
  op.instruction.set(isa::kQmmCvalid, u(projected_last(chunk)));
  for (int plane = 0; plane < bits(); ++plane) {
    const int words = base + plane * row;
    op.writes.push_back(
        {Store::kAct, words + first_head(chunk) * kw_head(), words + end_head(chunk) * kw_head()});
  }
  TensorCheck check = projection_check(TensorId::kQ, index, chunk, rt);
  check.memory = isa::Tap::kAct;
  check.base = base;
  check.plane_stride = row;
  check.segment_stride = kw_head();
  op.checks.push_back(check);
  s_.ops.push_back(std::move(op));
}

void Layers::key(Op op, const PackedLayer& l, int index, const Chunk& chunk, int rt) {
  const int tile_words = bits() * kw_head();
  const Sentence& s = of(rt);
  const int key_tile = first_token(rt) / p_.cols;
  const int k = k_base(l, s);
  set_out(op.instruction, threshold_or_code(l.k), bits(), l.k.shift);
  set_dest(op.instruction, isa::DestMem::kK,
           k + first_head(chunk) * k_head_stride(s) + key_tile * tile_words + first_word(chunk),
           k_head_stride(s), kw_head());
  op.instruction.set(isa::kQmmRun, u(std::min(head_tiles(), chunk.tiles)));
  op.instruction.set(isa::kQmmCvalid, u(projected_last(chunk)));
  op.instruction.set(isa::kQmmDTg, u(first_token(rt) % p_.cols / p_.rows));
  if (p_.and_lanes) {
    const int z = key_z(l, s, key_tile);
    op.instruction.set(isa::kQmmZCnt, 1);
    op.instruction.set(isa::kQmmZFirst, chunk.first_tile % head_tiles() == 0 ? 1 : 0);
    op.instruction.set(isa::kQmmZBase, u(z + first_head(chunk)));
    op.writes.push_back({Store::kZ, z + first_head(chunk), z + end_head(chunk)});
  }
  for (int h = first_head(chunk); h < end_head(chunk); ++h) {
    const int begin = k + h * k_head_stride(s) + key_tile * tile_words;
    op.writes.push_back({Store::kK, begin, begin + tile_words});
  }
  TensorCheck check = projection_check(TensorId::kK, index, chunk, rt);
  check.memory = isa::Tap::kK;
  check.layout = Layout::kKeys;
  check.base = k;
  check.plane_stride = kw_head();
  check.segment_stride = k_head_stride(s);
  check.tile_stride = tile_words;
  op.checks.push_back(check);
  s_.ops.push_back(std::move(op));
}

void Layers::value(Op op, const PackedLayer& l, int index, const Chunk& chunk, int rt) {
  const Sentence& s = of(rt);
  const int v = v_base(l, s);
  const int word = first_token(rt) / p_.depth;
  Instruction& i = op.instruction;
  set_out(i, threshold_or_code(l.v), bits(), l.v.shift);
  set_dest(i, isa::DestMem::kV, v + chunk.first_tile * v_tile_stride(s) + word, v_tile_stride(s),
           kw_tokens(s));
  i.set(isa::kQmmRun, 1);  // every tile has its own words
  i.set(isa::kQmmDTg, u(first_token(rt) % p_.depth / p_.rows));
  i.set(isa::kQmmFill, last_of_sentence(rt) ? 1 : 0);
  const int end_tile = chunk.first_tile + chunk.tiles;
  for (int w = chunk.first_tile * bits(); w < end_tile * bits(); ++w) {
    const int at = v + w * kw_tokens(s) + word;
    op.writes.push_back({Store::kV, at, at + 1});
  }
  if (!p_.and_lanes) {
    const int z = z_base(l, s);
    i.set(isa::kQmmZCnt, 1);
    i.set(isa::kQmmZFirst, local(rt) == 0 ? 1 : 0);
    i.set(isa::kQmmZBase, u(z + chunk.first_tile));
    op.writes.push_back({Store::kZ, z + chunk.first_tile, z + end_tile});
  }
  TensorCheck check = projection_check(TensorId::kV, index, chunk, rt);
  check.memory = isa::Tap::kV;
  check.layout = Layout::kTokens;
  check.base = v;
  check.plane_stride = kw_tokens(s);
  check.segment_stride = v_head_stride(s);
  check.tile_stride = v_tile_stride(s);
  op.checks.push_back(check);
  s_.ops.push_back(std::move(op));
}

void Layers::attention(const PackedLayer& l, int index, const HeadGroup& group,
                       const RowTiles& tiles) {
  const int params = load(group.params);
  const auto job = [&](int place) {
    const int rt = tiles[static_cast<std::size_t>(place / group.heads)];
    return HeadJob{
        l, group, of(rt), index, rt, place, place % group.heads, params, rt == tiles.back()};
  };
  // Scores of half the slots, then contexts of the other half: meanwhile softmax, or the bits on
  // their way to memory, pass, and thresholds of a context are loaded during the one before.
  const int jobs = static_cast<int>(tiles.size()) * group.heads;
  const int run = p_.prob_slots / 2;
  for (int place = 0; place < jobs + run; place += run) {
    for (int i = place; i < std::min(place + run, jobs); ++i) scores(job(i));
    for (int i = std::max(0, place - run); i < std::min(place, jobs); ++i) {
      s_.ops.push_back(context(job(i)));
    }
  }
}

void Layers::use_params(Op& op, const HeadJob& job, const HeadParams& use) {
  if (use.words > 0) op.rings.push_back({job.params, use.offset, use.words, job.last});
}

/// Scores of key tiles [first, first + tiles) of a head's row tile.
Op Layers::score_op(const HeadJob& job, int first, int tiles) const {
  const int row = act_head_row(job.l);
  const int tile_words = bits() * kw_head();
  const Operand q{isa::SrcA::kAct, act_heads(job.l, job.rt) + job.head() * kw_head(), row, bits()};
  Op op{qmm(q, job.rt, isa::SrcB::kK, kw_head(), tiles), {}, {}, {}, {}};
  const int k = k_base(job.l, job.s) + job.head() * k_head_stride(job.s) + first * tile_words;
  const bool last = first + tiles == key_tiles(job.s);
  op.instruction.set(isa::kQmmBBase, u(k));
  op.instruction.set(isa::kQmmPb, u(bits()));
  op.instruction.set(isa::kQmmCvalid, u(last ? last_tile_columns(job.s.tokens) : p_.cols));
  read_operand(op, q, kw_head());
  op.reads.push_back({Store::kK, k, k + tiles * tile_words});
  if (!p_.and_lanes) return op;
  op.instruction.set(isa::kQmmZUse, 1);
  op.instruction.set(isa::kQmmZBase, u(key_z(job.l, job.s, first) + job.head()));
  op.instruction.set(isa::kQmmZStep, u(job.l.heads));
  for (int tile = first; tile < first + tiles; ++tile) {
    const int z = key_z(job.l, job.s, tile) + job.head();
    op.reads.push_back({Store::kZ, z, z + 1});
  }
  return op;
}

void Layers::scores(const HeadJob& job) {
  if (m_.attention == bmt::Attention::kSoftmax) {
    s_.ops.push_back(softmax_scores(job, 0, key_tiles(job.s)));
    s_.ops.push_back(softmax_op(job));
    return;
  }
  Op op = score_op(job, 0, key_tiles(job.s));
  use_params(op, job, job.group.score[static_cast<std::size_t>(job.local)]);
  threshold_scores(std::move(op), job);
}

HeadWork Layers::head_work(const HeadJob& job) const {
  HeadWork work;
  for (int tile = 0; tile < key_tiles(job.s); ++tile) {
    work.scores.push_back(softmax_scores(job, tile, 1));
  }
  work.softmax = softmax_op(job);
  work.context = context(job);
  return work;
}

TensorCheck Layers::attention_check(TensorId id, const HeadJob& job) const {
  TensorCheck check = row_check(id, job.layer, job.rt);
  check.head = job.head();
  check.col_end = job.s.tokens;
  return check;
}

TensorCheck Layers::probability_check(const HeadJob& job) const {
  TensorCheck check = attention_check(TensorId::kProbabilities, job);
  check.memory = isa::Tap::kAct;
  check.base = act_prob(prob_slot(job));
  check.planes = bits();
  check.plane_stride = kw_tokens(job.s);
  check.segment = job.s.tokens;
  return check;
}

Access Layers::probabilities(const HeadJob& job) const {
  const int begin = act_prob(prob_slot(job));
  return {Store::kAct, begin, begin + bits() * kw_tokens(job.s)};
}

void Layers::threshold_scores(Op op, const HeadJob& job) {
  const bool bit = bits() == 1;
  set_out(op.instruction, bit ? isa::Out::kBit : isa::Out::kCode, bits(), job.l.score_shift);
  set_dest(op.instruction, isa::DestMem::kAct, act_prob(prob_slot(job)), 0, kw_tokens(job.s));
  op.instruction.set(isa::kQmmBcast, 1);
  op.writes.push_back(probabilities(job));
  op.checks.push_back(probability_check(job));
  s_.ops.push_back(std::move(op));
}

Access Layers::score_words(const HeadJob& job, int first, int tiles) const {
  const int beats = p_.cols / p_.lanes;
  const int begin = score_slot(job) * p_.score_words + first * beats;
  return {Store::kScore, begin, begin + tiles * beats};
}

Op Layers::softmax_scores(const HeadJob& job, int first, int tiles) const {
  Op op = score_op(job, first, tiles);
  const int max_code = (1 << bits()) - 1;
  set_out(op.instruction, isa::Out::kScore, 0, 0);
  op.instruction.set(isa::kQmmSlot, u(score_slot(job)));
  op.instruction.set(isa::kQmmSBase, u(first * p_.cols / p_.lanes));
  op.writes.push_back(score_words(job, first, tiles));
  if (first + tiles < key_tiles(job.s)) return op;
  TensorCheck check = attention_check(TensorId::kScores, job);
  check.memory = isa::Tap::kScore;
  check.layout = Layout::kScore;
  check.base = score_slot(job) * p_.score_words;
  check.score_bias = m_.head_dim * max_code * max_code;
  op.checks.push_back(check);
  return op;
}

Op Layers::softmax_op(const HeadJob& job) const {
  const auto h = static_cast<std::size_t>(job.head());
  const bmt::SoftmaxParams& softmax = job.l.softmax;
  Instruction i = make(isa::Op::kSmx);
  i.set(isa::kSmxSlot, u(score_slot(job)));
  i.set(isa::kSmxN, u(job.s.tokens));
  i.set(isa::kSmxWords, u(ceil_div(job.s.tokens, p_.lanes)));
  i.set(isa::kSmxIdxMul, u(softmax.idx_mul[h]));
  i.set(isa::kSmxIdxShift, u(softmax.idx_shift));
  i.set(isa::kSmxProbMul, u(softmax.prob_mul[h]));
  i.set(isa::kSmxProbShift, u(softmax.prob_shift));
  i.set(isa::kSmxOb, u(bits()));
  i.set(isa::kSmxDBase, u(act_prob(prob_slot(job))));
  i.set(isa::kSmxDPs, u(kw_tokens(job.s)));
  return {i,
          {score_words(job, 0, key_tiles(job.s))},
          {probabilities(job)},
          {},
          {probability_check(job)}};
}

Op Layers::context(const HeadJob& job) const {
  const int words = kw_tokens(job.s);
  const Operand probs{isa::SrcA::kAct, act_prob(prob_slot(job)), words, bits()};
  Op op{qmm(probs, job.rt, isa::SrcB::kV, words, head_tiles()), {}, {}, {}, {}};
  Instruction& i = op.instruction;
  const int row = act_head_row(job.l);
  const int base = act_heads(job.l, job.rt);
  const int first = job.head() * kw_head();
  const int v = v_base(job.l, job.s) + job.head() * v_head_stride(job.s);
  i.set(isa::kQmmBBase, u(v));
  i.set(isa::kQmmPb, u(bits()));
  i.set(isa::kQmmCvalid, u(last_tile_columns(m_.head_dim)));
  set_out(i, bits() == 1 ? isa::Out::kBit : isa::Out::kCode, bits(), job.l.context_shift);
  set_dest(i, isa::DestMem::kAct, base + first, 0, row);
  read_operand(op, probs, words);
  op.reads.push_back({Store::kV, v, v + v_head_stride(job.s)});
  if (!p_.and_lanes) {
    const int z = z_base(job.l, job.s) + job.head() * head_tiles();
    i.set(isa::kQmmZUse, 1);
    i.set(isa::kQmmZBase, u(z));
    op.reads.push_back({Store::kZ, z, z + head_tiles()});
  }
  for (int plane = 0; plane < bits(); ++plane) {
    const int begin = base + plane * row + first;
    op.writes.push_back({Store::kAct, begin, begin + kw_head()});
  }
  use_params(op, job, job.group.context[static_cast<std::size_t>(job.local)]);
  TensorCheck check = row_check(TensorId::kContext, job.layer, job.rt);
  check.col_begin = job.head() * m_.head_dim;
  check.col_end = check.col_begin + m_.head_dim;
  check.memory = isa::Tap::kAct;
  check.base = base;
  check.planes = bits();
  check.plane_stride = row;
  check.segment = m_.head_dim;
  check.segment_stride = kw_head();
  op.checks.push_back(check);
  return op;
}

void Layers::feed_forward(const PackedLayer& l, int index, const RowTiles& tiles) {
  product(
      l.f1, tiles, [&](int rt) { return codes(rt); },
      [&](Op op, const Chunk& chunk, int rt, bool) {
        code_rows(std::move(op), l.f1, chunk, l.ffn, act_ffn(l, rt), bits(),
                  row_check(TensorId::kFfn1, index, rt));
      });
}

}  // namespace bat::schedule
