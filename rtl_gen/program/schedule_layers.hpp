// SPDX-License-Identifier: Apache-2.0
// Encoder layers of a schedule. Internal to the schedule.
#pragma once

#include <utility>

#include "rtl_gen/program/interleave.hpp"
#include "rtl_gen/program/schedule_base.hpp"

namespace bat::schedule {

class Layers : public Base {
 public:
  using Base::Base;

 protected:
  void layer(int index);

 private:
  // --- Encoder layer.
  /// Columns [begin, end) of the attention width that a chunk of a projection covers.
  std::pair<int, int> projected(const Chunk& chunk) const;
  /// Valid columns of the last tile of each segment. A chunk that ends inside a head ends at a
  /// word.
  int projected_last(const Chunk& chunk) const;
  int first_head(const Chunk& chunk) const { return chunk.first_tile / head_tiles(); }
  int end_head(const Chunk& chunk) const;
  /// Word inside the first head at which a chunk starts.
  int first_word(const Chunk& chunk) const;
  TensorCheck projection_check(TensorId id, int layer, const Chunk& chunk, int rt) const;
  /// Completes and appends the product of a part of Q, K or V.
  using Projection = void (Layers::*)(Op op, const PackedLayer& l, int index, const Chunk& chunk,
                                      int rt);
  void query(Op op, const PackedLayer& l, int index, const Chunk& chunk, int rt);
  void key(Op op, const PackedLayer& l, int index, const Chunk& chunk, int rt);
  void value(Op op, const PackedLayer& l, int index, const Chunk& chunk, int rt);
  // --- From the layer's input to its first LayerNorm.
  void plain_attention(const PackedLayer& l, int index, const RowTiles& tiles);
  void interleaved_attention(const PackedLayer& l, int index, const RowTiles& tiles);
  /// A group's part of Q, K or V.
  struct GroupPart {
    const PackedMatrix& matrix;
    std::size_t group;
    Loaded loaded;
    int last_row;  ///< the last row tile that uses it
    int step;      ///< column tiles of an instruction
    Projection emit;
  };
  struct GroupParts {
    GroupPart q, k, v;
  };
  GroupParts parts_of(const PackedLayer& l, std::size_t group, const RowTiles& tiles, int step,
                      int value_step);
  void project(const PackedLayer& l, int index, const GroupPart& part, int rt);
  void project_by_row(const PackedLayer& l, int index, const GroupParts& parts,
                      const RowTiles& tiles);
  bool projections_fit(const PackedLayer& l) const;
  void plain_projections(const PackedLayer& l, int index, const RowTiles& tiles);
  template <typename QueriesDone>
  void project_group(const PackedLayer& l, int index, std::size_t group, const RowTiles& tiles,
                     QueriesDone done);
  template <typename Emitted>
  void output_in_parts(const PackedLayer& l, int index, const RowTiles& tiles, Emitted emitted);
  Operand context_operand(const PackedLayer& l, int rt) const;
  // --- Attention.
  /// What the operations of one head on one row tile share.
  struct HeadJob {
    const PackedLayer& l;
    const HeadGroup& group;
    const Sentence& s;
    int layer;
    int rt;
    int place;   ///< along the sequence of row tiles and heads; slots take turns along it
    int local;   ///< head within the group
    int params;  ///< load of the group's parameters
    bool last;   ///< last row tile: parameters are freed

    int head() const { return group.first_head + local; }
  };

  int score_slot(const HeadJob& job) const { return job.place % p_.score_slots; }
  int prob_slot(const HeadJob& job) const { return job.place % p_.prob_slots; }
  void attention(const PackedLayer& l, int index, const HeadGroup& group, const RowTiles& tiles);
  static void use_params(Op& op, const HeadJob& job, const HeadParams& use);
  void scores(const HeadJob& job);
  TensorCheck attention_check(TensorId id, const HeadJob& job) const;
  TensorCheck probability_check(const HeadJob& job) const;
  Access probabilities(const HeadJob& job) const;
  void threshold_scores(Op op, const HeadJob& job);
  Op score_op(const HeadJob& job, int first, int tiles) const;
  Access score_words(const HeadJob& job, int first, int tiles) const;
  Op softmax_scores(const HeadJob& job, int first, int tiles) const;
  Op softmax_op(const HeadJob& job) const;
  Op context(const HeadJob& job) const;
  HeadWork head_work(const HeadJob& job) const;
  void feed_forward(const PackedLayer& l, int index, const RowTiles& tiles);
};

}  // namespace bat::schedule
