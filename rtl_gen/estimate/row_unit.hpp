// SPDX-License-Identifier: Apache-2.0
// ROW: LayerNorm, embedding, features (rtl/row_unit.sv, rtl/ln_control.sv, rtl/embed_control.sv,
// rtl/feature_control.sv).
#pragma once

#include <vector>

#include "rtl_gen/estimate/memory_port.hpp"

namespace bat::cycle_model {

class RowUnit : public ReadClient {
 public:
  RowUnit(Machine& machine, MemoryPort& port);

  Time take(Time valid) override;

 private:
  enum class Mode : std::uint8_t { kNone, kTokens, kRows, kFeatures };
  /// A LayerNorm between its two parts.
  struct Norm {
    bool valid = false;
    Issued issued;
    Time at = 0;
  };
  /// Features of a row tile on their way to planes.
  struct Features {
    FeatFields f;
    int row = 0;
    int word = 0;
    int word_step = 0;
    int left = 0;  ///< features of the row still to come
    Time next_step = 0;
    Time end = 0;  ///< last plane of the last word
  };

  Process accept();
  Process roots();
  Process pass();
  Process embed();
  Process row_requests();
  Process features();
  // EMBED.
  Time take_tokens(Time valid);
  Time take_row(Time valid);
  std::uint64_t row_address(const EmbedFields& e, int row, int beat) const;
  int groups(const EmbedFields& e) const;
  int group_beats(const EmbedFields& e, int group) const;
  int add_cycles(const EmbedFields& e, int beat) const;
  void group_read(std::int64_t);
  // FEAT.
  Time take_features(Time valid);
  void zero_steps();
  void feature_step(Time edge);
  bool features_done() const { return feat_.row == feat_.f.rows; }
  // Both.
  void finish(const Issued& issued, Time done, Time free);
  void become_free(std::int64_t);
  void roots_free(std::int64_t);
  void pass_free(std::int64_t);

  Machine& m_;
  Kernel& kernel_;
  MemoryPort& port_;
  UnitCycles& cycles_;
  Mode mode_ = Mode::kNone;
  bool active_ = false;  ///< EMBED or FEAT
  bool roots_busy_ = false;
  bool pass_busy_ = false;
  Signal free_changed_;
  Norm roots_;
  Norm pass_;
  Signal norm_changed_;
  std::int64_t record_tail_ = 0;
  // EMBED.
  Norm embed_;
  int token_ = 0;
  Time tokens_at_ = 0;   ///< last token word stored; kNever: not yet
  bool asking_ = false;  ///< row requests run
  Time ask_from_ = 0;
  int groups_read_ = 0;         ///< handed to the rows
  int part_ = 0;                ///< beats of the group that have come
  std::vector<Time> group_at_;  ///< when each group was complete
  Signal embed_changed_;
  // FEAT.
  Norm feat_issue_;
  Features feat_;
  Signal feat_changed_;
  Process accept_process_;
  Process roots_process_;
  Process pass_process_;
  Process embed_process_;
  Process request_process_;
  Process feature_process_;
};

}  // namespace bat::cycle_model
