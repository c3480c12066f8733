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

// Settings that recipes share. Text students see unlabelled text beside their task (option extra)
// and keep the epoch that was best on the development set.
#define MINI "attention=softmax layers=6 hidden=384 heads=12 ffn=1536 holdout=0 "
#define TINY "attention=softmax hidden=256 head_dim=64 ffn=1024 holdout=0 "
#define NANO "attention=softmax layers=2 hidden=128 act_bits=1 holdout=0 "
#define BASE "attention=softmax layers=12 hidden=768 heads=12 head_dim=64 ffn=3072 holdout=0 "
#define MINI_TEACHER                                                                      \
  "act_bits=0 activation=gelu dropout=0.1 batch=32 learning_rate=5e-5 weight_decay=0.01 " \
  "pick=best "
#define SST2 "task=sst2 max_tokens=64 batch=128 pick=integer "
#define MRPC "task=mrpc max_tokens=96 batch=64 pick=integer "
#define RTE "task=rte max_tokens=128 batch=64 pick=integer "
#define COLA "task=cola max_tokens=48 batch=64 pick=integer "
#define STSB "task=stsb max_tokens=64 batch=64 pick=integer "
#define COPIES "copies=20 extra_part=0.8 "
#define CLINC "task=clinc150 max_tokens=32 batch=128 "
#define IMDB "task=imdb max_tokens=128 batch=128 "
#define SMALL_A4 COPIES "act_bits=4 hidden_weight=1 epochs=12 learning_rate=4e-4"
#define SMALL_A1 COPIES "act_bits=1 hidden_weight=0.5 epochs=15 learning_rate=5e-4"
#define TINY_A1 COPIES "act_bits=1 epochs=15 learning_rate=7e-4"
#define NANO_A1 COPIES "epochs=15 learning_rate=2e-3"

