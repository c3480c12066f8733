// SPDX-License-Identifier: Apache-2.0
// Encoder layers of a schedule. Internal to the schedule.
#pragma once

#include <utility>

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
  void queries(const PackedLayer& l, int index, const RowTiles& tiles);
  void keys(const PackedLayer& l, int index);
  void values(const PackedLayer& l, int index);
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
    int score_slot() const { return place % 2; }
  };

  int prob_slot(const HeadJob& job) const { return job.place % p_.prob_slots; }
  void attention(const PackedLayer& l, int index, const HeadGroup& group, const RowTiles& tiles);
  static void use_params(Op& op, const HeadJob& job, const HeadParams& use);
  void scores(const HeadJob& job);
  TensorCheck attention_check(TensorId id, const HeadJob& job) const;
  TensorCheck probability_check(const HeadJob& job) const;
  Access probabilities(const HeadJob& job) const;
  void threshold_scores(Op op, const HeadJob& job);
  void softmax_scores(Op op, const HeadJob& job);
  Op softmax_op(const HeadJob& job, const Access& slot) const;
  void context(const HeadJob& job);
  void feed_forward(const PackedLayer& l, int index, const RowTiles& tiles);
};

}  // namespace bat::schedule
