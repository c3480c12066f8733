// SPDX-License-Identifier: Apache-2.0
// What a training run is told: a value type, independent of any command line.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "models/bmt/model.hpp"
#include "models/io/result.hpp"

namespace bat::train {

/// Shape of an encoder.
struct Shape {
  int layers = 4;
  int hidden = 128;
  int heads = 4;
  int head_dim = 32;
  int ffn = 512;

  bool operator==(const Shape&) const = default;
};

/// How latent weights become binary ones (docs/training.md).
enum class WeightKind {
  kBinary,         ///< sign(W - mean W), one branch
  kTernary,        ///< TWN: -1, 0, +1; two branches with equal scales in the integer view
  kSplit,          ///< TWS: two binary branches, scales mean|W_k|
  kWeightedSplit,  ///< WTWS: two binary branches with trained scales
};
/// "binary", "ternary", "tws", "wtws".
std::optional<WeightKind> weight_kind(std::string_view name);

/// What kind of data a task has.
enum class TaskFamily { kImages, kRows, kText, kCorpus };

/// Options of one run. Every field has a key of the same name for `set_option`.
struct TrainOptions {
  std::string name = "model";  ///< also the file name of the exported model
  std::string recipe;          ///< the recipe these options came from; empty if none
  /// "images" or "mnist"; "rows" or "spoken-digits"; "sst2", "cola", "mrpc", "rte", "stsb",
  /// "clinc150", "imdb"; or "mlm": pre-training
  std::string task = "images";
  /// IDX folder (empty: the installed Fashion-MNIST), folder of recordings, text folder or file
  std::filesystem::path data;
  std::filesystem::path out;    ///< folder of checkpoint, log, model and card; created
  std::string device = "auto";  ///< "auto", "cpu" or "cuda"
  std::int64_t seed = 0;

  int layers = 4;
  int hidden = 128;
  int heads = 4;
  int head_dim = 32;
  int ffn = 512;
  int patch = 4;                        ///< side of an image patch
  int act_bits = 1;                     ///< 1, 2, 4, 8; 0 trains a float network (a teacher)
  std::string attention = "threshold";  ///< "softmax" or "threshold"
  std::string weights = "binary";       ///< "binary", "ternary", "tws" or "wtws"
  /// The same for FFN1 and FFN2 alone; "same": as `weights`. Where the number of branches differs
  /// the network has no integer view (a study of what splitting brings; set finish=false).
  std::string ffn_weights = "same";
  bool pooler = false;              ///< a binarized layer with hard-tanh before the classifier
  std::string activation = "relu";  ///< of a float network: "relu" or "gelu"

  std::filesystem::path vocab;   ///< WordPieces: text or checkpoint; empty: of the start or teacher
  int vocab_pieces = 0;          ///< keep only so many pieces, the most frequent ones; 0: all
  int max_tokens = 64;           ///< longest sequence of a text model
  std::filesystem::path corpus;  ///< task mlm: reviews (.json) or one passage a line
  /// Unlabelled text that the teacher labels: reviews (.json, cut into sentences) or one text a
  /// line, the second of a pair after a tab. Needs a teacher.
  std::filesystem::path extra;
  /// Altered copies of each training text (words dropped, replaced, swapped; pairs recombined)
  /// that join the unlabelled text.
  int copies = 0;
  double extra_part = 0.5;  ///< share of such text in an epoch, drawn anew for each

  int epochs = 60;
  int batch = 256;
  double learning_rate = 2e-3;
  double warmup = 0.06;       ///< share of the steps with a rising learning rate
  double weight_decay = 0.0;  ///< decoupled (AdamW)
  double clip = 1.0;          ///< largest norm of the gradient
  double dropout = 0.0;       ///< share of hidden values set to 0 while training
  double prune = 0.0;         ///< share of the weight blocks that go from each group of outputs
  int prune_block = 32;       ///< inputs of a block
  int prune_columns = 32;     ///< outputs of a group
  int prune_heads = 0;        ///< heads of each layer that go
  double prune_fine = 0.0;    ///< share of 0 in each row of a kept block (weights=ternary)
  std::string prune_by = "magnitude";  ///< importance: "magnitude" or "taylor"
  double prune_begin = 0.1;            ///< share of the epochs before anything goes
  double prune_end = 0.5;              ///< share of the epochs after which masks stay as they are
  /// "last" checkpoint, or the best on the watched samples: in the float view ("best") or, among
  /// those that are near the best there, in the integer view ("integer").
  std::string pick = "last";
  double hard_weight = 0.5;       ///< weight of the cross entropy with the labels
  double soft_weight = 1.0;       ///< weight of the cross entropy with the teacher; 0: no teacher
  double hidden_weight = 0.0;     ///< weight of the hidden-state distance (same layers and hidden)
  double attention_weight = 0.0;  ///< weight of the attention-score distance (same layers, heads)

