// SPDX-License-Identifier: Apache-2.0
// Named recipes: the settings that made the models of models/zoo.
#include <fmt/format.h>

#include <array>
#include <sstream>

#include "models/train/options.hpp"

namespace bat::train {
namespace {

struct Recipe {
  const char* name;
  const char* settings;  ///< "key=value ..."
};

/// Fashion-MNIST: patches of 4 x 4, a float teacher of 4 layers and hidden size 128 (the tiny ones:
/// 256) whose weights the student starts from where the shapes agree. Chosen on 5,000 training
/// images set aside. Text recipes name no files: data, start, teacher, vocab and corpus are given
/// beside them.
constexpr std::array kRecipes = {
    Recipe{"fashion-nano", "layers=2 epochs=80 learning_rate=4e-3"},
    Recipe{"fashion-nano-softmax", "layers=2 attention=softmax epochs=80 learning_rate=4e-3"},
    Recipe{"fashion-nano-w1a4",
           "layers=2 act_bits=4 attention=softmax epochs=40 learning_rate=2e-3"},
    Recipe{"fashion-micro", "layers=2 hidden=64 heads=2 ffn=256 epochs=140 learning_rate=4e-3"},
    Recipe{"fashion-mini", "layers=2 hidden=96 heads=3 ffn=384 epochs=110 learning_rate=4e-3"},
    Recipe{"fashion-small", "epochs=80 learning_rate=2e-3"},
    Recipe{"fashion-small-softmax", "attention=softmax epochs=80 learning_rate=3e-3"},
    Recipe{"fashion-small-w1a4", "act_bits=4 attention=softmax epochs=40 learning_rate=2e-3"},
    Recipe{"fashion-tiny",
           "hidden=256 head_dim=64 ffn=1024 attention=softmax epochs=45 learning_rate=2e-3 "
           "teacher_hidden=256 teacher_head_dim=64 teacher_ffn=1024"},
    Recipe{"fashion-tiny-w1a4",
           "hidden=256 head_dim=64 ffn=1024 act_bits=4 attention=softmax epochs=30 "
           "learning_rate=1e-3 teacher_hidden=256 teacher_head_dim=64 teacher_ffn=1024"},
    // SST-2, in this order: teacher (start: a folder with MiniLM), 4 bits (teacher: that), 1 bit
    // (teacher and start: those two).
    Recipe{"sst2-mini-teacher",
           "task=sst2 max_tokens=64 holdout=0 batch=128 attention=softmax layers=6 hidden=384 "
           "heads=12 ffn=1536 act_bits=0 activation=gelu vocab_pieces=10000 epochs=4 "
           "learning_rate=8e-5 weight_decay=0.01"},
    Recipe{"sst2-mini-w1a4",
           "task=sst2 max_tokens=64 holdout=0 batch=128 attention=softmax layers=6 hidden=384 "
           "heads=12 ffn=1536 act_bits=4 hidden_weight=1 epochs=10 learning_rate=4e-4"},
    Recipe{"sst2-mini",
           "task=sst2 max_tokens=64 holdout=0 batch=128 attention=softmax layers=6 hidden=384 "
           "heads=12 ffn=1536 act_bits=1 hidden_weight=1 epochs=20 learning_rate=5e-4"},
    // Words (corpus; vocab: sst2-mini-teacher), teacher (start: words, teacher: sst2-mini-teacher),
    // then the models (teacher: that).
    Recipe{"tiny-words",
           "task=mlm max_tokens=64 holdout=0 batch=512 attention=softmax hidden=256 head_dim=64 "
           "ffn=1024 act_bits=0 epochs=10 learning_rate=1e-3 hard_weight=0.5 weight_decay=0.01"},
    Recipe{"sst2-tiny-teacher",
           "task=sst2 max_tokens=64 holdout=0 batch=128 attention=softmax hidden=256 head_dim=64 "
           "ffn=1024 act_bits=0 epochs=4 learning_rate=2e-4 weight_decay=0.01"},
    Recipe{"sst2-tiny-w1a4",
           "task=sst2 max_tokens=64 holdout=0 batch=128 attention=softmax hidden=256 head_dim=64 "
           "ffn=1024 act_bits=4 hidden_weight=1 epochs=8 learning_rate=5e-4"},
    Recipe{"sst2-tiny",
           "task=sst2 max_tokens=64 holdout=0 batch=128 attention=softmax hidden=256 head_dim=64 "
           "ffn=1024 act_bits=1 hidden_weight=1 epochs=14 learning_rate=7e-4"},
};

}  // namespace

std::vector<std::string> recipe_names() {
  std::vector<std::string> names;
  for (const Recipe& each : kRecipes) names.emplace_back(each.name);
  return names;
}

Result<TrainOptions> recipe(std::string_view name) {
  std::string known;
  for (const Recipe& each : kRecipes) {
    known += (known.empty() ? "" : ", ") + std::string(each.name);
    if (name != each.name) continue;
    TrainOptions options;
    options.name = std::string(name);
    options.recipe = std::string(name);
    std::istringstream settings(each.settings);
    for (std::string setting; settings >> setting;) {
      const std::size_t equals = setting.find('=');
      const Status set = set_option(options, setting.substr(0, equals), setting.substr(equals + 1));
      if (!set) return set.error();
    }
    return options;
  }
  return Error{fmt::format("no recipe '{}'; there are {}", name, known)};
}

}  // namespace bat::train
