// SPDX-License-Identifier: Apache-2.0
#include "models/train/task.hpp"

#include <algorithm>

#include "models/train/torch.hpp"

namespace bat::train {

Result<std::unique_ptr<Task>> load_task(const TrainOptions& options, const std::string& vocab) {
  switch (options.task_kind()) {
    case TaskFamily::kImages:
    case TaskFamily::kRows:
      return load_image_task(options);
    case TaskFamily::kText:
      return load_text_task(options, vocab);
    case TaskFamily::kCorpus:
      break;
  }
  return load_corpus_task(options, vocab);
}

NetworkSpec spec_of(const TrainOptions& o, const Task& task) {
  const bmt::Model& m = task.header();
  NetworkSpec spec;
  spec.shape = o.shape();
  spec.input = m.input;
  spec.rows = m.max_tokens;
  spec.features = m.features.count;
  spec.vocab = m.vocab_size;
  spec.segments = m.segments;
  spec.classes = m.classes;
  spec.regression = m.task_kind == bmt::TaskKind::kRegression;
  spec.pooler = o.pooler;
  spec.gelu = o.act_bits == 0 && o.activation == "gelu";
  spec.word_head = o.task_kind() == TaskFamily::kCorpus;
  spec.act_bits = o.act_bits;
  spec.attention = o.attention_kind();
  spec.weights = o.act_bits == 0 ? WeightKind::kBinary : o.weight_kind();
  if (o.prunes()) spec.cut = {o.prune_block, o.prune_columns};
  spec.fine = o.prune_fine > 0.0;
  if (o.act_bits > 0 && o.ffn_weights != "same") spec.ffn_weights = weight_kind(o.ffn_weights);
  return spec;
}

namespace {

Input features_of(std::span<const bmt::Sample> samples) {
  std::vector<float> all;
  for (const bmt::Sample& s : samples) all.insert(all.end(), s.features.begin(), s.features.end());
  Input input;
  input.features = torch::tensor(all).view({static_cast<std::int64_t>(samples.size()),
                                            samples[0].tokens() - 1, samples[0].feature_count});
  return input;
}

Input tokens_of(const NetworkSpec& spec, std::span<const bmt::Sample> samples) {
  std::int64_t n = 1;
  for (const bmt::Sample& s : samples) n = std::max<std::int64_t>(n, s.tokens());
  const auto count = static_cast<std::int64_t>(samples.size());
  Input input;
  input.ids = torch::zeros({count, n}, torch::kInt64);
  input.mask = torch::zeros({count, n}, torch::kBool);
  const torch::Tensor segment = torch::zeros({count, n, 1});
  for (std::int64_t i = 0; i < count; ++i) {
    const bmt::Sample& s = samples[static_cast<std::size_t>(i)];
    std::copy(s.ids.begin(), s.ids.end(), input.ids[i].data_ptr<std::int64_t>());
    std::fill_n(input.mask[i].data_ptr<bool>(), s.tokens(), true);
    std::copy(s.segments.begin(), s.segments.end(), segment[i].data_ptr<float>());
  }
  if (spec.segments == 2) input.segment = segment;
  return input;
}

}  // namespace

Input input_of(const NetworkSpec& spec, std::span<const bmt::Sample> samples) {
  return spec.tokens() ? tokens_of(spec, samples) : features_of(samples);
}

}  // namespace bat::train