  /// Checkpoint to start from, of any kind of network, or a folder with a Hugging Face BERT.
  std::filesystem::path start;
  /// The start is a smaller float network that is repeated to this shape (models/train/grow.hpp).
  bool grow = false;
  std::filesystem::path teacher;  ///< checkpoint of a network; empty: a float one is trained first
  std::filesystem::path teacher_start;  ///< what a teacher that is trained first starts from
  bool init_from_teacher = true;        ///< without `start`: start from the teacher's weights
  int teacher_layers = 4;
  int teacher_hidden = 128;
  int teacher_heads = 4;
  int teacher_head_dim = 32;
  int teacher_ffn = 512;
  std::string teacher_activation = "relu";
  int teacher_epochs = 25;
  double teacher_learning_rate = 1e-3;
  double teacher_weight_decay = 0.05;

  int shift = 2;        ///< images are moved by up to this many pixels; 0: not at all
  bool flip = true;     ///< half of the images are mirrored
  double mix = 0.0;     ///< half of the images get up to this share of another image; 0: none
  int holdout = 5000;   ///< training samples set aside to compare recipes
  int train_limit = 0;  ///< use only so many training samples (before the holdout); 0: all
  int test_limit = 0;   ///< use only so many test samples; 0: all
  int checkpoint_epochs = 10;
  /// Seconds after which a run ends as if its epochs were over, with the epoch that `pick` kept or
  /// the last one; 0: no limit.
  int time_limit = 0;
  bool resume = false;  ///< continue from the checkpoint in `out`, if there is one
  bool finish = true;   ///< evaluate, export and write the card after the last epoch

  Shape shape() const { return {layers, hidden, heads, head_dim, ffn}; }
  Shape teacher_shape() const {
    return {teacher_layers, teacher_hidden, teacher_heads, teacher_head_dim, teacher_ffn};
  }
  WeightKind weight_kind() const {
    return train::weight_kind(weights).value_or(WeightKind::kBinary);
  }
  bool prunes() const { return prune > 0.0 || prune_heads > 0 || prune_fine > 0.0; }
  bool has_extra() const { return !extra.empty() || copies > 0; }
  TaskFamily task_kind() const {
    if (task == "images" || task == "mnist") return TaskFamily::kImages;
    if (task == "rows" || task == "spoken-digits") return TaskFamily::kRows;
    return task == "mlm" ? TaskFamily::kCorpus : TaskFamily::kText;
  }
  bmt::Attention attention_kind() const {
    return attention == "softmax" ? bmt::Attention::kSoftmax : bmt::Attention::kThreshold;
  }
};

/// Named recipes: those that made the models of models/zoo.
std::vector<std::string> recipe_names();
Result<TrainOptions> recipe(std::string_view name);

/// Sets one option from text. The error names the key and what it takes.
Status set_option(TrainOptions& options, std::string_view key, std::string_view value);

/// All keys of `set_option`, in the order of the struct.
std::vector<std::string> option_keys();

/// "key=value" for each option that decides what is learned.
std::vector<std::string> option_lines(const TrainOptions& options);

/// The lines of `option_lines`: two runs with equal text, data and teacher are the same run, so
/// that a checkpoint of one may be resumed by the other.
std::string identity(const TrainOptions& options);

/// "batkit train --recipe NAME --key value ...": the command that repeats the run.
std::string command_line(const TrainOptions& options);

/// Checks ranges and combinations; the error names the key and the rule.
Status check(const TrainOptions& options);

}  // namespace bat::train