/// Fashion-MNIST: patches of 4 x 4, a float teacher of 4 layers and hidden size 128 (the tiny ones:
/// 256) whose weights the student starts from where the shapes agree. Chosen on 5,000 training
/// images set aside. Text recipes name no files: data, start, teacher, vocab, corpus and extra are
/// given beside them.
constexpr std::array kRecipes = {
    // A first model in minutes on two CPU cores; its figures stand in docs/training.md.
    Recipe{"fashion-quick",
           "layers=2 hidden=64 heads=2 ffn=256 epochs=12 batch=100 learning_rate=4e-3 "
           "hard_weight=1 soft_weight=0 init_from_teacher=false holdout=0 train_limit=6000"},
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
           "hidden=256 head_dim=64 ffn=1024 act_bits=4 attention=softmax epochs=60 mix=0.4 "
           "learning_rate=1e-3 teacher_hidden=256 teacher_head_dim=64 teacher_ffn=1024"},
    Recipe{"fashion-tiny-teacher",
           "hidden=256 head_dim=64 ffn=1024 act_bits=0 attention=softmax epochs=60 mix=0.4 "
           "dropout=0.1 learning_rate=1e-3 weight_decay=0.05"},
    // Rows and digits: data beside them.
    Recipe{"mnist-nano", "task=mnist flip=false layers=2 epochs=40 learning_rate=4e-3"},
    Recipe{"mnist-tiny",
           "task=mnist flip=false hidden=256 head_dim=64 ffn=1024 attention=softmax epochs=25 "
           "learning_rate=2e-3 teacher_hidden=256 teacher_head_dim=64 teacher_ffn=1024 "
           "teacher_epochs=15"},
    Recipe{"spoken-digits-nano",
           "task=spoken-digits flip=false layers=2 batch=64 holdout=0 epochs=150 "
           "learning_rate=3e-3 teacher_epochs=60"},
    Recipe{"spoken-digits-tiny",
           "task=spoken-digits flip=false hidden=256 head_dim=64 ffn=1024 attention=softmax "
           "batch=64 holdout=0 epochs=120 learning_rate=1e-3 teacher_hidden=256 "
           "teacher_head_dim=64 teacher_ffn=1024 teacher_epochs=60"},
    // Text, in this order: words (start: a folder with MiniLM; corpus: reviews), teachers (start:
    // words or MiniLM), 4 bits (teacher: the teacher), 1 bit (the same; start: 4 bits).
    Recipe{"mini-words",
           MINI "task=mlm max_tokens=128 act_bits=0 activation=gelu batch=128 epochs=2 "
                "learning_rate=2e-4 weight_decay=0.01"},
    Recipe{"tiny-words",
           TINY "task=mlm max_tokens=128 act_bits=0 batch=256 epochs=7 learning_rate=1e-3 "
                "weight_decay=0.01"},
    Recipe{"sst2-mini-teacher", MINI SST2 MINI_TEACHER "epochs=4 batch=64"},
    Recipe{"sst2-mini-w1a4", MINI SST2 "act_bits=4 hidden_weight=1 epochs=10 learning_rate=4e-4"},
    Recipe{"sst2-mini", MINI SST2 "act_bits=1 hidden_weight=0.5 epochs=16 learning_rate=5e-4"},
    Recipe{"sst2-tiny-teacher",
           TINY SST2 "act_bits=0 pick=best epochs=4 learning_rate=3e-4 weight_decay=0.01"},
    Recipe{"sst2-tiny-w1a4", TINY SST2 "act_bits=4 hidden_weight=1 epochs=10 learning_rate=5e-4"},
    Recipe{"sst2-tiny", TINY SST2 "act_bits=1 hidden_weight=0.3 epochs=18 learning_rate=7e-4"},
    Recipe{"sst2-nano", NANO SST2 "epochs=20 learning_rate=2e-3"},
    // BERT-base shape: the teacher grows from the one of 6 layers (start), then 4 bits, then 1 bit.
    Recipe{"sst2-base-teacher",
           BASE SST2 "act_bits=0 activation=gelu dropout=0.1 grow=true vocab_pieces=5000 epochs=2 "
                     "batch=64 learning_rate=4e-5 warmup=0.1 weight_decay=0.01 pick=best"},
    Recipe{"sst2-base-w1a4", BASE SST2 "act_bits=4 hidden_weight=1 epochs=5 learning_rate=2e-4"},
    Recipe{"sst2-base", BASE SST2 "act_bits=1 hidden_weight=0.5 epochs=8 learning_rate=3e-4"},
    Recipe{"mrpc-mini-teacher", MINI MRPC MINI_TEACHER "vocab_pieces=5000 epochs=8"},
    Recipe{"mrpc-mini-w1a4", MINI MRPC SMALL_A4},
    Recipe{"mrpc-mini", MINI MRPC SMALL_A1},
    Recipe{"mrpc-tiny", TINY MRPC TINY_A1},
    Recipe{"mrpc-nano", NANO MRPC NANO_A1},
    Recipe{"rte-mini-teacher", MINI RTE MINI_TEACHER "vocab_pieces=5000 epochs=10"},
    Recipe{"rte-mini-w1a4", MINI RTE SMALL_A4},
    Recipe{"rte-mini", MINI RTE SMALL_A1},
    Recipe{"rte-tiny", TINY RTE TINY_A1},
    Recipe{"rte-nano", NANO RTE NANO_A1},
    Recipe{"cola-mini-teacher", MINI COLA MINI_TEACHER "vocab_pieces=4000 epochs=10"},
    Recipe{"cola-mini-w1a4", MINI COLA SMALL_A4},
    Recipe{"cola-mini", MINI COLA SMALL_A1},
    Recipe{"cola-tiny", TINY COLA TINY_A1},
    Recipe{"cola-nano", NANO COLA NANO_A1},
    Recipe{"stsb-mini-teacher", MINI STSB MINI_TEACHER "vocab_pieces=5000 epochs=10"},
    Recipe{"stsb-mini-w1a4", MINI STSB SMALL_A4},
    Recipe{"stsb-mini", MINI STSB SMALL_A1},
    Recipe{"stsb-tiny", TINY STSB TINY_A1},
    Recipe{"stsb-nano", NANO STSB NANO_A1},
    Recipe{"clinc150-mini-teacher",
           MINI CLINC "act_bits=0 activation=gelu dropout=0.1 vocab_pieces=4000 epochs=12 "
                      "learning_rate=2e-4 weight_decay=0.01"},
    Recipe{"clinc150-tiny-w1a4", TINY CLINC COPIES "act_bits=4 epochs=25 learning_rate=1e-3"},
    Recipe{"clinc150-tiny", TINY CLINC COPIES "act_bits=1 epochs=30 learning_rate=1e-3"},
    Recipe{"clinc150-nano", NANO CLINC COPIES "epochs=60 learning_rate=3e-3"},
    Recipe{"imdb-mini-teacher",
           MINI IMDB MINI_TEACHER "vocab_pieces=8000 epochs=2 batch=64 pick=last"},
    Recipe{"imdb-tiny-w1a4", TINY IMDB "act_bits=4 epochs=6 learning_rate=5e-4"},
    Recipe{"imdb-tiny", TINY IMDB "act_bits=1 epochs=8 learning_rate=7e-4"},
    Recipe{"imdb-nano", NANO IMDB "epochs=10 learning_rate=2e-3"},
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
